import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.build.notebooks import parse_notebook, read_notebook, to_text, write_text
from autograder.build.pipelines import build_master
from autograder.errors import BuildError, GradingError

CELL = {"cell_type": "code", "metadata": {}, "source": "x", "outputs": [], "execution_count": None}
NOTEBOOK = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [CELL | {"id": "a"}]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"%PDF-1.7", "not JSON"),
        (b"", "not JSON"),
        (b'{"nbformat": 4, "cells": [', "not JSON"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b"[]", "JSON but not a notebook"),
        (b"3", "JSON but not a notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "JSON but not a notebook"),
        (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}', "not a notebook"),
    ],
)
@pytest.mark.parametrize("error", [BuildError, GradingError])
def test_what_is_no_notebook_is_said_in_one_sentence(tmp_path, content, reason, error):
    path = tmp_path / "toy.ipynb"
    path.write_bytes(content)
    with pytest.raises(error) as caught:
        read_notebook(path, error)
    assert reason in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_notebook_is_named(tmp_path):
    with pytest.raises(BuildError, match="Cannot read the notebook .*toy.ipynb"):
        read_notebook(tmp_path / "toy.ipynb")


keys = st.sampled_from(["cells", "nbformat", "metadata", "source"])
json_values = st.recursive(
    st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(keys, x)
)


@given(json_values)
def test_any_json_is_a_notebook_or_one_error(value):
    try:
        notebook = parse_notebook(json.dumps(value), "toy.ipynb")
    except BuildError as error:
        assert "toy.ipynb" in str(error)
    else:
        assert isinstance(notebook.cells, list)


def test_a_notebook_without_cell_ids_is_read_without_a_warning():
    old = NOTEBOOK | {"nbformat_minor": 4, "cells": [CELL]}
    assert parse_notebook(json.dumps(old), "old.ipynb").cells[0].source == "x"


def test_writing_and_reading_give_the_same_text(tmp_path):
    text = to_text(build_master("# %%\nx = '평균'\n", "toy"))
    assert text.endswith("}\n")
    write_text(tmp_path / "a" / "toy.ipynb", text)
    assert to_text(read_notebook(tmp_path / "a" / "toy.ipynb")) == text


def test_an_unchanged_file_is_left_untouched(tmp_path):
    path = tmp_path / "toy.ipynb"
    assert write_text(path, "same\n")
    os.utime(path, (1, 1))
    assert not write_text(path, "same\n")
    assert path.stat().st_mtime == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "toy.ipynb"
    write_text(path, "old\n")

    def full_disk(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full_disk)
    with pytest.raises(BuildError, match="No space left on device"):
        write_text(path, "new\n")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]
