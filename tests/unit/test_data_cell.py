"""The lessons' data cell, as a student meets it: what it says when data are missing or damaged."""

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

import autograder.build
from autograder.data import find_movielens

CELL = (Path(autograder.build.__file__).parent / "data_cell.txt").read_text()


@pytest.fixture
def run_cell(tmp_path, monkeypatch):
    """Run the cell in an empty folder; `archive` is what a download gives, an exception what it raises."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOVIELENS_DIR", raising=False)

    def run(archive=None, trusted=True):
        archive = archive or OSError("no network")

        def urlopen(url, timeout):
            if isinstance(archive, Exception):
                raise archive
            return io.BytesIO(archive)

        monkeypatch.setattr("urllib.request.urlopen", urlopen)
        cell = CELL
        if trusted and isinstance(archive, bytes):
            cell = cell.replace(
                "0e33842e24a9c977be4e0107933c0723", hashlib.md5(archive).hexdigest()
            )
        namespace = {}
        exec(compile(cell, "<data cell>", "exec"), namespace)
        return namespace

    return run


def archive_of(ratings="1\t2\t3\t4\n"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("ml-100k/u.data", ratings)
        archive.writestr("ml-100k/u.item", "2|A film (1990)|\n")
    return held.getvalue()


def test_a_download_is_kept_and_found_again_without_another(run_cell):
    assert len(run_cell(archive_of())["ratings"]) == 1
    assert sorted(path.name for path in Path("data/ml-100k").iterdir()) == ["u.data", "u.item"]
    assert len(run_cell(OSError("no network"))["movies"]) == 1


def test_a_folder_without_ratings_is_completed(run_cell):
    Path("data/ml-100k").mkdir(parents=True)
    assert len(run_cell(archive_of())["ratings"]) == 1


def test_no_network_a_damaged_download_and_a_wrong_folder_are_told_in_a_sentence(
    run_cell, monkeypatch
):
    with pytest.raises(RuntimeError, match="Cannot fetch"):
        run_cell()
    with pytest.raises(AssertionError, match="damaged"):
        run_cell(archive_of(), trusted=False)
    monkeypatch.setenv("MOVIELENS_DIR", "nowhere")
    with pytest.raises(RuntimeError, match="MOVIELENS_DIR"):
        run_cell()
    assert not Path("data").exists()


def test_ratings_that_are_cut_short_are_not_trained_on(run_cell):
    with pytest.raises(AssertionError, match="cut short"):
        run_cell(archive_of("1\t2\t3\t4\n1\t3\n"))


def unpack(place):
    zipfile.ZipFile(io.BytesIO(archive_of())).extractall(place)


def test_the_advice_without_a_network_works_when_it_is_followed_to_the_letter(run_cell):
    with pytest.raises(RuntimeError) as problem:
        run_cell()
    unpack(str(problem.value).partition("unpack it in ")[2].removesuffix("."))
    assert len(run_cell()["ratings"]) == 1


@pytest.mark.parametrize("place", ["data", "data/ml-100k", "../data", "../data/ml-100k"])
def test_wherever_it_was_unpacked_it_is_found(run_cell, monkeypatch, place):
    Path("below").mkdir()
    monkeypatch.chdir("below")
    unpack(place)
    assert len(run_cell()["movies"]) == 1


@pytest.mark.parametrize("named", ["~/films/ml-100k", "~/films", "{home}/films"])
def test_a_named_folder_may_begin_with_a_tilde_or_hold_the_folder(
    run_cell, monkeypatch, tmp_path, named
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("MOVIELENS_DIR", named.format(home=tmp_path / "home"))
    unpack(tmp_path / "home" / "films")
    assert len(run_cell()["ratings"]) == 1
    assert find_movielens() == tmp_path / "home" / "films" / "ml-100k"


def test_ratings_without_titles_are_told_in_a_sentence(run_cell):
    unpack("data")
    Path("data/ml-100k/u.item").unlink()
    with pytest.raises(RuntimeError, match="no u.item in .*ml-100k: put it beside it"):
        run_cell()
