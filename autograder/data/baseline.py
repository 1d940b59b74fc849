"""The bias-only model: what a latent model has to beat, and the ruler for every threshold.

Stands with the data, not with the checks, because the synthetic generator is fitted to it and a
threshold is a ratio to it: on another data set or split the ratio holds where a number would not.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from autograder.errors import DataError


@dataclass(frozen=True, eq=False)
class Baseline:
    """``mu`` (stars), ``b_u`` (users,) and ``b_i`` (items,), in stars; 0 where nothing is known."""

    mu: float
    b_u: np.ndarray
    b_i: np.ndarray

    def predict(self, user_idx: np.ndarray, item_idx: np.ndarray) -> np.ndarray:
        """Predict stars, clamped to 1..5.

        Parameters
        ----------
        user_idx, item_idx
            (n,) indices from 0.

        Returns
        -------
        ndarray
            (n,) float64 stars in 1..5.
        """
        stars = self.mu + self.b_u[np.asarray(user_idx)] + self.b_i[np.asarray(item_idx)]
        return np.clip(stars, 1.0, 5.0)


def bias_baseline(
    ratings: pd.DataFrame | np.ndarray,
    reg_user: float = 15.0,
    reg_item: float = 10.0,
    *,
    num_iterations: int = 10,
    num_users: int | None = None,
    num_items: int | None = None,
) -> Baseline:
    """Predict mu + b_u + b_i, the yardstick that a latent model must beat.

    Parameters
    ----------
    ratings
        (n, 3) rows of user_idx, item_idx (from 0), stars in 1..5; of a frame, its columns
        ``user_idx``, ``item_idx`` and ``rating``.
    reg_user, reg_item
        What is added to a count before a sum of residuals is divided by it, in ratings.
    num_iterations
        Rounds of alternating least squares, items first.
    num_users, num_items
        Lengths of ``b_u`` and ``b_i``; by default what the largest index asks for.

    Returns
    -------
    Baseline
        ``mu`` (stars), ``b_u`` (users,), ``b_i`` (items,), in stars.

    Raises
    ------
    DataError
        On an empty frame or stars outside 1..5.

    References
    ----------
    Koren 2010, "Factor in the Neighbors: Scalable and Accurate Collaborative Filtering",
    section 2.1.
    """
    users, items, stars = _columns(ratings)
    num_users = num_users or int(users.max()) + 1
    num_items = num_items or int(items.max()) + 1
    mu = float(stars.mean())
    b_u, b_i = np.zeros(num_users), np.zeros(num_items)
    weight_u = 1.0 / (reg_user + np.bincount(users, minlength=num_users))
    weight_i = 1.0 / (reg_item + np.bincount(items, minlength=num_items))
    centred = stars - mu
    for _ in range(num_iterations):
        b_i = weight_i * np.bincount(items, centred - b_u[users], minlength=num_items)
        b_u = weight_u * np.bincount(users, centred - b_i[items], minlength=num_users)
    return Baseline(mu, b_u, b_i)


def rmse(predicted: np.ndarray, stars: np.ndarray) -> float:
    """Root mean squared error of (n,) predictions against (n,) stars, in stars."""
    return float(np.sqrt(np.mean((np.asarray(predicted) - np.asarray(stars)) ** 2)))


def _columns(ratings: pd.DataFrame | np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if isinstance(ratings, pd.DataFrame):
        columns = [ratings[name].to_numpy() for name in ("user_idx", "item_idx", "rating")]
    else:
        columns = list(np.asarray(ratings, dtype=np.float64).reshape(len(ratings), 3).T)
    users, items = (column.astype(np.int64) for column in columns[:2])
    stars = columns[2].astype(np.float64)
    if not len(stars):
        raise DataError("There are no ratings to fit a baseline on; give it at least one.")
    if not ((stars >= 1) & (stars <= 5)).all():
        raise DataError("A baseline was given stars outside 1..5; check the rating column.")
    return users, items, stars
