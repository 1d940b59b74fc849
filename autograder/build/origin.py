"""Whether a master is as it was built: a digest of what a person writes in it, kept in its metadata.

Opening a notebook and saving it changes outputs, counts and metadata of the interface: none of that is an edit.
"""

import hashlib
import json
from copy import deepcopy

from autograder.build.notebooks import OURS, Notebook, ours

BUILT = "built"


def mark_origin(notebook: Notebook) -> Notebook:
    """Note the digest of a master in its own metadata."""
    result = deepcopy(notebook)
    result.metadata[OURS] = {**ours(result), BUILT: digest(result)}
    return result


def digest(notebook: Notebook) -> str:
    """Return the SHA-256 of a notebook's cells: their kind, text, attachments, and settings of nbgrader's and ours."""
    cells = [
        [
            cell.cell_type,
            cell.source,
            cell.get("attachments") or {},
            cell.metadata.get("nbgrader", {}),
            ours(cell),
        ]
        for cell in notebook.cells
    ]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()


def is_edited(found: Notebook, fresh: Notebook) -> bool:
    """Tell whether a master holds what neither the build that made it wrote nor the one at hand would write.

    A master without a digest, of an earlier edition or made by hand, is edited where it differs.
    """
    now = digest(found)
    return now not in (ours(found).get(BUILT), digest(fresh))
