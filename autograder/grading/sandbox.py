"""One walled-in process tree: its start, what it uses, and its end.

Belongs to the warden, a trusted process that lives as long as one submission. Whatever student code
does in here shows to the outside in three ways only: bytes on the kernel's sockets, what `usage` counts,
and death, which is never success.
"""

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autograder.errors import GradingError
from autograder.grading import isolation
from autograder.grading.limits import MIB

REFUSED = (
    "Student code cannot be isolated on this machine ({reason}): run `autograder doctor`, or choose "
    "`--sandbox none`, with which student code can read and change all your files."
)
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
EXACT_ABOVE = 0.6
"""Above this share of the limit, memory is counted page by page, shared pages once."""


@dataclass(frozen=True)
class Usage:
    """What a process tree uses: bytes, processor seconds, processes with their threads, files."""

    memory: int = 0
    cpu_seconds: float = 0.0
    processes: int = 0
    files: int = 0

    def excess(self, limits):
        """What is above its limit, in a word, or None."""
        over = {
            "memory": self.memory > limits.memory_mib * MIB,
            "processor time": self.cpu_seconds > limits.cpu_seconds,
            "processes": self.processes > limits.processes,
            "files": self.files > limits.files,
        }
        return next((name for name, is_over in over.items() if is_over), None)


class Sandbox:
    """A sandboxed kernel process.

    Parameters
    ----------
    limits : Limits.
    data_files : dict from name to bytes, what its data folder holds.
    hidden : paths that must not be seen inside.
    is_isolated : False starts the kernel as an ordinary process of this user.
    """

    def __init__(self, limits, data_files, hidden=(), is_isolated=True):
        self.limits = limits
        self.connection = {
            **{f"{name}_port": number for number, name in enumerate(CHANNELS, 1)},
            **{"transport": "ipc", "ip": f"{isolation.SOCKETS}/s", "kernel_name": ""},
            **{"key": secrets.token_hex(), "signature_scheme": "hmac-sha256"},
        }
        self._cpu_of_dead, self._cpu_of_living = 0.0, {}
        self._folder = None
        if is_isolated:
            self._start_sealed(
                isolation.seal(limits, self.connection, data_files, hidden), isolation
            )
        else:
            self._start_open(data_files)
        self.pidfd = os.pidfd_open(self.pid)

    def socket(self, channel):
        """The path of a channel's socket, as this process reaches it."""
        return f"{self._root}{self.connection['ip']}-{self.connection[f'{channel}_port']}"

    @property
    def is_alive(self):
        """Whether the kernel's process tree stands."""
        return not select.select([self.pidfd], [], [], 0)[0]

    def usage(self):
        """Count what all its processes use."""
        processes = list(_tree(self.pid))
        cpu = {pid: seconds for pid in processes if (seconds := _cpu_seconds(pid)) is not None}
        gone = self._cpu_of_living.keys() - cpu.keys()
        self._cpu_of_dead += sum(self._cpu_of_living[pid] for pid in gone)
        self._cpu_of_living = cpu
        stored, files = self._stored()
        memory = sum(map(_resident, processes))
        if memory + stored > EXACT_ABOVE * self.limits.memory_mib * MIB:
            memory = sum(map(_proportional, processes))
        return Usage(
            memory + stored,
            self._cpu_of_dead + sum(cpu.values()),
            sum(map(_threads, processes)),
            files,
        )

    def kill(self):
        """End every process of it, at once, and wait until they are gone."""
        for pid in (self.pid,) if self._folder is None else tuple(_tree(self.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        os.close(self.pidfd)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _stored(self):
        """Bytes and files in the writable places; none while they are not mounted yet."""
        if self._folder is not None:
            return 0, 0
        stored = files = 0
        for place, size in isolation.writable_places(self.limits).items():
            with contextlib.suppress(OSError):
                state = os.statvfs(self._root + place)
                if state.f_blocks * state.f_frsize != size:
                    continue
                stored += (state.f_blocks - state.f_bfree) * state.f_frsize
                files += state.f_files - state.f_ffree
        return stored, files

    def _start_sealed(self, sealed, rules):
        with contextlib.ExitStack() as stack:
            contents = [stack.enter_context(_held(data)) for _, data in sealed.contents]
            program = rules.seccomp_filter()
            guard = None if program is None else stack.enter_context(_held(program))
            arguments = sealed.arguments(contents, guard)
            lines = stack.enter_context(_held(b"\0".join(a.encode() for a in arguments) + b"\0"))
            info_end, info = os.pipe()
            stack.callback(os.close, info_end)
            passed = [*contents, lines, info, *(() if guard is None else (guard,))]
            try:
                self._process = subprocess.Popen(
                    [
                        sealed.bwrap,
                        "--args",
                        str(lines),
                        "--info-fd",
                        str(info),
                        "--",
                        *sealed.command,
                    ],
                    **{"pass_fds": passed, "env": {}, "cwd": "/", "close_fds": True},
                    **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL},
                    stderr=subprocess.PIPE,
                    **_as_user(sealed.user),
                )
            except OSError as error:
                raise GradingError(REFUSED.format(reason=error.strerror)) from None
            finally:
                os.close(info)
            self.pid = _child_pid(info_end, self._process)
        self._root = f"/proc/{self.pid}/root"

    def _start_open(self, data_files):
        self._folder = tempfile.mkdtemp(prefix="autograder-")
        folder, self._root = Path(self._folder), ""
        self.connection["ip"] = str(folder / "s")
        (folder / "data").mkdir()
        for name, data in data_files.items():
            (folder / "data" / name).write_bytes(data)
        (folder / "connection.json").write_text(json.dumps(self.connection))
        environment = {
            **os.environ,
            **isolation.environment(self.limits),
            **{"HOME": self._folder, "MOVIELENS_DIR": str(folder / "data")},
            **{"PATH": os.environ.get("PATH", ""), "MPLCONFIGDIR": self._folder},
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", str(folder / "connection.json")],
            **{"env": environment, "cwd": self._folder, "stdin": subprocess.DEVNULL},
            **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
            start_new_session=True,
        )
        self.pid = self._process.pid


CHANNELS = ("shell", "iopub", "stdin", "control", "hb")


@contextlib.contextmanager
def _held(data):
    """A descriptor that reads these bytes from the start, sealed against writing."""
    descriptor = os.memfd_create("held")
    try:
        with open(descriptor, "wb", closefd=False) as file:  # noqa: PTH123  a descriptor, no path
            file.write(data)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


def _as_user(user):
    return {} if user is None else {"user": user, "group": user, "extra_groups": []}


def _child_pid(info, process):
    """The process that bubblewrap made, as seen from here."""
    text = b""
    while part := os.read(info, 4096):
        text += part
    try:
        return json.loads(text)["child-pid"]
    except (ValueError, KeyError):
        _, said = process.communicate()
        lines = said.decode(errors="replace").strip().split("\n")
        raise GradingError(REFUSED.format(reason=lines[-1] or "bubblewrap ended")) from None


def wait_for_death(sandbox, seconds):
    """Wait until it is gone, at most that long; whether it is."""
    deadline = time.monotonic() + seconds
    while sandbox.is_alive and time.monotonic() < deadline:
        time.sleep(0.01)
    return not sandbox.is_alive


# --- Reading /proc; a process may be gone at any moment --------------------------------------------


def _read(path):
    try:
        with open(path, "rb") as file:  # noqa: PTH123  ten times a second for each process
            return file.read()
    except OSError:
        return b""


def _tree(pid):
    """A process and all below it."""
    open_pids = [pid]
    while open_pids:
        pid = open_pids.pop()
        yield pid
        try:
            tasks = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208  ten times a second
        except OSError:
            continue
        for task in tasks:
            open_pids += map(int, _read(f"/proc/{pid}/task/{task}/children").split())


def _stat(pid):
    return _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()


def _cpu_seconds(pid):
    fields = _stat(pid)
    return sum(map(int, fields[11:15])) / TICKS if len(fields) > 20 else None


def _threads(pid):
    fields = _stat(pid)
    return int(fields[17]) if len(fields) > 20 else 0


def _resident(pid):
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * PAGE if fields else 0


def _proportional(pid):
    for line in _read(f"/proc/{pid}/smaps_rollup").split(b"\n"):
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return _resident(pid)
