"""What a student calls things is the student's business: no name of a cell stands in a probe's way.

After each exercise every builtin that a probe of its check reads, and every name that one binds, is bound anew,
but for those that the notebook's own functions read: these would break the notebook itself.
"""

import builtins
import contextlib
import dis
import types

import pytest

from autograder.checks import registered
from autograder.checks.reference import run_cells
from autograder.checks.student import InProcessStudent
from submissions.bench import movielens, run_leniently, verdict

LESSONS = ("svd", "mf", "vae")
STORES = {"STORE_NAME", "STORE_GLOBAL"}
READS = {"LOAD_NAME", "LOAD_GLOBAL"}
STEPS = {"mf-train": {"moved"}, "vae-train": {"still", "drawn"}}
"""Answers of the probes that take a step of training; None stands for one that could not be run."""


class Listener(InProcessStudent):
    """A submission that keeps every probe it was asked, and what it answered."""

    def __init__(self, namespace):
        super().__init__(namespace)
        self.probes, self.answers = [], {}

    def evaluate(self, snippet, returns, **inputs):
        """Run a probe, and keep it."""
        self.probes.append(snippet)
        found = super().evaluate(snippet, returns, **inputs)
        self.answers.update(found)
        return found


def names_in(code, kinds):
    """Names that a piece of code loads or stores at the level of its module, its functions included."""
    names = {step.argval for step in dis.get_instructions(code) if step.opname in kinds}
    parts = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return names.union(*(names_in(part, kinds) for part in parts))


def own_reads(namespace):
    """Names that the notebook's own functions and methods read."""
    functions = [value for value in namespace.values() if isinstance(value, types.FunctionType)]
    for value in list(namespace.values()):
        if isinstance(value, type) and value.__module__ == "__main__":
            functions += [part for part in vars(value).values() if hasattr(part, "__code__")]
    functions = [getattr(function, "__wrapped__", function) for function in functions]
    return set().union(*(names_in(function.__code__, READS) for function in functions))


@contextlib.contextmanager
def bound(namespace, values):
    """Bind names in a namespace, and put back what was there."""
    before = dict(namespace)
    namespace.update(values)
    try:
        yield
    finally:
        namespace.clear()
        namespace.update(before)


def names_of_probes(probes):
    """Builtins that probes read, and names that they bind."""
    names = set()
    for probe in probes:
        code = compile(probe, "<probe>", "exec")
        names |= names_in(code, READS) & vars(builtins).keys() | names_in(code, STORES)
    return names


@pytest.mark.parametrize("lesson", LESSONS)
def test_no_name_that_a_student_binds_stands_in_a_probes_way(bench, lesson):
    from torch import __all__ as torch_names

    kept, namespace = bench(lesson), {"__name__": "__main__"}
    with movielens(kept.visible):
        for check, cells in kept.parts.items():
            run_cells(cells, namespace)
            listener = Listener(namespace)
            registered(check)(listener, kept.data)
            names = names_of_probes(listener.probes)
            assert names, "this check asks no probe: leave it out"
            assert not {name for name in STEPS.get(check, ()) if listener.answers[name] is None}
            reads = own_reads(namespace)
            hidden = {
                name: ()
                for name in names | set(torch_names)
                if name not in reads and (name in vars(builtins) or name not in namespace)
            }
            with bound(namespace, hidden):
                assert verdict(check, namespace, kept.data) is None


STARS = ("from numpy import *", "from pylab import *")


@pytest.mark.parametrize("star", STARS)
@pytest.mark.parametrize("lesson", ["svd", "mf", pytest.param("vae", marks=pytest.mark.accuracy)])
def test_everything_of_a_library_may_be_imported_on_top(bench, lesson, star):
    kept, namespace = bench(lesson), {"__name__": "__main__"}
    with movielens(kept.visible):
        run_cells([("", star)], namespace)
        for check, cells in kept.parts.items():
            assert run_leniently(cells, namespace) == []  # NumPy may warn of a tensor
            assert verdict(check, namespace, kept.data) is None
