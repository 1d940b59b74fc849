"""Hidden checks of lesson 1 (`svd`): the block, its factors, its completion, and error against rank.

The grader recomputes everything from its own copy of the ratings: the matrix by writing cells, not by
a pivot; the rank-k matrix from the eigenvectors of a Gram matrix, not by an SVD.
"""

import numpy as np
import pandas as pd

from autograder.checks.compare import (
    as_array,
    ask,
    is_close,
    many,
    number,
    read,
    same_table,
    shape_of,
    tables,
)
from autograder.checks.registry import check, expect

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
    k : number of factors, at least 1.

    Returns
    -------
    (m, n) array, float64.
    """
    A = np.asarray(A, dtype=np.float64)
    _, vectors = np.linalg.eigh(A.T @ A)
    V = vectors[:, ::-1][:, :k]
    return A @ V @ V.T


@check("svd-block")
def the_block_has_users_in_rows_movies_in_columns_and_keeps_its_gaps(student, data):
    """R_sparse is the whole matrix, R_block its first eight users and movies, gaps as NaN."""
    whole, block = tables(student, "R_sparse", "R_block")
    expect(
        whole.shape == (data.num_users, data.num_items),
        "`R_sparse` needs one row a user and one column a movie: look at `pivot_table`.",
    )
    expect(
        block.shape == (BLOCK, BLOCK), "`R_block` should be 8 by 8: look at what `.loc` selects."
    )
    same_table(
        whole,
        ratings_matrix(data),
        "R_sparse",
        "look at which column gives the rows and which the columns",
    )
    same_table(
        block, ratings_block(data), "R_block", "look at the order of users and movies inside `.loc`"
    )


@check("svd-factors")
def the_factors_are_those_of_the_mean_filled_block(student, data):
    """P and Q multiply to the best rank-2 matrix of the mean-filled block; signs are free."""
    observed = ratings_block(data)
    mean = float(data.ratings["rating"].mean())
    filled = observed.fillna(mean).to_numpy()
    own_mean, own_filled, P, Q = read(student, "global_mean", "R_block_filled", "P", "Q")
    expect(is_close(own_mean, mean), "`global_mean` should be the mean of all ratings.")
    expect(
        is_close(own_filled, filled),
        "`R_block_filled` should hold the ratings, and the mean in every gap.",
    )
    P, Q = (as_array(factors, (BLOCK, K)) for factors in (P, Q))
    expect(
        P is not None and Q is not None,
        "`P` and `Q` need one row a user or movie and k columns: look at the slices.",
    )
    singular = np.sqrt(np.linalg.eigvalsh(filled @ filled.T)[::-1][:K])
    expect(
        is_close(Q.T @ Q, np.eye(K)),
        "The columns of `Q` should be orthonormal: look at the call of `svd`.",
    )
    expect(
        is_close(np.linalg.norm(P, axis=0), singular),
        "The columns of `P` should carry the singular values: look at how `P` is made.",
    )
    expect(
        is_close(P @ Q.T, best_rank(filled, K)),
        "`P @ Q.T` is not the rank-2 matrix of the filled block.",
    )
    P_df, Q_df = tables(student, "P_df", "Q_df")
    for name, frame, array, ids in (
        ("P_df", P_df, P, data.user_ids),
        ("Q_df", Q_df, Q, data.movie_ids),
    ):
        labelled = pd.DataFrame(array, index=ids[:BLOCK], columns=["f1", "f2"])
        same_table(frame, labelled, name, "its rows carry ids, its columns are f1 and f2")


@check("svd-complete")
def observed_ratings_stay_and_only_gaps_are_filled(student, data):
    """completed_block keeps every rating and takes the rank-2 prediction in every gap."""
    observed = ratings_block(data)
    mean = float(data.ratings["rating"].mean())
    predicted = pd.DataFrame(
        best_rank(observed.fillna(mean), K), index=observed.index, columns=observed.columns
    )
    R_hat, completed, kept = tables(student, "R_hat_df", "completed_block", "observed_pred")
    same_table(
        R_hat,
        predicted,
        "R_hat_df",
        "users label its rows, movies its columns",
    )
    expect(
        completed.shape == observed.shape,
        "`completed_block` should be 8 by 8: look at the labels of `R_hat_df`.",
    )
    expect(
        not completed.isna().any(axis=None),
        "`completed_block` still has gaps: look at the labels of `R_hat_df`.",
    )
    seen = observed.notna().to_numpy()
    expect(
        is_close(completed.to_numpy()[seen], observed.to_numpy()[seen]),
        "An observed rating has changed in `completed_block`: only gaps take the prediction.",
    )
    same_table(
        completed,
        observed.fillna(predicted),
        "completed_block",
        "a gap takes the prediction of `R_hat_df`",
    )
    same_table(
        kept,
        predicted.where(observed.notna()),
        "observed_pred",
        "it holds predictions where a rating was observed, and NaN elsewhere",
    )


RANK_PROBE = """
probe_errors = [float(rank_error(filled, observed, rank)) for filled, observed, rank in cases]
"""


@check("svd-rank")
def the_error_of_every_rank_is_that_of_the_best_matrix_of_that_rank(student, data):
    """rank_error agrees with an independent rank-k matrix on fresh matrices, and rank_errors on the block."""
    rng = np.random.default_rng()
    cases = []
    for rows, columns in ((6, 9), (9, 6), (7, 7)):
        filled = rng.normal(3.5, 1.0, (rows, columns))
        observed = rng.random((rows, columns)) < 0.6
        observed[0, 0] = True
        cases += [(filled, observed, rank) for rank in (1, 2, 5)]
    kinds = {"probe_errors": many(number)}
    errors = ask(student, RANK_PROBE, kinds, cases=cases)["probe_errors"]
    expected = [rank_rmse(*case) for case in cases]
    expect(
        is_close(errors, expected),
        "`rank_error` is off on matrices of other shapes: look at the slices and at `observed`.",
    )
    block = ratings_block(data)
    filled = block.fillna(float(data.ratings["rating"].mean())).to_numpy()
    expected = [rank_rmse(filled, block.notna().to_numpy(), rank) for rank in range(1, BLOCK + 1)]
    (errors,) = read(student, "rank_errors")
    expect(
        shape_of(errors) == (BLOCK,), "`rank_errors` needs one number for each rank from 1 to 8."
    )
    expect(
        is_close(errors, expected),
        "`rank_errors` should hold the error on the observed cells of the block for each rank.",
    )


def rank_rmse(filled, observed, k):
    """RMSE of the best rank-k matrix of `filled` on the cells where `observed` is true, a float."""
    difference = (best_rank(filled, k) - filled)[observed]
    return float(np.sqrt(np.mean(difference**2)))
