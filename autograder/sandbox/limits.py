"""What one submission may use, in one place, so that traits, options and the warden agree."""

from dataclasses import dataclass

MIB = 2**20
TIMEOUT, KILLED = "TIMEOUT", "KILLED"
"""How a kernel ends that uses too much of its time, or of anything else."""


@dataclass(frozen=True)
class Limits:
    """Bounds on one submission; each is at least ten times what the lessons' own solutions need.

    Times are wall-clock seconds, `cpu_seconds` apart, which counts all processes of a sandbox.
    """

    cell_seconds: float = 300
    """A cell, and all that its check asks."""
    notebook_seconds: float = 900
    """All cells of a submission and what checks ask; again what is replayed of them, and again the reference alone."""
    start_seconds: float = 60
    """A kernel's start."""
    cpu_seconds: float = 1800
    """Processor time of one sandbox."""
    memory_mib: int = 3072
    """Memory of all processes of a sandbox, and what its tmpfs hold."""
    processes: int = 256
    """Processes and threads of a sandbox."""
    disk_mib: int = 256
    """Each writable place of a sandbox: its home, /tmp and /dev/shm."""
    files: int = 20_000
    """Files in the writable places together."""
    cell_messages: int = 2000
    notebook_messages: int = 10_000
    cell_output_mib: int = 16
    notebook_output_mib: int = 64
    warden_mib: int = 3072
    """Memory of the trusted process that talks to a submission's kernel."""
    threads: int = 1
    """Threads of NumPy and torch in a submission's kernel."""
