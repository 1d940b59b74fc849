"""A bonus becomes extra credit, and an instructor's own extra credit stays."""

import os
import shutil
import sys
import warnings
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.api import Gradebook

from autograder.checks import VERDICT_TYPE
from autograder.errors import GradingError
from autograder.grading.bonus import (
    RECORDED,
    RecordBonus,
    bonus_of,
    extra_credit,
    read_recorded,
)

CHECK = "vae-challenge"


def challenge(bonus, outcome="PASSED"):
    data = {VERDICT_TYPE: {"check": CHECK, "outcome": outcome, "bonus": bonus}}
    cell = new_code_cell("", outputs=[new_output("display_data", data=data)])
    cell.metadata["nbgrader"] = {"grade": True, "solution": False, "grade_id": CHECK, "points": 0}
    return cell


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (2.0, 2.0),
        (1, 1.0),
        (0.0, 0.0),
        (99.0, 3.0),
        (-1.0, 0.0),
        (None, None),
        (True, None),
        ("3", None),
        (float("nan"), None),
        (float("inf"), None),
        ([3], None),
    ],
)
def test_a_bonus_is_a_finite_number_within_its_bounds(said, counts):
    assert bonus_of(challenge(said), max_bonus=3.0) == counts


def test_a_challenge_that_failed_has_no_bonus():
    assert bonus_of(challenge(3.0, outcome="FAILED"), max_bonus=3.0) is None


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
        notebook = new_notebook(cells=[challenge(bonus)])
        RecordBonus().preprocess(notebook, {"nbgrader": names})
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


def test_what_was_recorded_lies_beside_the_private_data(course, monkeypatch):
    course.record(monkeypatch, 2.0)
    assert read_recorded(course.folder / RECORDED) == {f"ada/vae/vae/{CHECK}": 2.0}


def test_a_damaged_record_is_named(tmp_path):
    path = tmp_path / "bonus.json"
    path.write_text("[1")
    with pytest.raises(GradingError, match="bonus.json is damaged: remove it"):
        read_recorded(path)
