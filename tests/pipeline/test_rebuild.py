"""Damaged notebooks through stock ``nbgrader autograde``: right code keeps its points."""

import json
import shutil
from copy import deepcopy

import pytest
from pipeline.desk import CHECKS, NOTHING, Desk
from unit import test_grading_rebuild as damages

from autograder.data import grading_folder
from autograder.grading.reading import REPAIRS
from autograder.grading.results import RESULT


def one_blank_deleted(notebook):
    place = damages.index_of(notebook, "blank-svd-rank")
    del notebook.cells[place]
    return notebook


def a_given_cell_made_wrong(notebook):
    """The sample users are others, and a line fails, in the cell that chooses them."""
    cell = next(c for c in notebook.cells if "sample_users, sample_movies = " in c.source)
    cell.source = cell.source.replace("[:8]", "[1:3]") + "; 1 / 0"
    return notebook


def untouched_and_nameless(notebook):
    release = damages.build_release(damages.MASTER, "en")
    return damages.nameless_and_without_ids(release)


DAMAGES = (
    damages.checks_deleted,
    damages.every_cell_twice,
    damages.blank_split,
    damages.exercises_merged,
    damages.reversed_order,
    damages.checks_weakened,
    damages.settings_changed,
    damages.cell_types_changed,
    damages.through_colab,
    damages.format_3,
    damages.another_kernel,
    a_given_cell_made_wrong,
)
POINTS = dict.fromkeys(DAMAGES, CHECKS) | {
    one_blank_deleted: CHECKS | {"svd-rank": 0},
    untouched_and_nameless: NOTHING,
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory, course_root, grading_set):
    """A class of damaged solutions, graded in one command."""
    desk = Desk(tmp_path_factory.mktemp("desk"), course_root)
    shutil.copytree(grading_set(1), grading_folder(desk.course))
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", desk.environment["PATH"])  # the gradebook is opened here too
    desk.nbgrader(desk.course, "generate_assignment", "svd")
    for damage in POINTS:
        notebook = damage(deepcopy(damages.solved()))
        desk.hand_in(damage.__name__, json.dumps(notebook))
    desk.log = desk.nbgrader(desk.course, "autograde", "svd")
    yield desk
    patch.undo()


@pytest.mark.parametrize(
    ("damage", "points"), POINTS.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_right_code_keeps_its_points_whatever_became_of_the_notebook(graded, damage, points):
    assert graded.points(damage.__name__)[0] == points


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_only_the_free_answer_waits_for_a_person(graded, damage):
    assert graded.points(damage.__name__)[1] == {"svd-why"}


def test_repairs_are_logged_and_kept_in_the_graded_notebook(graded):
    repairs = graded.graded("checks_deleted").metadata[RESULT][REPAIRS]
    assert repairs == [f"`{name}` was missing: it is the lesson's again." for name in CHECKS]
    assert all(f"Repaired: checks_deleted, svd: {repair}" in graded.log for repair in repairs)
