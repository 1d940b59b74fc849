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


@pytest.mark.parametrize("name", ["ZeroDivisionError", "SystemExit", "KeyboardInterrupt"])
def test_a_probe_that_raises_fails_with_the_class_and_not_the_message(name):
    sentence = sentence_of(
        lambda: InProcessStudent({}).evaluate(f"raise {name}('the private rating 4.5')", returns=[])
    )
    assert name in sentence
    assert "4.5" not in sentence


def test_an_exception_class_of_the_students_own_is_not_named():
    snippet = "class Leaks45(Exception): pass\nLeaks45.__module__ = 'builtins'\nraise Leaks45"
    sentence = sentence_of(lambda: InProcessStudent({}).evaluate(snippet, returns=[]))
    assert "raised an error" in sentence
    assert "Leaks" not in sentence


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
