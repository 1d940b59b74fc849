"""Deterministic cell ids: the same lesson gives the same ids, on every machine, in every language.

Named cells take their name. The others take a hash of their own content and the ordinal among cells
of equal content, so that an edit elsewhere, or a language more, moves no id. Stands before the
language is chosen, since shared cells must keep one id in all releases.
"""

from collections import Counter
from copy import deepcopy
from hashlib import sha256

from autograder.build.notebooks import Notebook, ours

DIGITS = 12


def set_cell_ids(notebook: Notebook) -> Notebook:
    """Give every cell its id: ``grade_id``, else ``<cell type>-<hash>-<ordinal>``."""
    result = deepcopy(notebook)
    ordinals: Counter = Counter()
    for cell in result.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        if grade_id:
            cell["id"] = grade_id
            continue
        content = "\0".join((cell.cell_type, ours(cell).get("lang", ""), cell.source))
        stem = f"{cell.cell_type}-{sha256(content.encode()).hexdigest()[:DIGITS]}"
        ordinals[stem] += 1
        cell["id"] = f"{stem}-{ordinals[stem]}"
    return result
