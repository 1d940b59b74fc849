"""Choose one language of a master that holds the prose of all.

Stands first in releases and solutions. Code is shared by all languages; prose without a language
belongs to each. An answer is one cell, graded under one name: lines ``<!-- en -->`` and ``<!-- ko -->``
divide its model answer and its marking scheme, and a line without such a mark above it belongs to each.
"""

import re
from copy import deepcopy

from autograder.build.directives import LANGUAGES, SCHEME
from autograder.build.notebooks import Cell, Notebook, is_answer, ours
from autograder.errors import BuildError

DEFAULT_LANGUAGE = "en"
LANGUAGE_MARK = re.compile(rf"<!-- ({'|'.join(LANGUAGES)}) -->")


def languages_of(master: Notebook) -> tuple[str, ...]:
    """Return the languages that a master's prose is written in, in a fixed order.

    A lesson's head may name them; else they are those of its cells, and a master with none counts as English.
    """
    present = ours(master).get("languages") or {ours(cell).get("lang") for cell in master.cells}
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
    result.cells = [
        _answer_in(cell, language) if is_answer(cell) else cell
        for cell in result.cells
        if ours(cell).get("lang", language) == language
    ]
    return result


def _answer_in(cell: Cell, language: str) -> Cell:
    cell.source = in_language(cell.source, language)
    return cell


def in_language(answer: str, language: str) -> str:
    """Return the lines of an answer that belong to a language, without the marks that say so."""
    current, lines = None, []
    for line in answer.split("\n"):
        mark = LANGUAGE_MARK.fullmatch(line.strip())
        if line.strip() == SCHEME:
            current = None
        if mark:
            current = mark[1]
        elif current in (None, language):
            lines.append(line)
    return "\n".join(lines).strip()


def answer_languages(answer: str) -> tuple[set[str], ...]:
    """Return the languages marked in model answer and marking scheme; nothing if none is marked."""
    parts = answer.split(SCHEME)
    marked = tuple({mark[1] for mark in LANGUAGE_MARK.finditer(part)} for part in parts)
    return marked if any(marked) else ()
