"""Masks inside string literals: parsing cannot tell that they bite, so running must.

The build stays pure: this module says which notebooks must raise; a caller's `Runner` runs them.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy

from autograder.build.hidden_tests import remove_hidden_tests
from autograder.build.masking import masked_source, masks_in
from autograder.build.notebooks import (
    Cell,
    Notebook,
    is_check,
    is_code,
    lesson_error,
    name_of,
    ours,
)
from autograder.build.regions import unwrap_regions
from autograder.build.syntax import compiles

Runner = Callable[[Notebook], bool]


def string_mask_trials(master: Notebook) -> Iterator[tuple[Cell, Notebook]]:
    """Yield each cell that compiles though masked, and a notebook that must raise when run.

    That notebook holds the code of the lesson, solved and without hidden tests, from its first cell
    through the check of the cell's exercise, with this one cell masked.
    """
    solved = unwrap_regions(remove_hidden_tests(master))
    for position, cell in enumerate(master.cells):
        if not (is_code(cell) and ours(cell).get("mask")):
            continue
        masked = masked_source(cell.source, masks_in(master, cell))
        if not compiles(masked):
            continue
        last = next(n for n in range(position, len(solved.cells)) if is_check(solved.cells[n]))
        trial = deepcopy(solved)
        trial.cells[position].source = masked
        trial.cells = [c for c in trial.cells[: last + 1] if is_code(c)]
        yield cell, trial


def verify_string_masks(master: Notebook, runner: Runner) -> None:
    """Make sure that a blank in a string is felt by whoever leaves it as it is.

    Parameters
    ----------
    master
        A built master.
    runner
        Runs a notebook and returns True if a cell raised.

    Raises
    ------
    BuildError
        If a masked cell runs through to its check without any error.
    """
    for cell, trial in string_mask_trials(master):
        if not runner(trial):
            raise lesson_error(
                master,
                name_of(cell),
                "the masked cell compiles, and runs without an error",
                "mask a token that the code needs",
            )
