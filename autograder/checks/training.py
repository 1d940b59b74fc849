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
    same_table,
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
    values = {}
    for name in ("best_val", "test_rmse", "best_epoch"):
        value = student[name]
        shape = shape_of(value)
        value = as_array(value) if shape is not None and set(shape) <= {1} else None
        expect(value is not None, f"`{name}` should be one number.")
        expect(
            bool(np.isfinite(value).all()),
            f"`{name}` is no finite number: training did not run to its end.",
        )
        values[name] = float(value.reshape(()))
    return values


CURVE_PROBE = """
try:
    curve = [float(value) for value in val_curve][:1000]
except Exception:
    curve = None
"""


def judge_best_epoch(student, best_epoch):
    """Require that best_epoch counts from 1, and is where `val_curve` is lowest if that can be read."""
    expect(
        best_epoch >= 1 and best_epoch == int(best_epoch),
        "`best_epoch` should count epochs from 1.",
    )
    curve = as_array(ask(student, CURVE_PROBE, {"curve": maybe(many(number))})["curve"])
    if curve is not None and len(curve) and np.isfinite(curve).all():
        expect(
            best_epoch - 1 in np.flatnonzero(curve <= curve.min() + REPORT_TOLERANCE),
            "`best_epoch` is not the epoch whose validation RMSE in `val_curve` is the lowest.",
        )


def judge_training(lesson, student, rmse_on, data):
    """Require that weights, reported numbers and withheld ratings fit together.

    Parameters
    ----------
    lesson : "mf" or "vae", which picks the threshold.
    student : Student.
    rmse_on : function from an indexed frame to the RMSE of the student's weights on it, in stars.
    data : the grader's own GradingData, holdout included.

    Raises
    ------
    CheckFailed
        Where the weights are not those of the best epoch, are not good enough on withheld ratings, or
        are better on visible validation or test ratings than on withheld ones by more than chance.
    """
    says = reported(student)
    val, test, holdout = (rmse_on(frame) for frame in (data.val, data.test, data.holdout_indexed))
    expect(
        abs(says["best_val"] - val) < REPORT_TOLERANCE,
        "`best_val` is not the validation RMSE of the weights in the model: look at how the best weights are kept and loaded back.",
    )
    expect(
        abs(says["test_rmse"] - test) < REPORT_TOLERANCE,
        "`test_rmse` is not the test RMSE of the weights in the model: evaluate the test part after loading the best weights.",
    )
    judge_best_epoch(student, says["best_epoch"])
    expect(
        holdout <= RMSE_RATIO[lesson] * data.baseline_rmse,
        "The model predicts ratings that it has not seen less well than it should: look at the training step.",
    )
    expect(
        holdout - min(val, test) <= LEAK_MARGIN,
        "The model knows validation or test ratings: train on the training part alone.",
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
    same_table(own, labelled, labelled_name, "users label its rows, movies its columns", 1e-3)
    expect(value.shape == observed.shape, f"`{completed_name}` should be users by items.")
    expect(
        not value.isna().any(axis=None),
        f"`{completed_name}` still has gaps: look at the labels of the predictions.",
    )
    seen = observed.notna().to_numpy()
    expect(
        is_close(value.to_numpy()[seen], observed.to_numpy()[seen], 1e-6),
        f"An observed rating has changed in `{completed_name}`: only gaps take the prediction.",
    )
    same_table(
        value,
        observed.fillna(labelled),
        completed_name,
        "a gap takes the clamped prediction of the model",
        1e-3,
    )
