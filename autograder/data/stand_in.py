"""Write a synthetic data set where the real one may not or cannot be.

A thin end of the generator: it decides what may be overwritten.
"""

from pathlib import Path

from autograder.data.movielens import DataFolder, verify_movielens
from autograder.data.new_folder import new_folder
from autograder.data.synthetic import synthesise, write_synthetic
from autograder.errors import DataError

STAND_IN_SEED = 202
"""Of the stand-in that everybody uses where no data set is at hand."""
README = """\
Made-up ratings in the layout of MovieLens 100K (u.data, u.item, u.info); no rating is real.
Written by `autograder data --synthetic {seed}`: the same seed gives the same files.
"""
STAND_IN_FILES = {"u.data", "u.item", "u.info", "README"}


def make_stand_in(target: Path, seed: int, force: bool = False) -> DataFolder:
    """Write the stand-in of ``seed`` as the folder ``target``.

    Parameters
    ----------
    target
        New or empty; with ``force`` it may hold an older stand-in, which is replaced.
    seed
        Not negative.
    force
        Replace an older stand-in.

    Returns
    -------
    DataFolder
        The written folder, verified.

    Raises
    ------
    DataError
        If ``target`` holds anything else, or cannot be written.
    """
    target = Path(target)
    _check_may_replace(target, force)
    with new_folder(target) as partial:
        write_synthetic(partial, synthesise(seed))
        (partial / "README").write_text(README.format(seed=seed), encoding="ascii")
    return verify_movielens(target)


def _check_may_replace(target: Path, force: bool) -> None:
    if not target.exists():
        return
    held = {path.name for path in target.iterdir()} if target.is_dir() else {target.name}
    if not held and target.is_dir():
        return
    if not target.is_dir() or held - STAND_IN_FILES:
        raise DataError(
            f"{target} holds something else than a stand-in; write to a new or empty folder."
        )
    if not force:
        raise DataError(
            f"{target} holds a data set already; add --force to replace it, or write to another "
            "folder."
        )
