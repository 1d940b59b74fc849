"""Sanitising: take from a submission what would change how, or whether, it is run.

Stands around nbgrader's own sanitising. nbgrader skips cells that bear a tag, and gives up on the
whole class when one cell's metadata is of a schema that it does not know.
"""

from nbgrader.preprocessors import NbGraderPreprocessor

SCHEMA_VERSION = 3
KINDS = ("grade", "solution", "locked", "task")


def is_sound(metadata):
    """Whether a cell's nbgrader metadata can be read: the known schema, a name, and true or false."""
    return (
        isinstance(metadata, dict)
        and metadata.get("schema_version") == SCHEMA_VERSION
        and isinstance(metadata.get("grade_id"), str)
        and all(isinstance(metadata.get(kind, False), bool) for kind in KINDS)
    )


class DropBrokenMetadata(NbGraderPreprocessor):
    """Drop nbgrader metadata that nbgrader cannot read, so that one cell does not stop a class."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Leave a cell's nbgrader metadata where it is sound, and drop it otherwise."""
        if "nbgrader" in cell.metadata and not is_sound(cell.metadata["nbgrader"]):
            self.log.warning("Cell %d has nbgrader metadata that cannot be read", cell_index)
            del cell.metadata["nbgrader"]
        return cell, resources


class DropTags(NbGraderPreprocessor):
    """Drop the tags of every cell: `skip-execution` on a check would keep it from being run."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Drop the tags of a cell."""
        cell.metadata.pop("tags", None)
        return cell, resources
