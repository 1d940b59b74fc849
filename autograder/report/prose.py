"""Markdown of a notebook as HTML that runs nothing and loads nothing.

Three fences, each enough by itself: raw HTML is escaped while Markdown is parsed, bleach keeps an
allow-list of tags, attributes and protocols, and the page's own policy forbids scripts.
"""

import html
import re

import bleach
from mistune import HTMLRenderer, import_plugin
from nbconvert.filters.markdown_mistune import MarkdownWithMath

from autograder.report.formulas import formula_image
from autograder.report.inert import (
    MAX_MARKDOWN_CHARS,
    SHOWN_TAGS,
    find_attachment,
    has_many_environments,
    inert_attachments,
    inert_text,
    is_safe_target,
)

MAX_FORMULAS, MAX_PAGE_CHARS = 400, 200_000
"""Formulas and characters of one page that are laid out; what follows stays as it was written."""

MAX_DEPTH = 40
"""Pixels below the line that a class of the page's style is there for."""

TAGS = (SHOWN_TAGS - {"div", "span"}) | {"details", "summary"}
FOLDING = re.compile(r"(</?(?:details|summary)>)")
"""The only raw HTML that counts: a hint folds by it. It has no attributes, and bleach closes it."""
PICTURES = ("data:image/png;base64,", "data:image/jpeg;base64,")
SIZED = ("alt", "width", "height", "class")


def _is_allowed(tag, name, value):
    """Whether bleach leaves an attribute."""
    if tag == "a":
        return (name == "href" and is_safe_target(value)) or (
            name == "rel" and value == "noreferrer"
        )
    if tag == "img":
        return name in SIZED or (name == "src" and value.startswith(PICTURES))
    return tag == "code" and name == "class" and value == "formula"


CLEANER = bleach.Cleaner(
    tags=TAGS, attributes=_is_allowed, protocols={"http", "https", "mailto", "data"}
)


class Prose:
    """Markdown cells of one page as HTML; it counts the formulas that it drew, and the characters."""

    def __init__(self):
        self._formulas, self._chars = MAX_FORMULAS, MAX_PAGE_CHARS

    def html(self, source, attachments=None):
        """One cell.

        Parameters
        ----------
        source : Markdown, whatever stands in it.
        attachments : as in the cell; pictures that are PNG or JPEG are shown.
        """
        text = inert_text(source, MAX_MARKDOWN_CHARS)
        self._chars -= len(text)
        if self._chars < 0 or has_many_environments(text):
            return f"<pre>{html.escape(text)}</pre>"
        renderer = _Renderer(inert_attachments(attachments), self._draw)
        plugins = [import_plugin(name) for name in ("strikethrough", "table")]
        try:
            page = MarkdownWithMath(renderer=renderer, plugins=plugins).render(text)
        except Exception:  # a parser that gives up must not keep a page from being made
            page = f"<pre>{html.escape(text)}</pre>"
        return CLEANER.clean(page)

    def _draw(self, tex):
        self._formulas -= 1
        return formula_image(tex) if self._formulas >= 0 else None


class _Renderer(HTMLRenderer):
    """mistune's renderer with raw HTML escaped, no picture from elsewhere, and formulas drawn."""

    def __init__(self, attachments, draw):
        super().__init__(escape=True, allow_harmful_protocols=False)
        self._attachments, self._draw = attachments, draw

    def image(self, text, url, title=None):
        """A picture where it is an attachment, else its words."""
        name = find_attachment(url.removeprefix("attachment:"), self._attachments)
        bundle = self._attachments.get(name, {})
        for kind, content in bundle.items():
            return f'<img src="data:{kind};base64,{content}" alt="{html.escape(text)}">'
        return f"<em>[picture: {html.escape(text or 'without words')}]</em>"

    def link(self, text, url, title=None):
        """A link where it leads to the web, to mail or within the page, else its words."""
        if not is_safe_target(url):
            return text
        return f'<a href="{html.escape(html.unescape(url))}" rel="noreferrer">{text}</a>'

    def block_html(self, text):
        """HTML that stands by itself, as it was written, but for what folds a hint."""
        return f"{_folding(text)}\n"

    def inline_html(self, text):
        """The same in a line."""
        return _folding(text)

    def block_code(self, code, info=None):
        """Code without a class of its own."""
        return f"<pre><code>{html.escape(code)}</code></pre>\n"

    def inline_math(self, body):
        """A formula in a line."""
        return self._formula(body, "formula")

    def block_math(self, body):
        """A formula that stands by itself."""
        return self._formula(body, "formula wide")

    def latex_environment(self, name, body):
        """An environment, as it was written."""
        return f"<pre>\\begin{{{html.escape(name)}}}{html.escape(body)}\\end{{{html.escape(name)}}}</pre>"

    def _formula(self, body, kind):
        tex = html.escape(" ".join(body.split()))
        if (image := self._draw(body.strip())) is None:
            return f'<code class="formula">{tex}</code>'
        content, width, height, depth = image
        kind += f" d{min(depth, MAX_DEPTH)}"
        return (
            f'<img class="{kind}" src="{PICTURES[0]}{content}" alt="{tex}" '
            f'width="{width}" height="{height}">'
        )


def _folding(text):
    """HTML escaped, tags excepted by which a text is folded."""
    parts = FOLDING.split(text)  # the tags stand at odd places
    return "".join(part if n % 2 else html.escape(part) for n, part in enumerate(parts))
