"""`autograder grade` on private data: the reference earns every point, an untouched release none."""

import shutil

import pytest
from rich.console import Console

from autograder.data import make_grading_data
from autograder.demo import ASSIGNMENTS, grade_class, hand_in, read_scores, set_up
from submissions.bench import SEEDS

SAMPLE = 1


@pytest.fixture
def graded(course_root, tmp_path):
    """A function from a grading folder to the scores of a reference and an untouched student."""

    def grade(grading_folder):
        course = tmp_path / "course"
        solutions, releases = set_up(course_root, course)
        shutil.copytree(grading_folder, course / ".grading" / "data")
        hand_in(course, {"reference": solutions, "untouched": releases})
        grade_class(course, Console(quiet=True))
        return read_scores(course)

    return grade


def assert_all_or_nothing(scores):
    for assignment in ASSIGNMENTS:
        score, highest, _, failed = scores["reference", assignment]
        assert (score, failed) == (highest, []), assignment
        assert highest > 0
        assert scores["untouched", assignment][0] == 0, assignment
        assert scores["untouched", assignment][2] == 0, assignment


@pytest.mark.parametrize("seed", SEEDS[:SAMPLE])
def test_the_reference_earns_every_point_and_an_untouched_release_none(graded, grading_set, seed):
    assert_all_or_nothing(graded(grading_set(seed)))


@pytest.mark.accuracy
@pytest.mark.parametrize("seed", SEEDS[SAMPLE:])
def test_it_does_so_on_many_private_sets(graded, grading_set, seed):
    assert_all_or_nothing(graded(grading_set(seed)))


@pytest.mark.real
def test_it_does_so_on_real_movielens(graded, real_dir, tmp_path):
    folder = tmp_path / "grading"
    make_grading_data(folder, SEEDS[0], source="movielens", movielens_dir=real_dir)
    assert_all_or_nothing(graded(folder))
