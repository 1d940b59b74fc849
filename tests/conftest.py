"""Fixtures that several folders share: data sets, and the course built once."""

import os
from functools import cache
from pathlib import Path

import pytest

from autograder.data import is_real, make_grading_data, synthesise, write_synthetic
from submissions.bench import SEEDS, Bench

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def course_root():
    """The checkout itself."""
    return ROOT


@pytest.fixture(scope="session")
def synthetic_dir(tmp_path_factory):
    """A MovieLens-shaped folder of seed 101."""
    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, synthesise(101))
    return folder


@pytest.fixture(scope="session")
def real_dir():
    """The folder of real MovieLens 100K; tests that need it carry the marker `real`."""
    folder = os.environ.get("MOVIELENS_DIR")
    if not folder or not is_real(Path(folder)):
        pytest.skip("MOVIELENS_DIR does not name real MovieLens 100K")
    return Path(folder)


@pytest.fixture(scope="session")
def grading_set(tmp_path_factory):
    """A function from a seed to the folder of its grading set, made once a session."""

    @cache
    def make(seed):
        folder = tmp_path_factory.mktemp("grading") / "data"
        make_grading_data(folder, seed)
        return folder

    return make


@pytest.fixture(scope="session")
def bench(course_root, grading_set):
    """A function from an assignment (and a seed) to its Bench, made once a session."""

    @cache
    def make(assignment, seed=SEEDS[0]):
        return Bench(course_root, assignment, grading_set(seed))

    return make
