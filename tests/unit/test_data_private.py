"""The private grading set: secret, reproducible, whole, and good enough to grade with."""

import json
import shutil
import stat

import numpy as np
import pytest

from autograder.data import (
    GradingData,
    ensure_grading_data,
    grading_folder,
    make_grading_data,
    read_manifest,
    secret_seed,
    verify_movielens,
)
from autograder.data.private import MAX_DRAWS, draw_ids, is_wide_enough
from autograder.errors import DataError

SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    folders = {}
    for seed in SEEDS:
        folders[seed] = tmp_path_factory.mktemp("grading") / "data"
        make_grading_data(folders[seed], seed)
    return folders


@pytest.fixture(scope="module", params=SEEDS)
def folder(request, sets):
    return sets[request.param]


def measured(sd):
    return {"mf": {"mean": 0.91, "sd": 0.002, "threshold": 0.92, "margin_sd": sd}}


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_visible_part_is_a_sound_data_folder_of_about_the_usual_size(folder):
    found = verify_movielens(folder / "visible")
    assert found.num_users == pytest.approx(943, rel=0.05)
    assert found.num_items == pytest.approx(1682, rel=0.05)
    assert found.num_ratings == pytest.approx(100_000, rel=0.05)
    sizes = (found.num_users, found.num_items, found.num_ratings)
    assert sizes != (943, 1682, 100_000)


def test_five_percent_are_withheld_of_users_and_movies_that_stay_visible(folder):
    data = GradingData.load(folder)
    total = len(data.ratings) + len(data.holdout)
    assert len(data.holdout) == round(0.05 * total)
    assert set(data.holdout["userId"]) <= set(data.user_ids)
    assert set(data.movies["movieId"]) == set(data.movie_ids)


def test_ids_have_gaps_and_the_first_eight_users_are_no_first_movies(folder):
    data = GradingData.load(folder)
    for ids in (data.user_ids, data.movie_ids):
        assert (ids != np.arange(1, len(ids) + 1)).all()
        assert ids[-1] - ids[0] > len(ids)
    assert not set(data.user_ids[:8]) & set(data.movie_ids[:8])


def test_the_block_of_the_first_eight_is_left_whole(folder):
    data = GradingData.load(folder)
    first = data.ratings["userId"].isin(data.user_ids[:8])
    first &= data.ratings["movieId"].isin(data.movie_ids[:8])
    assert 14 <= first.sum() <= 30
    assert data.ratings.loc[first, "movieId"].nunique() == 8


def test_nothing_visible_says_that_the_set_is_synthetic_or_where_it_comes_from(folder):
    visible = folder / "visible"
    assert sorted(path.name for path in visible.iterdir()) == ["u.data", "u.info", "u.item"]
    text = b"".join(contents(visible).values()).lower()
    for word in (b"synth", b"invalid", b"stand-in", b"made", b"seed", b"example", b"private"):
        assert word not in text


@pytest.mark.parametrize("seed", range(40))
def test_ids_never_equal_their_index_plus_one_nor_do_the_first_eight_overlap(seed):
    users, movies = draw_ids(np.random.default_rng(seed), 50, 60)
    assert (np.diff(users) > 0).all() and (np.diff(movies) > 0).all()
    assert (users > np.arange(1, 51)).all() and (movies > np.arange(1, 61)).all()
    assert not set(users[:8]) & set(movies[:8])


def test_the_same_seed_makes_the_same_files_and_another_makes_others(sets, tmp_path):
    make_grading_data(tmp_path / "again", SEEDS[0])
    assert contents(tmp_path / "again") == contents(sets[SEEDS[0]])
    first, second = (read_manifest(sets[seed]) for seed in SEEDS[:2])
    assert first.sizes != second.sizes and first.md5 != second.md5


def test_the_secret_seed_is_made_once_and_is_the_instructors_alone(tmp_path):
    seed = secret_seed(tmp_path)
    path = tmp_path / ".grading" / "seed"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["seed"]
    assert secret_seed(tmp_path) == seed != secret_seed(tmp_path / "another")
    assert 0 <= seed < 2**128


def test_a_seed_file_with_wide_permissions_is_closed_again(tmp_path):
    seed = secret_seed(tmp_path)
    (tmp_path / ".grading").chmod(0o755)
    (tmp_path / ".grading" / "seed").chmod(0o644)
    assert secret_seed(tmp_path) == seed
    assert stat.S_IMODE((tmp_path / ".grading" / "seed").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / ".grading").stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["", "abc\n", "x" * 32])
def test_a_damaged_seed_is_never_replaced_silently(tmp_path, text):
    secret_seed(tmp_path)
    (tmp_path / ".grading" / "seed").write_text(text)
    with pytest.raises(DataError, match="32 hex digits"):
        secret_seed(tmp_path)


def test_the_seed_is_nowhere_in_the_grading_folder(tmp_path):
    folder = ensure_grading_data(tmp_path)
    text = b"".join(contents(folder).values())
    seed = secret_seed(tmp_path)
    assert f"{seed:032x}".encode() not in text and str(seed).encode() not in text


def test_a_complete_set_is_used_again(tmp_path):
    folder = ensure_grading_data(tmp_path)
    assert folder == grading_folder(tmp_path)
    before = (folder / "manifest.json").stat().st_mtime_ns
    ensure_grading_data(tmp_path)
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_half_made_set_is_made_again(tmp_path):
    folder = ensure_grading_data(tmp_path)
    before = contents(folder)
    (folder / "manifest.json").unlink()
    (folder / "holdout.data").write_text("")
    ensure_grading_data(tmp_path)
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["holdout.data", "visible/u.data", "visible/u.item"])
def test_a_set_that_was_changed_is_not_graded_with_until_it_is_made_again(tmp_path, name):
    folder = ensure_grading_data(tmp_path)
    before = contents(folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(DataError, match="changed after it was made"):
        ensure_grading_data(tmp_path)
    ensure_grading_data(tmp_path, force=True)
    assert contents(folder) == before


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"source": "synthetic", "other": 1}'])
def test_a_damaged_manifest_is_one_sentence(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match="cannot be read"):
        read_manifest(tmp_path)


def test_a_manifest_of_another_format_is_refused(sets, tmp_path):
    facts = json.loads((sets[SEEDS[0]] / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**facts, "format": 99}))
    with pytest.raises(DataError, match="format 99"):
        read_manifest(tmp_path)


def test_the_reference_is_measured_on_the_set_that_is_kept(tmp_path):
    seen = []

    def measure(course, data, visible):
        seen.append((course, len(data.holdout), verify_movielens(visible).num_ratings))
        return measured(5.0)

    folder = ensure_grading_data(tmp_path, measure)
    manifest = read_manifest(folder)
    assert seen == [(tmp_path, manifest.sizes["holdout"], manifest.sizes["ratings"])]
    assert manifest.margins == measured(5.0) and manifest.draws == 1


def test_a_set_that_was_never_measured_is_measured_later_and_then_kept(tmp_path):
    folder = ensure_grading_data(tmp_path)
    before = read_manifest(folder).md5
    ensure_grading_data(tmp_path, lambda *_: measured(5.0))
    assert read_manifest(folder).margins == measured(5.0)
    assert read_manifest(folder).md5 == before
    ensure_grading_data(tmp_path, lambda *_: pytest.fail("measured twice"))


def test_a_set_with_a_narrow_margin_is_drawn_again(tmp_path):
    answers = iter([3.9, float("nan"), 4.0])
    holdouts = []

    def measure(data, visible):
        holdouts.append(len(data.holdout))
        return measured(next(answers))

    manifest = make_grading_data(tmp_path / "data", 5, measure)
    assert manifest.draws == 3 and len(set(holdouts)) == 3
    assert manifest.sizes["holdout"] == holdouts[-1]
    assert len(GradingData.load(tmp_path / "data").holdout) == holdouts[-1]


def test_every_threshold_must_be_wide_enough():
    assert is_wide_enough({"mf": {"margin_sd": 9.0}, "vae": {"margin_sd": 4.0}})
    assert not is_wide_enough({"mf": {"margin_sd": 9.0}, "vae": {"margin_sd": 3.0}})


def test_after_twenty_narrow_draws_there_is_no_set(tmp_path, monkeypatch):
    monkeypatch.setattr("autograder.data.private.synthesise", small_synthesise)
    draws = []

    def measure(data, visible):
        draws.append(1)
        return measured(1.0)

    with pytest.raises(DataError, match=r"20 data sets.*mf 1\.0"):
        make_grading_data(tmp_path / "data", 5, measure)
    assert len(draws) == MAX_DRAWS
    assert list(tmp_path.iterdir()) == []


def small_synthesise(seed, num_users, num_items, num_ratings):
    from autograder.data.synthetic import synthesise

    return synthesise(seed, num_users, num_items, 22 * num_users)


def test_a_measurement_that_fails_leaves_nothing(tmp_path):
    def measure(data, visible):
        raise RuntimeError("the reference stopped")

    with pytest.raises(RuntimeError):
        make_grading_data(tmp_path / "data", 5, measure)
    assert list(tmp_path.iterdir()) == []


def test_a_course_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="Cannot keep the secret seed"):
        ensure_grading_data(tmp_path / "file")
    with pytest.raises(DataError, match="Cannot write the folder"):
        make_grading_data(tmp_path / "file" / "data", 5)


# --- The challenge's set -----------------------------------------------------------------------------


def test_the_challenge_has_a_second_set_of_the_same_shape_from_another_seed(folder):
    data = GradingData.load(folder)
    second = data.challenge
    assert second.shape == data.shape
    assert len(second.ratings) == pytest.approx(len(data.ratings), rel=0.001)
    assert len(second.holdout) == pytest.approx(len(data.holdout), rel=0.001)
    first_ratings = set(data.ratings[["userId", "movieId", "timestamp"]].itertuples(index=False))
    second_ratings = second.holdout[["userId", "movieId", "timestamp"]].itertuples(index=False)
    assert first_ratings.isdisjoint(second_ratings)
    assert 0.9 < second.baseline_rmse < 0.99 and second.baseline_rmse != data.baseline_rmse


def test_a_course_of_an_earlier_version_gets_the_challenges_set_and_nothing_else_is_drawn(tmp_path):
    folder = ensure_grading_data(tmp_path, lambda *_: measured(5.0))
    whole = contents(folder)
    shutil.rmtree(folder / "challenge")
    (folder / "visible" / "u.item").touch()
    before = contents(folder)
    starts = []

    def start(course, data):
        starts.append((course, data.shape))
        return 0.905

    ensure_grading_data(tmp_path, lambda *_: pytest.fail("measured twice"), measure_start=start)
    after = contents(folder)
    assert starts == [(tmp_path, GradingData.load(folder).shape)]
    assert {name: after[name] for name in before} == before
    changed = {name for name in whole if after[name] != whole[name]}
    assert after.keys() == whole.keys() and changed == {"challenge/manifest.json"}
    assert GradingData.load(folder).challenge.start_rmse == 0.905
    ensure_grading_data(tmp_path, measure_start=lambda *_: pytest.fail("measured twice"))


def test_a_challenge_of_a_changed_file_or_another_shape_is_not_graded_with(tmp_path, sets):
    folder = ensure_grading_data(tmp_path)
    (folder / "challenge" / "holdout.data").write_text("1\t1\t5\t0\n")
    with pytest.raises(DataError, match=r"challenge/holdout\.data is missing or was changed"):
        ensure_grading_data(tmp_path)
    shutil.rmtree(folder / "challenge")
    shutil.copytree(sets[SEEDS[0]] / "challenge", folder / "challenge")
    with pytest.raises(DataError, match="has not the shape"):
        GradingData.load(folder)


def test_ratings_of_a_movielens_folder_can_be_withheld_instead(sets, tmp_path):
    source = sets[SEEDS[0]] / "visible"
    folder = ensure_grading_data(tmp_path, source="movielens", movielens_dir=source)
    data, whole = GradingData.load(folder), verify_movielens(source)
    assert len(data.ratings) + len(data.holdout) == whole.num_ratings
    assert (folder / "visible" / "u.item").read_bytes() == (source / "u.item").read_bytes()
    assert read_manifest(folder).source == "movielens"
    assert data.challenge.shape == data.shape
    assert read_manifest(folder / "challenge").source == "synthetic"
    with pytest.raises(DataError, match="was made from movielens"):
        ensure_grading_data(tmp_path)


def test_an_unknown_source_is_refused(tmp_path):
    with pytest.raises(DataError, match="synthetic or movielens"):
        make_grading_data(tmp_path / "data", 5, source="netflix")


@pytest.mark.real
def test_real_ratings_can_be_withheld_for_teaching(real_dir, tmp_path):
    manifest = make_grading_data(tmp_path / "data", 5, source="movielens", movielens_dir=real_dir)
    assert manifest.sizes == {"users": 943, "items": 1682, "ratings": 95_000, "holdout": 5_000}
