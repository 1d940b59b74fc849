"""A folder that is made in one step."""

import pytest

from autograder.data.new_folder import new_folder
from autograder.errors import DataError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_folder_appears_when_the_block_ends(tmp_path):
    target = tmp_path / "a" / "b"
    with new_folder(target) as partial:
        (partial / "file").write_text("x")
        assert not target.exists()
    assert names(target) == ["file"]
    assert names(target.parent) == ["b"]


def test_an_exception_leaves_what_was_there_and_nothing_else(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").write_text("x")
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "b") as partial:
        (partial / "new").write_text("x")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["old"]


def test_the_old_folder_is_replaced_as_a_whole(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "old").write_text("x")
    with new_folder(tmp_path / "b") as partial:
        (partial / "new").write_text("x")
    assert names(tmp_path) == ["b"] and names(tmp_path / "b") == ["new"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match="No space left"), new_folder(tmp_path / "b"):
        raise OSError(28, "No space left on device")
    assert names(tmp_path) == []


def test_an_error_about_another_place_passes_through(tmp_path):
    with pytest.raises(FileNotFoundError), new_folder(tmp_path / "a" / "b"):
        (tmp_path / "elsewhere" / "source").read_text()
