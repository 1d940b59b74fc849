"""The rules of carrying on, on a kernel that is a plain namespace and a clock that is a number."""

import sys
import traceback
import types
from dataclasses import dataclass, field

import pytest

from autograder.checks import probe, values
from autograder.errors import CheckFailed, CourseError, GradingError
from autograder.grading import run
from autograder.grading.outcomes import (
    ERROR,
    FAILED,
    KILLED,
    NOT_RUN,
    PASSED,
    SENTENCES,
    TIMEOUT,
    UNJUDGED,
    Place,
    Verdict,
)
from autograder.grading.plan import EXTRA, GIVEN, STUDENT, Exercise, PlannedCell
from autograder.grading.run import Submission
from autograder.sandbox.desk import Desk
from autograder.sandbox.kernel import KernelGone, Ran
from autograder.sandbox.limits import Limits

LIMITS = Limits(cell_seconds=50, notebook_seconds=100)

# A lesson: `table` is given, and each blank builds on the one before.
SOLVED = {"a": "a = len(table)", "b": "b = a + 1", "c": "c = b + len(table)"}
RIGHT = {"a": 3, "b": 4, "c": 7}


def judge(check, student):
    if student[check] != RIGHT[check]:
        raise CheckFailed(f"{check} is wrong.")


class FakeClock:
    """Stands for the module `time`; only `spend` lets time pass."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now


class FakeKernel:
    """A namespace with the desk in it. Cells may call `spend(seconds)`, `hang()`, `die()` and `put(text)`."""

    def __init__(self, room):
        self.room, self.ran, self.is_closed = room, [], False
        self.outputs = []
        self.namespace = {
            **{"spend": self._spend, "hang": lambda: self._spend(10**9)},
            **{"die": self._die, "put": self.outputs.append, "opened": len(room.kernels) + 1},
        }
        self.desk = Desk(self.namespace, values, probe)

    def run(self, source, seconds):
        assert not self.is_closed
        self.ran.append(source)
        self.outputs.clear()
        self.end = self.room.clock.now + seconds
        try:
            exec(compile(source, "<cell>", "exec"), self.namespace)  # noqa: S102
        except KernelGone:
            raise
        except Exception as error:  # noqa: BLE001  as a kernel does
            frames = traceback.extract_tb(error.__traceback__)
            line = [frame.lineno for frame in frames if frame.filename == "<cell>"]
            line = line[-1] if line else getattr(error, "lineno", None)
            return Ran(type(error).__name__, line, tuple(self.outputs))
        return Ran(outputs=tuple(self.outputs))

    def ask(self, expression, seconds, inputs=()):
        assert not self.is_closed
        self.desk.inputs = inputs
        self.end = self.room.clock.now + seconds
        sys.modules["desk"] = types.SimpleNamespace(desk=self.desk)
        try:
            answer = eval(expression, {})  # noqa: S307
            return answer.text, answer.values
        finally:
            del sys.modules["desk"]

    def close(self):
        self.is_closed = True

    def _spend(self, seconds):
        self.room.clock.now = min(self.room.clock.now + seconds, self.end)
        if self.room.clock.now >= self.end:
            raise KernelGone(TIMEOUT, "the time limit was reached")

    def _die(self):
        raise KernelGone(KILLED, "the kernel died")


@dataclass
class Room:
    """What a run did: kernels that it opened, verdicts that it reported, outputs that it showed."""

    clock: FakeClock
    kernels: list = field(default_factory=list)
    verdicts: list = field(default_factory=list)
    shown: dict = field(default_factory=dict)

    def open_kernel(self):
        self.kernels.append(FakeKernel(self))
        return self.kernels[-1]

    @property
    def outcomes(self):
        return [verdict.outcome for verdict in self.verdicts]

    @property
    def points(self):
        return [verdict.points for verdict in self.verdicts]


def lesson(fills=(), before=None):
    """Three exercises of 2 points with some blanks filled otherwise, and cells that a student put before."""
    exercises = []
    for name, reference in SOLVED.items():
        given = [PlannedCell("given", GIVEN, "table = [1, 2, 3]", "table = [1, 2, 3]")]
        cells = given if name == "a" else []
        if name in (before or {}):
            cells.append(PlannedCell(f"extra-{name}", EXTRA, before[name], ""))
        source = dict(fills).get(name, reference)
        cells.append(PlannedCell(f"blank-{name}", STUDENT, source, reference))
        exercises.append(Exercise(name, 2.0, tuple(cells)))
    return tuple(exercises)


@pytest.fixture
def grade(monkeypatch):
    """A function that runs a lesson (see there) and returns the Room."""

    def graded(fills=(), before=None, judge=judge, limits=LIMITS, exercises=None, **options):
        room = Room(FakeClock())
        monkeypatch.setattr(run, "time", room.clock)
        room.submission = Submission(
            exercises or lesson(fills, before),
            room.open_kernel,
            judge,
            limits,
            room.verdicts.append,
            lambda cell, outputs: room.shown.update({cell: outputs}),
            **options,
        )
        room.submission.run()
        assert all(kernel.is_closed for kernel in room.kernels)
        return room

    return graded


# --- What earns points -----------------------------------------------------------------------------


def test_right_cells_run_once_in_one_kernel_and_earn_all_points(grade):
    room = grade()
    assert room.points == [2.0, 2.0, 2.0]
    assert room.outcomes == [PASSED] * 3
    assert not any(verdict.carried_on for verdict in room.verdicts)
    [kernel] = room.kernels
    assert kernel.ran == ["table = [1, 2, 3]", *SOLVED.values()]


def test_the_bonus_is_what_the_check_returns(grade):
    room = grade(judge=lambda check, student: 1.5 if check == "c" else None)
    assert [verdict.bonus for verdict in room.verdicts] == [None, None, 1.5]


def test_a_check_judges_the_cells_of_the_student_and_never_those_of_the_reference(grade):
    room = grade({"b": "pass"})
    assert room.points == [2.0, 0.0, 2.0]
    assert room.verdicts[1].outcome == FAILED


def test_a_check_that_breaks_gives_no_credit_and_ends_nothing(grade):
    def broken(check, student):
        if check == "b":
            raise ZeroDivisionError("a value that nobody thought of: 3.14159")
        return judge(check, student)

    room = grade(judge=broken)
    assert room.points == [2.0, 0.0, 2.0]
    assert (room.verdicts[1].outcome, room.verdicts[1].message) == (FAILED, UNJUDGED)


def test_memory_that_a_judge_has_not_is_no_verdict_of_a_check(grade):
    def greedy(check, student):
        raise MemoryError

    with pytest.raises(MemoryError):  # the end of its warden; what becomes of it is the engine's
        grade(judge=greedy)


def test_a_fault_of_the_course_is_raised_and_no_verdict(grade):
    def faulty(check, student):
        raise CourseError("There is no hidden check a.")

    with pytest.raises(CourseError, match="There is no hidden check a"):
        grade(judge=faulty)


def test_each_verdict_is_reported_once_and_before_the_next_exercise_runs(grade):
    seen = []

    def watching(check, student):
        seen.append((check, len(room_of["verdicts"])))
        return judge(check, student)

    room_of = {"verdicts": []}
    exercises = lesson({"b": "die()"})
    room = Room(FakeClock())
    room_of["verdicts"] = room.verdicts
    Submission(exercises, room.open_kernel, watching, LIMITS, room.verdicts.append).run()
    assert [verdict.check for verdict in room.verdicts] == ["a", "b", "c"]
    assert seen == [("a", 0), ("c", 2)]


def test_points_are_not_revised_by_what_a_later_exercise_or_a_replay_does(grade):
    room = grade({"a": "a = 3 if opened == 1 else 99", "b": "a = table = None\ndie()"})
    assert room.outcomes == [PASSED, KILLED, FAILED]
    assert room.points == [2.0, 0.0, 0.0]


# --- Carrying on in the same kernel ----------------------------------------------------------------


def test_after_a_plain_failure_the_reference_runs_over_the_students_cells(grade):
    room = grade({"b": "b = -1\nmine = 7"})
    [kernel] = room.kernels
    assert kernel.ran[-3:] == ["b = -1\nmine = 7", SOLVED["b"], SOLVED["c"]]
    assert kernel.namespace["mine"] == 7
    assert room.points == [2.0, 0.0, 2.0]


def test_what_follows_a_failure_is_flagged_as_carried_on(grade):
    room = grade({"a": "a = 0"})
    assert [verdict.carried_on for verdict in room.verdicts] == [False, True, True]


def test_an_exercise_that_fails_after_another_is_judged_on_its_own(grade):
    room = grade({"a": "a = 0", "c": "c = 0"})
    assert room.outcomes == [FAILED, PASSED, FAILED]


def test_added_cells_have_no_reference(grade):
    room = grade({"b": "b = 0"}, before={"b": "helper = 1"})
    assert room.kernels[0].ran.count("helper = 1") == 1
    assert "" not in room.kernels[0].ran


def test_given_cells_of_a_failed_exercise_run_again(grade):
    room = grade({"a": "a = 0"})
    assert room.kernels[0].ran == [
        *("table = [1, 2, 3]", "a = 0"),
        *("table = [1, 2, 3]", SOLVED["a"]),
        *(SOLVED["b"], SOLVED["c"]),
    ]


def test_nothing_runs_after_the_last_exercise(grade):
    room = grade({"c": "c = 0"})
    [kernel] = room.kernels
    assert kernel.ran[-1] == "c = 0"


# --- Carrying on in a fresh kernel -----------------------------------------------------------------


def test_where_something_given_has_changed_a_fresh_kernel_replays(grade):
    room = grade({"a": "a = sum(table) // 2", "b": "b = 0\ntable.append(4)"})
    assert room.points == [2.0, 0.0, 2.0]
    first, second = room.kernels
    assert first.ran[-1] == "b = 0\ntable.append(4)"
    # the student's own cell where it passed, the reference where not
    assert second.ran == ["table = [1, 2, 3]", "a = sum(table) // 2", SOLVED["b"], SOLVED["c"]]


def test_a_change_where_the_check_passes_is_the_students_own_affair(grade):
    room = grade({"b": "b = 4\ntable.append(4)"})
    assert room.outcomes == [PASSED, PASSED, FAILED]
    assert len(room.kernels) == 1


def test_a_change_of_what_the_reference_binds_anew_needs_no_fresh_kernel(grade):
    room = grade({"b": "b = 5"}, before={"a": "b = 0"})
    assert room.points == [2.0, 0.0, 2.0]
    assert len(room.kernels) == 1


def test_a_name_that_was_removed_is_a_change(grade):
    room = grade({"b": "del table"})
    assert room.points == [2.0, 0.0, 2.0]
    assert len(room.kernels) == 2


def test_where_the_reference_raises_in_the_students_kernel_a_fresh_one_replays(grade):
    poisoned = "class Odd(int):\n    def __add__(self, other):\n        raise OSError\na = Odd(3)"
    room = grade({"a": "a = 3", "b": poisoned})
    assert room.points == [2.0, 0.0, 2.0]
    assert len(room.kernels) == 2


@pytest.mark.parametrize(
    ("cell", "outcome"), [("hang()", TIMEOUT), ("die()", KILLED)], ids=["timeout", "death"]
)
@pytest.mark.parametrize("check", SOLVED)
def test_a_timeout_or_a_death_costs_the_points_of_its_own_exercise(grade, check, cell, outcome):
    room = grade({check: cell})
    expected = dict.fromkeys(SOLVED, PASSED) | {check: outcome}
    assert room.outcomes == list(expected.values())
    assert room.points == [0.0 if name == check else 2.0 for name in SOLVED]
    verdict = next(each for each in room.verdicts if each.check == check)
    assert verdict.message == SENTENCES[outcome].format(what="of what it is given")
    assert len(room.kernels) == (1 if check == "c" else 2)


def test_what_was_used_too_much_is_named(grade):
    def greedy(check, student):
        raise KernelGone(KILLED, "the limit on memory was reached", "memory")

    room = grade(judge=greedy)
    assert room.outcomes == [KILLED] * 3
    assert "used more memory than it may" in room.verdicts[0].message


@pytest.mark.parametrize(("carries_on", "second"), [(True, PASSED), (False, KILLED)])
def test_a_kernel_that_dies_behind_a_passed_check_costs_the_next_one_nothing(
    grade, carries_on, second
):
    def dead(expression, seconds):
        raise KernelGone(KILLED, "the kernel died")

    def judge_and_die(check, student):
        judge(check, student)
        if check == "a":
            student._kernel.ask = dead

    room = grade(judge=judge_and_die, carries_on=carries_on)
    assert room.outcomes[:2] == [PASSED, second]
    assert not room.verdicts[1].carried_on


def test_a_kernel_that_ends_while_the_check_asks_is_that_exercises_own(grade):
    def asking(check, student):
        if check == "b":
            raise KernelGone(TIMEOUT, "the time limit was reached")
        return judge(check, student)

    room = grade(judge=asking)
    assert room.outcomes == [PASSED, TIMEOUT, PASSED]
    assert room.kernels[1].ran == ["table = [1, 2, 3]", SOLVED["a"], SOLVED["b"], SOLVED["c"]]


def test_every_exercise_may_end_its_kernel(grade):
    room = grade({"a": "die()", "b": "hang()", "c": "die()"})
    assert room.outcomes == [KILLED, TIMEOUT, KILLED]
    assert [verdict.carried_on for verdict in room.verdicts] == [False, True, True]


def test_a_replay_that_ends_its_kernel_falls_back_to_the_reference_alone(grade):
    room = grade({"a": "a = 3\nif opened == 2:\n    die()", "b": "die()"})
    assert room.points == [2.0, 0.0, 2.0]
    *_, last = room.kernels
    assert len(room.kernels) == 3
    assert last.ran == ["table = [1, 2, 3]", *SOLVED.values()]


def test_where_the_reference_raises_on_what_a_student_passed_it_runs_alone(grade):
    odd = "class Odd(int):\n    def __add__(self, other):\n        raise OSError\na = Odd(3)"

    def lenient(check, student):
        return None if check == "a" else judge(check, student)

    room = grade({"a": odd}, judge=lenient)
    assert room.points == [2.0, 0.0, 2.0]
    assert room.kernels[-1].ran == ["table = [1, 2, 3]", *SOLVED.values()]


def test_a_reference_that_does_not_run_is_the_graders_fault(grade):
    with pytest.raises(GradingError, match="The reference did not run up to b"):
        grade(
            exercises=(
                Exercise("a", 2.0, (PlannedCell("blank-a", STUDENT, "die()", "die()"),)),
                *lesson()[1:],
            )
        )


def test_a_kernel_that_starts_at_the_second_try_grades_as_ever():
    room, starts = Room(FakeClock()), iter([False, True])

    def hesitate():
        if next(starts):
            return room.open_kernel()
        raise KernelGone(TIMEOUT, "the time limit was reached")

    Submission(lesson(), hesitate, judge, LIMITS, room.verdicts.append).run()
    assert room.points == [2.0, 2.0, 2.0]
    assert not any(verdict.carried_on for verdict in room.verdicts)


@pytest.mark.parametrize("carries_on", [True, False])
def test_a_kernel_that_does_not_start_is_the_graders_fault(carries_on):
    def refuse():
        raise KernelGone(TIMEOUT, "the time limit was reached")

    verdicts = []
    submission = Submission(lesson(), refuse, judge, LIMITS, verdicts.append, carries_on=carries_on)
    with pytest.raises(GradingError, match="time limit was reached.*try `autograder doctor`"):
        submission.run()
    assert verdicts == []


# --- Time ------------------------------------------------------------------------------------------


def test_a_cell_may_take_its_own_limit_and_no_more(grade):
    assert grade({"b": "spend(49)\nb = 4"}).outcomes == [PASSED] * 3
    assert grade({"b": "spend(51)\nb = 4"}).outcomes == [PASSED, TIMEOUT, PASSED]


def test_all_cells_together_may_take_the_limit_of_the_notebook(grade):
    slow = {name: f"spend(40)\n{source}" for name, source in SOLVED.items()}
    room = grade(slow)
    assert room.outcomes == [PASSED, PASSED, TIMEOUT]
    assert [verdict.seconds for verdict in room.verdicts] == [40.0, 40.0, 20.0]


def test_once_the_time_of_the_notebook_is_spent_no_cell_of_the_student_runs(grade):
    spent = {"a": "spend(49)\na = 3", "b": "spend(49)\nspend(49)"}
    room = grade(spent, limits=Limits(cell_seconds=50, notebook_seconds=90))
    assert room.outcomes == [PASSED, TIMEOUT, TIMEOUT]
    assert sum(kernel.ran.count(SOLVED["c"]) for kernel in room.kernels) == 0


def test_what_the_check_takes_counts_for_the_notebook(grade):
    def slow(check, student):
        run.time.now += 40
        return judge(check, student)

    assert grade(judge=slow).outcomes == [PASSED, PASSED, TIMEOUT]


def asking_slowly(seconds, questions):
    """A judge that asks so many questions, each of which takes so long."""

    def slow(check, student):
        for _ in range(questions):
            run.time.now += seconds
            student[check]
        return judge(check, student)

    return slow


def test_all_questions_of_a_check_share_the_time_of_one_cell(grade):
    assert grade(judge=asking_slowly(11, 4)).outcomes[0] == PASSED
    assert grade(judge=asking_slowly(11, 5)).outcomes[0] == TIMEOUT


def test_a_check_ends_with_the_time_of_the_notebook(grade):
    limits = Limits(cell_seconds=1000, notebook_seconds=100)
    room = grade(judge=asking_slowly(30, 10), limits=limits)
    assert room.outcomes == [TIMEOUT] * 3
    assert room.clock.now <= 120
    assert len(room.kernels) == 1


def test_clocks_go_on_where_an_earlier_run_left_them(grade):
    room = grade({"a": "spend(30)\na = 3"}, left={"own": 20, "replays": 100, "references": 100})
    assert room.outcomes == [TIMEOUT] * 3
    done = (verdict("a", PASSED),)
    room = grade(
        {"a": "spend(30)\na = 3"}, left={"own": 100, "replays": 20, "references": 100}, done=done
    )
    assert room.outcomes == [PASSED, PASSED]
    assert room.kernels[-1].ran[1] == SOLVED["a"]  # the student's own took too long


def test_every_clock_is_told_when_it_starts(grade):
    seen = []
    grade({"a": "spend(30)\na = 3", "b": "die()"}, tick=lambda *now: seen.append(now))
    assert {name for name, _ in seen} == {"own", "replays"}
    assert seen[0] == ("own", {"own": 100, "replays": 100, "references": 100})
    assert seen[-1][1]["own"] == 70


def test_what_a_replay_takes_does_not_count_for_the_student(grade):
    room = grade({"a": "spend(45)\na = 3", "b": "die()", "c": "spend(45)\nc = 7"})
    assert room.outcomes == [PASSED, KILLED, PASSED]


def test_a_student_who_spends_the_time_of_replays_leaves_that_of_the_reference(grade):
    exercises = []
    for name in "abcde":
        source = f"spend(19)\n{name} = 1" if name in "ab" else "die()"
        cell = PlannedCell(f"blank-{name}", STUDENT, source, f"{name} = 1")
        exercises.append(Exercise(name, 2.0, (cell,)))
    room = grade(
        exercises=tuple(exercises),
        judge=lambda check, student: None,
        limits=Limits(cell_seconds=20, notebook_seconds=50),
    )
    assert room.outcomes == [PASSED, PASSED, KILLED, KILLED, KILLED]
    assert room.kernels[-1].ran == [*(f"{name} = 1" for name in "abcd"), "die()"]


def test_the_seconds_of_a_verdict_are_those_of_its_exercise(grade):
    room = grade({"a": "spend(3)\na = 3", "b": "spend(7)", "c": "hang()"})
    assert [verdict.seconds for verdict in room.verdicts] == [3.0, 7.0, 50.0]


# --- Errors ----------------------------------------------------------------------------------------


def test_an_error_is_told_with_class_cell_and_line(grade):
    room = grade({"b": "b = 0\n{}['secret']"})
    verdict = room.verdicts[1]
    assert verdict.outcome == ERROR
    assert verdict.place == Place("blank-b", 2, "KeyError")
    assert verdict.message == "A cell of this exercise raised `KeyError` in its line 2. b is wrong."


def test_a_syntax_error_is_an_error_like_another(grade):
    room = grade({"b": "b = = 4"})
    assert room.verdicts[1].place == Place("blank-b", 1, "SyntaxError")
    assert room.points == [2.0, 0.0, 2.0]


def test_an_error_of_a_class_that_the_student_made_is_not_named(grade):
    room = grade({"b": "class Secret42(Exception): pass\nraise Secret42"})
    assert room.verdicts[1].place == Place("blank-b", 2, "an error")
    assert "Secret42" not in room.verdicts[1].message


def test_the_first_error_of_an_exercise_is_told(grade):
    room = grade({"b": "int('x')"}, before={"b": "{}['x']"})
    assert room.verdicts[1].place == Place("extra-b", 1, "KeyError")


def test_an_error_of_a_given_cell_is_not_told_as_the_students(grade):
    exercises = list(lesson({"b": "b = 0"}))
    given = PlannedCell("plot", GIVEN, "plot(a)", "table")
    exercises[1] = Exercise("b", 2.0, (given, *exercises[1].cells))
    room = grade(exercises=tuple(exercises))
    assert (room.verdicts[1].outcome, room.verdicts[1].place) == (FAILED, None)


def test_an_error_does_not_cost_the_points_of_a_right_answer(grade):
    room = grade({"b": "b = 4\nb.shape"})
    assert room.outcomes == [PASSED] * 3
    assert room.verdicts[1].place is None


def test_the_cells_behind_one_that_raised_still_run(grade):
    assert grade(before={"b": "int('x')"}).outcomes == [PASSED] * 3


# --- Without carrying on ---------------------------------------------------------------------------


def test_without_carrying_on_a_failure_stands_and_no_reference_runs(grade):
    room = grade({"b": "b = 0"}, carries_on=False)
    assert room.outcomes == [PASSED, FAILED, FAILED]
    assert not any(verdict.carried_on for verdict in room.verdicts)
    assert room.kernels[0].ran == ["table = [1, 2, 3]", SOLVED["a"], "b = 0", SOLVED["c"]]


@pytest.mark.parametrize(("cell", "outcome"), [("hang()", TIMEOUT), ("die()", KILLED)])
def test_without_carrying_on_nothing_runs_after_the_kernel_has_ended(grade, cell, outcome):
    room = grade({"a": cell}, carries_on=False)
    assert room.outcomes == [outcome, NOT_RUN, NOT_RUN]
    assert room.verdicts[2].message == SENTENCES[NOT_RUN]
    assert len(room.kernels) == 1


# --- What gets out of a kernel ---------------------------------------------------------------------


def test_outputs_are_shown_until_the_reference_enters(grade):
    said = {name: f"put('{name}')\n{source}" for name, source in SOLVED.items()}
    assert grade(said).shown == {
        **{"given": (), "blank-a": ("a",)},
        **{"blank-b": ("b",), "blank-c": ("c",)},
    }
    assert grade(said | {"b": "put('b')"}).shown == {
        **{"given": (), "blank-a": ("a",), "blank-b": ("b",)},
    }


def test_a_replay_shows_nothing_twice_and_nothing_of_a_kernel_with_the_reference(grade):
    said = {"a": "put(opened)\na = 3", "b": "die()", "c": "put(b)\nc = 7"}
    assert grade(said).shown == {"given": (), "blank-a": (1,)}


def with_extras(sources, **fills):
    """The lesson with cells put before the blank of b."""
    first, second, *rest = lesson(fills)
    extras = [PlannedCell(f"extra-{n}", EXTRA, source, "") for n, source in enumerate(sources)]
    return (first, Exercise("b", 2.0, (*extras, *second.cells)), *rest)


def told(grade, sources, judge=judge, **fills):
    """What a student is told of b: outcome, sentence and place."""
    room = grade(exercises=with_extras(sources, **fills), judge=judge)
    verdict = room.verdicts[1]
    return verdict.outcome, verdict.message, verdict.place


RAISES = "raise KeyError"


def test_in_a_kernel_with_the_reference_the_place_is_not_told(grade):
    seen = set()
    for number in range(5):
        sources = [RAISES if n == number else "pass" for n in range(5)]
        seen.add(told(grade, sources, a="a = 0", b="b = 0"))
    seen.add(told(grade, ["pass"] * 5, a="a = 0", b="b = 0\nraise OSError"))
    [(outcome, message, place)] = seen
    assert (outcome, place) == (ERROR, Place(None, None, "an error"))
    assert message == "A cell of this exercise raised an error. b is wrong."


def test_where_only_one_cell_can_have_raised_it_is_named_but_no_line(grade):
    room = grade({"a": "a = 0", "b": "b = 0\n{}['x']"})
    assert room.verdicts[1].place == Place("blank-b", None, "an error")


@pytest.mark.parametrize("extra", ["pass", RAISES])
def test_a_syntax_error_is_told_as_the_grader_sees_it(grade, extra):
    outcome, _, place = told(grade, [extra, "x =", "y ="], a="a = 0", b="b = 0")
    assert (outcome, place) == (ERROR, Place("extra-1", 1, "SyntaxError"))


@pytest.mark.parametrize(("cell", "is_filled"), [("b = [].mean()", True), ("b = ****()", False)])
def test_only_of_open_blanks_it_is_said_that_they_should_be_filled(grade, cell, is_filled):
    def asking(check, student):
        if check == "b":
            raise CheckFailed(
                "`b` is not defined: fill the blanks and run the cells above in order."
            )
        return judge(check, student)

    _, message, _ = told(grade, [], judge=asking, b=cell)
    assert message.startswith("A cell of this exercise raised ")
    assert message.endswith("`b` is not defined.") == is_filled


def test_in_a_kernel_with_the_reference_no_name_is_told(grade):
    def asking(check, student):
        if check == "b":
            student["left"], student["right"]
        return judge(check, student)

    seen = {
        told(grade, [f"{made} = {value}"], judge=asking, a="a = 0")
        for made in ("left", "right", "other")
        for value in ("1", "open", "{1}")
    }
    missing = "Something that the check asks for is not defined: fill the blanks and run the cells above in order."
    unread = {message for _, message, _ in seen} - {missing}
    assert len(unread) == 1 and "left" not in unread.pop()


def test_in_a_kernel_with_the_reference_what_it_died_of_is_not_told(grade):
    def greedy(check, student):
        if check == "b":
            raise KernelGone(KILLED, "the limit on memory was reached", "memory")
        return judge(check, student)

    dies = told(grade, [], a="a = 0", b="die()")
    assert told(grade, [], judge=greedy, a="a = 0") == dies
    assert "memory" in told(grade, [], judge=greedy)[1]


def test_a_line_of_an_endless_cell_and_one_of_many_cells_are_not_told(grade):
    """Where a cell raises is chosen by the student, who reads it: it could stand for a rating."""
    long = "\n" * 500 + "b = 0\n{}['x']"
    assert grade({"b": long}).verdicts[1].place == Place("blank-b", None, "KeyError")
    ordinary = "\n" * 90 + "b = 0\n{}['x']"
    assert grade({"b": ordinary}).verdicts[1].place == Place("blank-b", 92, "KeyError")
    extras = [RAISES if n == 300 else "pass" for n in range(512)]
    assert told(grade, extras, b="b = 0")[2] == Place(None, None, "KeyError")


# --- Going on from a run that was cut off ----------------------------------------------------------


def verdict(check, outcome):
    return Verdict(check, 2.0 if outcome == PASSED else 0.0, 2.0, outcome)


def test_a_run_goes_on_behind_the_verdicts_that_it_is_given(grade):
    room = grade({"a": "a = 3", "b": "b = -1"}, done=(verdict("a", PASSED), verdict("b", FAILED)))
    [after] = room.verdicts
    assert (after.check, after.outcome, after.carried_on) == ("c", PASSED, True)
    [kernel] = room.kernels
    assert kernel.ran == ["table = [1, 2, 3]", "a = 3", SOLVED["b"], SOLVED["c"]]


def test_going_on_behind_what_passed_shows_outputs_and_flags_nothing(grade):
    room = grade({"c": "put('c')\nc = 7"}, done=(verdict("a", PASSED), verdict("b", PASSED)))
    [after] = room.verdicts
    assert (after.outcome, after.carried_on) == (PASSED, False)
    assert room.shown == {"blank-c": ("c",)}


def test_without_carrying_on_a_run_goes_on_over_the_students_own_cells(grade):
    fills, done = {"a": "a = 2\nput(a)"}, (verdict("a", FAILED), verdict("b", FAILED))
    room = grade(fills, done=done, carries_on=False)
    assert room.outcomes == [FAILED]
    assert room.kernels[0].ran[1:] == ["a = 2\nput(a)", SOLVED["b"], SOLVED["c"]]


@pytest.mark.parametrize("outcome", [TIMEOUT, KILLED, NOT_RUN])
def test_without_carrying_on_a_run_does_not_go_on_behind_the_end_of_a_kernel(grade, outcome):
    done = (verdict("a", outcome), verdict("b", NOT_RUN))
    room = grade(done=done, carries_on=False)
    assert (room.outcomes, room.kernels) == ([NOT_RUN], [])


def test_without_carrying_on_a_replay_that_ends_its_kernel_is_the_students_own(grade):
    done = (verdict("a", PASSED), verdict("b", PASSED))
    assert grade({"a": "die()"}, done=done, carries_on=False).outcomes == [KILLED]
