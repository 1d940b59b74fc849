"""Every blank of the course: a wrong fill fails its exercise's check, a right one passes."""

import re

import nbformat
import pytest

from autograder.build import build_release, locate_masks
from submissions.fills import FILLS

CASES = [(cell, place) for cell, place in FILLS]


def exercise_of(cell):
    """('blank-mf-train-2') -> ('mf', 'mf-train')."""
    name = re.sub(r"-\d+$", "", cell.removeprefix("blank-"))
    return name.split("-")[0], name


def master_of(course_root, assignment):
    return nbformat.read(course_root / "source" / assignment / f"{assignment}.ipynb", as_version=4)


def filled(course_root, cell, place, text):
    """The source of a solution cell with one blank filled by `text`, all others right."""
    master = master_of(course_root, exercise_of(cell)[0])
    found = next(c for c in master.cells if c.metadata.get("nbgrader", {}).get("grade_id") == cell)
    span = locate_masks(found.source, found.metadata["course"]["mask"])[place].span
    return found.source[span.start : span.end], found.source[: span.start] + text + found.source[
        span.end :
    ]


def caught(bench, course_root, cell, place, text):
    assignment, check = exercise_of(cell)
    new = filled(course_root, cell, place, text)[1]
    return bench(assignment).judge(check, lambda name, source: new if name == cell else source)


def test_the_table_lists_every_blank_of_the_course_with_its_own_token(course_root):
    listed = {}
    for assignment in ("svd", "mf", "vae"):
        for cell in master_of(course_root, assignment).cells:
            for place in range(len(cell.metadata.get("course", {}).get("mask", []))):
                grade_id = cell.metadata["nbgrader"]["grade_id"]
                listed[grade_id, place] = filled(course_root, grade_id, place, "")[0]
    assert listed == {key: fills.token for key, fills in FILLS.items()}
    assert len(listed) == 41


@pytest.mark.parametrize(("cell", "place"), CASES)
def test_a_wrong_fill_is_caught_by_the_check_of_its_exercise(bench, course_root, cell, place):
    assert caught(bench, course_root, cell, place, FILLS[cell, place].wrong[0]) is not None


@pytest.mark.accuracy
@pytest.mark.parametrize(("cell", "place"), CASES)
def test_another_wrong_fill_is_caught_as_well(bench, course_root, cell, place):
    assert caught(bench, course_root, cell, place, FILLS[cell, place].wrong[1]) is not None


@pytest.mark.parametrize(("cell", "place"), [case for case in CASES if FILLS[case].right])
def test_another_right_fill_passes(bench, course_root, cell, place):
    for text in FILLS[cell, place].right:
        assert caught(bench, course_root, cell, place, text) is None, text


@pytest.mark.parametrize("assignment", ["svd", "mf", "vae"])
def test_the_reference_passes_every_check(bench, assignment):
    assert dict.fromkeys(bench(assignment).after) == bench(assignment).after


@pytest.mark.parametrize("assignment", ["svd", "mf", "vae"])
def test_a_blank_that_is_left_as_it_is_fails_its_check(bench, course_root, assignment):
    release = build_release(master_of(course_root, assignment), "en")
    untouched = {
        cell.metadata["nbgrader"]["grade_id"]: cell.source
        for cell in release.cells
        if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    }
    for check in bench(assignment).parts:
        assert any(exercise_of(cell)[1] == check for cell in untouched), f"{check} has no blank"
        verdict = bench(assignment).judge(check, lambda name, source: untouched.get(name, source))
        assert verdict is not None, check
