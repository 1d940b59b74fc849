"""Read what was handed in, whatever it is: find the notebook, and read it without raising.

Stands before rebuilding. A file that no notebook can be made of is read as an empty one, with one
sentence that says so, and links are never followed, for they could lead to an instructor's files.

Memory: a file above `MAX_FILE_BYTES` is not read. Of a smaller one the bytes are held once and walked
over token by token; outputs are cut out of them before any JSON is parsed, and what is left is parsed
only if it has at most `MAX_PARSED_BYTES`, `MAX_NODES` values and `MAX_DEPTH` levels. A value costs at
most about 240 bytes, so parsing adds at most about 0.3 GB to the bytes, and reading in another coding
than UTF-8 twice the bytes once more.
"""

import codecs
import json
import math
import os
import re
import stat
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count, islice
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_output

from autograder.grading.results import RESULT

MAX_FILE_BYTES = 200_000_000
MAX_PARSED_BYTES, MAX_NODES, MAX_TOKENS, MAX_DEPTH = 64_000_000, 1_000_000, 20_000_000, 60
MAX_CELL_OUTPUT_BYTES, MAX_OUTPUT_BYTES = 8_000_000, 32_000_000
"""Bytes of outputs that are kept where they are asked for: of one cell and of a notebook."""
MAX_CELLS, MAX_CANDIDATES, MAX_ENTRIES = 5_000, 20, 2_000

REPAIRS = "repairs"
"""Where a notebook that is being graded keeps its repairs: under our key in its metadata."""

NO_NOTEBOOK = "The file {name} is no notebook ({reason}): nothing in it could be graded."
NOTHING_FOUND = "No notebook was handed in: nothing could be graded."
REPLACED = "The file {name} is not UTF-8 text: characters that could not be read were replaced."
CUT_OUTPUTS = b'[{"output_type": "stream", "name": "stdout", "text": "... (cut)"}]'
NOTEBOOK_NAME = re.compile(r"\.ipynb(\.(txt|json))?$", re.IGNORECASE)

TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]|[^"\[\]{}]++|"', re.DOTALL)
OPENING, CLOSING, QUOTE = {b"[", b"{"}, {b"]", b"}"}, ord('"')
KINDS = ("code", "markdown", "raw")
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
OLD_KINDS = {"html": "markdown", "text": "markdown"}


@dataclass(frozen=True)
class Reading:
    """What a file holds: a notebook of format 4, what was repaired, and whether it could be read.

    Outputs are as they were handed in, where they were asked for: nothing about them can be trusted.
    """

    notebook: NotebookNode
    repairs: tuple[str, ...]
    is_readable: bool


@dataclass(frozen=True)
class Found:
    """The file to grade, or None, and what there is to say about the choice."""

    path: Path | None
    repairs: tuple[str, ...]


class Unreadable(Exception):  # noqa: N818  never leaves this module
    """A file is no notebook; ``str()`` is the reason, as it stands in brackets in a sentence."""


def read_submission(path, keep_outputs=False):
    """Read a file that a student handed in.

    Parameters
    ----------
    path : of anything: a file, a folder, a link, or nothing at all.
    keep_outputs : whether code cells keep their outputs, those of a cell above
        `MAX_CELL_OUTPUT_BYTES` and those beyond `MAX_OUTPUT_BYTES` excepted.

    Returns
    -------
    Reading
        Never raises for what a file holds. A file that cannot be read gives a notebook without cells.
    """
    path, repairs = Path(path), []
    name = _plain(path.name)
    try:
        content, is_exact = _as_utf8(_read_bytes(path))
        notebook = _notebook_of(_parse(_without_outputs(content, keep_outputs)))
    except Unreadable as problem:
        sentence = NO_NOTEBOOK.format(name=name, reason=problem)
        return Reading(_new_notebook([], {}), (sentence,), False)
    if not is_exact:
        repairs.append(REPLACED.format(name=name))
    return Reading(notebook, tuple(repairs), True)


# --- Bytes ---------------------------------------------------------------------------------------


def _read_bytes(path):
    """The content of a regular file, no link on the last two steps of the way to it."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(path.name, flags, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(descriptor, "rb") as file:
            return _content_of(file)
    except OSError:
        reason = "a link" if path.is_symlink() or path.parent.is_symlink() else "it cannot be read"
        raise Unreadable(reason) from None


def _content_of(file):
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("a folder" if stat.S_ISDIR(status.st_mode) else "not a plain file")
    content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise Unreadable(f"more than {MAX_FILE_BYTES // 1_000_000} MB")
    if not content.strip():
        raise Unreadable("empty")
    return content


def _as_utf8(content):
    """Content as UTF-8, and whether every character of it could be read."""
    coding = json.detect_encoding(content)
    if coding == "utf-8":
        return content, _is_utf8(content)
    text = content.decode(coding, "replace")
    return text.encode("utf-8", "replace"), "\ufffd" not in text


def _is_utf8(content):
    step, decoder = 1 << 20, codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(content), step):
            decoder.decode(content[start : start + step])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


# --- JSON ----------------------------------------------------------------------------------------


def _without_outputs(content, keep_outputs):
    """JSON with the outputs of cells cut out, or those that are too large."""
    parts, copied, bytes_left, nodes_left = [], 0, MAX_OUTPUT_BYTES, MAX_NODES
    for start, end, nodes in _output_lists(content):
        size = end - start
        is_small = size <= min(MAX_CELL_OUTPUT_BYTES, bytes_left) and nodes <= nodes_left
        if keep_outputs and is_small:
            bytes_left, nodes_left = bytes_left - size, nodes_left - nodes
        else:
            parts += [content[copied:start], CUT_OUTPUTS if keep_outputs else b"[]"]
            copied = end
    if sum(map(len, parts)) + len(content) - copied > MAX_PARSED_BYTES:
        raise Unreadable(f"more than {MAX_PARSED_BYTES // 1_000_000} MB besides its outputs")
    return b"".join([*parts, content[copied:]]) if parts else content


def _output_lists(content):
    """Where the lists stand that are values of a key "outputs": start, end, and values inside.

    Walks over strings, brackets and what lies between them; such a key has no other use in a notebook.
    """
    depth, nodes, last, start = 0, 0, None, None
    for number, match in enumerate(TOKEN.finditer(content)):
        token = match[0] if match.end() - match.start() < 16 else b""
        if token in OPENING:
            depth, nodes = depth + 1, nodes + 1
            if start is None and token == b"[" and last == b'"outputs":':
                start, floor, outside = match.start(), depth, nodes
        elif token in CLOSING:
            depth -= 1
            if start is not None and depth < floor:
                yield start, match.end(), nodes - outside
                start, nodes = None, outside
        elif token == b'"':
            raise Unreadable("not JSON")
        elif content[match.start()] == QUOTE:
            nodes += 1
        else:
            nodes += match[0].count(b",")
            last = last + token.strip() if last and token else None
            continue
        last = token
        if depth > MAX_DEPTH or number > MAX_TOKENS or (start is None and nodes > MAX_NODES):
            raise Unreadable("nested or divided as no notebook is")


def _parse(content):
    """The value of JSON without NaN, infinities, huge numbers and lone surrogates."""
    try:
        return json.loads(
            content.decode("utf-8-sig", "replace"),
            strict=False,
            parse_constant=lambda _: None,
            parse_int=lambda text: int(text) if len(text) < 20 else None,
            parse_float=lambda text: value if math.isfinite(value := float(text)) else None,
        )
    except (ValueError, RecursionError):
        raise Unreadable("not JSON") from None


# --- The notebook --------------------------------------------------------------------------------


def _notebook_of(value):
    """A notebook of format 4 from JSON of format 2, 3 or 4, cell by cell."""
    if not isinstance(value, dict):
        raise Unreadable("JSON, but not of a notebook")
    cells = value.get("cells")
    if not isinstance(cells, list):
        sheets = value.get("worksheets")
        if not isinstance(sheets, list):
            raise Unreadable("JSON, but not of a notebook")
        cells = [cell for sheet in sheets for cell in _list(_dict(sheet).get("cells"))]
    cells = [cell for cell in cells if isinstance(cell, dict)][:MAX_CELLS]
    metadata = value.get("metadata")
    return _new_notebook(_named([_cell(cell) for cell in cells]), _dict(metadata))


def _new_notebook(cells, metadata):
    """A notebook that is valid; of its own metadata only the kernel is of use."""
    kernel = _dict(metadata.get("kernelspec"))
    kernel = {
        key: kernel[key] for key in ("name", "display_name") if isinstance(kernel.get(key), str)
    }
    kept = {"kernelspec": {"name": "", "display_name": ""} | kernel} if kernel else {}
    return _tidy({"cells": cells, "metadata": kept, "nbformat": 4, "nbformat_minor": 5})


def _cell(old):
    """A valid cell; a heading of an old format is Markdown."""
    kind = old.get("cell_type")
    level = old.get("level") if kind == "heading" else None
    kind = OLD_KINDS.get(kind, kind) if isinstance(kind, str) else "raw"
    kind = "markdown" if level else kind if kind in KINDS else "raw"
    source = next((old[key] for key in ("source", "input", "text", "code") if key in old), "")
    cell = {"cell_type": kind, "metadata": _cell_metadata(old), "source": _text(source)}
    if level:
        cell["source"] = (
            f"{'#' * min(level, 6) if isinstance(level, int) else '#'} {cell['source']}"
        )
    if isinstance(old.get("id"), str):
        cell["id"] = old["id"]
    if kind == "code":
        cell |= {"execution_count": None, "outputs": _outputs(old)}
    elif attachments := _attachments(old.get("attachments")):
        cell["attachments"] = attachments
    return cell


def _cell_metadata(old):
    """What of a cell's metadata helps to know it again: nbgrader's, and Colab's id."""
    metadata = _dict(old.get("metadata"))
    settings = _dict(metadata.get("nbgrader")).items()
    settings = {key: value for key, value in settings if isinstance(value, str | int | float)}
    return ({"nbgrader": settings} if settings else {}) | (
        {"id": metadata["id"]} if isinstance(metadata.get("id"), str) else {}
    )


def _attachments(value):
    """Attachments as the format has them: name -> type -> text."""
    return {
        name: {kind: _text(data) for kind, data in bundle.items() if isinstance(data, str | list)}
        for name, bundle in _dict(value).items()
        if isinstance(bundle, dict)
    }


def _outputs(old):
    """Outputs that are dicts, those of format 3 as of format 4, lines joined."""
    outputs = [output for output in _list(old.get("outputs")) if isinstance(output, dict)]
    return [_joined(_upgraded(output) if "input" in old else output) for output in outputs]


def _joined(output):
    joined = {key: _text(output[key]) for key in ("text",) if isinstance(output.get(key), list)}
    if data := _dict(output.get("data")):
        joined["data"] = {
            kind: _text(value) if isinstance(value, list) else value for kind, value in data.items()
        }
    return output | joined


def _upgraded(output):
    try:
        return dict(upgrade_output(NotebookNode(output)))
    except Exception:  # the converter raises anything for a damaged output
        return {}


def _named(cells):
    """Cells with ids that are valid, each once."""
    taken = set()
    for cell in cells:
        name = cell.pop("id", "")
        if CELL_ID.fullmatch(name) and name not in taken:
            cell["id"] = name
            taken.add(name)
    fresh = (name for n in count() if (name := f"cell-{n}") not in taken)
    return [cell if "id" in cell else cell | {"id": next(fresh)} for cell in cells]


def _tidy(value):
    """A value as notebooks hold it, without lone surrogates."""
    if isinstance(value, dict):
        return NotebookNode((_plain(key), _tidy(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return _plain(value) if isinstance(value, str) else value


def _plain(text):
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(value):
    if isinstance(value, list):
        value = "".join(line for line in value if isinstance(line, str))
    return value if isinstance(value, str) else ""


def _dict(value):
    return value if isinstance(value, dict) else {}


def _list(value):
    return value if isinstance(value, list) else []


# --- Finding the file ----------------------------------------------------------------------------


def find_submission(folder, assignment, master=None):
    """Which file in ``submitted/<student>/<assignment>/`` is the one to grade.

    The one of the assignment's name, if it can be read; else the notebook, of whatever name and in
    whatever folder below, that holds most cells of the lesson, the newest of equals.

    Parameters
    ----------
    folder : of the submission; no link is followed in it.
    assignment : its name.
    master : NotebookNode of the lesson; without it, cells are known by names that name the lesson.

    Returns
    -------
    Found
    """
    folder = Path(folder)
    exact = folder / f"{assignment}.ipynb"
    is_there = os.path.lexists(exact)
    if is_there and read_submission(exact).is_readable:
        return Found(exact, ())
    others = [path for path in _notebooks_in(folder) if path != exact]
    others.sort(key=lambda path: (-_alikeness(path, assignment), str(path)))
    known = {path: _known_cells(path, assignment, master) for path in others[:MAX_CANDIDATES]}
    readable = [path for path in known if known[path] is not None]
    if not readable:
        path = next((path for path in [exact] * is_there + others), None)
        return Found(path, () if path else (NOTHING_FOUND,))
    best = max(readable, key=lambda path: (known[path], _time_of(path)))
    return Found(best, (_choice(best.relative_to(folder), exact.name, is_there, len(readable)),))


def _choice(chosen, wanted, is_there, number):
    state = "could not be read" if is_there else "was missing"
    among = f", of {number} notebooks the one most like the lesson" if number > 1 else ""
    return f"The file {wanted} {state}: {_plain(str(chosen))} was graded in its place{among}."


def _notebooks_in(folder, depth=3):
    """Plain files in a folder and below that are named as notebooks are; hidden ones left out."""
    found, folders = [], []
    if folder.is_symlink():
        return found
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                if entry.name.startswith((".", "__")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(folder / entry.name)
                elif entry.is_file(follow_symlinks=False) and NOTEBOOK_NAME.search(entry.name):
                    found.append(folder / entry.name)
    except OSError:
        return found
    below = sorted(folders)[:MAX_CANDIDATES] if depth else []
    return sorted(found) + [path for place in below for path in _notebooks_in(place, depth - 1)]


def _alikeness(path, assignment):
    return SequenceMatcher(None, path.name.lower(), f"{assignment}.ipynb", autojunk=False).ratio()


def _time_of(path):
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


def _known_cells(path, assignment, master):
    """How many cells of the lesson a file holds; None where it cannot be read."""
    reading = read_submission(path)
    if not reading.is_readable:
        return None
    wanted = set().union(*map(_marks, master.cells)) if master else set()
    named = re.compile(rf"(blank-)?{re.escape(assignment)}-")
    found = set().union(*map(_marks, reading.notebook.cells))
    return len(found & wanted) if master else sum(bool(named.match(mark)) for mark in found)


def _marks(cell):
    """By what a cell is known: its name, its id, and its source."""
    name = cell.metadata.get("nbgrader", {}).get("grade_id")
    marks = {cell["id"], cell.source.strip()}
    return marks | ({name} if isinstance(name, str) else set())


# --- In nbgrader ---------------------------------------------------------------------------------


class TolerantExporter(NotebookExporter):
    """nbgrader's exporter for autograding, which reads what was handed in by `read_submission`.

    Autograde reads twice: what was handed in, to sanitise it, and what it then wrote itself.
    """

    def from_filename(self, filename, resources=None, **kw):
        """Convert a file; one that is no notebook as a notebook without cells."""
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        reading = read_submission(filename)
        for sentence in reading.repairs:
            self.log.warning("Repaired: %s", sentence)
        if reading.repairs:
            reading.notebook.metadata[RESULT] = NotebookNode({REPAIRS: list(reading.repairs)})
        path = Path(filename)
        place = ResourcesDict()
        place.update(name=path.stem, path=str(path.parent))
        resources = (resources or {}) | {"metadata": place}
        return self.from_notebook_node(reading.notebook, resources=resources, **kw)
