"""The open challenge is scored on ratings that no notebook holds, by the grader's own clock."""

import time

import numpy as np
import pytest

from autograder.checks import registered, vae
from autograder.checks.reference import starting_points
from autograder.checks.student import InProcessStudent
from autograder.data import GradingData
from autograder.errors import CheckFailed, CourseError
from autograder.grading.engine import Ground
from submissions.bench import SEEDS


@pytest.fixture(scope="module")
def data(grading_set):
    return GradingData.load(grading_set(SEEDS[0]))


def bonus(challenge_predict, data):
    """What a submission earns whose notebook defines this function."""
    return registered("vae-challenge")(
        InProcessStudent({"challenge_predict": challenge_predict}), data
    )


def notebook_ratings(data):
    """All that stands in a notebook: R_train + R_val + R_test, and the masks, (users, items)."""
    parts = [vae.matrices(frame, data) for frame in (data.train, data.val, data.test)]
    return [np.sum(matrices, axis=0).astype(np.float64) for matrices in zip(*parts, strict=True)]


def test_a_starting_point_that_reads_the_notebooks_ratings_earns_nothing(course_root, data):
    tuned_mf = starting_points(course_root)["tuned_mf"]
    R_all, mask_all = notebook_ratings(data)

    def reads_the_notebook(R, mask):
        return tuned_mf(R_all, mask_all)

    def adds_the_notebook(R, mask):
        return tuned_mf(np.maximum(R, R_all), np.maximum(mask, mask_all))

    assert bonus(reads_the_notebook, data) == 0
    assert bonus(adds_the_notebook, data) == 0
    assert bonus(tuned_mf, data) == 0


def test_what_is_asked_has_the_shape_of_the_notebooks_ratings_and_is_not_theirs(data):
    seen = []

    def looks(R, mask):
        seen.append((R.copy(), mask.copy()))
        return R

    bonus(looks, data)
    [(R, mask)] = seen
    R_all, _ = notebook_ratings(data)
    assert R.shape == mask.shape == R_all.shape
    assert ((R > 0) == (mask > 0)).all()
    assert mask.sum() == pytest.approx(len(data.train), rel=0.01)
    both = (R > 0) & (R_all > 0)
    assert (R[both] == R_all[both]).mean() < 0.5  # as two strangers agree on stars


def test_no_file_of_the_challenges_set_gets_into_a_kernel(grading_set):
    folder = grading_set(SEEDS[0])
    ground = Ground.load(folder)
    visible = {path.name: path.read_bytes() for path in (folder / "visible").iterdir()}
    assert ground.files == visible
    assert ground.data.challenge is not None


def test_without_the_challenges_set_the_course_is_told_and_no_student(data):
    with pytest.raises(CourseError, match="autograder data --private"):
        bonus(lambda R, mask: R, data.challenge)


@pytest.mark.parametrize("name", ["perf_counter", "monotonic", "time", "process_time"])
def test_a_clock_in_the_students_reach_gives_no_time(data, monkeypatch, name):
    monkeypatch.setattr(vae, "CHALLENGE_SECONDS", 0.3)

    def slow(R, mask):
        time.sleep(0.4)
        return np.full(R.shape, 3.5)

    with monkeypatch.context() as patch, pytest.raises(CheckFailed, match="longer than 60 seconds"):
        patch.setattr(time, name, lambda: 0.0)
        bonus(slow, data)
