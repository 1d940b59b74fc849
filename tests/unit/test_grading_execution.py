"""Every cell comes back with its outputs or a reason, whatever the submission does to its kernel."""

import os
import time

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from autograder.grading import execution
from autograder.grading.execution import (
    NOT_RUN,
    STOPPED,
    ExecuteSubmission,
    course_of,
    kernel_environment,
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A function from sources of cells to the cells after their run, each within a second."""
    monkeypatch.setattr(execution, "grading_data_folder", lambda course: tmp_path / "data")

    def run(*sources, **settings):
        cells = [new_code_cell(source) for source in sources]
        stage = ExecuteSubmission(**({"timeouts": {"toy": 1}, "iopub_timeout": 2} | settings))
        notebook = new_notebook(cells=[new_markdown_cell("text"), *cells])
        resources = {"metadata": {"path": str(tmp_path)}, "nbgrader": {"assignment": "toy"}}
        notebook, _ = stage.preprocess(notebook, resources)
        return notebook.cells[1:]

    return run


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def errors(cell):
    return [output.evalue for output in cell.outputs if output.output_type == "error"]


def test_the_kernel_alone_sees_the_private_data(run, tmp_path, monkeypatch):
    monkeypatch.setenv("MOVIELENS_DIR", "public")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    before = dict(os.environ)
    [cell] = run(
        "import os\n"
        "for name in ('MOVIELENS_DIR', 'AUTOGRADER_GRADING_DATA', 'OMP_NUM_THREADS', 'MPLBACKEND'):\n"
        "    print(os.environ[name])"
    )
    assert printed(cell).split() == [
        str(tmp_path / "data" / "visible"),
        str(tmp_path / "data"),
        "1",
        "module://matplotlib_inline.backend_inline",
    ]
    assert dict(os.environ) == before


def test_the_rest_of_the_environment_is_handed_on(tmp_path):
    environment = kernel_environment({"PYTHONWARNINGS": "default", "A": "b"}, tmp_path)
    assert environment["PYTHONWARNINGS"] == "default"
    assert environment["A"] == "b"


def test_a_cell_that_raises_does_not_keep_later_cells_from_running(run):
    cells = run("1 / 0", "def (", "print('here')")
    assert errors(cells[0]) == ["division by zero"]
    assert printed(cells[2]) == "here\n"


def test_an_endless_loop_is_interrupted_and_later_cells_run_on(run):
    began = time.monotonic()
    cells = run("x = 1", "while True: pass", "print(x)")
    assert "This cell was stopped at its time limit of 1 s." in errors(cells[1])
    assert printed(cells[2]) == "1\n"
    assert time.monotonic() - began < 30


HOSTILE = {
    "exits": "import os; os._exit(0)",
    "aborts": "import os; os.abort()",
    "swallows interrupts": (
        "import time\ndef forever():\n    while True:\n        try:\n            time.sleep(1)\n"
        "        except BaseException:\n            forever()\nforever()"
    ),
    "ignores the signal": (
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"
    ),
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_kernel_that_dies_or_cannot_be_stopped_ends_the_run(run, source):
    began = time.monotonic()
    cells = run("print('before')", source, "print('after')", "")
    assert printed(cells[0]) == "before\n"
    assert errors(cells[1])[-1] == STOPPED
    assert errors(cells[2]) == [NOT_RUN]
    assert printed(cells[2]) == ""
    assert time.monotonic() - began < 30


def test_outputs_that_were_handed_in_are_gone(run, tmp_path):
    cells = [new_code_cell("", outputs=[new_output("stream", name="stdout", text="mine")])]
    notebook = new_notebook(cells=cells)
    stage = ExecuteSubmission()
    stage.preprocess(notebook, {"metadata": {}, "nbgrader": {"assignment": "toy"}})
    assert notebook.cells[0].outputs == []


def test_the_course_is_that_of_the_command_a_stage_belongs_to():
    class Command:
        coursedir = type("Directory", (), {"root": "/course"})
        parent = None

    class Exporter:
        parent = Command()

    class Stage:
        parent = Exporter()

    assert course_of(Stage()) == "/course"
