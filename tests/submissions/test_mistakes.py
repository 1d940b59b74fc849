"""Named wrong answers fail the check of their exercise; each check has at least four.

The first four of each check run always; the marker `accuracy` holds the rest.
"""

import pytest

from autograder.checks import names
from submissions.bench import Replacements
from submissions.mistakes import MISTAKES

SAMPLE = 4
CASES = [
    pytest.param(check, name, marks=() if number < SAMPLE else (pytest.mark.accuracy,))
    for check, mistakes in MISTAKES.items()
    for number, name in enumerate(mistakes)
]


def test_every_check_has_at_least_four_named_wrong_answers():
    assert list(MISTAKES) == list(names())
    assert all(len(mistakes) >= 4 for mistakes in MISTAKES.values())


@pytest.mark.parametrize(("check", "name"), CASES)
def test_a_mistake_is_caught(bench, check, name):
    replace = Replacements(MISTAKES[check][name])
    sentence = bench(check.split("-")[0]).judge(check, replace)
    replace.assert_all_used()
    assert sentence is not None
    assert "cannot be read" not in sentence


@pytest.mark.parametrize("check", MISTAKES)
def test_the_same_exercise_without_a_mistake_passes(bench, check):
    assert bench(check.split("-")[0]).judge(check, Replacements([])) is None
