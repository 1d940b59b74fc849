"""The demo replaces only what a demo made, and says in a sentence what it cannot do."""

import pytest

from autograder.demo import make_room, set_up
from autograder.errors import GradingError


def test_a_folder_with_somebody_elses_files_is_refused_and_left_whole(tmp_path):
    (tmp_path / "thesis.txt").write_text("three years")
    with pytest.raises(GradingError, match="is not empty"):
        make_room(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "three years"


def test_a_new_an_empty_and_an_older_demo_folder_are_taken(tmp_path):
    folder = tmp_path / "demo"
    make_room(folder)
    (folder / "gradebook.db").write_text("old")
    make_room(folder)
    assert not (folder / "gradebook.db").exists()
    (tmp_path / "empty").mkdir()
    make_room(tmp_path / "empty")


def test_a_course_without_masters_is_told_before_anything_is_removed(tmp_path):
    folder = tmp_path / "demo"
    make_room(folder)
    (folder / "kept").write_text("")
    with pytest.raises(GradingError):
        set_up(tmp_path / "no-course", folder)
    assert (folder / "kept").exists()


def test_a_file_in_the_place_of_the_folder_is_told_in_a_sentence(course_root, tmp_path):
    place = tmp_path / "file"
    place.write_text("mine")
    with pytest.raises(GradingError, match="--to"):
        set_up(course_root, place)
    assert place.read_text() == "mine"
