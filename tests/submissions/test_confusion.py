"""Every wrong and every right submission of the tables, through the engine: rebuilt, walled in, judged outside.

A wrong one must lose the points of its exercise and of no other, a right one must lose none. CI takes the
first mistake of each check and every twentieth right answer; `make accuracy` takes them all.
"""

import re
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import NamedTuple

import pytest
from nbformat.v4 import new_code_cell

from autograder.build import build_solution, locate_masks, read_notebook
from autograder.build.notebooks import is_check, is_code, is_solution
from autograder.grading.engine import Ground, grade
from autograder.grading.rebuild import rebuild
from autograder.sandbox.limits import Limits
from submissions.bench import SEEDS, Replacements
from submissions.equivalents import EQUIVALENTS
from submissions.fills import FILLS
from submissions.mistakes import MISTAKES

AT_A_TIME = 2
LIMITS = Limits(cell_seconds=180, notebook_seconds=600)


class Case(NamedTuple):
    """A submission: its name, its assignment, the check it must lose (or None), and its notebook."""

    name: str
    assignment: str
    check: str | None
    notebook: object


def exercise_cells(notebook, check):
    """The code cells of one exercise, its check cell left out."""
    cells = []
    for cell in filter(is_code, notebook.cells):
        if not is_check(cell):
            cells.append(cell)
        elif cell.metadata.nbgrader.grade_id == check:
            return cells
        else:
            cells = []
    raise KeyError(check)


def with_mistake(solution, check, pairs):
    """The solution with texts replaced in one exercise; a changed given cell comes after the original."""
    notebook, replace = deepcopy(solution), Replacements(pairs)
    for cell in exercise_cells(notebook, check):
        source = replace("", cell.source)
        if source != cell.source and is_solution(cell):
            cell.source = source
        elif source != cell.source:
            place = notebook.cells.index(cell)
            notebook.cells.insert(place + 1, new_code_cell(source))
    replace.assert_all_used()
    return notebook


def with_fill(solution, master, grade_id, place, text):
    """The solution with one blank filled by `text`."""
    notebook = deepcopy(solution)
    found = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in master.cells}[grade_id]
    span = locate_masks(found.source, found.metadata["course"]["mask"])[place].span
    (cell,) = (
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )
    cell.source = found.source[: span.start] + text + found.source[span.end :]
    return notebook


def with_change(solution, change):
    """The solution with texts replaced wherever they stand."""
    notebook, replace = deepcopy(solution), Replacements(change.replacements)
    for cell in filter(is_code, notebook.cells):
        cell.source = replace("", cell.source)
    replace.assert_all_used()
    return notebook


@pytest.fixture(scope="module")
def masters(course_root):
    return {
        name: read_notebook(course_root / "source" / name / f"{name}.ipynb")
        for name in ("svd", "mf", "vae")
    }


@pytest.fixture(scope="module")
def cases(masters):
    """All cases: wrong ones first."""
    solutions = {name: build_solution(master, "en") for name, master in masters.items()}
    found = []
    for check, mistakes in MISTAKES.items():
        assignment = check.partition("-")[0]
        for name, pairs in mistakes.items():
            notebook = with_mistake(solutions[assignment], check, pairs)
            found.append(Case(f"{check}: {name}", assignment, check, notebook))
    for (cell, place), fills in FILLS.items():
        check = re.sub(r"-\d+$", "", cell.removeprefix("blank-"))
        assignment = check.partition("-")[0]
        for text in fills.wrong:
            notebook = with_fill(solutions[assignment], masters[assignment], cell, place, text)
            found.append(Case(f"{cell}[{place}] = {text}", assignment, check, notebook))
        for text in fills.right:
            notebook = with_fill(solutions[assignment], masters[assignment], cell, place, text)
            found.append(Case(f"{cell}[{place}] = {text}", assignment, None, notebook))
    for name, change in EQUIVALENTS.items():
        notebook = with_change(solutions[change.assignment], change)
        found.append(Case(name, change.assignment, None, notebook))
    return found


@pytest.fixture(scope="module")
def ground(grading_set):
    return Ground.load(grading_set(SEEDS[0]))


def complaints(case, masters, ground):
    """What is wrong about the verdicts on a case: a list of sentences, empty where all is well."""
    master = masters[case.assignment]
    graded = grade(rebuild(master, case.notebook).notebook, master, ground, LIMITS)
    found = []
    for verdict in graded.verdicts:
        should_pass = verdict.check != case.check
        if verdict.has_passed != should_pass:
            found.append(f"{case.name}: {verdict.check} {verdict.outcome} {verdict.message}")
    return found


def run_all(cases, masters, ground):
    """Complaints of all cases; the confusion table is printed."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = list(pool.map(lambda case: complaints(case, masters, ground), cases))
    wrong = [c for case, c in zip(cases, found, strict=True) if case.check]
    right = [c for case, c in zip(cases, found, strict=True) if not case.check]
    print(f"\n{'':24}as it should be   otherwise")
    for name, part in (("wrong submissions", wrong), ("right submissions", right)):
        print(f"{name:24}{sum(not c for c in part):>15}{sum(bool(c) for c in part):>12}")
    sentences = [sentence for part in found for sentence in part]
    print(*sentences, sep="\n")
    return sentences


def test_a_sample_of_wrong_and_right_submissions_is_told_apart(cases, masters, ground):
    firsts = {}
    for case in cases:
        if case.check:
            firsts.setdefault(case.check, case)
    sample = [*firsts.values(), *[case for case in cases if not case.check][::20]]
    assert run_all(sample, masters, ground) == []


@pytest.mark.accuracy
def test_every_wrong_and_right_submission_is_told_apart(cases, masters, ground):
    assert sum(case.check is not None for case in cases) >= 150
    assert sum(case.check is None for case in cases) >= 60
    assert run_all(cases, masters, ground) == []
