"""Read what was handed in, whatever it is: find the notebook, and read it without raising.

Stands before rebuilding. A file that no notebook can be made of is read as an empty one, with one
sentence that says so, and links are never followed, for they could lead to an instructor's files.

Memory: a file above `MAX_FILE_BYTES` is not read. Of a smaller one the bytes are held once and walked
over token by token; outputs are cut out of them before any JSON is parsed, and what is left is parsed
only if it has at most `MAX_PARSED_BYTES`, `MAX_NODES` values and `MAX_DEPTH` levels. A value costs at
most about 240 bytes, so parsing adds at most about 0.3 GB to the bytes, and reading in another coding
than UTF-8 twice the bytes once more.
"""

import io
import json
import math
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import count, islice
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4.convert import upgrade_output

from autograder.grading.rebuild import blanks_left, marks_of
from autograder.grading.results import REPAIRS, RESULT, UNREAD

MAX_FILE_BYTES = 200_000_000
MAX_PARSED_BYTES, MAX_NODES, MAX_TOKENS, MAX_DEPTH = 64_000_000, 1_000_000, 3_000_000, 60
MAX_CELL_OUTPUT_BYTES, MAX_OUTPUT_BYTES = 8_000_000, 32_000_000
"""Bytes of outputs that are kept where they are asked for: of one cell and of a notebook."""
MAX_CELLS, MAX_CANDIDATES, MAX_ENTRIES = 5_000, 20, 2_000

NO_NOTEBOOK = "The file {name} is no notebook ({reason}): nothing in it could be graded."
NOTHING_FOUND = "No notebook was handed in: nothing could be graded."
MOST_FILLED = "most of its blanks are filled, or it is the newest of equals"
SYSTEM_NAMES = ("__macosx", "__pycache__", "thumbs.db", "desktop.ini")
SIDE_FILES = ("timestamp.txt", "submission_secret.txt")
"""What nbgrader's exchange puts beside a notebook."""
READ_AS = "The file {name} is not UTF-8 text: it was read as {coding}."
REPLACED = "The file {name} is not UTF-8 text: characters that could not be read were replaced."
TAIL = "The file {name} goes on behind the notebook: what stands there was left out."
UNZIPPED = "The file {name} is a zip file: {member} in it was graded."
CODE_PAGES = {"ko": "cp949", "en": "cp1252"}
"""What an old editor writes, by the language of a course."""
HANGUL = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa3\xb0-\xc8][\xa1-\xfe])*+")
"""CP949 that holds Korean and nothing else; text of another code page is hardly ever like that."""
KNOWN_FILES = (
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"7z\xbc\xaf|Rar!|BZh|\xfd7zXZ", "an archive of another kind than zip"),
    (rb"%PDF", "a PDF file"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture"),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the file itself"),
    (rb"(?i)\s*<(!doctype html|html|head|script)", "a web page, perhaps one that asks for a login"),
)
CONFLICT = tuple(
    re.compile(rb"^%s{7}(?:[ \t]([^\r\n]{0,200}))?\r?$" % sign, re.MULTILINE)
    for sign in (b"<", b"=", b">")
)
BLANK = b" \t\r\n\0"
MAX_MEMBERS_BYTES = 1_000_000
"""Bytes of the list of what a zip file holds: it is read as a whole."""
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
    """The file to grade, or None, what it holds, and the names of files beside it that are not graded."""

    path: Path | None
    reading: Reading
    others: tuple[str, ...] = ()

    @property
    def repairs(self):
        """What there is to say about the choice and the file."""
        return self.reading.repairs


class Unreadable(Exception):  # noqa: N818  never leaves this module
    """A file is no notebook; ``str()`` is the reason, as it stands in brackets in a sentence."""


def read_submission(path, keep_outputs=False, language="en"):
    """Read a file that a student handed in.

    Parameters
    ----------
    path : of anything: a file, a folder, a link, or nothing at all.
    keep_outputs : whether code cells keep their outputs, those of a cell above
        `MAX_CELL_OUTPUT_BYTES` and those beyond `MAX_OUTPUT_BYTES` excepted.
    language : of the course, which tells the code page of a file that is no UTF-8 or UTF-16.

    Returns
    -------
    Reading
        Never raises for what a file holds. A file that cannot be read gives a notebook without cells.
    """
    path = Path(path)
    name = _plain(path.name)
    try:
        content, member = _unzipped(_read_bytes(path))
        text, repairs = _text_of(content, keep_outputs, language)
        notebook = _notebook_of(_parse(text))
    except Unreadable as problem:
        sentence = NO_NOTEBOOK.format(name=name, reason=problem)
        return unreadable(sentence)
    repairs = [UNZIPPED] * (member is not None) + repairs
    coding = CODE_PAGES.get(language, "cp1252")
    coding = "cp949" if _is_korean(content) else coding
    told = (each.format(name=name, coding=coding, member=_plain(member or "")) for each in repairs)
    return Reading(notebook, tuple(told), True)


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
    if not content.strip(BLANK):
        raise Unreadable("nothing but zero bytes" if b"\0" in content else "empty")
    return content


def _unzipped(content):
    """The one notebook in a zip file and its name there; other content as it is.

    Nothing is written anywhere, so a name in the archive leads nowhere; what is read of a member is bounded.
    """
    if not content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return content, None
    ending = content[-(1 << 16) - 100 :]
    at = ending.rfind(b"PK\x05\x06")
    size = int.from_bytes(ending[at + 12 : at + 16], "little")
    if at < 0 or b"PK\x06\x07" in ending or size > MAX_MEMBERS_BYTES:
        raise Unreadable("a zip file that is damaged or holds too many files")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [member for member in archive.infolist() if _is_notebook_in_zip(member)]
            if len(members) != 1:
                names = ", ".join(
                    sorted(_plain(each.filename) for each in members)[:MAX_CANDIDATES]
                )
                number = (
                    f"several notebooks, {names}" if members else "no notebook that can be opened"
                )
                raise Unreadable(f"a zip file with {number}")
            with archive.open(members[0]) as file:
                inside = file.read(MAX_FILE_BYTES + 1)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error):
        raise Unreadable("a zip file that is damaged") from None
    if len(inside) > MAX_FILE_BYTES:
        raise Unreadable(f"a zip file with more than {MAX_FILE_BYTES // 1_000_000} MB in it")
    if not inside.strip(BLANK):
        raise Unreadable("a zip file with an empty notebook")
    return inside, members[0].filename


def _is_notebook_in_zip(member):
    """Whether a member is named as a notebook is, a plain file that is not encrypted, and no system's copy."""
    parts = member.filename.replace("\\", "/").split("/")
    return (
        NOTEBOOK_NAME.search(parts[-1]) is not None
        and not any(map(is_of_a_system, parts))
        and not member.flag_bits & 1
        and member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        and stat.S_IFMT(member.external_attr >> 16) in (0, stat.S_IFREG)
    )


def _text_of(content, keep_outputs, language):
    """The first JSON value as text, and what there is to tell, as sentences to be filled in."""
    coding = json.detect_encoding(content) if content[:1] != b"\0" or content[1:2] else "utf-8"
    if coding not in ("utf-8", "utf-8-sig"):
        content = content.decode(coding, "replace").encode("utf-8", "replace")
        content = content.removeprefix(b"\xef\xbb\xbf")
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip(BLANK)[:1]
    if start != b"{":
        raise Unreadable(_what_is_no_json(content))
    content, tail = _without_outputs(content, keep_outputs)
    repairs = [TAIL] * bool(tail.strip(BLANK))
    if coding not in ("utf-8", "utf-8-sig"):
        text = content.decode()
        return text, repairs + [REPLACED] * ("\ufffd" in text)
    for number, page in enumerate(("utf-8-sig", *_code_pages(content, language))):
        try:
            return content.decode(page), repairs + [READ_AS] * (number > 0)
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8-sig", "replace"), [*repairs, REPLACED]


def _code_pages(content, language):
    return ("cp949",) if _is_korean(content) else (CODE_PAGES.get(language, "cp1252"),)


def _is_korean(content):
    return HANGUL.fullmatch(content) is not None


def _what_is_no_json(content):
    """What a file is that does not hold the JSON of a notebook, as far as its bytes tell."""
    sides, place = [], 0
    for mark in CONFLICT:
        if (found := mark.search(content, place)) is None:
            break
        sides, place = [*sides, _plain((found[1] or b"").decode("utf-8", "replace"))], found.end()
    else:
        return f"it holds both sides of a conflict of git, {sides[0]} and {sides[2]}"
    known = (what for pattern, what in KNOWN_FILES if re.match(pattern, content))
    return next(known, "not JSON")


# --- JSON ----------------------------------------------------------------------------------------


def _without_outputs(content, keep_outputs):
    """The first JSON value with the outputs of cells cut out, or those that are too large; what follows it."""
    parts, copied, bytes_left, nodes_left = [], 0, MAX_OUTPUT_BYTES, MAX_NODES
    end_of_all = len(content)
    for start, end, nodes in _output_lists(content):
        if start is None:
            end_of_all = end
            break
        size = end - start
        is_small = size <= min(MAX_CELL_OUTPUT_BYTES, bytes_left) and nodes <= nodes_left
        if keep_outputs and is_small:
            bytes_left, nodes_left = bytes_left - size, nodes_left - nodes
        else:
            parts += [content[copied:start], CUT_OUTPUTS if keep_outputs else b"[]"]
            copied = end
    if sum(map(len, parts)) + end_of_all - copied > MAX_PARSED_BYTES:
        raise Unreadable(f"more than {MAX_PARSED_BYTES // 1_000_000} MB besides its outputs")
    return b"".join([*parts, content[copied:end_of_all]]), content[end_of_all:]


def _output_lists(content):
    """Where the lists stand that are values of a key "outputs": start, end, and values inside.

    At last comes where the first JSON value ends, without a start. A value that does not end is no JSON.
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
            if depth == 0:
                yield None, match.end(), nodes
                return
        elif token == b'"':
            raise Unreadable(_broken(content))
        elif content[match.start()] == QUOTE:
            nodes += 1
        else:
            nodes += match[0].count(b",")
            last = last + token.strip() if last and token else None
            continue
        last = token
        if depth > MAX_DEPTH or number > MAX_TOKENS or (start is None and nodes > MAX_NODES):
            raise Unreadable("nested or divided as no notebook is")
    raise Unreadable(_broken(content))


def _broken(content):
    """What keeps content that begins as JSON does from being JSON."""
    reason = _what_is_no_json(content)
    return "JSON that breaks off: the file was cut short" if reason == "not JSON" else reason


def _parse(text):
    """The value of JSON without NaN, infinities, huge numbers and lone surrogates."""
    try:
        return json.loads(
            text,
            strict=False,
            parse_constant=lambda _: None,
            parse_int=lambda text: int(text) if len(text) < 20 else None,
            parse_float=lambda text: value if math.isfinite(value := float(text)) else None,
        )
    except (ValueError, RecursionError):
        raise Unreadable(_what_is_no_json(text.encode("utf-8", "replace"))) from None


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


def find_submission(folder, assignment, master, keep_outputs=False, language="en"):
    """Which file in ``submitted/<student>/<assignment>/`` is the one to grade, and what it holds.

    Of several notebooks of the lesson, of whatever name and in whatever folder below, it is the one with
    the fewest blanks that nobody filled, then the newest. Every file is read once.

    Parameters
    ----------
    folder : of the submission; no link is followed in it.
    assignment : its name.
    master : NotebookNode of the lesson.
    keep_outputs, language : as `read_submission` has them.

    Returns
    -------
    Found
    """
    folder = Path(folder)
    exact = folder / f"{assignment}.ipynb"
    others = [path for path in _files_in(folder) if path != exact and path.name not in SIDE_FILES]
    others.sort(
        key=lambda path: (
            not NOTEBOOK_NAME.search(path.name),
            -_alikeness(path, assignment),
            str(path),
        )
    )
    paths = [exact] * os.path.lexists(exact) + others
    readings, room = {}, MAX_FILE_BYTES
    for path in paths[:MAX_CANDIDATES]:
        room -= _size_of(path)
        if room >= 0 or path == paths[0]:
            readings[path] = read_submission(path, keep_outputs, language)
    best = _best(readings, master, exact)
    if best is None:
        return _nothing_readable(folder, exact, paths, readings)
    rest = tuple(str(path.relative_to(folder)) for path in paths if path != best)
    sentences = _choice(folder, best, exact, readings)
    reading = readings[best]
    return Found(best, replace(reading, repairs=(*sentences, *reading.repairs)), rest)


def _best(readings, master, exact):
    """The path of the notebook of the lesson with most work in it; None where no notebook can be read."""
    wanted = marks_of(master)
    known = {
        path: len(wanted & marks_of(reading.notebook))
        for path, reading in readings.items()
        if reading.is_readable
    }
    alike = [path for path in known if 2 * known[path] >= max(known.values())]
    if len(alike) < 2:
        return next(iter(alike), None)
    left = {path: blanks_left(master, readings[path].notebook) for path in alike}
    return min(alike, key=lambda path: (left[path], -_time_of(path), path != exact))


def unreadable(sentence):
    """A Reading of nothing, and why."""
    return Reading(_new_notebook([], {}), (sentence,), False)


def _choice(folder, best, exact, readings):
    """What there is to say about the file that was chosen, as sentences."""
    chosen = _plain(str(best.relative_to(folder)))
    readable = [path for path in readings if readings[path].is_readable]
    rest = sorted(_plain(str(path.relative_to(folder))) for path in readable if path != best)
    rest = ", ".join(rest)
    if best == exact:
        return [f"The file {chosen} was graded, not {rest}: {MOST_FILLED}."] if rest else []
    if exact in readable:
        return [f"The file {chosen} was graded, not {rest}: {MOST_FILLED}."]
    state = "could not be read" if exact in readings else "was missing"
    among = f", not {rest}: {MOST_FILLED}" if rest else ""
    return [f"The file {exact.name} {state}: {chosen} was graded in its place{among}."]


def _nothing_readable(folder, exact, paths, readings):
    """What is found where no notebook can be read: the first file, and a sentence that names all."""
    copy = folder / ".ipynb_checkpoints" / f"{exact.stem}-checkpoint.ipynb"
    sentences = [sentence for reading in readings.values() for sentence in reading.repairs]
    sentences = sentences or [NOTHING_FOUND]
    if more := [path for path in paths if path not in readings]:
        sentences.append(f"Files beside it that were not read: {len(more)}.")
    if copy.is_file() and not copy.is_symlink():
        sentences.append(f"An older copy lies in {copy.relative_to(folder)}.")
    reading = unreadable(" ".join(sentences[:10]))
    return Found(next(iter(paths), None), reading, ())


def _files_in(folder, depth=3):
    """Plain files in a folder and below; hidden ones and those that a system puts there are left out."""
    found, folders = [], []
    if folder.is_symlink():
        return found
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MAX_ENTRIES):
                if is_of_a_system(entry.name):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(folder / entry.name)
                elif entry.is_file(follow_symlinks=False) or NOTEBOOK_NAME.search(entry.name):
                    found.append(folder / entry.name)
    except OSError:
        return found
    below = sorted(folders)[:MAX_CANDIDATES] if depth else []
    return sorted(found) + [path for place in below for path in _files_in(place, depth - 1)]


def is_of_a_system(name):
    """Whether a file or folder of this name is a system's or an editor's, not a student's work."""
    return name.startswith(".") or name.lower() in SYSTEM_NAMES


def _size_of(path):
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _alikeness(path, assignment):
    return SequenceMatcher(None, path.name.lower(), f"{assignment}.ipynb", autojunk=False).ratio()


def _time_of(path):
    try:
        return path.lstat().st_mtime
    except OSError:
        return 0.0


# --- In nbgrader ---------------------------------------------------------------------------------


def language_of(config):
    """The language of a course by its configuration."""
    return config.SelectLanguage.get("language", "en")


def told_of(reading):
    """What of a reading the notebook keeps under our key while it is graded; none of it is the student's."""
    if not reading.is_readable:
        return NotebookNode({UNREAD: " ".join(reading.repairs)})
    return NotebookNode({REPAIRS: list(reading.repairs)} if reading.repairs else {})


class TolerantExporter(NotebookExporter):
    """nbgrader's exporter for autograding, which reads what was handed in by `read_submission`.

    Autograde reads twice: what was handed in, to sanitise it, and what it then wrote itself.
    """

    def from_filename(self, filename, resources=None, **kw):
        """Convert a file; one that is no notebook as a notebook without cells."""
        if not getattr(self.parent, "_sanitizing", False):
            return super().from_filename(filename, resources=resources, **kw)
        reading = read_submission(filename, language=language_of(self.config))
        if told := told_of(reading):
            reading.notebook.metadata[RESULT] = told
        path = Path(filename)
        place = ResourcesDict()
        place.update(name=path.stem, path=str(path.parent))
        resources = (resources or {}) | {"metadata": place}
        return self.from_notebook_node(reading.notebook, resources=resources, **kw)
