"""Grade what a class handed in, and record it in nbgrader's gradebook and folders.

The one place where files and gradebook are written. A submission is read, graded by the engine, and only
then given to nbgrader's own Autograde as a sound notebook in `.grading/staged/`, with the result at hand.
A run that was killed leaves a submission either recorded or not: the next run does what is missing.
"""

import contextlib
import copy
import hashlib
import logging
import os
import shutil
import stat
import sys
import warnings
from dataclasses import dataclass, fields, replace
from pathlib import Path

import nbformat
from filelock import FileLock, Timeout
from nbconvert.exporters import NotebookExporter
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy.exc import OperationalError, SAWarning
from traitlets.config import Config, PyFileConfigLoader

import autograder.checks
from autograder.build import build_release, read_notebook
from autograder.build.languages import DEFAULT_LANGUAGE
from autograder.build.preprocessors import RELEASE_PREPROCESSORS
from autograder.data import read_manifest
from autograder.errors import CourseError, GradingError
from autograder.grading.answers import SaveGrades
from autograder.grading.bonus import RecordBonus
from autograder.grading.exchange import SECRET, read_secret
from autograder.grading.hand_ins import ExactPaths
from autograder.grading.private_data import grading_data_folder
from autograder.grading.reading import (
    MAX_FILE_BYTES,
    find_submission,
    language_of,
    told_of,
    unreadable,
)
from autograder.grading.rebuild import another_lesson, rebuild
from autograder.grading.results import (
    RESULT,
    as_verdict,
    replace_verdict,
    take_points_from,
    verdicts_of,
)
from autograder.grading.stage import GradeSubmission, master_of
from autograder.grading.timestamps import TIMESTAMP, UTC_FORM, timestamp_of, zone_of
from autograder.sandbox.limits import Limits

STAGED = Path(".grading") / "staged"
LOCK = Path(".grading") / "grading.lock"
TIME_UNKNOWN = (
    "The time in timestamp.txt could not be read: it counts as unknown, with no penalty by machine."
)
LOCKED = (
    "The gradebook is locked by another program, such as a viewer of databases or a second grader: close that, and "
    "run this again; nothing was lost."
)
log = logging.getLogger("autograder")


@dataclass(frozen=True)
class Score:
    """What the gradebook holds of a check or an answer: its points without extra credit, and that."""

    points: float
    max_points: float
    extra_credit: float | None


def read_config(course, overrides=None):
    """The course's nbgrader_config.py with settings on top.

    Parameters
    ----------
    course : Path.
    overrides : dict from the name of a class to a dict of its traits.

    Raises
    ------
    GradingError
        Where there is none.
    """
    path = course / "nbgrader_config.py"
    if not path.is_file():
        raise GradingError(
            f"There is no {path}: run this in the course's folder, or name it with --course."
        )
    # Named in full: traitlets would take a $HOME in the folder's name for the variable.
    config = PyFileConfigLoader(str(path.resolve()), path=str(course)).load_config()
    config.merge(Config(overrides or {}))
    return config


class AutogradeOne(ExactPaths, Autograde):
    """nbgrader's Autograde for the submission of one student."""


class Classroom:
    """A course whose submissions are graded.

    Parameters
    ----------
    course : Path.
    config : Config of nbgrader, as `read_config` gives it.
    """

    def __init__(self, course, config):
        _put_environment_on_path()
        self.course, self.config = course.resolve(), config
        self.engine = GradeSubmission(config=config)
        coursedir = CourseDirectory(config=config, root=str(self.course))
        if "?" in str(self.course) and "db_url" not in config.CourseDirectory:
            raise GradingError(
                f"The path {self.course} holds a ?, where nbgrader cuts the path of its gradebook: rename the "
                "folder, or set c.CourseDirectory.db_url."
            )
        self.db_url, self.course_id = coursedir.db_url, coursedir.course_id
        self._judged_by = {}  # by assignment
        self.beside = {}  # files beside what was graded, by HandedIn
        self.graded_folder = self.course / coursedir.autograded_directory
        self.zone = zone_of(config.Exchange.get("timezone", "UTC"))

    @contextlib.contextmanager
    def alone(self):
        """Be the only grader of this course; raises GradingError where another one is at work."""
        path = self.course / LOCK
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with FileLock(path, timeout=0):
                yield
        except Timeout:
            raise GradingError(
                f"Another grader is at work on {self.course}: wait until it is done, and run this again."
            ) from None
        except OperationalError as error:
            if "locked" in str(error):
                raise GradingError(LOCKED) from error
            raise

    def register(self, assignments):
        """Put the masters into the gradebook, as `nbgrader generate_assignment` does, releases untouched."""
        masters = {name: master_of(self.course, name) for name in assignments}
        language = self.config.SelectLanguage.get("language", DEFAULT_LANGUAGE)
        for notebook in masters.values():
            build_release(
                notebook, language
            )  # whatever is wrong is said before anything is written
        for name, notebook in masters.items():
            with Gradebook(self.db_url, self.course_id) as gradebook:
                gradebook.update_or_create_assignment(name)
            names = {"notebook": name, "assignment": name, "student": ".", "db_url": self.db_url}
            resources = {"nbgrader": names, "unique_key": name}
            for stage in RELEASE_PREPROCESSORS:
                notebook, resources = stage(config=self.config).preprocess(notebook, resources)

    def grade(self, submission, force=False):
        """Grade and record one submission.

        Parameters
        ----------
        submission : HandedIn.
        force : whether to grade what was graded before and has not changed.

        Returns
        -------
        List of verdicts as dicts, and whether they are new.
        """
        found = self.find(submission)
        self.beside[submission] = found.others
        fingerprint, judged_by = _fingerprint(found.path), self.judged_by(submission.assignment)
        before = self.recorded(submission)
        known = before.metadata[RESULT] if before is not None else {}
        is_new = force or (known.get("sha256"), known.get("judged_by")) != (fingerprint, judged_by)
        if is_new:
            reading = self._of_the_lesson(submission, found.reading)
            notebook = rebuild(
                master_of(self.course, submission.assignment), reading.notebook
            ).notebook
            if not reading.is_readable:
                notebook.metadata[RESULT] = told_of(reading)
            graded = self.engine.grade(self.course, submission.assignment, notebook)
            self._stage(submission, reading)
            self._record(submission, replace(graded, sha256=fingerprint, judged_by=judged_by))
        return self._as_in_gradebook(submission, self.settle(submission)), is_new

    def judged_by(self, assignment):
        """What verdicts rest on besides the submission: the master's code, the checks, the data set and the limits."""
        if assignment not in self._judged_by:
            master = master_of(self.course, assignment)
            digest = hashlib.sha256()
            for cell in master.cells:
                name = cell.metadata.get("nbgrader", {}).get("grade_id")
                if cell.cell_type == "code" or name:
                    digest.update(repr((cell.cell_type, name, cell.source)).encode())
            for path in sorted(Path(autograder.checks.__file__).parent.glob("*.py")):
                digest.update(path.read_bytes())
            digest.update(repr(read_manifest(grading_data_folder(self.course))).encode())
            digest.update(repr((self.engine.limits_of(assignment), self.engine.carry_on)).encode())
            self._judged_by[assignment] = digest.hexdigest()
        return self._judged_by[assignment]

    def settle(self, submission):
        """Bring points, time, extra credit and penalty of a graded submission up to date; no code is run.

        Returns
        -------
        The graded notebook, as it is then.
        """
        notebook = self.recorded(submission)
        has_changed = take_points_from(master_of(self.course, submission.assignment), notebook)
        self._settle_time(submission)
        self._run_stages(submission, notebook)
        if has_changed:
            self._write_graded(submission, notebook)
        return notebook

    def students(self):
        """Names of the students that the gradebook knows."""
        with Gradebook(self.db_url, self.course_id) as gradebook:
            return {student.id for student in gradebook.students}

    def scores(self, submission):
        """The Score of every check and answer by name, as the gradebook holds it, and the late penalty."""
        name = submission.assignment
        with Gradebook(self.db_url, self.course_id) as gradebook:
            row = gradebook.find_submission_notebook(name, name, submission.student)
            found = {
                grade.name: Score(
                    grade.score - (grade.extra_credit or 0.0),
                    grade.max_score,
                    grade.extra_credit,
                )
                for grade in row.grades
            }
            return found, row.late_submission_penalty or 0.0

    def _as_in_gradebook(self, submission, notebook):
        """Verdicts as dicts, with the points that the gradebook counts; `penalty` is that of the whole submission."""
        scores, penalty = self.scores(submission)
        verdicts = []
        for verdict in verdicts_of(notebook):
            score = scores[verdict["check"]]
            bonus = score.extra_credit if score.extra_credit is not None else verdict["bonus"]
            counted = {"points": score.points, "max_points": score.max_points, "bonus": bonus}
            verdicts.append(dict(verdict) | counted | {"penalty": penalty})
        return verdicts

    def judge_again(self, submission, check):
        """Judge one check of a graded submission again; nothing is written.

        Returns
        -------
        (before, after) : two Verdicts.

        Raises
        ------
        GradingError
            Where it was never graded, or has changed since.
        """
        found = self.find(submission)
        recorded = self.recorded(submission)
        if recorded is None or recorded.metadata[RESULT].get("sha256") != _fingerprint(found.path):
            raise GradingError(
                f"What {submission.student} handed in for {submission.assignment} is not graded yet, or has "
                "changed since: run `autograder grade` first."
            )
        verdicts = [as_verdict(dict(each)) for each in verdicts_of(recorded)]
        number = [verdict.check for verdict in verdicts].index(check)
        reading = self._of_the_lesson(submission, found.reading)
        notebook = rebuild(master_of(self.course, submission.assignment), reading.notebook).notebook
        if not reading.is_readable:
            return verdicts[number], verdicts[number]
        graded = self.engine.grade(
            self.course,
            submission.assignment,
            notebook,
            done=verdicts[:number],
            until=check,
        )
        return verdicts[number], graded.verdicts[-1]

    def record_again(self, submission, verdict):
        """Put another verdict on one check into gradebook and graded notebook, in this order."""
        notebook = self.recorded(submission)
        replace_verdict(notebook, verdict)
        take_points_from(master_of(self.course, submission.assignment), notebook)
        self._run_stages(submission, notebook)
        self._write_graded(submission, notebook)

    def _run_stages(self, submission, notebook):
        """Let nbgrader read grades, extra credit and penalty off a graded notebook."""
        name = submission.assignment
        names = {"notebook": name, "assignment": name, "student": submission.student}
        resources = {"nbgrader": names | {"db_url": self.db_url}, "unique_key": name}
        coursedir = CourseDirectory(config=self.config, root=str(self.course))
        converter = Autograde(coursedir=coursedir, config=self.config)
        converter.log = log
        for stage in (SaveGrades, RecordBonus, AssignLatePenalties):
            stage(config=self.config, parent=converter).preprocess(notebook, resources)

    def _write_graded(self, submission, notebook):
        path = self._graded_path(submission)
        mode = path.stat().st_mode
        new = path.with_name(f".{path.name}.new")
        nbformat.write(notebook, new)
        new.chmod(mode)
        new.replace(path)

    def _settle_time(self, submission):
        """Put the time of a submission into the gradebook; none where its file cannot be read."""
        moment, is_there = timestamp_of(submission.folder, self.zone)
        if not is_there:
            return
        if moment is None:
            who = f"{submission.student}, {submission.assignment}"
            log.warning("%s: %s", who, TIME_UNKNOWN)
        with Gradebook(self.db_url, self.course_id) as gradebook:
            row = gradebook.find_submission(submission.assignment, submission.student)
            row.timestamp = moment and moment.replace(tzinfo=None)
            gradebook.db.commit()

    def recorded(self, submission):
        """The graded notebook of a submission; None where it was not graded to its end."""
        path = self._graded_path(submission)
        if not path.is_file():
            return None
        try:
            notebook = read_notebook(path, GradingError)
        except CourseError:
            return None  # a run was killed while it was written
        return notebook if verdicts_of(notebook) and self._is_in_gradebook(submission) else None

    def _graded_path(self, submission):
        names = (submission.student, submission.assignment, f"{submission.assignment}.ipynb")
        return self.graded_folder.joinpath(*names)

    def _is_in_gradebook(self, submission):
        with Gradebook(self.db_url, self.course_id) as gradebook:
            try:
                gradebook.find_submission(submission.assignment, submission.student)
            except MissingEntry:
                return False
        return True

    def find(self, submission):
        """Found of a submission: the file to grade, and what it holds."""
        return find_submission(
            submission.folder,
            submission.assignment,
            master_of(self.course, submission.assignment),
            language=language_of(self.config),
        )

    def _of_the_lesson(self, submission, reading):
        """A reading as it is, or as an unreadable one where it is the notebook of another lesson."""
        sentence = another_lesson(self.course, submission.assignment, reading.notebook)
        return unreadable(sentence) if sentence else reading

    def _stage(self, submission, reading):
        """Write the sound notebook that nbgrader records, in a folder of its own."""
        folder = self.course / STAGED / submission.student / submission.assignment
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        notebook = copy.deepcopy(reading.notebook)
        notebook.metadata[RESULT] = told_of(reading)
        nbformat.write(notebook, folder / f"{submission.assignment}.ipynb")
        moment, _ = timestamp_of(submission.folder, self.zone)
        if moment is not None:
            (folder / TIMESTAMP).write_text(moment.strftime(UTC_FORM), encoding="utf-8")
        if secret := read_secret(submission.folder):  # by it the feedback finds its way back
            (folder / SECRET).write_text(secret, encoding="utf-8")

    def _record(self, submission, graded):
        """Let nbgrader's Autograde record a result."""
        config = copy.deepcopy(self.config)
        config.CourseDirectory.submitted_directory = str(STAGED)
        config.Autograde.force = True
        config.Autograde.exporter_class = NotebookExporter  # what is staged is sound, and ours
        config.GradeSubmission.graded = {(submission.student, submission.assignment): graded}
        coursedir = CourseDirectory(
            config=config,
            root=str(self.course),
            student_id=submission.student,
            assignment_id=submission.assignment,
        )
        converter = AutogradeOne(coursedir=coursedir, config=config)
        converter.log = log
        was_there, known = self._is_in_gradebook(submission), self.students()
        staged = self.course / STAGED / submission.student / submission.assignment
        try:
            with warnings.catch_warnings(), errors_kept(log) as errors:
                warnings.simplefilter(
                    "ignore", SAWarning
                )  # nbgrader builds rows before it adds them
                converter.start()
        except (SystemExit, Exception) as problem:  # nbgrader ends with either
            if isinstance(problem, CourseError):
                raise
            if "database is locked" in " ".join([*errors, str(problem)]):
                raise GradingError(LOCKED) from problem
            if not was_there:
                self._forget(submission, submission.student in known)
            tracebacks = [text for text in errors if text.startswith("Traceback")]
            reason = (tracebacks or errors or [str(problem)])[-1].strip().splitlines()[-1]
            raise GradingError(
                f"nbgrader could not record {submission.student}'s {submission.assignment} ({reason}): mend that, and "
                "run this again; what was recorded before stands."
            ) from problem
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _forget(self, submission, is_known):
        """Take out of the gradebook what was begun and not filled: it would be exported as 0 points.

        A student whom the gradebook did not know before goes with it, since every student is exported.
        """
        with (
            Gradebook(self.db_url, self.course_id) as gradebook,
            contextlib.suppress(MissingEntry),
        ):
            if is_known:
                gradebook.remove_submission(submission.assignment, submission.student)
            else:
                gradebook.remove_student(submission.student)


@contextlib.contextmanager
def errors_kept(logger):
    """Keep what a logger says of errors from the terminal, and give it as a list of texts."""
    kept = []

    def keep(record):
        if record.levelno >= logging.ERROR:
            kept.append(record.getMessage())
        return record.levelno < logging.ERROR

    logger.addFilter(keep)
    try:
        yield kept
    finally:
        logger.removeFilter(keep)


def limits_given(options):
    """The traits of GradeSubmission for options that were given; others are None."""
    return {
        field.name: options[field.name]
        for field in fields(Limits)
        if options.get(field.name) is not None
    }


def _fingerprint(path):
    """What tells one submission from another: a hash of the file's content, no link followed."""
    digest = hashlib.sha256()
    with contextlib.suppress(OSError):
        if path is None or not stat.S_ISREG(path.lstat().st_mode):
            return "no file"
        digest.update(f"{path.stat().st_size}\n".encode())
        with path.open("rb") as file:
            digest.update(file.read(MAX_FILE_BYTES))
    return digest.hexdigest()


def _put_environment_on_path():
    """Let nbgrader find `alembic`, which stands beside this interpreter."""
    binaries = str(Path(sys.executable).parent)
    if binaries not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = binaries + os.pathsep + os.environ.get("PATH", "")
