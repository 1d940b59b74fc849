"""Damage of every honest kind done to a notebook, and the notebook that is rebuilt from it."""

import logging
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.utils import compute_checksum

from autograder.build import build_release, build_solution, read_notebook
from autograder.build.notebooks import is_answer, is_check, is_code, is_solution
from autograder.grading.rebuild import ABSENT, MAX_PARSED, RebuildSubmission, Slot, rebuild

ROOT = Path(__file__).parents[2]
MASTERS, SOLUTIONS = (
    {name: read_notebook(ROOT / f"{folder}/{name}/{name}.ipynb") for name in ("svd", "mf", "vae")}
    for folder in ("source", "solutions/en")
)
MASTER, SOLUTION = MASTERS["svd"], SOLUTIONS["svd"]
CHECKS = [cell for cell in MASTER.cells if is_check(cell)]
BLANKS = [cell for cell in SOLUTION.cells if is_code(cell) and is_solution(cell)]
GIVEN = [cell for cell in MASTER.cells if is_code(cell) and "nbgrader" not in cell.metadata]
ANSWER = "Because the gaps were filled with the mean, full rank gives the mean back."
NAMES = [cell.metadata.nbgrader.grade_id for cell in MASTER.cells if "nbgrader" in cell.metadata]


def solved(assignment="svd"):
    """The solution with an answer of a student's own."""
    notebook = deepcopy(SOLUTIONS[assignment])
    next(cell for cell in notebook.cells if is_answer(cell)).source = ANSWER
    return notebook


def name_of(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def index_of(notebook, name):
    return next(n for n, cell in enumerate(notebook.cells) if name_of(cell) == name)


def cell_of(notebook, name):
    return notebook.cells[index_of(notebook, name)]


def assignment_of(notebook):
    return next(name for cell in notebook.cells if (name := name_of(cell))).split("-")[1]


def release_of(notebook):
    return build_release(MASTERS[assignment_of(notebook)], "en")


def blanks_of(notebook):
    return [name_of(cell) for cell in notebook.cells if is_code(cell) and is_solution(cell)]


def check_names(notebook):
    return [name_of(cell) for cell in notebook.cells if is_check(cell)]


def copy_of(cell, **changes):
    return NotebookNode(deepcopy(cell) | {"id": "renewed"} | changes)


# --- Damage that keeps the student's code ---------------------------------------------------------


def nothing(notebook):
    return notebook


def checks_deleted(notebook):
    notebook.cells = [cell for cell in notebook.cells if not is_check(cell)]
    return notebook


def given_cells_deleted(notebook):
    notebook.cells = [c for c in notebook.cells if not is_code(c) or is_solution(c) or is_check(c)]
    return notebook


def prose_deleted(notebook):
    notebook.cells = [c for c in notebook.cells if is_code(c) or is_answer(c)]
    return notebook


def every_cell_twice(notebook):
    notebook.cells = [twin for cell in notebook.cells for twin in (cell, copy_of(cell))]
    return notebook


def a_check_twice(notebook):
    place = index_of(notebook, check_names(notebook)[1])
    notebook.cells.insert(0, copy_of(notebook.cells[place]))
    return notebook


def stub_left_below_the_answer(notebook):
    name = blanks_of(notebook)[1]
    stub = cell_of(release_of(notebook), name)
    notebook.cells.insert(index_of(notebook, name) + 1, copy_of(stub))
    return notebook


def blank_split(notebook):
    """As JupyterLab splits: both halves keep the metadata."""
    place = index_of(notebook, blanks_of(notebook)[1])
    cell = notebook.cells[place]
    lines = cell.source.split("\n")
    first, second = "\n".join(lines[:4]), "\n".join(lines[4:])
    notebook.cells[place : place + 1] = [
        copy_of(cell, source=first),
        copy_of(cell, source=second, id="renewed-2"),
    ]
    return notebook


def blank_split_and_nameless(notebook):
    return metadata_lost(ids_lost(blank_split(notebook)))


def _merged(notebook, first, last):
    """As Jupyter merges: one cell with the metadata of the first."""
    cells = [cell for cell in notebook.cells[first : last + 1] if is_code(cell)]
    cells[0].source = "\n\n".join(cell.source for cell in cells)
    notebook.cells[first : last + 1] = [cells[0]]
    return notebook


def blank_and_check_merged(notebook):
    place = index_of(notebook, blanks_of(notebook)[0])
    return _merged(notebook, place, place + 1)


def exercises_merged(notebook):
    names = blanks_of(notebook)[0], check_names(notebook)[2]
    first, last = (index_of(notebook, name) for name in names)
    return _merged(notebook, first, last)


def all_merged_and_nameless(notebook):
    return metadata_lost(
        ids_lost(_merged(notebook, 0, index_of(notebook, check_names(notebook)[-1])))
    )


def merged_into_the_given_cell_above(notebook):
    place = index_of(notebook, blanks_of(notebook)[0])
    return _merged(notebook, place - 2, place + 1)


def check_moved_up(notebook):
    place = index_of(notebook, check_names(notebook)[2])
    notebook.cells.insert(2, notebook.cells.pop(place))
    return notebook


def reversed_order(notebook):
    notebook.cells.reverse()
    return notebook


def checks_weakened(notebook):
    for cell in notebook.cells:
        if is_check(cell):
            cell.source = cell.source.replace("assert ", "assert True or ")
    return notebook


def checks_emptied(notebook):
    for cell in notebook.cells:
        if is_check(cell):
            cell.source = ""
    return notebook


def settings_changed(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution"]
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader |= {
                "points": 50, "grade": False, "locked": False, "solution": True, "task": True,
            }  # fmt: skip
    return notebook


def cell_types_changed(notebook):
    for cell in notebook.cells:
        if is_code(cell):
            cell.cell_type = "markdown"
            del cell["outputs"], cell["execution_count"]
        else:
            cell |= {"cell_type": "raw"}
    return notebook


def names_renamed(notebook):
    for n, cell in enumerate(notebook.cells):
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader["grade_id"] = f"mine-{n}"
    return notebook


def names_rotated(notebook):
    named = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    names = [name_of(cell) for cell in named]
    for cell, name in zip(named, [*names[1:], names[0]], strict=True):
        cell.metadata.nbgrader["grade_id"] = name
    return notebook


def nbgrader_metadata_lost(notebook):
    for cell in notebook.cells:
        cell.metadata.pop("nbgrader", None)
    return notebook


def metadata_lost(notebook):
    notebook.metadata = NotebookNode()
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
    return notebook


def metadata_broken(notebook):
    for n, cell in enumerate(notebook.cells):
        cell.metadata["nbgrader"] = [{}, "text", None, 5, {"grade_id": 7, "schema_version": 99}][
            n % 5
        ]
    return notebook


def ids_lost(notebook):
    """As format 4.4, which has none."""
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id", None)
    return notebook


def ids_renewed(notebook):
    for n, cell in enumerate(notebook.cells):
        cell["id"] = f"{n:08x}"
    return notebook


def nameless_and_without_ids(notebook):
    return metadata_lost(ids_lost(notebook))


def through_colab(notebook):
    blanks = [cell_of(notebook, name).source for name in blanks_of(notebook)]
    notebook = ids_lost(metadata_lost(notebook))
    notebook.nbformat_minor = 0
    notebook.metadata = NotebookNode(
        colab={"provenance": []}, kernelspec={"name": "python3", "display_name": "Python 3"}
    )
    for n, cell in enumerate(notebook.cells):
        cell.metadata = NotebookNode(id=f"aB{n}")
        if is_code(cell):
            cell.metadata |= {"colab": {"base_uri": "https://colab"}, "outputId": f"o{n}"}
            if cell.source not in blanks:
                cell.source = f'#@title Step {n} {{ display-mode: "form" }}\n{cell.source}'
    return notebook


def format_3(notebook):
    return nbformat.convert(notebook, 3)


def another_kernel(notebook):
    notebook.metadata["kernelspec"] = {"name": "ir", "display_name": "R", "language": "R"}
    return notebook


def large_outputs(notebook):
    for cell in notebook.cells:
        if is_code(cell):
            cell.outputs = [new_output("stream", text="x" * 1_000_000)]
    return notebook


def lines_end_in_spaces(notebook):
    for cell in notebook.cells:
        if not is_solution(cell):
            cell.source = cell.source.replace("\n", "  \n") + "\n\n"
    return notebook


def extra_cells_everywhere(notebook):
    notebook.cells = [
        twin
        for n, cell in enumerate(notebook.cells)
        for twin in (new_code_cell(f"note_{n} = {n}"), cell, new_markdown_cell(f"Note {n}."))
    ]
    return notebook


KEEPING = (
    nothing, checks_deleted, given_cells_deleted, prose_deleted, every_cell_twice, a_check_twice,
    stub_left_below_the_answer, check_moved_up, reversed_order, checks_weakened, checks_emptied,
    settings_changed, cell_types_changed, names_renamed, names_rotated, nbgrader_metadata_lost,
    metadata_lost, metadata_broken, ids_lost, ids_renewed, nameless_and_without_ids, through_colab,
    format_3, another_kernel, large_outputs, lines_end_in_spaces, extra_cells_everywhere,
    blank_and_check_merged, exercises_merged, all_merged_and_nameless,
    merged_into_the_given_cell_above, blank_split, blank_split_and_nameless,
)  # fmt: skip


def checks_of(notebook):
    return [(name_of(cell), cell.source) for cell in notebook.cells if is_check(cell)]


def is_subsequence(wanted, found):
    rest = iter(found)
    return all(any(item == other for other in rest) for item in wanted)


@pytest.mark.parametrize("assignment", MASTERS)
def test_what_becomes_of_one_submission_is_nothing_to_the_next(assignment):
    first = rebuild(MASTERS[assignment], solved(assignment))
    kept = deepcopy(first)
    for cell in first.notebook.cells:
        cell.source, cell.metadata["nbgrader"] = "ruined", {"points": 99}
    first.notebook.metadata["ruined"] = True
    assert rebuild(MASTERS[assignment], solved(assignment)) == kept


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_every_check_is_the_masters_once_and_in_order(damage):
    rebuilt = rebuild(MASTER, damage(solved())).notebook
    assert checks_of(rebuilt) == checks_of(MASTER)
    assert [name_of(cell) for cell in rebuilt.cells if name_of(cell)] == NAMES


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_every_line_of_the_student_runs_between_the_checks_around_it(damage):
    cells = [cell for cell in rebuild(MASTER, damage(solved())).notebook.cells if is_code(cell)]
    lines, start = [], 0
    for end, cell in enumerate(cells):
        if is_check(cell):
            lines.append([line for c in cells[start:end] for line in c.source.split("\n")])
            start = end + 1
    assert len(lines) == len(BLANKS)
    for blank, found in zip(BLANKS, lines, strict=True):
        assert is_subsequence(blank.source.split("\n"), found)


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_every_given_cell_is_the_masters_and_in_order(damage):
    rebuilt = rebuild(MASTER, damage(solved())).notebook
    wanted = [cell.source for cell in GIVEN]
    ids = {cell.id for cell in GIVEN}
    assert [cell.source for cell in rebuilt.cells if cell.id in ids] == wanted


UNSPLIT = tuple(d for d in KEEPING if "split" not in d.__name__)


@pytest.mark.parametrize("damage", UNSPLIT, ids=lambda damage: damage.__name__)
def test_every_blank_is_found_again_whole(damage):
    rebuilt = rebuild(MASTER, damage(solved())).notebook
    for blank in BLANKS:
        assert cell_of(rebuilt, name_of(blank)).source.strip() == blank.source


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_the_answer_is_found_again(damage):
    rebuilt = rebuild(MASTER, damage(solved())).notebook
    assert cell_of(rebuilt, "svd-why").source.rstrip() == ANSWER


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_what_comes_out_is_a_valid_notebook_without_outputs_or_tags(damage):
    rebuilt = rebuild(MASTER, damage(solved())).notebook
    nbformat.validate(rebuilt)
    assert len({cell.id for cell in rebuilt.cells}) == len(rebuilt.cells)
    assert not any(cell.get("outputs") or "tags" in cell.metadata for cell in rebuilt.cells)


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_rebuilding_twice_changes_nothing_more(damage):
    once = rebuild(MASTER, damage(solved())).notebook
    again = rebuild(MASTER, once).notebook
    assert checks_of(again) == checks_of(once)
    assert [cell_of(again, name_of(b)).source for b in BLANKS] == [
        cell_of(once, name_of(b)).source for b in BLANKS
    ]


QUIET = (
    nothing, prose_deleted, ids_renewed, ids_lost, large_outputs, lines_end_in_spaces,
    extra_cells_everywhere, format_3,
)  # fmt: skip


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_a_repair_is_told_where_there_was_one(damage):
    rebuilt = rebuild(MASTER, damage(solved()))
    assert bool(rebuilt.repairs) == (damage not in QUIET)
    assert rebuilt.notebook.metadata.get("autograder", {}).get("repairs", []) == [*rebuilt.repairs]


# --- The other lessons ----------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", ["mf", "vae"])
@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_every_blank_of_the_other_lessons_is_found_again(assignment, damage):
    whole = solved(assignment)
    rebuilt = rebuild(MASTERS[assignment], damage(solved(assignment))).notebook
    assert checks_of(rebuilt) == checks_of(MASTERS[assignment])
    assert [cell.source.rstrip() for cell in rebuilt.cells if is_answer(cell)] == [ANSWER]
    found = {name: cell_of(rebuilt, name).source.strip() for name in blanks_of(whole)}
    wanted = {name: cell_of(whole, name).source for name in blanks_of(whole)}
    if damage is all_merged_and_nameless:  # nothing says where one of two blanks in a row ends
        assert is_subsequence(
            [line for source in wanted.values() for line in source.split("\n")],
            [line for source in found.values() for line in source.split("\n")],
        )
    elif damage in UNSPLIT:
        assert found == wanted


# --- What stays as it was -------------------------------------------------------------------------


@pytest.mark.parametrize("assignment", ["svd", "mf", "vae"])
def test_an_untouched_release_comes_out_with_its_stubs_and_no_repairs(assignment):
    path = ROOT / f"source/{assignment}/{assignment}.ipynb"
    master = read_notebook(path)
    release = build_release(master, "en")
    rebuilt = rebuild(master, release)
    assert rebuilt.repairs == ()
    hidden = {cell.id: cell.source for cell in master.cells if is_check(cell)}
    assert [(cell.id, cell.source) for cell in rebuilt.notebook.cells] == [
        (cell.id, hidden.get(cell.id, cell.source)) for cell in release.cells
    ]


def test_the_arguments_are_not_changed():
    master, submission = deepcopy(MASTER), through_colab(solved())
    before = deepcopy(submission)
    rebuild(master, submission)
    assert (master, submission) == (MASTER, before)


def test_checksums_fit_the_cells_that_came_out():
    for cell in rebuild(MASTER, metadata_lost(solved())).notebook.cells:
        if is_check(cell):
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell)


# --- Where the student's cells go -----------------------------------------------------------------


def sources(rebuilt):
    return [cell.source for cell in rebuilt.notebook.cells]


def test_a_changed_given_cell_runs_before_the_original():
    notebook = solved()
    cell = next(cell for cell in notebook.cells if cell.id == GIVEN[1].id)
    cell.source = cell.source.replace("ratings.head()", "ratings.head(9)")
    rebuilt = rebuild(MASTER, notebook)
    place = sources(rebuilt).index(cell.source)
    assert sources(rebuilt)[place + 1] == GIVEN[1].source
    [repair] = rebuilt.repairs
    assert "was changed: the changed cell runs first" in repair


def vae_with(course_root, *pairs):
    """The master of lesson 3, and its solution with texts replaced in code cells."""
    master = read_notebook(course_root / "source" / "vae" / "vae.ipynb")
    notebook = build_solution(master, "en")
    for old, new in pairs:
        assert any(old in cell.source for cell in notebook.cells)
        for cell in filter(is_code, notebook.cells):
            cell.source = cell.source.replace(old, new)
    return master, notebook


def test_a_given_cell_that_calls_a_renamed_function_runs_in_place_of_the_original(course_root):
    master, notebook = vae_with(course_root, ("train_vae_epoch", "one_pass"))
    rebuilt = rebuild(master, notebook)
    calls = [source for source in sources(rebuilt) if "append(one_pass())" in source]
    assert len(calls) == 1
    assert not any("append(train_vae_epoch())" in source for source in sources(rebuilt))
    assert any("`train_vae_epoch` is defined nowhere now" in repair for repair in rebuilt.repairs)
    assert sources(rebuild(master, rebuilt.notebook)) == sources(rebuilt)


def test_a_given_cell_whose_names_are_all_there_still_comes_back(course_root):
    pairs = [("train_curve.append(train_vae_epoch())", "train_curve.append(other_pass())")]
    pairs += [("def train_vae_epoch", "other_pass = None\n\n\ndef train_vae_epoch")]
    master, notebook = vae_with(course_root, *pairs)
    assert any("append(train_vae_epoch())" in s for s in sources(rebuild(master, notebook)))


def test_a_check_that_reads_an_unknown_name_is_the_lessons_again(course_root):
    master, notebook = vae_with(course_root)
    for cell in filter(is_check, notebook.cells):
        cell.source = "nobody_knows_this()\n" + cell.source
    rebuilt = [c.source for c in rebuild(master, notebook).notebook.cells if is_check(c)]
    assert rebuilt and not any("nobody_knows_this" in source for source in rebuilt)


def test_what_is_added_to_a_given_cell_runs_where_it_was_added():
    notebook = solved()
    cell = next(cell for cell in notebook.cells if cell.id == GIVEN[1].id)
    cell.source = f"before = 1\n{cell.source}\nafter = 1"
    rebuilt = rebuild(MASTER, notebook)
    place = sources(rebuilt).index(GIVEN[1].source)
    assert sources(rebuilt)[place + 1] == "after = 1"
    assert "before = 1" in sources(rebuilt)[:place]


@pytest.mark.parametrize("line", ["    more = 1", "else:\n    more = 1"])
def test_a_cell_that_goes_on_below_is_not_cut(line):
    notebook = solved()
    cell = next(cell for cell in notebook.cells if cell.id == GIVEN[1].id)
    cell.source = f"{cell.source}\n{line}"
    assert cell.source in sources(rebuild(MASTER, notebook))


def test_the_last_of_two_answers_that_is_no_stub_counts_and_the_first_runs_before_it():
    notebook = solved()
    place = index_of(notebook, "blank-svd-rank")
    second = copy_of(notebook.cells[place], source=notebook.cells[place].source + "\n# mine")
    notebook.cells.append(second)
    rebuilt = rebuild(MASTER, notebook)
    place = index_of(rebuilt.notebook, "blank-svd-rank")
    assert sources(rebuilt)[place - 1 : place + 1] == [BLANKS[-1].source, second.source]


def test_an_extra_cell_stays_behind_the_cell_that_it_followed():
    notebook = solved()
    notebook.cells.insert(index_of(notebook, "blank-svd-complete") + 1, new_code_cell("mine = 1"))
    rebuilt = rebuild(MASTER, notebook)
    place = sources(rebuilt).index("mine = 1")
    assert name_of(rebuilt.notebook.cells[place - 1]) == "blank-svd-complete"
    assert rebuilt.notebook.cells[place].metadata == {}


def test_a_blank_written_anew_in_a_cell_of_its_own_is_found_by_its_place():
    notebook = solved()
    place = index_of(notebook, "blank-svd-complete")
    notebook.cells[place] = new_code_cell("fill()")
    assert cell_of(rebuild(MASTER, notebook).notebook, "blank-svd-complete").source == "fill()"


def test_an_answer_in_a_cell_below_the_stub_is_the_answer():
    notebook = build_release(MASTER, "en")
    notebook.cells.insert(index_of(notebook, "svd-why") + 1, new_markdown_cell(ANSWER))
    assert cell_of(rebuild(MASTER, notebook).notebook, "svd-why").source == ANSWER


def test_a_deleted_blank_is_empty_and_said_to_be_missing():
    notebook = solved()
    notebook.cells.pop(index_of(notebook, "blank-svd-rank"))
    rebuilt = rebuild(MASTER, notebook)
    assert cell_of(rebuilt.notebook, "blank-svd-rank").source == ABSENT
    assert rebuilt.repairs == ("`blank-svd-rank` was missing, with nothing in its place.",)


def test_either_language_may_be_handed_in():
    master = deepcopy(MASTER)
    korean = "이 표는 사용자와 영화의 평점입니다."
    master.cells.insert(1, new_markdown_cell(korean, metadata={"course": {"lang": "ko"}}, id="ko"))
    for language, is_korean in (("ko", True), ("en", False)):
        rebuilt = rebuild(master, nameless_and_without_ids(build_release(master, language)))
        assert (korean in sources(rebuilt)) is is_korean
        assert checks_of(rebuilt.notebook) == checks_of(MASTER)


@pytest.mark.parametrize(
    "submission",
    [
        {},
        {"cells": None},
        {"cells": [None, 5, {}, {"cell_type": "code"}, {"metadata": 3, "source": ["a", 4]}]},
        {"cells": [{"cell_type": "heading", "source": "\ud800", "metadata": {"id": []}}]},
        {"worksheets": [{"cells": [{"cell_type": 3}]}], "nbformat": 3},
        {"worksheets": 7, "nbformat": 3},
        {"cells": [{"cell_type": "code", "source": " " * 1_000_000 + "x"}]},
        {"cells": [{"cell_type": "code", "source": "(" * 1_000_000}]},
    ],
    ids=["empty", "none", "odd-cells", "surrogate", "old", "older", "spaces", "brackets"],
)
def test_rubbish_is_rebuilt_as_a_notebook_with_every_check(submission):
    rebuilt = rebuild(MASTER, NotebookNode(submission))
    nbformat.writes(rebuilt.notebook).encode()
    assert checks_of(rebuilt.notebook) == checks_of(MASTER)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["delete check", "duplicate", "swap", "strip", "renew", "delete"]),
        st.integers(0, 99),
        st.integers(0, 99),
    ),
    max_size=12,
)


def operate(notebook, operation, first, second):
    cells = notebook.cells
    if not cells:
        return
    i, j = first % len(cells), second % len(cells)
    checks = [n for n, cell in enumerate(cells) if is_check(cell)]
    match operation:
        case "delete check" if checks:
            cells.pop(checks[first % len(checks)])
        case "duplicate":
            cells.insert(j, deepcopy(cells[i]))
        case "swap":
            cells[i], cells[j] = cells[j], cells[i]
        case "strip":
            cells[i].metadata = NotebookNode()
        case "renew":
            cells[i]["id"] = f"new-{second}"
        case "delete":
            cells.pop(i)


@settings(max_examples=60, deadline=None)
@given(OPERATIONS)
def test_whatever_is_done_each_check_is_there_once_and_in_order(operations):
    notebook = solved()
    for operation in operations:
        operate(notebook, *operation)
    kept = {cell.source for cell in notebook.cells}
    rebuilt = rebuild(MASTER, notebook)
    assert checks_of(rebuilt.notebook) == checks_of(MASTER)
    found = {cell.source for cell in rebuilt.notebook.cells}
    assert {blank.source for blank in BLANKS} & kept <= found


# --- Outputs as they were handed in ---------------------------------------------------------------


def with_outputs(notebook):
    """A notebook whose every code cell says its own first line."""
    for cell in filter(is_code, notebook.cells):
        cell.outputs = [new_output("stream", text=f"ran {cell.source[:40]}")]
    return notebook


def said(cell):
    return [output.text for output in cell.outputs]


@pytest.mark.parametrize("damage", KEEPING, ids=lambda damage: damage.__name__)
def test_cells_are_the_same_whether_outputs_are_kept_or_not(damage):
    submission = damage(with_outputs(solved()))
    kept = rebuild(MASTER, submission, keep_outputs=True)
    bare = rebuild(MASTER, submission)
    for cell in filter(is_code, kept.notebook.cells):
        cell.outputs = []
    assert kept == bare


def test_every_cell_carries_what_it_was_handed_in_with():
    notebook = with_outputs(extra_cells_everywhere(solved()))
    rebuilt = rebuild(MASTER, notebook, keep_outputs=True).notebook
    visible = {cell.id: cell.source for cell in SOLUTION.cells}
    for cell in filter(is_code, rebuilt.cells):
        assert said(cell) == [f"ran {visible.get(cell.id, cell.source)[:40]}"]


def test_an_untouched_blank_carries_its_error():
    notebook = with_outputs(build_release(MASTER, "en"))
    rebuilt = rebuild(MASTER, notebook, keep_outputs=True).notebook
    blank = cell_of(rebuilt, "blank-svd-rank")
    assert said(blank) == [f"ran {blank.source[:40]}"]


def test_what_a_changed_check_or_given_cell_said_stays_with_the_change():
    notebook = with_outputs(checks_weakened(solved()))
    rebuilt = rebuild(MASTER, notebook, keep_outputs=True).notebook
    place = index_of(rebuilt, "svd-block")
    assert rebuilt.cells[place].outputs == []
    assert said(rebuilt.cells[place - 1]) == [f"ran {rebuilt.cells[place - 1].source[:40]}"]


def test_what_a_merged_cell_said_stays_with_its_last_part():
    notebook = with_outputs(blank_and_check_merged(solved()))
    rebuilt = rebuild(MASTER, notebook, keep_outputs=True).notebook
    assert cell_of(rebuilt, "blank-svd-block").outputs == []
    assert len(said(cell_of(rebuilt, "svd-block"))) == 1


# --- As a stage -----------------------------------------------------------------------------------


def staged(root, notebook, assignment="svd"):
    stage = RebuildSubmission(log=logging.getLogger("rebuild"))
    stage.coursedir = SimpleNamespace(root=str(root))
    names = {"nbgrader": {"student": "kim", "assignment": assignment, "notebook": assignment}}
    return stage.preprocess(notebook, names)[0]


def test_the_stage_rebuilds_on_the_courses_master_and_logs_repairs(caplog):
    notebook = staged(ROOT, checks_deleted(solved()))
    assert checks_of(notebook) == checks_of(MASTER)
    assert "Repaired: kim, svd: `svd-block` was missing" in caplog.text


def test_a_submission_without_a_master_stays_as_it_is(tmp_path, caplog):
    notebook = solved()
    assert staged(tmp_path, notebook) is notebook
    assert "not rebuilt" in caplog.text


def test_the_stage_keeps_what_the_reader_told():
    notebook = checks_deleted(solved())
    notebook.metadata["autograder"] = {"repairs": ["Read with care."], "checks": ["forged"]}
    result = staged(ROOT, notebook).metadata["autograder"]
    assert list(result) == ["repairs"]
    assert result["repairs"][0] == "Read with care." and len(result["repairs"]) == 5


@pytest.mark.parametrize("forged", [3, [], {"repairs": 3}, {"repairs": [3, {}]}])
def test_the_stage_takes_whatever_stands_in_the_readers_place(forged):
    notebook = checks_deleted(solved())
    notebook.metadata["autograder"] = forged
    assert len(staged(ROOT, notebook).metadata["autograder"]["repairs"]) == 4


def test_a_file_that_could_not_be_read_has_one_sentence():
    notebook = NotebookNode(cells=[], metadata={"autograder": {"unread": "No notebook."}})
    assert staged(ROOT, notebook).metadata["autograder"] == {"unread": "No notebook."}


@pytest.mark.parametrize("damage", [lambda n: n, nameless_and_without_ids, format_3])
def test_the_notebook_of_another_lesson_has_one_sentence_and_gives_no_answer(damage):
    result = staged(ROOT, damage(solved("mf")), "svd")
    assert list(result.metadata["autograder"]) == ["unread"]
    assert "another lesson, mf" in result.metadata["autograder"]["unread"]
    assert cell_of(result, "svd-why").source == cell_of(release_of(solved()), "svd-why").source


@pytest.mark.parametrize("name", MASTERS)
def test_no_damage_makes_a_notebook_one_of_another_lesson(name):
    for damage in (nameless_and_without_ids, through_colab, checks_deleted):
        assert "unread" not in staged(ROOT, damage(solved(name)), name).metadata["autograder"]


def test_a_notebook_without_cells_has_one_sentence():
    rebuilt = rebuild(MASTER, NotebookNode(cells=[]))
    assert rebuilt.repairs == ("The notebook has no cells: nothing in it could be graded.",)
    assert checks_of(rebuilt.notebook) == checks_of(MASTER)


def test_a_cell_that_cannot_be_parsed_takes_no_renamed_function_away(course_root):
    master, notebook = vae_with(course_root, ("train_vae_epoch", "one_pass"))
    notebook.cells.append(new_code_cell("%matplotlib inline\n! ls"))
    repairs = rebuild(master, notebook).repairs
    assert any("`train_vae_epoch` is defined nowhere now" in repair for repair in repairs)


def test_a_huge_cell_is_not_parsed(course_root, monkeypatch):
    master, notebook = vae_with(course_root, ("train_vae_epoch", "one_pass"))
    notebook.cells.append(new_code_cell("a;" * MAX_PARSED))
    monkeypatch.setattr("autograder.grading.rebuild._names_of", lambda _: pytest.fail("parsed"))
    repairs = rebuild(master, notebook).repairs
    assert any("the changed cell runs first" in repair for repair in repairs)


# --- Texts twice, and pictures --------------------------------------------------------------------


@pytest.mark.parametrize("glue", ["", "\n", "\n\n"], ids=["nothing", "a line", "an empty line"])
def test_cells_whose_text_stands_twice_in_a_row_keep_one_copy_and_are_told(glue):
    notebook = solved()
    for cell in notebook.cells:
        cell.source = cell.source + glue + cell.source
    rebuilt = rebuild(MASTER, notebook)
    assert [c.source for c in rebuilt.notebook.cells if is_code(c)] == [
        c.source for c in rebuild(MASTER, solved()).notebook.cells if is_code(c)
    ]
    assert cell_of(rebuilt.notebook, "svd-why").source == ANSWER
    assert "`svd-why` held its text twice in a row: one copy is kept." in rebuilt.repairs


@pytest.mark.parametrize(
    "text", [f"{ANSWER}\n{ANSWER}.", "a = a + 1\na = a + 1", f"{ANSWER}\n" * 3]
)
def test_a_text_that_is_not_exactly_two_copies_stays(text):
    notebook = solved()
    cell_of(notebook, "svd-why").source = text
    assert cell_of(rebuild(MASTER, notebook).notebook, "svd-why").source == text


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("my sketch.png", "attachment:my%20sketch.png"),
        ("my sketch.png", "<attachment:my sketch.png>"),
        ("그림.png", "attachment:그림.png"),
        ("그림.png", "attachment:%EA%B7%B8%EB%A6%BC.png"),
        ("a&b(1).PNG", "attachment:a&amp;b(1).PNG"),
        ("'\"?#.jpeg", "attachment:%27%22%3F%23.jpeg"),
    ],
)
def test_an_attachment_gets_a_plain_name_in_the_text_and_beside_it(name, link):
    notebook = solved()
    bundle = {"image/png": "aGFsbG8="}
    cell_of(notebook, "svd-why").update(source=f"See ![x]({link}).", attachments={name: bundle})
    cell = cell_of(rebuild(MASTER, notebook).notebook, "svd-why")
    [plain] = cell.attachments
    assert cell.attachments[plain] == bundle and plain.startswith("picture-1.")
    assert cell.source == f"See ![x](attachment:{plain})."


def test_pictures_of_one_name_in_two_cells_of_an_answer_are_both_kept():
    notebook = solved()
    place = index_of(notebook, "svd-why")
    bundles = [{"image/png": "YQ=="}, {"image/png": "Yg=="}]
    parts = [
        new_markdown_cell("![x](attachment:image.png)", attachments={"image.png": bundle})
        for bundle in bundles
    ]
    for part in parts:
        part.metadata = deepcopy(notebook.cells[place].metadata)
    notebook.cells[place : place + 1] = parts
    cell = cell_of(rebuild(MASTER, notebook).notebook, "svd-why")
    assert list(cell.attachments.values()) == bundles
    assert "attachment:picture-1.png" in cell.source and "attachment:picture-2.png" in cell.source


def test_a_cell_is_called_by_its_function_not_by_a_decorator_of_it():
    cell = new_code_cell("@torch.no_grad()\ndef evaluate(loader):\n    pass")
    assert Slot(cell, (), (cell.source,)).label == "`def evaluate(loader):`"
