"""Last guards: nothing that belongs to graders is left in what students read."""

from autograder.build.directives import SCHEME
from autograder.build.nbval_flag import COMMENT
from autograder.build.notebooks import Cell, Notebook, each_cell, is_code, lesson_error, ours
from autograder.build.syntax import compiles

MARKERS = (
    "BEGIN SOLUTION",
    "END SOLUTION",
    "BEGIN HIDDEN TESTS",
    "END HIDDEN TESTS",
    "autograder.checks",
    SCHEME,
)


@each_cell
def reject_markers(notebook: Notebook, cell: Cell) -> Cell:
    """Raise `BuildError` if a marker of a region, a scheme or a hidden test is left in a cell."""
    for marker in MARKERS:
        if marker.lower() in cell.source.lower():
            raise lesson_error(
                notebook, cell, f"the marker `{marker}` would reach students", "mend its spelling"
            )
    return cell


@each_cell
def reject_flags(notebook: Notebook, cell: Cell) -> Cell:
    """Raise `BuildError` if a lesson writes nbval's comments itself."""
    if COMMENT in cell.source:
        raise lesson_error(
            notebook,
            cell,
            f"a comment `{COMMENT}...` is in the lesson",
            "write nbval=true or nbval=false instead",
        )
    return cell


@each_cell
def reject_broken_code(notebook: Notebook, cell: Cell) -> Cell:
    """Raise `BuildError` if code without a masked blank does not parse once regions are stubs."""
    if is_code(cell) and not ours(cell).get("mask") and not compiles(cell.source):
        raise lesson_error(
            notebook, cell, "the released cell does not parse", "move its SOLUTION markers"
        )
    return cell
