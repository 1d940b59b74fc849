"""The whole exchange by stock nbgrader, from a fresh copy of the course with no gradebook.

One student hands in the solution through the exchange; then a class of slips and tricks is autograded
in one command, and each notebook costs or earns its own points and nobody else's.
"""

import html
import re
import shutil
import time
from copy import deepcopy

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell
from nbgrader.utils import get_username
from pipeline.desk import CHECKS, NOTHING, Desk

from autograder.cli import main
from autograder.data import grading_folder
from autograder.grading.classroom import Classroom, read_config
from autograder.grading.hand_ins import HandedIn
from autograder.grading.outcomes import Verdict


@pytest.fixture(scope="module")
def solution(course_root):
    return nbformat.read(course_root / "solutions/en/svd/svd.ipynb", as_version=4)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, course_root, grading_set, synthetic_dir):
    """The exchange from release to feedback, with the solution handed in."""
    desk = Desk(tmp_path_factory.mktemp("desk"), course_root)
    shutil.copytree(grading_set(1), grading_folder(desk.course))
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", desk.environment["PATH"])  # the gradebook is opened here too
    desk.nbgrader(desk.course, "generate_assignment", "svd")
    desk.exchanged(desk.course, "release_assignment")
    desk.exchanged(desk.student, "fetch_assignment")
    desk.fetched = (desk.student / "svd/svd.ipynb").read_text()
    shutil.copy(course_root / "solutions/en/svd/svd.ipynb", desk.student / "svd")
    data = {"MOVIELENS_DIR": str(synthetic_dir)}
    desk.validated = desk.nbgrader(desk.student, "validate", "svd/svd.ipynb", **data)
    desk.exchanged(desk.student, "submit")
    desk.exchanged(desk.course, "collect")
    desk.nbgrader(desk.course, "autograde", "svd")
    desk.nbgrader(desk.course, "generate_feedback", "svd")
    desk.exchanged(desk.course, "release_feedback")
    desk.exchanged(desk.student, "fetch_feedback")
    yield desk
    patch.undo()


def test_what_is_fetched_is_the_committed_release(desk, course_root):
    assert desk.fetched == (course_root / "release/en/svd/svd.ipynb").read_text()
    assert "run_check" not in desk.fetched


def test_the_solution_validates_on_the_students_side(desk):
    assert "Your notebook passes all the tests" in desk.validated


def test_the_solution_has_full_points_and_its_answer_waits_for_a_person(desk):
    assert desk.points(get_username()) == (CHECKS, {"svd-why"})


def test_grading_ran_on_the_private_data(desk):
    table = str(desk.graded(get_username()))
    first = (grading_folder(desk.course) / "visible/u.data").read_text().split("\n")[0].split("\t")
    assert re.search(rf"\b{first[0]} +{first[1]} +{float(first[2])} +{first[3]}\b", table)


def test_feedback_comes_back_with_verdicts_and_no_code_of_the_checks(desk):
    [page] = desk.student.glob("svd/feedback/*/svd.html")
    text = page.read_text()
    assert text.count("<strong>passed</strong>") == len(CHECKS)
    assert not any(
        secret in text for secret in ("eigvalsh", "run_check", "HIDDEN", str(desk.course))
    )


def test_feedback_shows_the_numbers_of_the_students_own_run(desk, solution):
    [page] = desk.student.glob("svd/feedback/*/svd.html")
    shown = [line for cell in solution.cells for line in printed_by(cell)]
    text = page.read_text()
    assert len(shown) > 5 and all(html.escape(line, quote=False) in text for line in shown)
    here = [line for cell in desk.graded(get_username()).cells for line in printed_by(cell)]
    private = {line for line in here if re.search(r"\d\.\d", line)} - {*shown}
    assert private and not any(line in text for line in private)


# --- Feedback arrives -----------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["nbgrader autograde", "autograder grade"])
def graded(request, desk, tmp_path_factory):
    """The desk with a copy of its course, graded by either grader."""
    here = desk.with_course(tmp_path_factory.mktemp("graded") / "course")
    if request.param == "autograder grade":
        shutil.rmtree(here.course / "autograded")
        shutil.copytree(
            here.course / "submitted" / get_username(), here.course / "submitted/by-hand"
        )
        (here.course / "submitted/by-hand/svd/submission_secret.txt").unlink()
        autograder(here, "grade", "svd", "--force")
    return here


def autograder(desk, *arguments):
    """Run an `autograder` command on a desk's course; what it printed is returned."""
    result = CliRunner().invoke(main, ["--course", str(desk.course), *arguments])
    assert result.exit_code == 0, result.output
    return result.output


MAKERS = ("nbgrader generate_feedback", "autograder feedback")


def make_pages(desk, maker):
    """Make the pages of a desk's course by either page maker; what `autograder feedback` said is returned."""
    if maker == "autograder feedback":
        return " ".join(autograder(desk, "feedback", "svd").split())
    desk.generate_feedback()
    return None


@pytest.mark.parametrize("maker", MAKERS)
def test_feedback_arrives_whoever_graded_and_whoever_made_the_page(graded, maker):
    shutil.rmtree(graded.course / "feedback", ignore_errors=True)
    said = make_pages(graded, maker)
    has_other = (graded.course / "submitted/by-hand").exists()
    assert said is None or ("Not through the exchange came by-hand's svd:" in said) == has_other
    [page] = graded.bring_feedback_back()
    assert page.read_text().count("<strong>passed</strong>") == len(CHECKS)


@pytest.mark.parametrize("graded", ["autograder grade"], indirect=True)
@pytest.mark.parametrize("maker", MAKERS)
def test_feedback_arrives_after_another_verdict(graded, maker):
    classroom = Classroom(graded.course, read_config(graded.course))
    folder = graded.course / "submitted" / get_username() / "svd"
    submission = HandedIn(get_username(), "svd", folder)
    sentence = f"Judged again before {maker}."
    classroom.record_again(submission, Verdict("svd-rank", 0.0, 4.0, "FAILED", sentence))
    make_pages(graded, maker)
    [page] = graded.bring_feedback_back()
    assert sentence in page.read_text()


@pytest.mark.parametrize("graded", ["autograder grade"], indirect=True)
def test_feedback_arrives_under_the_name_of_a_file_that_was_renamed(graded):
    sent = graded.student / "svd/svd.ipynb"
    renamed = sent.rename(sent.with_name("svd (1) 사본.ipynb"))
    try:
        time.sleep(1.1)  # nbgrader tells submissions apart by the second
        graded.submit()
    finally:
        renamed.rename(sent)
    autograder(graded, "grade", "svd", "--student", get_username())  # the notebook is the same
    make_pages(graded, "autograder feedback")
    assert graded.bring_feedback_back()[-1].name == "svd (1) 사본.html"


def printed_by(cell):
    """Lines of the streams that a cell put out."""
    streams = [output for output in cell.get("outputs", []) if output.output_type == "stream"]
    return [line for output in streams for line in output.text.split("\n") if line.strip()]


def with_first(notebook, source):
    """The notebook with an extra cell on top."""
    notebook.cells.insert(0, new_code_cell(source))
    return notebook


def cell_of(notebook, grade_id):
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def wrong_mean(notebook):
    """Every blank filled, and one of them with another mean."""
    cell = cell_of(notebook, "blank-svd-factors")
    assert 'ratings["rating"].mean()' in cell.source
    cell.source = cell.source.replace('ratings["rating"].mean()', "float(R_block.mean().mean())")
    return notebook


def warns_everywhere(notebook):
    return with_first(
        notebook,
        "import sys\n"
        "get_ipython().events.register('pre_run_cell', lambda i: print('old', file=sys.stderr))",
    )


def shows_a_number_after_every_cell(notebook):
    return with_first(
        notebook,
        "get_ipython().input_transformers_cleanup.append(lambda lines: [*lines, '\\n', '99\\n'])",
    )


def replaces_every_cell_by_a_number(notebook):
    return with_first(
        notebook, "get_ipython().input_transformers_cleanup.append(lambda lines: ['3\\n'])"
    )


def skips_its_checks(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]
    return notebook


def kills_its_kernel(notebook):
    place = notebook.cells.index(cell_of(notebook, "blank-svd-complete"))
    notebook.cells.insert(place, new_code_cell("import os; os._exit(0)"))
    return notebook


def two_of_a_check(notebook):
    place = notebook.cells.index(cell_of(notebook, "svd-block"))
    twin = deepcopy(notebook.cells[place])
    twin.pop("id", None)
    notebook.cells.insert(place, new_code_cell(twin.source, metadata=twin.metadata))
    return notebook


def future_schema(notebook):
    cell_of(notebook, "blank-svd-rank").metadata["nbgrader"]["schema_version"] = 99
    return notebook


FROM_SOLUTION = {
    wrong_mean: CHECKS | {"svd-factors": 0},
    warns_everywhere: CHECKS,
    shows_a_number_after_every_cell: CHECKS,
    replaces_every_cell_by_a_number: NOTHING,
    skips_its_checks: CHECKS,
    kills_its_kernel: CHECKS | {"svd-complete": 0},
    two_of_a_check: CHECKS,
    future_schema: CHECKS,
}


NO_NOTEBOOKS = {"a_brace": "{", "an_empty_file": "", "deep": "[" * 100_000}


@pytest.fixture(scope="module")
def graded_class(desk, solution, course_root):
    """A class with untouched releases and files that are no notebooks, graded in one command."""
    for make in FROM_SOLUTION:
        desk.hand_in(make.__name__, nbformat.writes(make(deepcopy(solution))))
    desk.hand_in("untouched", (course_root / "release/en/svd/svd.ipynb").read_text())
    untouched = nbformat.read(course_root / "release/en/svd/svd.ipynb", as_version=4)
    desk.hand_in("untouched_and_skipped", nbformat.writes(skips_its_checks(untouched)))
    for name, text in NO_NOTEBOOKS.items():
        desk.hand_in(name, text)
    desk.link("a_link", desk.course / "source/svd/svd.ipynb")
    (desk.course / "submitted/a_folder/svd/svd.ipynb").mkdir(parents=True)
    desk.log = desk.nbgrader(desk.course, "autograde", "svd")
    desk.nbgrader(desk.course, "generate_feedback", "svd")
    return desk


@pytest.mark.parametrize(
    ("make", "points"), FROM_SOLUTION.items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_each_slip_or_trick_costs_its_own_points_and_no_others(graded_class, make, points):
    assert graded_class.points(make.__name__)[0] == points


@pytest.mark.parametrize("student", ["untouched", "untouched_and_skipped"])
def test_an_untouched_release_earns_nothing(graded_class, student):
    assert graded_class.points(student)[0] == NOTHING


@pytest.mark.parametrize("student", [*NO_NOTEBOOKS, "a_link", "a_folder"])
def test_a_file_that_is_no_notebook_earns_nothing_and_stops_nobody(graded_class, student):
    assert graded_class.points(student) == (NOTHING, {*CHECKS, "svd-why"})  # waits for a person
    sentence = graded_class.graded(student).metadata["autograder"]["unread"]
    assert "svd.ipynb" in sentence
    page = (graded_class.course / f"feedback/{student}/svd/svd.html").read_text()
    assert html.escape(sentence) in page and "run_check" not in page


def test_no_traceback_is_logged(graded_class):
    assert "Traceback" not in graded_class.log


def test_a_failed_hidden_check_is_one_sentence_in_notebook_and_feedback(graded_class):
    cell = cell_of(graded_class.graded("wrong_mean"), "svd-factors")
    sentence = "`global_mean` should be the mean of all ratings."
    assert cell.outputs[0].text == f"FAILED {sentence}\n"
    page = (graded_class.course / "feedback/wrong_mean/svd/svd.html").read_text()
    assert "<code>global_mean</code> should be the mean of all ratings." in page
    assert "most recent call last" not in page
    assert "autograder/checks" not in page
