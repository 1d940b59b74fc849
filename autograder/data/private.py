"""Make the private set that a course is graded on, and keep its secret.

Comes last in this package: it draws a data set from a secret seed, hides a part of it, has the
reference measured on the rest, and keeps what is good enough to grade with. The open challenge is scored
on a second set, drawn from the same secret, whose ratings stand in no notebook. A student can make
such sets too, but not this one, whose seed is 128 random bits beside the gradebook.
"""

import functools
import hashlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from autograder.data.grading_data import CHALLENGE, HOLDOUT, MANIFEST, VISIBLE, GradingData
from autograder.data.movielens import (
    find_movielens,
    read_movies,
    read_ratings,
    verify_movielens,
    write_info,
    write_ratings,
)
from autograder.data.new_folder import new_folder
from autograder.data.synthetic import BLOCK, synthesise
from autograder.data.withhold import HOLDOUT_FRACTION, withhold
from autograder.errors import DataError

SOURCES = ("synthetic", "movielens")
FORMAT = 1
SEED_BITS = 128
MIN_MARGIN_SD = 4.0
MAX_DRAWS = 20
SIZES, SIZE_SPREAD = {"users": 943, "items": 1682, "ratings": 100_000}, 0.04
ID_STEPS, ID_STEP_PROBABILITY = (1, 2, 3, 4), (0.8, 0.13, 0.05, 0.02)
MOVIE_URL = "http://us.imdb.com/M/title-exact?"

Margins = dict[str, dict[str, float]]
Sizes = dict[str, int]
Measure = Callable[[GradingData, Path], Margins]
MeasureStart = Callable[[GradingData], float]
MeasureCourse = Callable[[Path, GradingData, Path], Margins]
MeasureCourseStart = Callable[[Path, GradingData], float]


@dataclass(frozen=True)
class Manifest:
    """What ``manifest.json`` says of a grading folder; it never holds the seed.

    ``draws`` counts the sets drawn until this one was kept; ``sizes`` counts users, items, ratings
    (visible) and holdout; ``md5`` maps each file to its sum; ``margins`` maps each threshold to
    the mean and sd of the reference's RMSE, the threshold (stars) and the margin in sd; ``start_rmse``,
    of the challenge's set alone, is the mean RMSE (stars, on its holdout) of the best starting point.
    Both are None where nothing was measured.
    """

    source: str
    draws: int
    sizes: Sizes
    md5: dict[str, str]
    margins: Margins | None = None
    start_rmse: float | None = None
    format: int = FORMAT


def grading_folder(course: Path) -> Path:
    """Return where a course keeps its grading data set, there or not."""
    return Path(course) / ".grading" / "data"


def ensure_grading_data(
    course: Path,
    measure: MeasureCourse | None = None,
    source: str = "synthetic",
    movielens_dir: Path | None = None,
    force: bool = False,
    measure_start: MeasureCourseStart | None = None,
) -> Path:
    """Make the course's grading data set unless a complete one is there.

    Where the challenge's set alone is missing, as in courses of earlier versions, it alone is made.

    Parameters
    ----------
    course
        The course's root folder.
    measure, measure_start
        As in `make_grading_data`, but called with the course first; a set whose margins were never
        measured is then made again.
    source, movielens_dir
        As in `make_grading_data`.
    force
        Make the set again from the same seed, whatever is there.

    Returns
    -------
    Path
        The grading folder.

    Raises
    ------
    DataError
        If a file of the set was changed, the set there has another source, or as in
        `make_grading_data`.
    """
    folder = grading_folder(course)
    manifest = None if force else read_manifest(folder)
    if manifest is not None:
        _check_unchanged(folder, manifest)
        if manifest.source != source:
            raise DataError(
                f"{folder} was made from {manifest.source}, not from {source}; add --force to "
                "`autograder data --private` to grade on another data set from now on."
            )
    seed = secret_seed(course)
    start = functools.partial(measure_start, course) if measure_start is not None else None
    if manifest is None or (measure is not None and manifest.margins is None):
        measure_set = functools.partial(measure, course) if measure is not None else None
        make_grading_data(folder, seed, measure_set, source, movielens_dir, start)
    elif (challenge := read_manifest(folder / CHALLENGE)) is None:
        _make_challenge(folder, seed, start)
    else:
        _check_unchanged(folder / CHALLENGE, challenge)
    return folder


def make_grading_data(
    folder: Path,
    seed: int,
    measure: Measure | None = None,
    source: str = "synthetic",
    movielens_dir: Path | None = None,
    measure_start: MeasureStart | None = None,
) -> Manifest:
    """Make a grading folder, replacing what is there; the same seed makes the same set.

    Parameters
    ----------
    folder
        The grading folder; it appears whole, or not at all.
    seed
        The secret, not negative; everything drawn follows from it and the number of the draw.
    measure
        Called with a set and the folder of its visible ratings; runs the reference and returns
        for each threshold ``mean``, ``sd``, ``threshold`` (stars) and ``margin_sd``. A set with any margin under 4 sd is drawn again, at most 20 times. Without ``measure`` the first draw
        is kept.
    source
        ``synthetic``, or ``movielens`` for teaching: the real ratings, 5% of them withheld, which
        everybody could look up. The challenge's set is synthetic in both cases.
    movielens_dir
        With ``movielens``, the data folder to take; by default the one that is found.
    measure_start
        Called with the challenge's set; returns the mean RMSE of the best starting point on its holdout.

    Returns
    -------
    Manifest
        What was written as ``manifest.json``.

    Raises
    ------
    DataError
        If the source is unknown, missing or damaged, the folder cannot be written, or no draw
        clears its thresholds.
    """
    if source not in SOURCES:
        raise DataError(
            f"There is no source of grading data called {source!r}; choose {' or '.join(SOURCES)}."
        )
    if source == "movielens":
        movielens_dir = find_movielens() if movielens_dir is None else Path(movielens_dir)
        verify_movielens(movielens_dir)
        make = functools.partial(_draw_from_movielens, movielens_dir)
    else:
        make = _draw_synthetic
    with new_folder(folder) as partial:
        for number in range(1, MAX_DRAWS + 1):
            drawn = make(derive_seed(seed, f"{source}, draw {number}"))
            _write_files(partial, drawn)
            data = drawn.as_grading_data()
            margins = measure(data, partial / VISIBLE) if measure else None
            if is_wide_enough(margins):
                _make_challenge(partial, seed, measure_start)
                return _write_manifest(partial, data, Manifest(source, number, {}, {}, margins))
        raise DataError(
            f"The reference clears its thresholds by less than {MIN_MARGIN_SD:g} sd on each of "
            f"{MAX_DRAWS} data sets drawn for {folder} (the last: {_show_margins(margins)}); "
            "widen the thresholds or mend the reference."
        )


def is_wide_enough(margins: Margins | None) -> bool:
    """Tell whether every threshold is cleared by at least 4 sd; so is a set without margins."""
    return margins is None or all(each["margin_sd"] >= MIN_MARGIN_SD for each in margins.values())


def read_manifest(folder: Path) -> Manifest | None:
    """Read the manifest of a grading folder; None if there is none, so the set is not complete.

    Raises
    ------
    DataError
        If the manifest is damaged or of another format.
    """
    path = Path(folder) / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = Manifest(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError, OSError) as error:
        raise DataError(
            f"{path} cannot be read ({type(error).__name__}); {_remake(folder)}"
        ) from error
    if manifest.format != FORMAT:
        raise DataError(f"{path} is of format {manifest.format}, not {FORMAT}; {_remake(folder)}")
    return manifest


def secret_seed(course: Path) -> int:
    """Return the course's secret seed, 128 random bits, made the first time.

    It is kept in ``.grading/seed`` (mode 0600) in a folder that the instructor alone can read
    (mode 0700).

    Raises
    ------
    DataError
        If it cannot be read or written, or is not 32 hex digits.
    """
    path = Path(course) / ".grading" / "seed"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
        if not path.exists():
            _write_once(path, f"{secrets.randbits(SEED_BITS):032x}\n")
        path.chmod(0o600)
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise DataError(
            f"Cannot keep the secret seed in {path} ({error.strerror}); "
            "name a course folder that can be written."
        ) from error
    if len(text) != SEED_BITS // 4 or set(text) - set("0123456789abcdef"):
        raise DataError(
            f"{path} does not hold 32 hex digits; restore it, or remove it to grade on a new set."
        )
    return int(text, 16)


def derive_seed(seed: int, purpose: str) -> int:
    """Derive a seed of 128 bits from a secret one; no derived seed tells of another."""
    digest = hashlib.sha256(f"{seed:x}, {purpose}".encode()).digest()
    return int.from_bytes(digest[: SEED_BITS // 8], "big")


def draw_ids(
    rng: np.random.Generator, num_users: int, num_items: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw ascending ids with gaps for users and movies.

    Returns
    -------
    user_ids, movie_ids
        (users,) and (items,) int64, from 2 upwards; an id never equals its index + 1, and the
        first eight users share no id with the first eight movies, so that code which mistakes
        one for another meets other cells or none.
    """

    def ids(count: int) -> np.ndarray:
        steps = rng.choice(ID_STEPS, count, p=ID_STEP_PROBABILITY)
        return int(rng.integers(1, 40)) + np.cumsum(steps)

    while True:
        user_ids, movie_ids = ids(num_users), ids(num_items)
        if not set(user_ids[:BLOCK].tolist()) & set(movie_ids[:BLOCK].tolist()):
            return user_ids, movie_ids


@dataclass(frozen=True, eq=False)
class _DrawnSet:
    """A grading set in memory.

    ``ratings`` (n rows, as `read_ratings` gives them), ``movies``, the bytes of ``u.item``, and
    ``withheld`` (n,) bool.
    """

    ratings: pd.DataFrame
    movies: pd.DataFrame
    item_file: bytes
    withheld: np.ndarray

    def as_grading_data(self) -> GradingData:
        visible, hidden = self.ratings[~self.withheld], self.ratings[self.withheld]
        return GradingData(
            visible.reset_index(drop=True), self.movies, hidden.reset_index(drop=True)
        )


def _make_challenge(folder: Path, seed: int, measure_start: MeasureStart | None) -> None:
    """Make the second set of a grading folder, of the shape of the first one, from a seed of its own."""
    first = GradingData.load(folder)
    sizes = {"users": first.num_users, "items": first.num_items, "ratings": len(first.ratings)}
    with new_folder(folder / CHALLENGE) as partial:
        drawn = _draw_synthetic(derive_seed(seed, "challenge"), sizes)
        _write_files(partial, drawn)
        data = drawn.as_grading_data()
        start_rmse = measure_start(data) if measure_start else None
        _write_manifest(partial, data, Manifest("synthetic", 1, {}, {}, start_rmse=start_rmse))


def _draw_synthetic(seed: int, sizes: Sizes | None = None) -> _DrawnSet:
    """Draw a set of these sizes (ratings: visible ones), or of about the usual ones."""
    rng = np.random.default_rng(derive_seed(seed, "sizes and ids"))
    sizes = sizes or {
        name: round(size * rng.uniform(1 - SIZE_SPREAD, 1 + SIZE_SPREAD))
        for name, size in SIZES.items()
    }
    num_ratings = round(sizes["ratings"] / (1 - HOLDOUT_FRACTION))
    data = synthesise(derive_seed(seed, "ratings"), sizes["users"], sizes["items"], num_ratings)
    user_ids, movie_ids = draw_ids(rng, sizes["users"], sizes["items"])
    movies = data.movies.with_ids(movie_ids)
    ratings = pd.DataFrame(
        {
            "userId": user_ids[data.user_ids - 1],
            "movieId": movie_ids[data.movie_ids - 1],
            "rating": data.stars.astype(np.float64),
            "timestamp": data.timestamps,
        }
    )
    titles = pd.DataFrame({"movieId": movie_ids, "title": movies.titles.tolist()})
    return _DrawnSet(ratings, titles, movies.as_item_file(MOVIE_URL), _hide(ratings, seed))


def _draw_from_movielens(movielens_dir: Path, seed: int) -> _DrawnSet:
    ratings, movies = read_ratings(movielens_dir), read_movies(movielens_dir)
    item_file = (movielens_dir / "u.item").read_bytes()
    return _DrawnSet(ratings, movies, item_file, _hide(ratings, seed))


def _hide(ratings: pd.DataFrame, seed: int) -> np.ndarray:
    """Withhold 5%, leaving whole the block of the first eight users and movies of the lessons."""
    in_block = [
        ratings[name].isin(np.unique(ratings[name])[:BLOCK]).to_numpy()
        for name in ("userId", "movieId")
    ]
    return withhold(
        ratings["userId"].to_numpy(),
        ratings["movieId"].to_numpy(),
        np.random.default_rng(derive_seed(seed, "holdout")),
        keep=in_block[0] & in_block[1],
    )


def _write_files(folder: Path, drawn: _DrawnSet) -> None:
    """Write all of a grading folder but its manifest, over what an earlier draw left there."""
    data = drawn.as_grading_data()
    visible = folder / VISIBLE
    visible.mkdir(exist_ok=True)
    (visible / "u.item").write_bytes(drawn.item_file)
    write_info(visible, data.num_users, len(data.movies), len(data.ratings))
    for path, frame in [(visible / "u.data", data.ratings), (folder / HOLDOUT, data.holdout)]:
        write_ratings(path, *(frame[name].tolist() for name in frame.columns))


def _write_manifest(folder: Path, data: GradingData, manifest: Manifest) -> Manifest:
    """Write a manifest, with the sizes and sums of what stands in its folder."""
    sizes = {
        "users": data.num_users,
        "items": len(data.movies),
        "ratings": len(data.ratings),
        "holdout": len(data.holdout),
    }
    manifest = replace(manifest, sizes=sizes, md5=_md5_of_files(folder))
    text = json.dumps(asdict(manifest), indent=1, sort_keys=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _md5_of_files(folder: Path) -> dict[str, str]:
    """Map the relative path of each file of a set, without its manifest and the challenge's set, to its MD5."""
    return {
        path.relative_to(folder).as_posix(): hashlib.md5(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST and folder / CHALLENGE not in path.parents
    }


def _check_unchanged(folder: Path, manifest: Manifest) -> None:
    found = _md5_of_files(folder)
    for name, md5 in manifest.md5.items():
        if found.get(name) != md5:
            raise DataError(
                f"{folder / name} is missing or was changed after it was made; {_remake(folder)}"
            )


def _remake(folder: Path) -> str:
    return f"`autograder data --private --force` makes {folder} again."


def _show_margins(margins: Margins | None) -> str:
    return ", ".join(f"{name} {each['margin_sd']:.1f}" for name, each in (margins or {}).items())


def _write_once(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all; one that another process made first stays."""
    partial = path.with_name(f".{path.name}.partial-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        try:
            os.link(partial, path)
        except FileExistsError:
            return
    finally:
        partial.unlink(missing_ok=True)
