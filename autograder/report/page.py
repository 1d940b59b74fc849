"""The page that a student gets: a value from values, no file and no gradebook.

A page holds no script and loads nothing. Text is escaped by the template, prose and code are made by
`prose` and Pygments, and the page's own policy forbids whatever should slip through all the same.
"""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.build.notebooks import is_answer, is_check, is_code, is_solution
from autograder.grading.reading import REPAIRS
from autograder.grading.results import EXTRA_ID, RESULT
from autograder.report.inert import CUT, inert_text
from autograder.report.prose import MAX_DEPTH, Prose

MAX_CELLS, MAX_CODE_CHARS, MAX_CODE_PAGE_CHARS = 1_000, 30_000, 1_500_000
"""Cells of a page, characters of code of one cell, and of a page, that are shown."""
MAX_COLOURED_CHARS, MAX_COLOURED_PAGE_CHARS = 6_000, 100_000
"""Characters of one cell, and of a page, up to which code is coloured.

Pygments takes about 7 us a character for any text, and more the longer a string with `\\N{` in it is.
"""
MAX_SENTENCES = 100
QUOTED = re.compile(r"`([^`]+)`")

OUTCOMES = {
    "PASSED": ("✓", "passed", "good"),
    "FAILED": ("✗", "not passed", "bad"),
    "ERROR": ("!", "error", "bad"),
    "TIMEOUT": ("…", "out of time", "bad"),
    "KILLED": ("■", "stopped", "bad"),
    "NOT_RUN": ("–", "not run", "bad"),
    "UNREADABLE": ("?", "could not be read", "plain"),
}
UNKNOWN = ("·", "graded", "plain")
"""Sign, word and class of a check whose outcome is not known."""

UNREADABLE = "UNREADABLE"
"""Outcome of every check of a file that could not be read: a person has to look at it."""
WAITS = "–"
"""The points of what a person has still to read."""

CARRIED_ON = "An earlier exercise had not passed; our solution of it stood in for yours here."
SOURCES = {
    "synthetic": (
        "Your code was graded on another data set of the same kind, made for grading, so numbers in "
        "your own run differ from those that were judged."
    ),
    "movielens": "Your code was graded on MovieLens 100K.",
}


@dataclass(frozen=True)
class Grade:
    """What the gradebook says of a check or an answer; `waits` for a person, or read `by_hand`."""

    points: float
    max_points: float
    bonus: float = 0.0
    waits: bool = False
    by_hand: bool = False


@dataclass(frozen=True)
class Ledger:
    """What stands beside a graded notebook: whose it is, and the gradebook's numbers."""

    assignment: str
    student: str
    score: float
    max_score: float
    late_penalty: float = 0.0
    grades: dict[str, Grade] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table on top, for a check or an answer."""

    name: str
    place: str
    """Id of the cell where the student's own work on it begins."""
    sign: str
    word: str
    kind: str
    points: str
    max_points: str
    bonus: str = ""
    sentence: str = ""
    cell: str | None = None
    """Id of the cell that raised an error."""
    carried_on: str = ""


def feedback_page(notebook, ledger):
    """The page as HTML.

    Parameters
    ----------
    notebook : a graded notebook: results in its metadata, checks without their hidden part, outputs
        inert and those that were handed in.
    ledger : Ledger.
    """
    result = notebook.metadata.get(RESULT, {})
    verdicts = {verdict["check"]: verdict for verdict in result.get("checks", [])}
    begins = _own_work(notebook.cells[:MAX_CELLS])
    rows = [
        _row(cell, begins.get(cell["id"], cell["id"]), verdicts, ledger.grades)
        for cell in notebook.cells
        if _is_graded(cell)
    ]
    style = _style()
    return _template().render(
        ledger=ledger,
        rows=rows,
        waiting=sum(
            grade.max_points
            for row in rows
            if row.points == WAITS and (grade := ledger.grades.get(row.name))
        ),
        has_bonus=any(row.bonus for row in rows),
        repairs=[inert_text(s, 500) for s in result.get(REPAIRS, [])[:MAX_SENTENCES]],
        notes=[*ledger.notes, *filter(None, [SOURCES.get(result.get("source"))])],
        cells=_cells(notebook.cells[:MAX_CELLS], {row.name: row for row in rows}, verdicts),
        cells_left_out=len(notebook.cells[MAX_CELLS:]),
        style=Markup(style),
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
    )


@cache
def _template():
    loader = FileSystemLoader(Path(__file__).with_name("templates"))
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": _number, "with_code": _with_code}
    return environment.get_template("feedback.html.j2")


@cache
def _style():
    """The page's whole style; its hash stands in the policy, so that no other style counts."""
    css = Path(__file__).with_name("templates") / "feedback.css.j2"
    depths = (f"img.d{n} {{ vertical-align: -{n}px; }}" for n in range(MAX_DEPTH + 1))
    code = HtmlFormatter(style="xcode").get_style_defs(".code")
    return "\n".join((code, css.read_text(encoding="utf-8"), *depths))


def _with_code(sentence):
    """A sentence whose words in backticks are set as code."""
    return Markup(QUOTED.sub(r"<code>\1</code>", str(Markup.escape(sentence))))


def _number(value):
    """Points as people write them: no zeros behind the point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


# --- Rows ----------------------------------------------------------------------------------------


def _is_graded(cell):
    return is_check(cell) or is_answer(cell)


def _own_work(cells):
    """Where the student's work on each check begins: id of its first blank, by id of the check."""
    begins, first = {}, None
    for cell in cells:
        if is_check(cell):
            begins[cell["id"]], first = first or cell["id"], None
        elif is_code(cell) and is_solution(cell):
            first = first or cell["id"]
    return begins


def _row(cell, place, verdicts, grades):
    name = cell.metadata.nbgrader.grade_id
    grade = grades.get(name)
    if is_answer(cell):
        return _answer_row(name, place, grade)
    verdict = verdicts.get(name, {})
    sign, word, kind = OUTCOMES.get(verdict.get("outcome"), UNKNOWN)
    points = grade.points if grade else verdict.get("points", 0.0)
    bonus = (grade.bonus if grade else 0.0) or verdict.get("bonus") or 0.0
    raised = verdict.get("place") or {}
    is_unread = verdict.get("outcome") == UNREADABLE and (grade is None or grade.waits)
    return Row(
        name=name,
        place=place,
        sign=sign,
        word=word,
        kind=kind,
        points=WAITS if is_unread else _number(points),
        max_points=_number(grade.max_points if grade else verdict.get("max_points", 0.0)),
        bonus=f"+{_number(bonus)}" if bonus else "",
        sentence=inert_text(verdict.get("message"), 500),
        cell=raised.get("cell"),
        carried_on=CARRIED_ON if verdict.get("carried_on") else "",
    )


def _answer_row(name, place, grade):
    if grade is None or grade.waits:
        sign, word, points = "…", "to be read by a person", WAITS
    elif grade.by_hand:
        sign, word, points = "✓", "read", _number(grade.points)
    else:
        sign, word, points = "–", "not answered", _number(grade.points)
    max_points = _number(grade.max_points) if grade else "–"
    return Row(name, place, sign, word, "plain", points, max_points)


# --- Cells ---------------------------------------------------------------------------------------


def _cells(cells, rows, verdicts):
    """What the template needs of each cell."""
    prose, chars, coloured = Prose(), MAX_CODE_PAGE_CHARS, MAX_COLOURED_PAGE_CHARS
    lines = _raised(verdicts)
    shown = []
    for cell in cells:
        nbgrader = cell.metadata.get("nbgrader", {})
        is_prose = cell.cell_type == "markdown"
        size = 0 if is_prose else len(cell.source)
        chars -= size
        is_coloured = is_code(cell) and size <= min(MAX_COLOURED_CHARS, coloured)
        coloured -= size if is_coloured else 0
        shown.append(
            {
                "id": cell["id"],
                "label": _label(cell),
                "html": prose.html(cell.source, cell.get("attachments")) if is_prose else "",
                "code": ""
                if is_prose
                else _code(cell, lines.get(cell["id"]), chars > 0, is_coloured),
                "folded_lines": cell.source.count("\n") + 1 if _is_folded(cell) else 0,
                "outputs": cell.get("outputs", []),
                "row": rows.get(nbgrader.get("grade_id")),
                "comment": prose.html(nbgrader["comment"]) if nbgrader.get("comment") else "",
            }
        )
    return [
        cell | {key: Markup(cell[key]) for key in ("html", "code", "comment")} for cell in shown
    ]


def _raised(verdicts):
    """The line that raised an error, by cell id."""
    places = [verdict.get("place") or {} for verdict in verdicts.values()]
    return {place["cell"]: place.get("line") for place in places if "cell" in place}


def _is_folded(cell):
    """Whether the lesson folds a cell, as it does the one that fetches the data."""
    return is_code(cell) and bool(cell.metadata.get("jupyter", {}).get("source_hidden"))


def _label(cell):
    name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    if is_check(cell):
        return f"Check {name}"
    if is_solution(cell):
        return f"Your answer {name.removeprefix('blank-')}"
    return "Your own cell" if cell["id"].startswith(EXTRA_ID) else ""


def _code(cell, line, is_shown, is_coloured):
    source = inert_text(cell.source, MAX_CODE_CHARS) if is_shown else CUT
    if not (is_shown and is_coloured):
        return f"<pre>{Markup.escape(source)}</pre>"
    formatter = HtmlFormatter(cssclass="code", hl_lines=[line] if line else [])
    return highlight(source, PythonLexer(stripnl=False), formatter)
