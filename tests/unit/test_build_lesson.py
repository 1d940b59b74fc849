import pytest
from toy_lessons import TOY

from autograder.build.lesson import parse_lesson, read_lesson
from autograder.errors import BuildError


def test_jupytext_leaves_nothing_of_its_own_in_the_notebook():
    notebook = parse_lesson(TOY, "toy")
    assert set(notebook.metadata) == {"kernelspec", "language_info", "course"}
    assert not any("lines_to_next_cell" in cell.metadata for cell in notebook.cells)


def test_code_keeps_its_format_to_the_letter():
    code = "x = [1,\n     2]\n\n\ndef f( a ):\n    return   a"
    assert parse_lesson(f"# %%\n{code}\n\n\n\n", "toy").cells[0].source == code


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_lesson_without_cells_is_an_error(text):
    with pytest.raises(BuildError, match="Lesson toy holds no cell"):
        parse_lesson(text, "toy")


def test_a_lesson_that_is_not_text_is_an_error(tmp_path):
    path = tmp_path / "toy.py"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BuildError, match="must be UTF-8 text"):
        read_lesson(path)
