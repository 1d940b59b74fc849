"""Every single change of a solution is caught by the hidden check of its exercise, or is right.

Twelve quick ones run always; the marker `accuracy` holds the rest. What is right although it differs stands in `survivors.py`
with the reason; so does what is wrong and not caught yet, which is expected to fail until its check is mended.
"""

import random
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from autograder.checks import names
from submissions.mutants import OverLimit, judge, limits, mutants, mutants_of_cell
from submissions.survivors import OPEN, SURVIVORS

ROOT = Path(__file__).parents[2]
QUICK = ("svd-block", "svd-factors", "svd-complete", "svd-rank", "mf-split", "mf-model")
TRAINED = ("mf-train", "vae-train")
OPEN_ENDED = ("vae-challenge",)
"""Here any matrix of numbers is an answer and its RMSE earns a bonus, so that no mutant is wrong."""

SECONDS = {True: 600, False: 60}
"""The limit for a mutant, by whether its exercise trains: many times what the solution takes, for slow machines."""

MUTANTS = {
    mutant.key: mutant
    for lesson in ("svd", "mf", "vae")
    for check, found in mutants(ROOT, lesson).items()
    if check not in OPEN_ENDED
    for mutant in found
}
RIGHT = {key for keys in SURVIVORS.values() for key in keys}
UNCAUGHT = {key: reason for reason, keys in OPEN.items() for key in keys}
ALWAYS = random.Random(1).sample(
    [
        key
        for key, mutant in MUTANTS.items()
        if mutant.check in QUICK and key not in RIGHT | UNCAUGHT.keys()
    ],
    12,
)


def case(key):
    """The parameter of one mutant, with its marks."""
    marks = [] if key in ALWAYS else [pytest.mark.accuracy]
    if key in UNCAUGHT:
        marks.append(pytest.mark.xfail(strict=True, reason=UNCAUGHT[key]))
    return pytest.param(key, marks=marks, id=key)


@pytest.mark.parametrize("key", [case(key) for key in MUTANTS])
def test_a_mutant_is_caught_unless_it_is_right(bench, key):
    mutant = MUTANTS[key]
    lesson = bench(mutant.check.split("-")[0])
    sentence = judge(lesson, mutant, SECONDS[mutant.check in TRAINED])
    assert (sentence is None) == (key in RIGHT), sentence


def test_every_check_of_a_blank_that_has_a_wrong_answer_has_mutants():
    assert {mutant.check for mutant in MUTANTS.values()} == set(names()) - set(OPEN_ENDED)


def test_every_mutant_that_a_table_names_exists():
    assert not (RIGHT | UNCAUGHT.keys()) - MUTANTS.keys()


def test_no_mutant_stands_in_two_tables_or_twice_in_one():
    named = [*chain.from_iterable(SURVIVORS.values()), *chain.from_iterable(OPEN.values())]
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("y = a + 1", {"y = a - 1", "y = a", "y = 1", "y = a + 2", "y = a + 0", "pass"}),
        ("if a < b:\n    c = True", {"if a <= b:\n    c = True", "if a < b:\n    c = False"}),
        ("y = f(a, b)", {"y = a", "y = f(b)", "y = f(a)", "y = f(b, a)"}),
        ("y = a.sum()[:k]", {"y = a[:k]", "y = a.mean()[:k]", "y = a.sum()[k:]"}),
        ("x = a\ny = b", {"y = b\nx = a", "pass\ny = b"}),
        ('d["user"] = d["item"]', {'d["item"] = d["item"]'}),
        ("n += a", {"n -= a", "n = a"}),
    ],
)
def test_each_kind_of_change_is_made(source, changed):
    lines = set(range(source.count("\n") + 1))
    found = {mutant.source for mutant in mutants_of_cell("c", "blank-c", source, lines)}
    assert changed <= found


def test_a_change_outside_the_lines_of_a_student_is_not_made():
    found = mutants_of_cell("c", "blank-c", "x = a + 1\ny = b + 1", {1})
    assert found
    assert all(mutant.source.startswith("x = a + 1\n") for mutant in found)


def test_docstrings_and_how_progress_is_shown_stay():
    source = (
        'def f():\n    """One."""\n    for n in tqdm(rows, desc="MF", leave=False):\n        g(n)'
    )
    for mutant in mutants_of_cell("c", "blank-c", source, set(range(4))):
        assert '"""One."""' in mutant.source or mutant.source == "pass"
        assert "tqdm" not in mutant.source or 'desc="MF", leave=False' in mutant.source


def test_a_mutant_that_never_ends_is_stopped():
    with pytest.raises(OverLimit), limits(0.2):
        while True:
            pass


def test_a_mutant_that_asks_for_too_much_memory_is_refused():
    with pytest.raises(MemoryError), limits(5, memory=2**28):
        np.ones(2**30, dtype=np.uint8)
