"""Stages that touch single cells: data cell, hidden tests, ids, locks, answers, flags..."""

import pytest
from nbgrader.utils import compute_checksum
from toy_lessons import BLANK, CHECK, TOY, UNREAD_TOY, in_english, lesson

from autograder.build.data_cell import DATA_CELL
from autograder.build.hidden_tests import append_hidden_tests, remove_hidden_tests
from autograder.build.notebooks import is_code
from autograder.build.pipelines import build_master, build_release, build_solution
from autograder.errors import BuildError


def test_the_data_cell_is_filled_from_one_text_and_collapsed():
    cell = build_master(lesson("# %% data=true", BLANK, CHECK), "toy").cells[0]
    assert cell.source == DATA_CELL
    assert cell.metadata["jupyter"] == {"source_hidden": True}
    assert cell.metadata["collapsed"] is True


def test_the_data_cell_has_at_most_25_lines_and_parses():
    assert len(DATA_CELL.split("\n")) <= 25
    compile(DATA_CELL, "data_cell.txt", "exec")


def test_a_data_cell_with_a_body_is_an_error():
    with pytest.raises(BuildError, match="the data cell has a body"):
        build_master(lesson("# %% data=true\nx = 1"), "toy")


def test_the_release_keeps_the_data_cell_collapsed():
    release = build_release(build_master(lesson("# %% data=true", BLANK, CHECK), "toy"), "en")
    assert release.cells[0].metadata["collapsed"] is True


def test_every_check_ends_with_one_hidden_line_of_its_name():
    master = build_master(TOY, "toy")
    hidden = [cell.source for cell in master.cells if "HIDDEN TESTS" in cell.source]
    assert len(hidden) == 2
    assert hidden[0].endswith(
        'print("three values")\n### BEGIN HIDDEN TESTS\n'
        'from autograder.checks import run_check; run_check("toy-mean", globals())\n'
        "### END HIDDEN TESTS"
    )


def test_removing_hidden_tests_undoes_appending_them():
    without = remove_hidden_tests(build_master(TOY, "toy"))
    assert not any("HIDDEN" in cell.source for cell in without.cells)
    assert [c.source for c in remove_hidden_tests(append_hidden_tests(without)).cells] == [
        c.source for c in without.cells
    ]


def test_a_lesson_must_not_write_hidden_tests_itself():
    text = lesson(BLANK, f"{CHECK}\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS")
    with pytest.raises(BuildError, match="writes a hidden test itself"):
        build_master(text, "toy")


def test_named_cells_have_their_name_as_id():
    ids = [cell.id for cell in build_master(TOY, "toy").cells]
    assert ids[4:] == [
        "blank-toy-mean",
        "blank-toy-mean-2",
        "toy-mean",
        "blank-toy-spread",
        "toy-spread",
        "toy-why",
    ]


def test_two_builds_give_the_same_notebook():
    assert build_master(TOY, "toy") == build_master(TOY, "toy")


def test_an_edit_elsewhere_moves_no_id():
    edited = in_english(UNREAD_TOY.replace('# %% [markdown] lang="ko"\n# # 평균', "# %%\nnew = 1"))
    before = {cell.id for cell in build_master(TOY, "toy").cells}
    after = {cell.id for cell in build_master(edited, "toy").cells}
    assert len(before - after) == len(after - before) == 1


def test_equal_cells_get_ids_of_their_own():
    ids = [c.id for c in build_master(lesson("# %%\nx = 1", "# %%\nx = 1"), "toy").cells]
    assert len(set(ids)) == 2


def test_shared_cells_have_one_id_in_every_language():
    master = build_master(TOY, "toy")
    english, korean = (build_release(master, language) for language in ("en", "ko"))
    assert [c.id for c in english.cells[1:]] == [c.id for c in korean.cells[1:]]
    assert english.cells[0].id != korean.cells[0].id


def test_given_code_and_checks_cannot_be_edited_and_blanks_not_deleted():
    release = build_release(build_master(TOY, "toy"), "en")
    state = {
        cell.id: (cell.metadata.get("editable", True), cell.metadata.get("deletable", True))
        for cell in release.cells
        if is_code(cell)
    }
    given, *named = state
    assert state[given] == state["toy-mean"] == (False, False)
    assert state["blank-toy-mean"] == state["blank-toy-spread"] == (True, False)
    assert given.startswith("code-")
    assert len(named) == 5


def test_given_cells_are_released_without_grade_id():
    release = build_release(build_master(TOY, "toy"), "en")
    assert "nbgrader" not in release.cells[2].metadata


def test_the_answer_stub_is_the_same_bytes_in_every_language():
    master = build_master(TOY, "toy")
    stubs = {build_release(master, language).cells[-1].source for language in ("en", "ko")}
    assert stubs == {"*Write your answer here. / 여기에 답을 쓰세요.*"}


def test_a_solution_shows_the_model_answer_without_the_marking_scheme():
    answer = build_solution(build_master(TOY, "toy"), "en").cells[-1]
    assert answer.source == "Because the model answer says so."


def test_checksums_are_those_of_the_released_cells():
    cells = [
        c for c in build_release(build_master(TOY, "toy"), "en").cells if "nbgrader" in c.metadata
    ]
    assert len(cells) == 6
    for cell in cells:
        assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
        assert cell.metadata.nbgrader.cell_type == cell.cell_type


def test_cells_of_solutions_alone_are_tagged_for_nbval():
    master = build_master(TOY + "\n# %% nbval=false\nimport time\ntime.time()\n", "toy")
    tags = {
        c.id: c.metadata.tags for c in build_solution(master, "en").cells if "tags" in c.metadata
    }
    assert tags.pop("toy-mean") == ["nbval-check-output"]
    assert list(tags.values()) == [["nbval-ignore-output"]]
    for notebook in (master, build_release(master, "en")):
        assert not any("tags" in cell.metadata for cell in notebook.cells)


def test_a_flag_written_by_hand_is_an_error():
    with pytest.raises(BuildError, match="write nbval=true or nbval=false instead"):
        build_master(lesson("# %%\n# NBVAL_CHECK_OUTPUT\nx = 1"), "toy")


def test_solutions_keep_the_metadata_by_which_they_can_be_handed_in():
    solution = build_solution(build_master(TOY, "toy"), "en")
    grade_ids = [c.metadata.nbgrader.grade_id for c in solution.cells if "nbgrader" in c.metadata]
    assert grade_ids == [c.id for c in solution.cells[3:]]
    assert not any("course" in cell.metadata for cell in solution.cells)


def test_only_prose_of_the_language_and_shared_prose_is_kept():
    master = build_master(TOY, "toy")
    assert [c.source for c in build_release(master, "ko").cells[:2]] == ["# 평균", "$$m = s / n$$"]
    assert build_release(master, "en").cells[0].source.startswith("# Means")


def test_a_language_that_the_lesson_lacks_is_an_error():
    master = build_master(in_english(UNREAD_TOY.replace('lang="ko"', 'lang="en"')), "toy")
    with pytest.raises(BuildError, match="has no prose in 'ko': it has en"):
        build_release(master, "ko")
