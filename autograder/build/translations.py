"""Translations: each prose cell has its counterpart in every language, written against its text.

English is written first. A translation names the English text that it renders by a short fingerprint,
``of="3f2a91c0"``, so that an edit of the English alone fails the build until someone has looked at the
translation and said so. Stands right after the directives, while the prose of all languages is there.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from autograder.build.directives import LANGUAGES, expand_directives
from autograder.build.languages import answer_languages, in_language, languages_of
from autograder.build.lesson import parse_lesson
from autograder.build.notebooks import Cell, Notebook, is_answer, lesson_error, ours
from autograder.errors import BuildError

ORIGINAL, *TRANSLATED = LANGUAGES
DIGITS = 8
ACCEPT = "autograder build --accept-translations"
CELL_HEADER = re.compile(r"^# %%.*$", re.MULTILINE)
FINGERPRINT = re.compile(r'\s+of="[^"]*"')


def fingerprint(text: str) -> str:
    """Return a short hash of a text's words; wrapping its lines anew changes nothing."""
    return sha256(" ".join(text.split()).encode()).hexdigest()[:DIGITS]


def reject_untranslated(notebook: Notebook) -> Notebook:
    """Raise `BuildError` where prose, or an answer, is not there in every language of the lesson."""
    list(translations(notebook))
    return notebook


def reject_stale_translations(notebook: Notebook) -> Notebook:
    """Raise `BuildError` where the English text is not the one that its translation was written for."""
    for text, cell in translations(notebook):
        known = ours(cell).get("of")
        if known != fingerprint(text):
            what = "the English text has changed since it was translated" if known else "no of="
            raise lesson_error(notebook, cell, what, f"read both, mend one, then run `{ACCEPT}`")
    return notebook


def translations(notebook: Notebook) -> Iterator[tuple[str, Cell]]:
    """Yield each English text with the cell that holds its translation.

    A translation is the cell right below its English one, or the other half of an answer cell. A
    lesson in one language has none.

    Raises
    ------
    BuildError
        If one is missing.
    """
    if len(languages_of(notebook)) < len(LANGUAGES):
        return
    cells = notebook.cells
    for number, cell in enumerate(cells):
        language = ours(cell).get("lang")
        if language == ORIGINAL:
            for offset, other in enumerate(TRANSLATED, start=1):
                if _language(cells, number + offset) != other:
                    raise lesson_error(
                        notebook, cell, f"no {other} counterpart", "put one right below it"
                    )
                yield cell.source, cells[number + offset]
        elif language and _language(cells, number - LANGUAGES.index(language)) != ORIGINAL:
            raise lesson_error(
                notebook, cell, f"no {ORIGINAL} counterpart", "put one right above it"
            )
        elif is_answer(cell) and answer_languages(cell.source):
            for part in answer_languages(cell.source):
                if part != set(LANGUAGES):
                    raise lesson_error(
                        notebook,
                        cell,
                        "model answer or marking scheme is not in every language",
                        f"begin each part by {' and '.join(f'<!-- {x} -->' for x in LANGUAGES)}",
                    )
            yield in_language(cell.source, ORIGINAL), cell


def _language(cells: list[Cell], number: int) -> str | None:
    return ours(cells[number]).get("lang") if 0 <= number < len(cells) else None


def accept_translations(text: str, name: str) -> str:
    """Write into each translation's header the fingerprint of its English text as it is now.

    Parameters
    ----------
    text
        A lesson in percent format.
    name
        Its assignment, for messages.

    Raises
    ------
    BuildError
        If a counterpart is missing, or a directive is wrong.
    """
    notebook = expand_directives(parse_lesson(text, name))
    number_of = {id(cell): number for number, cell in enumerate(notebook.cells)}
    wanted = {number_of[id(cell)]: fingerprint(prose) for prose, cell in translations(notebook)}
    headers = list(CELL_HEADER.finditer(text))
    untitled = len(notebook.cells) - len(headers)  # text above the first header is a cell as well
    if untitled not in (0, 1):
        raise BuildError(f"Lesson {name}: a cell has no header; begin each by `# %%`.")
    for number in sorted(wanted, reverse=True):
        start, end = headers[number - untitled].span()
        header = FINGERPRINT.sub("", text[start:end])
        text = f'{text[:start]}{header} of="{wanted[number]}"{text[end:]}'
    return text
