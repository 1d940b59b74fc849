"""What can go wrong, as one tree.

    CourseError             anything that an instructor or maintainer can mend; the command line
    |                       prints its sentence and exits with status 2
    +-- DataError           a data set that is missing, damaged or of the wrong shape
    +-- BuildError          a lesson that cannot be turned into notebooks
    +-- GradingError        a submission or a course that cannot be graded

    CheckFailed             a submission does not have the property that a check asks for; its
                            sentence is what the student reads (not a CourseError: it is a verdict)

Every message is one sentence that names the thing, the place and the way out; a `BuildError` may hold several,
since a lesson's faults are told together.
"""


class CourseError(Exception):
    """Something in the course, its data or its set-up must be mended by a person."""


class DataError(CourseError):
    """A data set is missing, damaged or of the wrong shape."""


class BuildError(CourseError):
    """A lesson cannot be turned into notebooks: one sentence a fault, all that were found.

    `built` is what there is all the same, with the cells at fault as they stood, where a stage got that far.
    """

    def __init__(self, *faults: str, built: object = None):
        super().__init__(*dict.fromkeys(faults))
        self.built = built

    def __str__(self):
        return "\n".join(map(str, self.args))


class GradingError(CourseError):
    """A submission or a course cannot be graded."""


class CheckFailed(AssertionError):  # noqa: N818  a verdict, not an error of ours
    """A submission lacks the property that a check asks for; ``str()`` is the student's sentence."""

    def _render_traceback_(self):
        """Show one sentence in a notebook, not the traceback of hidden code."""
        return [f"{type(self).__name__}: {self}"]
