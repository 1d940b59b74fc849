"""Which interpreter this is; the same text runs outside and inside, so that both ends can be compared."""

import hashlib
import os
import sys


def identity():
    """Version and build of the interpreter, and a digest of the file that holds its code.

    Returns
    -------
    str
        Two lines: ``sys.version``, its line breaks gone, and the SHA-256 of the libpython that is mapped, or of the
        executable where there is none.
    """
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:  # noqa: PTH123
        paths = [line.rstrip("\n").split(maxsplit=5)[5:] for line in maps]
    mapped = {path[0] for path in paths if path and _is_libpython(os.path.basename(path[0]))}  # noqa: PTH119
    place = min(mapped, default="/proc/self/exe")
    with open(place, "rb") as file:  # noqa: PTH123  no class of another module's stands here
        digest = hashlib.file_digest(file, "sha256")
    return " ".join(sys.version.split()) + "\n" + digest.hexdigest()


def _is_libpython(name):
    return name.startswith("libpython") and ".so" in name and not name.startswith("libpython3.so")
