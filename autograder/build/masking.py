"""Mask the blanks: letters and digits of the listed tokens become stars, underscores stay.

Stands before SOLUTION regions are replaced, because tokens are counted in the cell as the author
wrote it. `locate_masks` is shared with `blanks`, which reads what a student wrote there.
"""

import ast
import io
import re
import tokenize
from itertools import accumulate
from typing import NamedTuple

from autograder.build.notebooks import (
    Cell,
    Notebook,
    each_cell,
    is_code,
    is_solution,
    lesson_error,
    ours,
)
from autograder.build.regions import find_regions
from autograder.build.syntax import compiles
from autograder.errors import BuildError

ENTRY = re.compile(r"(?P<head>\w*)(?:\[(?P<part>\w+)\](?P<tail>\w*))?(?:@(?P<ordinal>[1-9]\d*))?")
STRING_TOKENS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}


class Span(NamedTuple):
    """A stretch of a cell's source, in characters, end excluded."""

    start: int
    end: int


class Mask(NamedTuple):
    """A masked stretch, and the whole identifier that it is, or is a part of."""

    span: Span
    identifier: Span


def star(token: str) -> str:
    """Mask a token letter by letter: ``n_factors`` becomes ``*_*******``."""
    return re.sub(r"[^\W_]", "*", token)


def locate_masks(source: str, mask: list[str]) -> tuple[Mask, ...]:
    """Find the masked tokens in a cell.

    Parameters
    ----------
    source
        The cell as the author wrote it.
    mask
        Tokens in order of appearance: ``token`` is its next occurrence after the previous masked
        one, ``token@k`` the k-th in the whole cell (from 1). Only whole identifiers count, comments
        and strings included. Brackets mask a part alone: ``train_test_[split]``.

    Returns
    -------
    tuple of Mask
        One mask a token, ascending, none overlapping.

    Raises
    ------
    BuildError
        If a token does not occur there. The message names the token only; callers add the place.
    """
    masks: list[Mask] = []
    for entry in mask:
        parsed = ENTRY.fullmatch(entry)
        head, part, tail, ordinal = parsed.groups() if parsed else ("", None, None, None)
        token = f"{head}{part or ''}{tail or ''}"
        if not token.isidentifier():
            raise BuildError(f"{entry!r} is no token to mask")
        found = list(re.finditer(rf"(?<!\w){re.escape(token)}(?!\w)", source))
        if ordinal:
            found = found[int(ordinal) - 1 : int(ordinal)]
        if not found:
            raise BuildError(f"masked token {entry!r} does not occur in the cell")
        position = masks[-1].identifier.end if masks else 0
        later = [match for match in found if match.start() >= position]
        if not later:
            raise BuildError(f"masked token {entry!r} does not occur after the one before it")
        identifier = Span(*later[0].span())
        start = identifier.start + (len(head) if part else 0)
        masks.append(Mask(Span(start, start + len(part or token)), identifier))
    return tuple(masks)


def masks_in(notebook: Notebook, cell: Cell) -> tuple[Mask, ...]:
    """Locate the masks of a master's cell, with errors that name lesson and cell."""
    try:
        return locate_masks(cell.source, ours(cell).get("mask", []))
    except BuildError as problem:
        way_out = "mend the mask list, which counts whole identifiers in order"
        raise lesson_error(notebook, cell, str(problem), way_out) from None


def masked_source(source: str, masks: tuple[Mask, ...]) -> str:
    """Return the source with every masked stretch starred; lengths and line numbers stay."""
    for (start, end), _ in masks:
        source = source[:start] + star(source[start:end]) + source[end:]
    return source


@each_cell
def mask_blanks(notebook: Notebook, cell: Cell) -> Cell:
    """Star the masked tokens of every blank.

    Raises
    ------
    BuildError
        If a token is absent, stands inside a SOLUTION region, or leaves a cell that still compiles
        though no mask stands in a string that it uses; or if a blank has neither mask nor region.
    """
    if not (is_code(cell) and is_solution(cell)):
        return cell
    masks = masks_in(notebook, cell)
    regions = find_regions(notebook, cell)
    if not masks and not regions:
        raise lesson_error(
            notebook, cell, "neither mask nor SOLUTION region", "say what the student fills in"
        )
    for begin, end in regions:
        hit = [m for m in masks if begin <= cell.source.count("\n", 0, m.span.start) <= end]
        if hit:
            token = cell.source[slice(*hit[0].span)]
            raise lesson_error(
                notebook, cell, f"mask {token!r} stands in a SOLUTION region", "mask outside of it"
            )
    if not compiles(cell.source):
        raise lesson_error(notebook, cell, "the solution does not parse", "mend its code")
    masked = masked_source(cell.source, masks)
    if masks and compiles(masked) and not any_in_string(cell.source, masks):
        raise lesson_error(
            notebook, cell, "the masked cell still compiles", "mask tokens that the code needs"
        )
    cell.source = masked
    return cell


def any_in_string(source: str, masks: tuple[Mask, ...]) -> bool:
    """Tell whether a mask stands in a string that the code uses (docstrings are not used).

    The source must parse.
    """
    unused = {
        (node.lineno, node.col_offset)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    starts = list(accumulate((len(line) + 1 for line in source.split("\n")), initial=0))
    strings = [
        Span(starts[t.start[0] - 1] + t.start[1], starts[t.end[0] - 1] + t.end[1])
        for t in tokenize.generate_tokens(io.StringIO(source).readline)
        if t.type in STRING_TOKENS and t.start not in unused
    ]
    return any(s.start <= m.span.start and m.span.end <= s.end for s in strings for m in masks)
