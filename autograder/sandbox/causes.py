"""Why no sandbox can be made here, in a sentence that names the setting to change.

Bubblewrap and the loader say what failed; the machine's settings say why. Both are read, nothing is tried.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

NAMESPACES = ("namespace", "uid map", "gid map", "RTM_NEWADDR", "Operation not permitted")
"""Words of bubblewrap's where the system refuses namespaces, or what they need."""
SETTINGS = (
    (
        "proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps programs from making user namespaces (Ubuntu 23.10 and later): run "
        "`sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or install Ubuntu's profile for bwrap",
    ),
    (
        "proc/sys/kernel/unprivileged_userns_clone",
        "0",
        "user namespaces are for root alone here: run `sudo sysctl -w kernel.unprivileged_userns_clone=1`",
    ),
    (
        "proc/sys/user/max_user_namespaces",
        "0",
        "no user namespace may be made here: run `sudo sysctl -w user.max_user_namespaces=10000`",
    ),
)
"""Files below the root, the value that forbids, and what to do about it."""
DOCKER = (
    "this is a Docker container: start it with `--security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined --security-opt systempaths=unconfined`"
)
PODMAN = "this is a Podman container: start it with `--security-opt seccomp=unconfined --security-opt unmask=ALL`"
KUBERNETES = (
    "this is a Kubernetes pod: give its container `securityContext` with `seccompProfile: {type: Unconfined}` and "
    "`procMount: Unmasked`"
)
CONTAINER = "this is a container ({name}): let it make user namespaces and mount /proc, as its manual describes"
LIBRARY = "error while loading shared libraries"


def causes(
    reason: str, root: Path = Path("/"), environment: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Yield what may be to blame, the likeliest first, each with its way out.

    Parameters
    ----------
    reason : what bubblewrap, the loader or Python said.
    root : of the file system whose settings count.
    environment : of the grader.
    """
    if LIBRARY in reason or "cannot open shared object file" in reason:
        name = reason.partition(LIBRARY)[2].strip(": ").partition(":")[0] or "a library"
        yield (
            f"the Python of this environment needs {name}, which the loader finds nowhere: install it, or make "
            "the environment anew with another Python"
        )
        return
    if "No space left on device" in reason and "namespace" not in reason:
        yield "no disk space is left: make room in the temporary folder and in the course's"
        return
    if "ModuleNotFoundError" in reason or "ImportError" in reason:
        yield f"a package of this environment is missing or broken ({reason}): run `make install`"
        return
    if not any(word in reason for word in NAMESPACES):
        return
    for place, forbidding, sentence in SETTINGS:
        if _read(root / place) == forbidding:
            yield sentence
    yield from _containers(root, environment)


def _containers(root, environment):
    if "KUBERNETES_SERVICE_HOST" in environment:
        yield KUBERNETES
    elif (root / "run/.containerenv").exists():
        yield PODMAN
    elif (root / ".dockerenv").exists():
        yield DOCKER
    elif name := environment.get("container") or _read(root / "run/systemd/container"):
        yield CONTAINER.format(name=name)


def _read(path):
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
