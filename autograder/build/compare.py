"""Compare notebooks: code, prose and metadata to the letter, outputs by what they must show.

Two runs of one lesson differ by float noise, by memory addresses, by the sign of a singular vector.
They must still show the same kinds of output, the same words, numbers that agree.
"""

import json
import math
import re
from collections.abc import Iterator

from autograder.build.notebooks import Cell, Notebook, is_code

NUMBER = re.compile(r"[-+]?(?:\d+\.\d*|\.?\d+)(?:[eE][-+]?\d+)?")
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
RELATIVE, ABSOLUTE = 0.05, 0.02
TEXTS = ("text/plain", "text/html", "text/markdown", "text/latex")


def differences(expected: Notebook, found: Notebook, outputs: bool = False) -> Iterator[str]:
    """Yield one line a difference, as ``cell <id>: <what>``.

    Parameters
    ----------
    expected
        What the lesson builds now.
    found
        What is committed.
    outputs
        Compare outputs too, see `outputs_agree`. If False, outputs and execution counts are not
        looked at.
    """
    if expected.metadata != found.metadata:
        yield "notebook: metadata differ"
    if (expected.nbformat, expected.nbformat_minor) != (found.nbformat, found.nbformat_minor):
        yield "notebook: format versions differ"
    wanted = {cell.id: cell for cell in expected.cells}
    present = {cell.get("id", "(none)"): cell for cell in found.cells}
    for cell_id in wanted.keys() - present.keys():
        yield f"cell {cell_id}: missing"
    for cell_id in present.keys() - wanted.keys():
        yield f"cell {cell_id}: not in the lesson"
    shared = [cell_id for cell_id in wanted if cell_id in present]
    if shared != [cell_id for cell_id in present if cell_id in wanted]:
        yield "notebook: cells are in another order"
    for cell_id in shared:
        for what in _cell_differences(wanted[cell_id], present[cell_id], outputs):
            yield f"cell {cell_id}: {what}"


def _cell_differences(expected: Cell, found: Cell, outputs: bool) -> Iterator[str]:
    if expected.cell_type != found.cell_type:
        yield "cell types differ"
        return
    if expected.source != found.source:
        yield f"{'code' if is_code(expected) else 'prose'} differs"
    if expected.metadata != found.metadata:
        yield "metadata differ"
    if outputs and is_code(expected):
        reason = disagreement(expected, found)
        if reason:
            yield f"outputs differ ({reason})"


def outputs_agree(expected: Notebook, found: Notebook) -> bool:
    """Tell whether two runs of the same code show the same.

    Both notebooks must have the same cells; `disagreement` says what is the same.
    """
    if [cell.id for cell in expected.cells] != [cell.get("id") for cell in found.cells]:
        return False
    pairs = zip(expected.cells, found.cells, strict=True)
    return not any(disagreement(*pair) for pair in pairs if is_code(pair[0]))


def disagreement(expected: Cell, found: Cell) -> str | None:
    """Say how the outputs of two runs of a cell disagree, None if they agree.

    The same kinds of output in the same order; the same words; numbers equal in size within 5% or
    0.02, signs free; images are there or not.
    """
    if [_kind(o) for o in expected.outputs] != [_kind(o) for o in found.outputs]:
        return "other kinds of output"
    for one, other in zip(expected.outputs, found.outputs, strict=True):
        for mine, theirs in zip(_texts(one), _texts(other), strict=True):
            reason = _text_disagreement(mine, theirs)
            if reason:
                return reason
    return None


def _kind(output: dict) -> tuple:
    return output["output_type"], output.get("name"), tuple(sorted(output.get("data", {})))


def _texts(output: dict) -> list[str]:
    texts = [output["text"]] if output["output_type"] == "stream" else []
    data = output.get("data", {})
    texts += [data[kind] for kind in TEXTS if kind in data]
    return [text if isinstance(text, str) else json.dumps(text) for text in texts]


def _text_disagreement(expected: str, found: str) -> str | None:
    expected, found = ADDRESS.sub("0x", expected), ADDRESS.sub("0x", found)
    if NUMBER.sub("#", expected).split() != NUMBER.sub("#", found).split():
        return "other words"
    for mine, theirs in zip(NUMBER.findall(expected), NUMBER.findall(found), strict=True):
        one, other = abs(float(mine)), abs(float(theirs))
        if not math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE):
            return f"shows {theirs} instead of {mine}"
    return None
