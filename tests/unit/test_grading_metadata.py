"""Sanitising before nbgrader reads a submission."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.grading.metadata import DropBrokenMetadata, DropTags

SOUND = {
    "schema_version": 3,
    "grade_id": "svd-block",
    "grade": True,
    "solution": False,
    "locked": True,
    "task": False,
    "points": 3,
}


def cleaned(stage, **metadata):
    cells = [new_code_cell("1", metadata=metadata), new_markdown_cell("text", metadata=metadata)]
    notebook, _ = stage().preprocess(new_notebook(cells=cells), {})
    assert notebook.cells[0].metadata == notebook.cells[1].metadata
    return notebook.cells[0].metadata


def test_sound_metadata_stays():
    assert cleaned(DropBrokenMetadata, nbgrader=SOUND, other=1) == {"nbgrader": SOUND, "other": 1}


@pytest.mark.parametrize(
    "broken",
    [
        {},
        "text",
        None,
        [],
        SOUND | {"schema_version": 99},
        SOUND | {"schema_version": "3"},
        {name: value for name, value in SOUND.items() if name != "schema_version"},
        {name: value for name, value in SOUND.items() if name != "grade_id"},
        SOUND | {"grade_id": 5},
        SOUND | {"grade": "yes"},
    ],
    ids=str,
)
def test_metadata_that_nbgrader_cannot_read_is_dropped(broken):
    assert cleaned(DropBrokenMetadata, nbgrader=broken, other=1) == {"other": 1}


def test_tags_are_dropped():
    assert cleaned(DropTags, tags=["skip-execution", "mine"], other=1) == {"other": 1}
