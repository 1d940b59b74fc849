"""Run one submission exercise by exercise, judge each, and carry on where one fails.

This is what a warden does. It is written against a kernel that can be opened, run and asked, and against
a judge, so that the rules of carrying on stand here alone:

- A check passes on the student's own cells, or not at all; what was given is never taken back.
- After a plain failure the reference of that exercise runs over the student's cells.
- Where something that stood before has changed, or the kernel is gone, a fresh kernel replays what stood
  before (the student's cells where they passed, the reference where not).
- From then on the kernel holds the reference, and nothing of it but verdicts may get out.
"""

import logging
import time
from dataclasses import dataclass, field

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
    place_of,
)
from autograder.grading.plan import GIVEN
from autograder.grading.student import DESK, SandboxedStudent
from autograder.sandbox.kernel import KernelGone

log = logging.getLogger(__name__)

MARK = f"{DESK}.mark()"
ENDED = {TIMEOUT, KILLED, NOT_RUN}
"""Outcomes after which there is no kernel."""


class Clock:
    """Seconds that are left for a cell, of a budget for all cells.

    Parameters
    ----------
    cell_seconds, budget : seconds.
    """

    def __init__(self, cell_seconds, budget):
        self.cell_seconds, self.left = cell_seconds, budget

    def seconds(self):
        """What the next cell may take."""
        if self.left <= 0:
            raise KernelGone(TIMEOUT, "the time limit of the notebook was reached")
        return min(self.cell_seconds, self.left)


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
    """

    exercises: tuple
    open_kernel: object
    judge: object
    limits: object
    report: object
    show: object = lambda cell, outputs: None
    carries_on: bool = True
    done: tuple = ()
    kernel: object = None
    has_reference: bool = False
    passed: list = field(default_factory=list)

    def run(self):
        """Run what is left to run, reporting a verdict for every exercise."""
        self.clock = Clock(self.limits.cell_seconds, self.limits.notebook_seconds)
        self.replays = Clock(self.limits.cell_seconds, self.limits.notebook_seconds)
        # Kernels without a cell of the student's: what he did to the time of replays is no excuse here.
        self.references = Clock(self.limits.cell_seconds, self.limits.notebook_seconds)
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
            student = SandboxedStudent(
                self.kernel, self.clock.seconds, is_told=not self.has_reference
            )
            bonus = self._judged(exercise.check, student)
            points = exercise.max_points
            result = {"outcome": PASSED, "points": points, "bonus": bonus}
        except CheckFailed as failure:
            result = {"outcome": FAILED, "message": str(failure)}
        except KernelGone as end:
            self._close()
            self.has_ended = True
            what = end.what or "of what it is given"
            result = {"outcome": end.ending, "message": SENTENCES[end.ending].format(what=what)}
        if result["outcome"] == FAILED and place is not None:
            message = f"{error_sentence(place)} {result['message']}"
            result = {"outcome": ERROR, "message": message, "place": place}
        return Verdict(**{**common, **result, "seconds": round(time.monotonic() - start, 3)})

    def _make_ready(self, number):
        """See to a live kernel; one that died after its last check has passed is no fault of this one."""
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
        for cell in exercise.cells:
            ran = self._run(cell.source, self.clock)
            if not self.has_reference:
                self.show(cell.id, ran.outputs)
            if ran.error is not None and place is None and cell.kind != GIVEN:
                place = place_of(cell, ran, is_told=not self.has_reference)
        return place

    def _judged(self, check, student):
        start = time.monotonic()
        try:
            return self.judge(check, student)
        except (CheckFailed, KernelGone, CourseError):
            raise
        except Exception as problem:  # the judge met a value that nobody thought of: no credit
            log.exception("The check %s broke", check)
            raise CheckFailed(UNJUDGED) from problem
        finally:
            self.clock.left -= time.monotonic() - start

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

    def _stand_in(self, number, clock=None):
        """Run the reference of an exercise; whether nothing of it raised."""
        self.has_reference = True
        return all(
            self._run(cell.reference, clock or self.replays).error is None
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
        clock = self.replays if any(passed) else self.references
        for number, has_passed in enumerate(passed):
            if has_passed:
                for cell in self.exercises[number].cells:
                    self._run(cell.source, clock)
            elif not self._stand_in(number, clock):
                raise KernelGone(KILLED, "the reference raised")

    # --- The kernel ------------------------------------------------------------------------------

    def _run(self, source, clock):
        start = time.monotonic()
        try:
            return self.kernel.run(source, clock.seconds())
        finally:
            clock.left -= time.monotonic() - start

    def _ask(self, question):
        start = time.monotonic()
        try:
            return self.kernel.ask(question, self.clock.seconds())[0]
        finally:
            self.clock.left -= time.monotonic() - start

    def _close(self):
        if self.kernel is not None:
            self.kernel.close()
        self.kernel = None
