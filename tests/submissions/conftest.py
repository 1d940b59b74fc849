"""Grading sets and benches, made once."""

from functools import cache

import pytest

from autograder.data import make_grading_data
from submissions.bench import Bench

# Fixed, so that a red run can be repeated.
SEEDS = [2**127 + 7919 * n for n in range(20)]


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
