"""Stock ``nbgrader generate_assignment`` on a toy course, with the configuration of this one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from autograder.build import build_master, build_release, to_text
from autograder.build.translations import accept_translations

ROOT = Path(__file__).parents[2]
LESSON = """
# %% [markdown] lang="en"
# # Means

# %% [markdown] lang="ko"
# # 평균

# %% data=true

# %% blank="toy-mean" mask="sum"
mean = sum([1, 2, 6]) / 3

# %% check="toy-mean" points=2 nbval=true
assert mean == 3, "Look at the mean."

# %% blank="toy-width"
def width(numbers):
    ### BEGIN SOLUTION
    return max(numbers) - min(numbers)
    ### END SOLUTION

# %% check="toy-width" points=3
assert width([1, 6]) == 5, "Look at the width."

# %% [markdown] answer="toy-why" points=4
# The model answer.
#
# <!-- marking scheme -->
# Four points.
"""


def nbgrader(course, *arguments):
    """Run stock nbgrader as an instructor does; it needs `alembic` on PATH."""
    environment = dict(os.environ, PYTHONPATH=str(ROOT), HOME=str(course))
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture(scope="module", params=["en", "ko"])
def generated(request, tmp_path_factory):
    """A course in each language, generated although its release is there and no gradebook is."""
    course = tmp_path_factory.mktemp("course")
    config = (ROOT / "nbgrader_config.py").read_text()
    assert 'language = "en"' in config
    config = config.replace('language = "en"', f'language = "{request.param}"')
    (course / "nbgrader_config.py").write_text(config)
    master = build_master(accept_translations(LESSON, "toy"), "toy")
    for folder in (f"release/{request.param}/toy", "source/toy"):
        (course / folder).mkdir(parents=True)
    (course / f"release/{request.param}/toy/toy.ipynb").write_text("committed")
    (course / "source/toy/toy.ipynb").write_text(to_text(master))
    result = nbgrader(course, "generate_assignment", "toy")
    assert result.returncode == 0, result.stderr
    return course, request.param, master


def test_nbgrader_makes_the_same_bytes_as_our_own_pipeline(generated):
    course, language, master = generated
    text = (course / f"release/{language}/toy/toy.ipynb").read_text()
    assert text == to_text(build_release(master, language))
    assert ("평균" in text) == (language == "ko")


def test_the_gradebook_knows_every_graded_cell_with_its_points(generated):
    with Gradebook(f"sqlite:///{generated[0]}/gradebook.db", "latent-factors") as gradebook:
        notebook = gradebook.find_notebook("toy", "toy")
        points = {cell.name: cell.max_score for cell in notebook.grade_cells}
        blanks = {cell.name for cell in notebook.solution_cells}
    assert points == {"toy-mean": 2, "toy-width": 3, "toy-why": 4}
    assert blanks == {"blank-toy-mean", "blank-toy-width", "toy-why"}


def test_the_gradebook_keeps_hidden_tests_and_no_solution(generated):
    with Gradebook(f"sqlite:///{generated[0]}/gradebook.db", "latent-factors") as gradebook:
        sources = {c.name: c.source for c in gradebook.find_notebook("toy", "toy").source_cells}
    assert 'run_check("toy-mean", globals())' in sources["toy-mean"]
    assert sources["blank-toy-mean"] == "mean = ***([1, 2, 6]) / 3"
    assert "max(numbers)" not in sources["blank-toy-width"]
    assert "model answer" not in sources["toy-why"]


def test_a_master_that_cannot_be_released_fails_with_our_sentence(generated, tmp_path):
    course = tmp_path / "course"
    shutil.copytree(generated[0], course)
    path = course / "source/toy/toy.ipynb"
    path.write_text(path.read_text().replace("sum([1, 2, 6])", "9"))
    result = nbgrader(course, "generate_assignment", "toy")
    assert result.returncode != 0
    assert "Lesson toy, cell blank-toy-mean: masked token 'sum' does not occur" in result.stderr
