"""Outputs and Markdown from students come out inert, and what honest ones say stays to be read."""

import base64
import re
import subprocess
import sys
import time

import nbformat
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from unit.test_report_feedback import ATTACHMENTS, EVIL, MARKDOWN, PNG, SCRIPTS, hostile_outputs

from autograder.report.inert import (
    CUT,
    MACROS,
    NOT_SHOWN,
    inert_attachments,
    inert_code,
    inert_image,
    inert_markdown,
    inert_outputs,
    inert_text,
)
from autograder.report.prose import Prose


def display(**bundle):
    data = {kind.replace("_", "/", 1): value for kind, value in bundle.items()}
    return {"output_type": "display_data", "data": data, "metadata": {}}


def stream(text, name="stdout"):
    return {"output_type": "stream", "name": name, "text": text}


def jpeg(width, height):
    sof = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(10)
    return base64.b64encode(b"\xff\xd8\xff\xe0\x00\x04ab" + sof).decode()


def png(width, height):
    content = base64.b64decode(PNG)
    sized = content[:16] + width.to_bytes(4) + height.to_bytes(4) + content[24:]
    return base64.b64encode(sized).decode()


# --- Outputs --------------------------------------------------------------------------------------


def test_plain_outputs_stay_as_they_are():
    outputs = [
        stream("a line\n\ttabbed  영화\n"),
        stream("careful\n", "stderr"),
        display(text_plain="   x\n0  1", image_png=PNG),
        {
            "output_type": "execute_result",
            "data": {"text/plain": "42"},
            "metadata": {},
            "execution_count": None,
        },
        {"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["one", "two"]},
    ]
    assert inert_outputs(outputs) == outputs


@pytest.mark.parametrize(
    "kind",
    ["text/html", "image/svg+xml", "application/javascript", "text/latex", "text/markdown",
     "application/pdf", "application/vnd.jupyter.widget-view+json", "application/vnd.x+json", "TEXT/HTML"],
)  # fmt: skip
def test_rich_types_give_way_to_their_plain_text(kind):
    rich = {"output_type": "display_data", "data": {kind: "<b>x</b>", "text/plain": "x"}}
    bare = {"output_type": "display_data", "data": {kind: "<b>x</b>"}}
    assert [output.data for output in inert_outputs([rich, bare])] == [
        {"text/plain": "x"}, {"text/plain": NOT_SHOWN}
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x07link\x1b]8;;\x07", "link"),
        ("\x1b]0;title\x1b\\x", "x"),
        ("\x9b31mred", "red"),
        ("a\x00\x07\x08b\x7f\x85c", "abc"),
        ("10%\r50%\r100%\nnext\r\nlast\r", "100%\nnext\nlast"),
        ("\u202egnp.exe\u2066x\ufeff", "gnp.exex"),
        ("\ud800x", "x"),
        (["a\n", "b", 3, None], "a\nb"),
        (None, ""),
        (7, ""),
    ],
)
def test_terminal_and_control_characters_are_gone_from_text(text, shown):
    assert inert_text(text) == shown


def test_long_text_is_cut_and_said_to_be():
    assert inert_text("x" * 30_000) == "x" * 20_000 + f"\n{CUT}"
    assert inert_text("\r".join(["x" * 100] * 30_000)).endswith(CUT)
    assert inert_text("x" * 20_000) == "x" * 20_000


def test_a_cell_shows_no_more_than_its_limits():
    many = inert_outputs([display(text_plain="x")] * 500)
    assert len(many) == 101 and many[-1].text == CUT
    large = inert_outputs([display(text_plain="x" * 19_000)] * 20)
    assert len(large) == 6 and large[-1].text == CUT
    noise = base64.b64encode(base64.b64decode(PNG) + bytes(2_900_000)).decode()
    assert len(inert_outputs([display(image_png=noise)] * 5)) == 2


def test_streams_that_were_printed_in_pieces_are_one():
    pieces = [stream("a"), stream("b"), stream("c", "stderr"), stream("d")]
    assert [(o.name, o.text) for o in inert_outputs(pieces)] == [
        ("stdout", "ab"), ("stderr", "c"), ("stdout", "d")
    ]  # fmt: skip


IMAGES = {
    "html": base64.b64encode(b"<script>").decode(),
    "a break out of the attribute": f'{PNG}" onerror="alert(1)',
    "no base64": PNG[:-1] + "%",
    "url-safe base64": PNG.replace("+", "-").replace("/", "_") if "/" in PNG else PNG[:-3] + "_-=",
    "cut short": PNG[:24],
    "the other type": jpeg(2, 2),
    "no width": png(0, 1),
    "a bomb": png(100_000, 100_000),
    "many pixels": png(19_999, 19_999),
    "a number": 7,
    "nothing": None,
    "too large": base64.b64encode(base64.b64decode(PNG) + bytes(5_000_000)).decode(),
}


@pytest.mark.parametrize("value", IMAGES.values(), ids=IMAGES)
def test_what_is_no_sound_png_is_not_shown(value):
    assert inert_image("image/png", value) is None


def test_pictures_come_out_in_canonical_base64():
    lines = "\n".join(re.findall(".{1,20}", PNG))
    assert inert_image("image/png", lines) == inert_image("image/png", [lines]) == PNG
    assert inert_image("image/jpeg", jpeg(640, 480)) == jpeg(640, 480)
    assert inert_image("image/jpeg", jpeg(65_000, 2)) is None
    assert inert_image("image/svg+xml", PNG) is None


def test_hostile_outputs_are_valid_and_hold_three_types_alone():
    notebook = new_notebook(cells=[new_code_cell(outputs=inert_outputs(hostile_outputs()))])
    nbformat.validate(notebook)
    kinds = {kind for o in notebook.cells[0].outputs for kind in o.get("data", ())}
    assert kinds == {"text/plain", "image/png"}
    assert all(not output.get("metadata") for output in notebook.cells[0].outputs)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["output_type", "name", "text", "data", "text/plain", "image/png",
                         "image/jpeg", "traceback", "ename", "evalue", "metadata", "x"]),
        inner | st.sampled_from(["stream", "error", "display_data", "execute_result", PNG]),
    ),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_whatever_outputs_are_valid_outputs_come_out(value):
    outputs = inert_outputs(value if isinstance(value, list) else [value])
    nbformat.validate(new_notebook(cells=[new_code_cell(outputs=outputs)]))
    assert inert_outputs(outputs) == outputs


def test_the_module_needs_no_nbconvert():
    code = "import sys, autograder.report.inert; print('nbconvert' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- Markdown -------------------------------------------------------------------------------------

PLAIN = """# A title

Some *words*, **strong** ones and `code`; a list:

- one [link](https://example.org/a?b=1&c=2), [mail](mailto:a@b.c), [a place](#place)
- $a < b$, $\\hat r_{ui} = \\mu + b_u$, 3 < 4 and 5 > 4

$$\\sum_{f=1}^{k} \\frac{p_f}{q_f}$$

| a | b |
|---|---|
| 1 | 2 |

```python
x = y[1:2] if a <b else c
```

> quoted ![here](attachment:good.png)
"""


def test_ordinary_markdown_stays_as_it_is():
    plain = PLAIN.replace(" <b ", " < b ")
    assert inert_markdown(plain, ATTACHMENTS) == plain


def is_inert(html):
    """No script, handler, harmful link or picture from elsewhere, as a browser would see it."""
    soup = BeautifulSoup(html, "html.parser")
    active = "script, iframe, object, embed, svg, math, link, base, meta, form, style, video, audio"
    links = [tag["href"] for tag in soup.select("[href]")]
    pictures = [tag["src"] for tag in soup.select("[src]")]
    handlers = [name for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]
    return (
        not soup.select(active)
        and not handlers
        and all(re.match(r"#|https?://|mailto:|attachment:", link) for link in links)
        and all(re.match(r"data:image/(png|jpeg);base64,", picture) for picture in pictures)
    )


ALIVE = {
    "two marks, of which one was taken away": f"!![i]({EVIL}/p.png)",
    "three marks": f"!!![i]({EVIL}/p.png)",
    "a mark that is escaped": f"\\![i]({EVIL}/p.png) \\\\![i]({EVIL}/p.png)",
    "two marks before a reference": f"!![i][far]\n\n[far]: {EVIL}/p.png",
    "a reference by its words alone": f"!![far]\n\n[far]:\n  <{EVIL}/p.png>\n  'x'",
    "a picture in a link": f"[!![i]({EVIL}/p.png)](https://example.org)",
    "a picture in a picture's words": f"![a !![i]({EVIL}/p.png)](attachment:good.png)",
    "a picture around an attachment": f"![a ![i](attachment:good.png)]({EVIL}/p.png)",
    "brackets in brackets": f"!![a [b [c] d] e]({EVIL}/p.png)",
    "words over two lines": f"!![i\n]({EVIL}/p.png)",
    "a picture in a footnote": f"x[^1]\n\n[^1]: !![i]({EVIL}/p.png)",
    "a picture in a formula": f"$!![i]({EVIL}/p.png)$ $$\n!![i]({EVIL}/p.png)\n$$",
    "a picture in a table": f"| a |\n|---|\n| !![i]({EVIL}/p.png) |",
    "a picture behind a formula that is none": f"\\$ !![i]({EVIL}/p.png) \\$",
    "a tag parted by a comment": f"<<!-- -->img src={EVIL}/p.png> <scr<!-- -->ipt>alert(1)</script>",
    "a tag around a tag": "<<script>script>alert(1)<</script>/script>",
    "a tag of entities": "&lt;img src=x onerror=alert(1)&gt; &amp;lt;script&amp;gt;",
    "a tag over two lines": "<\nscript\n>alert(1)</\nscript>",
    "a doctype and an instruction": "<?xml-stylesheet href='x'?><!DOCTYPE x [<!ENTITY a 'b'>]><![CDATA[<script>]]>",
    "an autolink": "<javascript:alert(1)> <data:text/html,x> <vbscript:x>",
    "a link whose target is in angles": "[x](<javascript:alert(1)>) [y](< javascript:alert(1)>)",
    "a link whose target is behind blanks": f"[x]({' ' * 200}javascript:alert(1))",
    "a link with an escape in its target": "[x](\\javascript:alert(1)) [y](java\\script:alert(1))",
    "a link of percents": "[x](javascript%3Aalert(1)) [y](%6Aavascript:alert(1))",
    "a reference whose name holds a bracket": "[x][a\\]b]\n\n[a\\]b]: javascript:alert(1)",
    "a target of another kind": "[x](data:image/svg+xml,<svg/onload=alert(1)>) [y](blob:x) [z](ws://x)",
    "a srcset": f"<img srcset='{EVIL}/p.png 2x'><picture><source srcset={EVIL}></picture>",
    "a ping": f"<a href='#x' ping='{EVIL}'>x</a>",
    "a template": "<template><script>alert(1)</script></template><x-a onclick=alert(1)>",
    "a title that breaks out": '[x](https://example.org "a\\" onclick=\'alert(1)")',
    "a name that breaks out": '![x" onerror="alert(1)](attachment:good.png "t" onload="x")',
    "a diagram": "```mermaid\nclick A javascript:alert(1)\n```",
    "a language that breaks out": '```"><script>alert(1)</script>\nx\n```',
}
"""What comes to life where text is taken away, or read by another program, by technique."""


@pytest.mark.parametrize("technique", ALIVE)
def test_nothing_comes_to_life_in_formgrader_or_on_the_page(technique):
    attached = inert_attachments(ATTACHMENTS)
    text = inert_markdown(ALIVE[technique], attached)
    assert is_inert(without_anchors(rendered(text, attached)))
    assert is_inert(rendered(inert_markdown(text, attached), attached).replace("anchor-link", ""))
    assert is_inert(Prose().html(ALIVE[technique], ATTACHMENTS))
    assert is_inert(Prose().html(text, attached))


def rendered(text, attachments):
    """Markdown as nbconvert's HTML and formgrader show it."""
    cell = new_markdown_cell(text, attachments=attachments)
    page = HTMLExporter(template_name="classic").from_notebook_node(new_notebook(cells=[cell]))[0]
    return str(BeautifulSoup(page, "html.parser").find(class_="rendered_html"))


FORMULAS = {
    "a link": "\\href{javascript:alert(1)}{x}",
    "an address": "\\url{javascript:alert(1)}",
    "a class": "\\class{tabbable}{x}",
    "an id": "\\cssId{svd-why}{x}",
    "a style": "\\style{position:fixed}{x}",
    "KaTeX's class": "\\htmlClass{tabbable}{x}",
    "KaTeX's id": "\\htmlId{svd-why}{x}",
    "KaTeX's data": "\\htmlData{a=b}{x}",
    "KaTeX's style": "\\htmlStyle{position:fixed}{x}",
    "a picture": f"\\includegraphics{{{EVIL}/p.png}}",
    "an extension": "\\require{html}",
    "a sign": "\\unicode{x3C}",
    "a box": "\\bbox[position:fixed]{x}",
    "a name for an equation": "\\label{svd-why}\\ref{svd-why}\\eqref{svd-why}",
    "a macro": "\\def\\a{\\href}\\newcommand{\\b}{x}\\let\\c=\\href",
    "a tip": "\\texttip{x}{y}\\mathtip{x}{y}\\tooltip{x}{y}\\action{x}{y}",
    "a rule over the page": "\\rule{9999em}{9999em}\\hspace{-99em}\\raise99em x\\kern-99em",
    "an operator": "\\DeclareMathOperator{\\x}{y}\\operatorname*{x}\\mathchoice{}{}{}{}",
    "a data attribute": "\\data{x=y}{z}\\mmlToken{mi}[href='javascript:alert(1)']{x}",
}
DELIMITERS = ("$%s$", "$$%s$$", "\\\\(%s\\\\)", "\\(%s\\)", "\\\\[%s\\\\]", "&#36;%s&#36;",
              "\\begin{align}%s\\end{align}", "\\$%s\\$", "&dollar;%s&dollar;", "$\n\\text{$%s$}\n$")  # fmt: skip


@pytest.mark.parametrize("kind", FORMULAS)
def test_no_macro_that_reaches_beyond_a_formula_gets_into_formgrader(kind):
    for formula in (FORMULAS[kind], FORMULAS[kind].replace("\\", "\\\\")):
        source = "\n\n".join(delimiters % formula for delimiters in DELIMITERS)
        page = rendered(inert_markdown(source), {})
        words = BeautifulSoup(page, "html.parser").get_text()
        is_math = re.search(r"\$|\\\(|\\\[|\\begin", words)
        active = set(re.findall(r"\\([A-Za-z]+)", words)) - MACROS
        assert not (is_math and active), words


@pytest.mark.parametrize("macro", ["&bsol;", "&#92;", "&#x5c;", "\\h&#114;"])
def test_no_macro_is_made_of_entities(macro):
    page = rendered(
        inert_markdown(f"$ x $ and \\$ {macro}href{{javascript:alert(1)}}{{x}} \\$"), {}
    )
    assert "\\href" not in BeautifulSoup(page, "html.parser").get_text()


@pytest.mark.parametrize("name", ["svd-why", "svd-why-comment", "statusmessage", "MathJax_Message"])
@pytest.mark.parametrize("heading", ["# %s", "## *%s* #", "%s\n===", "> - # %s", "1. %s\n   ---"])
def test_no_heading_takes_the_id_of_an_input(name, heading):
    ids = {"svd-why", "svd-why-comment"}
    page = rendered(inert_markdown(heading % name, {}, ids), {})
    assert not BeautifulSoup(page, "html.parser").find(id=name)
    assert 'id="My-answer"' in rendered(inert_markdown("# My answer", {}, ids), {})


@pytest.mark.parametrize("name", ["good.png", "./good.png", "그림.png", "a b.png"])
def test_what_formgrader_would_fail_on_is_shown_as_it_was_written(name):
    attachments = {} if name == "good.png" else {name: {"image/png": PNG}}
    assert rendered(inert_markdown(f"![x](attachment:{name})", attachments), attachments)


@pytest.mark.parametrize(
    "source", ["<script>alert(1)</script>", "$\\href{javascript:alert(1)}{x}$", "\n\n![x](https://x)\n"]
)  # fmt: skip
def test_a_raw_cell_is_shown_as_it_was_written_and_no_more(source):
    page = BeautifulSoup(rendered(inert_code(source), {}), "html.parser")
    assert page.pre.get_text().strip() == source.strip()
    assert {tag.name for tag in page.find_all(True)} == {"div", "pre", "code"}


def without_anchors(html):
    """HTML of nbconvert without the anchors that it puts behind headings."""
    return re.sub(r'<a class="anchor-link"[^>]*>', "", html)


@pytest.mark.parametrize("source", [*SCRIPTS, *MARKDOWN])
def test_markdown_runs_nothing_even_by_a_renderer_that_lets_html_through(source):
    attached = inert_attachments(ATTACHMENTS)
    text = inert_markdown(source, attached)
    for name, bundle in attached.items():
        text = text.replace(f"attachment:{name}", f"data:image/png;base64,{bundle['image/png']}")
    assert is_inert(without_anchors(markdown2html(text)))


@pytest.mark.parametrize("source", [*SCRIPTS, *MARKDOWN])
def test_prose_runs_nothing(source):
    assert is_inert(Prose().html(source, ATTACHMENTS))


@pytest.mark.parametrize(
    "macro",
    ["\\href{x}{y}", "\\href1", "\\href_", "\\HREF{x}", "\\require{html}", "\\def\\x{}", "\\let\\x=\\y",
     "\\newcommand{\\x}{y}", "\\renewcommand{\\x}{y}", "\\csname x\\endcsname", "\\style{x}{y}",
     "\\class{x}{y}", "\\cssId{x}{y}", "\\unicode{x3C}", "\\url{x}"],
)  # fmt: skip
def test_macros_that_reach_beyond_a_formula_lose_their_backslash(macro):
    assert inert_markdown(f"${macro}$").startswith("$\\ ")


@pytest.mark.parametrize(
    "macro", ["\\delta", "\\hat", "\\text{x}", "\\textstyle", "\\left(", "\\leq"]
)
def test_other_macros_stay(macro):
    assert inert_markdown(f"${macro}$") == f"${macro}$"


def test_a_picture_that_is_not_attached_is_none():
    assert inert_markdown("![x](attachment:gone.png)", {}) == "! [x](attachment:gone.png)"


def test_only_pictures_are_left_of_attachments():
    assert inert_attachments(ATTACHMENTS) == {"good.png": {"image/png": PNG}}
    assert inert_attachments(None) == inert_attachments([1]) == inert_attachments({"a": 3}) == {}


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="<>[]()!:\\$`*_#|-\n \tabjs&;=\"'/", max_size=60))
def test_whatever_is_written_runs_nothing(source):
    assert is_inert(Prose().html(source))
    text = inert_markdown(source)
    assert text.startswith("    ") or not re.search("<[A-Za-z/!?]|!\\[", text)
    assert is_inert(without_anchors(markdown2html(text)))


@pytest.mark.parametrize(
    "part",
    [
        "[",
        "![",
        "](",
        "]:",
        "[a](",
        "`",
        "$",
        "\\",
        "<",
        "\r",
        "\x1b[",
        "\x1b]",
        "> ",
        "- ",
        "|",
        "_a ",
    ],
)
def test_long_text_made_to_be_slow_is_not(part):
    source, start = part * (60_000 // len(part)), time.perf_counter()
    inert_markdown(source)
    inert_text(source * 7)
    Prose().html(source)
    assert time.perf_counter() - start < 20


def test_a_page_of_formulas_draws_no_more_than_its_limit(monkeypatch):
    drawn = []
    monkeypatch.setattr("autograder.report.prose.formula_image", drawn.append)
    Prose().html(" ".join(f"$x_{{{n}}}$" for n in range(1000)))
    assert len(drawn) == 400


def test_a_page_of_prose_is_laid_out_up_to_its_limit():
    prose = Prose()
    pages = [prose.html("*x* " * 10_000) for _ in range(11)]
    assert "<em>" in pages[0] and "<em>" not in pages[-1]
