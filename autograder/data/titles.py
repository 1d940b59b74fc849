"""Make up what ``u.item`` says of a movie: a title, a date, an address and genres.

Titles are invented, pairs of an adjective and a noun; some hold an e-acute, which in latin-1 is
one byte, so that reading the file as utf-8 fails as it does on MovieLens. Genres follow the
tastes that a movie meets and never feed back into ratings.
"""

from dataclasses import dataclass, replace
from urllib.parse import quote

import numpy as np


def _words(text: str) -> list[str]:
    return text.split()


ADJECTIVES = _words("""
    Silent Golden Broken Hidden Distant Crimson Restless Frozen Gentle Wicked Burning Secret Hollow
    Savage Lonely Velvet Electric Midnight Paper Silver Forgotten Perfect Wild Crooked Quiet Final
    Bitter Scarlet Borrowed Endless Lucky Naked Tender Stolen Blue Iron Painted Sudden Drifting
    Brave Foolish Northern Southern Second Last Little Great Dark Bright Reluctant Honest Sleepless
    Invisible Ordinary Emerald Rolling Shattered Wandering Winter Summer Unlikely Double Faithful
    Impossible
""")
NOUNS = _words("""
    Harbour River Garden Letter Promise Shadow Mountain Stranger Sister Orchard Engine Window Dance
    Kingdom Mirror Bridge Station Doctor Circus Island Summer Road Heart Witness Valley Detective
    Carnival Lantern Kitchen Soldier Daughter Brother Tiger Storm Crown Cathedral Gambler Painter
    Journey Hotel Desert Piano Widow Teacher Balloon Forest Marriage Thief Captain Ocean Sparrow
    Telegram Ghost Highway Pilot Neighbour Tower Wedding Cousin Meadow Verdict Masquerade Fortune
    Horizon
""")
ACCENTED_NOUNS = _words("Café Protégé Fiancée Séance Matinée Soirée Cliché Décor")
NUM_ACCENTED = 17
MONTHS = _words("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
GENRE_WEIGHTS = np.array(
    [2, 250, 135, 42, 120, 505, 110, 50, 725, 22, 24, 92, 56, 61, 245, 100, 250, 71, 27], float
)  # unknown, Action, Adventure, ... Western, in the order of u.item's flags
NUM_GENRES_PROBABILITY = (0.50, 0.34, 0.125, 0.03, 0.005)
LAST_YEAR, FIRST_YEAR = 1998, 1922


@dataclass(frozen=True, eq=False)
class MovieDetails:
    """What ``u.item`` says: ``movie_ids`` (M,) int64, ``titles`` and ``dates`` (M,) str.

    A title ends with its year in parentheses; ``genres`` is (M, 19) bool.
    """

    movie_ids: np.ndarray
    titles: np.ndarray
    dates: np.ndarray
    genres: np.ndarray

    def with_ids(self, movie_ids: np.ndarray) -> "MovieDetails":
        """Give the movies other ids, (M,) int64 in the same order."""
        return replace(self, movie_ids=movie_ids)

    def as_item_file(self, movie_url: str) -> bytes:
        """Return the bytes of ``u.item``, latin-1, with addresses that start with ``movie_url``."""
        rows = zip(self.movie_ids, self.titles, self.dates, self.genres, strict=True)
        lines = []
        for number, title, date, flags in rows:
            address = movie_url + quote(str(title), safe="(),", encoding="latin-1")
            fields = [number, title, date, "", address, *flags.astype(int)]
            lines.append("|".join(str(field) for field in fields) + "\n")
        return "".join(lines).encode("latin-1")


def draw_movie_details(rng: np.random.Generator, Q: np.ndarray) -> MovieDetails:
    """Draw titles, dates and genres for movies 1..M.

    Parameters
    ----------
    rng
        The only source of chance.
    Q
        (M, k) tastes that the movies meet, each about standard normal.

    Returns
    -------
    MovieDetails
        Titles all differ; 17 of them (or all, if fewer) hold an e-acute.
    """
    years = _draw_years(rng, len(Q))
    names = _draw_names(rng, len(Q))
    return MovieDetails(
        movie_ids=np.arange(1, len(Q) + 1),
        titles=np.array([f"{name} ({year})" for name, year in zip(names, years, strict=True)]),
        dates=_draw_dates(rng, years),
        genres=_draw_genres(rng, Q),
    )


def _draw_names(rng: np.random.Generator, num_items: int) -> list[str]:
    plain = _pair(rng, ADJECTIVES, NOUNS, num_items)
    accented = _pair(rng, ADJECTIVES, ACCENTED_NOUNS, min(NUM_ACCENTED, num_items))
    for place, name in zip(rng.permutation(num_items), accented, strict=False):
        plain[place] = name
    has_article = rng.random(num_items) < 0.25
    return [f"{name}, The" if the else name for name, the in zip(plain, has_article, strict=True)]


def _pair(
    rng: np.random.Generator, adjectives: list[str], nouns: list[str], num_names: int
) -> list[str]:
    """Pair words without repeating a pair; when all are used, number the sequels."""
    pairs = rng.permutation(len(adjectives) * len(nouns))
    names = []
    for place in range(num_names):
        part, pair = divmod(place, len(pairs))
        adjective, noun = divmod(int(pairs[pair]), len(nouns))
        names.append(f"{adjectives[adjective]} {nouns[noun]}" + (f" {part + 1}" if part else ""))
    return names


def _draw_years(rng: np.random.Generator, num_items: int) -> np.ndarray:
    """Draw years of which most are recent, some decades old."""
    is_old = rng.random(num_items) < 0.2
    age = np.where(is_old, 5 + rng.exponential(18.0, num_items), rng.exponential(2.5, num_items))
    return np.maximum(LAST_YEAR - age.astype(np.int64), FIRST_YEAR)


def _draw_dates(rng: np.random.Generator, years: np.ndarray) -> np.ndarray:
    """Draw release dates; as in MovieLens, many are only known to the year (1 January)."""
    days, months = rng.integers(1, 29, len(years)), rng.integers(0, 12, len(years))
    is_year_only = rng.random(len(years)) < 0.6
    days, months = np.where(is_year_only, 1, days), np.where(is_year_only, 0, months)
    rows = zip(days, months, years, strict=True)
    return np.array([f"{day:02d}-{MONTHS[month]}-{year}" for day, month, year in rows])


def _draw_genres(rng: np.random.Generator, Q: np.ndarray) -> np.ndarray:
    """Draw one to five genres a movie, (M, 19) bool, by frequency and taste."""
    num_items, num_tastes = Q.shape
    A = rng.standard_normal((num_tastes, len(GENRE_WEIGHTS))) / np.sqrt(num_tastes)
    score = np.log(GENRE_WEIGHTS) + Q @ A + rng.gumbel(size=(num_items, len(GENRE_WEIGHTS)))
    num_genres = 1 + rng.choice(len(NUM_GENRES_PROBABILITY), num_items, p=NUM_GENRES_PROBABILITY)
    place = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1, kind="stable")
    genres = place < num_genres[:, None]
    is_unknown = genres[:, 0].copy()
    genres[is_unknown] = False
    genres[is_unknown, 0] = True
    return genres
