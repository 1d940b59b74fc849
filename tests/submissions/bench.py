"""Run a lesson's solution with changes on one grading set, and ask the hidden checks for their verdicts.

Cells run in one process without a kernel, which takes seconds where nbgrader takes minutes. As in a
notebook, a cell that raises is left behind and the next one runs.
"""

import os
import warnings
from contextlib import contextmanager
from types import FunctionType

from autograder.checks import names, registered
from autograder.checks.reference import run_cells, solved_cells
from autograder.checks.student import InProcessStudent
from autograder.data import GradingData
from autograder.errors import CheckFailed

# Secret seeds of the grading sets that tests use; fixed, so that a red run can be repeated.
SEEDS = [2**127 + 7919 * n for n in range(20)]

# Exercises that change what earlier cells made, or lead to one that does, are replayed from there.
REPLAY_FROM = {"mf-train": "mf-model", "vae-loss": "vae-model", "vae-train": "vae-model"}


@contextmanager
def movielens(folder):
    """MOVIELENS_DIR names `folder` inside the block."""
    before = os.environ.get("MOVIELENS_DIR")
    os.environ["MOVIELENS_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["MOVIELENS_DIR"]
        else:
            os.environ["MOVIELENS_DIR"] = before


def exercises(cells):
    """The cells of each exercise, by the name of the check that ends it, in order."""
    parts, current, checks = {}, [], set(names())
    for name, source in cells:
        current.append((name, source))
        if name in checks:
            parts[name], current = current, []
    return parts


def run_leniently(cells, namespace):
    """Run cells one by one; a cell that raises is left behind, a warning is none. Returns what was raised."""
    errors = []
    for cell in cells:
        try:
            with warnings.catch_warnings(action="ignore"):
                run_cells([cell], namespace)
        except Exception as error:  # noqa: BLE001  what a student's cell raises is the student's
            errors.append(error)
    return errors


def verdict(check, namespace, data):
    """None where the hidden check passes, else its sentence."""
    try:
        registered(check)(InProcessStudent(namespace), data)
    except CheckFailed as failure:
        return str(failure)
    return None


def edited(cells, edit):
    """Cells whose sources went through `edit(grade_id, source)`."""
    return [(name, edit(name, source)) for name, source in cells]


def copied(namespace):
    """A copy of a namespace, in which the data cell's `needs` looks around: a function has the globals that it was made in."""
    copy = dict(namespace)
    if "needs" in copy:
        copy["needs"] = FunctionType(copy["needs"].__code__, copy)
    return copy


class Replacements:
    """An edit that replaces texts, and knows which of them it met."""

    def __init__(self, pairs):
        self.pairs, self.unused = pairs, {old for old, _ in pairs}

    def __call__(self, _name, source):
        """Replace every pair in a source."""
        for old, new in self.pairs:
            if old in source:
                self.unused.discard(old)
                source = source.replace(old, new)
        return source

    def assert_all_used(self):
        """Fail where a text stood in no cell: the lesson has changed, and this table has not."""
        assert not self.unused


class Bench:
    """One lesson on one grading set, with its state before each exercise."""

    def __init__(self, course, assignment, grading_folder):
        self.data = GradingData.load(grading_folder)
        self.visible = grading_folder / "visible"
        self.parts = exercises(solved_cells(course, assignment))
        self.before, self.after, namespace = {}, {}, {"__name__": "__main__"}
        with movielens(self.visible):
            for check, cells in self.parts.items():
                self.before[check] = dict(namespace)
                run_cells(cells, namespace)
                self.after[check] = verdict(check, namespace, self.data)

    def judge(self, check, edit):
        """The verdict on one exercise whose cells went through `edit(grade_id, source) -> source`."""
        order = list(self.parts)
        start = order.index(REPLAY_FROM.get(check, check))
        namespace = copied(self.before[order[start]])
        with movielens(self.visible):
            for name in order[start : order.index(check)]:
                run_leniently(self.parts[name], namespace)
            run_leniently(edited(self.parts[check], edit), namespace)
        return verdict(check, namespace, self.data)

    def judge_all(self, replacements, until):
        """Verdicts through `until` on the solution with texts replaced, and what its cells raised.

        What comes before the first exercise that the replacements change is not run again.
        """
        replace, verdicts, errors = Replacements(replacements), {}, []
        parts = {check: edited(cells, replace) for check, cells in self.parts.items()}
        replace.assert_all_used()
        first = next(check for check, cells in parts.items() if cells != self.parts[check])
        first, order = REPLAY_FROM.get(first, first), list(parts)
        namespace = copied(self.before[first])
        with movielens(self.visible):
            for check in order[order.index(first) : order.index(until) + 1]:
                errors += run_leniently(parts[check], namespace)
                verdicts[check] = verdict(check, namespace, self.data)
        return verdicts, errors
