"""The bias-only model."""

import numpy as np
import pandas as pd
import pytest

from autograder.data import bias_baseline, rmse
from autograder.errors import DataError

FULL = np.array([[0, 0, 5], [0, 1, 3], [1, 0, 4], [1, 1, 2]])


def test_a_full_table_without_shrinkage_is_split_into_row_and_column_effects():
    fitted = bias_baseline(FULL, reg_user=0, reg_item=0)
    assert fitted.mu == 3.5
    np.testing.assert_allclose(fitted.b_u, [0.5, -0.5])
    np.testing.assert_allclose(fitted.b_i, [1.0, -1.0])


def test_the_fit_solves_its_normal_equations():
    rng = np.random.default_rng(0)
    cells = rng.choice(20 * 15, 120, replace=False)
    table = np.column_stack([cells // 15, cells % 15, rng.integers(1, 6, 120)])
    fitted = bias_baseline(table, num_iterations=200, num_users=20, num_items=15)
    design = np.zeros((120, 35))
    design[np.arange(120), table[:, 0]] = design[np.arange(120), 20 + table[:, 1]] = 1
    penalty = np.diag([15.0] * 20 + [10.0] * 15)
    target = table[:, 2] - table[:, 2].mean()
    solved = np.linalg.solve(design.T @ design + penalty, design.T @ target)
    np.testing.assert_allclose(np.concatenate([fitted.b_u, fitted.b_i]), solved, atol=1e-10)


def test_a_user_and_an_item_without_ratings_get_the_mean():
    fitted = bias_baseline(FULL, num_users=3, num_items=4)
    assert fitted.predict([2], [3]).tolist() == [3.5]


def test_predictions_are_clamped_to_the_scale():
    fitted = bias_baseline(np.array([[0, 0, 5], [1, 1, 5], [2, 2, 1]]), reg_user=0, reg_item=0)
    assert fitted.predict([0, 2], [1, 2]).max() <= 5


def test_a_frame_and_its_array_give_the_same_fit():
    frame = pd.DataFrame(FULL, columns=["user_idx", "item_idx", "rating"])
    np.testing.assert_array_equal(bias_baseline(frame).b_u, bias_baseline(FULL).b_u)


@pytest.mark.parametrize("stars", [0.5, 5.5, np.nan])
def test_stars_outside_the_scale_are_refused(stars):
    with pytest.raises(DataError, match="outside"):
        bias_baseline(np.array([[0, 0, stars]]))


def test_no_ratings_are_refused():
    with pytest.raises(DataError, match="no ratings"):
        bias_baseline(np.empty((0, 3)))


def test_rmse_is_the_root_of_the_mean_square():
    assert rmse([1, 2, 3], [1, 2, 6]) == pytest.approx(np.sqrt(3))
