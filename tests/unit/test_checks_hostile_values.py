"""Whatever a submission answers, a check ends in a sentence: never in another error, and never in a pass."""

import tracemalloc
from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.checks import names, registered
from autograder.checks.compare import as_array, is_close
from autograder.checks.reference import run_cells, solved_cells
from autograder.checks.student import InProcessStudent
from autograder.checks.values import NotAValue, decode, encode
from autograder.data import GradingData
from autograder.errors import CheckFailed
from submissions.bench import SEEDS, exercises, movielens

# Numbers too large for float64 sums, and NaN, on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

# Answers that may be None: there is then nothing to judge, and the rest of the check stands.
OPTIONAL = {"curve", "moved", "still", "drawn"}

SETTINGS = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

ALIENS = (
    *(None, True, -1, 2**200, -0.5, float("nan"), float("inf"), "", "five stars"),
    *([], (), {}, [[1.0], [1.0, 2.0]], [None], {"a": 1}, {1: []}, [[0.0]]),
    *(np.float32("nan"), np.str_("x"), np.zeros(0), np.zeros((0, 2)), np.array(["a", "b"])),
    *(np.zeros((2, 3, 4, 5)), np.full((8, 2), np.nan), np.zeros((943, 1682), dtype=bool)),
    *(torch.zeros(0), torch.tensor(float("nan")), torch.zeros(3, 2, dtype=torch.bfloat16)),
    *(torch.zeros(7, 5, dtype=torch.bool), pd.DataFrame(), pd.DataFrame({"userId": ["a"]})),
    *(pd.DataFrame([[1.0, "x"]], columns=["a", "a"]), pd.Series([None, "x"]), pd.Index(["a"])),
)

EXAMPLES = 30

ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**200), 2**200), st.floats(), st.text(max_size=5)
)
VALUES = st.recursive(
    st.one_of(ATOMS, st.sampled_from(ALIENS)),
    lambda parts: st.one_of(
        st.lists(parts, max_size=4), st.dictionaries(st.text(max_size=3), parts, max_size=4)
    ),
    max_leaves=4,
).filter(lambda value: is_readable(value))


def is_readable(value):
    """Whether the codec takes a value: it can then come from a submission."""
    try:
        return bool(encode(value))
    except NotAValue:
        return False


class ArbitraryStudent:
    """A submission that answers everything with values drawn at random."""

    def __init__(self, draw):
        self.draw = draw

    def __getitem__(self, name):
        return decode(encode(self.draw(VALUES, label=name)))

    def evaluate(self, _snippet, returns, **_inputs):
        return {name: self[name] for name in returns}


class RecordingStudent:
    """A submission whose answers are kept, in order."""

    def __init__(self, student):
        self.student, self.answers = student, []

    def __getitem__(self, name):
        self.answers.append({name: self.student[name]})
        return self.answers[-1][name]

    def evaluate(self, snippet, returns, **inputs):
        self.answers.append(self.student.evaluate(snippet, returns, **inputs))
        return self.answers[-1]


class RepeatingStudent:
    """A submission that gives answers once kept, in order, whatever it is asked."""

    def __init__(self, answers):
        self.answers = iter(answers)

    def __getitem__(self, name):
        answer = next(self.answers)
        return answer[name] if isinstance(answer, dict) and name in answer else answer

    def evaluate(self, _snippet, returns, **_inputs):
        return next(self.answers)


@pytest.fixture
def same_draws(monkeypatch):
    """Checks draw the same inputs each time, so that answers once kept stay right."""
    make = np.random.default_rng
    monkeypatch.setattr(np.random, "default_rng", lambda *_: make(0))


@pytest.fixture(scope="module")
def data(grading_set):
    """The grader's own data."""
    return GradingData.load(grading_set(SEEDS[0]))


@pytest.fixture(scope="module")
def right_answers(course_root, grading_set, data):
    """A function from a check to the answers of the solution, in order."""

    @cache
    def of_lesson(lesson):
        namespace, answers = {"__name__": "__main__"}, {}
        with movielens(grading_set(SEEDS[0]) / "visible"):
            for check, cells in exercises(solved_cells(course_root, lesson)).items():
                student = RecordingStudent(InProcessStudent(run_cells(cells, namespace)))
                registered(check)(student, data)
                answers[check] = student.answers
        return answers

    return lambda check: of_lesson(check.partition("-")[0])[check]


def spoilt(draw, value):
    """The same value with one part replaced by an alien, left out, added or blotted; drawn at random."""
    if draw(st.integers(0, 4)) == 0 or not is_container(value):
        return draw(st.sampled_from(ALIENS))
    if isinstance(value, dict):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: part for name, part in value.items() if name != key}
        return rest if draw(st.integers(0, 4)) == 0 else rest | {key: spoilt(draw, value[key])}
    if isinstance(value, (list, tuple)):
        place = draw(st.integers(0, len(value) - 1))
        end = [*value[place + 1 :]]
        if draw(st.integers(0, 4)) == 0:
            return [*value[:place], *end]
        return [*value[:place], spoilt(draw, value[place]), *end]
    return blotted(draw, value)


def is_container(value):
    """Whether a value has parts."""
    if isinstance(value, (torch.Tensor, np.ndarray, pd.DataFrame)):
        return np.prod(value.shape) > 0 and len(value.shape) > 0
    return isinstance(value, (dict, list, tuple)) and len(value) > 0


def blotted(draw, value):
    """An array, tensor or frame of another shape, with other labels, or with NaN in one place."""
    way = draw(st.integers(0, 2))
    if way == 0:
        return value[:-1]
    if isinstance(value, pd.DataFrame):
        labels = [None, *list(value.columns)[1:]]
        return value.set_axis(labels, axis=1) if way == 1 else value.astype(object).map(str)
    if way == 1:
        return value[None]
    values = as_array(value).copy()
    values.flat[draw(st.integers(0, values.size - 1))] = np.nan
    return torch.tensor(values) if isinstance(value, torch.Tensor) else values


@pytest.mark.parametrize("check", names())
@SETTINGS
@given(draws=st.data())
def test_arbitrary_answers_fail_with_a_sentence(data, check, draws):
    with pytest.raises(CheckFailed):
        registered(check)(ArbitraryStudent(draws.draw), data)


@pytest.mark.parametrize("check", names())
def test_the_answers_of_the_solution_pass_when_they_are_repeated(
    data, same_draws, right_answers, check
):
    registered(check)(RepeatingStudent(right_answers(check)), data)


@pytest.mark.parametrize("check", names())
@settings(SETTINGS, max_examples=EXAMPLES)
@given(draws=st.data())
def test_right_answers_with_one_part_spoilt_fail_with_a_sentence(
    data, same_draws, right_answers, check, draws
):
    answers = list(right_answers(check))
    place = draws.draw(st.integers(0, len(answers) - 1), label="answer")
    answers[place] = spoilt(draws.draw, answers[place])
    if OPTIONAL & right_answers(check)[place].keys():
        try:
            registered(check)(RepeatingStudent(answers), data)
        except CheckFailed:
            return
    else:
        with pytest.raises(CheckFailed):
            registered(check)(RepeatingStudent(answers), data)


@pytest.mark.parametrize(
    "value", [np.zeros((90_000, 300), dtype=bool), [np.zeros((4_000, 500), dtype=bool)] * 13]
)
def test_a_value_of_another_shape_is_refused_before_it_is_copied(value):
    tracemalloc.start()
    try:
        assert not is_close(value, np.zeros((8, 2)))
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("value", ["3.5", None, {}, ["3.5"], np.array(["3.5"]), [[1], [1, 2]]])
def test_text_and_ragged_lists_are_no_numbers(value):
    assert as_array(value) is None
    assert as_array(pd.DataFrame({"a": [1.0, "3.5"]})) is None
