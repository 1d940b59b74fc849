"""A bonus becomes extra credit, and an instructor's own extra credit stays."""

import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.api import Gradebook

from autograder.errors import GradingError
from autograder.grading.bonus import RECORDED, RecordBonus, extra_credit
from autograder.grading.stored import read_stored, write_stored

CHECK = "vae-challenge"


def graded(bonus):
    """A notebook whose challenge earned a bonus."""
    verdict = {"check": CHECK, "points": 0.0, "max_points": 0.0, "bonus": bonus}
    return new_notebook(metadata={"autograder": {"checks": [NotebookNode(verdict)]}})


@pytest.mark.parametrize(
    ("present", "recorded", "bonus", "result"),
    [
        (None, None, 2.0, (2.0, False)),
        (None, None, None, (None, False)),
        (2.0, 2.0, 3.0, (3.0, False)),
        (2.0, 2.0, None, (None, False)),
        (2.0, 2.0, 0.0, (None, False)),
        (1.5, 2.0, 3.0, (1.5, True)),
        (1.5, None, 3.0, (1.5, True)),
        (0.0, 2.0, 3.0, (3.0, False)),
        (1.0, [1.0, 2.0], 3.0, (3.0, False)),
        (2.0, [1.0, 2.0], 3.0, (3.0, False)),
        (1.5, [1.0, 2.0], 3.0, (1.5, True)),
    ],
)
def test_extra_credit_is_replaced_only_where_it_is_what_was_recorded(
    present, recorded, bonus, result
):
    assert extra_credit(present, recorded, bonus) == result


class Course:
    """A course whose gradebook holds one student's challenge, and the stage that records."""

    def __init__(self, folder):
        self.folder = folder
        self.url = f"sqlite:///{folder}/gradebook.db"

    def record(self, monkeypatch, bonus):
        monkeypatch.setattr("autograder.grading.bonus.course_of", lambda stage: self.folder)
        names = {"student": "ada", "assignment": "vae", "notebook": "vae", "db_url": self.url}
        RecordBonus().preprocess(graded(bonus), {"nbgrader": names})
        return self.extra_credit()

    def extra_credit(self, new=None):
        with Gradebook(self.url) as gradebook:
            grade = gradebook.find_grade(CHECK, "vae", "vae", "ada")
            if new is not None:
                grade.extra_credit = new
                gradebook.db.commit()
            return grade.extra_credit


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory):
    """The file of a gradebook with one submission, not graded yet; nbgrader needs `alembic` on PATH."""
    folder = tmp_path_factory.mktemp("gradebook")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        warnings.simplefilter("ignore")  # nbgrader's add_submission warns in SQLAlchemy
        with Gradebook(Course(folder).url) as gradebook:
            gradebook.add_assignment("vae")
            gradebook.add_notebook("vae", "vae")
            gradebook.add_grade_cell(CHECK, "vae", "vae", max_score=0, cell_type="code")
            gradebook.add_student("ada")
            gradebook.add_submission("vae", "ada")
    return folder / "gradebook.db"


@pytest.fixture
def course(tmp_path, gradebook, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    shutil.copy(gradebook, tmp_path)
    return Course(tmp_path)


def test_every_regrade_replaces_the_bonus_of_the_last(course, monkeypatch):
    assert [course.record(monkeypatch, bonus) for bonus in (2.0, 3.0, 1.0, 0.0, 2.0, None)] == [
        2.0,
        3.0,
        1.0,
        None,
        2.0,
        None,
    ]


def test_extra_credit_given_by_hand_survives_every_regrade(course, monkeypatch):
    assert course.record(monkeypatch, 2.0) == 2.0
    course.extra_credit(2.5)
    assert course.record(monkeypatch, 3.0) == 2.5
    assert course.record(monkeypatch, None) == 2.5


def test_extra_credit_given_before_the_first_grading_survives(course, monkeypatch):
    course.extra_credit(1.0)
    assert course.record(monkeypatch, 3.0) == 1.0


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "behind"])
def test_a_kill_around_the_gradebooks_commit_turns_no_bonus_into_an_instructors(
    course, monkeypatch, is_before
):
    course.record(monkeypatch, 1.0)
    stop_after_writing(monkeypatch, 1)
    with pytest.raises(KilledError):
        course.record(monkeypatch, 2.0)
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    if not is_before:
        course.extra_credit(2.0)  # the gradebook was written, the file not any more
    assert course.record(monkeypatch, 3.0) == 3.0
    assert read_stored(course.folder / RECORDED) == {f"ada/vae/vae/{CHECK}": 3.0}


class KilledError(Exception):
    pass


def stop_after_writing(monkeypatch, times):
    """Let the stage write its file so many times, and then end."""

    def write(path, content):
        nonlocal times
        write_stored(path, content)
        times -= 1
        if times == 0:
            raise KilledError

    monkeypatch.setattr("autograder.grading.bonus.write_stored", write)


def test_a_notebook_without_verdicts_changes_nothing(course, monkeypatch):
    course.extra_credit(1.0)
    monkeypatch.setattr("autograder.grading.bonus.course_of", lambda stage: course.folder)
    names = {"student": "ada", "assignment": "vae", "notebook": "vae", "db_url": course.url}
    RecordBonus().preprocess(new_notebook(), {"nbgrader": names})
    assert course.extra_credit() == 1.0
    assert not (course.folder / RECORDED).exists()


def test_what_was_recorded_lies_beside_the_private_data(course, monkeypatch):
    course.record(monkeypatch, 2.0)
    assert read_stored(course.folder / RECORDED) == {f"ada/vae/vae/{CHECK}": 2.0}


def test_a_damaged_record_is_named(tmp_path):
    path = tmp_path / "bonus.json"
    path.write_text("[1")
    with pytest.raises(GradingError, match="bonus.json is damaged: remove it"):
        read_stored(path)
