"""What comes through nbgrader's exchange beside a notebook, and leads its feedback back.

`nbgrader submit` leaves a secret with the submission and keeps a copy with the student; a released page
bears a name made of it, byte for byte.
"""

import os
import re
import stat
from pathlib import Path

SECRET = "submission_secret.txt"
MAX_SECRET_BYTES = 1000
SOUND = re.compile(rb"[!-~]+")
"""One word of printable ASCII: what `nbgrader release_feedback` reads alike everywhere."""


def read_secret(folder: str | Path) -> str | None:
    """The secret in a folder of a submission; None where there is none that nbgrader could use.

    No link is followed: what lies there was handed in.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(Path(folder) / SECRET, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            content = file.read(MAX_SECRET_BYTES + 1)
    except OSError:
        return None
    is_sound = len(content) <= MAX_SECRET_BYTES and SOUND.fullmatch(content)
    return content.decode() if is_sound else None
