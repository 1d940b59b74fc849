import os

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.build.execute import execute, raises_when_run, replay
from autograder.errors import BuildError


def notebook(*sources):
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    return new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One notebook that does many things, run once."""
    given = notebook(
        "import os, sys\nprint(os.environ['MOVIELENS_DIR'], os.environ['OMP_NUM_THREADS'])",
        "print(os.listdir('.'), sys.executable)",
        "from tqdm import tqdm\nfor _ in tqdm(range(3), leave=False): pass\nprint('done')",
        "from tqdm.auto import tqdm as auto\nfor _ in auto(range(3), leave=False): pass",
        "for _ in tqdm(range(2), leave=False):\n    for _ in tqdm(range(2), leave=False): pass",
        "print('a')\nprint('b', flush=True)\nprint('c')",
        "1 + 1",
    )
    data = tmp_path_factory.mktemp("data")
    return data, given, execute(given, "toy", data)


def text_of(cell):
    return [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]


def test_the_kernel_sees_the_data_one_thread_and_an_empty_folder(ran):
    import sys

    data, _, executed = ran
    assert text_of(executed.cells[0]) == [f"{data} 1\n"]
    assert text_of(executed.cells[1]) == [f"[] {sys.executable}\n"]


def test_progress_bars_that_wipe_themselves_out_leave_nothing(ran):
    assert [text_of(cell) for cell in ran[2].cells[2:5]] == [["done\n"], [], []]


def test_streams_are_joined_and_results_kept(ran):
    assert text_of(ran[2].cells[5]) == ["a\nb\nc\n"]
    assert text_of(ran[2].cells[6]) == ["2"]


def test_executing_adds_outputs_and_counts_and_nothing_else(ran):
    _, given, executed = ran
    assert executed.metadata == given.metadata
    assert [cell.metadata for cell in executed.cells] == [cell.metadata for cell in given.cells]
    assert [cell.execution_count for cell in executed.cells] == list(range(1, 8))
    assert all(cell.outputs == [] for cell in given.cells)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("1 / 0", "toy, cell cell-1 raised ZeroDivisionError: division by zero; mend the lesson"),
        ("import sys; print('oh', file=sys.stderr)", r"toy, cell cell-1 wrote to stderr \(oh\)"),
        ("import warnings; warnings.warn('old')", "cell cell-1 wrote to stderr .*old"),
        ("import os; os._exit(1)", "toy: its kernel died"),
    ],
)
def test_what_goes_wrong_names_the_cell(source, sentence):
    with pytest.raises(BuildError, match=sentence):
        execute(notebook("x = 1", source), "toy")


def test_a_cell_that_takes_too_long_is_an_error():
    with pytest.raises(BuildError, match="toy: a cell ran for more than 1 s"):
        execute(notebook("import time; time.sleep(60)"), "toy", cell_seconds=1)


def test_the_data_variable_of_the_caller_does_not_leak_in(monkeypatch):
    monkeypatch.setitem(os.environ, "MOVIELENS_DIR", "elsewhere")
    executed = execute(notebook("import os; print('MOVIELENS_DIR' in os.environ)"), "toy")
    assert text_of(executed.cells[0]) == ["False\n"]


def test_raising_is_told_from_running_through():
    assert raises_when_run(notebook("x = {}", "x['****']"))
    assert not raises_when_run(notebook("x = 1"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n", "plain\n"),
        ("\r 10%\r100%\r    \r", ""),
        ("abc\rX", "Xbc"),
        ("a\nb\x1b[A\rc", "c\nb"),
        ("ab\bc", "ac"),
        ("\x1b[31mred\x1b[0m\r\n", "red\n"),
    ],
)
def test_a_stream_is_replayed_as_a_terminal_shows_it(text, shown):
    assert replay(text) == shown
