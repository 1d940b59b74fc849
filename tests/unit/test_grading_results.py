"""What a graded notebook keeps of a run: verdicts in its metadata, and outputs that nbgrader scores alike."""

import time
from dataclasses import asdict

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.utils import determine_grade

from autograder.grading.engine import Graded
from autograder.grading.outcomes import ERROR, FAILED, PASSED, Place, Verdict
from autograder.grading.results import (
    RESULT,
    as_verdict,
    course_of,
    replace_verdict,
    verdicts_of,
    write_results,
)

PLACE = Place("blank-b", 3, "KeyError")
VERDICTS = (
    Verdict("a", 2.0, 2.0, PASSED, seconds=1.5),
    Verdict("b", 0.0, 3.0, ERROR, "A sentence.", place=PLACE, carried_on=True),
    Verdict("c", 0.0, 0.0, PASSED, bonus=2.5),
)
PRINTED = [{"output_type": "stream", "name": "stdout", "text": "printed in the run"}]


def check(name, points):
    cell = new_code_cell("assert True", id=f"check-{name}", outputs=[old()], execution_count=4)
    cell.metadata["nbgrader"] = {
        **{"schema_version": 3, "grade_id": name, "locked": True, "task": False},
        **{"grade": True, "solution": False, "points": points},
    }
    return cell


def old():
    return new_output("stream", text="handed in")


def notebook():
    return new_notebook(
        cells=[
            new_markdown_cell("# A lesson"),
            new_code_cell("a = 1", id="blank-a", outputs=[old()], execution_count=3),
            *(check("a", 2), check("b", 3), check("c", 0)),
        ]
    )


def written(verdicts=VERDICTS, outputs=()):
    made = notebook()
    write_results(made, Graded(verdicts, dict(outputs), "abc123"), "synthetic")
    return made


def outputs_of(notebook, name):
    [cell] = [cell for cell in notebook.cells if cell.get("id") == name]
    return cell.outputs


def test_the_metadata_holds_every_verdict_in_order():
    result = written().metadata[RESULT]
    assert [dict(each) for each in result["checks"]] == [asdict(each) for each in VERDICTS]
    assert (result["source"], result["sha256"]) == ("synthetic", "abc123")


def test_repairs_that_stand_there_are_kept():
    made = notebook()
    made.metadata[RESULT] = {"repairs": ["A repair."]}
    write_results(made, Graded(VERDICTS, {}), "movielens")
    assert made.metadata[RESULT]["repairs"] == ["A repair."]


def test_verdicts_come_back_from_a_file_as_they_were():
    read = nbformat.reads(nbformat.writes(written()), 4)
    nbformat.validate(read)
    assert tuple(as_verdict(dict(each)) for each in verdicts_of(read)) == VERDICTS


def test_a_notebook_that_was_not_graded_has_no_verdicts():
    assert verdicts_of(notebook()) == []


def test_outputs_that_were_handed_in_are_replaced_by_those_of_the_run():
    made = written(outputs={"blank-a": PRINTED})
    assert outputs_of(made, "blank-a") == PRINTED
    assert outputs_of(written(), "blank-a") == []
    assert "handed in" not in nbformat.writes(made)


def test_nothing_that_a_run_put_out_stands_in_a_check_cell():
    forged = [new_output("execute_result", data={"text/plain": "99.0"}, execution_count=1)]
    made = written(outputs={"check-b": forged})
    assert "99.0" not in nbformat.writes(made)


@pytest.mark.parametrize(("name", "points"), [("a", 2.0), ("b", 0.0), ("c", 0.0)])
def test_nbgrader_scores_the_points_of_the_verdict(name, points):
    [cell] = [cell for cell in written().cells if cell.get("id") == f"check-{name}"]
    assert determine_grade(cell)[0] == points


@pytest.mark.parametrize(("points", "score"), [(9.0, 3.0), (-1.0, 0.0), (1.5, 1.5)])
def test_nbgrader_never_reads_points_beyond_those_of_the_check(points, score):
    made = written((Verdict("b", points, 3.0, PASSED),))
    [cell] = [cell for cell in made.cells if cell.get("id") == "check-b"]
    assert determine_grade(cell)[0] == score


def test_a_check_cell_says_outcome_and_sentence_then_the_points():
    text, number = outputs_of(written(), "check-b")
    assert text["text"] == (
        "ERROR A sentence.\nAn earlier exercise had failed; its reference stood in for it here.\n"
    )
    assert (number["output_type"], number["data"]) == ("execute_result", {"text/plain": "0.0"})
    assert outputs_of(written(), "check-c")[0]["text"] == "PASSED\nBonus: 2.5\n"


def test_a_new_verdict_takes_the_place_of_the_old_one_and_no_other():
    made = written()
    replace_verdict(made, Verdict("a", 0.0, 2.0, FAILED, "Another sentence."))
    kept = tuple(as_verdict(dict(each)) for each in verdicts_of(made))
    assert kept == (Verdict("a", 0.0, 2.0, FAILED, "Another sentence."), *VERDICTS[1:])
    assert outputs_of(made, "check-a")[0]["text"] == "FAILED Another sentence.\n"
    assert outputs_of(made, "check-b") == outputs_of(written(), "check-b")


def test_what_a_student_added_besides_code_takes_no_place_of_formgraders_page():
    made = notebook()
    made.cells += [
        new_raw_cell("<b id='a'>x</b> $\\href{javascript:alert(1)}{x}$", id="extra-1"),
        new_markdown_cell("# b-comment", id="extra-2"),
        new_markdown_cell("a\n===\n!![x](https://evil.example/x.png)", id="extra-3"),
    ]
    write_results(made, Graded(VERDICTS, {}), "synthetic")
    nbformat.validate(made)
    page = HTMLExporter(template_name="classic").from_notebook_node(made)[0]
    shown = BeautifulSoup(page, "html.parser").body
    assert not shown.select("#a, #b-comment, b, img") and "# b-comment" in shown.get_text()
    assert [tag.get_text() for tag in shown.select(".rendered_html code")][:1] == [
        "<b id='a'>x</b> $\\href{javascript:alert(1)}{x}$"
    ]


@pytest.mark.parametrize("part", ["\\begin{a}", "# a\n"])
def test_prose_made_to_be_slow_holds_no_grader_up(part):
    made = notebook()
    for number in range(40):
        made.cells.append(new_markdown_cell(part * (50_000 // len(part)), id=f"extra-{number}"))
    start = time.process_time()
    write_results(made, Graded(VERDICTS, {}), "synthetic")
    assert time.process_time() - start < 20
    assert made.cells[-1].source.startswith(f"    {part.strip()}")


class Owner:
    def __init__(self, parent=None, root=None):
        self.parent = parent
        if root is not None:
            self.coursedir = type("CourseDirectory", (), {"root": root})


def test_the_course_is_that_of_the_nearest_command_around_a_stage():
    assert course_of(Owner(Owner(Owner(root="/far"), root="/course"))) == "/course"
    assert course_of(Owner()) == "."
