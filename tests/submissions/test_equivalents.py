"""Right answers that are written differently pass every check through their exercise."""

import pytest

from submissions.equivalents import EQUIVALENTS


@pytest.mark.parametrize("name", EQUIVALENTS)
def test_an_equivalent_answer_passes(bench, name):
    change = EQUIVALENTS[name]
    verdicts, errors = bench(change.assignment).judge_all(change.replacements, change.until)
    assert set(verdicts.values()) == {None}, verdicts
    assert not errors
