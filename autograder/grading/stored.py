"""Small JSON files in `.grading/`, which the instructor alone can read."""

import json
import os

from autograder.errors import GradingError


def read_stored(path):
    """The dict that a file holds; empty where there is none.

    Raises
    ------
    GradingError
        Where the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise GradingError(
            f"{path} is damaged: remove it; grades in the gradebook then count as given by hand."
        ) from None


def write_stored(path, content):
    """Replace the file as a whole, in a folder that the instructor alone can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    new.replace(path)
