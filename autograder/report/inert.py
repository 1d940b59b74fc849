"""What a student wrote or printed, made inert: nothing of it runs or loads in a reader's browser.

Stands before every page and every notebook that a person looks at. Outputs keep plain text, streams,
errors and checked PNG or JPEG pictures, all capped; Markdown keeps its words, its layout and its
formulas, and loses what a browser would run or fetch. Nothing here raises for any input.
"""

import base64
import binascii
import html
import re

from nbformat import NotebookNode

MAX_CHARS, MAX_MARKDOWN_CHARS = 20_000, 50_000
"""Characters of one output, and of one Markdown cell, that are kept."""
MAX_OUTPUTS, MAX_CELL_CHARS, MAX_CELL_IMAGE_BYTES = 100, 100_000, 6_000_000
"""Outputs, characters and bytes of pictures that one cell may show."""
MAX_IMAGE_BYTES, MAX_SIDE, MAX_PIXELS = 4_000_000, 20_000, 40_000_000
"""Bytes, pixels a side and pixels of one picture."""

CUT = "... (cut)"
NOT_SHOWN = "(an output of a kind that is not shown here)"

ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|[ -/]*[0-~])"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
STREAMS = ("stdout", "stderr")

TAG = re.compile(r"<(?=[A-Za-z/!?])")
IMAGE = re.compile(r"!(?=\[)")
ATTACHED = re.compile(r"!\[[^\[\]\n]*\]\(attachment:([\w.%-]+)\)")
LINK = re.compile(r"\](?=[(:]\s{0,100}<?([^)\s>]{0,2000}))")
SAFE_TARGET = re.compile(r"https?://|mailto:|attachment:|#", re.IGNORECASE)
FENCE = re.compile(r"(?:```|~~~)[^\n]*")
BLANK = re.compile(r"&(?=#?\w+;)|[^\S \n]")
"""In a line that opens a block of code: what mistune takes for a language, and falls over."""
MACRO = re.compile(
    r"\\(?=(?:href|url|require|unicode|cssId|class|style|data|html|bbox|toggle|mmlToken|action|"
    r"texttip|tooltip|verb|csname|expandafter|begingroup|def|let|gdef|edef|"
    r"(?:re)?new(?:command|environment)|provide(?:command)?|DeclareMathOperator|Newextarrow|"
    r"include(?:graphics)?|input|catcode)(?![a-z]))",
    re.IGNORECASE,
)


# --- Text ----------------------------------------------------------------------------------------


def inert_text(value, limit=MAX_CHARS):
    """Plain text without terminal or control characters, cut at a limit.

    Parameters
    ----------
    value : str, or a list of str as notebooks hold it, or anything else, which counts as empty.
    limit : characters.
    """
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str):
        return ""
    is_long = len(value) > 20 * limit
    text = ESCAPE_SEQUENCE.sub("", value[: 20 * limit])
    text = "\n".join(_last_written(line) for line in text.split("\n"))
    text = CONTROL.sub("", text)
    return f"{text[:limit]}\n{CUT}" if is_long or len(text) > limit else text


def _last_written(line):
    """What stands in a line after its carriage returns, as of a progress bar."""
    return line.rstrip("\r").rpartition("\r")[2]


def inert_markdown(source, attachments=()):
    """Markdown whose rendering runs and fetches nothing, whichever program renders it.

    A tag is parted from its bracket, a picture becomes a link unless it is an attachment, a link is
    one only to the web, to mail or within the page, and macros by which MathJax would make links,
    styles or further macros are parted from their backslash. All of it stays to be read.

    Parameters
    ----------
    source : text of a Markdown cell.
    attachments : names of the attachments that the cell has; nbconvert fails on any other.
    """
    text = TAG.sub("< ", inert_text(source, MAX_MARKDOWN_CHARS))
    keep = {match.start() for match in ATTACHED.finditer(text) if match[1] in attachments}
    text = IMAGE.sub(lambda match: "!" if match.start() in keep else "", text)
    text = LINK.sub(lambda match: "]" if is_safe_target(match[1]) else "] ", text)
    text = FENCE.sub(lambda match: BLANK.sub(" ", match[0]), text)
    return MACRO.sub(r"\\ ", text)


def is_safe_target(target):
    """Whether a link may lead there: http, https, mailto, an attachment, or a place on the page."""
    return bool(SAFE_TARGET.match(html.unescape(target)))


# --- Pictures ------------------------------------------------------------------------------------


def inert_image(kind, value):
    """A picture in canonical base64, or None where it is not what it says it is.

    Parameters
    ----------
    kind : "image/png" or "image/jpeg".
    value : base64 text, perhaps in lines.
    """
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    if not isinstance(value, str) or len(value) > 2 * MAX_IMAGE_BYTES:
        return None
    try:
        content = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    size = SIZES[kind](content) if kind in SIZES and len(content) <= MAX_IMAGE_BYTES else None
    if size is None or not all(0 < side <= MAX_SIDE for side in size):
        return None
    return base64.b64encode(content).decode() if size[0] * size[1] <= MAX_PIXELS else None


def inert_attachments(attachments):
    """The PNG and JPEG pictures among a Markdown cell's attachments: name -> {type: base64}."""
    result, left = {}, MAX_CELL_IMAGE_BYTES
    for name, bundle in attachments.items() if isinstance(attachments, dict) else ():
        image = _image_of(bundle)
        if isinstance(name, str) and image and len(image[1]) <= left:
            result[inert_text(name, 200)] = dict([image])
            left -= len(image[1])
    return result


def _png_size(content):
    is_png = content[:16] == b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" and len(content) > 33
    return _numbers(content, 16, 4, 4) if is_png else None


def _jpeg_size(content):
    if content[:3] != b"\xff\xd8\xff":
        return None
    place = 2
    while place + 9 <= len(content) and content[place] == 0xFF:
        marker, length = content[place + 1], int.from_bytes(content[place + 2 : place + 4])
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _numbers(content, place + 5, 2, 2)
        if marker == 0xDA or length < 2:
            return None
        place += 2 + length
    return None


def _numbers(content, place, *widths):
    numbers = []
    for width in widths:
        numbers.append(int.from_bytes(content[place : place + width]))
        place += width
    return tuple(numbers)


SIZES = {"image/png": _png_size, "image/jpeg": _jpeg_size}


def _image_of(bundle):
    for kind in SIZES if isinstance(bundle, dict) else ():
        if image := inert_image(kind, bundle.get(kind)):
            return kind, image
    return None


# --- Outputs -------------------------------------------------------------------------------------


def inert_outputs(outputs):
    """Outputs of a code cell as plain text and checked pictures.

    Parameters
    ----------
    outputs : list of outputs of notebook format 4, whatever became of them.

    Returns
    -------
    list of NotebookNode
        Valid outputs of types stream, error, display_data and execute_result, without metadata;
        HTML, SVG, scripts, LaTeX, Markdown, widgets and other types are dropped for the plain text
        that came with them. What goes over the limits of a cell is cut and said to be.
    """
    result, chars, image_bytes = [], MAX_CELL_CHARS, MAX_CELL_IMAGE_BYTES
    for output in _joined(outputs):
        shown = _inert_output(output)
        if shown is None:
            continue
        chars -= len(str(_texts(shown)))
        image_bytes -= sum(len(shown.get("data", {}).get(kind, "")) for kind in SIZES)
        if chars < 0 or image_bytes < 0 or len(result) == MAX_OUTPUTS:
            result.append(_stream("stdout", CUT))
            break
        result.append(shown)
    return result


def _joined(outputs):
    """The outputs one by one, streams of one name that follow each other as one."""
    name, texts = None, []
    for output in outputs if isinstance(outputs, list) else ():
        if not isinstance(output, dict):
            continue
        is_stream = output.get("output_type") == "stream"
        if texts and not (is_stream and output.get("name") == name):
            yield {"output_type": "stream", "name": name, "text": texts}
            texts = []
        if is_stream:
            name, text = output.get("name"), output.get("text")
            texts += text if isinstance(text, list) else [text]
        else:
            yield output
    if texts:
        yield {"output_type": "stream", "name": name, "text": texts}


def _inert_output(output):
    match output.get("output_type"):
        case "stream":
            name = output.get("name")
            text = inert_text(output.get("text"))
            return _stream(name if name in STREAMS else "stdout", text) if text else None
        case "error":
            return _inert_error(output)
        case "display_data" | "execute_result" as kind:
            return _inert_display(output, kind)
    return None


def _stream(name, text):
    return NotebookNode(output_type="stream", name=name, text=text)


def _inert_error(output):
    lines = output.get("traceback")
    lines = lines if isinstance(lines, list) else []
    lines = [f"{line}\n" for line in lines if isinstance(line, str)]
    name, value = inert_text(output.get("ename"), 200), inert_text(output.get("evalue"), 2000)
    traceback = inert_text(lines).rstrip("\n").split("\n")
    return NotebookNode(output_type="error", ename=name, evalue=value, traceback=traceback)


def _inert_display(output, kind):
    bundle = output.get("data")
    if not isinstance(bundle, dict) or not bundle:
        return None
    image, text = _image_of(bundle), inert_text(bundle.get("text/plain"))
    data = NotebookNode([image] if image else [])
    if text or not image:
        data["text/plain"] = text or NOT_SHOWN
    extra = {"execution_count": None} if kind == "execute_result" else {}
    return NotebookNode(output_type=kind, data=data, metadata=NotebookNode(), **extra)


def _texts(output):
    return (
        output.get("text", ""),
        output.get("data", {}).get("text/plain", ""),
        output.get("traceback", ()),
    )
