"""The private data set of a course, made before the first kernel starts.

Stands before execution: every later stage takes it for granted. A set that is there is taken as it
is; one that is missing is drawn and measured, which takes a minute or two, once a course. A course of an
earlier version lacks the challenge's set alone, which takes some seconds.
"""

from functools import cache
from pathlib import Path

from autograder.data import ensure_grading_data, grading_folder, read_manifest
from autograder.errors import CourseError, DataError


def grading_data_folder(course):
    """The folder of the course's grading data set, made when it is missing.

    Parameters
    ----------
    course : Path of the course, which holds `source/`.

    Returns
    -------
    Absolute Path of the folder that holds `visible/` and the withheld ratings.

    Raises
    ------
    DataError
        Where it cannot be made, or was changed. A class is graded in one process: the same sentence
        is raised for its every submission, and the drawing is tried once.
    """
    folder, problem = _made(Path(course).resolve())
    if problem:
        raise DataError(problem)
    return folder


@cache
def _made(course):
    try:
        return _make(course), None
    except CourseError as error:
        return None, str(error)


def _make(course):
    manifest = read_manifest(grading_folder(course))
    if manifest is not None:
        return ensure_grading_data(course, source=manifest.source, measure_start=_measure_start)
    from autograder.checks.reference import measure_reference

    return ensure_grading_data(course, measure=measure_reference, measure_start=_measure_start)


def _measure_start(course, data):
    from autograder.checks import reference

    return reference.measure_start(course, data)
