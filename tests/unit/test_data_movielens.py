"""Finding, verifying and reading a data folder."""

import shutil

import pytest

from autograder.data import (
    find_movielens,
    is_real,
    read_movies,
    read_ratings,
    search_movielens,
    verify_movielens,
)
from autograder.errors import DataError

RATINGS = "7\t3\t4\t881250949\n9\t3\t1\t881250950\n7\t5\t5\t881250951\n"
MOVIES = "3|Protégé (1990)|01-Jan-1990||http://example.invalid/|1\n5|Road (1991)|||x|0\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "u.data").write_text(RATINGS)
    (tmp_path / "u.item").write_text(MOVIES, encoding="latin-1")
    return tmp_path


def test_ratings_are_read_in_file_order_with_ratings_as_floats(folder):
    ratings = read_ratings(folder)
    assert list(ratings.columns) == ["userId", "movieId", "rating", "timestamp"]
    assert ratings["userId"].tolist() == [7, 9, 7]
    assert [str(dtype) for dtype in ratings.dtypes] == ["int64", "int64", "float64", "int64"]


def test_titles_are_read_as_latin_1(folder):
    assert read_movies(folder).to_dict("list") == {
        "movieId": [3, 5],
        "title": ["Protégé (1990)", "Road (1991)"],
    }


def test_a_sound_folder_that_is_not_movielens_is_counted_and_not_called_real(folder):
    found = verify_movielens(folder)
    assert (found.num_users, found.num_items, found.num_ratings) == (2, 2, 3)
    assert not found.is_real and not is_real(folder)
    assert str(folder) in str(found)


def test_windows_line_ends_are_read_as_well(folder):
    (folder / "u.data").write_bytes(RATINGS.replace("\n", "\r\n").encode())
    (folder / "u.item").write_bytes(MOVIES.replace("\n", "\r\n").encode("latin-1"))
    assert verify_movielens(folder).num_ratings == 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        (RATINGS[:-5], "breaks off"),
        ("7\t3\t4\n", "3 tab-separated columns"),
        ("7 3 4 881250949\n", "1 tab-separated columns"),
        ("7\t3\t4\t1\n7\t3\t4\t1\t2\n", "not a table"),
        (RATINGS + "7\t6\n", "Row 4"),
        (RATINGS + "7\tx\t3\t1\n", "Row 4"),
        (RATINGS + "7\t6\t3.5\t1\n", "Row 4"),
        (RATINGS + "7\t99999999999999999999\t3\t1\n", "four whole numbers"),
        (RATINGS + "9\t5\t6\t1\n", "outside 1..5"),
        (RATINGS + "9\t5\t0\t1\n", "outside 1..5"),
        (RATINGS + "0\t5\t1\t1\n", "below 1"),
        (RATINGS + "9\t5\t1\t-1\n", "negative timestamp"),
        (RATINGS + "9\t6\t1\t1\n", "rates movie 6"),
        (RATINGS + "7\t3\t1\t1\n", "user 7 rating movie 3 twice"),
    ],
)
def test_damaged_ratings_are_refused_with_the_reason(folder, content, complaint):
    (folder / "u.data").write_text(content)
    with pytest.raises(DataError, match=complaint):
        verify_movielens(folder)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is empty"),
        (MOVIES[:-3], "breaks off"),
        (MOVIES + "6\n", "Line 3"),
        (MOVIES + "six|Title|||x|0\n", "Line 3"),
        (MOVIES + "6|Title\n", "Line 3"),
        (MOVIES + "3|Title|||x|0\n", "lists movie 3 twice"),
    ],
)
def test_a_damaged_list_of_movies_is_refused_with_the_reason(folder, content, complaint):
    (folder / "u.item").write_text(content, encoding="latin-1")
    with pytest.raises(DataError, match=complaint):
        verify_movielens(folder)


def test_a_file_cut_off_between_two_lines_is_noticed_by_the_counts_of_u_info(folder):
    (folder / "u.info").write_text("2 users\n2 items\n4 ratings\n")
    with pytest.raises(DataError, match="3 ratings where its u.info says 4"):
        verify_movielens(folder)


@pytest.mark.parametrize("name", ["u.data", "u.item"])
def test_a_missing_file_is_named_with_its_folder(folder, name):
    (folder / name).unlink()
    with pytest.raises(DataError, match=f"no {name} in {folder}"):
        verify_movielens(folder)


def test_a_folder_in_place_of_a_file_is_one_sentence(folder):
    (folder / "u.data").unlink()
    (folder / "u.data").mkdir()
    with pytest.raises(DataError, match="Cannot read"):
        read_ratings(folder)


def test_movielens_dir_comes_before_a_folder_nearby(folder, tmp_path):
    nearby = tmp_path / "course" / "data" / "ml-100k"
    shutil.copytree(folder, nearby, ignore=lambda *_: ["course"])
    found = find_movielens(tmp_path / "course", {"MOVIELENS_DIR": str(folder)})
    assert found == folder


def test_data_ml_100k_is_found_upwards_from_the_start(folder, tmp_path):
    start = tmp_path / "course" / "release" / "mf"
    start.mkdir(parents=True)
    (tmp_path / "course" / "data").mkdir()
    shutil.copytree(folder, tmp_path / "course" / "data" / "ml-100k", ignore=lambda *_: ["course"])
    assert find_movielens(start, {}) == tmp_path / "course" / "data" / "ml-100k"


def test_nothing_found_says_how_to_fetch_it(tmp_path):
    assert search_movielens(tmp_path, {"MOVIELENS_DIR": ""}) is None
    with pytest.raises(DataError, match="autograder data --download"):
        find_movielens(tmp_path, {})


def test_a_movielens_dir_without_u_data_is_an_error_even_if_data_is_nearby(tmp_path):
    with pytest.raises(DataError, match="MOVIELENS_DIR"):
        find_movielens(tmp_path, {"MOVIELENS_DIR": str(tmp_path)})


@pytest.mark.real
def test_the_real_set_is_known_by_its_md5_and_has_its_sizes(real_dir):
    found = verify_movielens(real_dir)
    assert found.is_real
    assert (found.num_users, found.num_items, found.num_ratings) == (943, 1682, 100_000)
    assert read_movies(real_dir)["title"].iloc[0] == "Toy Story (1995)"


@pytest.mark.real
def test_one_changed_byte_makes_the_real_set_another(real_dir, tmp_path):
    shutil.copy(real_dir / "u.item", tmp_path)
    content = (real_dir / "u.data").read_bytes()
    (tmp_path / "u.data").write_bytes(content.replace(b"881250949", b"881250948", 1))
    assert not verify_movielens(tmp_path).is_real


def test_a_tilde_of_nobody_is_a_sentence():
    with pytest.raises(DataError, match="There is no u.data in ~nosuch/x"):
        search_movielens(environ={"MOVIELENS_DIR": "~nosuch/x"})
