"""Wardens that die are followed by others, on the same clocks, and say nothing in the terminal."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from autograder.grading import engine, warden
from autograder.grading.outcomes import KILLED, PASSED, TIMEOUT
from autograder.grading.plan import STUDENT, Exercise, PlannedCell
from autograder.sandbox.kernel import Ran
from autograder.sandbox.limits import Limits

ENDS = {"dies": lambda: os._exit(1), "runs_out_of_memory": lambda: [0] * 2**60}
ENDS["breaks"] = lambda: {}["nothing of a kernel's"]
ENDS["shouts"] = lambda: (os.write(2, b"Traceback"), os._exit(1))
SECONDS = 1.0


class FakeKernel:
    """Runs nothing; a cell that is called like one of `ENDS` ends its warden after a second."""

    def run(self, source, seconds):
        if source in ENDS:
            time.sleep(min(SECONDS, seconds))
            ENDS[source]()
        return Ran()

    def ask(self, expression, seconds, inputs=()):
        return "marked", []

    def close(self):
        pass


def work(job, connection):
    """A warden's life with such kernels, and with checks that are content."""
    warden.open_kernel = lambda *arguments: FakeKernel()
    warden.judge = lambda data, check, student: None
    warden.work(job, connection)


def graded(*cells, notebook_seconds=60):
    """The verdicts on a lesson that has one cell an exercise."""
    exercises = tuple(
        Exercise(name, 1.0, (PlannedCell(f"blank-{name}", STUDENT, cell, "pass"),))
        for name, cell in zip("abcdef", cells, strict=False)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "work", work)
        patch.setattr(engine, "plan", lambda notebook, master: exercises)
        ground = SimpleNamespace(data=None, files={})
        limits = Limits(notebook_seconds=notebook_seconds, cell_seconds=notebook_seconds)
        return engine.grade(None, None, ground, limits).verdicts


@pytest.mark.parametrize("end", ENDS)
def test_a_warden_that_ends_costs_the_points_of_its_own_exercise(end):
    verdicts = graded("pass", end, "pass")
    assert [verdict.outcome for verdict in verdicts] == [PASSED, KILLED, PASSED]
    assert verdicts[1].message.endswith("used more of the grader's room than it may.")


def test_a_warden_that_dies_gives_the_next_one_no_new_clock():
    verdicts = graded(*["dies"] * 5, "pass", notebook_seconds=2.5 * SECONDS)
    outcomes = [verdict.outcome for verdict in verdicts]
    assert outcomes[0] == KILLED
    assert set(outcomes[3:]) == {TIMEOUT}


def test_in_a_kernel_with_the_reference_the_end_of_a_warden_reads_as_that_of_a_kernel():
    assert "grader" not in graded("dies", "dies")[1].message


def test_an_error_of_the_graders_own_is_one_line_of_its_log(caplog):
    graded("pass", "breaks")
    [line] = caplog.messages
    assert line.startswith("The grader broke in b: KeyError at test_grading_engine.py:")


def test_nothing_of_a_warden_reaches_the_terminal():
    script = "from test_grading_engine import graded; print(graded('shouts')[0].outcome)"
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    ran = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (ran.stdout.strip(), ran.stderr) == (KILLED, "")
