"""The visible checks of lesson 2 stop nearly every wrong answer with a sentence, before it is handed in.

That they stop no right one is seen by `test_equivalents.py`, which lets no check cell raise. The first
two mistakes of each check run always; the marker `accuracy` holds the rest.
"""

import pytest

from submissions.bench import REPLAY_FROM, Replacements, edited, movielens, run_leniently
from submissions.mistakes import MISTAKES

SURVIVORS = {}
CASES = [
    pytest.param(check, name, marks=() if number < 2 else (pytest.mark.accuracy,))
    for check, mistakes in MISTAKES.items()
    if check.startswith("mf-")
    for number, name in enumerate(mistakes)
]


def said_by(bench, check, pairs):
    """What the visible check of an exercise raises on a wrong answer; None where it passes."""
    order, replace = list(bench.parts), Replacements(pairs)
    namespace = dict(bench.before[REPLAY_FROM.get(check, check)])
    *cells, own = bench.parts[check]
    cells = edited(cells, replace)
    replace.assert_all_used()
    with movielens(bench.visible):
        for name in order[order.index(REPLAY_FROM.get(check, check)) : order.index(check)]:
            run_leniently(bench.parts[name], namespace)
        run_leniently(cells, namespace)
        return next(iter(run_leniently([own], namespace)), None)


@pytest.mark.parametrize(("check", "name"), CASES)
def test_a_visible_check_says_a_sentence_on_a_wrong_answer(bench, check, name):
    error = said_by(bench("mf"), check, MISTAKES[check][name])
    if (check, name) in SURVIVORS:
        assert error is None, "it is caught now: take it off the list"
    else:
        assert isinstance(error, AssertionError)
        assert str(error).endswith(".")


def test_at_most_fifteen_per_cent_get_past_the_visible_checks():
    wrong = [
        (check, name) for check in MISTAKES if check.startswith("mf-") for name in MISTAKES[check]
    ]
    assert set(wrong) >= SURVIVORS.keys()
    assert len(SURVIVORS) <= 0.15 * len(wrong)
