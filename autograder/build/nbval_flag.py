"""Tag the cells of a solution for nbval, which runs it again and compares outputs.

There are two profiles. On any data, `--nbval-lax` compares the cells whose output depends on no data set
(``nbval=true`` in the lesson). On real MovieLens, `--nbval` compares every cell but those whose output differs from run to run
(``nbval=false``). Tags are metadata of solutions only: neither masters nor releases carry any, and no cell
a line that students would have to wonder about.
"""

from autograder.build.notebooks import Cell, Notebook, each_cell, ours

TAGS = {True: "nbval-check-output", False: "nbval-ignore-output"}
COMMENT = "NBVAL_"


@each_cell
def flag_for_nbval(notebook: Notebook, cell: Cell) -> Cell:
    """Tag every cell marked ``nbval``."""
    if (wanted := ours(cell).get("nbval")) is not None:
        cell.metadata.tags = [TAGS[wanted]]
    return cell
