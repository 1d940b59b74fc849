"""The warden: one disposable process a submission, between student code and the grader.

It is forked from a server that has imported what it needs, owns the sandbox and the kernel's client, and
judges. Its memory is limited; when it dies, of a flood for example, nothing else does, and the verdicts
that it has reported stand. The grader hears nothing from it but JSON of limited length.
"""

import ctypes
import json
import logging
import multiprocessing
import os
import resource
import signal
import threading
from dataclasses import asdict, dataclass

from autograder.checks import registered
from autograder.data import GradingData
from autograder.errors import CourseError
from autograder.grading.run import Submission
from autograder.report.inert import inert_outputs
from autograder.sandbox.kernel import open_kernel
from autograder.sandbox.limits import MIB, Limits

MAX_MESSAGE = 8 * MIB
MAX_OUTPUTS = 16 * MIB
"""Of what a submission's cells put out, this much is kept for the instructor."""
DIE_WITH_PARENT = 1


@dataclass(frozen=True)
class Job:
    """All that a warden needs to grade one submission.

    `data_files` is what the kernel's data folder holds, `data` what checks judge by; `hidden` are paths
    that must not be seen in the sandbox; `done` are verdicts of a warden that died; `packages` are
    distributions that student code may import besides the course's.
    """

    exercises: tuple
    data: GradingData
    data_files: dict
    limits: Limits
    hidden: tuple = ()
    carries_on: bool = True
    is_isolated: bool = True
    done: tuple = ()
    packages: tuple = ()


def judge(data, check, student):
    """Ask one hidden check; returns its bonus, or None."""
    bonus = registered(check)(student, data)
    return None if bonus is None else float(bonus)


def work(job, connection):
    """Grade one submission and report over `connection`; the whole of a warden's life.

    Messages are lists: ["verdict", fields], ["outputs", cell id, outputs], ["problem", sentence] where
    the grader is to blame, ["end"] as the last one.
    """
    _settle(job.limits)
    room = MAX_OUTPUTS

    def send(*message):
        connection.send_bytes(json.dumps(message).encode())

    def show(cell, outputs):
        nonlocal room
        kept = inert_outputs(list(outputs))
        room -= len(json.dumps(kept))
        if kept and room > 0:
            send("outputs", cell, kept)

    def start_kernel():
        return open_kernel(job.limits, job.data_files, job.hidden, job.is_isolated, job.packages)

    submission = Submission(
        job.exercises,
        start_kernel,
        lambda check, student: judge(job.data, check, student),
        job.limits,
        lambda verdict: send("verdict", asdict(verdict)),
        show,
        job.carries_on,
        job.done,
    )
    try:
        submission.run()
        send("end")
    except CourseError as problem:
        send("problem", str(problem))
    finally:
        connection.close()


def _settle(limits):
    """Live no longer than the grader or the server, and within the limits."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    threading.Thread(target=_end_with_grader, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, most = resource.getrlimit(
        resource.RLIMIT_DATA
    )  # kept, for a kernel's own limit to be higher
    resource.setrlimit(resource.RLIMIT_DATA, (limits.warden_mib * MIB, most))
    os.environ["OMP_NUM_THREADS"] = str(limits.threads)
    import torch

    torch.set_num_threads(1)


def _end_with_grader():
    """End when the grader does: the server lives as long as any of its wardens."""
    multiprocessing.parent_process().join()
    os.kill(os.getpid(), signal.SIGKILL)
