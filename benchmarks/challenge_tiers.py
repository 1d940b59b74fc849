"""RMSE relative to bias-only of models for the open challenge, on synthetic grading sets.

    python benchmarks/challenge_tiers.py [NUMBER_OF_SETS]

The models are the functions that the lesson prints, and mixtures of them. The tiers of
`autograder/checks/thresholds.py` are set from this table: a printed model must earn nothing on any set.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from autograder.checks.reference import run_cells, solved_cells
from autograder.checks.vae import matrices, rmse_of
from autograder.data import GradingData, make_grading_data

ROOT = Path(__file__).resolve().parents[1]


def lesson_functions():
    """The namespace with the lesson's own item_mean, bias_only, mean_filled_svd and mf."""
    wanted = ("import torch", "def item_mean", "def mf(")
    return run_cells(
        [cell for cell in solved_cells(ROOT, "vae") if any(text in cell[1] for text in wanted)]
    )


def models(lesson):
    """Name and function (R, mask) -> predictions of each model in the table."""
    mf = lesson["mf"]

    def mean_of(runs, **settings):
        return lambda R, mask: np.mean([mf(R, mask, **settings) for _ in range(runs)], axis=0)

    tuned = {"n_epochs": 3, "weight_decay": 1e-4}
    return {
        "item mean (printed)": lesson["item_mean"],
        "SVD rank 10 (printed)": lesson["mean_filled_svd"],
        "MF (printed)": mf,
        "MF, 2 epochs, mean of 5": mean_of(5),
        "MF, tuned decay": mean_of(1, **tuned),
        "MF, tuned decay, mean of 2": mean_of(2, **tuned),
        "MF, tuned decay, mean of 5": mean_of(5, **tuned),
        "MF, tuned decay, mean of 15": mean_of(15, **tuned),
    }


def main(num_sets):
    """Print the ratio of every model on every set."""
    table = {name: [] for name in models(lesson_functions())}
    for number in range(num_sets):
        with tempfile.TemporaryDirectory() as folder:
            make_grading_data(Path(folder) / "data", 10_000 + number)
            data = GradingData.load(Path(folder) / "data")
        R, mask = (matrix.astype(np.float64) for matrix in matrices(data.train, data))
        for name, model in models(lesson_functions()).items():
            table[name].append(rmse_of(model(R, mask), data.holdout_indexed) / data.baseline_rmse)
    for name, ratios in table.items():
        print(
            f"{name:30}",
            " ".join(f"{ratio:.4f}" for ratio in ratios),
            f"  mean {np.mean(ratios):.4f}",
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
