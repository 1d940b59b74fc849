"""Rebuild a submission on our master, so that a damaged notebook still grades.

Stands before every other stage of grading. The master's cells in order are the skeleton: prose,
given cells and checks are its own, blanks and answers take what the student wrote, and cells that
the student added stay behind the cell that they followed. A student's cell finds its place by name,
by cell id and by likeness to the release or the solved form, weighed together, so that no single
one of them has to have survived.
"""

import ast
import builtins
import json
import re
import unicodedata
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from functools import cached_property
from html import escape
from pathlib import Path
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.build import build_release, build_solution, languages_of, read_notebook
from autograder.build.checksums import compute_checksums
from autograder.build.notebooks import is_check, is_code, is_solution, once_a_notebook
from autograder.errors import CourseError, GradingError
from autograder.grading.results import EXTRA_ID, REPAIRS, RESULT, UNREAD, course_of

EMPTY = "The notebook has no cells: nothing in it could be graded."
ANOTHER_LESSON = "This is the notebook of another lesson, {lesson}: nothing in it could be graded for {assignment}."
MAX_ATTACHMENTS = 50
"""Of a cell; more than these are left out."""
PLAIN_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
SHORTEST_COPY = 12
"""Characters: a shorter text may well be meant twice, such as `x = x + 1`."""
ABSENT = "# This cell was missing from the submission."
NAME_WEIGHT, ID_WEIGHT, EXACT, OTHER_TYPE = 0.6, 0.5, 2.0, 0.3
LIKE_ENOUGH = 0.5
MAX_TOKENS, MAX_COMPARED, MAX_PARSED = 600, 300, 200_000
TOKEN = re.compile(r"\w+|[^\w\s]")
CONTINUED = re.compile(r"\s|(else|elif|except|finally)\b")
FORM_LINE = re.compile(r"\s*#\s*(@(title|markdown)\b.*|NBVAL_\w+)?$")
FORM_FIELD = re.compile(r"#\s*@param\b.*$")
NEW_CELL = {"code": new_code_cell, "markdown": new_markdown_cell, "raw": new_raw_cell}
SETTINGS = ("points", "grade", "solution", "locked", "task")


@dataclass(frozen=True)
class Rebuilt:
    """A notebook to run, and what was repaired to get it: plain sentences, in reading order."""

    notebook: NotebookNode
    repairs: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """A cell of a submission, or a part of one that held several: what counts in it.

    `name` is its grade_id and `ids` its cell ids, Colab's among them; either may be lost or wrong.
    `outputs` are as they were handed in.
    """

    kind: str
    source: str
    name: str | None = None
    ids: frozenset[str] = frozenset()
    attachments: dict | None = None
    nbgrader: dict = field(default_factory=dict)
    outputs: tuple = ()

    @cached_property
    def key(self):
        """The lines that count."""
        return _key(self.source)

    @cached_property
    def tokens(self):
        """The first words and signs, by which it is compared."""
        return _tokens(self.source)


class Slot:
    """A cell of the skeleton, and the sources by which a student's copy of it is known.

    Parameters
    ----------
    cell : the cell as it comes out, for a blank or an answer until the student's is put in.
    stubs : sources of the cell in releases.
    forms : sources of the cell in releases, solutions and the master.
    """

    def __init__(self, cell, stubs, forms):
        self.cell, self.kind, self.id = cell, cell.cell_type, cell["id"]
        self.name = cell.metadata.get("nbgrader", {}).get("grade_id")
        self.is_written = is_solution(cell)
        self.stubs = {_key(source) for source in stubs}
        self.keys = {_key(source) for source in forms}
        self._matchers = [
            SequenceMatcher(None, (), _tokens(source), autojunk=False) for source in {*forms}
        ]

    @property
    def label(self):
        """What a sentence calls the cell."""
        lines = [line.strip() for line in self.cell.source.split("\n")]
        first = next((line for line in lines if line and not line.startswith("@")), "")
        return f"`{self.name or first[:50]}`"

    def is_stub(self, piece):
        """Whether a piece is what the release gave, nothing filled in."""
        return self.is_written and piece.key in self.stubs

    def claim(self, piece):
        """How much name and ids speak for a piece being this cell, 0 to 1.1."""
        has_name = self.name is not None and piece.name == self.name
        return NAME_WEIGHT * has_name + ID_WEIGHT * (self.id in piece.ids)

    def likeness(self, piece, floor):
        """The greatest ratio of equal tokens, 0 to 1; 0 where it is surely below the floor."""
        best = 0.0
        for matcher in self._matchers:
            matcher.set_seq1(piece.tokens)
            least = max(floor, best)
            if matcher.real_quick_ratio() > least and matcher.quick_ratio() > least:
                best = max(best, matcher.ratio())
        return best

    def score(self, piece, may_compare):
        """How well a piece fits here; None where nothing speaks for it."""
        claim = self.claim(piece)
        penalty = OTHER_TYPE * (piece.kind != self.kind)
        if piece.key in self.keys:
            return EXACT + claim - penalty
        likeness = self.likeness(piece, 0 if claim else LIKE_ENOUGH) if may_compare else 0.0
        if claim or likeness - penalty >= LIKE_ENOUGH:
            return claim + likeness - penalty
        return None


@dataclass
class Placement:
    """Where the pieces of a submission go.

    `chosen` maps a slot's number to the number of the piece that is its copy, `parts` to all pieces
    that make up a blank or an answer, in the student's order; `dropped` are copies of no use. `lost` maps
    given cells that were changed to a name that they read and that no cell defines any more.
    """

    chosen: dict[int, int]
    parts: dict[int, list[int]]
    dropped: set[int]
    lost: dict[int, str] = field(default_factory=dict)


def rebuild(master, submission, keep_outputs=False):
    """Rebuild a submission on the master.

    Parameters
    ----------
    master : NotebookNode, as in ``source/``: prose of all languages, solutions, hidden tests.
    submission : NotebookNode of format 3 or 4, whatever became of it; neither argument is changed.
    keep_outputs : whether code cells carry the outputs that they were handed in with, as they are:
        nothing about them can be trusted. A cell that was changed carries none where the lesson's
        stands for it.

    Returns
    -------
    Rebuilt
        Every given cell and every check of the master once and in order, with the student's blanks,
        answers and extra cells. Cell ids are the same whether outputs are kept or not.

    Raises
    ------
    BuildError
        If the master cannot be released. No submission raises.
    """
    read = _read_pieces(submission)
    forms = _forms_of(master)
    skeleton = deepcopy(forms.skeletons[_language_of(forms, read)])
    slots = [Slot(cell, *forms.sources[cell["id"]]) for cell in skeleton.cells]
    read, doubled = _undouble(read, slots)
    pieces, merged = _take_apart(read, slots)
    placement = _place(slots, pieces)
    placement.lost.update(_lost_names(slots, pieces, placement))
    cells = _assemble(slots, pieces, placement)
    if not keep_outputs:
        for cell in filter(is_code, cells):
            cell.outputs = []
    notebook = NotebookNode(cells=cells, metadata=skeleton.metadata, nbformat=4, nbformat_minor=5)
    repairs = (
        *_kernel_repairs(master, submission),
        *doubled,
        *merged,
        *_repairs(slots, pieces, placement),
    )
    return _told(notebook, repairs if read else (EMPTY,))


def blanks_left(master, submission):
    """How many blanks of the lesson a submission leaves as they were given out, or lacks."""
    forms = _forms_of(master)
    stubs = {name: {_key(source) for source in forms.sources[name][0]} for name in forms.sources}
    return sum(
        cell.source == ABSENT or _key(cell.source) in stubs[cell["id"]]
        for cell in rebuild(master, submission).notebook.cells
        if is_code(cell) and is_solution(cell) and cell["id"] in stubs
    )


def marks_of(notebook):
    """By what the cells of a notebook are known: names, ids and sources."""
    pieces = _read_pieces(notebook)
    return {mark for each in pieces for mark in (each.name, *each.ids, each.source.strip()) if mark}


def another_lesson(course, assignment, notebook):
    """A sentence where a notebook is surely that of another lesson of the course; None elsewhere.

    Parameters
    ----------
    course : Path.
    assignment : name of the one that it was handed in for.
    notebook : NotebookNode that was handed in, as the reader gives it.
    """
    marks = marks_of(notebook)
    known = {
        path.stem: len(marks & marks_of(read_notebook(path)))
        for path in sorted(Path(course).glob("source/*/*.ipynb"))
        if path.stem == path.parent.name
    }
    lesson = max(known, key=known.get, default=assignment)
    if lesson == assignment or known[lesson] <= 4 * known.get(assignment, 0):
        return None
    return ANOTHER_LESSON.format(lesson=lesson, assignment=assignment)


def _told(notebook, repairs):
    """A rebuilt notebook that keeps its repairs in its metadata."""
    if repairs:
        notebook.metadata[RESULT] = NotebookNode({REPAIRS: list(repairs)})
    return Rebuilt(notebook, tuple(repairs))


def _told_by_the_reader(notebook):
    """The repairs that a notebook already keeps, by `TolerantExporter`, and why it could not be read, or None."""
    result = notebook.metadata.get(RESULT)
    result = result if isinstance(result, dict) else {}
    repairs, reason = result.get(REPAIRS), result.get(UNREAD)
    repairs = [s for s in repairs if isinstance(s, str)] if isinstance(repairs, list) else []
    return repairs, reason if isinstance(reason, str) else None


class RebuildSubmission(NbGraderPreprocessor):
    """`rebuild` behind nbconvert's interface: the master is the course's, repairs are logged."""

    def preprocess(self, nb, resources):
        """Rebuild one submission; it stays as it is where the course has no master for it."""
        names = resources["nbgrader"]
        folder = Path(course_of(self)) / "source" / names["assignment"]
        try:
            master = read_notebook(folder / f"{names['notebook']}.ipynb", GradingError)
            told, reason = _told_by_the_reader(nb)
            reason = reason or another_lesson(course_of(self), names["assignment"], nb)
            rebuilt = rebuild(master, NotebookNode(nb, cells=[]) if reason else nb)
        except CourseError as problem:
            self.log.warning("The submission is not rebuilt: %s", problem)
            return nb, resources
        if reason:
            self.log.warning(
                "Not graded: %s, %s: %s", names["student"], names["assignment"], reason
            )
            rebuilt.notebook.metadata[RESULT] = NotebookNode({UNREAD: reason})
            return rebuilt.notebook, resources
        for sentence in (*told, *rebuilt.repairs):
            self.log.warning(
                "Repaired: %s, %s: %s", names["student"], names["assignment"], sentence
            )
        return _told(rebuilt.notebook, [*told, *rebuilt.repairs]).notebook, resources


# --- Reading what was handed in ------------------------------------------------------------------


def _key(source):
    """Lines that count, without layout at their ends and what Colab or nbval put there."""
    lines = (FORM_FIELD.sub("", line).rstrip() for line in source.split("\n"))
    return "\n".join(line for line in lines if line and not FORM_LINE.match(line))


def _tokens(source):
    return TOKEN.findall(source[: 20 * MAX_TOKENS])[:MAX_TOKENS]


def _text(value):
    """Text of a field that should be text, or a list of lines, and may be anything."""
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def _cells_of(submission):
    cells = submission.get("cells")
    if cells is None and "worksheets" in submission:
        try:
            cells = nbformat.convert(_without_outputs(submission), 4).cells
        except Exception:  # a damaged file of an old format makes the converter raise anything
            return []
    return cells if isinstance(cells, list) else []


def _without_outputs(submission):
    """A notebook of format 3 without its outputs."""
    sheets = [
        NotebookNode(sheet, cells=[NotebookNode(cell, outputs=[]) for cell in sheet["cells"]])
        for sheet in submission["worksheets"]
    ]
    return NotebookNode(submission, worksheets=sheets)


def _read_pieces(submission):
    return [_read_piece(cell) for cell in _cells_of(submission) if isinstance(cell, dict)]


def _read_piece(cell):
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    nbgrader = nbgrader if isinstance(nbgrader, dict) else {}
    name = nbgrader.get("grade_id")
    kind, attachments, outputs = (cell.get(key) for key in ("cell_type", "attachments", "outputs"))
    outputs = outputs if isinstance(outputs, list) else []
    return Piece(
        kind=kind if kind in NEW_CELL else "raw",
        source=_text(cell.get("source")),
        name=name if isinstance(name, str) else None,
        ids=frozenset(i for i in (cell.get("id"), metadata.get("id")) if isinstance(i, str)),
        attachments=attachments if isinstance(attachments, dict) else None,
        nbgrader=nbgrader,
        outputs=tuple(output for output in outputs if isinstance(output, dict)),
    )


@dataclass(frozen=True)
class Forms:
    """What a master gives for every submission of a class.

    `words` counts those of the prose, and `skeletons` are releases whose checks have their hidden tests and
    checksums that fit them, both by language; `sources` by cell id are those of a cell in releases, and in
    releases, solutions and the master.
    """

    words: dict[str, Counter]
    skeletons: dict[str, NotebookNode]
    sources: dict[str, tuple[list[str], list[str]]]


@once_a_notebook
def _forms_of(master):
    releases = {language: build_release(master, language) for language in languages_of(master)}
    solutions = [build_solution(master, language) for language in languages_of(master)]
    words = {
        language: Counter(w for c in notebook.cells if not is_code(c) for w in _tokens(c.source))
        for language, notebook in releases.items()
    }
    sources = {cell["id"]: ([], []) for cell in master.cells}
    for notebook in (*releases.values(), *solutions, master):
        for cell in notebook.cells:
            sources[cell["id"]][1].append(cell.source)
    for notebook in releases.values():
        for cell in notebook.cells:
            sources[cell["id"]][0].append(cell.source)
    full = {cell["id"]: cell for cell in master.cells}
    for cell in (cell for notebook in releases.values() for cell in notebook.cells):
        if is_check(cell):
            cell.source = full[cell["id"]].source
    skeletons = {language: compute_checksums(notebook) for language, notebook in releases.items()}
    return Forms(words, skeletons, sources)


def _language_of(forms, pieces):
    """The language whose prose shares most words with the student's; the first of equals."""
    words = Counter(w for p in pieces if p.kind == "markdown" for w in p.tokens)
    return max(forms.words, key=lambda language: (words & forms.words[language]).total())


# --- Undoing doubled text ------------------------------------------------------------------------


def _undouble(pieces, slots):
    """Keep one copy of a text that stands twice in a row in a cell of the lesson, as an editor leaves it.

    Returns
    -------
    pieces : list of Piece.
    repairs : tuple of str.
    """
    known = {key for slot in slots for key in slot.keys}
    names = {slot.name for slot in slots if slot.name}, {slot.id for slot in slots}
    result, repairs = [], []
    for piece in pieces:
        half = _half(piece.source)
        is_ours = piece.name in names[0] or piece.ids & names[1] or (half and _key(half) in known)
        if half is None or not is_ours or piece.key in known:
            result.append(piece)
            continue
        result.append(replace(piece, source=half))
        label = piece.name or half.strip().split("\n")[0][:50]
        repairs.append(f"`{label}` held its text twice in a row: one copy is kept.")
    return result, tuple(repairs)


def _half(source):
    """The text that stands twice in a row, with nothing else but empty lines between or around; None elsewhere."""
    text = source.strip("\r\n")
    first, second = (
        half.strip("\r\n") for half in (text[: len(text) // 2], text[len(text) // 2 :])
    )
    return first if first == second and len(first) >= SHORTEST_COPY else None


# --- Taking merged cells apart -------------------------------------------------------------------


def _take_apart(pieces, slots):
    """Cut cells of the lesson that are given nowhere else out of the cells that swallowed them.

    Returns
    -------
    pieces : list of Piece.
    repairs : tuple of str.
    """
    known = {key for slot in slots for key in slot.keys}
    present = {piece.key for piece in pieces}
    sought = [
        key
        for slot in slots
        if slot.kind == "code" and not slot.is_written and not slot.keys & present
        for key in slot.keys
    ]
    result, count = [], 0
    for piece in pieces:
        is_whole = piece.kind != "code" or piece.key in known
        parts = [piece] if is_whole else _cut(piece, sought)
        count += len(parts) > 1
        result.extend(parts)
    sentence = f"Cells that held several cells of the lesson were taken apart: {count}."
    return result, (sentence,) if count else ()


def _cut(piece, sought):
    """A piece in parts, those that are cells of the lesson by themselves."""
    sources = [piece.source]
    for key in sought:
        if key and key in piece.key:
            sources = [part for source in sources for part in _cut_out(source, key.split("\n"))]
    if len(sources) == 1:
        return [piece]
    bare = replace(piece, name=None, ids=frozenset(), nbgrader={}, outputs=())
    parts = [replace(bare, source=source) for source in sources]
    parts[-1] = replace(parts[-1], outputs=piece.outputs)
    rest = [n for n, part in enumerate(parts) if part.key not in sought]
    if len(rest) == 1:
        place = rest[0]
        parts[place] = replace(piece, source=parts[place].source, outputs=parts[place].outputs)
    return parts


def _cut_out(source, block):
    """A source before, in and after the first place where a block of lines stands by itself."""
    lines = source.split("\n")
    keys = [_key(line) for line in lines]
    numbers = [n for n, key in enumerate(keys) if key]
    for first in range(len(numbers) - len(block) + 1):
        last = first + len(block)
        if [keys[n] for n in numbers[first:last]] != block:
            continue
        before, after = numbers[:first], numbers[last:]
        if after and CONTINUED.match(lines[after[0]]) or before and lines[before[-1]][0] == "@":
            continue
        start, end = numbers[first], after[0] if after else len(lines)
        stop = before[-1] + 1 if before else 0
        parts = ("\n".join(lines[i:j]) for i, j in ((0, stop), (start, end), (end, len(lines))))
        return [part.strip("\n") for part in parts if part.strip()]
    return [source]


# --- Matching ------------------------------------------------------------------------------------


def _place(slots, pieces):
    scores = _scores(slots, pieces)
    chosen, of_piece = {}, {}
    for number, place in sorted(scores, key=lambda pair: (-scores[pair], pair)):
        if number not in of_piece and place not in chosen:
            of_piece[number], chosen[place] = place, number
    parts = {place: [n] for place, n in chosen.items() if slots[place].is_written}
    dropped = set()
    for number, piece in enumerate(pieces):
        if number not in of_piece:
            _place_leftover(slots, pieces, number, scores, parts, dropped)
        elif slots[of_piece[number]].is_stub(piece):
            dropped.add(number)
    _fill_gaps(slots, pieces, Placement(chosen, parts, dropped))
    for place, numbers in parts.items():
        parts[place] = sorted(n for n in numbers if n not in dropped)
    return Placement(chosen, parts, dropped)


def _scores(slots, pieces):
    """Score by (piece, slot), for the pairs that may belong together."""
    known = {key for slot in slots for key in slot.keys}
    names = {slot.name for slot in slots}, {slot.id for slot in slots}
    scores, compared = {}, 0
    for number, piece in enumerate(pieces):
        is_known = piece.key in known
        is_claimed = piece.name in names[0] or piece.ids & names[1]
        compared += not is_known
        may_compare = not is_known and compared <= MAX_COMPARED and bool(piece.key)
        if not (is_known or is_claimed or may_compare):
            continue
        for place, slot in enumerate(slots):
            if (score := slot.score(piece, may_compare)) is not None:
                scores[number, place] = score
    return scores


def _place_leftover(slots, pieces, number, scores, parts, dropped):
    """Put a piece whose best place is taken: a duplicate, or a part of a cell that was split."""
    places = [place for place in range(len(slots)) if (number, place) in scores]
    if not places:
        return
    place = max(places, key=lambda place: scores[number, place])
    slot, piece = slots[place], pieces[number]
    if slot.is_written:
        has_only_stub = all(slot.is_stub(pieces[n]) for n in parts.get(place, ()))
        if slot.is_stub(piece):
            dropped.add(number)
        elif slot.claim(piece) or has_only_stub:
            parts.setdefault(place, []).append(number)
    elif piece.key in slot.keys and (slot.kind == "markdown" or is_check(slot.cell)):
        dropped.add(number)


def _fill_gaps(slots, pieces, placement):
    """Give a blank or an answer that nobody matched what stands between its neighbours."""
    taken = {*placement.chosen.values(), *placement.dropped, *sum(placement.parts.values(), [])}
    for place, slot in enumerate(slots):
        found = [n for n in placement.parts.get(place, ()) if n not in placement.dropped]
        if not slot.is_written or found or (slot.kind == "code" and place in placement.chosen):
            continue
        above = [n for p, n in placement.chosen.items() if p < place]
        below = [n for p, n in placement.chosen.items() if p > place]
        start = placement.chosen[max(p for p in placement.chosen if p < place)] if above else -1
        end = (
            placement.chosen[min(p for p in placement.chosen if p > place)]
            if below
            else len(pieces)
        )
        kinds = ("code",) if slot.kind == "code" else ("markdown", "raw")
        between = [
            n
            for n in range(start + 1, end)
            if n not in taken and pieces[n].kind in kinds and pieces[n].key
        ]
        taken.update(between)
        if between:
            placement.parts.setdefault(place, []).extend(between)


# --- Putting together ----------------------------------------------------------------------------


def _assemble(slots, pieces, placement):
    extras = _extras(pieces, placement)
    names = {slot.id for slot in slots}
    fresh = (name for n in range(1, 10**9) if (name := f"{EXTRA_ID}{n}") not in names)
    cells = [_extra_cell(pieces[n], next(fresh)) for n in extras.get(-1, ())]
    for place, slot in enumerate(slots):
        before = [
            _extra_cell(piece, next(fresh)) for piece in _first(slots, pieces, placement, place)
        ]
        after = [_extra_cell(pieces[n], next(fresh)) for n in extras.get(place, ())]
        cells += [*before, _final_cell(slot, pieces, placement, place), *after]
    return cells


def _extras(pieces, placement):
    """Numbers of extra cells by the number of the slot that they follow, -1 at the top."""
    of_piece = {number: place for place, number in placement.chosen.items()}
    used = {*of_piece, *placement.dropped, *sum(placement.parts.values(), [])}
    extras, anchor = {}, -1
    for number in range(len(pieces)):
        if number in of_piece:
            anchor = of_piece[number]
        elif number not in used:
            extras.setdefault(anchor, []).append(number)
    return extras


def _first(slots, pieces, placement, place):
    """Pieces that run before a cell: parts of a blank but the last, a changed given cell."""
    slot, number = slots[place], placement.chosen.get(place)
    if slot.is_written:
        return (
            [pieces[n] for n in placement.parts.get(place, [])[:-1]] if slot.kind == "code" else []
        )
    is_changed = number is not None and _is_changed(slot, pieces[number])
    return [pieces[number]] if is_changed and place not in placement.lost else []


def _is_changed(slot, piece):
    return piece.key not in slot.keys and bool(piece.key)


def _final_cell(slot, pieces, placement, place):
    cell, number = slot.cell, placement.chosen.get(place)
    if number is not None and (slot.is_written or not _is_changed(slot, pieces[number])):
        _put_outputs(cell, pieces[number])
    if place in placement.lost:
        cell.source = pieces[number].source
    if not slot.is_written:
        return cell
    parts = [pieces[n] for n in placement.parts.get(place, ())]
    if not parts:
        if number is None and slot.kind == "code":
            cell.source = ABSENT
        return cell
    if slot.kind == "code":
        cell.source = parts[-1].source
        _put_outputs(cell, parts[-1])
        return cell
    _put_prose(cell, parts)
    return cell


def _put_prose(cell, parts):
    """Fill a cell with the text of pieces and their attachments.

    Attachments get plain names, `picture-1.png`: a name with spaces or Hangul is spelled in one way in the
    text and in another one beside it, and nbgrader's pages cannot show it.
    """
    sources, attachments = [], {}
    for source, held in dict.fromkeys((part.source, _frozen(part.attachments)) for part in parts):
        plain = {}
        for name, bundle in list(json.loads(held).items())[:MAX_ATTACHMENTS]:
            ending = PLAIN_ENDING.search(name)
            plain[name] = f"picture-{len(attachments) + 1}{ending[0].lower() if ending else ''}"
            attachments[plain[name]] = bundle
        sources.append(_renamed(source, plain))
    cell.source = "\n\n".join(sources)
    if attachments:
        cell.attachments = NotebookNode(attachments)


def _frozen(attachments):
    return json.dumps(attachments or {})


def _renamed(source, plain):
    """A text whose links to attachments bear plain names, however they spelled the old ones."""
    spellings = {
        spelling.lower(): new
        for old, new in plain.items()
        for name in {old, *(unicodedata.normalize(form, old) for form in ("NFC", "NFD"))}
        for spelling in {name, escape(name), name.replace(" ", "%20")}
        | {quote(name, safe=safe, errors="replace") for safe in ("", "/", "!'()*~")}
    }
    if not spellings:
        return source
    names = "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
    link = re.compile(f"<attachment:({names})>|attachment:({names})", re.IGNORECASE)
    return link.sub(lambda found: f"attachment:{spellings[(found[1] or found[2]).lower()]}", source)


def _put_outputs(cell, piece):
    if is_code(cell):
        cell.outputs = [NotebookNode(output) for output in piece.outputs]


def _lost_names(slots, pieces, placement):
    """For each given cell that was changed and reads a name that nobody defines any more: that name.

    Whoever renames a function that he wrote has to rename it in the given cells that call it.
    """
    given = {
        place: slot
        for place, slot in enumerate(slots)
        if is_code(slot.cell) and not slot.is_written and not is_check(slot.cell)
    }
    changed = [
        place
        for place, slot in given.items()
        if (number := placement.chosen.get(place)) is not None
        and pieces[number].kind == "code"
        and _is_changed(slot, pieces[number])
    ]
    written = [piece.source for piece in pieces if piece.kind == "code"]
    if not changed or sum(map(len, written)) > MAX_PARSED:
        return
    sources = (*(slot.cell.source for slot in given.values()), *written)
    defined = set(dir(builtins)).union(*(_names_of(source)[0] for source in sources))
    for place in changed:
        if lost := sorted(_names_of(given[place].cell.source)[1] - defined):
            yield place, lost[0]


def _names_of(source):
    """Names that code binds anywhere, and names that it reads; what is no plain Python may bind any of its words."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"\w+", source)), set()
    names = [node for node in nodes if isinstance(node, ast.Name)]
    read = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
    return bound, read


def _extra_cell(piece, name):
    cell = NEW_CELL[piece.kind](piece.source, id=name)
    _put_outputs(cell, piece)
    if piece.kind == "markdown":
        _put_prose(cell, [piece])
    return cell


# --- Telling what was done -----------------------------------------------------------------------


def _kernel_repairs(master, submission):
    metadata = submission.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = spec.get("name") if isinstance(spec, dict) else None
    wanted = master.metadata.get("kernelspec", {}).get("name")
    if name is not None and name != wanted:
        yield "The notebook named another kernel than the lesson's: it runs on the lesson's."


def _repairs(slots, pieces, placement):
    nameless = 0
    for place, slot in enumerate(slots):
        number = placement.chosen.get(place)
        yield from _cell_repairs(slot, pieces, placement, place)
        nameless += (
            number is not None and slot.name is not None and pieces[number].name != slot.name
        )
    if nameless:
        yield f"Cells that had lost their name and were recognised all the same: {nameless}."
    if copies := placement.dropped - {*placement.chosen.values()}:
        yield f"Copies of cells of the lesson that nobody wrote in were left out: {len(copies)}."
    order = [placement.chosen[p] for p in sorted(placement.chosen) if slots[p].kind == "code"]
    if order != sorted(order):
        yield "Cells stood in another order than in the lesson: they run in the lesson's."


def _cell_repairs(slot, pieces, placement, place):
    number = placement.chosen.get(place)
    parts = placement.parts.get(place, [])
    if number is None and slot.kind == "markdown" and not slot.is_written:
        return  # prose runs nothing
    if len(parts) > 1 and slot.kind == "code":
        yield f"{slot.label} stood in {len(parts)} cells: all run in order, the last is the answer."
    if number is None:
        yield _absence(slot, parts)
        return
    piece = pieces[number]
    if not slot.is_written and slot.kind == "code":
        if lost := placement.lost.get(place):
            name = f"`{lost}`"
            yield f"{slot.label} was changed, and {name} is defined nowhere now: the changed cell runs in its place."
        elif _is_changed(slot, piece):
            yield f"{slot.label} was changed: the changed cell runs first, then the original."
        elif not piece.key:
            yield f"{slot.label} was emptied: it is the lesson's again."
    if piece.kind != slot.kind:
        yield f"{slot.label} was no {slot.kind} cell any more: it is one again."
    wanted = slot.cell.metadata.get("nbgrader", {})
    if piece.name == slot.name is not None and any(
        piece.nbgrader.get(setting) != wanted.get(setting) for setting in SETTINGS
    ):
        yield f"The settings of {slot.label} were changed: they are the lesson's again."


def _absence(slot, parts):
    if parts:
        return f"{slot.label} was missing: what stood in its place is taken for it."
    if slot.is_written:
        return f"{slot.label} was missing, with nothing in its place."
    return f"{slot.label} was missing: it is the lesson's again."
