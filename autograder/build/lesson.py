"""First step of the build: the text of a lesson becomes a notebook, its directives untouched.

Jupytext does the parsing; what it adds for its own use (pairing, blank-line counts) ends here, so
that no later stage can pass it on to students.
"""

from pathlib import Path

import jupytext
import yaml
from nbformat.v4 import new_notebook

from autograder.build.directives import LANGUAGES
from autograder.build.notebooks import OURS, Notebook
from autograder.errors import BuildError

KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE_INFO = {"name": "python"}
JUPYTEXT_CELL_KEYS = {"lines_to_next_cell", "lines_to_end_of_cell_marker"}


def parse_lesson(text: str, name: str) -> Notebook:
    """Parse the percent-format text of a lesson.

    Parameters
    ----------
    text
        The lesson; cell metadata such as ``blank="mf-model"`` is kept on the cells as it stands.
    name
        Name of the assignment, kept in the notebook's metadata under our key for messages.

    Raises
    ------
    BuildError
        If the text holds no cell, or its head names languages that there are not.
    """
    try:
        parsed = jupytext.reads(text, fmt="py:percent")
    except yaml.YAMLError as problem:
        place = getattr(problem, "problem_mark", None)
        where = f", near its line {place.line + 1}" if place else ""
        raise BuildError(
            f"Lesson {name}: its head cannot be read{where}; write it as other lessons do, between two `# ---`."
        ) from None
    for cell in parsed.cells:
        cell.source = cell.source.rstrip("\n")
        for key in JUPYTEXT_CELL_KEYS:
            cell.metadata.pop(key, None)
    if not any(cell.source.strip() or cell.metadata for cell in parsed.cells):
        raise BuildError(f"Lesson {name} holds no cell: begin cells with `# %%`.")
    return new_notebook(
        cells=parsed.cells,
        metadata={
            "kernelspec": dict(KERNELSPEC),
            "language_info": dict(LANGUAGE_INFO),
            OURS: {"lesson": name} | _languages(parsed.metadata, name),
        },
    )


def _languages(head: dict, name: str) -> dict[str, list[str]]:
    """The languages that a lesson's head names, by ``languages: [en]``; nothing where it names none."""
    if "languages" not in head:
        return {}
    named = head["languages"]
    if not isinstance(named, list) or not named or any(n not in LANGUAGES for n in named):
        raise BuildError(
            f"Lesson {name}: its head says `languages: {named}`; write a list of {' and '.join(LANGUAGES)}, "
            f"as `languages: [{LANGUAGES[0]}]`."
        )
    return {"languages": named}


def read_lesson(path: Path) -> Notebook:
    """Read and parse the lesson in a file, named as the file is.

    Raises
    ------
    BuildError
        If the file cannot be read, or holds no cell.
    """
    return parse_lesson(read_text(path), path.stem)


def read_text(path: Path) -> str:
    """Read the text of a lesson; `BuildError` if that cannot be done."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BuildError(
            f"Cannot read lesson {path} ({type(problem).__name__}): it must be UTF-8 text."
        ) from None
