"""On real MovieLens 100K the solutions give the numbers that the course is known for.

Every figure was printed by the plain form of the same three models on the same split.
"""

import numpy as np
import pytest

from autograder.checks.reference import run_cells, solved_cells, until
from submissions.bench import movielens

pytestmark = pytest.mark.real

P_COLUMNS = [
    [9.988, 10.155, 9.976, 9.976, 9.978, 9.783, 11.523, 9.791],
    [3.170, -0.053, -0.240, -0.240, -0.018, -0.506, -1.607, -0.275],
]
Q_COLUMNS = [
    [0.382, 0.334, 0.353, 0.361, 0.341, 0.365, 0.349, 0.342],
    [0.398, -0.065, 0.176, -0.247, -0.066, 0.419, 0.066, -0.749],
]
COMPLETED_USER_2 = [4.00, 3.40, 3.57, 3.68, 3.46, 3.68, 3.54, 3.52]
COMPLETED_USER_7 = [3.76, 3.95, 3.78, 5.00, 4.03, 3.53, 5.00, 5.00]


def solved(course_root, folder, assignment, check):
    with movielens(folder):
        return run_cells(until(solved_cells(course_root, assignment), check))


def assert_columns(array, expected):
    """Equal to 3 decimals, whatever the sign of a column."""
    for column, values in zip(np.asarray(array).T, expected, strict=True):
        assert min(np.abs(column - values).max(), np.abs(column + values).max()) < 6e-4


def test_svd_gives_the_known_factors_and_the_known_completed_block(course_root, real_dir):
    result = solved(course_root, real_dir, "svd", "svd-complete")
    assert_columns(result["P_df"], P_COLUMNS)
    assert_columns(result["Q_df"], Q_COLUMNS)
    completed = result["completed_block"].round(2)
    assert list(completed.loc[2]) == COMPLETED_USER_2
    assert list(completed.loc[7]) == COMPLETED_USER_7


def test_mf_splits_80000_10000_10000_and_is_best_at_epochs_2_to_4(course_root, real_dir):
    result = solved(course_root, real_dir, "mf", "mf-train")
    assert [len(result[name]) for name in ("train_df", "val_df", "test_df")] == [
        80000,
        10000,
        10000,
    ]
    assert (result["num_users"], result["num_items"]) == (943, 1682)
    assert abs(result["best_val"] - 0.9186) < 0.01
    assert 2 <= result["best_epoch"] <= 4
    assert abs(result["test_rmse"] - 0.9107) < 0.01


def test_vae_has_the_same_split_and_its_best_validation_rmse(course_root, real_dir):
    result = solved(course_root, real_dir, "vae", "vae-train")
    ones = [int(result[name].sum()) for name in ("mask_train", "mask_val", "mask_test")]
    assert ones == [80000, 10000, 10000]
    assert abs(result["best_val"] - 0.9708) < 0.02
    assert 12 <= result["best_epoch"] <= 30
