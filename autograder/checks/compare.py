"""Comparators of the hidden checks: plain arrays in, True or a CheckFailed out.

They work on values that were copied out of the student's process, and on nothing that the student
could have replaced. Shapes are compared before values, and labels only after shapes.
"""

import numpy as np
import pandas as pd
import torch

from autograder.checks.registry import expect

# Float32 arithmetic in another order moves a prediction by about 1e-6 stars; a wrong rule by far more.
TOLERANCE = 1e-4


def as_array(value):
    """A float64 array of a Tensor, array, number or nested list; None where it has no such form."""
    if isinstance(value, torch.Tensor):
        value = value.to(torch.float64).numpy()
    if isinstance(value, (list, tuple)):
        value = [as_array(part) for part in value]
        if any(part is None for part in value) or len({part.shape for part in value}) > 1:
            return None
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None


def is_close(value, expected, tolerance=TOLERANCE):
    """Whether both have the same shape and agree within `tolerance`; NaN agrees with NaN alone."""
    value, expected = as_array(value), as_array(expected)
    if value is None or expected is None or value.shape != expected.shape:
        return False
    return bool(np.allclose(value, expected, rtol=tolerance, atol=tolerance, equal_nan=True))


def table(student, name):
    """The student's variable `name`, which must be a DataFrame.

    Raises
    ------
    CheckFailed
        Where it is missing or something else.
    """
    value = student[name]
    expect(
        isinstance(value, pd.DataFrame),
        f"`{name}` should be a DataFrame, but is a {type(value).__name__}.",
    )
    return value


def same_table(value, expected, name, hint, tolerance=TOLERANCE):
    """Require equal shape, labels (as sets of ids in the same order) and values.

    Raises
    ------
    CheckFailed
        With a sentence that names the table and ends with `hint`.
    """
    expect(
        value.shape == expected.shape,
        f"`{name}` has shape {value.shape}, which is not right: {hint}.",
    )
    same_labels = list(value.index) == list(expected.index) and list(value.columns) == list(
        expected.columns
    )
    expect(same_labels, f"`{name}` has the wrong row or column labels: {hint}.")
    expect(
        is_close(value.to_numpy(), expected.to_numpy(), tolerance),
        f"`{name}` holds wrong values: {hint}.",
    )
