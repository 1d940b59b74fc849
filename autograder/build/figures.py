"""Figures in words: the paragraph under a figure becomes the alternative text of its image.

A lesson shows a figure by ``plt.show()`` and says in the next cell, in a paragraph that begins with
the word for picture, what is to be seen. Everybody reads it there. The solution's cell carries it in its
metadata as well, where nbconvert's classic template finds it; the lab template knows no such text yet.
Stands after the language is chosen, since it reads prose.
"""

import re
from copy import deepcopy

from autograder.build.notebooks import Notebook, is_code, lesson_error

SHOW = "plt.show()"
LABELS = ("*Picture.*", "*그림.*")
MARKUP = re.compile(r"[*`$]")


def describe_figures(notebook: Notebook) -> Notebook:
    """Copy the description below each figure into the metadata key ``alt`` of the figure's cell.

    Raises
    ------
    BuildError
        If a cell shows a figure and no description follows.
    """
    result = deepcopy(notebook)
    for cell, below in zip(result.cells, [*result.cells[1:], None], strict=True):
        if not (is_code(cell) and SHOW in cell.source):
            continue
        text = "" if below is None or is_code(below) else below.source
        label = next((label for label in LABELS if text.startswith(label)), None)
        if label is None:
            way_out = f"begin the cell below it with {' or '.join(LABELS)} and a description"
            raise lesson_error(notebook, cell, "a figure without a description", way_out)
        paragraph = text.removeprefix(label).split("\n\n")[0]
        cell.metadata["alt"] = " ".join(MARKUP.sub("", paragraph).split())
    return result
