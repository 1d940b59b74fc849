"""Probes leave no trace: a run that is judged and one that is not end with the same values, to the bit."""

import pytest

from autograder.build import build_solution, read_notebook
from autograder.checks import registered
from autograder.checks.values import encode
from autograder.grading.engine import Ground
from autograder.grading.plan import plan
from autograder.grading.rebuild import rebuild
from autograder.grading.run import Submission
from autograder.grading.student import SandboxedStudent
from autograder.sandbox.kernel import open_kernel
from autograder.sandbox.limits import Limits
from submissions.bench import SEEDS

LIMITS = Limits(cell_seconds=180, notebook_seconds=600)
NAMES = {
    "svd": ("R_block", "P", "Q", "completed_block", "rank_errors"),
    "mf": ("best_val", "best_epoch", "test_rmse", "R_hat_full", "completed_full"),
    "vae": ("best_val", "best_epoch", "test_rmse", "R_pred_np", "completed_vae"),
}
SEED = "import numpy, random, torch\nrandom.seed(1)\nnumpy.random.seed(2)\ntorch.manual_seed(3)"
LAST_RANDOM_NUMBERS = """
import numpy, random, torch
drawn = [random.random(), float(numpy.random.rand()), float(torch.rand(1))]
"""


def values_at_the_end(course_root, assignment, ground, judge):
    """Encoded values of a solution's variables, and the next random numbers, after a run."""
    master = read_notebook(course_root / "source" / assignment / f"{assignment}.ipynb")
    exercises = plan(rebuild(master, build_solution(master, "en")).notebook, master)
    values = {}

    def judge_and_look(check, student):
        judge(check, student)
        if check == exercises[-1].check:
            kernel = SandboxedStudent(submission.kernel, lambda: 60)
            values.update({name: encode(kernel[name]) for name in NAMES[assignment]})
            values.update(kernel.evaluate(LAST_RANDOM_NUMBERS, ["drawn"]))

    def start_kernel():
        kernel = open_kernel(LIMITS, ground.files)
        kernel.run(SEED, 60)
        return kernel

    submission = Submission(
        exercises,
        start_kernel,
        judge_and_look,
        LIMITS,
        lambda verdict: None,
    )
    submission.run()
    return values


@pytest.mark.parametrize(
    "assignment", ["svd", "mf", pytest.param("vae", marks=pytest.mark.accuracy)]
)
def test_a_judged_run_ends_with_the_values_of_one_that_was_not(
    course_root, grading_set, assignment
):
    ground = Ground.load(grading_set(SEEDS[0]))

    def judge(check, student):
        registered(check)(student, ground.data)

    judged = values_at_the_end(course_root, assignment, ground, judge)
    plain = values_at_the_end(course_root, assignment, ground, lambda check, student: None)
    assert judged == plain
    assert set(NAMES[assignment]) < set(judged)
