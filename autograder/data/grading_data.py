"""The data set that grades are computed from, as every check sees it.

A grading folder holds ``visible/`` (the data folder that a submission is run on), ``holdout.data``
(ratings that it never sees), ``manifest.json`` and ``challenge/``, a second set of the same shape and
layout, of which no submission sees a file: the open challenge is scored on it. What checks derive from them is computed here
once, the way the lessons do it, so that no check measures with a ruler of its own.
"""

import functools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from autograder.data.baseline import Baseline, bias_baseline, rmse
from autograder.data.movielens import read_movies, read_ratings
from autograder.errors import DataError

VISIBLE, HOLDOUT, MANIFEST, CHALLENGE = "visible", "holdout.data", "manifest.json", "challenge"
SPLIT_SEED = 42


@dataclass(frozen=True, eq=False)
class GradingData:
    """Visible ratings, movies and withheld ratings.

    ``ratings`` and ``holdout`` have columns ``userId``, ``movieId`` (int64), ``rating`` (float64
    stars in 1..5) and ``timestamp`` (int64 seconds), in file order; ``movies`` has ``movieId`` and
    ``title``. Every user and movie of ``holdout`` has a visible rating too. ``start_rmse`` is the mean
    RMSE (stars, on the holdout) of the best starting point that the open challenge prints, where it
    was measured. ``challenge`` is the set that the open challenge is scored on; it has none of its own.
    """

    ratings: pd.DataFrame
    movies: pd.DataFrame
    holdout: pd.DataFrame
    start_rmse: float | None = None
    challenge: "GradingData | None" = None

    @classmethod
    def load(cls, folder: Path) -> "GradingData":
        """Read a grading folder.

        Raises
        ------
        DataError
            If a file is missing or damaged, or a withheld rating is visible or not of a visible
            user and movie, or the set of the challenge has another shape.
        """
        folder = Path(folder)
        ratings, movies = read_ratings(folder / VISIBLE), read_movies(folder / VISIBLE)
        holdout = read_ratings(folder, HOLDOUT)
        pairs = ["userId", "movieId"]
        known = all(holdout[name].isin(ratings[name]).all() for name in pairs)
        if not known or pd.concat([ratings[pairs], holdout[pairs]]).duplicated().any():
            raise DataError(
                f"{folder / HOLDOUT} does not belong to {folder / VISIBLE}; "
                f"`autograder data --private --force` makes {folder} again."
            )
        manifest = folder / MANIFEST
        facts = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
        has_challenge = (folder / CHALLENGE / MANIFEST).is_file()
        challenge = cls.load(folder / CHALLENGE) if has_challenge else None
        data = cls(ratings, movies, holdout, facts.get("start_rmse"), challenge)
        if challenge is not None and data.shape != challenge.shape:
            raise DataError(
                f"{folder / CHALLENGE} has not the shape of {folder / VISIBLE}; remove it, and "
                "`autograder data --private` draws it again."
            )
        return data

    @functools.cached_property
    def user_ids(self) -> np.ndarray:
        """(users,) int64, the ids of users with a visible rating, ascending."""
        return np.unique(self.ratings["userId"].to_numpy())

    @functools.cached_property
    def movie_ids(self) -> np.ndarray:
        """(items,) int64, the ids of movies with a visible rating, ascending."""
        return np.unique(self.ratings["movieId"].to_numpy())

    @property
    def num_users(self) -> int:
        """Users with a visible rating."""
        return len(self.user_ids)

    @property
    def num_items(self) -> int:
        """Movies with a visible rating."""
        return len(self.movie_ids)

    @property
    def shape(self) -> tuple[int, int]:
        """Shape (users, items) of the matrices that the lessons make of it."""
        return self.num_users, self.num_items

    @property
    def train(self) -> pd.DataFrame:
        """The 80% that a lesson trains on, with ``user_idx`` and ``item_idx``."""
        return self._splits[0]

    @property
    def val(self) -> pd.DataFrame:
        """The 10% by which a lesson chooses its epoch, with ``user_idx`` and ``item_idx``."""
        return self._splits[1]

    @property
    def test(self) -> pd.DataFrame:
        """The 10% that a lesson tests on once, with ``user_idx`` and ``item_idx``."""
        return self._splits[2]

    @functools.cached_property
    def holdout_indexed(self) -> pd.DataFrame:
        """``holdout`` with ``user_idx`` and ``item_idx``."""
        return self._with_indices(self.holdout)

    @functools.cached_property
    def baseline(self) -> Baseline:
        """The bias-only model fitted on ``train``."""
        return bias_baseline(self.train, num_users=self.num_users, num_items=self.num_items)

    @functools.cached_property
    def baseline_rmse(self) -> float:
        """RMSE of the bias-only model on the holdout, predictions clamped to 1..5, in stars."""
        frame = self.holdout_indexed
        return rmse(self.baseline.predict(frame["user_idx"], frame["item_idx"]), frame["rating"])

    @functools.cached_property
    def _splits(self) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        frame = self._with_indices(self.ratings)
        train, rest = train_test_split(frame, test_size=0.2, random_state=SPLIT_SEED)
        val, test = train_test_split(rest, test_size=0.5, random_state=SPLIT_SEED)
        return train, val, test

    def _with_indices(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add ``user_idx`` and ``item_idx``, int64 from 0 in the order of the sorted ids."""
        return frame.assign(
            user_idx=np.searchsorted(self.user_ids, frame["userId"]),
            item_idx=np.searchsorted(self.movie_ids, frame["movieId"]),
        )
