"""Make a folder in one step: it is there whole, or it is not there.

Downloads, stand-ins and grading data sets are all folders that other stages trust without looking
twice, so every one of them is written beside its final place and then renamed.
"""

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from autograder.errors import DataError


@contextlib.contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``target`` that takes its place when the block ends well.

    Parameters
    ----------
    target
        The folder to make. What is there already is replaced, and only after the block has ended
        without an exception; parents are made.

    Yields
    ------
    Path
        The folder to write into, on the same file system as ``target``.

    Raises
    ------
    DataError
        If the folder cannot be written, inside the block too. An ``OSError`` of the block about
        another place passes through.
    """
    target = Path(target)
    partial = target.with_name(f".{target.name}.partial-{secrets.token_hex(4)}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.mkdir()
        yield partial
        _put_in_place(partial, target)
    except OSError as error:
        if error.filename is not None and not _is_near(Path(str(error.filename)), target):
            raise
        reason = error.strerror or type(error).__name__
        raise DataError(
            f"Cannot write the folder {target} ({reason}); choose a place that can be written."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_near(path: Path, target: Path) -> bool:
    """Tell whether an error about ``path`` is about making ``target``."""
    return target.parent in [path, *path.parents] or path in target.parents


def _put_in_place(partial: Path, target: Path) -> None:
    """Rename ``partial`` to ``target``; the old ``target`` survives if the rename fails."""
    if not target.exists():
        partial.rename(target)
        return
    old = target.with_name(f".{target.name}.old-{secrets.token_hex(4)}")
    target.rename(old)
    try:
        partial.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)
