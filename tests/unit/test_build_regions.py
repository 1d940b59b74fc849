import ast

import pytest
from toy_lessons import TOY, lesson

from autograder.build.pipelines import build_master, build_release, build_solution
from autograder.build.regions import stub_regions, unwrap_regions
from autograder.errors import BuildError

CHECK = '# %% check="a" points=1\nassert True'


def master_of(code):
    return build_master(lesson(f'# %% blank="a"\n{code}', CHECK), "toy")


def test_a_region_is_released_as_an_indented_stub_that_raises():
    source = stub_regions(build_master(TOY, "toy")).cells[7].source
    assert source == (
        "def spread(numbers):\n"
        "    # YOUR CODE HERE\n"
        "    raise NotImplementedError()\n\n\n"
        "width = spread(values)"
    )


def test_a_solution_keeps_the_code_of_a_region_without_its_markers():
    source = unwrap_regions(build_master(TOY, "toy")).cells[7].source
    assert "secret_low" in source
    assert "SOLUTION" not in source
    ast.parse(source)


def test_a_cell_may_hold_two_regions():
    region = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    source = build_release(master_of(f"{region}\ny = 2\n{region}"), "en").cells[0].source
    assert source.count("raise NotImplementedError()") == 2
    assert "y = 2" in source
    assert "x = 1" not in source


@pytest.mark.parametrize(
    "code",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### END SOLUTION\nx = 1\n### BEGIN SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n### END SOLUTION",
    ],
)
@pytest.mark.parametrize("pipeline", [build_release, build_solution])
def test_an_unbalanced_region_is_an_error(code, pipeline):
    with pytest.raises(BuildError, match="Lesson toy, cell blank-a: unbalanced SOLUTION region"):
        pipeline(master_of(code), "en")


def test_a_region_in_a_given_cell_is_an_error():
    text = lesson("# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION")
    with pytest.raises(BuildError, match="in a cell that is no blank"):
        build_release(build_master(text, "toy"), "en")


def test_a_stub_that_leaves_broken_code_is_an_error():
    code = "x = [\n### BEGIN SOLUTION\n1,\n### END SOLUTION\n]"
    with pytest.raises(BuildError, match="the released cell does not parse"):
        build_release(master_of(code), "en")
