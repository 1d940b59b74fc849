"""RMSE of models for the open challenge, relative to its best starting point, on sets as it is scored on.

    python benchmarks/challenge_tiers.py [NUMBER_OF_SETS]

The models are the functions that the lesson prints, and mixtures of them. The tiers of
`autograder/checks/thresholds.py` are set from this table: a printed model must earn nothing on any set.
Relative to bias-only, the best starting point itself is in the last line.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from autograder.checks.reference import measure_start, starting_points
from autograder.checks.vae import challenge_bonus, matrices, rmse_of
from autograder.data import GradingData, make_grading_data

ROOT = Path(__file__).resolve().parents[1]
RUNS = 5


def mixtures(factors, networks):
    """Name and predictions of each line of the table, from runs of both starting points."""
    mean = np.mean(factors, axis=0)
    return {
        **{f"tuned_mf, run {number}": run for number, run in enumerate(factors, 1)},
        "residual_autoencoder": networks[0],
        "tuned_mf, mean of 2": np.mean(factors[:2], axis=0),
        "tuned_mf, mean of 5": mean,
        "0.65 tuned_mf + 0.35 autoencoder": 0.65 * factors[0] + 0.35 * networks[0],
        "0.65 mean of 5 + 0.35 autoencoder": 0.65 * mean + 0.35 * networks[0],
        "0.65 mean of 5 + 0.35 mean of 3": 0.65 * mean + 0.35 * np.mean(networks, axis=0),
    }


def main(num_sets):
    """Print the ratio of every model on every set, and the least and most bonus that it earns."""
    torch.set_num_threads(1)
    start = starting_points(ROOT)
    table, to_bias = {}, []
    for number in range(num_sets):
        with tempfile.TemporaryDirectory() as folder:
            make_grading_data(Path(folder) / "data", 10_000 + number)
            data = GradingData.load(Path(folder) / "data").challenge
        R, mask = (matrix.astype(np.float64) for matrix in matrices(data.train, data))
        yardstick = measure_start(ROOT, data)
        to_bias.append(yardstick / data.baseline_rmse)
        factors = [start["tuned_mf"](R, mask) for _ in range(RUNS)]
        networks = [start["residual_autoencoder"](R, mask) for _ in range(3)]
        for name, predicted in mixtures(factors, networks).items():
            ratio = rmse_of(predicted, data.holdout_indexed) / yardstick
            table.setdefault(name, []).append(ratio)
    for name, ratios in table.items():
        mean = np.mean(ratios)
        cells = " ".join(f"{ratio:.4f}" for ratio in ratios)
        bonuses = [challenge_bonus(ratio) for ratio in ratios]
        print(f"{name:34} {cells}   mean {mean:.4f}, bonus {min(bonuses):g} to {max(bonuses):g}")
    print(f"{'tuned_mf to bias-only':34}", " ".join(f"{ratio:.4f}" for ratio in to_bias))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
