"""Translations: each prose cell has its counterpart in every language, written against its text.

English is written first. A translation names the English text that it renders by a short fingerprint,
``of="3f2a91c0"``, so that an edit of the English alone fails the build until someone has looked at the
translation and said so. Stands right after the directives, while the prose of all languages is there.
"""

import re
from collections.abc import Container, Iterator
from hashlib import sha256

from autograder.build.directives import LANGUAGES, expand_directives
from autograder.build.faults import Faults
from autograder.build.languages import answer_languages, in_language
from autograder.build.lesson import parse_lesson
from autograder.build.notebooks import Cell, Notebook, is_answer, lesson_error, name_of, ours
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
    faults = Faults()
    for _ in translations(notebook, faults):
        pass
    faults.told()
    return notebook


def reject_stale_translations(notebook: Notebook) -> Notebook:
    """Raise `BuildError` where the English text is not the one that its translation was written for."""
    faults = Faults()
    for text, cell in stale_translations(notebook):
        what = "the English text has changed since it was translated" if _known(cell) else "no of="
        with faults.caught():
            way_out = f"read both, mend one, then run `{ACCEPT} {fingerprint(text)}`"
            raise lesson_error(notebook, cell, what, way_out)
    faults.told()
    return notebook


def stale_translations(notebook: Notebook) -> Iterator[tuple[str, Cell]]:
    """Yield each English text with its translation, where that was written for another text."""
    for text, cell in translations(notebook, Faults()):
        if _known(cell) != fingerprint(text):
            yield text, cell


def translations(notebook: Notebook, faults: Faults) -> Iterator[tuple[str, Cell]]:
    """Yield each English text with the cell that holds its translation.

    A translation is the cell right below its English one, or the other half of an answer cell. A lesson whose head
    names one language has none, and neither has one whose prose belongs to all.

    Parameters
    ----------
    faults
        Gets a sentence for each that is missing.
    """
    wanted = ours(notebook).get("languages", LANGUAGES)
    cells = notebook.cells
    for number in range(len(cells)):
        with faults.caught():
            yield from _translations_of(notebook, cells, number, wanted)


def _translations_of(
    notebook: Notebook, cells: list[Cell], number: int, wanted: Container[str]
) -> Iterator[tuple[str, Cell]]:
    cell = cells[number]
    language = ours(cell).get("lang")
    if language and language not in wanted:
        raise lesson_error(
            notebook, cell, f"prose in {language!r}", "name that language in the lesson's head"
        )
    others = [other for other in TRANSLATED if other in wanted]
    if language == ORIGINAL:
        for offset, other in enumerate(others, start=1):
            if _language(cells, number + offset) != other:
                head = f"put one right below it, or write `languages: [{ORIGINAL}]` below `jupyter:` in the head"
                raise lesson_error(notebook, cell, f"no {other} counterpart", head)
            yield cell.source, cells[number + offset]
    elif language and ORIGINAL in wanted:
        if _language(cells, number - LANGUAGES.index(language)) != ORIGINAL:
            raise lesson_error(
                notebook, cell, f"no {ORIGINAL} counterpart", "put one right above it"
            )
    elif is_answer(cell) and others and answer_languages(cell.source):
        for part in answer_languages(cell.source):
            if part != set(LANGUAGES):
                raise lesson_error(
                    notebook,
                    cell,
                    "model answer or marking scheme is not in every language",
                    f"begin each part by {' and '.join(f'<!-- {x} -->' for x in LANGUAGES)}",
                )
        yield in_language(cell.source, ORIGINAL), cell


def _known(cell: Cell) -> str | None:
    """The fingerprint of the English text that a translation was written for."""
    return ours(cell).get("of")


def _language(cells: list[Cell], number: int) -> str | None:
    return ours(cells[number]).get("lang") if 0 <= number < len(cells) else None


def accept_translations(text: str, name: str, accepted: Container[str] | None = None) -> str:
    """Write into translations' headers the fingerprints of their English texts as they are now.

    Parameters
    ----------
    text
        A lesson in percent format.
    name
        Its assignment, for messages.
    accepted
        Which to write: fingerprints of the English texts, as the build tells them, or names of answers; all
        where it is None.

    Raises
    ------
    BuildError
        If a counterpart is missing, or a directive is wrong.
    """
    notebook = expand_directives(parse_lesson(text, name))
    reject_untranslated(notebook)
    number_of = {id(cell): number for number, cell in enumerate(notebook.cells)}
    wanted = {
        number_of[id(cell)]: fingerprint(prose)
        for prose, cell in stale_translations(notebook)
        if accepted is None or fingerprint(prose) in accepted or name_of(cell) in accepted
    }
    headers = list(CELL_HEADER.finditer(text))
    untitled = len(notebook.cells) - len(headers)  # text above the first header is a cell as well
    if untitled not in (0, 1):
        raise BuildError(f"Lesson {name}: a cell has no header; begin each by `# %%`.")
    for number in sorted(wanted, reverse=True):
        start, end = headers[number - untitled].span()
        header = FINGERPRINT.sub("", text[start:end])
        text = f'{text[:start]}{header} of="{wanted[number]}"{text[end:]}'
    return text


def stale_names(text: str, name: str) -> dict[str, str]:
    """What `accepted` may name in a lesson: fingerprint -> what the cell is called."""
    notebook = expand_directives(parse_lesson(text, name))
    return {fingerprint(prose): name_of(cell) for prose, cell in stale_translations(notebook)}
