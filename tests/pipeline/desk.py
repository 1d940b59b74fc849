"""A desk to grade at: folders of a course, of a student and of the exchange, and stock nbgrader in them."""

import copy
import os
import shutil
import subprocess
import sys
import warnings

import nbformat
from nbgrader.api import Gradebook
from nbgrader.auth import Authenticator
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange.default import (
    ExchangeCollect,
    ExchangeFetchFeedback,
    ExchangeReleaseFeedback,
    ExchangeSubmit,
)
from traitlets.config import Config

from autograder.grading.classroom import read_config

CHECKS = {"svd-block": 3, "svd-factors": 3, "svd-complete": 4, "svd-rank": 4}
NOTHING = dict.fromkeys(CHECKS, 0)
COURSE_ID = "latent-factors"


class Desk:
    """Folders of a course, of a student and of the exchange, and nbgrader in any of them."""

    def __init__(self, folder, root):
        self.root = root
        self.course, self.student, self.exchange = (
            folder / name for name in ("course", "student", "exchange")
        )
        for place in (self.course, self.student, self.exchange, folder / "home"):
            place.mkdir()
        for name in ("source", "release"):
            shutil.copytree(root / name, self.course / name)
        shutil.copy(root / "nbgrader_config.py", self.course)
        self.environment = os.environ | {
            "HOME": str(folder / "home"),
            "PYTHONPATH": str(root),
            "PATH": os.path.dirname(sys.executable) + os.pathsep + os.environ["PATH"],  # noqa: PTH120
        }
        self.environment.pop("MOVIELENS_DIR", None)

    def with_course(self, folder):
        """The same desk with a copy of its course."""
        other = copy.copy(self)
        other.course = shutil.copytree(self.course, folder)
        return other

    def nbgrader(self, where, *arguments, expected=0, **environment):
        """Run an nbgrader command; its log is returned."""
        result = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=where,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        log = result.stdout + result.stderr
        assert result.returncode == expected, log
        return log

    def exchanged(self, where, command):
        options = (f"--course={COURSE_ID}", f"--Exchange.root={self.exchange}")
        return self.nbgrader(where, command, "svd", *options)

    # --- The same in this process, which is much faster ------------------------------------------

    def submit(self):
        """Hand in what stands in the student's folder, and collect it."""
        self._exchange(ExchangeSubmit)
        self._exchange(ExchangeCollect, ExchangeCollect={"update": True})

    def generate_feedback(self):
        """What `nbgrader generate_feedback svd` does."""
        config = read_config(self.course)
        coursedir = CourseDirectory(config=config, root=str(self.course), assignment_id="svd")
        GenerateFeedback(coursedir=coursedir, config=config).start()

    def bring_feedback_back(self):
        """Release feedback and fetch it; the student's pages are returned, the newest last."""
        for old in (self.exchange / COURSE_ID / "feedback", self.student / "svd" / "feedback"):
            shutil.rmtree(old, ignore_errors=True)
        self._exchange(ExchangeReleaseFeedback)
        self._exchange(ExchangeFetchFeedback)
        return sorted(self.student.glob("svd/feedback/*/*.html"))

    def _exchange(self, step, **settings):
        cache = self.environment["HOME"] + "/.local/share/jupyter/nbgrader_cache"
        places = {"root": str(self.exchange), "cache": cache, "assignment_dir": str(self.student)}
        names = {"course_id": COURSE_ID, "assignment_id": "svd", "root": str(self.course)}
        config = Config({"Exchange": places, "CourseDirectory": names} | settings)
        config.merge(read_config(self.course))
        coursedir = CourseDirectory(config=config)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # nbgrader leaves files open
            step(
                coursedir=coursedir, authenticator=Authenticator(config=config), config=config
            ).start()

    # --- What is handed in and what came of it ---------------------------------------------------

    def hand_in(self, name, text):
        self._place(name).write_text(text)

    def link(self, name, target):
        """Hand in a link to a file of the instructor's."""
        self._place(name).symlink_to(target)

    def _place(self, name):
        place = self.course / "submitted" / name / "svd"
        place.mkdir(parents=True)
        return place / "svd.ipynb"

    def graded(self, student):
        path = self.course / "autograded" / student / "svd" / "svd.ipynb"
        return nbformat.read(path, as_version=4)

    def points(self, student):
        """Automatic points by check, and the grades that wait for a person."""
        with Gradebook(f"sqlite:///{self.course}/gradebook.db", COURSE_ID) as gradebook:
            grades = gradebook.find_submission_notebook("svd", "svd", student).grades
            waiting = {grade.name for grade in grades if grade.needs_manual_grade}
            return {
                grade.name: grade.auto_score for grade in grades if grade.name in CHECKS
            }, waiting
