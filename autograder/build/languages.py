"""Choose one language of a master that holds the prose of all.

Stands first in releases and solutions. Code is shared by all languages; prose without a language
belongs to each.
"""

from copy import deepcopy

from autograder.build.directives import LANGUAGES
from autograder.build.notebooks import Notebook, ours
from autograder.errors import BuildError

DEFAULT_LANGUAGE = "en"


def languages_of(master: Notebook) -> tuple[str, ...]:
    """Return the languages that a master's prose is written in, in a fixed order.

    A master with no language of its own counts as English.
    """
    present = {ours(cell).get("lang") for cell in master.cells}
    return tuple(lang for lang in LANGUAGES if lang in present) or (DEFAULT_LANGUAGE,)


def select_language(master: Notebook, language: str) -> Notebook:
    """Drop prose of every other language.

    Raises
    ------
    BuildError
        If the master holds no prose in this language.
    """
    if language not in languages_of(master):
        lesson = ours(master).get("lesson", "(unnamed)")
        raise BuildError(
            f"Lesson {lesson} has no prose in {language!r}: it has "
            f"{', '.join(languages_of(master))}, so choose one of those or translate it."
        )
    result = deepcopy(master)
    result.cells = [c for c in result.cells if ours(c).get("lang", language) == language]
    return result
