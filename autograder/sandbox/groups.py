"""Control groups: how many processes a sandbox may have, how much memory, and one share of processor time.

Belongs to the sandbox. A limit on processes by user id does not hold for root, a submission of two hundred busy
processes would leave its neighbours hardly any processor, and there is memory that no process shows: of shared
maps, of page tables, of names in the kernel's caches. Where this user may make control groups, all of it is settled
by the kernel itself; where not, the watchdog counts what can be counted and the filter of system calls refuses the rest.
"""

import contextlib
import functools
import os
from pathlib import Path

CONTROLLERS = ("pids", "cpu", "memory")
MIB = 2**20
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
    """Folders in which a group can be made: one a controller, or one for all of them (version 2)."""
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
                    (place / "pids.max").write_text(str(processes + SPARE))
                self._limit_memory(place, memory_mib)

    def _limit_memory(self, place, memory_mib):
        most = (memory_mib + max(memory_mib // SPARE_SHARE, SPARE_MIB)) * MIB
        for limit, swap, _ in MEMORY:
            if (place / limit).exists():
                (place / limit).write_text(str(most))
                self.counts_memory = True
                if (place / swap).exists():  # there is none where swap is not accounted
                    (place / swap).write_text("0" if swap == "memory.swap.max" else str(most))

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
