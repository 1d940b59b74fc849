"""Lock what students must not change, as far as a notebook interface honours it."""

from autograder.build.notebooks import Cell, Notebook, each_cell, is_code, is_solution


@each_cell
def lock_cells(notebook: Notebook, cell: Cell) -> Cell:
    """Make given code and checks neither editable nor deletable, solution cells not deletable.

    Given code gets no ``grade_id``: nbgrader would then save and overwrite it, while our grader
    keeps a student's changed copy and runs both.
    """
    if is_solution(cell):
        cell.metadata["deletable"] = False
    elif is_code(cell):
        cell.metadata["deletable"] = False
        cell.metadata["editable"] = False
    return cell
