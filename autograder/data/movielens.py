"""Find, verify, read and write a data set in the MovieLens 100K layout: the first stage of all.

Everything downstream takes frames and trusts them, so whatever is wrong with a folder is said
here, once. A data folder holds ``u.data`` (tab separated: user, movie, stars, timestamp) and
``u.item`` (``|`` separated, latin-1: movie, title, ...), and perhaps ``u.info`` with the counts.

References
----------
F. M. Harper and J. A. Konstan 2015, "The MovieLens Datasets: History and Context".
"""

import hashlib
import io
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from autograder.errors import DataError

REAL_MD5 = {
    "u.data": "6e47046882bad158b0efbb84cd5cb987",
    "u.item": "c9e7f390115d79079537301d5204f3f7",
}
RATING_COLUMNS = ["userId", "movieId", "rating", "timestamp"]
MIN_STARS, MAX_STARS = 1, 5


@dataclass(frozen=True)
class DataFolder:
    """A data folder that has been verified.

    ``num_users``, ``num_items`` and ``num_ratings`` count what ``u.data`` holds; ``is_real`` says
    whether both files are MovieLens 100K, byte for byte.
    """

    folder: Path
    is_real: bool
    num_users: int
    num_items: int
    num_ratings: int

    def __str__(self) -> str:
        kind = "MovieLens 100K (MD5 agrees)" if self.is_real else "a MovieLens-shaped data set"
        return (
            f"{kind} in {self.folder}: {self.num_users} users, {self.num_items} movies, "
            f"{self.num_ratings} ratings"
        )


def find_movielens(start: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Find the data folder: ``MOVIELENS_DIR``, else ``data/ml-100k`` upwards from ``start``.

    Parameters
    ----------
    start
        The folder where the search begins; the current one by default.
    environ
        Where ``MOVIELENS_DIR`` is looked up; ``os.environ`` by default.

    Returns
    -------
    Path
        The folder that holds ``u.data``; its contents are not verified.

    Raises
    ------
    DataError
        If ``MOVIELENS_DIR`` names a folder without ``u.data``, or nothing is found.
    """
    found = search_movielens(start, environ)
    if found is not None:
        return found
    start = Path.cwd() if start is None else Path(start).absolute()
    raise DataError(
        f"No MovieLens data was found: MOVIELENS_DIR is not set and no data/ml-100k is in {start} "
        "or above it; `autograder data --download` fetches it."
    )


def search_movielens(
    start: Path | None = None, environ: Mapping[str, str] | None = None
) -> Path | None:
    """Do what `find_movielens` does, but return None where there is nothing to be found.

    Raises
    ------
    DataError
        If ``MOVIELENS_DIR`` names a folder without ``u.data``.
    """
    named = (os.environ if environ is None else environ).get("MOVIELENS_DIR")
    if named:
        for folder in _forms(Path(os.path.expanduser(named))):  # noqa: PTH111  Path's raises for a ~ of nobody
            if (folder / "u.data").is_file():
                return folder
        raise DataError(
            f"There is no u.data in {named}, which MOVIELENS_DIR names; "
            "let it name the folder that holds u.data, or unset it."
        )
    start = Path.cwd() if start is None else Path(start).absolute()
    for place in [start, *start.parents]:
        for folder in _forms(place / "data" / "ml-100k"):
            if (folder / "u.data").is_file():
                return folder
    return None


def _forms(folder: Path) -> tuple[Path, Path]:
    """A data folder, and where it lies when the archive, which holds a folder, was unpacked into it."""
    return folder, folder / "ml-100k"


def is_real(folder: Path) -> bool:
    """Tell whether ``folder`` holds MovieLens 100K, by the MD5 of ``u.data`` and ``u.item``."""
    paths = {name: Path(folder) / name for name in REAL_MD5}
    return all(
        path.is_file() and hashlib.md5(_read_bytes(path)).hexdigest() == REAL_MD5[name]
        for name, path in paths.items()
    )


def verify_movielens(folder: Path) -> DataFolder:
    """Verify a data folder and count what it holds.

    Parameters
    ----------
    folder
        The folder that holds ``u.data`` and ``u.item``.

    Returns
    -------
    DataFolder
        Real MovieLens 100K is known by its MD5; any other folder is checked for layout, ranges,
        movies that ``u.item`` lacks, pairs rated twice, and the counts of ``u.info`` if present.

    Raises
    ------
    DataError
        At the first thing that is missing, cut short or out of range.
    """
    folder = Path(folder)
    ratings, movies = read_ratings(folder), read_movies(folder)
    unknown = ratings.loc[~ratings["movieId"].isin(movies["movieId"]), "movieId"]
    if len(unknown):
        raise DataError(
            f"{folder / 'u.data'} rates movie {unknown.iloc[0]}, which {folder / 'u.item'} does "
            "not list; take both files from one data set."
        )
    repeated = ratings.duplicated(["userId", "movieId"])
    if repeated.any():
        user, movie = ratings.loc[repeated, ["userId", "movieId"]].iloc[0]
        raise DataError(
            f"{folder / 'u.data'} has user {user} rating movie {movie} twice; "
            "keep one rating for each pair."
        )
    found = DataFolder(
        folder=folder,
        is_real=is_real(folder),
        num_users=ratings["userId"].nunique(),
        num_items=ratings["movieId"].nunique(),
        num_ratings=len(ratings),
    )
    _check_counts(found, len(movies))
    return found


def read_ratings(folder: Path, name: str = "u.data") -> pd.DataFrame:
    """Read the ratings of a data folder.

    Parameters
    ----------
    folder
        The data folder.
    name
        The file in it; another file in the same layout may be named.

    Returns
    -------
    DataFrame
        In file order: ``userId``, ``movieId`` (int64, from 1), ``rating`` (float64, whole stars
        1..5), ``timestamp`` (int64, seconds since 1970).

    Raises
    ------
    DataError
        If the file is missing, empty, cut short, or holds anything else.
    """
    path = Path(folder) / name
    content = _read_whole_lines(path)
    try:
        table = pd.read_csv(io.BytesIO(content), sep="\t", header=None, encoding="latin-1")
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(
            f"{path} is not a table of four tab-separated columns; fetch the data set again."
        ) from error
    if table.shape[1] != len(RATING_COLUMNS):
        raise DataError(
            f"{path} has {table.shape[1]} tab-separated columns instead of the four user, movie, "
            "rating and timestamp; fetch the data set again."
        )
    table.columns = RATING_COLUMNS
    _check_whole_numbers(path, table)
    _check_ranges(path, table)
    return table.astype({"rating": "float64"})


def read_movies(folder: Path) -> pd.DataFrame:
    """Read the movies of a data folder.

    Returns
    -------
    DataFrame
        In file order: ``movieId`` (int64, from 1, each once) and ``title``.

    Raises
    ------
    DataError
        If ``u.item`` is missing, empty, cut short, or lists a movie twice.
    """
    path = Path(folder) / "u.item"
    lines = _read_whole_lines(path).decode("latin-1").replace("\r\n", "\n").split("\n")[:-1]
    rows = [line.split("|") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) < 2 or len(row) != len(rows[0]) or not re.fullmatch("[1-9][0-9]{0,17}", row[0]):
            raise DataError(
                f"Line {number} of {path} is not a movie id and a title between |; "
                "fetch the data set again."
            )
    movies = pd.DataFrame(
        {
            "movieId": np.array([int(row[0]) for row in rows], dtype=np.int64),
            "title": [row[1] for row in rows],
        }
    )
    if movies["movieId"].duplicated().any():
        movie = movies.loc[movies["movieId"].duplicated(), "movieId"].iloc[0]
        raise DataError(f"{path} lists movie {movie} twice; keep one line for each movie.")
    return movies


def write_ratings(
    path: Path,
    user_ids: Iterable[int],
    movie_ids: Iterable[int],
    stars: Iterable[float],
    timestamps: Iterable[int],
) -> None:
    """Write ratings in the layout of ``u.data``; four columns of one length, whole stars."""
    rows = zip(user_ids, movie_ids, stars, timestamps, strict=True)
    text = "".join(f"{int(u)}\t{int(i)}\t{int(r)}\t{int(t)}\n" for u, i, r, t in rows)
    Path(path).write_bytes(text.encode("ascii"))


def write_info(folder: Path, num_users: int, num_items: int, num_ratings: int) -> None:
    """Write ``u.info``, by which a file cut off at the end of a line is noticed later."""
    text = f"{num_users} users\n{num_items} items\n{num_ratings} ratings\n"
    (Path(folder) / "u.info").write_bytes(text.encode("ascii"))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"There is no {path.name} in {path.parent}; name a folder that holds a whole data "
            "set, or let `autograder data --download` fetch one."
        ) from error
    except OSError as error:
        raise DataError(
            f"Cannot read {path} ({error.strerror}); make it readable or name another folder."
        ) from error


def _read_whole_lines(path: Path) -> bytes:
    content = _read_bytes(path)
    if not content.strip():
        raise DataError(f"{path} is empty; fetch the data set again.")
    if not content.endswith(b"\n"):
        raise DataError(f"{path} breaks off in the middle of a line; fetch the data set again.")
    return content


def _check_whole_numbers(path: Path, table: pd.DataFrame) -> None:
    if all(dtype == np.int64 for dtype in table.dtypes):
        return
    numbers = table.apply(pd.to_numeric, errors="coerce")
    bad = (numbers.isna() | (numbers % 1 != 0)).any(axis=1)
    where = f"Row {int(bad.to_numpy().argmax()) + 1} of {path}" if bad.any() else f"A row of {path}"
    raise DataError(f"{where} does not hold four whole numbers; fetch the data set again.")


def _check_ranges(path: Path, table: pd.DataFrame) -> None:
    if not table["rating"].between(MIN_STARS, MAX_STARS).all():
        raise DataError(
            f"{path} has ratings outside {MIN_STARS}..{MAX_STARS}; check its third column."
        )
    if (table[["userId", "movieId"]] < 1).any(axis=None) or (table["timestamp"] < 0).any():
        raise DataError(
            f"{path} has an id below 1 or a negative timestamp; check its first, second and "
            "fourth columns."
        )


def _check_counts(found: DataFolder, num_movies: int) -> None:
    path = found.folder / "u.info"
    if not path.is_file():
        return
    words = _read_bytes(path).decode("latin-1")
    said = {name: int(count) for count, name in re.findall(r"(\d+) (users|items|ratings)", words)}
    held = {"users": found.num_users, "items": num_movies, "ratings": found.num_ratings}
    for name, count in said.items():
        if count != held[name]:
            raise DataError(
                f"{found.folder} holds {held[name]} {name} where its u.info says {count}; "
                "fetch the data set again."
            )
