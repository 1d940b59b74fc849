"""What a sentence about a check may hold: fixed text, a class of Python's own, a line of the cell."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.grading.outcomes import (
    ERRORS,
    KILLED,
    PASSED,
    SENTENCES,
    UNJUDGED,
    Place,
    Verdict,
    error_sentence,
    lacking_sentence,
    place_of,
    place_seen,
)
from autograder.grading.plan import STUDENT, PlannedCell
from autograder.sandbox.kernel import Ran

CELL = PlannedCell("blank-a", STUDENT, "a = 1\nb = 2\nc = 3", "a = 1")
ALLOWED = re.compile(r"A cell of this exercise raised (an error|`\w+`)( in its line [123])?\.")


def test_a_place_is_cell_line_and_class():
    assert place_of(CELL, Ran("KeyError", 2)) == Place("blank-a", 2, "KeyError")


@pytest.mark.parametrize("name", ["KeyError", "SyntaxError", "ModuleNotFoundError", "NameError"])
def test_classes_of_python_are_named(name):
    assert error_sentence(place_of(CELL, Ran(name, 1))) == (
        f"A cell of this exercise raised `{name}` in its line 1."
    )


@pytest.mark.parametrize(
    "name", ["", "Stars4_3_5_1", "int", "len", "ValueError\n", "__name__", "BlockingIOError"]
)
def test_other_names_are_not_told(name):
    assert place_of(CELL, Ran(name, 1)).error == "an error"


def test_an_error_without_a_name_is_an_error():
    assert place_of(CELL, Ran(None, None)) == Place("blank-a", None, "an error")


@pytest.mark.parametrize("line", [None, 0, -1, 4, 999_999])
def test_a_line_that_the_cell_does_not_have_is_not_told(line):
    place = place_of(CELL, Ran("KeyError", line))
    assert place.line is None
    assert error_sentence(place) == "A cell of this exercise raised `KeyError`."


@given(st.text(), st.none() | st.integers())
def test_a_kernel_cannot_choose_the_sentence(name, line):
    assert ALLOWED.fullmatch(error_sentence(place_of(CELL, Ran(name, line))))


@pytest.mark.parametrize("source", ["%timeit x =", "!ls =", "help?\nx =", "files = !ls", "await x"])
def test_what_ipython_alone_understands_is_no_syntax_error(source):
    cell = PlannedCell("blank-a", STUDENT, source, "a = 1")
    assert place_seen([cell, cell]) == Place(None, None, "an error")


def test_sentences_are_whole():
    for sentence in (*SENTENCES.values(), UNJUDGED):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert "KeyError" in ERRORS


def test_only_passed_has_passed():
    assert Verdict("a", 2.0, 2.0, PASSED).has_passed
    assert not Verdict("a", 0.0, 2.0, KILLED).has_passed


@pytest.mark.parametrize(
    ("source", "error", "named"),
    [
        ("import surprise", "ModuleNotFoundError", "`surprise`"),
        ("from implicit.als import A\nimport numpy as np, json", "ImportError", "`implicit`"),
        (
            "%pip install surprise\nif True:\n    !ls\n    import surprise.svd",
            "an error",
            "`surprise`",
        ),
        ("import a1, a2, a3, a4", "an error", "`a1`, `a2`, `a3`, which"),
        ("import surprise", "KeyError", None),
        ("import numpy.linalg, os.path", "ModuleNotFoundError", None),
        ("from . import surprise", "ImportError", None),
        ("import", "an error", None),
        (f"import {'a' * 41}", "ModuleNotFoundError", None),
    ],
)
def test_a_module_that_the_grader_lacks_is_named_from_the_text_of_the_cell(source, error, named):
    cell = PlannedCell("blank-a", STUDENT, source, source)
    said = lacking_sentence(Place("blank-a", 1, error), [cell], frozenset({"numpy"}))
    assert (named in said and "lists the packages" in said) if named else said == ""
    assert lacking_sentence(Place("blank-a", 1, error), [cell], None) == ""
