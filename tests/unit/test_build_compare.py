import pytest
from nbformat.v4 import new_code_cell, new_output
from toy_lessons import TOY

from autograder.build.compare import differences, disagreement
from autograder.build.pipelines import build_master, build_solution


def shows(*outputs):
    return new_code_cell("x", outputs=list(outputs))


def stream(text):
    return new_output("stream", name="stdout", text=text)


def display(**data):
    return new_output("display_data", data={k.replace("_", "/"): v for k, v in data.items()})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("RMSE 0.91072", "RMSE 0.91100"),
        ("P: -9.988 3.17", "P:  9.988 -3.170"),
        ("<Axes at 0x7f00aa>", "<Axes at 0x7f11bb>"),
        ("loss 1e-9", "loss 3.1e-9"),
        ("no number", "no number"),
    ],
)
def test_noise_in_numbers_signs_and_addresses_is_no_difference(one, other):
    assert disagreement(shows(stream(one)), shows(stream(other))) is None


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("RMSE 0.91", "RMSE 1.12", "shows 1.12 instead of 0.91"),
        ("RMSE 0.91", "MSE 0.91", "other words"),
        ("1 2 3", "1 2", "other words"),
        ("80000 / 10000", "80000 / 20000", "shows 20000 instead of 10000"),
    ],
)
def test_other_words_and_other_numbers_are_differences(one, other, reason):
    assert disagreement(shows(stream(one)), shows(stream(other))) == reason


def test_an_image_counts_by_presence():
    assert disagreement(shows(display(image_png="AAAA")), shows(display(image_png="BBBB"))) is None
    assert disagreement(shows(display(image_png="AAAA")), shows()) == "other kinds of output"


def test_another_kind_of_output_is_a_difference():
    assert disagreement(shows(stream("1")), shows(display(text_plain="1"))) is not None


def solution():
    return build_solution(build_master(TOY, "toy"), "en")


def test_equal_notebooks_have_no_differences():
    assert list(differences(solution(), solution(), outputs=True)) == []


def changed(change):
    notebook = solution()
    change(notebook)
    return list(differences(solution(), notebook))


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda nb: nb.cells[5].update(source="x"), "cell toy-mean: code differs"),
        (lambda nb: nb.cells[8].update(source="x"), "cell toy-why: prose differs"),
        (lambda nb: nb.cells[5].metadata.update(tags=["a"]), "cell toy-mean: metadata differ"),
        (lambda nb: nb.cells.pop(5), "cell toy-mean: missing"),
        (lambda nb: nb.cells.insert(0, new_code_cell("", id="new")), "cell new: not in the lesson"),
        (lambda nb: nb.cells.insert(0, nb.cells.pop(5)), "notebook: cells are in another order"),
        (lambda nb: nb.metadata.update(jupytext={}), "notebook: metadata differ"),
    ],
)
def test_a_difference_is_one_line_with_the_cell_and_what(change, line):
    assert changed(change) == [line]


def test_outputs_are_compared_only_where_asked():
    with_output = solution()
    with_output.cells[5].outputs = [stream("three values")]
    assert list(differences(solution(), with_output)) == []
    assert list(differences(solution(), with_output, outputs=True)) == [
        "cell toy-mean: outputs differ (other kinds of output)"
    ]
