"""Feedback through nbgrader's GenerateFeedback: stages that fit a graded notebook for its student.

Stands last. A graded notebook holds hidden tests and the outputs of the grading run, on private data.
The stages here take both away and put back what the student handed in, made inert; what is then left of
the grading run are outcomes and fixed sentences.
"""

import glob
import secrets
import unicodedata
import warnings
from pathlib import Path

from nbconvert.exporters import Exporter
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import GetGrades, NbGraderPreprocessor
from sqlalchemy.exc import SAWarning
from traitlets import List, Type

from autograder.build import read_notebook
from autograder.build.hidden_tests import BEGIN
from autograder.build.notebooks import is_check, is_code
from autograder.errors import CourseError, GradingError
from autograder.grading.classroom import TIMESTAMP, Classroom, log, read_config
from autograder.grading.exchange import SECRET, read_secret
from autograder.grading.hand_ins import ExactPaths, folder_of
from autograder.grading.reading import find_submission, language_of
from autograder.grading.rebuild import rebuild
from autograder.grading.results import course_of
from autograder.report.inert import inert_outputs
from autograder.report.page import Grade, Ledger, feedback_page

GONE = "The file that you handed in is not at hand any more, so no outputs are shown."
CHANGED = "Outputs are shown only of cells that have not changed since they were graded."
NO_SECRET = (
    "{names} did not come through the exchange, so `nbgrader fetch_feedback` cannot find its "
    "feedback: hand the page out yourself."
)
FEEDBACK = "feedback"
"""Key of nbconvert's resources under which the stages below leave grades and notes for the page."""


# --- Stages --------------------------------------------------------------------------------------


class ReadGrades(NbGraderPreprocessor):
    """Read points, bonus and what waits for a person from the gradebook."""

    def preprocess(self, nb, resources):
        """Leave the grades, by name, for the page."""
        names = resources["nbgrader"]
        place = (names["notebook"], names["assignment"], names["student"])
        with Gradebook(names["db_url"]) as gradebook:
            grades = gradebook.find_submission_notebook(*place).grades
            _left(resources)["grades"] = {grade.name: _grade(grade) for grade in grades}
        return nb, resources


class ShowHandedIn(NbGraderPreprocessor):
    """Put the outputs that the student handed in, made inert, in place of the grading run's."""

    def preprocess(self, nb, resources):
        """Replace the outputs of every code cell."""
        names = resources["nbgrader"]
        handed_in = self._handed_in(names, resources)
        graded = [cell for cell in nb.cells if is_code(cell)]
        known = {cell["id"]: cell for cell in handed_in.cells} if handed_in else {}
        has_changed = False
        for cell in graded:
            twin = known.get(cell["id"])
            is_same = twin is not None and is_code(twin) and twin.source == cell.source
            has_changed |= handed_in is not None and not is_same
            cell.outputs = inert_outputs(twin.outputs) if is_same else []
            cell.execution_count = None
        _left(resources)["notes"] = [GONE] * (handed_in is None) + [CHANGED] * has_changed
        return nb, resources

    def _handed_in(self, names, resources):
        """What was handed in, rebuilt with its outputs; None where it is gone. Its name is left for the page."""
        course = _coursedir_of(self)
        root = Path(course.root, course.submitted_directory)
        folder = folder_of(root, names["student"], names["assignment"])
        master = (
            Path(course_of(self)) / "source" / names["assignment"] / f"{names['notebook']}.ipynb"
        )
        try:
            lesson = read_notebook(master)
            found = find_submission(
                folder, names["assignment"], lesson, True, language_of(self.config)
            )
            if found.path is None:
                return None
            if found.path.suffix == ".ipynb":
                _left(resources)["handed_in_as"] = found.path.stem
            return rebuild(lesson, found.reading.notebook, keep_outputs=True).notebook
        except CourseError as problem:
            self.log.warning("Outputs are left out of the feedback: %s", problem)
            return None


class PrepareRelease(NbGraderPreprocessor):
    """Put beside the page what `nbgrader release_feedback` needs, whoever graded and makes the page.

    A released page is found by a hash of the secret that came with the submission and of the name of
    the file that was handed in. A submission without a secret did not come through the exchange: it
    gets one that nobody knows, for nbgrader stops a whole release where one is missing.
    """

    def preprocess(self, nb, resources):
        """Write the two files, and remove pages of files that were handed in before."""
        names = resources["nbgrader"]
        place = (names["student"], names["assignment"])
        course = _coursedir_of(self)
        graded = Path(course.format_path(course.autograded_directory, *place))
        folder = Path(course.format_path(course.feedback_directory, *place))
        folder.mkdir(parents=True, exist_ok=True)
        for page in folder.glob("*.html"):
            if not (graded / f"{page.stem}.ipynb").is_file():
                page.unlink()
        secret = _secret_of(course, *place)
        if secret is None:
            self.log.info(NO_SECRET.format(names=f"{place[0]}'s {place[1]}"))
        _write_anew(folder / SECRET, secret or secrets.token_hex(64))
        _write_anew(folder / TIMESTAMP, self._handed_in_at(names))
        _left(resources)["has_secret"] = secret is not None
        return nb, resources

    def _handed_in_at(self, names):
        with Gradebook(names["db_url"]) as gradebook:
            time = gradebook.find_submission(names["assignment"], names["student"]).timestamp
        return "time unknown" if time is None else f"{time} UTC"


class CutHiddenTests(NbGraderPreprocessor):
    """Cut the hidden part off every check, as a release has it; an older master's too."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Cut one check."""
        if is_check(cell):
            cell.source = cell.source.partition(BEGIN)[0].rstrip("\n")
        return cell, resources


FEEDBACK_PREPROCESSORS = (
    GetGrades,
    ReadGrades,
    ShowHandedIn,  # before hidden tests go: it compares sources with the master's
    CutHiddenTests,
    PrepareRelease,
)
"""What ``c.GenerateFeedback.preprocessors`` must be."""


class FeedbackExporter(Exporter):
    """The page of a graded notebook; what ``c.GenerateFeedback.exporter_class`` must be."""

    output_mimetype = "text/html"

    def _file_extension_default(self):
        return ".html"

    def from_notebook_node(self, nb, resources=None, **kw):
        """Run the stages and lay out the page.

        Raises
        ------
        GradingError
            Where the stages are not those of this module: the grading run's outputs would be shown.
        """
        nb, resources = super().from_notebook_node(nb, resources, **kw)
        left, names = resources.get(FEEDBACK, {}), resources["nbgrader"]
        if not {"grades", "notes"} <= left.keys():
            raise GradingError(
                "Feedback would show the grading run: set c.GenerateFeedback.preprocessors to "
                "FEEDBACK_PREPROCESSORS of autograder.report.feedback."
            )
        ledger = Ledger(
            assignment=names["assignment"],
            student=names["student"],
            score=names["score"],
            max_score=names["max_score"],
            late_penalty=names["late_penalty"],
            grades=left["grades"],
            notes=tuple(left["notes"]),
        )
        page = feedback_page(nb, ledger)
        name = left.get("handed_in_as", names["notebook"])
        if name != names["notebook"]:  # the exchange looks for a page of the file's own name
            resources["outputs"] = {f"{name}.html": page.encode()}
        return page, resources


def _left(resources):
    return resources.setdefault(FEEDBACK, {})


def _coursedir_of(preprocessor):
    """The CourseDirectory of the nbgrader command that a preprocessor is part of."""
    owner = preprocessor
    while not hasattr(owner, "coursedir"):
        owner = owner.parent
    return owner.coursedir


def _secret_of(course, student, assignment):
    """The secret of a submission: the newest first, for the same file may be handed in once more."""
    folders = (course.submitted_directory, course.autograded_directory)
    found = (read_secret(course.format_path(name, student, assignment)) for name in folders)
    return next(filter(None, found), None)


def _write_anew(path, text):
    """Write a file in place of what stands there, which may be read-only, or a link."""
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="utf-8")


def _grade(grade):
    bonus = grade.extra_credit or 0.0
    return Grade(
        points=grade.score - bonus,
        max_points=grade.max_score,
        bonus=bonus,
        waits=bool(grade.needs_manual_grade),
        by_hand=grade.manual_score is not None,
    )


# --- A class -------------------------------------------------------------------------------------


class Feedback(ExactPaths, GenerateFeedback):
    """nbgrader's converter that notes what it wrote and what failed, and copies no other file."""

    preprocessors = List(list(FEEDBACK_PREPROCESSORS)).tag(config=True)
    exporter_class = Type(FeedbackExporter, klass=Exporter).tag(config=True)

    def __init__(self, **kw):
        super().__init__(**kw)
        self.written, self.failed, self.without_secret = [], [], []

    def init_notebooks(self):
        """Find what is graded; nbgrader takes the names of a course and a student for patterns."""
        course, student = self.coursedir, self.coursedir.student_id
        place = course.directory_structure.format(
            nbgrader_step=course.autograded_directory,
            student_id=student if student == "*" else glob.escape(student),
            assignment_id=glob.escape(course.assignment_id),
        )
        folders = [str(path) for path in Path(course.root).glob(place)]
        found = {folder: [str(path) for path in Path(folder).glob("*.ipynb")] for folder in folders}
        self.assignments = {folder: paths for folder, paths in found.items() if paths}
        self.notebooks = []

    def init_destination(self, assignment_id, student_id):
        """Whether a page is to be made: by force, or where what it is made of is newer."""
        excluded = self.coursedir.student_id_exclude.split(",")
        page = Path(self._format_dest(assignment_id, student_id)) / f"{assignment_id}.html"
        graded = Path(self._format_source(assignment_id, student_id)) / f"{assignment_id}.ipynb"
        gradebook = Path(self.coursedir.db_url.removeprefix("sqlite:///"))
        files = (page, page.with_name(TIMESTAMP), gradebook, graded)
        here = read_secret(page.parent)
        wanted = _secret_of(self.coursedir, student_id, assignment_id) or here
        is_current = (
            all(path.is_file() for path in files)
            and wanted is not None
            and wanted == here
            and page.stat().st_mtime > max(path.stat().st_mtime for path in (graded, gradebook))
        )
        return student_id not in excluded and (self.force or not is_current)

    def init_assignment(self, assignment_id, student_id):
        """Copy nothing: a file beside the notebook is not ours to hand out."""

    def convert_single_notebook(self, notebook_filename):
        """Write one page, and note it."""
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as problem:
            self.failed.append((notebook_filename, problem))
            raise

    def write_single_notebook(self, output, resources):
        """Write one page, and note where."""
        super().write_single_notebook(output, resources)
        page = Path(self.writer.build_directory) / f"{resources['unique_key']}.html"
        self.written.append(page)
        if not resources[FEEDBACK].get("has_secret", True):
            self.without_secret.append(resources["nbgrader"]["student"])


def generate_feedback(course, assignments, student=None, force=False):
    """Write the feedback pages of graded submissions.

    Parameters
    ----------
    course : Path of the course's folder.
    assignments : names.
    student : None for all.
    force : whether a page newer than graded notebook and gradebook is written again all the same.

    Returns
    -------
    written : list of Path
        The pages, ``feedback/<student>/<assignment>/<assignment>.html``.
    without_secret : list of (assignment, student)
        Whose pages `nbgrader fetch_feedback` cannot find, for they did not come through the exchange.

    Raises
    ------
    GradingError
        Where nothing was graded, or a page could not be made; other pages are written first.
    """
    course = Path(course).resolve()
    student = student and unicodedata.normalize("NFC", student)
    config = read_config(course)
    folder = Classroom(course, config).graded_folder
    written, failed, without_secret = [], [], []
    for assignment in assignments:
        graded = {
            path.parent.parent.name for path in folder.glob(f"*/{assignment}/{assignment}.ipynb")
        }
        if not graded or student not in (None, *graded):
            whose = f" of {student}" if student else ""
            raise GradingError(
                f"Nothing{whose} is graded for {assignment}: run `autograder grade {assignment}` first."
            )
        names = {"student_id": student or "*", "assignment_id": assignment}
        coursedir = CourseDirectory(config=config, root=str(course), **names)
        converter = Feedback(coursedir=coursedir, config=config, force=force)
        converter.log = log
        _start(converter)
        written += converter.written
        failed += converter.failed
        without_secret += [(assignment, name) for name in converter.without_secret]
    if failed:
        path, problem = failed[0]
        raise GradingError(
            f"{len(failed)} feedback pages could not be made, the first of {path} ({problem}): grade it "
            "again with --force."
        )
    return written, without_secret


def _start(converter):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SAWarning)
            converter.start()
    except NbGraderException as problem:
        if not converter.failed:
            raise GradingError(f"nbgrader could not make feedback: {problem}.") from None
