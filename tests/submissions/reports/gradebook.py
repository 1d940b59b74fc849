"""Points, dates and penalties: what a table shows is what the gradebook holds, after whatever has changed."""

import json
import subprocess
import sys
import warnings

import nbformat
import pytest
from sqlalchemy.exc import SAWarning

from submissions.reports import report


def change_master(course, edit):
    """Edit the master of the first lesson as an instructor does."""
    path = course.folder / "source" / "svd" / "svd.ipynb"
    master = nbformat.read(path, 4)
    edit({c.metadata.get("nbgrader", {}).get("grade_id"): c for c in master.cells}, master)
    nbformat.write(master, path)


def counted(course, student="kim"):
    """Points and maxima of the checks as the gradebook has them, and the penalty."""
    with course.gradebook() as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        row = gradebook.find_submission_notebook("svd", "svd", student)
        points = {
            grade.name: (grade.score - (grade.extra_credit or 0), grade.max_score)
            for grade in row.grades
            if grade.cell.cell_type == "code"
        }
        return points, row.late_submission_penalty or 0


def agrees(course):
    """Grade; table, records and gradebook say the same. Returns the points by check and all that was printed."""
    path = course.folder / "records.json"
    said = course.run("grade", "svd", "--json", str(path))
    told = {r["check"]: (r["points"], r["max_points"]) for r in json.loads(path.read_text())}
    points, penalty = counted(course)
    assert told == points
    total, most = (sum(each[n] for each in told.values()) for n in (0, 1))
    assert f"{total:g}/{most:g}" in said
    assert (f"-{penalty:g} (late)" in said) == bool(penalty)
    return told, said


@report
def what_a_table_shows_is_what_the_gradebook_holds_after_each_change(course):
    course.configure("from nbgrader.plugins import LateSubmissionPlugin")
    course.configure("c.LateSubmissionPlugin.penalty_method = 'zero'")
    course.hand_in("kim", course.solutions["svd"])
    (course.place("kim") / "timestamp.txt").write_text("2026-11-20 14:00:00 UTC")
    agrees(course)
    # Points: nobody's code is run, and regrading has nothing to change.
    change_master(course, lambda cells, _: cells["svd-rank"].metadata.nbgrader.update(points=6))
    told, said = agrees(course)
    assert told["svd-rank"] == (6, 6)
    assert "as before" in said
    assert "nobody's points change" in course.run("regrade", "svd-rank", "--yes")
    # A due date set after grading, an extension, only timestamp.txt, and points given by hand.
    with course.gradebook() as gradebook:
        gradebook.update_or_create_assignment("svd", duedate="2026-11-20 12:00:00")
    assert counted(course)[1] == 0
    agrees(course)
    assert counted(course)[1] == sum(points for points, _ in counted(course)[0].values())
    with course.gradebook() as gradebook:
        gradebook.find_grade("svd-why", "svd", "svd", "kim").manual_score = 3
        gradebook.db.commit()
    agrees(course)
    assert counted(course)[1] == 19
    with course.gradebook() as gradebook:
        gradebook.grant_extension("svd", "kim", hours=3)
    agrees(course)
    assert counted(course)[1] == 0
    (course.place("kim") / "timestamp.txt").write_text("2026-11-21 00:30:00 KST")
    agrees(course)
    assert counted(course)[1] == 19
    (course.place("kim") / "timestamp.txt").write_text("2026년 11월 20일 nonsense")
    agrees(course)
    assert counted(course)[1] == 0
    # Extra credit, and a score by hand, are a person's.
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("svd-block", "svd", "svd", "kim")
        grade.extra_credit, grade.manual_score = 2, 1.5
        gradebook.db.commit()
    told, _ = agrees(course)
    assert told["svd-block"] == (1.5, 3)


@report
def a_master_that_changes_after_grading_takes_the_gradebook_along(course):
    assert not (course.folder / "lessons").exists()  # source/ alone is graded from
    course.hand_in("kim", course.solutions["svd"])
    agrees(course)
    release = course.folder / "release" / "en" / "svd" / "svd.ipynb"

    def add_question(cells, master):
        new = cells["svd-why"].copy()
        new.metadata = nbformat.from_dict(json.loads(json.dumps(new.metadata)))
        new.metadata.nbgrader.update(grade_id="svd-how", points=2)
        new["id"] = "how"
        master.cells.append(new)

    change_master(course, add_question)
    course.python("-m", "nbgrader", "generate_assignment", "svd")
    assert "svd-how" in release.read_text()
    with course.gradebook() as gradebook:
        grade = gradebook.find_grade("svd-how", "svd", "svd", "kim")
        assert grade.needs_manual_grade
        assert gradebook.find_grade("svd-rank", "svd", "svd", "kim").auto_score == 4
    agrees(course)
    # Renamed: the old one goes, the new one is judged. (It has no hidden check of that name, so the name stays.)
    change_master(course, lambda cells, master: master.cells.pop())
    agrees(course)
    # One that somebody has graded by hand is not taken out.
    with course.gradebook() as gradebook:
        gradebook.find_grade("svd-why", "svd", "svd", "kim").manual_score = 3
        gradebook.db.commit()
    change_master(course, lambda cells, master: master.cells.remove(cells["svd-why"]))
    before = course.rows()
    assert "somebody has graded it by hand" in course.run("grade", "svd", status=2)
    assert course.rows() == before


@report
def a_release_that_cannot_be_made_leaves_the_old_one(course):
    release = course.folder / "release" / "en" / "svd" / "svd.ipynb"
    course.python("-m", "nbgrader", "generate_assignment", "svd")
    before = release.read_text()
    change_master(course, lambda cells, _: cells["blank-svd-block"].update(source="nothing = 1"))
    with pytest.raises(Exception):  # noqa: B017  nbgrader ends with status 1
        course.python("-m", "nbgrader", "generate_assignment", "svd")
    assert release.read_text() == before


@report
def a_gradebook_that_another_program_locks_is_told_in_a_sentence(course):
    from autograder.errors import GradingError
    from autograder.grading import classroom

    course.hand_in("kim", course.solutions["svd"])
    course.run("grade", "svd")
    locks = (
        "import sqlite3, sys; lock = sqlite3.connect('gradebook.db', isolation_level=None); "
        "lock.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", locks],
        cwd=course.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout.readline() == b"locked\n"
        said = course.run("grade", "svd", "--force", status=2)
        other.stdin.close()
    assert " ".join(classroom.LOCKED.split()) in " ".join(said.split())
    assert "Traceback" not in said
    room = classroom.Classroom(course.folder, classroom.read_config(course.folder))
    with room.alone(), pytest.raises(GradingError, match="Another grader is at work"), room.alone():
        pass
