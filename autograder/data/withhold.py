"""Choose the ratings that a student never sees; pure, so that its law can be tested alone."""

import numpy as np

from autograder.errors import DataError

HOLDOUT_FRACTION = 0.05


def withhold(
    users: np.ndarray,
    items: np.ndarray,
    rng: np.random.Generator,
    fraction: float = HOLDOUT_FRACTION,
    keep: np.ndarray | None = None,
) -> np.ndarray:
    """Choose ratings at random so that every user and every item keeps a visible one.

    Parameters
    ----------
    users, items
        (n,) ids or indices, one a rating.
    rng
        The only source of chance; the same state gives the same choice.
    fraction
        The share to withhold, 0..1; ``round(fraction * n)`` ratings are chosen.
    keep
        (n,) bool, ratings that stay visible whatever is drawn.

    Returns
    -------
    ndarray
        (n,) bool, True where a rating is withheld.

    Raises
    ------
    DataError
        If so many cannot be withheld without hiding all ratings of a user or an item.

    Notes
    -----
    Ratings are visited in random order and taken unless they are the last of their user or item,
    so a rating of a rare movie is withheld less often than another, as it must be.
    """
    num_withheld = round(fraction * len(users))
    user_of, item_of = (np.unique(ids, return_inverse=True)[1].tolist() for ids in (users, items))
    left_of_user, left_of_item = np.bincount(user_of).tolist(), np.bincount(item_of).tolist()
    withheld = np.zeros(len(users), dtype=bool)
    chosen = 0
    for row in rng.permutation(len(users)).tolist():
        if chosen == num_withheld:
            break
        user, item = user_of[row], item_of[row]
        if left_of_user[user] > 1 and left_of_item[item] > 1 and (keep is None or not keep[row]):
            left_of_user[user] -= 1
            left_of_item[item] -= 1
            withheld[row] = True
            chosen += 1
    if chosen < num_withheld:
        raise DataError(
            f"Only {chosen} of {num_withheld} ratings can be withheld while every user and movie "
            "keeps one; take a larger data set."
        )
    return withheld
