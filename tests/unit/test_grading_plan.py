"""A rebuilt notebook becomes exercises: what the student's side of each is, and what the reference's."""

import ast

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.build import build_release, build_solution, read_notebook
from autograder.build.hidden_tests import hidden_region
from autograder.grading.plan import EXTRA, GIVEN, STUDENT, Exercise, PlannedCell, plan
from autograder.grading.rebuild import rebuild

REGION = "### BEGIN SOLUTION\nb = 2\n### END SOLUTION"


def cell(name, source, **settings):
    made = new_code_cell(source, id=name)
    if settings:
        made.metadata["nbgrader"] = {
            **{"schema_version": 3, "grade_id": name, "locked": False, "task": False},
            **{"grade": False, "solution": False},
            **settings,
        }
    return made


def given(name, source):
    return cell(name, source)


def blank(name, source):
    return cell(name, source, solution=True)


def check(name, points):
    source = f"assert {name}\n{hidden_region(name)}"
    return cell(f"check-{name}", source, grade_id=name, grade=True, points=points)


def master():
    return new_notebook(
        cells=[
            *(new_markdown_cell("# A lesson", id="title"), given("imports", "import math")),
            *(blank("blank-a", "a = 1"), check("a", 2)),
            *(given("plot", "print(a)"), blank("blank-b", REGION), check("b", 3)),
            given("end", "print('the end')"),
        ]
    )


def handed_in():
    """The master with other answers, and with a cell that the student added."""
    notebook = master()
    by_id = {each["id"]: each for each in notebook.cells}
    by_id["blank-a"].source, by_id["blank-b"].source = "a = 7", "b = 8"
    by_id["imports"].source = "import math"
    notebook.cells.insert(2, given("added", "help(math)"))
    return notebook


def test_an_exercise_is_every_code_cell_up_to_its_check():
    exercises = plan(handed_in(), master())
    assert [(each.check, each.max_points) for each in exercises] == [("a", 2.0), ("b", 3.0)]
    assert [[c.id for c in each.cells] for each in exercises] == [
        ["imports", "added", "blank-a"],
        ["plot", "blank-b"],
    ]


def test_cells_are_given_filled_or_added():
    first, second = plan(handed_in(), master())
    assert [each.kind for each in first.cells] == [GIVEN, EXTRA, STUDENT]
    assert [each.kind for each in second.cells] == [GIVEN, STUDENT]


def test_the_student_runs_his_own_cells_and_the_reference_the_masters():
    first, second = plan(handed_in(), master())
    assert [each.source for each in first.cells] == ["import math", "help(math)", "a = 7"]
    assert [each.reference for each in first.references] == ["import math", "a = 1"]
    assert [each.reference for each in second.references] == ["print(a)", "b = 2"]


def test_checks_are_never_run():
    exercises = plan(handed_in(), master())
    texts = [text for each in exercises for c in each.cells for text in (c.source, c.reference)]
    assert not any("run_check" in text or "assert" in text for text in texts)


def test_cells_behind_the_last_check_belong_to_no_exercise():
    assert "end" not in [c.id for each in plan(handed_in(), master()) for c in each.cells]


def test_planning_changes_neither_notebook():
    notebook, lesson = handed_in(), master()
    plan(notebook, lesson)
    assert (notebook, lesson) == (handed_in(), master())


@pytest.mark.parametrize(
    ("source", "rebound"),
    [
        ("a = 1", {"a"}),
        ("a, (b, *c) = x", {"a", "b", "c"}),
        ("a = a + 1", set()),
        ("b = a\na = 1", {"b"}),
        ("a = 1\nb = a", {"a", "b"}),
        ("a += 1", set()),
        ("a: int = 1", {"a"}),
        ("a[0] = 1", set()),
        ("a.b = 1", set()),
        ("for a in x:\n    b = 1", set()),
        ("if x:\n    a = 1", set()),
        ("def f(x):\n    return x", {"f"}),
        ("class C(B):\n    pass", {"C"}),
        ("x.fit(a)", set()),
    ],
)
def test_rebound_are_names_that_are_bound_for_sure_before_they_are_read(source, rebound):
    exercise = Exercise("a", 1.0, (PlannedCell("blank-a", STUDENT, "", source),))
    assert exercise.rebound == rebound


def test_names_that_an_earlier_cell_of_the_reference_reads_are_not_rebound():
    cells = (PlannedCell("one", GIVEN, "", "print(a)"), PlannedCell("two", STUDENT, "", "a = 1"))
    assert Exercise("a", 1.0, cells).rebound == set()


@pytest.mark.parametrize("assignment", ["svd", "mf", "vae"])
def test_the_reference_of_every_lesson_is_its_solution(course_root, assignment):
    lesson = read_notebook(course_root / "source" / assignment / f"{assignment}.ipynb")
    solved = plan(rebuild(lesson, build_solution(lesson, "en")).notebook, lesson)
    released = plan(rebuild(lesson, build_release(lesson, "en")).notebook, lesson)
    for ours, blanks in zip(solved, released, strict=True):
        assert [c.source for c in ours.cells] == [c.reference for c in ours.cells]
        assert [c.reference for c in blanks.cells] == [c.reference for c in ours.cells]
        assert all(ast.parse(c.reference) for c in ours.references)
        assert any(c.source != c.reference for c in blanks.cells if c.kind == STUDENT)
