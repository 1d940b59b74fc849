"""The committed lessons as tests read them: masters, releases, and prose in pairs."""

import re
from functools import cache
from pathlib import Path

from autograder.build import read_notebook
from autograder.build.course import BuiltLesson, build_lesson

ROOT = Path(__file__).parents[2]
ASSIGNMENTS = ("svd", "mf", "vae")
LANGUAGES = ("en", "ko")
HINT = re.compile(r"<details><summary>(?:Hint|힌트)</summary>\n\n(.*?)\n\n</details>", re.DOTALL)


@cache
def built(assignment: str) -> BuiltLesson:
    """All notebooks of a lesson as the build makes them now."""
    return build_lesson(ROOT / "lessons" / f"{assignment}.py")


@cache
def solution(assignment: str, language: str):
    """The committed, executed solution."""
    return read_notebook(ROOT / f"solutions/{language}/{assignment}/{assignment}.ipynb")


def prose(assignment: str, language: str) -> list[str]:
    """The prose of a lesson in one language, answers not among it, in order."""
    cells = built(assignment).releases[language].cells
    return [c.source for c in cells if c.cell_type == "markdown" and "nbgrader" not in c.metadata]


def prose_pairs() -> list[tuple[str, int, str, str]]:
    """(assignment, number, English, Korean) of every prose cell of the course."""
    return [
        (assignment, number, *pair)
        for assignment in ASSIGNMENTS
        for number, pair in enumerate(
            zip(prose(assignment, "en"), prose(assignment, "ko"), strict=True)
        )
    ]


def exercise_of(blank: str) -> tuple[str, str]:
    """('blank-mf-train-2') -> ('mf', 'mf-train')."""
    name = re.sub(r"-\d+$", "", blank.removeprefix("blank-"))
    return name.split("-")[0], name


def text_above(blank: str, language: str) -> list[str]:
    """Prose and code that stand above a blank cell in a release, from the top."""
    cells = built(exercise_of(blank)[0]).releases[language].cells
    place = [cell.id for cell in cells].index(blank)
    return [cell.source for cell in cells[:place]]


def hint_of(blank: str, language: str) -> str | None:
    """The hint that unfolds right above a blank cell; None without one."""
    found = HINT.findall(text_above(blank, language)[-1])
    return found[-1] if found else None
