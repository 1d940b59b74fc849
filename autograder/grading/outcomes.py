"""What a check can come to, and every sentence about it that a student may read.

A sentence is made of fixed text, of names that a check asks for, and of what `Place` allows. Nothing
that a submission's kernel wrote gets into one: it could be the private data set.
"""

import builtins
from dataclasses import dataclass

from autograder.sandbox.limits import KILLED, TIMEOUT

PASSED, FAILED, ERROR = "PASSED", "FAILED", "ERROR"
NOT_RUN = "NOT_RUN"

ERRORS = {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
"""Classes that a sentence may name."""

SENTENCES = {
    ERROR: "A cell of this exercise raised {error}{where}.",
    TIMEOUT: "A cell of this exercise, or the check's call of your code, ran into the time limit.",
    KILLED: "The kernel died in this exercise, or used more {what} than it may.",
    NOT_RUN: "This exercise was not run, because the kernel had stopped in an earlier one.",
}
UNJUDGED = (
    "Your answer could not be judged; look at the types and shapes of what this exercise asks for."
)


@dataclass(frozen=True)
class Place:
    """Where a student's own cell raised an error: cell id, line from 1 or None, class or "an error"."""

    cell: str
    line: int | None
    error: str


def place_of(cell, ran, is_told=True):
    """The Place of an error, taken from what the kernel says only where it can say nothing else.

    Parameters
    ----------
    cell : PlannedCell that raised.
    ran : Ran of it, untrusted.
    is_told : whether a student may be told what the kernel says. Not so once it holds the reference: a
        class and a line, chosen by the cell, would carry it out bit by bit. A syntax error is seen here.
    """
    if not is_told:
        return _syntax_error(cell) or Place(cell.id, None, "an error")
    error = ran.error if ran.error in ERRORS else "an error"
    lines = cell.source.count("\n") + 1
    line = ran.line if ran.line is not None and 1 <= ran.line <= lines else None
    return Place(cell.id, line, error)


def _syntax_error(cell):
    try:
        compile(cell.source, "<cell>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return Place(cell.id, error.lineno, type(error).__name__)
    except (ValueError, RecursionError, MemoryError):  # NUL bytes, thousands of brackets
        pass
    return None


def error_sentence(place):
    """The sentence about a cell that raised."""
    where = "" if place.line is None else f" in its line {place.line}"
    error = place.error if place.error == "an error" else f"`{place.error}`"
    return SENTENCES[ERROR].format(error=error, where=where)


@dataclass(frozen=True)
class Verdict:
    """What one check came to.

    `bonus` is None where the check has none; `carried_on` tells that an earlier exercise had failed
    and the reference stood in for it; `seconds` is the wall time of the exercise.
    """

    check: str
    points: float
    max_points: float
    outcome: str
    message: str = ""
    bonus: float | None = None
    place: Place | None = None
    seconds: float = 0.0
    carried_on: bool = False

    @property
    def has_passed(self):
        """Whether it earned its points."""
        return self.outcome == PASSED
