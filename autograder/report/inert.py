"""What a student wrote or printed, made inert: nothing of it runs or loads in a reader's browser.

Stands before every page and every notebook that a person looks at. Outputs keep plain text, streams,
errors and checked PNG or JPEG pictures, all capped; Markdown keeps its words, its layout and its
formulas, and loses what a browser would run or fetch. Nothing here raises for any input.
"""

import base64
import binascii
import html
import re
import unicodedata
from urllib.parse import unquote

from nbformat import NotebookNode

MAX_CHARS, MAX_MARKDOWN_CHARS = 20_000, 50_000
"""Characters of one output, and of one Markdown cell, that are kept."""
MAX_ENVIRONMENTS = 200
"""Environments of LaTeX in one Markdown cell; nbconvert's time grows with their square."""
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
ATTACHED = re.compile(
    r"!\[((?:[^\[\]\n]|\[[^\[\]\n]{0,500}\]){0,500})\]"
    r"""\(\s{0,9}<?attachment:([^)>"'\n]{1,500}?)>?(?:\s{1,9}(?:"[^"\n]{0,500}"|'[^'\n]{0,500}'))?\s{0,9}\)"""
)
PLAIN_NAME = re.compile(r"[A-Za-z0-9_.-]+")
LINK = re.compile(r"\](?=[(:]\s{0,100}<?([^)\s>]{0,2000}))")
SAFE_TARGET = re.compile(r"https?://|mailto:|attachment:|#", re.IGNORECASE)
FENCE = re.compile(r"(?:```|~~~)[^\n]*")
BLANK = re.compile(r"&(?=#?\w+;)|[^\S \n]")
"""In a line that opens a block of code: what mistune takes for a language, and falls over."""
ENTITY = re.compile(r"&(?=(#?\w{1,40};))")
MATH = re.compile(r"\$|\\\(|\\\[|\\begin|\\end")
MACRO = re.compile(r"\\(?=([A-Za-z]+))")
MACROS = frozenset(
    """
    alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi
    omicron pi varpi rho varrho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta
    Lambda Xi Pi Sigma Upsilon Phi Psi Omega aleph beth hbar ell Re Im wp imath jmath nabla partial
    infty emptyset varnothing angle triangle square blacksquare Box diamond bigstar star ast
    forall exists nexists neg lnot top bot vdash models land lor wedge vee cap cup bigcap bigcup
    bigwedge bigvee setminus subset supset subseteq supseteq subsetneq in ni notin
    sum prod coprod int iint iiint oint bigoplus bigotimes lim limsup liminf max min sup inf arg
    argmax argmin det dim ker gcd deg hom Pr exp log ln lg sin cos tan cot sec csc sinh cosh tanh coth
    arcsin arccos arctan mod bmod pmod
    frac dfrac tfrac cfrac binom dbinom tbinom sqrt root of over choose atop
    hat widehat check tilde widetilde acute grave dot ddot dddot breve bar vec overline underline
    overbrace underbrace overset underset stackrel overrightarrow overleftarrow substack prime
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr
    langle rangle lvert rvert lVert rVert vert Vert mid parallel lfloor rfloor lceil rceil lbrace rbrace
    lbrack rbrack backslash
    leq le geq ge neq ne ll gg lll ggg approx approxeq sim simeq cong equiv propto prec succ preceq
    succeq doteq asymp leqslant geqslant lesssim gtrsim nleq ngeq
    pm mp times div cdot circ bullet oplus ominus otimes oslash odot dagger ddagger
    to gets rightarrow leftarrow leftrightarrow Rightarrow Leftarrow Leftrightarrow longrightarrow
    longleftarrow Longrightarrow Longleftarrow Longleftrightarrow mapsto longmapsto uparrow downarrow
    updownarrow Uparrow Downarrow iff implies impliedby hookrightarrow nearrow searrow swarrow nwarrow
    ldots cdots vdots ddots dots dotsc dotsb dotsm dotsi colon
    mathrm mathbf mathit mathsf mathtt mathcal mathscr mathfrak mathbb boldsymbol bm pmb operatorname
    text textbf textit textrm textsf texttt rm bf it sf tt cal mathop mathbin mathrel mathord
    displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits
    quad qquad enspace thinspace space phantom hphantom vphantom not cancel boxed
    begin end hline cr tag notag nonumber color textcolor
    b c d u v i j n r t
    """.split()  # noqa: SIM905
)
"""What formulas are written with. Any other macro may make links, styles, ids or further macros."""

SHOWN_TAGS = frozenset(
    """
    h1 h2 h3 h4 h5 h6 p br hr ul ol li blockquote a em strong del code pre
    table thead tbody tr th td img div span
    """.split()  # noqa: SIM905
)
"""What plain Markdown comes to."""
IDS = re.compile(r"MathJax|mjx|(?:notebook|notebook-container|statusmessage)$", re.IGNORECASE)
"""Ids that formgrader's page looks for, besides those of grades."""


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


def inert_markdown(source, attachments=None, ids=()):
    """Markdown whose rendering runs and fetches nothing, whichever program renders it.

    Spaces are put in, nothing is taken away, for what stands on both sides of a gap may come to life:
    a tag is parted from its bracket, an exclamation mark from a link unless it shows an attachment, the
    halves of a link that leads elsewhere than to the web, to mail or within the page, and a backslash
    from a macro that no formula needs. Then the text is rendered as formgrader does it; where anything
    but plain prose comes of it, the whole of it is shown as it was written.

    Parameters
    ----------
    source : text of a Markdown cell.
    attachments : of the cell, by name; nbconvert fails on any other.
    ids : names that no heading may take.
    """
    attachments = attachments or {}
    written = inert_text(source, MAX_MARKDOWN_CHARS)
    text = ENTITY.sub(_entity, TAG.sub("< ", written))
    text = ATTACHED.sub(lambda match: _attached(match, attachments), text)
    keep = {match.start() for match in ATTACHED.finditer(text) if match[2] in attachments}
    text = IMAGE.sub(lambda match: "!" if match.start() in keep else "! ", text)
    text = LINK.sub(lambda match: "]" if is_safe_target(match[1]) else "] ", text)
    text = FENCE.sub(lambda match: BLANK.sub(" ", match[0]), text)
    if MATH.search(text):
        text = MACRO.sub(lambda match: "\\" if match[1] in MACROS else "\\ ", text)
    return text if _is_plain(text, attachments, ids) else inert_code(written)


def inert_code(source):
    """Markdown that shows a text as it was written: a block of code, as every program has it."""
    lines = inert_text(source, MAX_MARKDOWN_CHARS).strip("\n").split("\n")
    return "\n".join(f"    {line}" for line in lines)


def find_attachment(name, attachments):
    """The key among attachments that a picture's target means, which may be written in several ways."""
    known = {unicodedata.normalize("NFC", key): key for key in attachments}
    for way in (name, unquote(name), html.unescape(unquote(name))):
        key = unicodedata.normalize("NFC", way.strip())
        if key in known:
            return known[key]
    return None


def _attached(match, attachments):
    """A picture that is attached, in the one way in which every program finds it."""
    key = find_attachment(match[2], attachments)
    if key is None or not PLAIN_NAME.fullmatch(key):
        return match[0]
    return f"![{re.sub(r'[][!]', ' ', match[1])}](attachment:{key})"


def _entity(match):
    """An ampersand; spelled out where the entity stands for a sign of Markdown or of a formula."""
    sign = html.unescape(f"&{match[1]}")
    return "&" if sign in ("<", ">", "&", '"', "'") or not sign.isascii() else "&amp;"


def _is_plain(text, attachments, ids):
    """Whether formgrader's rendering holds tags of plain prose alone, and no id that it looks for."""
    if has_many_environments(text):
        return False
    from bs4 import BeautifulSoup
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    stand_ins = {name: {"image/png": ""} for name in attachments}
    renderer = IPythonRenderer(escape=False, attachments=stand_ins)
    try:
        page = MarkdownWithMath(renderer=renderer).render(text)
    except Exception:  # whatever it raises here would be an error page there
        return False
    return all(_is_plain_tag(tag, ids) for tag in BeautifulSoup(page, "html.parser").find_all(True))


def _is_plain_tag(tag, ids):
    for name, value in tag.attrs.items():
        match tag.name, name:
            case "a", "href":
                is_plain = is_safe_target(value)
            case "img", "src":
                is_plain = value.startswith("data:image/png;base64,")
            case "h1" | "h2" | "h3" | "h4" | "h5" | "h6", "id":
                is_plain = value not in ids and not IDS.match(value)
            case "th" | "td", "style":
                is_plain = re.fullmatch(r"text-align:(left|right|center)", value)
            case "a", "class":
                is_plain = value == ["anchor-link"]
            case "div", "class":
                is_plain = value == ["highlight"]
            case "code", "class":
                is_plain = all(each.startswith("language-") for each in value)
            case "span", "class":  # of Pygments
                is_plain = all(len(each) <= 3 for each in value)
            case "a" | "img", "alt" | "title":
                is_plain = True
            case _:
                is_plain = name == "start" and tag.name == "ol"
        if not is_plain:
            return False
    return tag.name in SHOWN_TAGS


def has_many_environments(text):
    """Whether a text would take long to be rendered."""
    return text.count("\\begin") > MAX_ENVIRONMENTS


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
