"""Notebooks as values: read, write and map over them; where the build touches files.

Every stage of the build is ``Notebook -> Notebook`` and leaves its argument as it was; `each_cell`
turns a function of one cell into such a stage. Reading and writing stand here, at the ends, so that
the stages themselves never meet a file.
"""

import functools
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.build.faults import Faults
from autograder.errors import BuildError, CourseError

Notebook = NotebookNode
Cell = NotebookNode
Stage = Callable[[Notebook], Notebook]

OURS = "course"


def each_cell(transform: Callable[[Notebook, Cell], Cell | None]) -> Stage:
    """Make a stage of a function of one cell.

    Parameters
    ----------
    transform
        Called as ``transform(notebook, cell)`` on a deep copy, cell by cell; may change the cell in
        place, and returns the cell, or None to drop it. A BuildError of one cell keeps no other from being
        looked at.
    """

    def stage(notebook: Notebook) -> Notebook:
        result, faults, cells = deepcopy(notebook), Faults(), []
        for cell in result.cells:
            made: Cell | None = cell
            with faults.caught():
                made = transform(result, cell)
            cells.append(made)
        result.cells = [cell for cell in cells if cell is not None]
        faults.told(result)
        return result

    stage.__name__ = transform.__name__
    stage.__doc__ = transform.__doc__
    return stage


def once_a_notebook(function: Callable[[Notebook], object]) -> Callable[[Notebook], object]:
    """Compute a function of a notebook once for equal notebooks; nobody may change what it returns."""

    @functools.lru_cache(maxsize=32)
    def of_text(text: str) -> object:
        return function(nbformat.from_dict(json.loads(text)))

    @functools.wraps(function)
    def of_notebook(notebook: Notebook) -> object:
        return of_text(json.dumps(notebook, sort_keys=True))

    return of_notebook


def ours(node: Notebook | Cell) -> dict:
    """Return our own metadata of a cell or a notebook, an empty dict where there is none."""
    return node.metadata.get(OURS, {})


def name_of(cell: Cell) -> str:
    """Return what to call a cell in a message: its grade_id, else its id, else its first line."""
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id:
        return grade_id
    first_line = cell.source.strip().split("\n")[0][:50]
    return f"`{first_line}`" if first_line else cell.get("id", "(empty)")


def is_code(cell: Cell) -> bool:
    """Tell whether a cell holds code."""
    return cell.cell_type == "code"


def is_solution(cell: Cell) -> bool:
    """Tell whether a student writes in this cell (a blank or an answer)."""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_check(cell: Cell) -> bool:
    """Tell whether a cell is a check: graded automatically, never edited by students."""
    nbgrader = cell.metadata.get("nbgrader", {})
    return bool(nbgrader.get("grade")) and not nbgrader.get("solution")


def is_answer(cell: Cell) -> bool:
    """Tell whether a cell is a free-text answer, graded by a person."""
    nbgrader = cell.metadata.get("nbgrader", {})
    return bool(nbgrader.get("grade")) and bool(nbgrader.get("solution"))


def lesson_error(notebook: Notebook, cell: Cell | str, problem: str, way_out: str) -> BuildError:
    """Compose the one sentence that names lesson, cell, problem and way out."""
    name = cell if isinstance(cell, str) else name_of(cell)
    lesson = ours(notebook).get("lesson", "(unnamed)")
    return BuildError(f"Lesson {lesson}, cell {name}: {problem}; {way_out}.")


def read_notebook(path: Path, error: type[CourseError] = BuildError) -> Notebook:
    """Read a notebook of any version as version 4.

    Parameters
    ----------
    path
        An ``.ipynb`` file.
    error
        Class of the error to raise, `BuildError` or `GradingError`.

    Raises
    ------
    CourseError
        As the class given, if the file is missing, is not text, not JSON, or not a notebook.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise error(f"Cannot read the notebook {path} ({reason}): check its place.") from None
    except UnicodeDecodeError:
        raise error(
            f"{path} is not a notebook (not UTF-8 text): export it again from Jupyter or Colab."
        ) from None
    return parse_notebook(text, str(path), error)


def parse_notebook(text: str, place: str, error: type[CourseError] = BuildError) -> Notebook:
    """Parse the text of a notebook; `place` is what error messages call it."""
    way_out = "export it again from Jupyter or Colab."
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells without ids are usual in notebooks from Colab
            notebook = nbformat.reads(text, as_version=4)
    except nbformat.reader.NotJSONError:
        raise error(f"{place} is not a notebook (not JSON): {way_out}") from None
    except Exception as problem:  # nbformat lets KeyError, AttributeError and others through
        kind = type(problem).__name__
        raise error(f"{place} is JSON but not a notebook ({kind}): {way_out}") from None
    if not isinstance(notebook.get("cells"), list):
        raise error(f"{place} is JSON but not a notebook (no cells): {way_out}")
    return notebook


def to_text(notebook: Notebook) -> str:
    """Serialise a notebook in one stable form: sorted keys, one trailing newline."""
    text = nbformat.writes(notebook, version=4)
    return text if text.endswith("\n") else text + "\n"


def write_text(path: Path, text: str) -> bool:
    """Write a file whole or not at all; leave it untouched where it already says the same.

    Returns
    -------
    bool
        True if the file changed.

    Raises
    ------
    BuildError
        If the file cannot be written.
    """
    try:
        if path.exists() and path.read_bytes() == text.encode("utf-8"):
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, text)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise BuildError(f"Cannot write {path} ({reason}): make the folder writable.") from None
    return True


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
