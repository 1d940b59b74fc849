"""What was handed in can be read, or says in an outcome of its own that it could not be."""

import nbformat

from submissions.reports import in_class

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
