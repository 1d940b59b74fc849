"""Drop what only the build needs to know, and outputs of any run.

Our metadata lists the masked tokens, which is to say the solution: it is dropped last among the
stages that read it.
"""

from copy import deepcopy

from autograder.build.notebooks import OURS, Cell, Notebook, each_cell, is_code


def drop_course_metadata(notebook: Notebook) -> Notebook:
    """Drop our key from the notebook and from every cell."""
    result = deepcopy(notebook)
    for node in (result, *result.cells):
        node.metadata.pop(OURS, None)
    return result


@each_cell
def clear_outputs(notebook: Notebook, cell: Cell) -> Cell:
    """Drop outputs and execution counts; keep the cell's other metadata, `collapsed` included."""
    if is_code(cell):
        cell.outputs = []
        cell.execution_count = None
    return cell
