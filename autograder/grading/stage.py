"""The engine as a stage of nbgrader: `nbgrader autograde` and formgrader's button grade by it too.

Stands first of the autograding stages, on a notebook that was rebuilt on the master; what follows only
records what this stage found.
"""

from dataclasses import fields
from functools import cache
from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Dict, Enum, Float, HasTraits, Integer, List, Unicode

from autograder.build import read_notebook
from autograder.data import read_manifest
from autograder.errors import GradingError
from autograder.grading.engine import Ground, grade, unread
from autograder.grading.private_data import grading_data_folder
from autograder.grading.results import RESULT, UNREAD, course_of, write_results
from autograder.sandbox.limits import Limits

SANDBOXES = ("bubblewrap", "none")


def _trait_of(field):
    kind = Integer if field.type is int else Float
    return kind(field.default, min=1).tag(config=True)


LIMITS = type(
    "LimitTraits", (HasTraits,), {field.name: _trait_of(field) for field in fields(Limits)}
)


class GradeSubmission(NbGraderPreprocessor, LIMITS):
    """Grade one submission with the engine.

    Every field of `Limits` is a trait of the same name.
    """

    sandbox = Enum(
        SANDBOXES, "bubblewrap", help="What walls student code in; `none` is no wall."
    ).tag(config=True)

    carry_on = Bool(True, help="Whether the reference stands in for an exercise that failed.").tag(
        config=True
    )

    packages = List(
        Unicode(), help="Distributions that student code may import besides the course's own."
    ).tag(config=True)

    by_assignment = Dict(help="Limits by assignment, as {'vae': {'cell_seconds': 180}}.").tag(
        config=True
    )

    graded = Dict(help="Graded by (student, assignment), where that was done before.").tag(
        config=True
    )

    def preprocess(self, nb, resources):
        """Grade a notebook and put the results into it."""
        names = resources["nbgrader"]
        course = Path(course_of(self)).resolve()
        graded = self.graded.get((names["student"], names["assignment"]))
        if graded is None:
            graded = self.grade(course, names["assignment"], nb)
        write_results(nb, graded, source_of(course))
        return nb, resources

    def grade(self, course, assignment, notebook, **options):
        """The engine's results for a rebuilt notebook; options as `engine.grade` has them."""
        if reason := notebook.metadata.get(RESULT, {}).get(UNREAD):
            return unread(notebook, master_of(course, assignment), reason)
        return grade(
            notebook,
            master_of(course, assignment),
            ground_of(course),
            self.limits_of(assignment),
            self.carry_on,
            self.sandbox != "none",
            hidden=(course,),
            packages=tuple(self.packages),
            **options,
        )

    def limits_of(self, assignment):
        """The Limits of an assignment."""
        values = {field.name: getattr(self, field.name) for field in fields(Limits)}
        try:
            return Limits(**(values | self.by_assignment.get(assignment, {})))
        except TypeError:
            known = ", ".join(values)
            raise GradingError(
                f"GradeSubmission.by_assignment names a limit for {assignment} that does not exist: use {known}."
            ) from None


def master_of(course, assignment):
    """The master of an assignment; raises GradingError where there is none."""
    return read_notebook(course / "source" / assignment / f"{assignment}.ipynb", GradingError)


def ground_of(course):
    """The data set that a course grades on, made when it is missing, and read once a process."""
    return _ground(grading_data_folder(course))


@cache
def _ground(folder):
    return Ground.load(folder)


def source_of(course):
    """What kind of data set a course grades on."""
    return read_manifest(grading_data_folder(course)).source
