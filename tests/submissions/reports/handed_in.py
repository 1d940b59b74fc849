"""What was handed in, and where: every file is graded or named, with where it should lie."""

import unicodedata
import zipfile

import nbformat

from submissions.reports import in_class, report
from submissions.reports.held import FULL


def points(course, student):
    grades = course.grades()
    return {check: grades[student, check] for check in FULL}


@report
def whatever_lies_elsewhere_is_named_with_where_it_should_lie(course):
    text = nbformat.writes(course.solutions["svd"])
    submitted = course.folder / "submitted"
    for place in (
        "kim/SVD/svd.ipynb",
        "lee/svd.ipynb",
        "svd/park/svd.ipynb",
        "svd.ipynb",
        "choi/x/y",
    ):
        (submitted / place).parent.mkdir(parents=True, exist_ok=True)
        (submitted / place).write_text(text, encoding="utf-8")
    (submitted / "kim" / ".ipynb_checkpoints").mkdir()
    (submitted / ".DS_Store").write_bytes(b"x")
    (submitted / "nobody").mkdir()
    course.hand_in("none", course.releases["svd"]).unlink()
    course.hand_in("ann", course.solutions["svd"])
    (course.place("ann") / "sketch.png").write_bytes(b"x")
    printed = " ".join(course.run("grade", "svd").split())
    for here, there in {
        "submitted/kim/SVD/svd.ipynb": "submitted/kim/svd/svd.ipynb",
        "submitted/lee/svd.ipynb": "submitted/lee/svd/svd.ipynb",
        "submitted/svd/park/svd.ipynb": "submitted/park/svd/svd.ipynb",
        "submitted/svd.ipynb": "submitted/<student>/svd/svd.ipynb",
        "submitted/choi/x/y": "submitted/choi/<assignment>/y",
    }.items():
        assert f"Not graded: {here} should lie in {there}." in printed
    assert "Not graded: submitted/nobody is empty." in printed
    assert "Not graded: none, svd: No notebook was handed in" in printed
    assert "Not graded: ann, svd: beside the notebook lies sketch.png." in printed
    assert ".DS_Store" not in printed and "checkpoints" not in printed
    refused = " ".join(course.run("grade", "svd", "--student", "kim", status=2).split())
    assert "submitted/kim/SVD/svd.ipynb should lie in" in refused


@report
def an_assignment_of_no_such_name_is_answered_with_the_names(course):
    course.hand_in("ann", course.solutions["svd"])
    for command in ("grade", "feedback"):
        for name in ("SVD", "svdd", "svd.ipynb"):
            refused = " ".join(course.run(command, name, status=2).split())
            assert f"There is no assignment {name}: did you mean svd?" in refused
            assert "mf, svd, vae" in refused


@report
def several_students_are_graded_and_get_their_pages(course):
    for name in ("ann", "ben", "kim [A]", "cho"):
        course.hand_in(name, course.solutions["svd"])
    two = ("--student", "ann", "--student", "kim [A]")
    records = course.records("svd", *two)
    assert {record["student"] for record in records} == {"ann", "kim [A]"}
    assert points(course, "kim [A]") == FULL
    assert "2 pages written" in course.run("feedback", "svd", *two)
    assert "nobody's points change" in course.run("regrade", "svd-rank", *two)


@report
def a_course_in_a_folder_with_brackets_is_graded(course):
    folder = course.folder.with_name("[2026] ML course")
    course.folder.rename(folder)
    course.folder = folder
    course.hand_in("ann", course.solutions["svd"])
    course.run("grade", "svd")
    assert points(course, "ann") == FULL
    assert "1 pages written" in course.run("feedback", "svd")


@report
def a_name_in_either_form_is_one_student(course):
    composed, decomposed = (unicodedata.normalize(form, "박지민") for form in ("NFC", "NFD"))
    with course.gradebook() as gradebook:
        gradebook.add_student(composed)
    course.hand_in(decomposed, course.solutions["svd"])
    for name in (composed, decomposed):
        records = course.records("svd", "--student", name)
        assert {record["student"] for record in records} == {composed}
    with course.gradebook() as gradebook:
        assert [student.id for student in gradebook.students] == [composed]
    assert "1 pages written" in course.run("feedback", "svd", "--student", decomposed)
    page = course.folder / "feedback" / composed / "svd" / "svd.html"
    assert "not at hand any more" not in page.read_text(encoding="utf-8")


@report
def a_name_with_a_newline_is_named(course):
    course.hand_in("kim\nlee", course.solutions["svd"])
    course.hand_in("ann", course.releases["svd"])
    assert "kim\\nlee has a name that cannot be printed" in course.run("grade", "svd")


@in_class
def a_copy_of_a_drive_is_a_notebook(pupil):
    pupil.hand_in(pupil.solved(), name="svd.ipynb의 사본")
    yield
    assert pupil.points == FULL


@in_class
def a_zip_file_with_one_notebook_is_opened(pupil):
    with zipfile.ZipFile(pupil.place() / "svd.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("svd/svd.ipynb", nbformat.writes(pupil.solved()))
        archive.writestr("__MACOSX/svd/._svd.ipynb", b"\0\5\x16\7")
    yield
    assert pupil.points == FULL
    assert any("svd/svd.ipynb in it was graded" in sentence for sentence in pupil.repairs())


@in_class
def the_finished_copy_is_graded_and_not_the_untouched_file(pupil):
    pupil.hand_in(pupil.solved(), name="svd (1).ipynb")
    pupil.hand_in(pupil.course.releases["svd"])
    yield
    assert pupil.points == FULL
    assert any("svd (1).ipynb was graded, not svd.ipynb" in each for each in pupil.repairs())


@in_class
def a_file_that_is_no_notebook_is_named(pupil):
    (pupil.place() / "svd.pdf").write_bytes(b"%PDF-1.7 ...")
    yield
    assert {record["outcome"] for record in pupil.records} == {"UNREADABLE"}
    assert "svd.pdf is no notebook (a PDF file)" in pupil.messages["svd-rank"]
