"""Formulas as pictures: LaTeX of a lesson or an answer, drawn without a script in the page.

matplotlib's mathtext knows a part of LaTeX; a formula that it does not know stays as it was written.
"""

import base64
import re
from functools import lru_cache
from io import BytesIO

MAX_FORMULA_CHARS, MAX_BRACES, MAX_INCHES = 600, 120, 30
DPI = 192
"""Dots an inch of a picture that is shown at 96."""

KNOWN = re.compile(r"(?:[ -#%-\[\]-~]|\\[A-Za-z,;:! {}|_%&#])+")
"""What mathtext's fonts have a sign for, as far as a single sign can tell; no dollar sign."""

GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
SPELLINGS = (
    (re.compile(rf"\\underbrace{GROUP}_{GROUP}"), r"\\underset{\2}{\1}"),
    (re.compile(r"\\(textstyle|displaystyle|limits|nolimits)(?![A-Za-z])"), " "),
    (re.compile(r"\\[td]frac(?![A-Za-z])"), r"\\frac"),
    (re.compile(r"\\frac\s*(\d)\s*(\w)"), r"\\frac{\1}{\2}"),
    (re.compile(r"\\(mathcal|mathbf|mathrm|mathbb)\s+(\w)"), r"\\\1{\2}"),
    (re.compile(r"\\(?:lvert|rvert)(?![A-Za-z])"), "|"),
    (re.compile(r"\\top(?![A-Za-z])"), r"{\\mathsf{T}}"),
)


@lru_cache(maxsize=512)
def formula_image(tex):
    """Draw a formula.

    Parameters
    ----------
    tex : LaTeX without its dollar signs.

    Returns
    -------
    (PNG in base64, width, height, depth below the line, in CSS pixels), or None where it cannot be
    drawn.
    """
    plain = " ".join(tex.split())
    if (
        not KNOWN.fullmatch(plain)
        or len(plain) > MAX_FORMULA_CHARS
        or plain.count("{") > MAX_BRACES
    ):
        return None
    for pattern, spelling in SPELLINGS:
        plain = pattern.sub(spelling, plain)
    try:
        return _draw(plain)
    except Exception:  # mathtext's parser raises errors of many classes, RecursionError among them
        return None


def _draw(tex):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    font = FontProperties(size=12, math_fontfamily="cm")
    width, height, depth, *_ = MathTextParser("path").parse(f"${tex}$", dpi=72, prop=font)
    inches = (width + 2) / 72, (height + 2) / 72
    if max(inches) > MAX_INCHES:
        return None
    figure = Figure(figsize=inches)
    FigureCanvasAgg(figure)
    figure.text(1 / 72 / inches[0], (depth + 1) / 72 / inches[1], f"${tex}$", fontproperties=font)
    buffer = BytesIO()
    figure.savefig(buffer, dpi=DPI, format="png", transparent=True, metadata={"Software": None})
    sides = (round(side * 96) for side in (*inches, (depth + 1) / 72))
    return base64.b64encode(buffer.getvalue()).decode(), *sides
