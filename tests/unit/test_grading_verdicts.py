"""No credit by default: what nbgrader gives for a check after its outputs are settled."""

import pytest
from nbformat.v4 import new_code_cell, new_output
from nbgrader.utils import determine_grade

from autograder.checks import VERDICT_TYPE
from autograder.grading.verdicts import NO_VERDICT, is_check, passed_verdict, settle


def check_cell(*outputs, points=5, **metadata):
    cell = new_code_cell("run_check('svd-block', globals())", outputs=list(outputs))
    cell.metadata["nbgrader"] = {
        "grade": True,
        "solution": False,
        "locked": True,
        "grade_id": "svd-block",
        "points": points,
    } | metadata
    return cell


def verdict(check="svd-block", outcome="PASSED", bonus=None, kind="display_data"):
    data = {VERDICT_TYPE: {"check": check, "outcome": outcome, "bonus": bonus}}
    return new_output(kind, data=data)


def shown(text):
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


def stream(name, text="text"):
    return new_output("stream", name=name, text=text)


def error(sentence="Look at `P`."):
    traceback = [f"CheckFailed: {sentence}"]
    return new_output("error", ename="CheckFailed", evalue=sentence, traceback=traceback)


FULL = {
    "a verdict": [verdict()],
    "a verdict and prints": [stream("stdout"), verdict()],
    "a verdict and warnings": [stream("stderr", "UserWarning"), verdict()],
    "a verdict and a number": [shown("0"), verdict()],
    "a verdict and a number above the maximum": [shown("99"), verdict()],
    "a verdict and a picture": [verdict(), new_output("display_data", data={"image/png": ""})],
}
NOTHING = {
    "no output": [],
    "a print": [stream("stdout", "svd-block: passed")],
    "a warning": [stream("stderr")],
    "a number": [shown("5")],
    "a number above the maximum": [shown("99")],
    "a number below zero": [shown("-1")],
    "text": [shown("'passed'")],
    "a failure": [error()],
    "a number before a failure": [shown("5"), error()],
    "a verdict and a failure": [verdict(), error()],
    "the verdict of another check": [verdict(check="svd-factors")],
    "another outcome": [verdict(outcome="FAILED")],
    "a verdict that is a number": [new_output("display_data", data={VERDICT_TYPE: 1})],
    "a verdict in a stream": [stream("stdout", str(verdict().data))],
}


@pytest.mark.parametrize("outputs", FULL.values(), ids=FULL)
def test_full_points_for(outputs):
    cell = check_cell(*outputs)
    settle(cell)
    assert determine_grade(cell) == (5, 5)


@pytest.mark.parametrize("outputs", NOTHING.values(), ids=NOTHING)
def test_no_points_for(outputs):
    cell = check_cell(*outputs)
    settle(cell)
    assert determine_grade(cell) == (0, 5)
    assert any(output.output_type == "error" for output in cell.outputs)
    assert not any(VERDICT_TYPE in output.get("data", {}) for output in cell.outputs)


def test_a_failed_check_keeps_its_one_sentence():
    cell = check_cell(error("Look at `Q`."))
    settle(cell)
    assert [output.evalue for output in cell.outputs] == ["Look at `Q`."]


def test_a_check_without_a_verdict_says_so():
    cell = check_cell(stream("stdout"))
    settle(cell)
    assert cell.outputs[-1].evalue == NO_VERDICT


def test_what_a_passed_check_wrote_on_stderr_is_kept_as_stdout():
    cell = check_cell(stream("stderr", "UserWarning: slow"), verdict())
    settle(cell)
    assert [(o.name, o.text) for o in cell.outputs if o.output_type == "stream"] == [
        ("stdout", "UserWarning: slow")
    ]


def test_settling_twice_changes_nothing_more():
    for outputs in (*FULL.values(), *NOTHING.values()):
        cell = check_cell(*outputs)
        settle(cell)
        once = str(cell)
        settle(cell)
        assert str(cell) == once


def test_only_graded_code_without_a_solution_is_a_check():
    assert is_check(check_cell())
    assert not is_check(check_cell(solution=True))
    assert not is_check(check_cell(grade=False))
    assert not is_check(new_code_cell("1"))


def test_the_verdict_that_counts_is_returned():
    assert passed_verdict(check_cell(verdict(bonus=2.0)))["bonus"] == 2.0
    assert passed_verdict(check_cell()) is None
