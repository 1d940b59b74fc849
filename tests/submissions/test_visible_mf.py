"""The visible checks of lesson 2 stop nearly every wrong answer with a sentence, before it is handed in.

That they stop no right one is seen by `test_equivalents.py`, which lets no check cell raise. The first
two mistakes of each check run always; the marker `accuracy` holds the rest.
"""

import pytest

from submissions.bench import REPLAY_FROM, Replacements, copied, edited, movielens, run_leniently
from submissions.mistakes import MISTAKES

ANOTHER_SHUFFLE = "to tell it, the check would have to cut the ratings itself"
OTHER_STEPS = "the model learns all the same; to tell it, the check would have to replay a step"
SURVIVORS = {
    ("mf-split", "another_random_state"): ANOTHER_SHUFFLE,
    ("mf-split", "no_shuffle"): ANOTHER_SHUFFLE,
    ("mf-split", "parts_swapped"): ANOTHER_SHUFFLE,
    ("mf-model", "half_the_gradient"): "the loss itself is right",
    ("mf-model", "uniform_start"): "mean and standard deviation are right",
    ("mf-model", "adamax"): "its settings look like Adam's; `criterion` and `optimizer` are given",
    ("mf-model", "called_adam"): "it says of itself that it is Adam; `optimizer` is given",
    (
        "mf-train",
        "squared_error_returned",
    ): "an RMSE near 1 is hardly another number than its square",
    ("mf-train", "clamped_in_the_loss"): OTHER_STEPS,
    ("mf-train", "root_in_the_loss"): OTHER_STEPS,
    ("mf-train", "absolute_error_in_the_step"): OTHER_STEPS,
    ("mf-train", "two_steps_a_batch"): OTHER_STEPS,
    ("mf-train", "backward_twice"): OTHER_STEPS,
    (
        "mf-train",
        "unclamped_predictions",
    ): "few predictions lie outside 1 to 5; `evaluate` is given",
    ("mf-train", "not_clamped"): "few predictions lie outside 1 to 5; `evaluate` is given",
    ("mf-train", "trained_on_everything"): "only withheld ratings tell it for sure",
    ("mf-recommend", "hundred_more_then_filtered"): "hardly any user has rated so many of the best",
}
CASES = [
    pytest.param(check, name, marks=() if number < 2 else (pytest.mark.accuracy,))
    for check, mistakes in MISTAKES.items()
    if check.startswith("mf-")
    for number, name in enumerate(mistakes)
    if (check, name) not in SURVIVORS
]


def said_by(bench, check, pairs):
    """What the visible check of an exercise raises on a wrong answer; None where it passes."""
    order, replace = list(bench.parts), Replacements(pairs)
    namespace = copied(bench.before[REPLAY_FROM.get(check, check)])
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
    assert isinstance(error, AssertionError)
    assert str(error).endswith((".", "?"))


def test_at_most_fifteen_per_cent_get_past_the_visible_checks():
    wrong = [
        (check, name) for check in MISTAKES if check.startswith("mf-") for name in MISTAKES[check]
    ]
    assert set(wrong) >= SURVIVORS.keys()
    assert len(SURVIVORS) <= 0.15 * len(wrong)


@pytest.mark.parametrize("check", ["mf-split", "mf-dataset", "mf-model", "mf-train", "mf-complete"])
def test_a_check_names_the_variable_that_hides_a_builtin(bench, check):
    parts, order = bench("mf").parts, list(bench("mf").parts)
    namespace = copied(bench("mf").before[order[order.index(check) + 1]] | {"print": 3})
    (error,) = run_leniently(parts[check][-1:], namespace)
    assert "`print` is a name of yours now" in str(error)


@pytest.mark.parametrize("check", ["mf-split", "mf-dataset", "mf-model", "mf-train", "mf-complete"])
def test_a_cell_that_stopped_is_told_apart_from_one_with_open_blanks(bench, check):
    own, before = bench("mf").parts[check][-1:], bench("mf").before[check]
    first = {"mf-split": "train_df", "mf-dataset": "RatingDataset", "mf-model": "MF"}
    first |= {"mf-train": "best_val", "mf-complete": "all_users"}
    (open_blank,) = run_leniently(own, copied(before))
    (stopped,) = run_leniently(own, copied(before | {first[check]: None}))
    assert str(open_blank).startswith("Fill the blanks above")
    assert str(stopped).startswith("The cell above stopped before")
