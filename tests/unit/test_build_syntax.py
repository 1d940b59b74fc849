import pytest
from toy_lessons import lesson

from autograder.build.pipelines import build_master
from autograder.errors import BuildError


@pytest.mark.parametrize(
    "line", ["%matplotlib inline", "!pip install x", "# %load_ext x", "a = !ls"]
)
def test_magics_and_shell_lines_are_refused(line):
    with pytest.raises(BuildError, match="Lesson toy, cell .*: line magic `"):
        build_master(lesson(f"# %%\nx = 1\n{line}"), "toy")


def test_code_that_does_not_parse_is_refused():
    with pytest.raises(BuildError, match="the code does not parse"):
        build_master(lesson("# %%\nx = (1"), "toy")


def test_percent_and_bang_inside_an_expression_are_plain_python():
    code = "x = (7\n% 3)\ny = x != 2"
    assert build_master(lesson(f"# %%\n{code}"), "toy").cells[0].source == code
