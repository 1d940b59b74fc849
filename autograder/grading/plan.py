"""What to run of a rebuilt notebook, exercise by exercise, and what the reference runs in its place.

Stands between rebuilding and the kernel. An exercise is every code cell after the previous check up to
its own check; check cells themselves are never run, since verdicts are made outside of the kernel.
"""

import ast
from dataclasses import dataclass

from autograder.build import remove_hidden_tests, unwrap_regions
from autograder.build.notebooks import is_check, is_code, is_solution, once_a_notebook

GIVEN, STUDENT, EXTRA = "given", "student", "extra"


@dataclass(frozen=True)
class PlannedCell:
    """A code cell: the lesson's own, one that a student fills or that stands in its place, or one that was added.

    `reference` is what runs in its place where the reference stands in; empty for an added cell.
    """

    id: str
    kind: str
    source: str
    reference: str


@dataclass(frozen=True)
class Exercise:
    """The cells of a check, and the most points that it brings."""

    check: str
    max_points: float
    cells: tuple[PlannedCell, ...]

    @property
    def references(self):
        """The cells as the reference fills them, without what a student added."""
        return tuple(cell for cell in self.cells if cell.kind != EXTRA)

    @property
    def rebound(self):
        """Names that the reference binds before it reads them, so that what they held is of no account."""
        read, bound = set(), set()
        for cell in self.references:
            for statement in ast.parse(cell.reference).body:
                names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
                read |= {node.id for node in names if isinstance(node.ctx, ast.Load)} - bound
                bound |= _bound_by(statement, names) - read
        return frozenset(bound)


def plan(notebook, master):
    """Plan the run of a rebuilt notebook.

    Parameters
    ----------
    notebook : NotebookNode, as `rebuild` gives it.
    master : NotebookNode, the master that it was rebuilt on.

    Returns
    -------
    Tuple of Exercise, in order; cells after the last check belong to none.
    """
    solved = _solved(master)
    exercises, cells = [], []
    for cell in filter(is_code, notebook.cells):
        if is_check(cell):
            name, points = cell.metadata.nbgrader.grade_id, float(cell.metadata.nbgrader.points)
            exercises.append(Exercise(name, points, tuple(cells)))
            cells = []
        else:
            is_ours = solved.get(cell["id"]) == cell.source
            kind = GIVEN if is_ours and not is_solution(cell) else STUDENT
            kind = kind if cell["id"] in solved else EXTRA
            reference = "" if kind == EXTRA else solved[cell["id"]]
            cells.append(PlannedCell(cell["id"], kind, cell.source, reference))
    return tuple(exercises)


@once_a_notebook
def _solved(master):
    """Sources of the cells as the reference fills them, by cell id."""
    return {cell["id"]: cell.source for cell in unwrap_regions(remove_hidden_tests(master)).cells}


def _bound_by(statement, names):
    """Names that a top-level statement binds for sure."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return set()
