"""A course in a folder of its own: what students hand in, commands run on it, and what the gradebook holds."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import nbformat
from click.testing import CliRunner
from nbgrader.api import Gradebook
from sqlalchemy.exc import SAWarning

from autograder.build.notebooks import is_check, is_code, is_solution
from autograder.cli import main
from autograder.demo import set_up
from submissions.bench import Replacements
from submissions.mistakes import MISTAKES


class Course:
    """A course with a private data set, and nobody's work in it yet.

    Parameters
    ----------
    root : the checkout that masters and configuration are taken from.
    folder : where to make it.
    grading_folder : its private data set.
    """

    def __init__(self, root, folder, grading_folder):
        self.folder = Path(folder)
        self.solutions, self.releases = set_up(root, self.folder)
        shutil.copytree(grading_folder, self.folder / ".grading" / "data")

    def copied(self, folder):
        """The same course, with all that is in it, in another folder."""
        copy = object.__new__(Course)
        copy.folder, copy.solutions, copy.releases = Path(folder), self.solutions, self.releases
        shutil.copytree(self.folder, copy.folder, symlinks=True)
        return copy

    # --- Handing in ------------------------------------------------------------------------------

    def place(self, student, assignment="svd"):
        """The folder of a submission, made where it is missing."""
        folder = self.folder / "submitted" / student / assignment
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def hand_in(self, student, notebook, assignment="svd", name=None):
        """Write a notebook into a student's folder; returns its path."""
        path = self.place(student, assignment) / (name or f"{assignment}.ipynb")
        nbformat.write(notebook, path)
        return path

    def configure(self, line):
        """Add a line to the course's configuration."""
        with (self.folder / "nbgrader_config.py").open("a") as file:
            file.write(line + "\n")

    # --- Running ---------------------------------------------------------------------------------

    def run(self, *arguments, answer=None, status=0):
        """Run an `autograder` command here; returns what it printed, once its exit status is right."""
        result = CliRunner().invoke(main, ["--course", str(self.folder), *arguments], input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == status, result.output
        return result.output

    def records(self, *arguments, status=0):
        """The records that `autograder grade` writes with these arguments."""
        path = self.folder / "records.json"
        self.run("grade", *arguments, "--json", str(path), status=status)
        return json.loads(path.read_text(encoding="utf-8"))

    def python(self, *arguments):
        """Run Python in the course's folder, in a process of its own."""
        binaries = str(Path(sys.executable).parent)
        environment = os.environ | {"PATH": binaries + os.pathsep + os.environ["PATH"]}
        return subprocess.run(
            [sys.executable, *arguments],
            **{"cwd": self.folder, "env": environment, "capture_output": True, "text": True},
            check=True,
        )

    # --- What was recorded -----------------------------------------------------------------------

    def gradebook(self):
        """The gradebook, open; use it in a with block."""
        return Gradebook(f"sqlite:///{self.folder / 'gradebook.db'}")

    def grades(self):
        """Automatic scores by (student, check)."""
        with self.gradebook() as gradebook, warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)  # nbgrader joins tables by itself
            return {
                (submission.student.id, grade.name): grade.auto_score
                for assignment in gradebook.assignments
                for submission in assignment.submissions
                for notebook in submission.notebooks
                for grade in notebook.grades
            }

    def rows(self):
        """All that the gradebook holds, as text."""
        with closing(sqlite3.connect(self.folder / "gradebook.db")) as database:
            return list(database.iterdump())

    def files(self):
        """Content of every graded notebook, by its path."""
        folder = self.folder / "autograded"
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*.ipynb"))}


def blanks_of(notebook, check):
    """The cells that a student fills in the exercise of a check."""
    cells = []
    for cell in filter(is_code, notebook.cells):
        if is_check(cell):
            if cell.metadata.nbgrader.grade_id == check:
                return cells
            cells = []
        elif is_solution(cell):
            cells.append(cell)
    raise LookupError(check)


def mistaken(notebook, check, name):
    """A copy with a mistake of `mistakes.py` in the cells that a student fills."""
    result, replace = deepcopy(notebook), Replacements(MISTAKES[check][name])
    for cell in blanks_of(result, check):
        cell.source = replace(None, cell.source)
    replace.assert_all_used()
    return result
