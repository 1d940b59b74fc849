"""A check sees copies of variables and answers to probes, and a sentence where there are none."""

import collections

import numpy as np
import pytest
import torch
from torch import nn

from autograder.checks.student import InProcessStudent
from autograder.errors import CheckFailed


def sentence_of(action):
    with pytest.raises(CheckFailed) as caught:
        action()
    return str(caught.value)


def test_a_variable_comes_as_a_copy():
    namespace = {"R": np.ones((2, 2))}
    student = InProcessStudent(namespace)
    student["R"][:] = 0
    assert namespace["R"].sum() == 4


def test_a_missing_variable_fails_by_its_name():
    assert "`R_block` is not defined" in sentence_of(lambda: InProcessStudent({})["R_block"])


@pytest.mark.parametrize("value", [nn.Linear(1, 1), collections.defaultdict(int)])
def test_a_variable_of_a_wrong_type_fails_by_its_name_and_type(value):
    sentence = sentence_of(lambda: InProcessStudent({"P": value})["P"])
    assert "`P`" in sentence
    assert f"`{type(value).__name__}`" in sentence


def test_results_of_a_probe_come_as_copies():
    namespace = {"weights": torch.ones(2)}
    result = InProcessStudent(namespace).evaluate("w = weights", returns=["w"])["w"]
    result.zero_()
    assert namespace["weights"].sum() == 2


def test_a_probe_takes_inputs_by_name():
    student = InProcessStudent({"double": lambda x: 2 * x})
    assert student.evaluate("y = double(x)", returns=["y"], x=21) == {"y": 42}


def asked(code, snippet):
    """The sentence that a probe of a notebook with this code comes to."""
    namespace = {"__name__": "__main__"}
    exec(code, namespace)
    return sentence_of(lambda: InProcessStudent(namespace).evaluate(snippet, returns=[]))


@pytest.mark.parametrize("name", ["ZeroDivisionError", "SystemExit", "KeyboardInterrupt"])
def test_a_function_that_raises_is_named_with_class_and_line_and_not_the_message(name):
    code = f"def solve():\n    raise {name}('the private rating 4.5')"
    assert asked(code, "solve()") == (
        f"`solve` raised `{name}` in line 2 of its cell when the check called it on other inputs of the same kind."
    )


def test_an_exception_class_of_the_students_own_is_not_named():
    code = "class Leaks45(Exception): pass\nLeaks45.__module__ = 'builtins'\ndef solve(): raise Leaks45"
    sentence = asked(code, "solve()")
    assert "`solve` raised an error" in sentence
    assert "Leaks" not in sentence


def test_the_function_that_the_check_asks_for_is_named_not_its_helper():
    code = "def help_45():\n    1 / 0\ndef solve():\n    return help_45()"
    assert "`solve` raised `ZeroDivisionError` in line 4 of its cell" in asked(code, "solve()")


@pytest.mark.parametrize(
    ("code", "snippet", "name"),
    [
        ("def solve(): pass", "y = float(solve())", "`solve`"),
        ("table = {}", "y = [part for part in table.shape]", "`table`"),
        ("def solve(): pass", "y = solve()\ny + 1", "your code"),
    ],
)
def test_a_value_that_a_probe_cannot_work_with_is_no_error_of_the_students(code, snippet, name):
    sentence = asked(code, snippet)
    assert "raised" not in sentence
    assert f"cannot work with what {name} gives" in sentence


@pytest.mark.parametrize(
    "body", ["raise NameError('x', name='model')", "model += 1", "raise NameError('x')"]
)
def test_what_is_defined_is_not_called_undefined(body):
    sentence = asked(f"model = 1\ndef solve():\n    {body}", "model, solve()")
    assert "`solve` raised" in sentence
    assert "not defined" not in sentence


def test_a_function_that_the_probe_needs_and_misses_is_named():
    sentence = sentence_of(lambda: InProcessStudent({}).evaluate("y = recommend(1)", returns=["y"]))
    assert "`recommend` is not defined" in sentence


def test_a_name_that_student_code_made_up_is_not_shown():
    namespace = {}
    exec("def predict():\n    raise NameError('x', name='rating_is_45')", namespace)
    sentence = sentence_of(lambda: InProcessStudent(namespace).evaluate("predict()", returns=[]))
    assert "45" not in sentence


def test_a_result_that_is_no_value_fails_by_its_name():
    sentence = sentence_of(lambda: InProcessStudent({}).evaluate("y = object()", returns=["y"]))
    assert "`y`" in sentence
    assert "`object`" in sentence
