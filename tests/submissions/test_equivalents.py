"""Right answers that are written differently pass every check through their exercise.

Every fourth runs always; the marker `accuracy` holds the rest.
"""

import pytest

from submissions.equivalents import EQUIVALENTS

STEP = 4
CASES = [
    pytest.param(name, marks=() if number % STEP == 0 else (pytest.mark.accuracy,))
    for number, name in enumerate(EQUIVALENTS)
]


@pytest.mark.parametrize("name", CASES)
def test_an_equivalent_answer_passes(bench, name):
    change = EQUIVALENTS[name]
    verdicts, errors = bench(change.assignment).judge_all(change.replacements, change.until)
    assert set(verdicts.values()) == {None}, verdicts
    assert not errors
