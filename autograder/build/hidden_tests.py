"""Hidden tests: one line a check, added to masters and taken out of all that students see.

Removal stands after nbgrader has saved the cells (the gradebook must know the hidden line) and
before the checksums that students receive.
"""

from autograder.build.notebooks import Cell, Notebook, each_cell, is_check, lesson_error

BEGIN = "### BEGIN HIDDEN TESTS"
END = "### END HIDDEN TESTS"


def hidden_region(name: str) -> str:
    """Return the three lines that run the hidden check of that name."""
    call = f'from autograder.checks import run_check; run_check("{name}", globals())'
    return "\n".join((BEGIN, call, END))


@each_cell
def append_hidden_tests(notebook: Notebook, cell: Cell) -> Cell:
    """Append to every check cell the region that calls the hidden check of its name."""
    if "HIDDEN TESTS" in cell.source:
        raise lesson_error(
            notebook, cell, "the lesson writes a hidden test itself", "drop it, the build adds it"
        )
    if is_check(cell):
        cell.source = f"{cell.source}\n{hidden_region(cell.metadata.nbgrader.grade_id)}"
    return cell


@each_cell
def remove_hidden_tests(notebook: Notebook, cell: Cell) -> Cell:
    """Cut the hidden region off every check cell, to the letter what was appended."""
    if is_check(cell):
        region = "\n" + hidden_region(cell.metadata.nbgrader.grade_id)
        if not cell.source.endswith(region):
            raise lesson_error(
                notebook, cell, "its hidden-test region is not as built", "build the master again"
            )
        cell.source = cell.source.removesuffix(region)
    return cell
