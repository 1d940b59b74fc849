"""The three tuples: orders that matter, purity, and that nothing of graders reaches students."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbgrader.preprocessors import CheckCellMetadata, ComputeChecksums
from toy_lessons import TOY, lesson

from autograder.build import pipelines
from autograder.build.leaks import reject_markers
from autograder.build.migration import MigrateCells
from autograder.build.notebooks import to_text
from autograder.build.pipelines import (
    RELEASE_STAGES,
    SOLUTION_STAGES,
    SOURCE_STAGES,
    build_master,
    build_release,
    build_solution,
)
from autograder.build.preprocessors import RELEASE_PREPROCESSORS
from autograder.errors import BuildError

ORDERS = [
    (SOURCE_STAGES, "fill_data_cell", "set_cell_ids"),
    (SOURCE_STAGES, "append_hidden_tests", "set_cell_ids"),
    (RELEASE_STAGES, "mask_blanks", "stub_regions"),
    (RELEASE_STAGES, "stub_regions", "reject_broken_code"),
    (RELEASE_STAGES, "remove_hidden_tests", "reject_markers"),
    (RELEASE_STAGES, "remove_hidden_tests", "compute_checksums"),
    (RELEASE_STAGES, "stub_answers", "compute_checksums"),
    (RELEASE_STAGES, "mask_blanks", "drop_course_metadata"),
    (SOLUTION_STAGES, "remove_hidden_tests", "flag_for_nbval"),
    (SOLUTION_STAGES, "flag_for_nbval", "drop_course_metadata"),
]


@pytest.mark.parametrize(("stages", "first", "second"), ORDERS)
def test_stages_stand_in_the_order_that_matters(stages, first, second):
    names = [stage.__name__ for stage in stages]
    assert names.index(first) < names.index(second)


def test_directives_come_first_and_our_metadata_go_last():
    assert SOURCE_STAGES[0].__name__ == "expand_directives"
    assert RELEASE_STAGES[-1].__name__ == SOLUTION_STAGES[-1].__name__ == "drop_course_metadata"


def test_nbgrader_saves_cells_after_masking_and_before_hidden_tests_go():
    names = [p.__name__ for p in RELEASE_PREPROCESSORS]
    save = RELEASE_PREPROCESSORS.index(MigrateCells)
    for earlier in ("SelectLanguage", "MaskBlanks", "StubRegions", "StubAnswers"):
        assert names.index(earlier) < save
    assert RELEASE_PREPROCESSORS[save - 1] is ComputeChecksums
    assert save < names.index("RemoveHiddenTests") < names.index("StoreChecksums")
    assert RELEASE_PREPROCESSORS[-1] is CheckCellMetadata


def test_nbgrader_runs_our_release_stages_in_our_order():
    ours = [p.stage for p in RELEASE_PREPROCESSORS if hasattr(p, "stage")]
    assert ours == list(RELEASE_STAGES)


def test_building_leaves_the_master_as_it_was():
    master = build_master(TOY, "toy")
    before = to_text(master)
    build_release(master, "en")
    build_solution(master, "ko")
    assert to_text(master) == before


@pytest.mark.parametrize("stage", RELEASE_STAGES + SOLUTION_STAGES, ids=lambda s: s.__name__)
def test_every_stage_leaves_its_argument_as_it_was(stage):
    notebook = build_master(TOY, "toy")
    if stage is reject_markers:
        notebook = build_release(notebook, "en")
    before = to_text(notebook)
    stage(notebook)
    assert to_text(notebook) == before


def test_a_release_of_the_toy_lesson_reads_as_students_should_see_it():
    sources = [cell.source for cell in build_release(build_master(TOY, "toy"), "en").cells]
    assert sources[3] == (
        'def mean(numbers):\n    """Sum over count."""\n    return ***(numbers) / ***(numbers)'
    )
    assert sources[4] == 'middle = ****(values)\nmean_label = "mean"\nmiddle == mean(values)'
    assert sources[5] == 'assert middle == 3, "Look at the mean."\nprint("three values")'


SECRETS = ("secret_low", "return sum", "model answer", "Four points", "run_check", "autograder")
MARKERS = (
    "SOLUTION",
    "HIDDEN",
    "marking scheme",
    "NBVAL",
    "jupytext",
    '"course"',
    '"mask"',
    "평균",
)


@pytest.mark.parametrize("text", SECRETS + MARKERS)
def test_nothing_of_the_graders_reaches_a_release(text):
    assert text not in to_text(build_release(build_master(TOY, "toy"), "en"))


@pytest.mark.parametrize(
    "text", ["HIDDEN", "run_check", "BEGIN", "scheme", "Four points", "course"]
)
def test_nothing_hidden_reaches_a_solution(text):
    assert text not in to_text(build_solution(build_master(TOY, "toy"), "en"))


names = st.from_regex(r"q[a-z]{5,9}", fullmatch=True)
statements = st.builds(lambda a, b: f"{a} = {b}(1, 2)", names, names)


@settings(max_examples=40, deadline=None)
@given(st.lists(statements, min_size=1, max_size=5, unique=True), names, st.booleans())
def test_no_line_of_any_solution_reaches_a_release(lines, answer, indented):
    indent = "    " if indented else ""
    region = [f"{indent}### BEGIN SOLUTION", *(indent + line for line in lines)]
    region.append(f"{indent}### END SOLUTION")
    text = lesson(
        '# %% blank="a"\n' + "\n".join([*(["if True:"] if indented else []), *region]),
        f'# %% blank="a" mask="{lines[0].split()[0]}"\n{lines[0]}',
        '# %% check="a" points=1\nassert True',
        f'# %% [markdown] answer="w" points=1\n# {answer}1\n# <!-- marking scheme -->\n# {answer}2',
    )
    released = json.loads(to_text(build_release(build_master(text, "toy"), "en")))
    shown = "\n".join("".join(cell["source"]) for cell in released["cells"])
    assert not any(line in shown for line in lines)
    assert lines[0].split(" = ")[0] + " =" not in shown
    assert answer not in shown.replace(lines[0].split(" = ")[1], "")
    assert "SOLUTION" not in shown
    assert set(released["metadata"]) == {"kernelspec", "language_info"}
    assert all(
        set(cell["metadata"]) <= {"nbgrader", "deletable", "editable"} for cell in released["cells"]
    )


def test_a_misspelt_marker_does_not_slip_into_a_release():
    text = lesson(
        '# %% blank="a"\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\ny = 1  # END SOLUTION here',
        '# %% check="a" points=1\nassert x',
    )
    with pytest.raises(BuildError, match="the marker `END SOLUTION` would reach students"):
        build_release(build_master(text, "toy"), "en")


def test_the_pipelines_are_tuples_of_stages():
    for name in ("SOURCE_STAGES", "RELEASE_STAGES", "SOLUTION_STAGES"):
        stages = getattr(pipelines, name)
        assert isinstance(stages, tuple)
        assert all(stage.__doc__ for stage in stages)
