"""A check passes only if it says so, and shows one sentence and no code of ours if it does not."""

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from autograder.checks import (
    CheckError,
    check,
    expect,
    names,
    registered,
    registry,
    svd,
)
from autograder.errors import CheckFailed, CourseError

ROOT_CHECKS = {
    "svd": ["svd-block", "svd-factors", "svd-complete", "svd-rank"],
    "mf": ["mf-split", "mf-dataset", "mf-model", "mf-train", "mf-complete", "mf-recommend"],
    "vae": ["vae-matrices", "vae-model", "vae-loss", "vae-train", "vae-complete"]
    + ["vae-challenge"],
}


def test_every_autograded_check_of_the_course_is_there_in_the_order_of_the_lessons():
    assert list(names()) == sum(ROOT_CHECKS.values(), [])


def test_an_unknown_check_is_named():
    for name in ("svd-nothing", "nothing", "os-path"):
        with pytest.raises(CourseError, match=f"no hidden check {name}"):
            registered(name)


def test_two_checks_cannot_share_a_name():
    with pytest.raises(CourseError, match="svd-block"):
        registered("svd-block") and check("svd-block")(lambda student, data: None)


def test_expect_fails_with_its_sentence():
    expect(True, "never seen")
    with pytest.raises(CheckFailed, match=r"^Look there\.$"):
        expect(False, "Look there.")


TOY = """
from autograder.checks import check, expect, registry
registry.grading_data = lambda: None
@check("toy-passes")
def passes(student, data):
    expect(student["x"] == 1, "Look at `x`.")
@check("toy-bonus")
def bonus(student, data):
    return 2
@check("toy-breaks")
def breaks(student, data):
    secret_of_the_check = {}["secret"]
@check("toy-exits")
def exits(student, data):
    raise SystemExit
@check("toy-hangs")
def hangs(student, data):
    raise KeyboardInterrupt
@check("toy-draws")
def draws(student, data):
    import torch, numpy
    torch.manual_seed(1), torch.rand(2), numpy.random.seed(3)
"""
CELLS = {
    "set-up": TOY,
    "passes": 'x = 1; run("toy-passes")',
    "fails": 'x = 2; run("toy-passes")',
    "bonus": 'run("toy-bonus")',
    "breaks": 'run("toy-breaks")',
    "exits": 'run("toy-exits")',
    "hangs": 'run("toy-hangs")',
    "unknown": 'run("toy-unknown")',
    "draws": (
        "import torch, numpy; state = torch.get_rng_state(), str(numpy.random.get_state())\n"
        'run("toy-draws")\n'
        "assert torch.equal(state[0], torch.get_rng_state())\n"
        "assert state[1] == str(numpy.random.get_state())"
    ),
}
RUN = "from autograder.checks import run_check; run_check({}, globals())"


@pytest.fixture(scope="module")
def outputs():
    """Outputs of each cell in a real kernel."""
    cells = [
        new_code_cell(
            source.replace('run("', RUN.split("{}")[0] + '"').replace('")', '", globals())')
            if name != "set-up"
            else source
        )
        for name, source in CELLS.items()
    ]
    notebook = new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, allow_errors=True).execute()
    nbformat.validate(notebook)
    return dict(zip(CELLS, [cell.outputs for cell in notebook.cells], strict=True))


@pytest.mark.parametrize(("cell", "rest"), [("passes", ""), ("bonus", ", bonus 2"), ("draws", "")])
def test_a_passed_check_says_so(outputs, cell, rest):
    [output] = outputs[cell]
    assert output.output_type == "stream"
    assert output.text == f"toy-{cell}: passed{rest}\n"


def test_a_failed_check_shows_its_sentence_and_nothing_else(outputs):
    [output] = outputs["fails"]
    assert output.output_type == "error"
    assert output.traceback == ["CheckFailed: Look at `x`."]
    assert (output.ename, output.evalue) == ("CheckFailed", "Look at `x`.")


@pytest.mark.parametrize("cell", ["breaks", "exits", "hangs", "unknown"])
def test_a_check_that_breaks_is_an_error_of_its_own_without_code(outputs, cell):
    [output] = outputs[cell]
    assert output.output_type == "error"
    assert output.ename == "CheckError"
    [line] = output.traceback
    assert f"toy-{cell}" in line
    assert "secret" not in line


def test_without_grading_data_the_sentence_says_what_to_do(monkeypatch):
    monkeypatch.delenv(registry.GRADING_DATA, raising=False)
    registry.grading_data.cache_clear()
    with pytest.raises(CheckError, match="AUTOGRADER_GRADING_DATA is not set.*nbgrader autograde"):
        registry.run_check("svd-block", {})


def test_an_error_that_is_ours_names_the_place_where_a_check_broke(monkeypatch):
    monkeypatch.setattr(registry, "grading_data", lambda: None)
    monkeypatch.setitem(
        registry._CHECKS, "svd-block", lambda student, data: svd.ratings_matrix(data)
    )
    with pytest.raises(CheckError, match=r"AttributeError at svd\.py:\d+"):
        registry.run_check("svd-block", {})


def sentences(path):
    """Every f-string that a check fails with."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("expect", "CheckFailed"):
            yield from (part for part in ast.walk(node) if isinstance(part, ast.JoinedStr))


@pytest.mark.parametrize(
    "path", sorted(Path(registry.__file__).parent.glob("*.py")), ids=lambda p: p.stem
)
def test_no_sentence_holds_a_number_that_was_measured(path):
    """Such a number would say something of the private ratings, or be chosen by student code."""
    for sentence in sentences(path):
        for part in sentence.values:
            if isinstance(part, ast.FormattedValue):
                names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
                assert part.format_spec is None, ast.unparse(sentence)
                assert not names & {"len", "found", "count", "round"}, ast.unparse(sentence)
