"""What was handed in can be read, or says in an outcome of its own that it could not be."""

from copy import deepcopy

import nbformat
from nbconvert import HTMLExporter

from autograder.build import read_notebook
from autograder.build.notebooks import is_answer, is_code, is_solution
from submissions.reports import in_class, report
from submissions.reports.held import FULL

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
NOT_JUDGED = dict.fromkeys(("svd-block", "svd-factors", "svd-complete", "svd-rank"), "UNREADABLE")


def outcomes(pupil):
    return {record["check"]: record["outcome"] for record in pupil.records}


def waits(pupil):
    """Which of the student's grades wait for a person."""
    with pupil.course.gradebook() as gradebook:
        notebook = gradebook.find_submission_notebook("svd", "svd", pupil.name)
        return {grade.name: grade.needs_manual_grade for grade in notebook.grades}


@in_class
def a_file_with_both_sides_of_a_conflict_waits_for_a_person(pupil):
    text = nbformat.writes(pupil.solved())
    lines = text.splitlines()
    lines[40:42] = ["<<<<<<< HEAD", *lines[40:42], "=======", *lines[40:42], ">>>>>>> park"]
    (pupil.place() / "svd.ipynb").write_text("\n".join(lines), encoding="utf-8")
    yield
    assert outcomes(pupil) == NOT_JUDGED
    assert "a conflict of git, HEAD and park" in pupil.messages["svd-rank"]
    assert set(waits(pupil).values()) == {True} and "svd-why" in waits(pupil)
    assert pupil.repairs() == []


@in_class
def an_empty_file_beside_a_checkpoint_names_both(pupil):
    (pupil.place() / "svd.ipynb").write_bytes(b"")
    copy = pupil.place() / ".ipynb_checkpoints" / "svd-checkpoint.ipynb"
    copy.parent.mkdir()
    nbformat.write(pupil.solved(), copy)
    yield
    assert outcomes(pupil) == NOT_JUDGED
    assert "svd.ipynb is no notebook (empty)" in pupil.messages["svd-block"]
    assert ".ipynb_checkpoints/svd-checkpoint.ipynb" in pupil.messages["svd-block"]


@in_class
def the_notebook_of_another_lesson_is_told_in_one_sentence(pupil):
    pupil.hand_in(pupil.solved("mf"), name="svd.ipynb")
    yield
    assert outcomes(pupil) == NOT_JUDGED and pupil.repairs() == []
    assert "the notebook of another lesson, mf" in pupil.messages["svd-block"]
    graded = pupil.course.folder / "autograded" / pupil.name / "svd" / "svd.ipynb"
    assert "mf-why" not in graded.read_text(encoding="utf-8")


@in_class
def the_tail_of_an_older_file_costs_nothing_and_is_told(pupil):
    text = nbformat.writes(pupil.solved())
    (pupil.place() / "svd.ipynb").write_text(text + text[-300:], encoding="utf-8")
    yield
    assert pupil.points == FULL
    assert pupil.repairs()[0].startswith("The file svd.ipynb goes on behind the notebook")


@in_class
def a_text_that_stands_twice_costs_nothing_and_is_told(pupil):
    notebook = deepcopy(pupil.solved())
    for cell in notebook.cells:
        if is_code(cell) and is_solution(cell):
            cell.source += cell.source
    pupil.hand_in(notebook)
    yield
    assert pupil.points == FULL
    assert "`blank-svd-block` held its text twice in a row: one copy is kept." in pupil.repairs()


@report
def what_could_not_be_read_is_said_on_the_page_and_graded_once_it_can_be(course):
    path = course.place("ann") / "svd.ipynb"
    path.write_text("{", encoding="utf-8")
    printed = " ".join(course.run("grade", "svd").split())
    assert "Not graded: ann, svd: The file svd.ipynb is no notebook" in printed
    course.run("feedback", "svd")
    page = course.folder / "feedback" / "ann" / "svd" / "svd.html"
    text = page.read_text(encoding="utf-8")
    assert "could not be read" in text and "not passed" not in text
    notebook = deepcopy(course.solutions["svd"])
    answer = next(cell for cell in notebook.cells if is_answer(cell))
    answer.source = "See ![it](attachment:my%20sketch.png) and ![that](attachment:그림.png)."
    picture = {"image/png": PIXEL}
    answer.attachments = {"my sketch.png": picture, "그림.png": picture}
    nbformat.write(notebook, path)
    printed = course.run("grade", "svd")
    assert "Not graded" not in printed
    with course.gradebook() as gradebook:
        [kept] = gradebook.find_submission("svd", "ann").notebooks
        assert {grade.name for grade in kept.grades if grade.needs_manual_grade} == {"svd-why"}
        assert {grade.name: grade.auto_score for grade in kept.grades if grade.name in FULL} == FULL
    course.run("feedback", "svd")
    text = page.read_text(encoding="utf-8")
    assert text.count(PIXEL) == 2 and "[picture" not in text
    graded = course.folder / "autograded" / "ann" / "svd" / "svd.ipynb"
    HTMLExporter().from_notebook_node(read_notebook(graded))  # as formgrader's page does
