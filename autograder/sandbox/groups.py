"""Control groups: how many processes a sandbox may have, how much memory, and one share of processor time.

Belongs to the sandbox. A limit on processes by user id does not hold for root, a submission of two hundred busy
processes would leave its neighbours hardly any processor, and there is memory that no process shows: of shared
maps, of page tables, of names in the kernel's caches. Where this user may make control groups, all of it is settled
by the kernel itself; where not, the watchdog counts what can be counted and the filter of system calls refuses the rest.
"""

import contextlib
import functools
import os
import subprocess
from pathlib import Path

from autograder.sandbox.limits import MIB

CONTROLLERS = ("pids", "cpu", "memory")
PREFIX = "autograder"
SPARE = 16
"""Processes above the limit that the system allows, so that the watchdog sees that it was passed."""
SPARE_SHARE, SPARE_MIB = 8, 64
"""Memory above the limit that the system allows: an eighth, and at least so much.

A process's own limit comes first, so that an ordinary MemoryError stays one; what the kernel holds for a sandbox, and
pages of files that it reads, count here too.
"""
MEMORY = (
    ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.oom_control"),
    ("memory.max", "memory.swap.max", "memory.events"),
)
"""Of version 1 and 2: the limit, the one that keeps it from being swapped out, and where endings are counted."""


@functools.cache
def parents():
    """Folders in which a group can be made and takes a process: one a controller, or one for all (version 2)."""
    return tuple(place for place in _candidates() if _takes_a_process(place))


def _takes_a_process(parent):
    """Whether a group made there takes a process; the right to make one is not the right to move one."""
    place = parent / f"{PREFIX}-{os.getpid()}-trial"
    with contextlib.suppress(OSError):
        place.mkdir()
        try:
            with subprocess.Popen(["/bin/sh", "-c", "read line"], stdin=subprocess.PIPE) as trial:
                with contextlib.suppress(OSError):
                    _write(place / "cgroup.procs", str(trial.pid))
                return place.name in Path(f"/proc/{trial.pid}/cgroup").read_text()
        finally:
            with contextlib.suppress(OSError):
                (place / "cgroup.procs").unlink()  # of a folder that is no group
            with contextlib.suppress(
                OSError
            ):  # a group may be busy for a moment after its last process
                place.rmdir()
    return False


def _candidates():
    own = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    found = []
    for _, controllers, path in own:
        for _, place, kind, options, *_ in mounts:
            if kind == "cgroup2" and not controllers:
                # Groups hold processes or groups: a new one stands beside the grader's own.
                beside = Path(place + path) if path == "/" else Path(place + path).parent
                if "pids" in _words(beside / "cgroup.subtree_control"):
                    found.append(beside)
            elif kind == "cgroup" and _is_mount_of(controllers.split(","), options.split(",")):
                found.append(Path(place + path))
    return tuple(place for place in found if os.access(place, os.W_OK))


def _write(path, value):
    path.write_text(value)


class Group:
    """The control groups of one sandbox; none at all where none can be made.

    Parameters
    ----------
    processes : how many processes and threads it may have.
    memory_mib : how much memory it may have.
    """

    def __init__(self, processes, memory_mib):
        self.places = []
        self.counts_memory = False
        for parent in parents():
            _remove_left_over(parent)
            place = parent / f"{PREFIX}-{os.getpid()}-{id(self):x}"
            with contextlib.suppress(OSError):
                place.mkdir()
                self.places.append(place)
                if (place / "pids.max").exists():
                    _write(place / "pids.max", str(processes + SPARE))
                self._limit_memory(place, memory_mib)

    def _limit_memory(self, place, memory_mib):
        most = (memory_mib + max(memory_mib // SPARE_SHARE, SPARE_MIB)) * MIB
        for limit, swap, _ in MEMORY:
            if (place / limit).exists():
                _write(place / limit, str(most))
                if (place / swap).exists():  # there is none where swap is not accounted
                    _write(place / swap, "0" if swap == "memory.swap.max" else str(most))
                taken = "".join(_words(place / limit))  # what the system took, in whole pages
                self.counts_memory = taken.isdecimal() and int(taken) <= most

    def add(self, pid):
        """Put a process in, and with it all that it will start."""
        for place in self.places:
            with contextlib.suppress(OSError):
                (place / "cgroup.procs").write_text(str(pid))

    @property
    def was_full(self):
        """Whether a process was ever refused: a swarm may come and go between two looks."""
        counts = [_words(place / "pids.events") for place in self.places]
        return any(int(words[1]) for words in counts if words[:1] == ["max"])

    @property
    def ran_out_of_memory(self):
        """Whether the system ended a process for the group's limit on memory."""
        for place in self.places:
            for *_, events in MEMORY:
                words = _words(place / events)
                counts = dict(zip(words[::2], words[1::2], strict=False))
                if int(counts.get("oom_kill", 0)):
                    return True
        return False

    def close(self):
        """Remove the groups; a sandbox that is not quite dead yet leaves this to the next one."""
        for place in self.places:
            with contextlib.suppress(OSError):
                place.rmdir()


def _is_mount_of(controllers, options):
    return not set(CONTROLLERS).isdisjoint(controllers) and set(controllers) <= set(options)


def _words(path):
    try:
        return path.read_text().split()
    except OSError:
        return []


def _remove_left_over(parent):
    """Remove the empty groups of wardens that are gone."""
    for place in parent.glob(f"{PREFIX}-*-*"):
        if not Path("/proc", place.name.split("-")[1]).exists():
            with contextlib.suppress(OSError):
                place.rmdir()
