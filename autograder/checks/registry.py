"""The registry of hidden checks, and how one runs inside a notebook.

A check passes only if it says so: `run_check` publishes an explicit verdict, and what an instructor's
stages find without one earns nothing.
"""

import importlib
import os
from functools import cache

from autograder.errors import CheckFailed, CourseError

VERDICT_TYPE = "application/vnd.autograder.verdict+json"
GRADING_DATA = "AUTOGRADER_GRADING_DATA"
LESSON_MODULES = ("autograder.checks.svd", "autograder.checks.mf", "autograder.checks.vae")

_CHECKS = {}


class CheckError(Exception):
    """A check could not be carried through; the submission is not to blame, and nothing is earned."""

    def _render_traceback_(self):
        """Show one sentence in a notebook, not the traceback of hidden code."""
        return [f"{type(self).__name__}: {self}"]


def check(name):
    """Register a function `(student, data) -> None or bonus` as the hidden check of that name."""

    def register(function):
        if name in _CHECKS:
            raise CourseError(f"Two checks are called {name}: rename one in autograder/checks.")
        _CHECKS[name] = function
        return function

    return register


def expect(condition, sentence):
    """Fail the check with a sentence unless the condition holds."""
    if not condition:
        raise CheckFailed(sentence)


@cache
def _load():
    for module in LESSON_MODULES:
        importlib.import_module(module)


def names():
    """The names of all checks, in the order of the lessons."""
    _load()
    return tuple(_CHECKS)


def registered(name):
    """The check function of that name.

    Raises
    ------
    CourseError
        Where there is none.
    """
    _load()
    if name not in _CHECKS:
        raise CourseError(
            f"There is no hidden check {name}: add it to autograder/checks, or rename the check cell."
        )
    return _CHECKS[name]


@cache
def grading_data():
    """The grading data set that AUTOGRADER_GRADING_DATA names, loaded once a process."""
    from autograder.data import GradingData

    folder = os.environ.get(GRADING_DATA)
    if not folder:
        raise CourseError(
            f"{GRADING_DATA} is not set, so there is nothing to judge by: run the notebook by `nbgrader autograde`."
        )
    return GradingData.load(folder)


def run_check(name, namespace):
    """Judge the student's namespace by one hidden check, and publish the verdict.

    Parameters
    ----------
    name : the check.
    namespace : the student's `globals()`.

    Raises
    ------
    CheckFailed
        With the check's sentence; shown without a traceback.
    CheckError
        Where the check itself broke; shown without a traceback.
    """
    from IPython.display import display

    from autograder.checks.student import InProcessStudent

    try:
        bonus = registered(name)(InProcessStudent(namespace), grading_data())
    except CheckFailed as failure:
        raise CheckFailed(str(failure)) from None
    except Exception as error:
        raise CheckError(
            f"The check {name} could not be carried through ({type(error).__name__})."
        ) from None
    display({VERDICT_TYPE: {"check": name, "outcome": "PASSED", "bonus": bonus}}, raw=True)
