"""`autograder demo`: a simulated class on synthetic data, graded by nbgrader with the hidden checks.

Everything happens in a folder of its own, so that a course that is in use is not touched.
"""

import shutil
from copy import deepcopy
from pathlib import Path

import click
import nbformat
from nbformat.v4 import new_code_cell
from rich.console import Console
from rich.table import Table

from autograder.build import build_release, build_solution, read_notebook
from autograder.errors import GradingError

ASSIGNMENTS = ("svd", "mf", "vae")
MARKER = ".autograder-demo"


HOSTILE = """import os, pathlib, socket
for folder in ("/", str(pathlib.Path.home())):
    for path in pathlib.Path(folder).rglob("gradebook.db"):
        path.unlink()
try:
    socket.create_connection(("1.1.1.1", 53), timeout=1)
finally:
    os.kill(os.getpid(), 9)"""


def edited(notebook, replacements=(), cells=None, extra=()):
    """A copy of a notebook with changes.

    Parameters
    ----------
    notebook : the notebook to start from.
    replacements : (old, new) pairs applied to every code cell; each `old` must occur somewhere.
    cells : dict from grade_id to the whole new source of that cell.
    extra : sources of code cells that are put in front of the first solution cell.
    """
    result = deepcopy(notebook)
    code = [cell for cell in result.cells if cell.cell_type == "code"]
    for old, new in replacements:
        hits = [cell for cell in code if old in cell.source]
        if not hits:
            raise GradingError(
                f"The demo's text {old!r} is in no cell of the lesson: change one of the two."
            )
        for cell in hits:
            cell.source = cell.source.replace(old, new)
    for cell in code:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = (cells or {}).get(grade_id, cell.source)
    first = next(
        n
        for n, cell in enumerate(result.cells)
        if cell.metadata.get("nbgrader", {}).get("solution")
    )
    result.cells[first:first] = [
        new_code_cell(source, id=f"extra-{n}") for n, source in enumerate(extra)
    ]
    return result


def simulated_class(solutions, releases):
    """What each student of the demo hands in.

    Parameters
    ----------
    solutions, releases : dicts from assignment to its notebook.

    Returns
    -------
    Dict from student to a dict from assignment to notebook; students are named for what they do.
    """
    svd, mf, vae = (solutions[name] for name in ASSIGNMENTS)
    unfilled = {
        cell.metadata["nbgrader"]["grade_id"]: cell.source
        for cell in releases["mf"].cells
        if cell.metadata.get("nbgrader", {}).get("solution")
    }
    not_done = {name: unfilled[name] for name in ("blank-mf-complete", "blank-mf-recommend")}
    transposed = (
        "pd.DataFrame(R_hat_block, index=sample_users, columns=sample_movies)",
        "pd.DataFrame(R_hat_block.T, index=sample_users, columns=sample_movies)",
    )
    return {
        "perfect": {"svd": svd, "mf": mf, "vae": vae},
        "partial": {"svd": svd, "mf": edited(mf, cells=not_done)},
        "wrong": {
            "svd": edited(svd, [transposed]),
            "mf": edited(mf, [("        optimizer.zero_grad()\n", "")]),
        },
        "no_mask_in_the_loss": {
            "vae": edited(vae, [("(recon_x - x) ** 2 * mask", "(recon_x - x) ** 2")])
        },
        "untouched": releases,
        "syntax_error": {"svd": edited(svd, [("P @ Q.T  # (8, 8)", "P @ @ Q.T")])},
        "wrong_shape": {
            "mf": edited(
                mf, [("nn.Embedding(num_items, n_factors)", "nn.Embedding(num_items, num_users)")]
            )
        },
        "infinite_loop": {
            "svd": edited(
                svd,
                [
                    (
                        "U, S, Vt = svd(R_filled, full_matrices=False)\n",
                        "while True:\n        pass\n",
                    )
                ],
            )
        },
        "hostile": {"svd": edited(svd, extra=[HOSTILE])},
        "extra_cells": {
            "svd": edited(
                svd, extra=["import warnings\nwarnings.warn('just looking')", "ratings.describe()"]
            ),
            "mf": edited(mf, extra=["def helper(x):\n    return x + 1", "helper(1)"]),
        },
    }


def make_room(folder):
    """Make a folder for a demo; only an empty one, or one that a demo made, is replaced.

    Raises
    ------
    GradingError
        Where the folder holds anything else; nothing in it is touched.
    """
    if folder.exists() and not (folder / MARKER).is_file() and any(folder.iterdir()):
        raise GradingError(
            f"{folder} is not empty and no demo made it: name another folder with --to, or remove it yourself."
        )
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARKER).write_text("`autograder demo` made this folder, and replaces it.\n")


def set_up(course, folder):
    """Make the demo's own course folder from the masters of `course`; returns (solutions, releases)."""
    masters = {
        name: read_notebook(course / "source" / name / f"{name}.ipynb", GradingError)
        for name in ASSIGNMENTS
    }
    try:
        make_room(folder)
        shutil.copytree(course / "source", folder / "source")
        shutil.copy(course / "nbgrader_config.py", folder)
    except OSError as error:
        raise GradingError(
            f"The demo cannot be set up in {folder} ({error.strerror}): name another folder with --to."
        ) from None
    solutions = {name: build_solution(master, "en") for name, master in masters.items()}
    releases = {name: build_release(master, "en") for name, master in masters.items()}
    return solutions, releases


def hand_in(folder, submissions):
    """Write every notebook of a simulated class where nbgrader looks for it."""
    for student, notebooks in submissions.items():
        for assignment, notebook in notebooks.items():
            place = folder / "submitted" / student / assignment
            place.mkdir(parents=True)
            nbformat.write(notebook, place / f"{assignment}.ipynb")


def read_scores(folder):
    """Scores of the demo's gradebook.

    Returns
    -------
    Dict from (student, assignment) to (score, max_score, extra_credit, list of failed checks); answers
    that wait for a person count in neither score nor max_score.
    """
    from nbgrader.api import Gradebook

    scores = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as gradebook:
        for submission in (
            s for name in ASSIGNMENTS for s in gradebook.assignment_submissions(name)
        ):
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            auto = [grade for grade in grades if grade.cell.cell_type == "code"]
            failed = [grade.name for grade in auto if grade.max_score and not grade.auto_score]
            scores[submission.student.id, submission.name] = (
                sum(grade.auto_score or 0.0 for grade in auto),
                sum(grade.max_score for grade in auto),
                sum(grade.extra_credit or 0.0 for grade in auto),
                failed,
            )
    return scores


def score_table(scores, students):
    """A rich Table: a row a student, a column an assignment, and what failed."""
    table = Table(title="A simulated class (free-text answers wait for a person)")
    for column in ("student", *ASSIGNMENTS, "failed"):
        table.add_column(column, overflow="fold")
    for student in students:
        cells, failed = [], []
        for assignment in ASSIGNMENTS:
            if (student, assignment) not in scores:
                cells.append("-")
                continue
            score, highest, bonus, missed = scores[student, assignment]
            cells.append(f"{score:g}/{highest:g}" + (f" +{bonus:g}" if bonus else ""))
            failed += [f"{assignment}: all"] if score == 0 else missed
        table.add_row(student, *cells, ", ".join(failed) or "nothing")
    return table


@click.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path),
    help="Where to work; `demo/` in the course otherwise.",
)
@click.pass_obj
def demo(course, folder):
    """Grade a simulated class on synthetic data, and print its scores.

    Example: autograder demo --to /tmp/demo
    """
    console = Console()
    folder = (folder or course / "demo").resolve()
    solutions, releases = set_up(course, folder)
    submissions = simulated_class(solutions, releases)
    hand_in(folder, submissions)
    console.print("Drawing a private data set, and measuring the reference on it ...")
    draw_grading_data(folder)
    grade_class(folder, console)
    console.print(score_table(read_scores(folder), submissions))
    console.print(f"Gradebook and graded notebooks: {folder}")


def grade_class(folder, console):
    """Grade everything that was handed in, as `autograder grade` does."""
    from autograder.grading.classroom import Classroom, read_config
    from autograder.grading.hand_ins import handed_in

    classroom = Classroom(folder, read_config(folder))
    classroom.register(ASSIGNMENTS)
    submissions = handed_in(folder, classroom.config, ASSIGNMENTS)
    for number, submission in enumerate(submissions, 1):
        place = f"{number} of {len(submissions)}: {submission.student}, {submission.assignment}"
        console.print(f"Grading {place} ...", markup=False, highlight=False)
        classroom.grade(submission)


def draw_grading_data(folder):
    """Make the private grading set of the demo's course."""
    from autograder.checks.reference import measure_reference, measure_start
    from autograder.data import ensure_grading_data

    ensure_grading_data(folder, measure=measure_reference, measure_start=measure_start)
