"""Readers and comparators of the hidden checks: values in, True or a CheckFailed out.

They work on values that were copied out of the student's process, and on nothing that the student
could have replaced. A value may still be of any kind and size: what a probe answers is whatever that
process chose to send. So `ask` requires every answer to be of its kind, and a shape is compared before
an array of that shape is made, a value or a label looked at.
"""

import numpy as np
import pandas as pd
import torch

from autograder.checks.registry import expect

# Float32 arithmetic in another order moves a prediction by about 1e-6 stars; a wrong rule by far more.
TOLERANCE = 1e-4

STRANGE = "Your code answers the check with another kind of thing than it should: let every function return what the lesson asks for."

NUMBERS = (bool, int, float, np.number, np.bool_)
HOLDERS = (torch.Tensor, np.ndarray, pd.DataFrame, pd.Series, pd.Index)


def shape_of(value):
    """The shape of a Tensor, array, frame, number or nested list, as a tuple; None for anything else."""
    if isinstance(value, (list, tuple)):
        shapes = {shape_of(part) for part in value}
        if len(shapes) > 1 or None in shapes:
            return None
        return (len(value), *(shapes.pop() if shapes else ()))
    if isinstance(value, HOLDERS):
        return tuple(value.shape)
    return () if isinstance(value, NUMBERS) else None


def as_array(value, shape=None):
    """A float64 array of a Tensor, array, frame, number or nested list; None where it has no such form.

    Parameters
    ----------
    value : of any kind; text is no number. What is float64 already is not copied.
    shape : the only shape that is accepted, compared before anything is copied; None accepts any.
    """
    found = shape_of(value)
    if found is None or (shape is not None and found != tuple(shape)):
        return None
    if isinstance(value, (list, tuple)):
        value = [as_array(part) for part in value]
        return None if any(part is None for part in value) else np.array(value, dtype=np.float64)
    if isinstance(value, torch.Tensor):
        value = value.detach().to(torch.float64).numpy()
    value = np.asarray(value)
    is_text = value.dtype.kind == "O" and any(isinstance(entry, str) for entry in value.flat)
    if is_text or value.dtype.kind not in "biufO":
        return None
    try:
        return value.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        return None


def is_close(value, expected, tolerance=TOLERANCE):
    """Whether both have the same shape and agree within `tolerance`; NaN agrees with NaN alone."""
    expected = as_array(expected)
    value = as_array(value, expected.shape)
    if value is None:
        return False
    if np.array_equal(value, expected):  # looking for differences takes ten times as long
        return True
    return bool(np.allclose(value, expected, rtol=tolerance, atol=tolerance, equal_nan=True))


def a(*types):
    """The kind of values that are of one of these types."""

    def kind(value):
        expect(isinstance(value, types), STRANGE)
        return value

    return kind


flag, text, tensor, array = a(bool), a(str), a(torch.Tensor), a(torch.Tensor, np.ndarray)


def number(value):
    """The kind of single numbers; returns a float, which may be NaN."""
    expect(isinstance(value, NUMBERS) and not isinstance(value, (bool, np.bool_)), STRANGE)
    return float(value)


def anything(value):
    """The kind that every value is of, where a sentence of its own says what is wrong."""
    return value


def maybe(kind):
    """The kind of values that are None or of another kind."""
    return lambda value: None if value is None else kind(value)


def many(kind, length=None):
    """The kind of lists of one kind, of any length where `length` is None."""

    def kind_of_all(value):
        expect(isinstance(value, (list, tuple)) and length in (None, len(value)), STRANGE)
        return [kind(part) for part in value]

    return kind_of_all


def mapping(kind):
    """The kind of dicts from texts to values of one kind."""

    def kind_of_all(value):
        expect(isinstance(value, dict) and all(isinstance(key, str) for key in value), STRANGE)
        return {key: kind(part) for key, part in value.items()}

    return kind_of_all


def record(**kinds):
    """The kind of dicts that hold these keys, each with a value of its kind; other keys are left out."""

    def kind_of_all(value):
        expect(isinstance(value, dict) and kinds.keys() <= value.keys(), STRANGE)
        return {key: kind(value[key]) for key, kind in kinds.items()}

    return kind_of_all


def ask(student, snippet, kinds, **inputs):
    """Run a probe, and require each of its answers to be of its kind.

    Parameters
    ----------
    student : Student.
    snippet : the probe's text.
    kinds : dict from each name to return to its kind.
    inputs : what the snippet reads.

    Returns
    -------
    Dict from each name to its answer.

    Raises
    ------
    CheckFailed
        Where the probe raises, or answers something of another kind.
    """
    return record(**kinds)(student.evaluate(snippet, returns=list(kinds), **inputs))


PLAIN = """
import numpy
import pandas

def plain(value, is_single=False):
    if isinstance(value, pandas.DataFrame):
        if is_single and all(dtype == "float64" for dtype in value.dtypes):
            value = value.astype("float32")
        index, columns = (pandas.Index(list(labels)) for labels in value.axes)
        return pandas.DataFrame(value).set_axis(index, axis=0).set_axis(columns, axis=1)
    return numpy.asarray(value) if isinstance(value, numpy.matrix) else value

"""


def read(student, *names, is_single=False):
    """The student's variables of these names; an index of any class and a numpy matrix are read as plain ones.

    With `is_single`, frames of float64 are read in single precision, which is half the bytes.

    Raises
    ------
    CheckFailed
        Where one is not defined, or no value.
    """
    snippet = PLAIN + "".join(f"{name} = plain({name}, {is_single})\n" for name in names)
    values = ask(student, snippet, dict.fromkeys(names, anything))
    return [values[name] for name in names]


def tables(student, *names, is_single=False):
    """The student's variables of these names, each of which must be a DataFrame; read as `read` does.

    Raises
    ------
    CheckFailed
        Where one is missing or something else.
    """
    values = read(student, *names, is_single=is_single)
    for name, value in zip(names, values, strict=True):
        expect(
            isinstance(value, pd.DataFrame),
            f"`{name}` should be a DataFrame, but is a {type(value).__name__}.",
        )
    return values


def has_labels(value, index, columns):
    """Whether a frame has these labels, in this order; its shape is compared first."""
    return value.shape == (len(index), len(columns)) and (
        list(value.index) == list(index) and list(value.columns) == list(columns)
    )


def same_table(value, expected, name, hint, tolerance=TOLERANCE):
    """Require equal shape, labels (as sets of ids in the same order) and values.

    Raises
    ------
    CheckFailed
        With a sentence that names the table and ends with `hint`.
    """
    expect(value.shape == expected.shape, f"`{name}` has the wrong shape: {hint}.")
    expect(
        has_labels(value, expected.index, expected.columns),
        f"`{name}` has the wrong row or column labels: {hint}.",
    )
    expect(is_close(value, expected, tolerance), f"`{name}` holds wrong values: {hint}.")
