"""Every report of the table: on a course of its own, or as one student of a class that is graded once."""

import json

import pytest

from submissions.bench import SEEDS
from submissions.courses import Course
from submissions.reports import CLASS, ROWS, Pupil, load_reports

load_reports()


@pytest.fixture(scope="module")
def fresh(course_root, grading_set, tmp_path_factory):
    """A course as a fresh clone has it."""
    return Course(course_root, tmp_path_factory.mktemp("fresh") / "course", grading_set(SEEDS[0]))


@pytest.fixture(scope="module")
def scenes(fresh, tmp_path_factory, request):
    """The rows of the class that are asked for, by name, after one run has graded them all."""
    course = fresh.copied(tmp_path_factory.mktemp("class") / "course")
    asked_for = {
        name for name in CLASS if any(f"[{name}]" in i.name for i in request.session.items)
    }
    pupils = {name: Pupil(course, f"student-{n:02}") for n, name in enumerate(sorted(asked_for))}
    scenes = {name: CLASS[name](pupil) for name, pupil in pupils.items()}
    for scene in scenes.values():
        next(scene)
    path = course.folder / "records.json"
    printed = course.run("grade", "--json", str(path))
    for pupil in pupils.values():
        pupil.tell(json.loads(path.read_text(encoding="utf-8")), printed)
    return scenes


@pytest.mark.parametrize("row", ROWS)
def test_what_was_reported_is_right_now(row, fresh, tmp_path):
    ROWS[row](fresh.copied(tmp_path / "course"))


@pytest.mark.parametrize("row", CLASS)
def test_what_a_student_reported_is_right_now(row, scenes):
    assert next(scenes[row], "the end") == "the end"
