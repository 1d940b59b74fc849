"""One slip costs its own points and no others: every exercise of every lesson fails in five ways.

The lesson's own solution is handed in with one exercise spoilt. All of the first lesson, and one case a
way of the others, run always; the marker `accuracy` holds the rest.
"""

from dataclasses import replace
from functools import cache

import pytest

from autograder.build import build_solution, read_notebook
from autograder.build.notebooks import is_check
from autograder.grading.engine import Ground, grade
from autograder.grading.outcomes import ERROR, FAILED, KILLED, PASSED, TIMEOUT
from autograder.grading.rebuild import rebuild
from autograder.sandbox.limits import Limits
from submissions.bench import SEEDS
from submissions.courses import blanks_of

EXERCISES = {
    "svd": ("svd-block", "svd-factors", "svd-complete", "svd-rank"),
    "mf": ("mf-split", "mf-dataset", "mf-model", "mf-train", "mf-complete", "mf-recommend"),
    "vae": (
        *("vae-matrices", "vae-model", "vae-loss", "vae-train", "vae-complete"),
        "vae-challenge",
    ),
}
SLIP = "raise RuntimeError('a slip')\n"
# What earlier cells made, spoilt in place.
MUTATIONS = {
    "svd-block": 'ratings["rating"] = 1.0',
    "svd-factors": "R_block.iloc[:, :] = 3.0",
    "svd-complete": "P[:] = 0.0",
    "svd-rank": "R_block_filled[:] = 0.0",
    "mf-split": 'df_idx["user_idx"] = 0',
    "mf-dataset": "train_df.drop(train_df.index[10:], inplace=True)",
    "mf-model": "train_dataset.stars.zero_()",
    "mf-train": "nn.init.ones_(model.user_emb.weight)",
    "mf-complete": "model.user_bias.weight.data.zero_()",
    "mf-recommend": "R_hat_df_full.iloc[:, :] = 1.0",
    "vae-matrices": "train_df.drop(train_df.index[10:], inplace=True)",
    "vae-model": "R_train.zero_()",
    "vae-loss": "nn.init.zeros_(vae.fc4.weight)",
    "vae-train": "train_user_dataset.mask[:] = 1.0",
    "vae-complete": "vae.fc4.bias.data.add_(1.0)",
    "vae-challenge": "R_train.zero_()",
}
ENDINGS = {
    "exception": (lambda check: SLIP, ERROR),
    "mutation": (lambda check: f"{MUTATIONS[check]}\n{SLIP}", ERROR),
    "timeout": (lambda check: "import time\ntime.sleep(1000)\n", TIMEOUT),
    "death": (lambda check: "import os\nos._exit(0)\n", KILLED),
    "syntax_error": (lambda check: "R = (\n]\n", ERROR),
}
# Seconds that no cell of the solution comes near, even beside other work.
CELL_SECONDS = {"svd": 10, "mf": 40, "vae": 40}
SAMPLE = {
    *(("svd", "svd-factors", ending) for ending in ENDINGS),
    *(("svd", check, "mutation") for check in EXERCISES["svd"]),
    *(("mf", "mf-model", "mutation"), ("mf", "mf-complete", "syntax_error")),
    ("vae", "vae-model", "death"),
}


def cases():
    """Every exercise with every ending; what is not in the sample is marked."""
    for assignment, checks in EXERCISES.items():
        for check in checks:
            for ending in ENDINGS:
                is_sample = (assignment, check, ending) in SAMPLE
                marks = () if is_sample else (pytest.mark.accuracy,)
                yield pytest.param(assignment, check, ending, marks=marks, id=f"{check}-{ending}")


@pytest.fixture(scope="module")
def ground(grading_set):
    return Ground.load(grading_set(SEEDS[0]))


@pytest.fixture(scope="module")
def master(course_root):
    """A function from an assignment to its master."""
    return cache(lambda name: read_notebook(course_root / "source" / name / f"{name}.ipynb"))


def spoilt(master, check, text):
    """The solution with a text at the top of the first blank of one exercise."""
    notebook = build_solution(master, "en")
    first, *_ = blanks_of(notebook, check)
    first.source = text + first.source
    return rebuild(master, notebook).notebook


@pytest.mark.parametrize("assignment", EXERCISES)
def test_the_lists_of_exercises_are_those_of_the_lessons(master, assignment):
    checks = [c.metadata.nbgrader.grade_id for c in master(assignment).cells if is_check(c)]
    assert tuple(checks) == EXERCISES[assignment]


@pytest.mark.parametrize(("assignment", "check", "ending"), tuple(cases()))
def test_a_spoilt_exercise_costs_its_own_points_alone(master, ground, assignment, check, ending):
    text, outcome = ENDINGS[ending]
    notebook = spoilt(master(assignment), check, text(check))
    limits = replace(Limits(), cell_seconds=CELL_SECONDS[assignment])
    verdicts = {v.check: v for v in grade(notebook, master(assignment), ground, limits).verdicts}
    assert tuple(verdicts) == EXERCISES[assignment]
    failed = verdicts.pop(check)
    assert (failed.outcome, failed.points, failed.bonus) == (outcome, 0.0, None)
    assert not failed.carried_on
    order = EXERCISES[assignment]
    for name, verdict in verdicts.items():
        assert verdict.outcome == PASSED, (name, verdict.message)
        assert verdict.points == verdict.max_points
        assert verdict.carried_on == (order.index(name) > order.index(check))


@pytest.mark.parametrize("assignment", EXERCISES)
def test_without_carrying_on_an_early_slip_costs_what_follows(master, ground, assignment):
    notebook = spoilt(master(assignment), EXERCISES[assignment][0], SLIP)
    verdicts = grade(notebook, master(assignment), ground, carries_on=False).verdicts
    lost = {verdict.check for verdict in verdicts if verdict.outcome in (ERROR, FAILED)}
    assert {EXERCISES[assignment][0], f"{assignment}-complete"} <= lost
    assert not any(verdict.carried_on for verdict in verdicts)
