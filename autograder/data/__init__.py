"""Data: find, verify, download, read, synthesise, withhold, and draw the private grading set."""

from autograder.data.baseline import Baseline, bias_baseline, rmse
from autograder.data.download import download_movielens
from autograder.data.grading_data import GradingData
from autograder.data.movielens import (
    DataFolder,
    find_movielens,
    is_real,
    read_movies,
    read_ratings,
    search_movielens,
    verify_movielens,
)
from autograder.data.private import (
    MIN_MARGIN_SD,
    Manifest,
    ensure_grading_data,
    grading_folder,
    make_grading_data,
    read_manifest,
    secret_seed,
)
from autograder.data.stand_in import STAND_IN_SEED, make_stand_in
from autograder.data.synthetic import SyntheticMovieLens, synthesise, write_synthetic
from autograder.data.withhold import withhold

__all__ = [
    "MIN_MARGIN_SD",
    "STAND_IN_SEED",
    "Baseline",
    "DataFolder",
    "GradingData",
    "Manifest",
    "SyntheticMovieLens",
    "bias_baseline",
    "download_movielens",
    "ensure_grading_data",
    "find_movielens",
    "grading_folder",
    "is_real",
    "make_grading_data",
    "make_stand_in",
    "read_manifest",
    "read_movies",
    "read_ratings",
    "rmse",
    "search_movielens",
    "secret_seed",
    "synthesise",
    "verify_movielens",
    "withhold",
    "write_synthetic",
]
