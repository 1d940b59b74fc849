"""Masters change after grading has begun: the gradebook follows, and nothing that a person gave is lost.

nbgrader refuses to add or remove cells once there are submissions. Here a new check or question is added to every
submission, where it waits; one that is gone is taken out, unless somebody has graded it by hand.
"""

from typing import Any

from nbgrader.api import Comment, Grade, MissingEntry
from nbgrader.api import Notebook as Master
from nbgrader.preprocessors import SaveCells

from autograder.errors import BuildError

ROWS = {"grade": "grades", "solution": "comments"}
"""What a cell of the master has in every submission."""


class MigrateCells(SaveCells):
    """nbgrader's SaveCells, which follows a master that has changed.

    Raises
    ------
    BuildError
        If a cell is gone that a person has graded or commented on; nothing is written then.
    """

    def _create_notebook(self, nb: Any) -> None:
        try:
            master = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        except MissingEntry:
            master = None
        if master is not None and master.submissions:
            self._remove_what_is_gone(master)
            self._add_what_is_new(master)
            self.gradebook.db.commit()
        super()._create_notebook(nb)

    def _remove_what_is_gone(self, master: Master) -> None:
        gone = {
            kind: [cell for cell in getattr(master, f"{kind}_cells") if cell.name not in new]
            for kind, new in self._new_cells().items()
        }
        settled = sorted(
            {cell.name for cell in gone["grade"] if any(map(_is_by_hand, cell.grades))}
            | {
                cell.name
                for cell in gone["solution"]
                if any(c.manual_comment for c in cell.comments)
            }
        )
        if settled:
            raise BuildError(
                f"{', '.join(settled)} of {self.assignment_id} is gone from the master, and somebody has graded it by "
                "hand: put it back, or take those grades off in formgrader first; nothing was changed."
            )
        for kind, cells in gone.items():
            for cell in cells:
                for row in getattr(cell, ROWS[kind]) if kind in ROWS else ():
                    self.gradebook.db.delete(row)
                self.gradebook.db.delete(cell)
        self.gradebook.db.flush()
        self.gradebook.db.expire(master)

    def _add_what_is_new(self, master: Master) -> None:
        names = (self.notebook_id, self.assignment_id)
        for kind, new in self._new_cells().items():
            known = {cell.name for cell in getattr(master, f"{kind}_cells")}
            for name in new.keys() - known:
                update = getattr(self.gradebook, f"update_or_create_{kind}_cell")
                cell = update(name, *names, **new[name])
                for submitted in master.submissions:
                    if kind == "grade":
                        row = Grade(cell=cell, notebook=submitted, needs_manual_grade=True)
                        self.gradebook.db.add(row)
                    elif kind == "solution":
                        self.gradebook.db.add(Comment(cell=cell, notebook=submitted))
        self.gradebook.db.flush()
        self.gradebook.db.expire(master)

    def _new_cells(self) -> dict[str, dict]:
        return {
            "grade": self.new_grade_cells,
            "solution": self.new_solution_cells,
            "source": self.new_source_cells,
        }


def _is_by_hand(grade: Grade) -> bool:
    return grade.manual_score is not None or bool(grade.extra_credit)
