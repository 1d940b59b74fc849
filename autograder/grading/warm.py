"""What every warden needs, imported once by the server that wardens are forked from."""

import sklearn.model_selection  # noqa: F401
import torch  # noqa: F401

import autograder.checks.mf
import autograder.checks.svd
import autograder.checks.vae
import autograder.grading.warden  # noqa: F401
