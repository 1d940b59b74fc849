"""Synthesise a data set shaped like MovieLens 100K, with no real rating in it.

Stands in where the real set may not be shipped, and is what the private grading sets are drawn
from: the file layout, sizes, counts, histogram, baselines and learning curves are those of the
real set. numpy only, about a second, and one seed gives the same bytes each time (with one numpy:
its random streams may differ between releases).

The story that the recipe tells: people differ in how much they rate and films in how well they
are known (long tails); people choose films that suit them (selection); what they then feel is a
sum of their mood, the film's quality, their tastes and noise (the latent rating), which each of
them reports on a scale of 1 to 5 stars (the ordinal cut).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from autograder.data.baseline import bias_baseline
from autograder.data.movielens import write_info, write_ratings
from autograder.data.titles import MovieDetails, draw_movie_details
from autograder.errors import DataError

NUM_TASTES, TASTE_DECAY, TASTE_SHIFT = 40, 0.65, 0.9
NUM_SELECTION_TASTES, SELECTION_TASTE_DECAY = 8, 0.7
MIN_RATINGS_A_USER = 20
USER_TAIL, ITEM_TAIL = (1.53, 0.16), (1.856, 0.211)
IPF_ROUNDS, IPF_MAX_USERS = 8, 1000
STARS_CUMULATIVE = (0.0611, 0.1748, 0.4462, 0.7879)
RESIDUAL_SD, RESIDUAL_TOLERANCE = 0.916, 0.0002
BLOCK, BLOCK_TUPLES = 8, 4000
FIRST_SECOND, LAST_SECOND = 874_724_710, 893_286_638
SITTING_S, SPREAD_S, SPREAD_SHARE = 900.0, 90 * 86_400.0, 0.25
STAND_IN_URL = "http://example.invalid/title/"


@dataclass(frozen=True, eq=False)
class SyntheticMovieLens:
    """A synthesised data set, as arrays.

    ``user_ids``, ``movie_ids``, ``stars`` (1..5) and ``timestamps`` (seconds since 1970) are (n,)
    int64, one a rating, in file order; ``movies`` says what ``u.item`` says, one entry a movie.
    """

    user_ids: np.ndarray
    movie_ids: np.ndarray
    stars: np.ndarray
    timestamps: np.ndarray
    movies: MovieDetails


@dataclass(frozen=True, eq=False)
class _Structure:
    """Who and what there is: target counts and tastes.

    ``n_u`` (N,) int64 ratings a user; ``c_i`` (M,) target ratings an item; ``lu_u``, ``z_i`` their
    standardised logarithms; ``F``, ``H`` (N, M) fit of rating and of selection-only tastes; ``Q``
    (M, k) the items' tastes.
    """

    n_u: np.ndarray
    c_i: np.ndarray
    lu_u: np.ndarray
    z_i: np.ndarray
    F: np.ndarray
    H: np.ndarray
    Q: np.ndarray


def synthesise(
    seed: int, num_users: int = 943, num_items: int = 1682, num_ratings: int = 100_000
) -> SyntheticMovieLens:
    """Synthesise a data set in which ids run from 1 without gaps.

    Parameters
    ----------
    seed
        Not negative, of any size.
    num_users, num_items, num_ratings
        Sizes, met exactly; every user has at least 20 ratings and every movie one. Time and
        memory grow with users x movies.

    Returns
    -------
    SyntheticMovieLens
        Users 1..8 rate movies 1..8 as in MovieLens: 14 to 30 of the 64 cells, user 1 at least six
        of them, one to three users none, no movie none.

    Raises
    ------
    DataError
        If the sizes do not allow the shape: too few ratings a user, or too many for the movies.
    """
    _check_sizes(num_users, num_items, num_ratings)
    g_structure, g_selection, g_ratings, g_naming = (
        np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(4)
    )
    structure = _draw_structure(g_structure, num_users, num_items, num_ratings)
    chosen = _select(g_selection, structure)
    users, items = np.nonzero(chosen)
    stars = _rate(g_ratings, structure, users, items)
    user_order, item_order = _order_ids(g_naming, structure.c_i, chosen)
    rows = g_naming.permutation(num_ratings)
    timestamps = _draw_timestamps(g_naming, users, num_users)
    movies = draw_movie_details(g_naming, structure.Q[item_order])
    return SyntheticMovieLens(
        user_ids=_rank_of(user_order)[users][rows],
        movie_ids=_rank_of(item_order)[items][rows],
        stars=stars[rows],
        timestamps=timestamps[rows],
        movies=movies,
    )


def write_synthetic(folder: Path, data: SyntheticMovieLens, movie_url: str = STAND_IN_URL) -> None:
    """Write ``u.data``, ``u.item`` and ``u.info`` into an existing folder.

    Parameters
    ----------
    folder
        Where the three files go.
    data
        What they hold.
    movie_url
        The start of each movie's address; the title follows.
    """
    folder = Path(folder)
    write_ratings(
        folder / "u.data",
        data.user_ids.tolist(),
        data.movie_ids.tolist(),
        data.stars.tolist(),
        data.timestamps.tolist(),
    )
    (folder / "u.item").write_bytes(data.movies.as_item_file(movie_url))
    write_info(
        folder, len(np.unique(data.user_ids)), len(data.movies.movie_ids), len(data.user_ids)
    )


def _check_sizes(num_users: int, num_items: int, num_ratings: int) -> None:
    if num_users < 2 * BLOCK or num_items < 5 * BLOCK:
        raise DataError(
            f"A synthetic set of {num_users} users and {num_items} movies is too small; "
            f"ask for at least {2 * BLOCK} users and {5 * BLOCK} movies."
        )
    if num_ratings < (MIN_RATINGS_A_USER + 1) * num_users:
        raise DataError(
            f"{num_ratings} ratings are too few for {num_users} users; "
            f"ask for at least {(MIN_RATINGS_A_USER + 1) * num_users}."
        )


def _draw_structure(
    rng: np.random.Generator, num_users: int, num_items: int, num_ratings: int
) -> _Structure:
    """Draw counts with long tails, then tastes (steps 1 and 2)."""
    user_tail = _long_tail(rng, num_users, *USER_TAIL)
    spare = num_ratings - MIN_RATINGS_A_USER * num_users
    n_u = MIN_RATINGS_A_USER + _largest_remainder(user_tail / user_tail.sum() * spare, spare)
    if n_u.max() > 0.8 * num_items:
        raise DataError(
            f"{num_ratings} ratings of {num_users} users are too many for {num_items} movies; "
            "ask for more movies or fewer ratings."
        )
    item_tail = _long_tail(rng, num_items, *ITEM_TAIL)
    c_i = 1.0 + item_tail / item_tail.sum() * (num_ratings - num_items)
    k = np.arange(1, NUM_TASTES + 1)
    P, Q = _draw_tastes(rng, num_users, num_items, (k + TASTE_SHIFT) ** -TASTE_DECAY)
    k = np.arange(1, NUM_SELECTION_TASTES + 1)
    P_only, Q_only = _draw_tastes(rng, num_users, num_items, k**-SELECTION_TASTE_DECAY)
    return _Structure(
        n_u=n_u,
        c_i=c_i,
        lu_u=_standardise(np.log(n_u)),
        z_i=_standardise(np.log(c_i)),
        F=P @ Q.T,
        H=P_only @ Q_only.T,
        Q=Q,
    )


def _long_tail(rng: np.random.Generator, n: int, k: float, c: float) -> np.ndarray:
    """Draw n sizes with a long upper tail, from stratified uniforms so that seeds agree."""
    t = -np.log(1.0 - (rng.permutation(n) + rng.random(n)) / n)
    t = np.minimum(t, 0.98 * k / c)
    return t**k * np.exp(-c * t)


def _largest_remainder(shares: np.ndarray, total: int) -> np.ndarray:
    """Round shares to whole numbers that sum to ``total``, the largest fractions upwards."""
    whole = np.floor(shares).astype(np.int64)
    short = total - int(whole.sum())
    whole[np.argsort(whole - shares, kind="stable")[:short]] += 1
    return whole


def _draw_tastes(
    rng: np.random.Generator, num_users: int, num_items: int, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw P (N, k) with the given scales, normalised to a unit sum of squares, and Q (M, k)."""
    scale = scale / np.sqrt(np.sum(scale**2))
    P = rng.standard_normal((num_users, len(scale))) * scale
    return P, rng.standard_normal((num_items, len(scale)))


def _select(rng: np.random.Generator, structure: _Structure) -> np.ndarray:
    """Choose who rates what, (N, M) bool, n_u a user and at least one an item (steps 3 to 6)."""
    G = 0.5 * structure.F + 1.5 * structure.H
    G -= 0.05 * structure.lu_u[:, None] * structure.z_i
    w_i = _fit_popularity(structure.n_u, structure.c_i, np.exp(G))
    key = np.log(w_i) + G - np.log(rng.standard_exponential(G.shape))
    chosen = np.zeros(G.shape, dtype=bool)
    last_key = np.empty(len(G))
    for u, count in enumerate(structure.n_u):
        top = np.argpartition(key[u], -count)[-count:]
        chosen[u, top] = True
        last_key[u] = key[u, top].min()
    _cover_items(chosen, key, last_key)
    return chosen


def _fit_popularity(n_u: np.ndarray, c_i: np.ndarray, attraction: np.ndarray) -> np.ndarray:
    """Fit w_i so that 1 - exp(-a_u w_i attraction_ui) has the wanted margins (step 4).

    Without it strong tastes flatten popularity. With many users a sample of them, stratified by
    ``n_u``, is enough.
    """
    if len(n_u) > IPF_MAX_USERS:
        rows = np.argsort(n_u, kind="stable")
        rows = rows[np.linspace(0, len(n_u) - 1, IPF_MAX_USERS).round().astype(int)]
        c_i = c_i * (n_u[rows].sum() / n_u.sum())
        n_u, attraction = n_u[rows], attraction[rows]
    num_users = len(n_u)
    a_u, w_i = n_u * num_users / n_u.sum(), c_i / num_users

    def probabilities() -> np.ndarray:
        return 1.0 - np.exp(-(a_u[:, None] * w_i) * attraction)

    for _ in range(IPF_ROUNDS):
        a_u = a_u * n_u / probabilities().sum(axis=1)
        w_i = w_i * c_i / probabilities().sum(axis=0)
    return w_i


def _cover_items(chosen: np.ndarray, key: np.ndarray, last_key: np.ndarray) -> None:
    """Give each item without a rating to the user nearest to choosing it (step 6), in place.

    That user drops the weakest choice that somebody else has made too, so counts stay exact.
    """
    counts = chosen.sum(axis=0)
    for item in np.flatnonzero(counts == 0):
        for user in np.argsort(last_key - key[:, item], kind="stable"):
            droppable = np.flatnonzero(chosen[user] & (counts > 1))
            if len(droppable):
                dropped = droppable[np.argmin(key[user, droppable])]
                chosen[user, [item, dropped]] = True, False
                counts[item] += 1
                counts[dropped] -= 1
                break


def _rate(
    rng: np.random.Generator, structure: _Structure, users: np.ndarray, items: np.ndarray
) -> np.ndarray:
    """Draw the stars of the observed cells, (R,) int64 in 1..5 (steps 7 to 9).

    Every component has mean 0 and sd 1 over the observed cells, not over users or items, else a
    few heavy users would swing every error.
    """
    lu_u, z_i = structure.lu_u, structure.z_i
    b_u = rng.standard_normal(len(lu_u)) + 0.1 * lu_u
    b_i = 0.73 * (z_i + 0.1 * (z_i**2 - 1))
    b_i += np.sqrt(1 - 0.73**2) * rng.standard_normal(len(z_i))
    a = np.exp(0.25 * rng.standard_normal(len(lu_u)) - 0.02 * lu_u)[users]
    a /= np.sqrt(np.mean(a**2))
    mood = 0.46 * _standardise(b_u[users])
    quality = 0.61 * _standardise(b_i[items])
    fit = np.sqrt(0.45) * _standardise(structure.F[users, items])
    surprise = fit + np.sqrt(0.55) * rng.standard_normal(len(users))

    def stars_at(tau: float) -> np.ndarray:
        return _cut_to_stars(mood + a * (quality + tau * surprise))

    return stars_at(_solve_tau(stars_at, users, items))


def _cut_to_stars(x: np.ndarray) -> np.ndarray:
    """Cut a latent rating at its order statistics, so that the histogram is exact (step 8)."""
    cuts = [round(share * len(x)) for share in STARS_CUMULATIVE]
    return 1 + np.searchsorted(np.sort(x)[cuts], x, side="right")


def _solve_tau(stars_at, users: np.ndarray, items: np.ndarray) -> float:
    """Solve for the weight of tastes and noise that leaves the wanted residual sd (step 9)."""

    def excess(tau: float) -> float:
        stars = stars_at(tau)
        table = np.column_stack([users, items, stars])
        fitted = bias_baseline(table, reg_user=5.0, reg_item=3.0, num_iterations=6)
        residual = stars - fitted.mu - fitted.b_u[users] - fitted.b_i[items]
        return float(residual.std()) - RESIDUAL_SD

    (tau, error), (other, other_error) = ((t, excess(t)) for t in (1.08, 0.92))
    for _ in range(3):
        if abs(error) <= RESIDUAL_TOLERANCE or error == other_error:
            break
        step = error * (tau - other) / (error - other_error)
        other, other_error = tau, error
        tau -= step
        error = excess(tau)
    return tau


def _order_ids(
    rng: np.random.Generator, c_i: np.ndarray, chosen: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Order users and items; the first of each become id 1 (step 10)."""
    num_users, num_items = chosen.shape
    popular = np.argsort(-c_i, kind="stable")[: num_items // 5]
    first_items = rng.choice(popular, BLOCK, replace=False)
    order = np.argsort(-(np.log(c_i) + rng.standard_normal(num_items)), kind="stable")
    item_order = np.concatenate([first_items, order[~np.isin(order, first_items)]])
    first_users = _choose_first_users(rng, chosen[:, first_items])
    order = rng.permutation(num_users)
    return np.concatenate([first_users, order[~np.isin(order, first_users)]]), item_order


def _choose_first_users(rng: np.random.Generator, block_columns: np.ndarray) -> np.ndarray:
    """Choose eight users whose block with the first eight movies looks like MovieLens's.

    The best of 4000 random 8-tuples: the fewest breaches of the block's pattern, then nearest to
    18 ratings; the user with most ratings comes first.
    """
    tuples = rng.integers(0, len(block_columns), (BLOCK_TUPLES, BLOCK))
    tuples = tuples[(np.diff(np.sort(tuples, axis=1), axis=1) > 0).all(axis=1)]
    blocks = block_columns[tuples]
    of_user = blocks.sum(axis=2)
    total, empty = of_user.sum(axis=1), (of_user == 0).sum(axis=1)
    breaches = (
        np.maximum(6 - of_user.max(axis=1), 0)
        + (~blocks.any(axis=1)).sum(axis=1)
        + np.maximum(np.maximum(14 - total, total - 30), 0)
        + np.maximum(np.maximum(1 - empty, empty - 3), 0)
    )
    best = np.lexsort((abs(total - 18), breaches))[0]
    heaviest = np.argmax(of_user[best])
    return np.concatenate([tuples[best, [heaviest]], np.delete(tuples[best], heaviest)])


def _draw_timestamps(rng: np.random.Generator, users: np.ndarray, num_users: int) -> np.ndarray:
    """Draw seconds since 1970: most users rate in one sitting, a quarter over 90 days."""
    start = rng.uniform(FIRST_SECOND, LAST_SECOND - SPREAD_S, num_users)
    is_spread = rng.random(num_users) < SPREAD_SHARE
    sitting = rng.exponential(SITTING_S, len(users))
    spread = rng.uniform(0.0, SPREAD_S, len(users))
    seconds = start[users] + np.where(is_spread[users], spread, sitting)
    return np.minimum(seconds, LAST_SECOND).astype(np.int64)


def _rank_of(order: np.ndarray) -> np.ndarray:
    """Invert an order of indices to ids from 1."""
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return rank


def _standardise(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / x.std()
