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
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.checks import registered
from autograder.data import GradingData
from autograder.errors import CourseError
from autograder.grading.run import Submission
from autograder.report.inert import inert_outputs
from autograder.sandbox.isolation import modules
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
    that must not be seen in the sandbox; `done` are verdicts of a warden that died, `left` the seconds
    that it left of each clock; `packages` are distributions that student code may import besides the course's.
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
    left: dict[str, float] | None = None


def judge(data, check, student):
    """Ask one hidden check; returns its bonus, or None."""
    bonus = registered(check)(student, data)
    return None if bonus is None else float(bonus)


def work(job, connection):
    """Grade one submission and report over `connection`; the whole of a warden's life.

    Messages are lists: ["clock", name, seconds left of each] where a clock starts, ["verdict", fields],
    ["outputs", cell id, outputs], ["problem", sentence] where the grader is to blame, ["broke", class and
    place] where it met an error of its own, ["end"] as the last one. A warden that runs out of memory says
    nothing: like one that is killed, it leaves its exercise to the next one.
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
        job.left,
        lambda clock, left: send("clock", clock, left),
        modules(job.packages) if job.is_isolated else None,
    )
    try:
        submission.run()
        send("end")
    except CourseError as problem:
        send("problem", str(problem))
    except MemoryError:
        pass
    except Exception as error:  # a fault of ours: said in one line, without a byte of the kernel's
        send("broke", _whereabouts(error))
    finally:
        connection.close()


def _whereabouts(error: Exception) -> str:
    """Class of an error and where it came up."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _settle(limits):
    """Live no longer than the grader or the server, within the limits, and say nothing in the terminal."""
    logging.disable(logging.CRITICAL)
    with Path(os.devnull).open("w") as nowhere:  # not even where a library gives up
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
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
