"""Grading: rebuild a submission, run it in a sandbox, judge it outside, and record it."""

from autograder.grading.preprocessors import AUTOGRADE_PREPROCESSORS, SANITIZE_PREPROCESSORS
from autograder.grading.private_data import grading_data_folder

__all__ = ["AUTOGRADE_PREPROCESSORS", "SANITIZE_PREPROCESSORS", "grading_data_folder"]
