import pytest
from toy_lessons import lesson

from autograder.build.pipelines import build_master
from autograder.build.string_masks import string_mask_trials, verify_string_masks
from autograder.errors import BuildError

SETUP = '# %%\nrow = {"user_idx": 1}'
BLANK = '# %% blank="a" mask="user_idx"\ndef read():\n    return row["user_idx"]'
CHECK = '# %% check="a" points=1\nassert read() == 1'


def run_here(notebook):
    """Run the code in this process; enough for the plain cells of these tests."""
    try:
        exec("\n".join(cell.source for cell in notebook.cells), {})
    except Exception:
        return True
    return False


def test_the_trial_holds_the_code_through_the_check_with_the_one_cell_masked():
    master = build_master(
        lesson("# %% [markdown]\n# text", SETUP, BLANK, CHECK, "# %%\nlast = 1"), "toy"
    )
    ((cell, trial),) = string_mask_trials(master)
    assert cell.id == "blank-a"
    assert [c.source for c in trial.cells] == [
        'row = {"user_idx": 1}',
        'def read():\n    return row["****_***"]',
        "assert read() == 1",
    ]


def test_a_mask_that_makes_the_exercise_raise_is_accepted():
    verify_string_masks(build_master(lesson(SETUP, BLANK, CHECK), "toy"), run_here)


def test_a_mask_that_nobody_feels_is_an_error():
    text = lesson(SETUP, BLANK, '# %% check="a" points=1\nassert read')
    with pytest.raises(BuildError, match="Lesson toy, cell blank-a: .* runs without an error"):
        verify_string_masks(build_master(text, "toy"), run_here)


def test_a_mask_that_stops_compilation_needs_no_run():
    text = lesson(
        '# %% blank="a" mask="sum"\ntotal = sum([1, 2])', '# %% check="a" points=1\ntotal'
    )
    assert list(string_mask_trials(build_master(text, "toy"))) == []
