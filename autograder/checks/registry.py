"""The registry of hidden checks, and how one runs inside a notebook.

The engine calls a check outside of the student's process. `run_check`, which the hidden test of a master
calls, does it inside, as stock nbgrader would.
"""

import importlib
import os
import traceback
from functools import cache
from pathlib import Path

from autograder.checks.probe import preserved_state
from autograder.errors import CheckFailed, CourseError

GRADING_DATA = "AUTOGRADER_GRADING_DATA"
LESSONS = ("svd", "mf", "vae")

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


def _load(lesson):
    importlib.import_module(f"{__package__}.{lesson}")


def _lesson_of(name):
    return name.partition("-")[0]


def names():
    """The names of all checks, in the order of the lessons."""
    for lesson in LESSONS:
        _load(lesson)
    return tuple(sorted(_CHECKS, key=lambda name: LESSONS.index(_lesson_of(name))))


def registered(name):
    """The check function of that name; its lesson's module is imported first.

    Raises
    ------
    CourseError
        Where there is none.
    """
    if _lesson_of(name) in LESSONS:
        _load(_lesson_of(name))
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
    """Judge the student's namespace by one hidden check, and say so where it passes.

    Parameters
    ----------
    name : the check.
    namespace : the student's `globals()`.

    Raises
    ------
    CheckFailed
        With the check's sentence; shown without a traceback.
    CheckError
        Where the check itself broke, was interrupted, or had nothing to judge by; shown without a
        traceback.
    """
    bonus = _judge(name, namespace)
    print(f"{name}: passed" + (f", bonus {bonus:g}" if bonus is not None else ""))


def _judge(name, namespace):
    """Run a check with random states and modes put back afterwards; whatever it raises is one of ours."""
    from autograder.checks.student import InProcessStudent

    try:
        with preserved_state():
            bonus = registered(name)(InProcessStudent(namespace), grading_data())
            return None if bonus is None else float(bonus)
    except CheckFailed as failure:
        raise CheckFailed(str(failure)) from None
    except CourseError as error:
        raise CheckError(str(error)) from None
    except BaseException as error:  # an interrupt too: its traceback would show the check
        raise CheckError(
            f"The check {name} could not be carried through ({_whereabouts(error)}); this is no fault "
            "of yours unless the cell ran into its time limit: tell your instructor."
        ) from None


def _whereabouts(error):
    """Class of an error and the place in this package where it came up, for who mends the check."""
    here = Path(__file__).parent
    places = [
        f" at {Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).parent == here and frame.filename != __file__
    ]
    return type(error).__name__ + (places[-1] if places else "")
