"""From a lesson to the notebooks of students and graders.

A lesson becomes a master, a master becomes releases and solutions, by the tuples of stages in
`pipelines`. The names below are what the rest of the package uses.
"""

from autograder.build import blanks
from autograder.build.course import BuiltLesson, build_lesson, lesson_paths
from autograder.build.execute import execute, raises_when_run
from autograder.build.hidden_tests import remove_hidden_tests
from autograder.build.languages import languages_of, select_language
from autograder.build.masking import locate_masks, star
from autograder.build.notebooks import (
    Notebook,
    parse_notebook,
    read_notebook,
    to_text,
    write_text,
)
from autograder.build.pipelines import (
    RELEASE_STAGES,
    SOLUTION_STAGES,
    SOURCE_STAGES,
    build_master,
    build_release,
    build_solution,
    run_stages,
)
from autograder.build.regions import unwrap_regions
from autograder.build.string_masks import string_mask_trials, verify_string_masks

__all__ = [
    "RELEASE_STAGES",
    "SOLUTION_STAGES",
    "SOURCE_STAGES",
    "BuiltLesson",
    "Notebook",
    "blanks",
    "build_lesson",
    "build_master",
    "build_release",
    "build_solution",
    "execute",
    "languages_of",
    "lesson_paths",
    "locate_masks",
    "parse_notebook",
    "raises_when_run",
    "read_notebook",
    "remove_hidden_tests",
    "run_stages",
    "select_language",
    "star",
    "string_mask_trials",
    "to_text",
    "unwrap_regions",
    "verify_string_masks",
    "write_text",
]
