"""A course's private data set is made when grading first needs it, and then taken as it is."""

import shutil

import pytest

from autograder.checks import reference
from autograder.data import GradingData, grading_folder, make_grading_data, read_manifest
from autograder.errors import DataError
from autograder.grading import grading_data_folder, private_data

WIDE = {"mf": {"mean": 0.9, "sd": 0.01, "threshold": 0.99, "margin_sd": 9.0}}


@pytest.fixture(autouse=True)
def fresh_process():
    private_data._made.cache_clear()
    yield
    private_data._made.cache_clear()


@pytest.fixture
def measured(monkeypatch):
    """Courses whose reference was measured; the measuring itself is not done here."""
    courses = []

    def measure(course, data, visible):
        courses.append(course)
        assert (visible / "u.data").is_file()
        assert data.num_users > 800
        return WIDE

    monkeypatch.setattr(reference, "measure_reference", measure)
    monkeypatch.setattr(reference, "measure_start", lambda course, data: 0.905)
    return courses


def test_a_missing_set_is_made_and_measured_once(tmp_path, measured):
    folder = grading_data_folder(tmp_path)
    assert folder == grading_folder(tmp_path)
    assert folder.is_absolute()
    assert (folder / "visible/u.data").is_file()
    assert read_manifest(folder).margins == WIDE
    assert GradingData.load(folder).challenge.start_rmse == 0.905
    assert grading_data_folder(tmp_path) == folder
    private_data._made.cache_clear()
    assert grading_data_folder(tmp_path) == folder
    assert measured == [tmp_path]


def test_a_set_that_is_there_is_taken_as_it_is(tmp_path, measured):
    make_grading_data(grading_folder(tmp_path), 1)
    grading_data_folder(tmp_path)
    assert measured == []


def test_a_set_without_that_of_the_challenge_gets_one_with_its_starting_point(tmp_path, measured):
    folder = grading_folder(tmp_path)
    make_grading_data(folder, 1)
    shutil.rmtree(folder / "challenge")
    before = read_manifest(folder)
    assert grading_data_folder(tmp_path) == folder
    assert GradingData.load(folder).challenge.start_rmse == 0.905
    assert (read_manifest(folder), measured) == (before, [])


def test_a_set_that_was_changed_stops_every_submission_with_one_sentence(tmp_path, measured):
    make_grading_data(grading_folder(tmp_path), 1)
    (grading_folder(tmp_path) / "holdout.data").write_text("1\t1\t5\t0\n")
    sentences = set()
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            grading_data_folder(tmp_path)
        sentences.add(str(caught.value))
    [sentence] = sentences
    assert "holdout.data" in sentence
