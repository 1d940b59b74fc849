"""Every report of the table: on a course of its own, or as one student of a class that is graded once."""

import json
from itertools import count

import pytest

from submissions.bench import SEEDS
from submissions.courses import Course
from submissions.reports import CLASS, ROWS, Pupil, load_reports

load_reports()
ODD_NAMES = (
    *("박지민", "kim lee", "o'brien", "a.b+c@example.org", "50%", "#7", "x & y", "ñandú", "$HOME"),
    *("한글 이름 (재수강)", "{x}", "007", "a;b", "-rf", "~", "None", '"철수"', "🦊", "a\\b"),
)


@pytest.fixture(scope="module")
def fresh(course_root, grading_set, tmp_path_factory):
    """A course as a fresh clone has it."""
    return Course(course_root, tmp_path_factory.mktemp("fresh") / "course", grading_set(SEEDS[0]))


@pytest.fixture(scope="module")
def pupils(fresh, tmp_path_factory, request):
    """(Pupil, scene) of the rows of the class that are asked for, after one run has graded them all."""
    course = fresh.copied(tmp_path_factory.mktemp("class") / "course")
    tests = " ".join(item.name for item in request.session.items)
    rows = [row for row in CLASS if f"[{row}]" in tests] or CLASS
    pupils = {row: Pupil(course, name) for row, name in zip(rows, names(), strict=False)}
    pupils = {row: (pupil, CLASS[row](pupil)) for row, pupil in pupils.items()}
    for _, scene in pupils.values():
        next(scene)
    path = course.folder / "records.json"
    printed = course.run("grade", "--json", str(path))
    for pupil, _ in pupils.values():
        pupil.tell(json.loads(path.read_text(encoding="utf-8")), printed)
    return pupils


def names():
    """Names for students without end, odd ones first."""
    yield from ODD_NAMES
    yield from (f"student-{n:02}" for n in count())


@pytest.mark.parametrize("row", ROWS)
def test_what_was_reported_is_right_now(row, fresh, tmp_path):
    ROWS[row](fresh.copied(tmp_path / "course"))


@pytest.mark.parametrize("row", CLASS)
def test_what_a_student_reported_is_right_now(row, pupils):
    _, scene = pupils[row]
    assert next(scene, "the end") == "the end"


def test_whatever_a_student_is_called_the_gradebook_says_what_the_table_says(pupils):
    grades = next(iter(pupils.values()))[0].course.grades()
    for pupil, _ in pupils.values():
        assert pupil.points
        assert {check: grades[pupil.name, check] for check in pupil.points} == pupil.points
