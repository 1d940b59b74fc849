"""The committed solutions: what nbval re-runs, on synthetic data and on the real set."""

import os
import subprocess
import sys

import nbformat
import pytest

ASSIGNMENTS = ("svd", "mf", "vae")
LANGUAGES = ("en", "ko")
FLAG = "nbval-check-output"


def solution_path(course_root, language, assignment):
    return course_root / "solutions" / language / assignment / f"{assignment}.ipynb"


def flagged(course_root, language):
    """Every flagged code cell of the solutions in a language."""
    for assignment in ASSIGNMENTS:
        path = solution_path(course_root, language, assignment)
        for cell in nbformat.read(path, as_version=4).cells:
            if FLAG in cell.metadata.get("tags", []):
                yield assignment, cell


@pytest.mark.parametrize("language", LANGUAGES)
def test_at_least_twelve_cells_are_compared_and_they_print_without_stderr_or_pictures(
    course_root, language
):
    cells = list(flagged(course_root, language))
    assert len(cells) >= 12
    assert {assignment for assignment, _ in cells} == set(ASSIGNMENTS)
    for _, cell in cells:
        assert [output.output_type for output in cell.outputs] == ["stream"], cell.id
        assert cell.outputs[0].name == "stdout", cell.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_committed_solutions_are_executed_without_errors_and_stay_small(course_root, language):
    for assignment in ASSIGNMENTS:
        path = solution_path(course_root, language, assignment)
        assert path.stat().st_size < 2**20
        code = [
            cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"
        ]
        assert all(cell.execution_count for cell in code if cell.source)
        outputs = [output for cell in code for output in cell.outputs]
        assert not [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"]


ANY_DATA = ("--nbval-lax",)
REAL_DATA = ("--nbval", "--nbval-sanitize-with", "tests/pipeline/nbval.cfg")
"""What is compared: sentences that hold on any data, or all that is printed, numbers rounded."""


def run_nbval(course_root, language, folder, profile=ANY_DATA):
    """Run nbval on the solutions in a language, with `folder` as data; returns (exit status, output)."""
    environment = os.environ | {
        "MOVIELENS_DIR": str(folder),
        "OMP_NUM_THREADS": "1",
    }
    for name in ("PYTEST_ADDOPTS", "MPLBACKEND"):  # another backend shows no figures
        environment.pop(name, None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        *profile,
        "-q",
        "-p",
        "no:cacheprovider",
        f"solutions/{language}",
    ]
    result = subprocess.run(
        command, cwd=course_root, env=environment, capture_output=True, text=True
    )
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize("language", LANGUAGES)
def test_nbval_passes_on_synthetic_data(course_root, synthetic_dir, language):
    status, output = run_nbval(course_root, language, synthetic_dir)
    assert status == 0, output[-4000:]


@pytest.mark.real
def test_every_number_of_the_solutions_comes_again_on_real_movielens(course_root, real_dir):
    status, output = run_nbval(course_root, "en", real_dir, REAL_DATA)
    assert status == 0, output[-4000:]
