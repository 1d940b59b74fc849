"""nbgrader's checksums, by which it tells an untouched or a changed cell.

Stands after every stage that changes sources or points.
"""

from nbgrader.utils import compute_checksum

from autograder.build.notebooks import Cell, Notebook, each_cell


@each_cell
def compute_checksums(notebook: Notebook, cell: Cell) -> Cell:
    """Store checksum and type in the metadata of every check, blank and answer cell."""
    if "nbgrader" in cell.metadata:
        cell.metadata.nbgrader["checksum"] = compute_checksum(cell)
        cell.metadata.nbgrader["cell_type"] = cell.cell_type
    return cell
