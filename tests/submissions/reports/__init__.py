"""What people have reported of courses like this one, as one table: a scene, and what is right in it.

Rows stand by kind, a module each; importing this package fills the table. There are two sorts:

- `@report`: a function that takes a `Course` of its own, fresh as a clone has it, with a private data set
  and nobody's work in it; what it asserts is what is right.
- `@in_class`: a generator that takes a `Pupil`, hands in for one student and yields; once the whole class
  is graded, by one `autograder grade`, it goes on and asserts what is right for this student. Whoever
  needs no course of its own stands here, since a class costs one student's time a row.
"""

import importlib
import pkgutil

from autograder.build import read_notebook
from autograder.grading.results import RESULT

ROWS = {}
"""Every row with a course of its own, by its name: the function's, with spaces."""
CLASS = {}
"""Every row that is one student of the class, by its name."""


def report(row):
    """Put a row into the table; its name is the sentence that its function's name makes."""
    return _put(row, ROWS)


def in_class(row):
    """Put a student into the class; the row's name is the sentence that its function's name makes."""
    return _put(row, CLASS)


def _put(row, table):
    name = row.__name__.replace("_", " ")
    assert name not in ROWS | CLASS, name
    table[name] = row
    return row


def load_reports():
    """Fill both tables from the modules of this package."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


class Pupil:
    """A student of the class, before and after it is graded.

    Parameters
    ----------
    course : the Course of the class.
    name : the student's; a row may choose another before it hands in.

    `records` are what `grade --json` says of the student, `printed` is what the run printed for all.
    """

    def __init__(self, course, name):
        self.course, self.name = course, name
        self.records, self.printed = [], ""

    def solved(self, assignment="svd"):
        """The lesson, solved; a copy for `edited` and the like."""
        return self.course.solutions[assignment]

    def place(self, assignment="svd"):
        """The folder of this student's submission."""
        return self.course.place(self.name, assignment)

    def hand_in(self, notebook, assignment="svd", name=None):
        """Write a notebook into this student's folder; returns its path."""
        return self.course.hand_in(self.name, notebook, assignment, name)

    def tell(self, records, printed):
        """Say what came of it."""
        self.records = [record for record in records if record["student"] == self.name]
        self.printed = printed

    @property
    def points(self):
        """Points by check."""
        return {record["check"]: record["points"] for record in self.records}

    @property
    def messages(self):
        """Sentences by check, of those that say something."""
        return {each["check"]: each["message"] for each in self.records if each["message"]}

    def repairs(self, assignment="svd"):
        """What the graded notebook says was repaired."""
        folder = self.course.folder / "autograded" / self.name / assignment
        return read_notebook(folder / f"{assignment}.ipynb").metadata[RESULT].get("repairs", [])
