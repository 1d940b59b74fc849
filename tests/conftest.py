"""Fixtures that several folders share: data sets, and the course built once."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def course_root():
    """The checkout itself."""
    return ROOT


@pytest.fixture(scope="session")
def synthetic_dir(tmp_path_factory):
    """A MovieLens-shaped folder of seed 101."""
    from autograder.data import synthesise, write_synthetic

    folder = tmp_path_factory.mktemp("synthetic")
    write_synthetic(folder, synthesise(101))
    return folder


@pytest.fixture(scope="session")
def real_dir():
    """The folder of real MovieLens 100K; tests that need it carry the marker `real`."""
    folder = os.environ.get("MOVIELENS_DIR")
    if not folder:
        pytest.skip("MOVIELENS_DIR does not name real MovieLens 100K")
    return Path(folder)
