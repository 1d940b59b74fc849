"""Autograding as nbgrader runs it: its own stages and ours, in order."""

from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    OverwriteCells,
    OverwriteKernelspec,
)

from autograder.grading.answers import SaveGrades
from autograder.grading.bonus import RecordBonus
from autograder.grading.rebuild import RebuildSubmission
from autograder.grading.stage import GradeSubmission

SANITIZE_PREPROCESSORS = (
    RebuildSubmission,  # first: what follows may rely on every name, setting and check
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
)
"""What ``c.Autograde.sanitize_preprocessors`` must be."""

AUTOGRADE_PREPROCESSORS = (
    GradeSubmission,
    SaveGrades,  # reads the points that the stage before it put out
    RecordBonus,  # needs the grade that was just made
    AssignLatePenalties,  # taken from the score, bonus included
    CheckCellMetadata,
)
"""What ``c.Autograde.autograde_preprocessors`` must be."""
