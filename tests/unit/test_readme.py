"""What the two READMEs count is there to be counted, and they count alike."""

import re

import pytest
from lesson_texts import ASSIGNMENTS, ROOT, built

from autograder.build.notebooks import is_answer, is_solution, ours

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![A-Za-z])")
WORDS = {"one": "1", "two": "2"}
ENGLISH, KOREAN = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ko.md")
)


def row_of(text, lesson):
    """The numbers of the last column of a lesson's row."""
    [row] = re.findall(rf"^\| `{lesson}` \|.*$", text, re.MULTILINE)
    cell = re.sub("|".join(WORDS), lambda word: WORDS[word[0]], row.split("|")[3])
    return [int(number) for number in NUMBER.findall(cell)]


@pytest.mark.parametrize("lesson", ASSIGNMENTS)
def test_blanks_functions_and_questions_are_those_of_the_lesson(lesson):
    cells = built(lesson).master.cells
    masked = [ours(cell)["mask"] for cell in cells if ours(cell).get("mask")]
    functions = [cell for cell in cells if is_solution(cell) and "BEGIN SOLUTION" in cell.source]
    bonus = [cell for cell in functions if "challenge" in cell.metadata.nbgrader.grade_id]
    counted = [sum(map(len, masked)), len(functions) - len(bonus), sum(map(is_answer, cells))]
    assert row_of(KOREAN, lesson) == counted
    assert row_of(ENGLISH, lesson) == counted


def test_no_number_stands_in_korean_alone():
    assert set(NUMBER.findall(KOREAN)) <= set(NUMBER.findall(ENGLISH))
