"""Every report of the table, on a course of its own."""

import pytest

from submissions.bench import SEEDS
from submissions.courses import Course
from submissions.reports import load_reports


@pytest.fixture(scope="module")
def fresh(course_root, grading_set, tmp_path_factory):
    """A course as a fresh clone has it."""
    return Course(course_root, tmp_path_factory.mktemp("fresh") / "course", grading_set(SEEDS[0]))


@pytest.mark.parametrize("row", load_reports())
def test_what_was_reported_is_right_now(row, fresh, tmp_path):
    load_reports()[row](fresh.copied(tmp_path / "course"))
