"""What a lesson says about the grader's limits is what the course's configuration sets."""

import re

import pytest
from traitlets.config import PyFileConfigLoader

from autograder.sandbox.limits import Limits

LIMITS = {
    "en": re.compile(r"at most (\d+) seconds a cell, (\d+) seconds in all, and (\d+) GB of memory"),
    "ko": re.compile(r"셀 하나에 최대 (\d+)초, 전체 (\d+)초, 메모리 (\d+) GB까지"),
}


@pytest.mark.parametrize("language", LIMITS)
@pytest.mark.parametrize("assignment", ["svd", "mf", "vae"])
def test_each_lesson_states_the_limits_that_grading_sets(course_root, assignment, language):
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course_root)).load_config()
    set_here = config.GradeSubmission.by_assignment[assignment]
    lesson = (course_root / "lessons" / f"{assignment}.py").read_text(encoding="utf-8")
    stated = LIMITS[language].findall(lesson.replace("\n# ", " "))
    assert stated == [
        (
            str(set_here["cell_seconds"]),
            str(set_here["notebook_seconds"]),
            str(Limits().memory_mib // 1024),
        )
    ]
