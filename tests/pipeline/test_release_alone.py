"""Students' notebooks need no package of this project, as on Colab, and run on a GPU where there is one."""

import json
import os
import subprocess
import sysconfig
import venv

import nbformat
import pytest

from autograder.checks.reference import run_cells, solved_cells, until
from submissions.bench import movielens

ASSIGNMENTS = ("svd", "mf", "vae")
RUNNER = """
import importlib.util, json, sys
import matplotlib
matplotlib.use("Agg")
for name in ("autograder", "nbgrader_config"):
    assert importlib.util.find_spec(name) is None, name
namespace = {"__name__": "__main__"}
for source in json.load(sys.stdin):
    exec(compile(source, "<cell>", "exec"), namespace)
"""


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """The interpreter of an environment with this one's packages, ours excepted.

    A path in a .pth file is added as it is: the .pth file there by which our package is installed is not read.
    """
    folder = tmp_path_factory.mktemp("bare") / "venv"
    venv.create(folder, with_pip=False)
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return folder / "bin" / "python"


def release_filled_in(course_root, assignment):
    """The code cells of a release, blanks filled as in the solution."""
    release = nbformat.read(
        course_root / f"release/en/{assignment}/{assignment}.ipynb", as_version=4
    )
    solved = dict(solved_cells(course_root, assignment))
    cells = [cell for cell in release.cells if cell.cell_type == "code"]
    return [
        solved.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source) for cell in cells
    ]


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_a_release_runs_where_our_package_is_not_installed(
    course_root, synthetic_dir, bare_python, tmp_path, assignment
):
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    environment |= {"MOVIELENS_DIR": str(synthetic_dir)}
    result = subprocess.run(
        [bare_python, "-c", RUNNER],
        input=json.dumps(release_filled_in(course_root, assignment)),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr[-2000:]


@pytest.mark.cuda
@pytest.mark.parametrize("assignment", ["mf", "vae"])
def test_a_lesson_trains_on_cuda_and_passes_its_checks(bench, assignment):
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device on this machine")
    graded = bench(assignment)
    assert set(graded.after.values()) == {None}
    network = {"mf": "model", "vae": "vae"}[assignment]
    namespace = graded.before[f"{assignment}-complete"]
    assert next(namespace[network].parameters()).is_cuda


def test_the_data_cell_downloads_nothing_where_a_folder_is_named(course_root, synthetic_dir):
    with movielens(synthetic_dir):
        namespace = run_cells(until(solved_cells(course_root, "svd"), "svd-block"))
    assert namespace["FOLDER"] == synthetic_dir
    assert list(namespace["ratings"].columns) == ["userId", "movieId", "rating", "timestamp"]
