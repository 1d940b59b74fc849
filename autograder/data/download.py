"""Fetch MovieLens 100K from its makers, and never use a download that is not whole.

Stands beside finding, not inside it, because it is the one place that speaks to the network. The
bytes are compared with the known MD5 before anything is unpacked, members are checked before any
is written, and the folder appears by a rename.
"""

import contextlib
import hashlib
import http.client
import io
import stat
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from autograder.data.movielens import is_real, verify_movielens
from autograder.data.new_folder import new_folder
from autograder.errors import DataError

ZIP_URL = "https://files.grouplens.org/datasets/movielens/ml-100k.zip"
ZIP_MD5 = "0e33842e24a9c977be4e0107933c0723"
MAX_BYTES = 64 * 2**20
MAX_MEMBERS = 200
TIMEOUT_S = 30


def open_url(url: str) -> BinaryIO:
    """Open ``url`` for reading, with a time limit of 30 s a wait."""
    return urllib.request.urlopen(url, timeout=TIMEOUT_S)


def download_movielens(
    target: Path,
    opener: Callable[[str], BinaryIO] = open_url,
    zip_md5: str = ZIP_MD5,
) -> Path:
    """Download MovieLens 100K into the folder ``target``.

    Parameters
    ----------
    target
        The folder that will hold ``u.data``. One that holds the real set already is left as it
        is, without a download; anything else that is there is an error.
    opener
        Opens a URL as a binary file; another source may be put here.
    zip_md5
        What the archive must be, as 32 hex digits.

    Returns
    -------
    Path
        ``target``.

    Raises
    ------
    DataError
        If there is no network, the archive is not the expected one, a member of it is not a plain
        file inside it, or ``target`` cannot be written or is taken. Nothing is left behind.
    """
    target = Path(target)
    if is_real(target):
        return target
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise DataError(
            f"{target} is there already and is not MovieLens 100K; "
            "move it away, or download to another folder."
        )
    content = _fetch(ZIP_URL, opener)
    if hashlib.md5(content).hexdigest() != zip_md5:
        raise DataError(
            f"The archive from {ZIP_URL} is damaged or not the one expected (its MD5 is not "
            f"{zip_md5}); try again, or unpack a good copy into {target}."
        )
    with new_folder(target) as partial:
        extract_members(content, partial)
        verify_movielens(partial)
    return target


def extract_members(content: bytes, folder: Path) -> None:
    """Unpack the files of a zip archive into ``folder``, without their leading folder.

    Parameters
    ----------
    content
        The archive.
    folder
        An existing empty folder.

    Raises
    ------
    DataError
        Before anything is written, if a member has an absolute path, a ``..``, or is a link or
        another special file, if there are over 200 members or over 64 MiB in them, or if the
        archive cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            _check_members(members)
            for member in members:
                if not member.is_dir():
                    path = folder.joinpath(*_path_inside(member))
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(archive.read(member))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(
            f"The archive for {folder.parent} cannot be unpacked ({type(error).__name__}); "
            "download it again."
        ) from error


def _fetch(url: str, opener: Callable[[str], BinaryIO]) -> bytes:
    try:
        with contextlib.closing(opener(url)) as source:
            content = source.read(MAX_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None)
        raise DataError(
            f"Cannot fetch {url} ({reason or type(error).__name__}); connect to the network, or "
            "set MOVIELENS_DIR to a folder that holds u.data."
        ) from error
    if len(content) > MAX_BYTES:
        raise DataError(f"The archive from {url} is over {MAX_BYTES} bytes; it is not MovieLens.")
    return content


def _path_inside(member: zipfile.ZipInfo) -> tuple[str, ...]:
    parts = PurePosixPath(member.filename).parts
    return parts[1:] if len(parts) > 1 else parts


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_BYTES:
        raise DataError(
            f"The archive holds over {MAX_MEMBERS} files or {MAX_BYTES} bytes; "
            "it is not MovieLens 100K, so nothing was unpacked."
        )
    for member in members:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        path = PurePosixPath(name)
        outside = path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name
        if outside or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise DataError(
                f"The archive holds {name!r}, which is not a plain file inside it; "
                "nothing was unpacked: fetch the archive from its makers."
            )
