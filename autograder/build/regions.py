"""SOLUTION regions: replaced by a stub in releases, unwrapped in solutions.

Stands after masking, whose tokens are counted in the whole cell, regions included.
"""

import re
from itertools import pairwise

from autograder.build.notebooks import Cell, Notebook, each_cell, is_code, is_solution, lesson_error

BEGIN = "### BEGIN SOLUTION"
END = "### END SOLUTION"
STUB = ("# YOUR CODE HERE", "raise NotImplementedError()")
MARKER = re.compile(r"^[ \t]*#+[ \t]*(BEGIN|END)[ \t]+SOLUTION\b.*$", re.IGNORECASE)


def find_regions(notebook: Notebook, cell: Cell) -> list[tuple[int, int]]:
    """Find the regions of a cell.

    Returns
    -------
    list of (int, int)
        Line numbers of the two marker lines of each region, from 0.

    Raises
    ------
    BuildError
        If markers are unbalanced or nested, or stand in a cell that is no blank.
    """
    lines = cell.source.split("\n") if is_code(cell) else []
    markers = [(n, m[1].upper()) for n, line in enumerate(lines) if (m := MARKER.match(line))]
    if markers and not is_solution(cell):
        raise lesson_error(
            notebook, cell, "SOLUTION region in a cell that is no blank", "add blank="
        )
    kinds = [kind for _, kind in markers]
    if kinds[::2] != ["BEGIN"] * len(kinds[::2]) or kinds[1::2] != ["END"] * (len(kinds) // 2):
        raise lesson_error(
            notebook, cell, "unbalanced SOLUTION region", "close each BEGIN with one END"
        )
    if len(kinds) % 2:
        raise lesson_error(notebook, cell, "unbalanced SOLUTION region", f"add {END}")
    numbers = [number for number, _ in markers]
    return list(pairwise(numbers))[::2]


@each_cell
def stub_regions(notebook: Notebook, cell: Cell) -> Cell:
    """Put the stub in the place of every region, indented as its first marker is."""
    for begin, end in reversed(find_regions(notebook, cell)):
        lines = cell.source.split("\n")
        indent = lines[begin][: len(lines[begin]) - len(lines[begin].lstrip())]
        lines[begin : end + 1] = [indent + line for line in STUB]
        cell.source = "\n".join(lines)
    return cell


@each_cell
def unwrap_regions(notebook: Notebook, cell: Cell) -> Cell:
    """Keep the code of every region and drop its marker lines."""
    dropped = {number for region in find_regions(notebook, cell) for number in region}
    if dropped:
        lines = cell.source.split("\n")
        cell.source = "\n".join(line for n, line in enumerate(lines) if n not in dropped)
    return cell
