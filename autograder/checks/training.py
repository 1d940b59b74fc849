"""What the two trained lessons share: judging a training by the weights it left, and a completed matrix."""

import numpy as np
import pandas as pd

from autograder.checks.compare import as_array, is_close, same_table, table
from autograder.checks.registry import expect
from autograder.checks.svd import ratings_matrix
from autograder.checks.thresholds import LEAK_MARGIN, REPORT_TOLERANCE, RMSE_RATIO


def reported(student):
    """What the notebook says of its training: best_val, test_rmse (stars) and best_epoch, as floats."""
    values = {}
    for name in ("best_val", "test_rmse", "best_epoch"):
        value = student[name]
        value = None if isinstance(value, str) else as_array(value)
        expect(
            value is not None and value.size == 1 and bool(np.isfinite(value).all()),
            f"`{name}` should be one number.",
        )
        values[name] = float(value.reshape(()))
    return values


def judge_training(lesson, says, rmse_on, data):
    """Require that weights, reported numbers and withheld ratings fit together.

    Parameters
    ----------
    lesson : "mf" or "vae", which picks the threshold.
    says : the dict of `reported`.
    rmse_on : function from an indexed frame to the RMSE of the student's weights on it, in stars.
    data : the grader's own GradingData, holdout included.

    Raises
    ------
    CheckFailed
        Where the weights are not those of the best epoch, are not good enough on withheld ratings, or
        are better on visible validation or test ratings than on withheld ones by more than chance.
    """
    val, test, holdout = (rmse_on(frame) for frame in (data.val, data.test, data.holdout_indexed))
    expect(
        abs(says["best_val"] - val) < REPORT_TOLERANCE,
        "`best_val` is not the validation RMSE of the weights in the model: look at how the best weights are kept and loaded back.",
    )
    expect(
        abs(says["test_rmse"] - test) < REPORT_TOLERANCE,
        "`test_rmse` is not the test RMSE of the weights in the model: evaluate the test part after loading the best weights.",
    )
    expect(
        says["best_epoch"] >= 1 and says["best_epoch"] == int(says["best_epoch"]),
        "`best_epoch` should count epochs from 1.",
    )
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
    value = table(student, completed_name)
    same_table(
        table(student, labelled_name),
        labelled,
        labelled_name,
        "users label its rows, movies its columns",
        1e-3,
    )
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
