"""One walled-in process tree: its start, what it uses, and its end.

Belongs to the warden, a trusted process that lives as long as one submission. Whatever student code
does in here shows to the outside in three ways only: bytes on the kernel's sockets, what `usage` counts,
and death, which is never success.
"""

import contextlib
import json
import os
import re
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
from autograder.sandbox import isolation
from autograder.sandbox.causes import causes
from autograder.sandbox.groups import Group
from autograder.sandbox.limits import MIB

REFUSED = (
    "Student code cannot be isolated on this machine ({reason}): {way_out}, or choose `--sandbox none`, with "
    "which student code can read and change all your files."
)
TICKS = os.sysconf("SC_CLK_TCK")
DEATH_SECONDS = 30
MAX_WORDS = 64 * 1024
MAX_LOCKS, LOCKS_BYTES = 10_000, 4 * MIB
"""Locks on files: each costs memory of the system's that nothing else counts."""
EXACT_ABOVE, EXACT_PROCESSES = 0.6, 16
"""Above this share of the limit, shared pages are counted once, where the processes are that few.

Counting them waits for each process, which a tree that forks all the time never lets happen.
"""
SOCKET_BYTES, DESCRIPTOR_BYTES = 4 * MIB, 4096
"""What the kernel may hold for a socket, and for any other descriptor, such as a pipe's end."""


@dataclass(frozen=True)
class Usage:
    """What a process tree uses: bytes, processor seconds, processes with their threads, files, locks on files."""

    memory: int = 0
    cpu_seconds: float = 0.0
    processes: int = 0
    files: int = 0
    locks: int = 0

    def excess(self, limits):
        """What is above its limit, in a word, or None."""
        over = {
            "memory": self.memory > limits.memory_mib * MIB,
            "processor time": self.cpu_seconds > limits.cpu_seconds,
            "processes": self.processes > limits.processes,
            "files": self.files > limits.files,
            "locks": self.locks > MAX_LOCKS,
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
    packages : distributions that student code may import besides the course's.
    """

    def __init__(self, limits, data_files, hidden=(), is_isolated=True, packages=()):
        self.limits = limits
        self.connection = {
            **{f"{name}_port": number for number, name in enumerate(CHANNELS, 1)},
            **{"transport": "ipc", "ip": f"{isolation.SOCKETS}/s", "kernel_name": ""},
            # Unsigned: nobody else reaches the sockets, and what a kernel sends is not trusted.
            **{"key": "", "signature_scheme": "hmac-sha256"},
        }
        self._cpu_of_dead, self._cpu_of_living = 0.0, {}
        self._folder = None
        self._group = Group(limits.processes, limits.memory_mib)
        try:
            if is_isolated:
                is_counted = self._group.counts_memory
                sealed = isolation.seal(
                    limits, self.connection, data_files, hidden, packages, is_counted
                )
                self._start_sealed(sealed)
            else:
                self._start_open(data_files)
            self.pidfd = os.pidfd_open(self.pid)
        except BaseException:
            self._group.close()
            raise

    def socket(self, channel):
        """The path of a channel's socket, as this process reaches it."""
        return f"{self._root}{self.connection['ip']}-{self.connection[f'{channel}_port']}"

    @property
    def is_alive(self):
        """Whether the kernel's process tree stands."""
        return not select.select([self.pidfd], [], [], 0)[0]

    def last_words(self) -> str:
        """Why it did not start, as the last line that loader or Python wrote; empty where there is none.

        Worth reading only before student code ran, which could write there too.
        """
        if self._process.stderr is None:
            return ""
        os.set_blocking(self._process.stderr.fileno(), False)
        said = (self._process.stderr.read(MAX_WORDS) or b"").decode(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return f": {lines[-1].strip()[:300]}" if lines else ""

    @property
    def ran_out_of_memory(self):
        """Whether the system ended a process of it for its limit on memory."""
        return self._group.ran_out_of_memory

    def usage(self):
        """Count what all its processes use."""
        processes = self._processes()
        states = [_status(process) for process in processes]
        cpu = {path: seconds for path in processes if (seconds := _cpu_seconds(path)) is not None}
        gone = self._cpu_of_living.keys() - cpu.keys()
        self._cpu_of_dead += sum(self._cpu_of_living[path] for path in gone)
        self._cpu_of_living = cpu
        stored, files = self._stored()
        buffers = sum(state.get("FDSize", 0) for state in states) * DESCRIPTOR_BYTES
        fixed = stored + buffers + self._sockets() * SOCKET_BYTES
        memory = sum(state.get(name, 0) * 1024 for state in states for name in RESIDENT)
        is_exact = len(processes) <= EXACT_PROCESSES
        if is_exact and memory + fixed > EXACT_ABOVE * self.limits.memory_mib * MIB:
            memory = sum(map(_proportional, processes, states))
        threads = sum(state.get("Threads", 0) for state in states)
        if self._group.was_full:
            threads = max(threads, self.limits.processes + 1)
        memory += fixed
        if self.ran_out_of_memory:
            memory = max(memory, self.limits.memory_mib * MIB + 1)
        pids = {path.rpartition("/")[2] for path in self._host_processes()}
        seconds = self._cpu_of_dead + sum(cpu.values())
        return Usage(memory, seconds, threads, files, _locks_of(pids))

    def end(self):
        """End every process of it, at once, without waiting."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        if self._folder is not None:
            for pid in tuple(_tree(self.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def kill(self):
        """End every process of it, at once, and wait until they are gone."""
        self.end()
        wait_for_death(self, DEATH_SECONDS)
        self._process.kill()
        self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()
        os.close(self.pidfd)
        self._group.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _host_processes(self):
        """Folders in this process's own /proc of all its processes."""
        return [f"/proc/{pid}" for pid in _tree(self.pid)]

    def _processes(self):
        """Folders in /proc of all its processes, as one reading of its own /proc gives them."""
        if self._folder is not None:
            return self._host_processes()
        own = f"{self._root}/proc"
        return [f"{own}/{name}" for name in _listed(own) if name.isdigit()]

    def _sockets(self):
        """How many sockets its network namespace holds, which is all that tells of their buffers."""
        if self._folder is not None:
            return 0
        found = re.search(rb"sockets: used (\d+)", _read(f"/proc/{self.pid}/net/sockstat"))
        return int(found[1]) if found else 0

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

    def _start_sealed(self, sealed):
        with contextlib.ExitStack() as stack:
            contents = [stack.enter_context(_held(data)) for _, data in sealed.contents]
            program = isolation.seccomp_filter(counts_memory=self._group.counts_memory)
            guard = None if program is None else stack.enter_context(_held(program))
            arguments = sealed.arguments(contents, guard)
            lines = stack.enter_context(_held(b"\0".join(a.encode() for a in arguments) + b"\0"))
            (info_end, info), (gate, gate_end) = os.pipe(), os.pipe()
            stack.callback(os.close, info_end)
            stack.callback(os.close, gate_end)  # opens the gate: bubblewrap goes on
            passed = [*contents, lines, info, gate, *(() if guard is None else (guard,))]
            try:
                self._process = subprocess.Popen(
                    [
                        "bwrap",  # this line is seen inside: no path of the host
                        "--args",
                        str(lines),
                        "--info-fd",
                        str(info),
                        "--block-fd",
                        str(gate),
                        "--",
                        *sealed.command,
                    ],
                    **{"executable": sealed.bwrap, "pass_fds": passed, "close_fds": True},
                    **{"env": {}, "cwd": "/"},
                    **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL},
                    stderr=subprocess.PIPE,
                    **_as_user(sealed.user),
                )
            except OSError as error:
                raise refusal(error.strerror) from None
            finally:
                os.close(info)
                os.close(gate)
            self.pid = _child_pid(info_end, self._process)
            self._put_into_group()
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
        self._put_into_group()

    def _put_into_group(self):
        """Put it into its control groups; where memory of the machine runs out, it is the first to go."""
        with contextlib.suppress(OSError), open(f"/proc/{self.pid}/oom_score_adj", "w") as score:  # noqa: PTH123
            score.write("1000")
        self._group.add(self.pid)


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
        raise refusal(lines[-1] or "bubblewrap ended") from None


def refusal(reason: str) -> GradingError:
    """The error that no sandbox can be made, with what there is to change."""
    way_out = "; ".join(causes(reason)) or "run `autograder doctor`"
    return GradingError(REFUSED.format(reason=reason, way_out=way_out))


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


def _listed(path):
    try:
        return os.listdir(path)  # noqa: PTH208  ten times a second
    except OSError:
        return []


def _tasks(process):
    return [f"{process}/task/{number}" for number in _listed(f"{process}/task")]


def _tree(pid):
    """A process and all below it."""
    open_pids = [pid]
    while open_pids:
        pid = open_pids.pop()
        yield pid
        for task in _tasks(f"/proc/{pid}"):
            open_pids += map(int, _read(f"{task}/children").split())


def _locks_of(pids):
    """How many locks on files these processes hold; no more of the list is read than is needed to see too many."""
    try:
        with open("/proc/locks", "rb") as file:  # noqa: PTH123  ten times a second
            lines = file.read(LOCKS_BYTES).splitlines()
    except OSError:
        return 0
    owners = [
        words[5] if words[1] == b"->" else words[4]
        for line in lines
        if len(words := line.split()) > 6
    ]
    return sum(owner.decode() in pids for owner in owners)


def _status(process):
    """Whole numbers of a process's status, by name; sizes in KiB."""
    text = _read(f"{process}/status")
    if b"VmRSS" not in text:  # its first thread has ended, and others may live on
        text += max((_read(f"{task}/status") for task in _tasks(process)), key=len, default=b"")
    lines = (line.split() for line in text.split(b"\n"))
    return {
        words[0][:-1].decode(): int(words[1])
        for words in lines
        if len(words) > 1 and words[1].isdigit()
    }


RESIDENT = ("RssAnon", "RssShmem", "VmPTE", "VmSwap")
"""Of a process's status: what it fills and the tables for it; pages of files can be dropped."""


def _cpu_seconds(process):
    fields = _read(f"{process}/stat").rpartition(b")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS if len(fields) > 20 else None


def _proportional(process, status):
    """Memory of a process in bytes, its shared pages divided among those that share them."""
    parts = dict(line.split()[:2] for line in _read(f"{process}/smaps_rollup").split(b"\n")[1:-1])
    if b"Pss_Anon:" not in parts:
        return sum(status.get(name, 0) * 1024 for name in RESIDENT)
    kib = sum(int(parts[name]) for name in (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:"))
    return (kib + status.get("VmPTE", 0)) * 1024
