"""Whatever a kernel answers, a check gets a value or CheckFailed with a fixed sentence."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.checks.values import encode
from autograder.errors import CheckFailed
from autograder.grading.outcomes import ERRORS, TIMEOUT
from autograder.grading.student import NAMEABLE, SandboxedStudent
from autograder.sandbox.kernel import KernelGone

SNIPPET = "result = solve(numbers)"
FIXED = re.compile(
    "|".join(
        [
            r"`(R|result|left|right|solve|numbers)` is not defined: fill the blanks and run the cells above in order\.",
            r"The check cannot work with what (`(solve|numbers)`|your code) gives: let it be what the lesson asks for\.",
            r"`(solve|numbers)` raised (an error|`\w+`)( in line \d\d?\d? of its cell)? when the check called it on other inputs "
            r"of the same kind\.",
            r"`(R|result|left|right)` cannot be read(, as it is a `(?P<kind>[^`]*)`)?: use None, numbers, strings, "
            r"lists, tuples, dicts, NumPy arrays, pandas frames or torch tensors\.",
            r"Your code raised (an error|`(?P<error>\w+)`) when the check called it on other inputs of the same kind\.",
        ]
    )
)


class FakeKernel:
    """Answers every question with the same text, or with text and values."""

    def __init__(self, answer):
        self.answer = answer if isinstance(answer, tuple) else (answer, [])
        self.questions, self.seconds = [], []

    def ask(self, expression, seconds, inputs=()):
        self.questions.append(expression)
        self.seconds.append(seconds)
        return self.answer


def student(answer):
    return SandboxedStudent(FakeKernel(answer), lambda: 5.0)


def value(*values):
    return "V", [memoryview(encode(each)) for each in values]


def sentence_of(question, answer):
    """The sentence that a student reads, or None where the check gets its values."""
    try:
        question(student(answer))
    except CheckFailed as failure:
        found = FIXED.fullmatch(str(failure))
        assert found, str(failure)
        assert found["kind"] is None or found["kind"] in NAMEABLE
        assert found["error"] is None or found["error"] in ERRORS
        return str(failure)
    return None


def fetch(asked):
    return asked["R"]


def probe(asked):
    return asked.evaluate(SNIPPET, returns=["left", "right"], numbers=[1, 2])


# --- What is right ---------------------------------------------------------------------------------


def test_a_variable_comes_by_value():
    R = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(student(value(R))["R"], R)


def test_the_results_of_a_probe_come_in_order():
    asked = student(value(1, "two"))
    assert asked.evaluate(SNIPPET, returns=["left", "right"], numbers=[1]) == {
        **{"left": 1, "right": "two"}
    }


def test_every_question_has_the_seconds_that_are_left():
    kernel, left = FakeKernel(value(1)), iter([9.0, 4.0])
    asked = SandboxedStudent(kernel, lambda: next(left))
    assert [asked["a"], asked["b"]] == [1, 1]
    assert kernel.seconds == [9.0, 4.0]


def test_the_end_of_the_time_is_no_failed_check():
    def none_left():
        raise KernelGone(TIMEOUT, "the time limit of the notebook was reached")

    with pytest.raises(KernelGone):
        SandboxedStudent(FakeKernel(value(1)), none_left)["R"]


def test_a_name_in_a_question_is_quoted():
    kernel = FakeKernel(value(1))
    SandboxedStudent(kernel, lambda: 1.0)["R'] + quit() + ['"]
    [question] = kernel.questions
    call = question.split(".desk.", 1)[1]
    assert call == "fetch(" + repr("R'] + quit() + ['") + ")"


def blamed(error, kind, name="", line=0):
    """What a desk says of a probe that failed."""
    return "\0".join(["R", error, kind, name, str(line)])


# --- What is wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "answer", "sentence"),
    [
        (fetch, "MR", "`R` is not defined"),
        (probe, blamed("NameError", "missing", "solve"), "`solve` is not defined"),
        (
            probe,
            blamed("NameError", "missing", "secret_4_3_5"),
            "Your code raised `NameError` when",
        ),
        (fetch, "TR\x00a value of type `set`", "`R` cannot be read, as it is a `set`"),
        (fetch, "TR\x00a value of type `Stars435`", "`R` cannot be read: "),
        (fetch, "TStars435\x00no type", "`R` cannot be read: "),
        (probe, "Tright\x00`set`", "`right` cannot be read, as it is a `set`"),
        (probe, "Tother\x00`set`", "`left` cannot be read, as it is a `set`"),
        (probe, blamed("KeyError", "raised"), "Your code raised `KeyError` when"),
        (
            probe,
            blamed("KeyError", "raised", "solve", 3),
            "`solve` raised `KeyError` in line 3 of its cell when",
        ),
        (probe, blamed("KeyError", "raised", "solve", 435), "`solve` raised `KeyError` when"),
        (probe, blamed("KeyError", "raised", "stars", 3), "Your code raised `KeyError` when"),
        (probe, blamed("Stars435", "raised"), "Your code raised an error"),
        (probe, blamed("int", "raised"), "Your code raised an error"),
        (probe, blamed("KeyError", "secret", "solve"), "`solve` raised `KeyError` when"),
        (
            probe,
            blamed("KeyError", "unusable", "solve"),
            "The check cannot work with what `solve` gives",
        ),
        (
            probe,
            blamed("KeyError", "unusable", "stars"),
            "The check cannot work with what your code gives",
        ),
        (probe, "R\0KeyError\0raised", "Your code raised an error"),
        (fetch, None, "Your code raised an error"),
        (fetch, "", "Your code raised an error"),
        (fetch, "V", "Your code raised an error"),
        (fetch, ("V", [b""]), "`R` cannot be read: "),
        (fetch, ("V", [b"garbage"]), "`R` cannot be read: "),
        (fetch, ("V", [b"\xff" * 100]), "`R` cannot be read: "),
        (fetch, "L", "Your code raised an error"),
        (probe, value(1), "Your code raised an error"),
        (probe, value(1, 2, 3), "Your code raised an error"),
        (fetch, value(1, 2), "Your code raised an error"),
        (probe, ("V", [*value(1)[1], b"garbage"]), "`right` cannot be read: "),
        (fetch, "T", "`R` cannot be read: "),
        (fetch, "T\x00\x00`set`\x00", "`R` cannot be read, as it is a `set`"),
    ],
)
def test_an_answer_becomes_a_fixed_sentence(question, answer, sentence):
    assert sentence_of(question, answer).startswith(sentence)


def test_a_huge_answer_is_refused():
    deep = b"[" * 1_000_000
    deep = len(deep).to_bytes(8, "little") + deep
    for part in (b"x" * 30_000_000, deep, b"\xff" * 200_000_000):
        assert sentence_of(fetch, ("V", [part])).startswith("`R` cannot be read")
    assert sentence_of(probe, ("V", [b""] * 5_000_000)).startswith("Your code raised an error")
    assert sentence_of(fetch, "TR\x00" + "`" * 5_000_000).startswith("`R` cannot be read")


@given(
    st.lists(
        st.sampled_from(["R", "KeyError", "raised", "missing", "unusable", "solve", "0", "7"])
        | st.text()
    )
)
def test_no_answer_in_parts_gets_into_a_sentence(parts):
    sentence_of(probe, "\0".join(["R", *parts]))


@given(st.sampled_from([fetch, probe]), st.sampled_from("VMTRL?"), st.text())
def test_no_answer_gets_into_a_sentence(question, kind, rest):
    sentence_of(question, kind + rest)


@given(st.sampled_from(["R", "left", "result", "solve"]), st.sampled_from("MTR"), st.text())
def test_no_answer_behind_a_right_name_gets_into_a_sentence(name, kind, rest):
    for question in (fetch, probe):
        sentence_of(question, f"{kind}{name}\x00{rest}")
        sentence_of(question, f"{kind}{name}{rest}")


@given(st.data())
def test_a_value_that_was_tampered_with_is_a_value_or_refused(data):
    _, (array, mapping) = value(np.arange(4.0), {"a": [1, None]})
    whole = bytes(array)
    place = data.draw(st.integers(0, len(whole) - 1))
    change = data.draw(st.binary(max_size=3))
    forged = whole[:place] + change + whole[place + data.draw(st.integers(0, 3)) :]
    sentence_of(probe, ("V", [forged, mapping]))
