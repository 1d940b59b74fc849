"""Directives of the lesson (``blank``, ``check``, ``answer``...) become nbgrader metadata.

Stands first among the stages: all others look at ``metadata.nbgrader`` and at our own key, never at
the directives. Everything that can be wrong with a directive is found here.
"""

import re
from copy import deepcopy

from nbformat import NotebookNode

from autograder.build.faults import Faults
from autograder.build.notebooks import OURS, Cell, Notebook, is_code, lesson_error

LANGUAGES = ("en", "ko")
SCHEME = "<!-- marking scheme -->"
FLAGS = {"nbval": (True, False), "data": (True,)}
CODE_KEYS = {"blank", "mask", "check", "points", "nbval", "data"}
MARKDOWN_KEYS = {"answer", "points", "lang", "of"}
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 50
NBGRADER_SCHEMA = 3


def scheme_line(source: str) -> int | None:
    """Return the number of the line that begins the marking scheme, from 0; None without one."""
    lines = [line.strip() for line in source.split("\n")]
    return lines.index(SCHEME) if SCHEME in lines else None


def expand_directives(notebook: Notebook) -> Notebook:
    """Replace the directives of every cell by nbgrader metadata and our own.

    Returns
    -------
    Notebook
        Cells carry ``metadata.nbgrader`` (schema version 3: check, blank and answer cells) and
        ``metadata.course`` (``mask`` list of tokens, ``lang``, ``of``, ``nbval``, ``data``), nothing else.

    Raises
    ------
    BuildError
        On an unknown key or value, a missing or senseless number of points, a name used twice, a
        blank without its check, an answer without a marking scheme.
    """
    result = deepcopy(notebook)
    blanks_seen: dict[str, int] = {}
    faults = Faults()
    for cell in result.cells:
        directives = dict(cell.metadata)
        cell.metadata = NotebookNode()
        with faults.caught():
            _reject_unknown(result, cell, directives)
            cell.metadata = NotebookNode(_our_metadata(result, cell, directives))
            nbgrader = _nbgrader_metadata(result, cell, directives, blanks_seen)
            if nbgrader:
                cell.metadata["nbgrader"] = NotebookNode(nbgrader)
    with faults.caught():
        _reject_shared_names(result)
    if not faults.sentences:  # else a name that is missing there would be missed here
        with faults.caught():
            _reject_blanks_without_check(result)
    faults.told(result)
    return result


def _reject_unknown(notebook: Notebook, cell: Cell, directives: dict) -> None:
    known = {"code": CODE_KEYS, "markdown": MARKDOWN_KEYS}.get(cell.cell_type)
    if known is None:
        raise lesson_error(
            notebook, cell, f"{cell.cell_type} cells are not used", "make it code or markdown"
        )
    for key in directives:
        if key not in known:
            raise lesson_error(
                notebook,
                cell,
                f"unknown directive {key!r} on a {cell.cell_type} cell",
                f"use one of {', '.join(sorted(known))}",
            )
    kinds = [key for key in ("blank", "check", "answer", "data") if key in directives]
    if len(kinds) > 1:
        raise lesson_error(
            notebook, cell, f"it is {' and '.join(kinds)} at once", "split it into two cells"
        )
    owners_of = {"mask": ("blank",), "points": ("check", "answer"), "of": ("lang", "answer")}
    for key, owners in owners_of.items():
        if key in directives and not set(owners) & set(directives):
            raise lesson_error(
                notebook, cell, f"{key!r} without {' or '.join(owners)}", "add it, or drop the key"
            )


def _our_metadata(notebook: Notebook, cell: Cell, directives: dict) -> dict:
    own: dict = {}
    for flag, values in FLAGS.items():
        if flag in directives:
            if not any(directives[flag] is value for value in values):
                ways = " or ".join(f"{flag}={str(value).lower()}" for value in values)
                raise lesson_error(notebook, cell, f"{flag}={directives[flag]!r}", f"write {ways}")
            own[flag] = directives[flag]
    if "mask" in directives:
        tokens = directives["mask"]
        if not isinstance(tokens, str) or not tokens.split():
            raise lesson_error(
                notebook, cell, f"mask={tokens!r} lists no token", 'write mask="name other@2"'
            )
        own["mask"] = tokens.split()
    if "lang" in directives:
        if directives["lang"] not in LANGUAGES:
            raise lesson_error(
                notebook,
                cell,
                f"unknown language {directives['lang']!r}",
                f"use one of {', '.join(LANGUAGES)}",
            )
        own["lang"] = directives["lang"]
    if "of" in directives:
        own["of"] = str(directives["of"])
    return {OURS: own} if own else {}


def _nbgrader_metadata(
    notebook: Notebook, cell: Cell, directives: dict, blanks_seen: dict[str, int]
) -> dict | None:
    if "blank" in directives:
        name = _valid_name(notebook, cell, directives["blank"])
        blanks_seen[name] = count = blanks_seen.get(name, 0) + 1
        grade_id = f"blank-{name}" if count == 1 else f"blank-{name}-{count}"
        return _schema(grade_id, solution=True)
    if "check" in directives:
        name = _valid_name(notebook, cell, directives["check"])
        return _schema(name, grade=True, points=_points(notebook, cell, directives, name))
    if "answer" in directives:
        name = _valid_name(notebook, cell, directives["answer"])
        if directives.get("lang"):
            raise lesson_error(
                notebook, name, "an answer is one cell in all languages", "drop lang"
            )
        if scheme_line(cell.source) is None:
            raise lesson_error(notebook, name, "no marking scheme", f"put it below a line {SCHEME}")
        points = _points(notebook, cell, directives, name)
        return _schema(name, grade=True, solution=True, points=points)
    return None


def _schema(
    grade_id: str, grade: bool = False, solution: bool = False, points: float | None = None
) -> dict:
    metadata = {
        "grade": grade,
        "grade_id": grade_id,
        "locked": grade and not solution,
        "schema_version": NBGRADER_SCHEMA,
        "solution": solution,
        "task": False,
    }
    return metadata if points is None else metadata | {"points": points}


def _valid_name(notebook: Notebook, cell: Cell, name: object) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise lesson_error(
            notebook,
            cell,
            f"{name!r} is no name",
            f"use small letters, digits and hyphens, at most {LONGEST_NAME}",
        )
    return name


def _points(notebook: Notebook, cell: Cell, directives: dict, name: str) -> float:
    points = directives.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
        raise lesson_error(
            notebook, name, f"no number of points (points={points!r})", "write points=3, say"
        )
    return points


def _reject_shared_names(notebook: Notebook) -> None:
    seen = set()
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id in seen:
            raise lesson_error(notebook, grade_id, "two cells have this name", "rename one of them")
        if grade_id:
            seen.add(grade_id)


def _reject_blanks_without_check(notebook: Notebook) -> None:
    """Hold each blank against the next check, which ends its exercise and must bear its name."""
    open_blanks: list[str] = []
    for cell in filter(is_code, notebook.cells):
        nbgrader = cell.metadata.get("nbgrader", {})
        if nbgrader.get("solution"):
            open_blanks.append(nbgrader["grade_id"])
        elif nbgrader.get("grade"):
            name = nbgrader["grade_id"]
            for blank in open_blanks:
                if not re.fullmatch(rf"blank-{re.escape(name)}(-\d+)?", blank):
                    raise lesson_error(
                        notebook,
                        blank,
                        f"the next check after this blank is {name}",
                        "give both one name",
                    )
            open_blanks = []
    if open_blanks:
        raise lesson_error(
            notebook, open_blanks[0], "no check follows this blank", "add a check of its name"
        )
