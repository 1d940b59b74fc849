"""Grade one rebuilt submission: from notebook to verdicts, whatever is in the notebook.

The core of grading. Nothing here touches a gradebook or a course's folders, and no student code runs in
this process: a warden does the work, and a warden that dies is followed by another, which goes on behind
the exercise in which it died.
"""

import functools
import json
import logging
import multiprocessing
import time
from dataclasses import dataclass, replace
from pathlib import Path

import autograder
from autograder.data import GradingData
from autograder.data.grading_data import VISIBLE
from autograder.errors import GradingError
from autograder.grading.outcomes import KILLED, SENTENCES, UNREADABLE, Verdict
from autograder.grading.plan import plan
from autograder.grading.results import as_verdict
from autograder.grading.run import SOMETHING, full_clocks
from autograder.grading.warden import MAX_MESSAGE, Job, work
from autograder.sandbox.limits import Limits

log = logging.getLogger(__name__)

SLACK_SECONDS = 60


@dataclass(frozen=True)
class Graded:
    """Verdicts of a submission in the order of its checks, and what its cells put out, by cell id.

    Outputs are inert and of limited size; none comes from a kernel that holds the reference. `sha256` is
    that of the file that was handed in, where the grader knows it; `judged_by` tells what it was judged by.
    """

    verdicts: tuple[Verdict, ...]
    outputs: dict[str, list]
    sha256: str = ""
    judged_by: str = ""


@dataclass(frozen=True)
class Ground:
    """The data set that a class is graded on: what checks judge by, and the files that kernels see."""

    data: GradingData
    files: dict[str, bytes]

    @classmethod
    def load(cls, folder):
        """Read a grading folder."""
        data = GradingData.load(folder)
        for each in filter(None, (data, data.challenge)):
            for part in ("train", "holdout_indexed", "baseline_rmse"):
                getattr(each, part)  # computed here once, and handed to every warden
        visible = Path(folder) / VISIBLE
        return cls(data, {path.name: path.read_bytes() for path in sorted(visible.iterdir())})


@functools.cache
def wardens():
    """Where wardens come from: a server that has imported what they need and never met a student."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.warm"])
    return context


def grade(
    notebook,
    master,
    ground,
    limits=None,
    carries_on=True,
    is_isolated=True,
    hidden=(),
    done=(),
    until=None,
    packages=(),
):
    """Grade a submission.

    Parameters
    ----------
    notebook : NotebookNode, rebuilt on `master`.
    master : NotebookNode.
    ground : Ground.
    limits : Limits; the default ones where it is None.
    carries_on : whether the reference stands in for an exercise that failed.
    is_isolated : whether student code runs in a sandbox.
    hidden : paths that the sandbox must not show, such as the course's folder.
    done : verdicts of the first checks, where they are known; these are not judged again.
    until : the last check to judge; all of them where it is None.
    packages : distributions that student code may import besides the course's.

    Returns
    -------
    Graded

    Raises
    ------
    GradingError
        Where the grader or this machine is to blame: no sandbox can be made, the reference does not run.
    """
    hidden = (*hidden, str(Path(autograder.__file__).parent))
    exercises = plan(notebook, master)
    names = [exercise.check for exercise in exercises]
    limits = limits or Limits()
    job = Job(
        exercises if until is None else exercises[: names.index(until) + 1],
        ground.data,
        ground.files,
        limits,
        tuple(map(str, hidden)),
        carries_on,
        is_isolated,
        tuple(done),
        tuple(packages),
        full_clocks(limits),
    )
    outputs = {}
    while len(job.done) < len(job.exercises):
        done, left, is_whole = _watch(job, outputs)
        job = replace(job, done=(*job.done, *done), left=left)
        if not is_whole and len(job.done) < len(job.exercises):
            job = replace(job, done=(*job.done, _killed(job)))
    return Graded(job.done, outputs)


def unread(notebook, master, sentence):
    """Graded of what could not be read: no check is judged, and the sentence says why.

    Parameters
    ----------
    notebook : NotebookNode, rebuilt on `master` from nothing.
    master : NotebookNode.
    sentence : what was handed in, and why it was not graded.
    """
    return Graded(
        tuple(
            Verdict(exercise.check, 0.0, exercise.max_points, UNREADABLE, sentence)
            for exercise in plan(notebook, master)
        ),
        {},
    )


def _watch(job, outputs):
    """Let one warden work; returns its verdicts, what it left of each clock, and whether it came to its end."""
    receiver, sender = wardens().Pipe(duplex=False)
    warden = wardens().Process(target=work, args=(job, sender), daemon=True)
    warden.start()
    sender.close()
    verdicts, is_whole = [], False
    left, clock, since = job.left, None, 0.0
    deadline = time.monotonic() + _longest(job)
    try:
        while receiver.poll(max(0, deadline - time.monotonic())):
            kind, *rest = json.loads(receiver.recv_bytes(MAX_MESSAGE))
            if kind == "verdict":
                verdicts.append(as_verdict(*rest))
            elif kind == "clock":
                (clock, left), since = rest, time.monotonic()
            elif kind == "outputs":
                outputs[rest[0]] = rest[1]
            elif kind == "problem":
                raise GradingError(rest[0])
            elif kind == "broke":
                log.error("The grader broke in %s: %s", _next(job, verdicts), *rest)
                break
            else:
                is_whole = True
                break
    except (EOFError, OSError):
        pass  # the warden died: what it has not reported is for the next one
    finally:
        warden.kill()
        warden.join()
        receiver.close()
    if not is_whole and clock is not None:
        left = left | {clock: left[clock] - (time.monotonic() - since)}
    return verdicts, left, is_whole


def _longest(job):
    kernels = len(job.exercises) + 1
    seconds = sum(max(0, each) for each in job.left.values())
    return seconds + kernels * 2 * job.limits.start_seconds + SLACK_SECONDS


def _next(job, verdicts):
    names = [exercise.check for exercise in job.exercises]
    return names[min(len(job.done) + len(verdicts), len(names) - 1)]


def _killed(job):
    exercise = job.exercises[len(job.done)]
    carried_on = job.carries_on and not all(verdict.has_passed for verdict in job.done)
    what = SOMETHING if carried_on else "of the grader's room"
    return Verdict(
        exercise.check,
        0.0,
        exercise.max_points,
        KILLED,
        SENTENCES[KILLED].format(what=what),
        carried_on=carried_on,
    )
