"""What a check can come to, and every sentence about it that a student may read.

A sentence is made of fixed text, of names that a check asks for, and of what `Place` allows. Nothing
that a submission's kernel wrote gets into one: it could be the private data set.
"""

import ast
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from autograder.sandbox.limits import KILLED, TIMEOUT

PASSED, FAILED, ERROR = "PASSED", "FAILED", "ERROR"
NOT_RUN = "NOT_RUN"
UNREADABLE = "UNREADABLE"
"""Of every check of a file that is no notebook, or another lesson's: no check has failed, a person looks."""

ERRORS = {
    "AssertionError",
    "AttributeError",
    "FileNotFoundError",
    "ImportError",
    "IndentationError",
    "IndexError",
    "KeyError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "RecursionError",
    "RuntimeError",
    "SyntaxError",
    "TypeError",
    "UnboundLocalError",
    "ValueError",
    "ZeroDivisionError",
}
"""Classes that a sentence may name: those that students meet, and few, as a cell may choose among them."""
MAX_LINES, MAX_CELLS = 100, 32
"""A line is named in a cell of so many at most, a cell where the student has so many in an exercise: which
one raises is chosen by the student, and could stand for a number of the private data."""
MAGIC = re.compile(r"^[ \t]*[%!?]|=[ \t]*[%!]|^[^#\n]*\w\?[ \t]*$", re.MULTILINE)
"""What IPython understands and Python's compiler does not."""
COMMAND = re.compile(r"^([ \t]*)[%!].*$", re.MULTILINE)
IMPORT_ERRORS = ("ModuleNotFoundError", "ImportError", "an error")
MAX_MODULES, MAX_NAME = 3, 40
LACKING = (
    " The grader does not have {names}, which this exercise imports: the beginning of the lesson lists the "
    "packages that it has."
)

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
    """Where a student's own cell raised an error: cell id or None, line from 1 or None, class or "an error"."""

    cell: str | None
    line: int | None
    error: str


def place_of(cell, ran, num_own=1) -> Place:
    """The Place of an error in a kernel without the reference, of which the kernel says little.

    Parameters
    ----------
    cell : PlannedCell that raised.
    ran : Ran of it, untrusted.
    num_own : how many cells of the exercise are the student's.
    """
    error = ran.error if ran.error in ERRORS else "an error"
    if num_own > MAX_CELLS:
        return Place(None, None, error)
    lines = cell.source.count("\n") + 1
    is_told = ran.line is not None and 1 <= ran.line <= lines <= MAX_LINES
    return Place(cell.id, ran.line if is_told else None, error)


def place_seen(own) -> Place:
    """The Place of an error in a kernel with the reference, of which the kernel says nothing.

    Which cell raised, in which line and what, is chosen by the student and would carry the reference
    out bit by bit. What stands in the cells is not: a syntax error is seen here.

    Parameters
    ----------
    own : PlannedCells of the exercise that are the student's, in order.
    """
    for cell in own:
        if place := _syntax_error(cell):
            return place
    return Place(own[0].id if len(own) == 1 else None, None, "an error")


def _syntax_error(cell) -> Place | None:
    if MAGIC.search(cell.source):
        return None
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        compile(cell.source, "<cell>", "exec", flags, dont_inherit=True)
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


def lacking_sentence(place: Place, cells: Iterable, importable: frozenset[str] | None) -> str:
    """The sentence about modules that the grader lacks, or nothing.

    Names come from the text of the cells, never from the kernel, where code could choose them.

    Parameters
    ----------
    place : where a cell raised.
    cells : PlannedCells of the exercise that are the student's.
    importable : names of modules besides the standard library's; None where every one may be there.
    """
    if importable is None or place.error not in IMPORT_ERRORS:
        return ""
    known = importable | sys.stdlib_module_names
    found = dict.fromkeys(name for cell in cells for name in _imported(cell.source))
    missing = [name for name in found if name not in known and len(name) <= MAX_NAME]
    names = ", ".join(f"`{name}`" for name in missing[:MAX_MODULES])
    return LACKING.format(names=names) if names else ""


def _imported(source: str) -> list[str]:
    """Names of the modules that a cell imports, each without what is below it; none where it does not parse."""
    try:
        tree = ast.parse(COMMAND.sub(r"\1pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module.partition(".")[0])
    return names


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
