"""What became of a submission, as the notebook in `autograded/` keeps it.

The metadata of that notebook is the one record of a grading run: feedback, reports and later runs read
it. The outputs of its check cells are made so that nbgrader's own scoring reads the same points.
"""

import os
from dataclasses import asdict, replace

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.build.notebooks import is_check, is_code, is_solution
from autograder.grading.outcomes import Place, Verdict
from autograder.report.inert import inert_attachments, inert_code, inert_markdown

RESULT = "autograder"
"""The key of the notebook's metadata."""
REPAIRS, UNREAD = "repairs", "unread"
"""Under it, where a notebook that is being graded keeps its repairs, and why nothing of it could be read."""
MAX_PROSE_CHARS = 100_000
"""Characters of a student's prose that are laid out; what follows is shown as it was written."""
EXTRA_ID = "extra-"
"""How ids of cells begin that a student added."""


def course_of(preprocessor):
    """The folder of the course whose nbgrader command a preprocessor is part of."""
    owner = preprocessor
    while owner is not None:
        if hasattr(owner, "coursedir"):
            return owner.coursedir.root
        owner = owner.parent
    return os.curdir


def verdicts_of(notebook):
    """The verdicts that a graded notebook keeps, as dicts; none where it was not graded."""
    return notebook.metadata.get(RESULT, {}).get("checks", [])


def as_verdict(fields):
    """The Verdict that a dict of `verdicts_of` stands for."""
    place = fields["place"]
    return Verdict(**(fields | {"place": Place(**place) if place else None}))


def write_results(notebook, graded, source):
    """Put verdicts and outputs into a rebuilt notebook, in place.

    Parameters
    ----------
    notebook : NotebookNode.
    graded : Graded.
    source : "synthetic" or "movielens", what it was graded on.
    """
    for cell in filter(is_code, notebook.cells):
        cell.execution_count = None
        cell.outputs = [NotebookNode(output) for output in graded.outputs.get(cell["id"], [])]
    _make_prose_inert(notebook)
    show_verdicts(notebook, graded.verdicts)
    result = notebook.metadata.setdefault(RESULT, NotebookNode())
    result["checks"] = [NotebookNode(asdict(verdict)) for verdict in graded.verdicts]
    result["source"] = source
    result["sha256"], result["judged_by"] = graded.sha256, graded.judged_by


def _make_prose_inert(notebook):
    """Make what a student wrote besides code inert, for a person reads it in formgrader."""
    names = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in notebook.cells} - {None}
    ids = {name + end for name in names for end in ("", "-comment", "_extra_credit")}
    left = MAX_PROSE_CHARS
    for cell in notebook.cells:
        if cell.cell_type == "raw" and cell["id"].startswith(EXTRA_ID):
            cell.cell_type, cell.source = "markdown", inert_code(cell.source)
        elif is_written_prose(cell):
            attachments = inert_attachments(cell.pop("attachments", {}))
            left -= len(cell.source)
            is_laid_out = left >= 0
            cell.source = (
                inert_markdown(cell.source, attachments, ids)
                if is_laid_out
                else inert_code(cell.source)
            )
            if attachments and is_laid_out:
                cell.attachments = NotebookNode(attachments)


def is_written_prose(cell):
    """Whether a cell is Markdown that a student wrote: an answer, or a cell that was added."""
    return cell.cell_type == "markdown" and (is_solution(cell) or cell["id"].startswith(EXTRA_ID))


def replace_verdict(notebook, verdict):
    """Put a new verdict in the place of that of the same check, in place."""
    checks = notebook.metadata[RESULT]["checks"]
    names = [each["check"] for each in checks]
    checks[names.index(verdict.check)] = NotebookNode(asdict(verdict))
    show_verdicts(notebook, (verdict,))


def take_points_from(master, notebook):
    """Give every check and answer of a graded notebook the points that the master has now, in place.

    A verdict keeps whether a check passed; what that brings is the master's to say.

    Returns
    -------
    bool
        Whether anything has changed.
    """
    wanted = {
        cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader.points
        for cell in master.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
    }
    before = [dict(each) for each in verdicts_of(notebook)]
    for cell in notebook.cells:
        settings = cell.metadata.get("nbgrader", {})
        if settings.get("grade_id") in wanted and settings.get("grade"):
            settings["points"] = wanted[settings["grade_id"]]
    verdicts = [
        replace(
            verdict,
            points=float(wanted[verdict.check]) if verdict.has_passed else 0.0,
            max_points=float(wanted[verdict.check]),
        )
        for verdict in map(as_verdict, before)
        if verdict.check in wanted
    ]
    notebook.metadata[RESULT]["checks"] = [NotebookNode(asdict(each)) for each in verdicts]
    show_verdicts(notebook, verdicts)
    return [asdict(each) for each in verdicts] != before


def show_verdicts(notebook, verdicts):
    """Make each verdict the output of its check cell: text, and exactly one number of points."""
    by_name = {verdict.check: verdict for verdict in verdicts}
    for cell in filter(is_check, notebook.cells):
        verdict = by_name.get(cell.metadata.nbgrader.grade_id)
        if verdict is not None:
            points = min(max(verdict.points, 0.0), float(cell.metadata.nbgrader.points))
            cell.outputs = [
                new_output("stream", name="stdout", text=_text_of(verdict)),
                new_output("execute_result", data={"text/plain": repr(points)}, execution_count=1),
            ]


def _text_of(verdict):
    lines = [f"{verdict.outcome} {verdict.message}".strip()]
    if verdict.bonus is not None:
        lines.append(f"Bonus: {verdict.bonus:g}")
    if verdict.carried_on:
        lines.append("An earlier exercise had failed; its reference stood in for it here.")
    return "\n".join(lines) + "\n"
