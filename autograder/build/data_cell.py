"""The data cell: one collapsed cell a lesson, filled from one text.

The text (``data_cell.txt``) is the only plumbing that students see; the lesson marks the place with
``data=true`` and leaves the body empty, so that three lessons can never drift apart.
"""

from importlib.resources import files

from autograder.build.notebooks import Cell, Notebook, each_cell, lesson_error, ours

DATA_CELL = (files("autograder.build") / "data_cell.txt").read_text(encoding="utf-8").strip("\n")


@each_cell
def fill_data_cell(notebook: Notebook, cell: Cell) -> Cell:
    """Put the text into the cell marked as data cell, and collapse it."""
    if ours(cell).get("data"):
        if cell.source.strip():
            raise lesson_error(notebook, cell, "the data cell has a body", "leave it empty")
        cell.source = DATA_CELL
        cell.metadata["collapsed"] = True
        cell.metadata["jupyter"] = {"source_hidden": True}
    return cell
