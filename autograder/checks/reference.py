"""Run the lessons' own solutions as the reference, to measure how far they are from every threshold.

The reference is the code of the master notebook, cell by cell, in one namespace: what students are
measured against is what the course teaches, and nothing else has to be kept in step with it.
"""

import contextlib
import io
import os
import re
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from matplotlib import pyplot

from autograder.build import read_notebook, remove_hidden_tests, unwrap_regions
from autograder.checks import mf, vae
from autograder.checks.student import InProcessStudent
from autograder.checks.thresholds import LEAK_MARGIN, RMSE_RATIO
from autograder.errors import CourseError

TRAINED = {"mf": "mf-train", "vae": "vae-train"}
SEED_LINE = re.compile(r"^SEED = \d+$", re.MULTILINE)


def solved_cells(course, assignment):
    """The code cells of a master: full solutions, without hidden tests.

    Parameters
    ----------
    course : Path of the course, which holds `source/`.
    assignment : "svd", "mf" or "vae".

    Returns
    -------
    List of (name, source) pairs in order; the name is the grade_id, or "" for a given cell.

    Raises
    ------
    CourseError
        Where the master has not been built.
    """
    path = Path(course) / "source" / assignment / f"{assignment}.ipynb"
    if not path.is_file():
        raise CourseError(f"There is no master {path}: run `autograder build` first.")
    solved = unwrap_regions(remove_hidden_tests(read_notebook(path)))
    code = [cell for cell in solved.cells if cell.cell_type == "code"]
    return [(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source) for cell in code]


def until(cells, check):
    """The cells up to and including the check of that name."""
    names = [name for name, _ in cells]
    return cells[: names.index(check) + 1]


def run_cells(cells, namespace=None):
    """Execute cells in one namespace, silently and without a display.

    Parameters
    ----------
    cells : (name, source) pairs.
    namespace : dict to run in, changed in place; a new one where it is None.

    Returns
    -------
    The namespace.
    """
    pyplot.switch_backend("Agg")
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    with contextlib.redirect_stdout(io.StringIO()):
        for name, source in cells:
            exec(compile(source, f"<{name or 'given cell'}>", "exec"), namespace)
            pyplot.close("all")
    return namespace


def with_seed(cells, seed):
    """The same cells with another value in the line that sets SEED."""
    return [(name, SEED_LINE.sub(f"SEED = {seed}", source)) for name, source in cells]


def train_reference(course, assignment, data, seed):
    """Train the reference once and measure it as the check does.

    Parameters
    ----------
    data : GradingData whose visible ratings lie in the folder that MOVIELENS_DIR names.
    seed : integer, the lesson's SEED.

    Returns
    -------
    (holdout, visible) : RMSE on withheld ratings, and the smaller of validation and test RMSE, in stars.
    """
    cells = until(solved_cells(course, assignment), TRAINED[assignment])
    student = InProcessStudent(run_cells(with_seed(cells, seed)))
    if assignment == "mf":
        weights = mf.weights_of(student, data)
        scores = [
            mf.rmse_on(weights, frame) for frame in (data.holdout_indexed, data.val, data.test)
        ]
    else:
        weights = vae.weights_of(student.evaluate(vae.WEIGHTS_PROBE, returns=["weights"]), data)
        predicted = vae.predict(weights, vae.matrices(data.train, data)[0])
        scores = [
            vae.rmse_of(predicted, frame) for frame in (data.holdout_indexed, data.val, data.test)
        ]
    return scores[0], min(scores[1:])


def starting_points(course):
    """The functions (R, mask) -> predictions that the open challenge prints, by name."""
    wanted = ("import torch", "def item_mean", "def mf(", "def tuned_mf")
    cells = [
        cell for cell in solved_cells(course, "vae") if any(text in cell[1] for text in wanted)
    ]
    lesson = run_cells(cells)
    return {name: lesson[name] for name in ("tuned_mf", "residual_autoencoder")}


def measure_start(course, data, runs=10):
    """Mean RMSE on the holdout, in stars, of `tuned_mf`, on every set so far the better starting point of the challenge.

    It is measured in a process of its own, so that none of its settings outlive it.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_start_in_worker, course, data, runs).result()


def _start_in_worker(course, data, runs):
    import torch

    torch.set_num_threads(1)
    R, mask = (matrix.astype(np.float64) for matrix in vae.matrices(data.train, data))
    start = starting_points(course)["tuned_mf"]
    scores = []
    for seed in range(runs):
        torch.manual_seed(seed)
        scores.append(vae.rmse_of(start(R, mask), data.holdout_indexed))
    return float(np.mean(scores))


def measure_reference(course, data, visible, seeds=range(5), processes=None):
    """How far the reference is from each threshold on a grading set, in its own standard deviations.

    Parameters
    ----------
    course : Path of the course, which holds `source/`.
    data : GradingData, holdout included.
    visible : the folder of its visible ratings.
    seeds : at least two values for SEED.
    processes : how many runs at a time; as many as there are cores where it is None.

    Returns
    -------
    Dict from "mf", "mf-leak", "vae", "vae-leak" to a dict of mean, sd, threshold (all in stars) and
    margin_sd = (threshold - mean) / sd.
    """
    tasks = [(lesson, seed) for lesson in ("vae", "mf") for seed in seeds]
    processes = processes or min(len(tasks), os.cpu_count() or 1)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        work = partial(_train_in_worker, course, data, visible)
        scores = list(pool.map(work, *zip(*tasks, strict=True)))
    margins = {}
    for lesson in RMSE_RATIO:
        runs = np.array(
            [score for task, score in zip(tasks, scores, strict=True) if task[0] == lesson]
        )
        margins[lesson] = _margin(runs[:, 0], RMSE_RATIO[lesson] * data.baseline_rmse)
        margins[f"{lesson}-leak"] = _margin(runs[:, 0] - runs[:, 1], LEAK_MARGIN)
    return margins


def _margin(values, threshold):
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    return {
        "mean": mean,
        "sd": sd,
        "threshold": threshold,
        "margin_sd": (threshold - mean) / max(sd, 1e-9),
    }


def _train_in_worker(course, data, visible, assignment, seed):
    import torch

    torch.set_num_threads(1)
    os.environ["MOVIELENS_DIR"] = str(visible)
    return train_reference(course, assignment, data, seed)
