"""The synthetic stand-in: what holds on every seed, and what holds on average."""

import numpy as np
import pytest

from autograder.data import (
    bias_baseline,
    make_stand_in,
    read_movies,
    rmse,
    synthesise,
    verify_movielens,
    write_synthetic,
)
from autograder.errors import DataError

SEEDS = (101, 7, 2**127 + 5)
SMALL = {"num_users": 120, "num_items": 400, "num_ratings": 4000}


@pytest.fixture(scope="module")
def drawn():
    return {seed: synthesise(seed) for seed in SEEDS}


@pytest.fixture(scope="module", params=SEEDS)
def data(request, drawn):
    return drawn[request.param]


def block_of(data):
    in_block = (data.user_ids <= 8) & (data.movie_ids <= 8)
    block = np.zeros((8, 8), dtype=bool)
    block[data.user_ids[in_block] - 1, data.movie_ids[in_block] - 1] = True
    return block


def test_sizes_are_met_and_no_pair_is_rated_twice(data):
    assert len(data.stars) == 100_000
    assert set(data.user_ids) == set(range(1, 944))
    assert set(data.movie_ids) == set(range(1, 1683)) == set(data.movies.movie_ids)
    assert len(set(zip(data.user_ids, data.movie_ids, strict=True))) == 100_000


def test_the_histogram_of_stars_is_exact(data):
    assert np.bincount(data.stars).tolist() == [0, 6110, 11370, 27140, 34170, 21210]


def test_ratings_a_user_and_a_movie_have_long_tails(data):
    of_user, of_movie = np.bincount(data.user_ids)[1:], np.bincount(data.movie_ids)[1:]
    shares = [0, 0.25, 0.5, 0.75, 0.9]
    np.testing.assert_allclose(np.quantile(of_user, shares), [20, 33, 67, 142, 248], atol=2)
    np.testing.assert_allclose(np.quantile(of_movie, shares), [1, 6.5, 26, 80, 167], atol=7)
    assert 560 < of_user.max() < 720 and 440 < of_movie.max() < 560
    assert 110 < (of_movie == 1).sum() < 175


def test_the_first_block_looks_like_movielens(data):
    block = block_of(data)
    assert 14 <= block.sum() <= 30
    assert block[0].sum() >= 6
    assert 1 <= (~block.any(axis=1)).sum() <= 3
    assert block.any(axis=0).all()


def test_bias_only_beats_item_mean_beats_user_mean_beats_the_global_mean(data):
    shown, hidden = slice(0, 90_000), slice(90_000, None)
    users, items = data.user_ids - 1, data.movie_ids - 1
    table = np.column_stack([users, items, data.stars])[shown]

    def error(**regularisers):
        fitted = bias_baseline(table, **regularisers, num_users=943, num_items=1682)
        return rmse(fitted.predict(users[hidden], items[hidden]), data.stars[hidden])

    never = 1e12
    bias, item, user, nothing = (
        error(),
        error(reg_user=never, reg_item=0.01),
        error(reg_user=0.01, reg_item=never),
        error(reg_user=never, reg_item=never),
    )
    assert bias < item < user < nothing


def test_baselines_are_those_of_movielens_on_average(drawn):
    errors = []
    for data in drawn.values():
        users, items = data.user_ids - 1, data.movie_ids - 1
        table = np.column_stack([users, items, data.stars])
        fitted = bias_baseline(table[:80_000], num_users=943, num_items=1682)
        errors.append(rmse(fitted.predict(users[80_000:], items[80_000:]), data.stars[80_000:]))
    assert np.mean(errors) == pytest.approx(0.94, abs=0.015)


def test_timestamps_lie_in_the_time_of_movielens(data):
    assert data.timestamps.min() >= 874_724_710
    assert data.timestamps.max() <= 893_286_638


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(drawn, tmp_path):
    contents = []
    for name, data in [("a", drawn[101]), ("b", synthesise(101)), ("c", drawn[7])]:
        (tmp_path / name).mkdir()
        write_synthetic(tmp_path / name, data)
        contents.append([(tmp_path / name / f).read_bytes() for f in ("u.data", "u.item")])
    assert contents[0] == contents[1]
    assert contents[0][0] != contents[2][0] and contents[0][1] != contents[2][1]


def test_the_written_folder_is_sound_and_its_titles_need_latin_1(data, tmp_path):
    write_synthetic(tmp_path, data)
    assert verify_movielens(tmp_path).num_ratings == 100_000
    titles = read_movies(tmp_path)["title"]
    assert titles.is_unique and titles.str.fullmatch(r".+ \(\d{4}\)").all()
    assert titles.str.contains("é").sum() == 17
    with pytest.raises(UnicodeDecodeError):
        (tmp_path / "u.item").read_text(encoding="utf-8")


def test_each_movie_has_nineteen_flags_and_one_to_five_genres(data, tmp_path):
    write_synthetic(tmp_path, data)
    lines = (tmp_path / "u.item").read_text(encoding="latin-1").splitlines()
    assert {line.count("|") for line in lines} == {23}
    assert set(data.movies.genres.sum(axis=1)) <= {1, 2, 3, 4, 5}


def test_other_sizes_are_met_too():
    data = synthesise(3, **SMALL)
    assert len(data.stars) == 4000
    assert len(set(data.user_ids)) == 120 and len(set(data.movie_ids)) == 400
    assert np.bincount(data.user_ids)[1:].min() == 20


def test_popularity_is_kept_above_a_thousand_users():
    data = synthesise(3, num_users=1400, num_items=1000, num_ratings=70_000)
    of_movie = np.bincount(data.movie_ids)[1:]
    assert len(of_movie) == 1000 and of_movie.max() > 250


@pytest.mark.parametrize(
    "sizes",
    [
        {"num_users": 5},
        {"num_items": 10},
        {"num_ratings": 943 * 20},
        {"num_users": 300, "num_items": 100, "num_ratings": 20_000},
    ],
)
def test_sizes_that_cannot_be_met_are_refused(sizes):
    with pytest.raises(DataError, match="ask for"):
        synthesise(1, **sizes)


def test_a_stand_in_is_not_overwritten_unless_forced(tmp_path):
    target = tmp_path / "stand-in"
    first = make_stand_in(target, 1)
    with pytest.raises(DataError, match="--force"):
        make_stand_in(target, 2)
    before = (target / "u.data").read_bytes()
    assert make_stand_in(target, 2, force=True).num_ratings == first.num_ratings
    assert (target / "u.data").read_bytes() != before


def test_a_folder_with_other_files_is_never_replaced(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    for force in (False, True):
        with pytest.raises(DataError, match="something else"):
            make_stand_in(tmp_path, 1, force=force)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
