"""Grading: run submissions on private data, and settle what their checks earned.

For now these are stages of stock nbgrader; the checks run in the submission's own kernel.
"""

from autograder.grading.preprocessors import AUTOGRADE_PREPROCESSORS, SANITIZE_PREPROCESSORS
from autograder.grading.private_data import grading_data_folder

__all__ = ["AUTOGRADE_PREPROCESSORS", "SANITIZE_PREPROCESSORS", "grading_data_folder"]
