"""Run one submission exercise by exercise, judge each, and carry on where one fails.

This is what a warden does. It is written against a kernel that can be opened, run and asked, and against
a judge, so that the rules of carrying on stand here alone:

- A check passes on the student's own cells, or not at all; what was given is never taken back.
- After a plain failure the reference of that exercise runs over the student's cells.
- Where something that stood before has changed, or the kernel is gone, a fresh kernel replays what stood
  before (the student's cells where they passed, the reference where not).
- From then on the kernel holds the reference, and nothing of it but verdicts may get out.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from autograder.checks.student import FILL
from autograder.errors import CheckFailed, CourseError, GradingError
from autograder.grading.outcomes import (
    ERROR,
    FAILED,
    KILLED,
    NOT_RUN,
    PASSED,
    SENTENCES,
    TIMEOUT,
    UNJUDGED,
    Verdict,
    error_sentence,
    lacking_sentence,
    place_of,
    place_seen,
)
from autograder.grading.plan import GIVEN
from autograder.grading.student import DESK, SandboxedStudent
from autograder.sandbox.kernel import KernelGone

log = logging.getLogger(__name__)

MARK = f"{DESK}.mark()"
ENDED = {TIMEOUT, KILLED, NOT_RUN}
"""Outcomes after which there is no kernel."""


OWN, REPLAYS, REFERENCES = "own", "replays", "references"
"""Clocks: for the student's cells and their checks, for replays of his, and for replays without a cell of his.

The last one is its own because what he did to the time of replays is no excuse for the reference.
"""
STARS = ("SyntaxError", "an error")
"""What an untouched blank raises, or may have raised where that is not told."""
OUT_OF_TIME = "the time limit of the notebook was reached"
SOMETHING = "of what it is given"
"""What a kernel used too much of, where that is not known or not told."""


def full_clocks(limits) -> dict[str, float]:
    """Seconds that are left of each clock before anything has run."""
    return dict.fromkeys((OWN, REPLAYS, REFERENCES), limits.notebook_seconds)


@dataclass
class Submission:
    """The run of one submission.

    Parameters
    ----------
    exercises : tuple of Exercise.
    open_kernel : function without arguments that starts a Kernel.
    judge : function (check, student) that returns a bonus or None, or raises CheckFailed.
    limits : Limits.
    report : function that takes each Verdict as soon as it is made.
    show : function (cell id, outputs) that takes what a student's cells put out, the reference's never.
    carries_on : whether the reference stands in for what failed.
    done : verdicts of a run that was cut off, which this one goes on from.
    left : the seconds that it left of each clock; full ones where it is None.
    tick : function (name of a clock, seconds left of each) that is told before time is charged to it.
    importable : names of the modules that a kernel has besides Python's own; None where that is not known.
    """

    exercises: tuple
    open_kernel: object
    judge: object
    limits: object
    report: object
    show: object = lambda cell, outputs: None
    carries_on: bool = True
    done: tuple = ()
    left: dict[str, float] | None = None
    tick: Callable[[str, dict[str, float]], None] = lambda name, left: None
    importable: frozenset[str] | None = None
    kernel: object = None
    has_reference: bool = False
    passed: list = field(default_factory=list)

    def run(self):
        """Run what is left to run, reporting a verdict for every exercise."""
        self.left = dict(self.left or full_clocks(self.limits))
        self.has_ended = any(verdict.outcome in ENDED for verdict in self.done)
        self.passed = [verdict.has_passed for verdict in self.done]
        try:
            for number in range(len(self.passed), len(self.exercises)):
                verdict = self._grade(number)
                self.passed.append(verdict.has_passed)
                self.report(verdict)
                if not verdict.has_passed and self.carries_on:
                    self._carry_on(number)
        finally:
            self._close()

    # --- One exercise ----------------------------------------------------------------------------

    def _grade(self, number):
        exercise, start = self.exercises[number], time.monotonic()
        common = {"check": exercise.check, "max_points": exercise.max_points, "points": 0.0}
        common["carried_on"] = self.carries_on and not all(self.passed)
        place = None
        if self.has_ended and not self.carries_on:
            return Verdict(**common, outcome=NOT_RUN, message=SENTENCES[NOT_RUN])
        try:
            self._make_ready(number)
            place = self._run_cells(exercise)
            bonus = self._judged(exercise.check)
            points = exercise.max_points
            result = {"outcome": PASSED, "points": points, "bonus": bonus}
        except CheckFailed as failure:
            result = {"outcome": FAILED, "message": str(failure)}
        except KernelGone as end:
            self._close()
            self.has_ended = True
            what = SOMETHING if self.has_reference else end.what or SOMETHING
            result = {"outcome": end.ending, "message": SENTENCES[end.ending].format(what=what)}
        if result["outcome"] == FAILED and place is not None:
            own = [cell for cell in exercise.cells if cell.kind != GIVEN]
            lacking = lacking_sentence(place, own, self.importable)
            said = result["message"]
            if (
                place.error not in STARS
            ):  # the blanks are filled: what is missing is what the cell did not get to
                said = said.replace(FILL, ".")
            message = f"{error_sentence(place)}{lacking} {said}"
            result = {"outcome": ERROR, "message": message, "place": place}
        return Verdict(**{**common, **result, "seconds": round(time.monotonic() - start, 3)})

    def _make_ready(self, number):
        """See to a live kernel; one that died after its last check has passed is no fault of this one."""
        if self.left[OWN] <= 0:
            raise KernelGone(TIMEOUT, OUT_OF_TIME)
        if self.kernel is not None:
            try:
                self._ask(MARK)
                return
            except KernelGone:
                if not self.carries_on:
                    raise
                self._close()
        self._reopen(number)
        self._ask(MARK)

    def _run_cells(self, exercise):
        """Run a student's cells; returns where the first of his own raised, or None."""
        place = None
        own = [cell for cell in exercise.cells if cell.kind != GIVEN]
        for cell in exercise.cells:
            ran = self._run(cell.source, OWN)
            if not self.has_reference:
                self.show(cell.id, ran.outputs)
            if ran.error is not None and place is None and cell.kind != GIVEN:
                place = place_seen(own) if self.has_reference else place_of(cell, ran, len(own))
        return place

    def _judged(self, check):
        try:
            with self._charged(OWN) as seconds:
                student = SandboxedStudent(self.kernel, seconds, is_told=not self.has_reference)
                return self.judge(check, student)
        except (CheckFailed, KernelGone, CourseError, MemoryError):
            raise
        except Exception as problem:  # the judge met a value that nobody thought of: no credit
            log.exception("The check %s broke", check)
            raise CheckFailed(UNJUDGED) from problem

    # --- Carrying on -----------------------------------------------------------------------------

    def _carry_on(self, number):
        if number + 1 == len(self.exercises) or self.kernel is None:
            return
        try:
            rebound = sorted(self.exercises[number].rebound)
            has_changed = self._ask(f"{DESK}.has_changed({rebound!r})") != "no"
            if not has_changed and self._stand_in(number):
                return
        except KernelGone as end:
            log.info("While carrying on: %s", end)
        self._close()

    def _stand_in(self, number, clock=REPLAYS):
        """Run the reference of an exercise; whether nothing of it raised."""
        self.has_reference = True
        return all(
            self._run(cell.reference, clock).error is None
            for cell in self.exercises[number].references
        )

    def _reopen(self, number):
        """A fresh kernel in the state before an exercise.

        The student's cells stand where they passed; where those end the kernel, or the reference does
        not run behind them, the reference stands alone, and has a second try.
        """
        if not self.carries_on and number:
            return self._replay((True,) * number)
        own, reference = tuple(self.passed[:number]), (False,) * number
        tries = (reference, reference) if own == reference else (own, reference, reference)
        for passed in tries:
            try:
                return self._replay(passed)
            except KernelGone as end:
                log.info("While replaying: %s", end)
                self._close()
                reason = str(end)
        raise GradingError(
            f"The reference did not run up to {self.exercises[number].check} ({reason}): look at the limits "
            "on time and memory, and try `autograder doctor`."
        )

    def _replay(self, passed):
        self.kernel = self.open_kernel()
        self.has_reference = not all(passed)
        clock = REPLAYS if any(passed) else REFERENCES
        for number, has_passed in enumerate(passed):
            if has_passed:
                for cell in self.exercises[number].cells:
                    self._run(cell.source, clock)
            elif not self._stand_in(number, clock):
                raise KernelGone(KILLED, "the reference raised")

    # --- The kernel ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _charged(self, clock) -> Iterator[Callable[[], float]]:
        """Charge a clock with what the block takes: a cell, or all that a check asks.

        Yields a function that gives the seconds left for it, and raises KernelGone once there are none.
        """
        left, start = self.left[clock], time.monotonic()
        if left <= 0:
            raise KernelGone(TIMEOUT, OUT_OF_TIME)
        end = start + min(self.limits.cell_seconds, left)
        self.tick(clock, dict(self.left))

        def seconds() -> float:
            if (remaining := end - time.monotonic()) <= 0:
                raise KernelGone(TIMEOUT, "the time limit was reached")
            return remaining

        try:
            yield seconds
        finally:
            self.left[clock] = left - (time.monotonic() - start)

    def _run(self, source, clock):
        with self._charged(clock) as seconds:
            return self.kernel.run(source, seconds())

    def _ask(self, question):
        with self._charged(OWN) as seconds:
            return self.kernel.ask(question, seconds())[0]

    def _close(self):
        if self.kernel is not None:
            self.kernel.close()
        self.kernel = None
