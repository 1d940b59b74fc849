"""The hidden checks: what a submission must establish to earn the points of an exercise."""

from autograder.checks.registry import (
    GRADING_DATA,
    CheckError,
    check,
    expect,
    names,
    registered,
    run_check,
)
from autograder.errors import CheckFailed

__all__ = [
    "GRADING_DATA",
    "CheckError",
    "CheckFailed",
    "check",
    "expect",
    "names",
    "registered",
    "run_check",
]
