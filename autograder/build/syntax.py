"""Reject code that is not plain Python: magics, shell lines, syntax errors.

Stands before the hidden tests and the flags are added, so that messages point at the author's own
lines. Plain Python is what every other stage, the grader's hashing and ``ruff`` rely on.
"""

import ast
import re
import warnings

from autograder.build.notebooks import Cell, Notebook, each_cell, is_code, lesson_error

MAGIC = re.compile(r"^\s*(?:[%!?]|\w+\s*=\s*[%!])|\?\s*$")


def compiles(source: str) -> bool:
    """Tell whether source text parses as plain Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in a string is the linter's business
            ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


@each_cell
def reject_magics(notebook: Notebook, cell: Cell) -> Cell:
    """Raise `BuildError` on line magics, shell lines and code that does not parse."""
    if is_code(cell) and not compiles(cell.source):
        magics = [line.strip() for line in cell.source.split("\n") if MAGIC.search(line)]
        problem = f"line magic `{magics[0]}`" if magics else "the code does not parse"
        raise lesson_error(notebook, cell, problem, "write plain Python")
    return cell
