"""A grade that a person gave stays settled while what was graded is the same."""

import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook

from autograder.errors import GradingError
from autograder.grading.answers import GRADED, SaveGrades
from autograder.grading.stored import read_stored

ANSWER, CHECK = "svd-why", "svd-rank"


def graded(text, points=4.0):
    """A graded notebook with one answer and one check."""
    answer = new_markdown_cell(text)
    score = new_output("execute_result", data={"text/plain": repr(points)}, execution_count=1)
    check = new_code_cell("assert True", outputs=[score])
    for cell, name, is_answer in ((answer, ANSWER, True), (check, CHECK, False)):
        cell.metadata["nbgrader"] = {
            **{"schema_version": 3, "grade_id": name, "grade": True, "solution": is_answer},
            **{"points": 3 if is_answer else 4, "locked": not is_answer, "task": False},
        }
    return new_notebook(cells=[answer, check])


class Course:
    """A course whose gradebook holds one student's notebook, and the stage that saves grades."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"sqlite:///{folder}/gradebook.db"

    def save(self, text, points=4.0):
        names = {"student": "ada", "assignment": "svd", "notebook": "svd", "db_url": self.url}
        SaveGrades().preprocess(graded(text, points), {"nbgrader": names})

    def score(self, name, points):
        """What an instructor does in formgrader."""
        with Gradebook(self.url) as gradebook:
            grade = gradebook.find_grade(name, "svd", "svd", "ada")
            grade.manual_score, grade.needs_manual_grade = points, False
            gradebook.db.commit()

    def scored(self, name):
        """(automatic score, manual score, whether it waits for a person)."""
        with Gradebook(self.url) as gradebook:
            grade = gradebook.find_grade(name, "svd", "svd", "ada")
            return grade.auto_score, grade.manual_score, grade.needs_manual_grade


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory):
    """The file of a gradebook with one submission; nbgrader needs `alembic` on PATH."""
    folder = tmp_path_factory.mktemp("gradebook")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        warnings.simplefilter("ignore")  # nbgrader's add_submission warns in SQLAlchemy
        with Gradebook(Course(folder).url) as gradebook:
            gradebook.add_assignment("svd")
            gradebook.add_notebook("svd", "svd")
            for name, points, kind in ((ANSWER, 3, "markdown"), (CHECK, 4, "code")):
                gradebook.add_grade_cell(name, "svd", "svd", max_score=points, cell_type=kind)
            gradebook.add_solution_cell(ANSWER, "svd", "svd")
            gradebook.add_student("ada")
            gradebook.add_submission("svd", "ada")
    return folder / "gradebook.db"


@pytest.fixture
def course(tmp_path, gradebook, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setattr("autograder.grading.answers.course_of", lambda stage: tmp_path)
    shutil.copy(gradebook, tmp_path)
    return Course(tmp_path)


def test_an_answer_waits_for_a_person_and_a_check_does_not(course):
    course.save("Because.")
    assert course.scored(ANSWER) == (None, None, True)
    assert course.scored(CHECK) == (4.0, None, False)


def test_a_score_stays_settled_while_the_text_is_unchanged(course):
    course.save("Because.")
    course.score(ANSWER, 2.0)
    course.save("Because.", points=0.0)
    course.save("Because.")
    assert course.scored(ANSWER) == (None, 2.0, False)


def test_a_score_is_reopened_when_the_text_has_changed(course):
    course.save("Because.")
    course.score(ANSWER, 2.0)
    course.save("Because not.")
    assert course.scored(ANSWER) == (None, 2.0, True)


def test_a_reopened_score_stays_open_until_a_person_has_looked(course):
    course.save("Because.")
    course.score(ANSWER, 2.0)
    course.save("Because not.")
    course.save("Because not.")
    assert course.scored(ANSWER) == (None, 2.0, True)
    course.score(ANSWER, 1.0)
    course.save("Because not.")
    assert course.scored(ANSWER) == (None, 1.0, False)


def test_a_score_of_a_check_is_reopened_when_its_points_have_changed(course):
    course.save("Because.", points=0.0)
    course.score(CHECK, 3.0)
    course.save("Because.", points=0.0)
    assert course.scored(CHECK) == (0.0, 3.0, False)
    course.save("Because.", points=4.0)
    assert course.scored(CHECK) == (4.0, 3.0, True)


def test_a_score_that_was_given_before_anything_was_remembered_is_reopened(course):
    course.save("Because.")
    course.score(ANSWER, 2.0)
    (course.folder / GRADED).unlink()
    course.save("Because.")
    assert course.scored(ANSWER) == (None, 2.0, True)


def test_what_is_remembered_holds_no_text(course):
    course.save("Because of my secret.")
    remembered = read_stored(course.folder / GRADED)
    assert set(remembered) == {f"ada/svd/svd/{ANSWER}", f"ada/svd/svd/{CHECK}"}
    assert "secret" not in (course.folder / GRADED).read_text()


def test_nothing_is_written_where_nothing_has_changed(course):
    course.save("Because.")
    before = (course.folder / GRADED).stat().st_mtime_ns
    course.save("Because.")
    assert (course.folder / GRADED).stat().st_mtime_ns == before


def test_a_damaged_memory_is_named(course):
    path = course.folder / GRADED
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(GradingError, match="answers.json is damaged: remove it"):
        course.save("Because.")
