"""Autograding as nbgrader runs it: its own stages and ours, in order."""

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    DeduplicateIds,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from autograder.grading.bonus import RecordBonus
from autograder.grading.execution import ExecuteSubmission
from autograder.grading.metadata import DropBrokenMetadata, DropTags
from autograder.grading.rebuild import RebuildSubmission
from autograder.grading.verdicts import SettleChecks

SANITIZE_PREPROCESSORS = (
    RebuildSubmission,  # first: what follows may rely on every name, setting and check
    DropBrokenMetadata,  # before the first stage that reads it
    ClearOutput,  # no verdict is handed in
    DropTags,
    DeduplicateIds,
    DropBrokenMetadata,  # again: a duplicate is left with none that can be read
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
)
"""What ``c.Autograde.sanitize_preprocessors`` must be."""

AUTOGRADE_PREPROCESSORS = (
    ExecuteSubmission,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SettleChecks,  # after all that changes outputs, before they are scored
    SaveAutoGrades,
    RecordBonus,  # needs the grade that was just made
    AssignLatePenalties,  # taken from the score, bonus included
    CheckCellMetadata,
)
"""What ``c.Autograde.autograde_preprocessors`` must be."""
