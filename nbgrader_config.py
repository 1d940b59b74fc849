"""The course as stock nbgrader sees it: one setting on top, then directories and stages."""

from autograder.build.preprocessors import RELEASE_PREPROCESSORS
from autograder.build.release import ReleaseExporter
from autograder.grading import AUTOGRADE_PREPROCESSORS, SANITIZE_PREPROCESSORS
from autograder.grading.reading import TolerantExporter
from autograder.grading.timestamps import believe_readable_times
from autograder.report.feedback import FEEDBACK_PREPROCESSORS, FeedbackExporter

language = "en"
"""Which release nbgrader hands out, `en` or `ko`; either may be handed in."""

c = get_config()  # noqa: F821  nbgrader puts it here

# --- The course, and how releases are made -------------------------------------------------------
c.CourseDirectory.course_id = "latent-factors"
c.CourseDirectory.release_directory = f"release/{language}"

c.SelectLanguage.language = language
c.GenerateAssignment.exporter_class = ReleaseExporter
c.GenerateAssignment.preprocessors = list(RELEASE_PREPROCESSORS)
# Releases are committed. Without force, a course with no gradebook yet would skip them, and
# autograding would find no assignment.
c.GenerateAssignment.force = True

# --- How submissions are run and scored ----------------------------------------------------------
c.Autograde.exporter_class = TolerantExporter
believe_readable_times(c)  # of the course's time zone, c.Exchange.timezone
c.Autograde.sanitize_preprocessors = list(SANITIZE_PREPROCESSORS)
c.Autograde.autograde_preprocessors = list(AUTOGRADE_PREPROCESSORS)
# Seconds a cell and a notebook, at least ten times what the reference takes.
c.GradeSubmission.by_assignment = {
    "svd": {"cell_seconds": 60, "notebook_seconds": 180},
    "mf": {"cell_seconds": 120, "notebook_seconds": 360},
    "vae": {"cell_seconds": 180, "notebook_seconds": 600},
}

# --- What students are told ----------------------------------------------------------------------
c.GenerateFeedback.exporter_class = FeedbackExporter
c.GenerateFeedback.preprocessors = list(FEEDBACK_PREPROCESSORS)
# A page is made of what the gradebook holds now. Without force, one that was made before a regrade
# would be skipped.
c.GenerateFeedback.force = True
