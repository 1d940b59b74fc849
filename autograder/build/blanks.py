"""Read what a student wrote in each blank of a masked cell.

The student's cell need not look like the master's any more: a formatter may have passed over it,
lines may have come or gone. Both sources become logical lines of tokens, free of comments, layout
and quote style. Lines are aligned with lines, and inside each pair tokens with tokens: the master's
fixed tokens should find themselves, and a blank takes what stands between its neighbours.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from autograder.build.masking import Mask, Span, locate_masks
from autograder.build.notebooks import Cell, ours
from autograder.build.regions import MARKER

LEXEME = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<newline>\n)"
    r"|(?P<space>[^\S\n]+|\\\n)"
    r"|(?P<string>(?P<prefix>[rbfuRBFU]{0,2})(?P<quote>'''|\"\"\"|'|\")"
    r"(?P<body>(?:\\.|(?!(?P=quote)).)*?)(?P=quote))"
    r"|(?P<stars>[*_]*\*[*_]*(?!\w))"
    r"|(?P<word>\w+(?:\.\d+)?)"
    r"|(?P<operator>\*\*=|//=|>>=|<<=|->|:=|[-+*/%@&|^<>=!]=|\*\*|//|.)",
    re.DOTALL,
)
STRING_LEXEME = re.compile(r"\w+|\s+|.", re.DOTALL)
OPENING, CLOSING = "([{", ")]}"
MATCH_WORD, MATCH_SIGN, SKIP, MORE, EMPTY = 3.0, 1.0, -1.0, -0.25, -1.0
IMPOSSIBLE = float("-inf")


@dataclass(frozen=True)
class Token:
    """A token and where it stands.

    `is_quoted` marks tokens inside a string, `blank` is the number of the mask that it is, if any,
    and `partner` the number of tokens from an opening bracket to its closing one, both counted, or
    the like from a closing one back; 0 for a bracket without partner, 1 for all other tokens.
    """

    text: str
    span: Span
    is_quoted: bool = False
    blank: int | None = None
    partner: int = 1


Line = list[Token]
Fill = tuple[Token, ...]


def read(template: Cell, cell: Cell) -> tuple[str | None, ...]:
    """Tell what stands in each blank of a student's cell.

    Parameters
    ----------
    template
        The master's cell: solved source, and its mask list under our metadata key.
    cell
        The student's cell, whatever became of it.

    Returns
    -------
    tuple of str or None
        One entry a mask, in order. The text in the blank, layout reduced to single spaces: the
        stars themselves where nothing was filled in, "" where the blank was emptied. None where it
        cannot be told: a neighbour of the blank is gone, or two readings fit equally well.

    Raises
    ------
    BuildError
        If the mask list does not fit the template.

    Notes
    -----
    Alignment runs once from either end; where the two disagree, there are two best readings. Cost
    is proportional to the product of both lengths: about 0.1 s for cells of 200 tokens.
    """
    masks = locate_masks(template.source, ours(template).get("mask", []))
    if not masks:
        return ()
    expected = _mark_blanks(_lines(_without_regions(template.source)), masks)
    found = _lines(cell.source)
    forward = _align_lines(expected, found)
    backward = _align_lines(_reversed(expected), _reversed(found))
    return tuple(
        _part(template.source, mask, _text(forward.get(n), backward.get(n), cell.source))
        for n, mask in enumerate(masks)
    )


def _without_regions(source: str) -> str:
    """Blank out SOLUTION regions, which students replace, without moving anything else."""
    inside, lines = False, []
    for line in source.split("\n"):
        marker = MARKER.match(line)
        lines.append(" " * len(line) if marker or inside else line)
        inside = (marker[1].upper() == "BEGIN") if marker else inside
    return "\n".join(lines)


def _lines(source: str) -> list[Line]:
    """Split a source into logical lines: a newline inside brackets ends none."""
    lines: list[Line] = [[]]
    depth = 0
    for match in LEXEME.finditer(source):
        line, kind, text = lines[-1], match.lastgroup, match.group()
        if match["string"]:
            line += _string_tokens(match)
        elif kind == "newline" and depth == 0:
            lines.append([])
        elif kind not in ("comment", "space", "newline"):
            depth = max(0, depth + (text in OPENING) - (text in CLOSING))
            token = Token(text, Span(*match.span()))
            if text in CLOSING and line and line[-1].text == ",":
                between = source[line[-1].span.end : token.span.start]
                if "\n" in between:
                    line.pop()  # formatters add a comma before a bracket on a line of its own
            line.append(token)
    return [_with_partners(line) for line in lines if line]


def _string_tokens(match: re.Match) -> Line:
    """Split a string into prefix, quote, words and quote, so that a blank inside can be read."""
    body = match.start("body")
    inner = [
        Token(m.group(), Span(body + m.start(), body + m.end()), is_quoted=True)
        for m in STRING_LEXEME.finditer(match["body"])
    ]
    prefix = Token(match["prefix"].lower(), Span(*match.span("prefix")))
    opening = Token('"', Span(*match.span("quote")))
    closing = Token('"', Span(match.end("body"), match.end()))
    return [*([prefix] if prefix.text else []), opening, *inner, closing]


def _with_partners(line: Line) -> Line:
    """Tell each bracket how far off its partner is."""
    result, opened = list(line), []
    for n, token in enumerate(line):
        if token.is_quoted:
            continue
        if token.text in OPENING:
            opened.append(n)
            result[n] = replace(token, partner=0)
        elif token.text in CLOSING:
            start = opened.pop() if opened else n
            length = n - start + 1 if start < n else 0
            result[n] = replace(token, partner=length)
            result[start] = replace(result[start], partner=length)
    return result


def _mark_blanks(lines: list[Line], masks: Sequence[Mask]) -> list[Line]:
    numbers = {mask.identifier: number for number, mask in enumerate(masks)}
    return [[replace(t, blank=numbers.get(t.span)) for t in line] for line in lines]


def _reversed(lines: list[Line]) -> list[Line]:
    return [line[::-1] for line in lines[::-1]]


def _align_lines(expected: list[Line], found: list[Line]) -> dict[int, Fill]:
    """Align two lists of lines and read the blanks in the pairs.

    Returns
    -------
    dict of int to tuple of Token
        Blank number -> what fills it, in reading order of `found`; blanks that cannot be told are
        left out.
    """
    tables = {(i, j): _Table(a, b) for i, a in enumerate(expected) for j, b in enumerate(found)}
    pairs = _best_pairs(
        len(expected),
        len(found),
        lambda i, j: tables[i, j].score,
        lambda i: SKIP * len(expected[i]),
        lambda j: SKIP * len(found[j]),
    )
    return {number: fill for pair in pairs for number, fill in tables[pair].fills().items()}


def _best_pairs(
    rows: int,
    columns: int,
    gain: Callable[[int, int], float],
    skip_row: Callable[[int], float],
    skip_column: Callable[[int], float],
) -> list[tuple[int, int]]:
    """Align two sequences, Needleman and Wunsch's way; return the pairs of positions."""
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    step = [[""] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows + 1):
        for j in range(columns + 1):
            ways = []
            if i and j:
                ways.append((best[i - 1][j - 1] + gain(i - 1, j - 1), "pair"))
            if i:
                ways.append((best[i - 1][j] + skip_row(i - 1), "row"))
            if j:
                ways.append((best[i][j - 1] + skip_column(j - 1), "column"))
            if ways:
                best[i][j], step[i][j] = max(ways, key=lambda way: way[0])
    pairs, i, j = [], rows, columns
    while step[i][j]:
        if step[i][j] == "pair":
            pairs.append((i - 1, j - 1))
        i, j = i - (step[i][j] != "column"), j - (step[i][j] != "row")
    return pairs


class _Table:
    """Scores of aligning one line of the master with one of the student's.

    A fixed token matches its like or is skipped. A blank takes one unit for free and more at a
    small cost each, a unit being a token or a whole pair of brackets, so that no blank ever ends
    inside brackets that began in it.
    """

    def __init__(self, expected: Line, found: Line) -> None:
        self.expected, self.found = expected, found
        width = len(found) + 1
        self.best = [[SKIP * j for j in range(width)]]
        self.begin: list[list[int | None]] = []
        for token in expected:
            row = self._fixed_row(token) if token.blank is None else self._blank_row()
            self.best.append(row)

    @property
    def score(self) -> float:
        return self.best[-1][-1]

    def _fixed_row(self, token: Token) -> list[float]:
        above, gain = self.best[-1], _weight(token)
        row = [above[0] + SKIP]
        for j, other in enumerate(self.found):
            value = max(above[j + 1], row[j]) + SKIP
            row.append(max(value, above[j] + gain) if other.text == token.text else value)
        self.begin.append([])
        return row

    def _blank_row(self) -> list[float]:
        above, width = self.best[-1], len(self.found) + 1
        filled, begin = [IMPOSSIBLE] * width, [None] * width
        row = [above[0] + EMPTY]
        for j in range(width):
            if j:
                row.append(max(filled[j], above[j] + EMPTY, row[j - 1] + SKIP))
            length = self.found[j].partner if j < len(self.found) else 0
            if not length or j + length >= width:
                continue
            for value, start in (
                (above[j] + MORE * (length - 1), j),
                (filled[j] + MORE * length, begin[j]),
            ):
                if value > filled[j + length]:
                    filled[j + length], begin[j + length] = value, start
        self.begin.append([start if row[j] == filled[j] else None for j, start in enumerate(begin)])
        return row

    def fills(self) -> dict[int, Fill]:
        """Trace the best alignment back; keep the blanks whose neighbours both matched."""
        partner = {-1: -1, len(self.expected): len(self.found)}
        ranges: dict[int, tuple[int, int]] = {}
        i, j = len(self.expected), len(self.found)
        while i:
            token, score, above = self.expected[i - 1], self.best[i][j], self.best[i - 1]
            if token.blank is not None and self.begin[i - 1][j] is not None:
                ranges[i - 1] = (self.begin[i - 1][j], j)
                i, j = i - 1, self.begin[i - 1][j]
            elif token.blank is not None and score == above[j] + EMPTY:
                ranges[i - 1] = (j, j)
                i -= 1
            elif token.blank is None and self._matches(token, i, j):
                partner[i - 1] = j - 1
                i, j = i - 1, j - 1
            elif token.blank is None and score == above[j] + SKIP:
                i -= 1
            else:
                j -= 1
        return {
            self.expected[n].blank: tuple(self.found[start:end])
            for n, (start, end) in ranges.items()
            if partner.get(n - 1) == start - 1 and partner.get(n + 1) == end
        }

    def _matches(self, token: Token, i: int, j: int) -> bool:
        if j == 0 or self.found[j - 1].text != token.text:
            return False
        return self.best[i][j] == self.best[i - 1][j - 1] + _weight(token)


def _weight(token: Token) -> float:
    return MATCH_WORD if re.match(r"\w", token.text) else MATCH_SIGN


def _text(forward: Fill | None, backward: Fill | None, source: str) -> str | None:
    """Return the text of a fill on which the readings from both ends agree."""
    if forward is None or backward is None or forward != backward[::-1]:
        return None
    pieces = []
    for number, token in enumerate(forward):
        if number and forward[number - 1].span.end != token.span.start:
            pieces.append(" ")
        pieces.append(source[token.span.start : token.span.end])
    return "".join(pieces)


def _part(source: str, mask: Mask, fill: str | None) -> str | None:
    """Cut a fill of a whole identifier down to its masked part; None if the rest was changed."""
    head = source[mask.identifier.start : mask.span.start]
    tail = source[mask.span.end : mask.identifier.end]
    if fill is None or len(fill) < len(head + tail):
        return None
    if not (fill.startswith(head) and fill.endswith(tail)):
        return None
    return fill[len(head) : len(fill) - len(tail)]
