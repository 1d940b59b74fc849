"""The law of withholding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.data import withhold
from autograder.errors import DataError

PAIRS = st.sets(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(pairs=PAIRS, fraction=st.floats(0, 0.6), seed=st.integers(0, 2**32))
def test_every_user_and_item_keeps_a_visible_rating(pairs, fraction, seed):
    users, items = np.array(sorted(pairs)).T
    try:
        withheld = withhold(users, items, np.random.default_rng(seed), fraction)
    except DataError:
        assert round(fraction * len(users)) > 0
        return
    assert withheld.sum() == round(fraction * len(users))
    assert set(users[~withheld]) == set(users)
    assert set(items[~withheld]) == set(items)


def test_rows_that_must_stay_visible_do():
    users, items = np.divmod(np.arange(100), 10)
    keep = np.arange(100) < 50
    withheld = withhold(users, items, np.random.default_rng(0), 0.4, keep)
    assert withheld.sum() == 40 and not withheld[keep].any()


def test_the_same_state_gives_the_same_choice_and_another_gives_another():
    users, items = np.divmod(np.arange(400), 20)
    first, again, other = (
        withhold(users, items, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert (first == again).all() and (first != other).any()


def test_ratings_of_well_rated_users_and_items_are_withheld_equally_often():
    users, items = np.divmod(np.arange(400), 20)
    rng = np.random.default_rng(0)
    often = sum(withhold(users, items, rng, 0.25) for _ in range(400))
    assert abs(often - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


def test_too_few_ratings_to_withhold_any_is_said():
    with pytest.raises(DataError, match="Only 0 of 1"):
        withhold(np.array([1, 2]), np.array([1, 2]), np.random.default_rng(0), 0.5)
