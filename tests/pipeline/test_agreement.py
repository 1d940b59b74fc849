"""Stock nbgrader and our engine give the same points, check by check, on honest submissions.

Stock nbgrader runs every cell in one kernel and the hidden checks inside it, by the line in each check
cell. Without carrying on, our engine must say the same; with it, it only ever gives more.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.build import build_release, build_solution, read_notebook
from autograder.checks.registry import GRADING_DATA
from autograder.grading.engine import Ground, grade
from autograder.grading.rebuild import rebuild
from submissions.bench import SEEDS
from submissions.courses import mistaken

# What else is handed in beside the solution and the untouched release.
MISTAKEN = {
    "svd": {
        "svd-block": "transposed",
        "svd-factors": "gaps_filled_with_zero",
        "svd-complete": "ratings_overwritten",
        "svd-rank": "no_square_root",
    },
    "mf": {
        "mf-split": "another_random_state",
        "mf-model": "no_user_bias",
        "mf-train": "no_zero_grad",
        "mf-recommend": "worst_first",
    },
    "vae": {
        "vae-matrices": "mask_all_ones",
        "vae-loss": "no_mask_in_the_loss",
        "vae-complete": "ratings_overwritten",
    },
}
SAMPLE = ("mf-recommend",)
STOCK = """
c = get_config()
c.CourseDirectory.course_id = "stock"
c.ExecutePreprocessor.timeout = 300
"""


@pytest.fixture(scope="module")
def compared(course_root, grading_set, tmp_path_factory):
    """A function from an assignment and names of submissions to what three graders say of each.

    Values are dicts from a check to its points: by stock nbgrader and by the engine without carrying
    on; and from a check to its verdict, by the engine with it.
    """
    data = grading_set(SEEDS[0])
    ground = Ground.load(data)

    def compare(assignment, submissions):
        master = read_notebook(course_root / "source" / assignment / f"{assignment}.ipynb")
        folder = tmp_path_factory.mktemp("stock")
        handed_in = {name: notebook_of(master, assignment, name) for name in submissions}
        stock = stock_points(folder, assignment, master, handed_in, data)
        result = {}
        for name, notebook in handed_in.items():
            rebuilt = rebuild(master, notebook).notebook
            alone = grade(rebuilt, master, ground, carries_on=False).verdicts
            carried = grade(rebuilt, master, ground).verdicts
            result[name] = (
                stock[name],
                {verdict.check: verdict.points for verdict in alone},
                {verdict.check: verdict for verdict in carried},
            )
        return result

    return compare


def notebook_of(master, assignment, name):
    if name == "untouched":
        return build_release(master, "en")
    solution = build_solution(master, "en")
    return solution if name == "solved" else mistaken(solution, name, MISTAKEN[assignment][name])


def stock_points(folder, assignment, master, handed_in, data):
    """Points by submission and check, of nbgrader with its own stages alone."""
    (folder / "nbgrader_config.py").write_text(STOCK)
    write(folder / "source" / assignment / f"{assignment}.ipynb", master)
    for name, notebook in handed_in.items():
        write(folder / "submitted" / name / assignment / f"{assignment}.ipynb", notebook)
    environment = os.environ | {
        "PATH": str(Path(sys.executable).parent) + os.pathsep + os.environ["PATH"],
        "MOVIELENS_DIR": str(data / "visible"),
        GRADING_DATA: str(data),
    }
    for command in ("generate_assignment", "autograde"):
        subprocess.run(
            [sys.executable, "-m", "nbgrader", command, assignment],
            **{"cwd": folder, "env": environment, "check": True, "capture_output": True},
        )
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        return {
            name: {
                grade.name: grade.auto_score
                for grade in gradebook.find_submission_notebook(assignment, assignment, name).grades
                if grade.cell.cell_type == "code"
            }
            for name in handed_in
        }


def write(path, notebook):
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)


def assert_agreement(compared, assignment, submissions):
    for name, (stock, alone, carried) in compared(assignment, submissions).items():
        assert alone == stock, name
        assert list(carried) == list(stock)
        for check, verdict in carried.items():
            assert verdict.points >= stock[check], (name, check)
            assert verdict.points == stock[check] or verdict.carried_on, (name, check)
        if name == "solved":
            assert all(points == carried[check].max_points for check, points in stock.items())
        elif name == "untouched":
            assert sum(stock.values()) == sum(v.points for v in carried.values()) == 0
        else:  # a mistake costs its own points, and with the reference none beside
            assert [check for check, v in carried.items() if v.points < v.max_points] == [name]


def test_they_agree_on_the_first_lesson(compared):
    assert_agreement(compared, "svd", ["solved", "untouched", *MISTAKEN["svd"]])


@pytest.mark.accuracy
def test_they_agree_on_a_mistake_in_the_second(compared):
    assert_agreement(compared, "mf", SAMPLE)


@pytest.mark.accuracy
@pytest.mark.parametrize("assignment", ["mf", "vae"])
def test_they_agree_on_the_other_lessons(compared, assignment):
    assert_agreement(compared, assignment, ["solved", "untouched", *MISTAKEN[assignment]])
