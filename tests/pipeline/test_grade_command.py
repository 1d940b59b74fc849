"""`autograder grade` and `autograder regrade`, from files that were handed in to the gradebook."""

import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_notebook

from autograder.demo import edited
from autograder.grading.classroom import Classroom, read_config
from autograder.grading.hand_ins import HandedIn
from autograder.grading.outcomes import FAILED, Verdict
from submissions.bench import SEEDS
from submissions.courses import Course

CHECKS = ["svd-block", "svd-factors", "svd-complete", "svd-rank"]
FIELDS = {
    *("student", "assignment", "check", "points", "max_points", "bonus", "outcome", "message"),
    *("seconds", "carried_on"),
}
ALL, NOTHING = [3.0, 3.0, 4.0, 4.0], [0.0, 0.0, 0.0, 0.0]
# svd-rank is wrong.
PARTIAL = [("np.sqrt(np.mean(difference[observed] ** 2))", "np.mean(difference[observed])")]
NOW, EARLIER = "2026-03-10 12:00:00 UTC", "2026-03-01 12:00:00 UTC"


@pytest.fixture(scope="module")
def fresh(course_root, grading_set, tmp_path_factory):
    """A course as a fresh clone has it: no gradebook, and one student who solved the first lesson."""
    course = Course(course_root, tmp_path_factory.mktemp("fresh") / "course", grading_set(SEEDS[0]))
    course.hand_in("ada", course.solutions["svd"])
    return course


@pytest.fixture(scope="module")
def graded(fresh, tmp_path_factory):
    """The course with ada and ben, whose svd-rank is wrong, graded."""
    course = fresh.copied(tmp_path_factory.mktemp("graded") / "course")
    course.hand_in("ben", edited(course.solutions["svd"], PARTIAL))
    course.run("grade", "svd")
    return course


@pytest.fixture
def course(graded, tmp_path):
    """A copy of the graded course, for one test."""
    return graded.copied(tmp_path / "course")


def points_of(records, student):
    return [record["points"] for record in records if record["student"] == student]


def hand_in_text(course, student, text):
    """Hand in the solution with another answer to svd-why."""
    notebook = edited(course.solutions["svd"])
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "svd-why":
            cell.source = text
    course.hand_in(student, notebook)


# --- Records ---------------------------------------------------------------------------------------


def test_one_record_a_check_with_exactly_these_fields(course):
    records = course.records("svd")
    assert [record["check"] for record in records] == CHECKS * 2
    assert all(set(record) == FIELDS for record in records)
    assert points_of(records, "ada") == ALL
    assert points_of(records, "ben") == [*ALL[:3], 0.0]
    failed = records[-1]
    assert failed == {
        **{"student": "ben", "assignment": "svd", "check": "svd-rank", "points": 0.0},
        **{"max_points": 4.0, "bonus": None, "outcome": "FAILED", "carried_on": False},
        **{"message": failed["message"], "seconds": failed["seconds"]},
    }
    assert failed["message"].endswith(".")
    assert failed["seconds"] > 0


def test_gradebook_and_graded_notebooks_say_the_same_as_the_records(course):
    records = course.records("svd")
    grades = course.grades()
    assert all(grades[record["student"], record["check"]] == record["points"] for record in records)
    [notebook] = [nbformat.reads(text, 4) for path, text in course.files().items() if "ben" in path]
    kept = [dict(check) for check in notebook.metadata["autograder"]["checks"]]
    assert [
        {name: check[name] for name in FIELDS - {"student", "assignment"}} for check in kept
    ] == [
        {name: record[name] for name in FIELDS - {"student", "assignment"}}
        for record in records
        if record["student"] == "ben"
    ]


def test_a_table_shows_points_and_what_was_missed(course):
    table = course.run("grade", "svd")
    [ben] = [line for line in table.split("\n") if "ben" in line]
    assert "10/14" in ben
    assert "svd-rank" in ben


# --- Whatever was handed in ------------------------------------------------------------------------


def a_notebook_that_is_cut(course, folder):
    course.hand_in(folder.parent.name, course.solutions["svd"])
    path = folder / "svd.ipynb"
    path.write_bytes(path.read_bytes()[:2000])


def a_link(course, folder):
    (folder / "svd.ipynb").symlink_to(course.folder / "source" / "svd" / "svd.ipynb")


def a_link_to_something_endless(course, folder):
    (folder / "svd.ipynb").symlink_to("/dev/zero")


UNREADABLE = {
    "a_folder": lambda course, folder: (folder / "svd.ipynb").mkdir(),
    "a_link": a_link,
    "a_link_to_something_endless": a_link_to_something_endless,
    "a_notebook_that_is_cut": a_notebook_that_is_cut,
    "an_empty_file": lambda course, folder: (folder / "svd.ipynb").write_bytes(b""),
    "an_empty_folder": lambda course, folder: None,
}


def test_what_cannot_be_read_gets_outcomes_and_the_next_student_is_graded(fresh, tmp_path):
    course = fresh.copied(tmp_path / "course")
    for student, hand_in in UNREADABLE.items():
        hand_in(course, course.place(student))
    course.hand_in("zoe", course.solutions["svd"])
    records = course.records("svd")
    for student in UNREADABLE:
        own = [record for record in records if record["student"] == student]
        assert [record["check"] for record in own] == CHECKS
        assert [record["points"] for record in own] == NOTHING
        assert all(record["message"] for record in own)
    assert points_of(records, "zoe") == ALL
    again = course.run("grade", "svd")
    assert again.count("as before") == len(UNREADABLE) + 2


def test_an_empty_notebook_earns_nothing(course):
    course.hand_in("eve", new_notebook())
    assert points_of(course.records("svd", "--student", "eve"), "eve") == NOTHING


def test_a_renamed_notebook_is_graded_and_the_repair_is_told(course):
    course.hand_in("kim", course.solutions["svd"], name="my svd (final).ipynb")
    assert points_of(course.records("svd", "--student", "kim"), "kim") == ALL
    [text] = [text for path, text in course.files().items() if "kim" in path]
    [repair, *_] = nbformat.reads(text, 4).metadata["autograder"]["repairs"]
    assert "my svd (final).ipynb was graded in its place" in repair


def test_a_time_that_cannot_be_read_costs_no_grade(course, caplog):
    course.hand_in("kim", course.solutions["svd"])
    (course.place("kim") / "timestamp.txt").write_text("yesterday, I swear")
    course.run("grade", "svd")
    assert course.grades()["kim", "svd-rank"] == 4.0
    assert "kim, svd: The time in timestamp.txt could not be read" in caplog.text


def test_a_student_whom_the_gradebook_did_not_know_is_named(course):
    course.hand_in("zoe", course.solutions["svd"])
    assert "Not in the gradebook before, added: zoe." in course.run("grade", "svd")
    assert "added" not in course.run("grade", "svd")
    with course.gradebook() as gradebook:
        gradebook.remove_student("zoe")
    assert "Not in the gradebook before, added: zoe." in course.run("grade", "svd")


def test_a_record_that_fails_leaves_nothing_that_is_exported_as_0(course, monkeypatch):
    def fail(*_):
        raise RuntimeError("the disk is full")

    course.hand_in("kim", course.solutions["svd"])
    with course.gradebook() as gradebook:
        gradebook.add_student("lee")  # of the roster: a failed record does not strike anybody off
    course.hand_in("lee", course.solutions["svd"])
    with monkeypatch.context() as broken:
        broken.setattr("autograder.grading.answers.SaveGrades.preprocess", fail)
        said = " ".join(
            course.run("grade", "svd", "--student", "kim", "--student", "lee", status=2).split()
        )
    assert "could not record kim's svd (RuntimeError: the disk is full)" in said
    course.python("-m", "nbgrader", "export")
    exported = (course.folder / "grades.csv").read_text()
    assert "kim" not in exported
    with course.gradebook() as gradebook:
        assert {student.id for student in gradebook.students} == {"ada", "ben", "lee"}
        assert {s.student.id for s in gradebook.assignment_submissions("svd")} == {"ada", "ben"}


def test_a_check_that_the_master_names_and_nobody_has_changes_nothing(course):
    path = course.folder / "source" / "svd" / "svd.ipynb"
    path.write_text(path.read_text().replace('"grade_id": "svd-rank"', '"grade_id": "svd-rang"'))
    before = course.rows()
    assert "svd-rang" in course.run("grade", "svd", status=2)
    assert course.rows() == before


# --- Again -----------------------------------------------------------------------------------------


def test_what_was_graded_and_has_not_changed_stays_as_before(course):
    rows, files = course.rows(), course.files()
    assert course.run("grade", "svd").count("as before") == 2
    assert (course.rows(), course.files()) == (rows, files)


def test_with_force_it_is_graded_again(course):
    before = course.files()
    assert "as before" not in course.run("grade", "svd", "--force")
    assert all(course.files()[path] != before[path] for path in before)  # seconds differ at least
    assert course.grades()["ben", "svd-rank"] == 0.0


def test_a_resubmission_with_other_content_is_graded_anew(course):
    course.hand_in("ben", course.solutions["svd"])
    said = course.run("grade", "svd")
    assert said.count("as before") == 1
    assert course.grades()["ben", "svd-rank"] == 4.0


def test_a_resubmission_that_is_worse_counts(course):
    course.hand_in("ada", course.releases["svd"])
    assert points_of(course.records("svd"), "ada") == NOTHING
    assert course.grades()["ada", "svd-block"] == 0.0


def test_only_the_student_who_is_named_is_graded(course):
    course.hand_in("zoe", course.solutions["svd"])
    assert {record["student"] for record in course.records("svd", "--student", "zoe")} == {"zoe"}
    assert {student for student, _ in course.grades()} == {"ada", "ben", "zoe"}


def test_a_graded_notebook_that_is_damaged_is_made_anew(course):
    [path] = (course.folder / "autograded" / "ada").rglob("*.ipynb")
    path.chmod(0o644)
    path.write_text("{")
    assert course.run("grade", "svd").count("as before") == 1
    assert json.loads(path.read_text())["metadata"]["autograder"]["checks"]


def test_nothing_stays_behind_in_the_staging_folder(course):
    course.run("grade", "svd", "--force")
    assert [p for p in (course.folder / ".grading/staged").rglob("*") if p.is_file()] == []


# --- A fresh clone ---------------------------------------------------------------------------------


def test_a_fresh_clone_without_a_gradebook_is_graded(fresh, tmp_path):
    course = fresh.copied(tmp_path / "course")
    assert not (course.folder / "gradebook.db").exists()
    assert points_of(course.records(), "ada") == ALL
    assert sum(course.grades()["ada", check] for check in CHECKS) == 14.0


def test_registering_the_masters_again_changes_nothing(course):
    classroom = Classroom(course.folder, read_config(course.folder))
    classroom.register(["mf", "svd", "vae"])
    rows = course.rows()
    classroom.register(["mf", "svd", "vae"])
    assert course.rows() == rows
    assert any("mf-train" in row for row in rows)


def test_registering_leaves_no_release(fresh, tmp_path):
    course = fresh.copied(tmp_path / "course")
    Classroom(course.folder, read_config(course.folder)).register(["svd"])
    assert not (course.folder / "release").exists()


# --- What a person or a date decides ---------------------------------------------------------------


def test_a_late_submission_keeps_its_time_and_gets_its_penalty(course):
    course.configure('c.LateSubmissionPlugin.penalty_method = "zero"')
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("svd", duedate="2026-03-05 12:00:00 UTC")
    for student, time in (("ada", EARLIER), ("ben", NOW)):
        (course.place(student) / "timestamp.txt").write_text(time)
    course.run("grade", "svd", "--force")
    for student, penalty, day in (("ada", None, 1), ("ben", 10.0, 10)):
        with course.gradebook() as gradebook:
            submission = gradebook.find_submission("svd", student)
            [notebook] = submission.notebooks
            assert submission.timestamp.day == day
            assert notebook.late_submission_penalty == penalty
    with course.gradebook() as gradebook:
        assert gradebook.find_assignment("svd").duedate.day == 5
    pretend(course, "ada", "svd-rank", 0.0)
    course.run("regrade", "svd-rank", "--yes")
    with course.gradebook() as gradebook:
        [notebook] = gradebook.find_submission("svd", "ben").notebooks
        assert notebook.late_submission_penalty == 10.0
        assert notebook.assignment.timestamp.day == 10


def test_a_manual_score_stays_settled_while_the_text_is_unchanged(course):
    hand_in_text(course, "ada", "Because two factors hold most of the variance.")
    course.run("grade", "svd")
    score(course, "ada", "svd-why", 2.0)
    course.run("grade", "svd", "--force")
    assert scored(course, "ada", "svd-why") == (2.0, False)
    notebook = edited(course.solutions["svd"], PARTIAL)
    for cell in notebook.cells:  # the code changes, the text does not
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "svd-why":
            cell.source = "Because two factors hold most of the variance."
    course.hand_in("ada", notebook)
    course.run("grade", "svd")
    assert scored(course, "ada", "svd-why") == (2.0, False)


def test_a_manual_score_is_reopened_when_the_text_has_changed(course):
    score(course, "ada", "svd-why", 2.0)
    hand_in_text(course, "ada", "Another thought.")
    course.run("grade", "svd")
    assert scored(course, "ada", "svd-why") == (2.0, True)


def test_an_answer_that_nobody_has_scored_waits_for_a_person(course):
    assert scored(course, "ada", "svd-why") == (None, True)


def test_extra_credit_of_an_instructor_is_kept(course):
    with course.gradebook() as gradebook:
        gradebook.find_grade("svd-rank", "svd", "svd", "ben").extra_credit = 1.5
        gradebook.db.commit()
    course.run("grade", "svd", "--force")
    with course.gradebook() as gradebook:
        assert gradebook.find_grade("svd-rank", "svd", "svd", "ben").extra_credit == 1.5


def score(course, student, name, points):
    """What an instructor does in formgrader."""
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(name, "svd", "svd", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        gradebook.db.commit()


def scored(course, student, name):
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade(name, "svd", "svd", student)
        return grade.manual_score, grade.needs_manual_grade


# --- regrade ---------------------------------------------------------------------------------------


def pretend(course, student, check, points, message="An old sentence."):
    """Record another verdict, as a check that was mended since would have left it."""
    classroom = Classroom(course.folder, read_config(course.folder))
    submission = HandedIn(student, "svd", course.place(student))
    classroom.record_again(submission, Verdict(check, points, 4.0, FAILED, message))


def test_regrade_without_changes_says_so_and_writes_nothing(course):
    rows, files = course.rows(), course.files()
    assert "nobody's points change" in course.run("regrade", "svd-rank")
    assert (course.rows(), course.files()) == (rows, files)


def test_regrade_shows_changes_and_writes_nothing_where_the_answer_is_no(course):
    pretend(course, "ada", "svd-rank", 0.0)
    rows, files = course.rows(), course.files()
    said = course.run("regrade", "svd-rank", answer="n\n")
    assert "ada" in said
    assert "ben" not in said
    assert "An old sentence." in said
    assert (course.rows(), course.files()) == (rows, files)


@pytest.mark.parametrize(
    ("options", "answer"), [((), "y\n"), (("--yes",), None)], ids=["answered", "yes"]
)
def test_regrade_writes_with_consent(course, options, answer):
    pretend(course, "ada", "svd-rank", 0.0)
    assert course.grades()["ada", "svd-rank"] == 0.0
    course.run("regrade", "svd-rank", *options, answer=answer)
    assert course.grades()["ada", "svd-rank"] == 4.0
    records = [r for r in course.records("svd") if r["student"] == "ada"]
    assert (records[3]["points"], records[3]["outcome"], records[3]["message"]) == (
        4.0,
        "PASSED",
        "",
    )
    assert "nobody's points change" in course.run("regrade", "svd-rank")


def test_regrade_leaves_the_other_checks_and_the_other_students(course):
    pretend(course, "ada", "svd-rank", 0.0)
    before = course.grades()
    course.run("regrade", "svd-rank", "--yes")
    assert {key: value for key, value in course.grades().items() if value != before[key]} == {
        ("ada", "svd-rank"): 4.0
    }


def test_regrade_without_carrying_on_judges_the_students_own_cells(course):
    pretend(course, "ada", "svd-rank", 0.0)
    course.run("regrade", "svd-rank", "--yes", "--no-carry-on")
    assert course.grades()["ada", "svd-rank"] == 4.0


def test_regrade_refuses_what_has_changed_since_and_judges_the_rest(course):
    pretend(course, "ada", "svd-rank", 0.0)
    course.hand_in("ben", course.releases["svd"])
    said = course.run("regrade", "svd-rank", "--yes", status=2)
    assert "What ben handed in for svd is not graded yet, or has changed since" in " ".join(
        said.split()
    )
    assert course.grades()["ada", "svd-rank"] == 4.0
    assert course.grades()["ben", "svd-rank"] == 0.0


# --- What is asked for in vain ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("grade", "pca"), "pca"),
        (("grade", "vae"), "Nothing was handed in for vae"),
        (("grade", "svd", "--student", "nobody"), "Nothing was handed in by nobody for svd"),
        (("regrade", "svd-ranks"), "There is no check svd-ranks"),
        (("regrade", "mf-train"), "Nothing was handed in for mf"),
    ],
)
def test_what_is_not_there_is_told_in_one_sentence(course, arguments, sentence):
    said = course.run(*arguments, status=2).strip()
    assert said.startswith("Error: ")
    assert "\n" not in said
    assert sentence in said
    assert said.endswith(".")


def test_a_folder_that_is_no_course_is_told_in_one_sentence(course):
    shutil.move(course.folder / "nbgrader_config.py", course.folder / "elsewhere.py")
    said = course.run("grade", "svd", status=2).strip()
    assert "nbgrader_config.py" in said
    assert "\n" not in said


# --- nbgrader's own ways ---------------------------------------------------------------------------

AUTOGRADE_BY_API = """
import sys
from nbgrader.apps.api import NbGraderAPI
from nbgrader.apps import NbGrader
app = NbGrader()
app.load_config_file()
api = NbGraderAPI(config=app.config)
for student in sys.argv[1:]:
    result = api.autograde("svd", student)
    assert result["success"], result
"""


def without_grades(course):
    """Forget what was graded, but not who is in the gradebook."""
    shutil.rmtree(course.folder / "autograded")
    (course.folder / ".grading" / "answers.json").unlink()
    with course.gradebook() as gradebook:
        for submission in gradebook.assignment_submissions("svd"):
            for grade in submission.notebooks[0].grades:
                grade.auto_score = None
        gradebook.db.commit()


def test_nbgrader_autograde_gives_the_same_points(course):
    expected = course.grades()
    without_grades(course)
    assert course.grades() != expected
    course.python("-m", "nbgrader", "autograde", "svd")
    assert course.grades() == expected


def test_the_button_of_formgrader_gives_the_same_points(course):
    expected = course.grades()
    without_grades(course)
    course.python("-c", AUTOGRADE_BY_API, "ada", "ben")
    assert course.grades() == expected


def test_what_nbgrader_graded_is_graded_by_autograder_as_well(course):
    without_grades(course)
    course.python("-m", "nbgrader", "autograde", "svd")
    assert points_of(course.records("svd"), "ben") == [*ALL[:3], 0.0]
