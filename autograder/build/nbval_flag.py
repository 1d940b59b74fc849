"""Flag the cells of a solution whose output cannot depend on the data, for nbval.

The flag is a comment in the code, so it is added to solutions only: neither masters nor releases
carry a line that students would have to wonder about.
"""

from autograder.build.notebooks import Cell, Notebook, each_cell, ours

FLAG = "# NBVAL_CHECK_OUTPUT"


@each_cell
def flag_for_nbval(notebook: Notebook, cell: Cell) -> Cell:
    """Put the flag on the first line of every cell marked ``nbval``."""
    if ours(cell).get("nbval"):
        cell.source = f"{FLAG}\n{cell.source}"
    return cell
