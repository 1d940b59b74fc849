"""What the two trained lessons share: judging a training by the weights it left, and a completed matrix.

What a training did is judged by four things that cannot be told to us: the weights that it left, withheld
ratings, one pass over two small batches, and the reported numbers, recomputed.

Notes
-----
Some wrong answers stay undetectable, since their values are those of right ones. A notebook may choose its
epoch on the test ratings, and report the true validation RMSE of the epoch that it chose. It may train on a
few validation or test ratings: fewer than move the RMSE there by `LEAK_MARGIN`. And a training pass that
stands in the loop itself, has another name, takes arguments, or works on names of its own cannot be run on
two small batches: it is judged by its weights alone, which hardly tell whether z was sampled, whether the
KL term counted, or whether an out-of-range prediction was clamped in the loss.
"""

import numpy as np
import pandas as pd

from autograder.checks.compare import (
    as_array,
    ask,
    is_close,
    many,
    maybe,
    number,
    shape_of,
    tables,
)
from autograder.checks.registry import expect
from autograder.checks.svd import ratings_matrix
from autograder.checks.thresholds import LEAK_MARGIN, REPORT_TOLERANCE, RMSE_RATIO

# What it takes to run a student's own training pass on two equal small batches. It is left alone where
# that could go wrong or reach a model that a probe does not copy: one kept in a default or a closure.
EPOCH_PROBE = """
import contextlib
import inspect
import types
import torch

class ProbeLoader(torch.utils.data.DataLoader):
    passes = 0

    def __iter__(self):
        ProbeLoader.passes += 1
        return super().__iter__()

def probe_loader(parts, loader):
    like = [torch.as_tensor(part).dtype for part in next(iter(loader))]
    parts = [part.to(dtype) for part, dtype in zip(parts, like)]
    dataset = torch.utils.data.TensorDataset(*(torch.cat([part, part]) for part in parts))
    return ProbeLoader(dataset, batch_size=len(parts[0]))

def keeps_state(function):
    kept = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    with contextlib.suppress(ValueError):
        kept += [cell.cell_contents for cell in function.__closure__ or ()]
    return any(isinstance(part, (torch.nn.Module, torch.optim.Optimizer)) for part in kept)

def can_run(function):
    if not isinstance(function, types.FunctionType) or inspect.signature(function).parameters:
        return False
    return not any(keeps_state(each) for each in own.values() if isinstance(each, types.FunctionType))

def pass_over(function, network):
    ProbeLoader.passes = 0
    try:
        returned = function()
    except Exception:
        return None
    weights = {name: value.detach() for name, value in network.state_dict().items()}
    return (weights, returned) if ProbeLoader.passes else None
"""


def reported(student):
    """What the notebook says of its training: best_val, test_rmse (stars) and best_epoch, as floats."""
    return {name: one_number(student, name) for name in ("best_val", "test_rmse", "best_epoch")}


def one_number(student, name):
    """The student's variable of that name, a finite number, as a float."""
    value = student[name]
    shape = shape_of(value)
    value = as_array(value) if shape is not None and set(shape) <= {1} else None
    expect(value is not None, f"`{name}` should be one number.")
    expect(
        bool(np.isfinite(value).all()),
        f"`{name}` is no finite number: training did not run to its end.",
    )
    return float(value.reshape(()))


CURVE_PROBE = """
try:
    curve = [float(value) for value in val_curve][:1000]
except Exception:
    curve = None
"""


def judge_best_epoch(student, best_epoch, best_val=None):
    """Require that best_epoch counts from 1, and is where `val_curve` is lowest if that can be read.

    Where the curve holds `best_val` to the last digit, that is the place, and not one that is nearly as low.
    """
    expect(
        best_epoch >= 1 and best_epoch == int(best_epoch),
        "`best_epoch` should count epochs from 1.",
    )
    curve = read_curve(student)
    if curve is None:
        return
    lowest = np.flatnonzero(curve <= curve.min() + REPORT_TOLERANCE)
    if best_val is not None and best_val in curve[lowest]:
        lowest = np.flatnonzero(curve == best_val)
    expect(
        best_epoch - 1 in lowest or best_epoch not in lowest,
        "`best_epoch` counts epochs from 0: the first one is epoch 1.",
    )
    expect(
        best_epoch - 1 in lowest,
        "`best_epoch` is not the epoch whose validation RMSE in `val_curve` is the lowest.",
    )


def read_curve(student):
    """What `val_curve` holds, as an array (epochs,); None where it is no list of finite numbers."""
    curve = as_array(ask(student, CURVE_PROBE, {"curve": maybe(many(number))})["curve"])
    return curve if curve is not None and len(curve) and np.isfinite(curve).all() else None


CURVES_PROBE = """
def probe_curve(curve):
    try:
        if any(getattr(value, "requires_grad", False) for value in curve):
            return None
        return [float(value) for value in curve][:1000]
    except Exception:
        return None

curves = [probe_curve(train_curve), probe_curve(val_curve)]
"""


def judge_curves(student, best_val):
    """Require one finite number an epoch in both curves, and `best_val` among those of `val_curve`.

    Returns
    -------
    Array (epochs,), what `train_curve` holds.
    """
    curves = ask(student, CURVES_PROBE, {"curves": many(maybe(many(number)), 2)})["curves"]
    names = ("train_curve", "val_curve")
    for name, curve in zip(names, curves, strict=True):
        expect(
            curve is not None,
            f"`{name}` should be a list of plain numbers, one an epoch (of a tensor, `item()` takes the number).",
        )
        expect(curve, f"`{name}` is empty: append one number in each epoch.")
        expect(bool(np.isfinite(curve).all()), f"`{name}` holds an entry that is no finite number.")
    train, val = map(np.array, curves)
    expect(
        len(train) == len(val),
        "`train_curve` and `val_curve` are of different lengths: append to both once an epoch.",
    )
    expect(
        np.abs(val - best_val).min() < REPORT_TOLERANCE,
        "`val_curve` holds `best_val` nowhere: append the validation RMSE of each epoch.",
    )
    expect(
        not is_close(train, val),
        "`train_curve` holds the same numbers as `val_curve`: append what the training pass returned.",
    )
    return train


def adam(weights, slopes_of, batches, lr, weight_decay):
    """Weights after one step of Adam down each batch, in float64.

    Parameters
    ----------
    weights : dict of float64 arrays.
    slopes_of : function (weights, batch) -> dict of gradients of the same shapes; what has none stays.
    batches : list of whatever `slopes_of` takes.
    lr : learning rate.
    weight_decay : added to the gradient as weight_decay * weight (L2), not taken off the weight.

    References
    ----------
    Kingma and Ba 2015, "Adam: A Method for Stochastic Optimization", algorithm 1.
    """
    first, second = ({name: np.zeros_like(value) for name, value in weights.items()} for _ in "12")
    for step, batch in enumerate(batches, 1):
        moved = {}
        for name, slope in slopes_of(weights, batch).items():
            slope = slope + weight_decay * weights[name]
            first[name] = 0.9 * first[name] + 0.1 * slope
            second[name] = 0.999 * second[name] + 0.001 * slope**2
            mean, spread = first[name] / (1 - 0.9**step), np.sqrt(second[name] / (1 - 0.999**step))
            moved[name] = weights[name] - lr * mean / (spread + 1e-8)
        weights = weights | moved
    return weights


def judge_training(lesson, student, rmse_on, data, says=None):
    """Require that weights, reported numbers and withheld ratings fit together.

    Parameters
    ----------
    lesson : "mf" or "vae", which picks the threshold.
    student : Student.
    rmse_on : function from an indexed frame to the RMSE of the student's weights on it, in stars.
    data : the grader's own GradingData, holdout included.
    says : what `reported` has read already; read here where it is None.

    Raises
    ------
    CheckFailed
        Where the weights are not those of the best epoch, are not good enough on withheld ratings, or
        are better on visible validation or test ratings than on withheld ones by more than chance.
    """
    says = says or reported(student)
    val, test, holdout = (rmse_on(frame) for frame in (data.val, data.test, data.holdout_indexed))
    judge_best_val(
        student, says, {"validation": val, "test": test, "training": rmse_on(data.train)}
    )
    is_validation = abs(says["test_rmse"] - val) < REPORT_TOLERANCE <= abs(test - val)
    # Where both happen to be as large, all digits of a number that was not rounded tell them apart.
    is_same = says["test_rmse"] == says["best_val"] != round(says["best_val"], 6)
    expect(
        not is_validation and not (is_same and test != val),
        "`test_rmse` is the validation RMSE: evaluate the test part.",
    )
    expect(
        abs(says["test_rmse"] - test) < REPORT_TOLERANCE,
        "`test_rmse` is not the test RMSE of the weights in the model: evaluate the test part after loading the best weights.",
    )
    judge_best_epoch(student, says["best_epoch"], says["best_val"])
    expect(
        holdout - min(val, test) <= LEAK_MARGIN,
        "The model knows validation or test ratings: train on the training part alone.",
    )
    expect(
        holdout <= RMSE_RATIO[lesson] * data.baseline_rmse,
        "The model predicts ratings that it has not seen less well than it should: look at the training step.",
    )


def judge_best_val(student, says, found):
    """Require `best_val` to be the validation RMSE of the weights in the model.

    Parameters
    ----------
    says : what `reported` gives.
    found : RMSE of these weights, in stars, by the name of the part: validation, test, training.
    """
    if abs(says["best_val"] - found["validation"]) < REPORT_TOLERANCE:
        return
    for part in ("test", "training"):
        expect(
            abs(says["best_val"] - found[part]) >= REPORT_TOLERANCE,
            f"`best_val` is the {part} RMSE of the weights in the model: measure the validation part in each epoch.",
        )
    curve = read_curve(student)
    expect(
        curve is None or abs(curve[-1] - found["validation"]) >= REPORT_TOLERANCE,
        "The model stands at its last epoch, not at its best: keep a copy of the best weights (`clone`), and load it back.",
    )
    expect(
        False,
        "`best_val` is not the validation RMSE of the weights in the model: look at how the best weights are kept and loaded back.",
    )


def completed(student, labelled_name, completed_name, predicted, data):
    """Require a labelled matrix of predictions and a completed matrix that follows the completion rule.

    Parameters
    ----------
    labelled_name, completed_name : names of the student's DataFrames.
    predicted : (users, items) array, the grader's own clamped predictions of the student's model.
    data : the grader's own GradingData.
    """
    observed = ratings_matrix(data)
    labelled = pd.DataFrame(predicted, index=data.user_ids, columns=data.movie_ids)
    own, value = tables(student, labelled_name, completed_name, is_single=True)
    judge_labels(own, observed, labelled_name)
    expect(
        is_close(own, labelled, 1e-3),
        f"`{labelled_name}` has the right labels, but does not hold the clamped predictions of the model.",
    )
    judge_labels(value, observed, completed_name)
    cells, stars = as_array(value), observed.to_numpy()
    expect(cells is not None, f"`{completed_name}` holds something that is no number.")
    expect(
        not np.isnan(cells).any(),
        f"`{completed_name}` still has gaps: every gap takes its prediction.",
    )
    seen = observed.notna().to_numpy()
    expect(
        is_close(cells[seen], stars[seen], 1e-6),
        f"An observed rating has changed in `{completed_name}`: only gaps take the prediction.",
    )
    expect(
        is_close(cells[~seen], as_array(predicted)[~seen], 1e-3),
        f"A gap of `{completed_name}` holds something else than the clamped prediction of the model.",
    )


def judge_labels(frame, expected, name):
    """Require a frame of users by items whose rows are labelled by user ids and columns by movie ids, in order."""
    expect(
        frame.shape == expected.shape,
        f"`{name}` has another shape than one row per user and one column per movie.",
    )
    for axis, ids, word in (("rows", "user", "index"), ("columns", "movie", "columns")):
        labels = {
            "rows": (frame.index, expected.index),
            "columns": (frame.columns, expected.columns),
        }
        own, right = labels[axis]
        expect(
            list(own) == list(right),
            f"The {axis} of `{name}` are not labelled by the {ids} ids in order: look at `{word}=`.",
        )
