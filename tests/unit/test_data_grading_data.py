"""What checks derive from a grading set."""

import numpy as np
import pandas as pd
import pytest

from autograder.data import (
    GradingData,
    bias_baseline,
    make_grading_data,
    read_movies,
    read_ratings,
    rmse,
)
from autograder.errors import DataError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("grading") / "data"
    make_grading_data(target, seed=1)
    return target


@pytest.fixture(scope="module")
def data(folder):
    return GradingData.load(folder)


def test_ids_are_sorted_and_indices_are_their_places(data):
    for frame in (data.train, data.val, data.test, data.holdout_indexed):
        assert (data.user_ids[frame["user_idx"]] == frame["userId"]).all()
        assert (data.movie_ids[frame["item_idx"]] == frame["movieId"]).all()
    assert (np.diff(data.user_ids) > 0).all() and (np.diff(data.movie_ids) > 0).all()
    assert (data.num_users, data.num_items) == (len(data.user_ids), len(data.movie_ids))


def test_the_splits_are_eighty_ten_ten_of_the_visible_ratings(data):
    parts = [data.train, data.val, data.test]
    visible = len(data.ratings)
    assert [len(part) for part in parts] == pytest.approx(
        [0.8 * visible, 0.1 * visible, 0.1 * visible], abs=1
    )
    assert sorted(pd.concat(parts).index) == list(range(visible))


def test_the_baseline_knows_only_the_training_split(data):
    fitted = bias_baseline(data.train, num_users=data.num_users, num_items=data.num_items)
    hidden = data.holdout_indexed
    predicted = fitted.predict(hidden["user_idx"], hidden["item_idx"])
    assert data.baseline_rmse == rmse(predicted, hidden["rating"])
    assert 0.9 < data.baseline_rmse < 0.99


def test_a_holdout_of_another_set_is_refused(folder, tmp_path):
    make_grading_data(tmp_path / "data", seed=2)
    (tmp_path / "data" / "holdout.data").write_bytes((folder / "holdout.data").read_bytes())
    with pytest.raises(DataError, match="does not belong"):
        GradingData.load(tmp_path / "data")


def test_a_visible_rating_in_the_holdout_is_refused(folder, tmp_path):
    make_grading_data(tmp_path / "data", seed=1)
    line = (folder / "visible" / "u.data").read_text().splitlines(keepends=True)[0]
    (tmp_path / "data" / "holdout.data").write_text(line)
    with pytest.raises(DataError, match="does not belong"):
        GradingData.load(tmp_path / "data")


@pytest.mark.real
def test_bias_only_has_its_known_error_on_the_test_split_of_movielens(real_dir):
    ratings = read_ratings(real_dir)
    data = GradingData(ratings, read_movies(real_dir), ratings.iloc[:1])
    test = data.test
    assert [len(data.train), len(data.val), len(test)] == [80_000, 10_000, 10_000]
    predicted = data.baseline.predict(test["user_idx"], test["item_idx"])
    assert round(rmse(predicted, test["rating"]), 4) == 0.9366
