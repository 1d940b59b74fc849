"""Hidden checks of lesson 1 (`svd`): the block, its factors, its completion, and error against rank.

The grader recomputes everything from its own copy of the ratings: the matrix by writing cells, not by
a pivot; the rank-k matrix from the eigenvectors of a Gram matrix, not by an SVD.
"""

import numpy as np
import pandas as pd

from autograder.checks.compare import (
    anything,
    as_array,
    ask,
    has_labels,
    is_close,
    many,
    read,
    tables,
)
from autograder.checks.registry import check, expect
from autograder.errors import CheckFailed

K = 2
BLOCK = 8


def ratings_matrix(data):
    """Every user's row of ratings.

    Returns
    -------
    DataFrame, (users, items), float64, stars; NaN in the gaps; index and columns are the sorted ids.
    """
    R = np.full((data.num_users, data.num_items), np.nan)
    rows = np.searchsorted(data.user_ids, data.ratings["userId"].to_numpy())
    columns = np.searchsorted(data.movie_ids, data.ratings["movieId"].to_numpy())
    R[rows, columns] = data.ratings["rating"].to_numpy()
    return pd.DataFrame(R, index=data.user_ids, columns=data.movie_ids)


def ratings_block(data):
    """The ratings of the first eight user ids on the first eight movie ids, (8, 8), NaN in the gaps."""
    return ratings_matrix(data).iloc[:BLOCK, :BLOCK]


def best_rank(A, k):
    """The rank-k matrix nearest to A, by the eigenvectors of A'A (Eckart and Young 1936).

    Parameters
    ----------
    A : (m, n) array without NaN.
    k : number of factors; with 0 it is the zero matrix.

    Returns
    -------
    (m, n) array, float64.
    """
    A = np.asarray(A, dtype=np.float64)
    _, vectors = np.linalg.eigh(A.T @ A)
    V = vectors[:, ::-1][:, :k]
    return A @ V @ V.T


def same_axes(frame, expected, name, place):
    """Require one row per user and one column per movie, labelled by their ids.

    Parameters
    ----------
    frame : DataFrame of the student, called `name` in sentences.
    expected : DataFrame, (users, movies), with the right labels.
    place : where those labels come from, the end of a sentence.

    Raises
    ------
    CheckFailed
        With a sentence of its own for a frame that is turned, for a shape, and for labels.
    """
    if has_labels(frame, expected.index, expected.columns):
        return
    turned = has_labels(frame, expected.columns, expected.index)
    expect(not turned, f"`{name}` has movies in its rows and users in its columns: {place}.")
    expect(
        frame.shape == expected.shape,
        f"`{name}` has the wrong shape for one row per user and one column per movie: {place}.",
    )
    raise CheckFailed(
        f"The labels of `{name}` are not the user ids of its rows and the movie ids of its columns: {place}."
    )


def same_stars(frame, observed, name):
    """Require every rating in its cell, and NaN everywhere else; labels have been compared before.

    Raises
    ------
    CheckFailed
        With a sentence of its own for text, for gaps that hold numbers, and for other ratings.
    """
    stars, seen = as_array(frame), observed.notna().to_numpy()
    expect(stars is not None, f"`{name}` should hold numbers, and holds something else.")
    expect(
        np.isnan(stars[~seen]).all(),
        f"`{name}` holds numbers in cells that nobody rated: a gap stays `NaN` here.",
    )
    expect(
        is_close(stars[seen], observed.to_numpy()[seen]),
        f"`{name}` has the right labels, but other numbers than the ratings: look at which column `values` names, and let nothing else change them.",
    )


@check("svd-block")
def the_block_has_users_in_rows_movies_in_columns_and_keeps_its_gaps(student, data):
    """R_sparse is the whole matrix, R_block its first eight users and movies, gaps as NaN."""
    (whole,) = tables(student, "R_sparse")
    R, first = ratings_matrix(data), ratings_block(data)
    same_axes(whole, R, "R_sparse", "look at `index` and `columns` of `pivot_table`")
    same_stars(whole, R, "R_sparse")
    (block,) = tables(
        student, "R_block"
    )  # may be missing where R_sparse is wrong, the better sentence
    same_axes(
        block,
        first,
        "R_block",
        "in `.loc` the list before the comma picks rows, the one behind it columns, the first eight ids of each",
    )
    same_stars(block, first, "R_block")


def keeps_its_gaps(student, observed):
    """Require `R_block` to be as the exercise found it, in whatever order its labels are.

    Raises
    ------
    CheckFailed
        With a sentence of its own for gaps that were filled, and for any other change.
    """
    (block,) = read(student, "R_block")
    if isinstance(block, pd.DataFrame) and block.index.is_unique and block.columns.is_unique:
        block = block.reindex(index=observed.index, columns=observed.columns)
    stars = as_array(block, observed.shape)
    changed = (
        "`R_block` was changed here, and later cells read it: give what you make a name of its own."
    )
    expect(stars is not None, changed)
    gaps = observed.isna().to_numpy()
    expect(
        not gaps.any() or np.isnan(stars[gaps]).all(),
        "`R_block` lost its gaps here: fill a copy (`fillna` without `inplace` returns one) and leave `R_block` as it was.",
    )
    expect(is_close(stars, observed), changed)


@check("svd-factors")
def the_factors_are_those_of_the_mean_filled_block(student, data):
    """P and Q multiply to the best rank-2 matrix of the mean-filled block; signs are free."""
    observed = ratings_block(data)
    mean = float(data.ratings["rating"].mean())
    filled = observed.fillna(mean).to_numpy()
    own_mean, own_filled, P, Q = read(student, "global_mean", "R_block_filled", "P", "Q")
    keeps_its_gaps(student, observed)
    _the_mean_of_all_ratings(own_mean, mean, float(np.nanmean(observed)))
    _the_filled_block(own_filled, observed, filled)
    P, Q = (_factors(*named) for named in (("P", P, "user"), ("Q", Q, "movie")))
    _the_strongest_factors(P, Q, filled)
    for name, frame, array, ids in zip(
        ("P_df", "Q_df"),
        tables(student, "P_df", "Q_df"),
        (P, Q),
        (data.user_ids, data.movie_ids),
        strict=True,
    ):
        expect(
            frame.shape == (BLOCK, K) and list(frame.index) == list(ids[:BLOCK]),
            f"`{name}` should have one row per id, labelled by the ids of {name[0]}: look at its `index`.",
        )
        expect(list(frame.columns) == ["f1", "f2"], f"The columns of `{name}` should be f1 and f2.")
        expect(is_close(frame, array), f"`{name}` should hold the numbers of `{name[0]}`.")


def _the_mean_of_all_ratings(own, mean, mean_of_block):
    own = as_array(own, ())
    expect(own is not None, "`global_mean` should be one number: the mean of all ratings.")
    expect(
        is_close(own, mean) or not is_close(own, mean_of_block),
        "`global_mean` is the mean of the block alone: take it over all ratings of `ratings`.",
    )
    expect(is_close(own, mean), "`global_mean` should be the mean of all ratings.")


def _the_filled_block(own, observed, filled):
    own, seen = as_array(own, (BLOCK, BLOCK)), observed.notna().to_numpy()
    expect(own is not None, "`R_block_filled` should be an 8 by 8 array of numbers.")
    expect(not np.isnan(own).any(), "`R_block_filled` still has gaps: look at how they are filled.")
    expect(is_close(own[seen], filled[seen]), "A rating has changed in `R_block_filled`.")
    expect(
        is_close(own, filled), "A gap of `R_block_filled` holds another number than `global_mean`."
    )


def _factors(name, own, what):
    values = as_array(own, (BLOCK, K))
    expect(
        values is not None,
        f"`{name}` should have one row per {what} and two columns: look at `k` and the slices.",
    )
    return values


def _the_strongest_factors(P, Q, filled):
    """Require columns of Q of length 1, columns of P as long as the largest singular values, and their product."""
    gram, lengths = Q.T @ Q, np.linalg.norm(P, axis=0)
    singular = np.sqrt(np.maximum(np.linalg.eigvalsh(filled @ filled.T), 0.0))  # rising
    largest = singular[: -K - 1 : -1]
    is_orthogonal = is_close(gram, np.diag(np.diag(gram)))
    expect(
        is_close(gram, np.eye(K)) or not is_orthogonal,
        "The columns of `Q` are not of length 1: `P` alone carries the singular values, `Q` none.",
    )
    expect(
        is_orthogonal,
        "The columns of `Q` are not orthogonal: the factors of movies are the rows of `Vt`, stood upright.",
    )
    expect(
        not is_close(lengths, np.sqrt(largest)),
        "The columns of `P` are as long as the roots of the singular values: `P` carries them whole.",
    )
    expect(
        not is_close(lengths, np.ones(K)),
        "The columns of `P` are of length 1: `P` should carry the singular values.",
    )
    expect(
        not any(
            is_close(lengths, part) for part in (singular[:K], singular[-K:], singular[K - 1 :: -1])
        ),
        "The singular values are not in falling order: the largest comes first, and so do its columns of `P` and `Q`.",
    )
    expect(
        is_close(lengths, largest),
        "The columns of `P` are not as long as the two largest singular values: look at how `P` is made.",
    )
    expect(
        is_close(P @ Q.T, best_rank(filled, K)),
        "`P @ Q.T` is not the rank-2 matrix of the filled block: column f of `P` and column f of `Q` must belong to one factor, signs included.",
    )


@check("svd-complete")
def observed_ratings_stay_and_only_gaps_are_filled(student, data):
    """completed_block keeps every rating and takes the rank-2 prediction in every gap."""
    observed = ratings_block(data)
    mean = float(data.ratings["rating"].mean())
    predicted = best_rank(observed.fillna(mean), K)
    R_hat, completed, kept = tables(student, "R_hat_df", "completed_block", "observed_pred")
    keeps_its_gaps(student, observed)
    same_axes(R_hat, observed, "R_hat_df", "look at its `index` and `columns`")
    _the_predictions(R_hat, predicted)
    same_axes(completed, observed, "completed_block", "it should have those of `R_block`")
    _the_completion_rule(completed, observed, predicted)
    same_axes(kept, observed, "observed_pred", "it should have those of `R_block`")
    _predictions_where_rated(kept, observed, predicted)


def _the_predictions(R_hat, predicted):
    R_hat = as_array(R_hat)
    expect(R_hat is not None, "`R_hat_df` should hold numbers, and holds something else.")
    expect(
        not np.isnan(R_hat).any(),
        "`R_hat_df` has cells without a number: give `pd.DataFrame` an array, since it picks from a table by label.",
    )
    expect(
        is_close(R_hat, predicted) or not is_close(R_hat, predicted.T),
        "`R_hat_df` has the right labels, but its numbers are transposed: users are the rows of `P @ Q.T`.",
    )
    expect(
        is_close(R_hat, predicted),
        "`R_hat_df` has the right labels, but other numbers than `P @ Q.T`: look at `R_hat_block`.",
    )


def _the_completion_rule(completed, observed, predicted):
    completed, stars = as_array(completed), observed.to_numpy()
    seen = observed.notna().to_numpy()
    expect(
        completed is not None, "`completed_block` should hold numbers, and holds something else."
    )
    keeps_ratings = is_close(completed[seen], stars[seen])
    expect(
        keeps_ratings or not is_close(completed[seen], predicted[seen]),
        "`completed_block` holds predictions where a rating was given: `A.where(condition, B)` keeps `A` where the condition is true.",
    )
    expect(
        keeps_ratings,
        "A rating has changed in `completed_block`: only a gap takes the prediction.",
    )
    expect(
        not np.isnan(completed).any(),
        "`completed_block` still has gaps: its condition must be false there (nothing equals `NaN`, so `!=` is always true; `isna` finds gaps).",
    )
    expect(
        is_close(completed[~seen], predicted[~seen]),
        "The gaps of `completed_block` are filled, but not with the predictions of `R_hat_df`.",
    )


def _predictions_where_rated(kept, observed, predicted):
    kept, seen = as_array(kept), observed.notna().to_numpy()
    expect(kept is not None, "`observed_pred` should hold numbers, and holds something else.")
    expect(
        np.isnan(kept[~seen]).all(),
        "`observed_pred` holds numbers where nobody rated: it keeps predictions of rated cells alone, `NaN` elsewhere.",
    )
    expect(
        is_close(kept[seen], predicted[seen]),
        "`observed_pred` holds other numbers than the predictions of `R_hat_df` where a rating was given.",
    )


RANK_PROBE = """
returned_by_rank_error = [rank_error(*cases[0])]
for case in cases[1:]:
    try:
        returned_by_rank_error.append(rank_error(*case))
    except Exception:
        returned_by_rank_error.append("raised")
"""

RANK_FAULTS = {
    "is a mean of squares: its root is missing": lambda d, seen: np.mean(d[seen] ** 2),
    "counts every cell, not those alone that `observed` marks": lambda d, seen: rms(d),
    "counts the cells that `observed` does not mark": lambda d, seen: rms(d[~seen]),
    "is a mean of absolute errors: square them first, and take the root of the mean": lambda d, seen: (
        np.mean(np.abs(d[seen]))
    ),
    "is the root of a sum: divide by the number of cells that count": lambda d, seen: (
        np.linalg.norm(d[seen])
    ),
    "is 0 whatever it is given": lambda d, seen: 0.0,
}
"""What `rank_error` computes instead, from the difference and the cells that count; the end of a sentence."""


@check("svd-rank")
def the_error_of_every_rank_is_that_of_the_best_matrix_of_that_rank(student, data):
    """rank_error agrees with an independent rank-k matrix on fresh matrices, and rank_errors on the block."""
    rng = np.random.default_rng()
    cases = []
    for rows, columns in ((BLOCK, BLOCK), (6, 9), (9, 6)):
        filled = rng.normal(3.5, 1.0, (rows, columns))
        observed = rng.random((rows, columns)) < 0.6
        observed[0, :2] = True, False
        cases += [(filled, observed, rank) for rank in (1, 2, 5)]
    kinds = {"returned_by_rank_error": many(anything, len(cases))}
    (returned,) = ask(student, RANK_PROBE, kinds, cases=cases).values()
    _the_errors_of_fresh_matrices(returned, cases)
    block = ratings_block(data)
    filled = block.fillna(float(data.ratings["rating"].mean())).to_numpy()
    expected = [rank_rmse(filled, block.notna().to_numpy(), rank) for rank in range(1, BLOCK + 1)]
    (errors,) = read(student, "rank_errors")
    errors = as_array(errors, (BLOCK,))
    expect(errors is not None, "`rank_errors` needs one number for each rank from 1 to 8.")
    expect(
        is_close(errors, expected),
        "`rank_error` is right, but `rank_errors` does not hold what it returns for the filled block, the cells that have a rating, and the ranks from 1 to 8.",
    )


def _the_errors_of_fresh_matrices(returned, cases):
    """Require the right number in each case, with a sentence for each fault that can be told from the numbers."""
    expect(
        not any(value is None for value in returned),
        "`rank_error` returns nothing: let it end with `return` and the number.",
    )
    expect(
        "raised" not in [value for value in returned if isinstance(value, str)],
        "`rank_error` stops with an error on matrices of another shape than the block: let it use nothing but `R_filled`, `observed` and `k`.",
    )
    errors = [as_array(value) for value in returned]
    expect(
        all(error is not None and error.size == 1 for error in errors),
        "`rank_error` should return one number.",
    )
    errors = np.array([error.item() for error in errors])
    if is_close(errors, [rank_rmse(*case) for case in cases]):
        return
    differences = [best_rank(filled, k) - filled for filled, _, k in cases]
    masks = [observed for _, observed, _ in cases]
    for fault, wrong in RANK_FAULTS.items():
        found = [wrong(d, seen) for d, seen in zip(differences, masks, strict=True)]
        expect(not is_close(errors, found), f"What `rank_error` returns {fault}.")
    for step in (-1, 1):
        found = [rank_rmse(filled, observed, k + step) for filled, observed, k in cases]
        expect(
            not is_close(errors, found),
            "`rank_error` keeps another number of factors than `k`: look at where its slices end.",
        )
    raise CheckFailed(
        "`rank_error` returns other numbers than the error of the rank-`k` matrix of `R_filled`: compare its steps with the formulas, and let it use no variable from outside."
    )


def rms(values):
    """The root of the mean of squares, a float."""
    return float(np.sqrt(np.mean(values**2)))


def rank_rmse(filled, observed, k):
    """RMSE of the best rank-k matrix of `filled` on the cells where `observed` is true, a float."""
    return rms((best_rank(filled, k) - filled)[observed])
