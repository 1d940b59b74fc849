"""Free-text answers: model answer and marking scheme are for graders, the stub is for students."""

from autograder.build.directives import scheme_line
from autograder.build.notebooks import Cell, Notebook, each_cell, is_answer

STUB = "*Write your answer here. / 여기에 답을 쓰세요.*"


@each_cell
def stub_answers(notebook: Notebook, cell: Cell) -> Cell:
    """Replace every answer by the stub, the same bytes in every language.

    One stub serves all, since the gradebook keeps one checksum by which it knows an untouched
    answer, whichever language was handed in.
    """
    if is_answer(cell):
        cell.source = STUB
    return cell


@each_cell
def cut_marking_schemes(notebook: Notebook, cell: Cell) -> Cell:
    """Keep the model answer of every answer cell and cut the marking scheme off."""
    if is_answer(cell):
        lines = cell.source.split("\n")
        cell.source = "\n".join(lines[: scheme_line(cell.source)]).rstrip()
    return cell
