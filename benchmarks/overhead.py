"""CPU seconds that the engine spends on one notebook, beside its kernel's start and the student's code.

    python benchmarks/overhead.py

Counted: rebuilding, the warden's work (protocol, decoding, judging), what reading variables and copying
for probes costs inside the kernel, and recording through nbgrader. What a probe executes, the student's
own functions, is measured inside the kernel and left out.
"""

import gc
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from autograder.build import build_solution
from autograder.checks import registered
from autograder.data import make_grading_data
from autograder.demo import ASSIGNMENTS, hand_in, set_up
from autograder.grading.classroom import Classroom, read_config
from autograder.grading.engine import Ground
from autograder.grading.hand_ins import handed_in
from autograder.grading.plan import plan
from autograder.grading.rebuild import rebuild
from autograder.grading.run import Submission
from autograder.grading.stage import master_of
from autograder.grading.student import DESK
from autograder.sandbox.kernel import Kernel, open_kernel

PROBES = """
def _timed_probes():
    import sys, time
    desk = sys.modules["desk"].desk
    desk.spent = 0.0
    def timed(code, namespace):
        start = time.process_time()
        try:
            exec(code, namespace)
        finally:
            desk.spent += time.process_time() - start
    desk._probe.exec = timed
_timed_probes()
del _timed_probes
"""
"""Makes a kernel count the CPU seconds of what probes execute."""
COURSE = Path(__file__).parents[1]
SEED = 2**127


class Meter:
    """CPU seconds by name, of this process or of a kernel."""

    def __init__(self):
        self.seconds = {}

    def add(self, name, seconds):
        """Add seconds to a name."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds

    @contextmanager
    def here(self, name):
        """Count what this process spends inside the block."""
        before = time.process_time()
        yield
        self.add(name, time.process_time() - before)


class MeteredKernel(Kernel):
    """A kernel that counts what questions cost inside it."""

    meter = None

    def ask(self, expression, seconds, inputs=()):
        """Ask, and count the kernel's CPU seconds."""
        before = self.sandbox.usage().cpu_seconds
        try:
            return super().ask(expression, seconds, inputs)
        finally:
            self.meter.add("inside the kernel", self.sandbox.usage().cpu_seconds - before)

    def close(self):
        """Close, without what probes executed."""
        spent = float(super().ask(f"{DESK}.spent", self.limits.cell_seconds)[0])
        self.meter.add("inside the kernel", -spent)
        self.meter.seconds["(student's code in probes)"] = spent
        super().close()


def run_submission(course, assignment, ground, meter):
    """Run and judge the solution in this process, as a warden does."""
    master = master_of(course, assignment)
    with meter.here("rebuild"):
        notebook = rebuild(master, build_solution(master, "en")).notebook
        exercises = plan(notebook, master)

    def start_kernel():
        with meter.here("start of the kernel"):
            kernel = open_kernel(limits, ground.files)
        kernel.run(PROBES, limits.cell_seconds)
        kernel.__class__, kernel.meter = MeteredKernel, meter
        return kernel

    limits = Classroom(course, read_config(course)).engine.limits_of(assignment)
    verdicts = []
    submission = Submission(
        exercises,
        start_kernel,
        lambda check, student: registered(check)(student, ground.data),
        limits,
        verdicts.append,
    )
    with meter.here("protocol, decoding and judging"):
        gc.freeze()  # as in the server that wardens are forked from
        submission.run()
        gc.unfreeze()
    meter.add("protocol, decoding and judging", -meter.seconds.pop("start of the kernel"))
    assert all(verdict.has_passed for verdict in verdicts)


def record(course, assignment, meter):
    """Record the solution through nbgrader, the engine's part left out."""
    classroom = Classroom(course, read_config(course))
    classroom.register([assignment])
    (submission,) = handed_in(course, classroom.config, [assignment])
    engine = classroom.engine.grade

    def graded(*arguments, **options):
        with meter.here("engine"):
            return engine(*arguments, **options)

    classroom.engine.grade = graded
    with meter.here("recording"):
        classroom.grade(submission, force=True)
    meter.add("recording", -meter.seconds.pop("engine"))


def main():
    """Print a line a lesson."""
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder, "course")
        solutions, _ = set_up(COURSE, course)
        hand_in(course, {"student": solutions})
        make_grading_data(course / ".grading" / "data", SEED)
        ground = Ground.load(course / ".grading" / "data")
        for assignment in ASSIGNMENTS:
            for _ in range(2):  # the first round imports
                meter = Meter()
                run_submission(course, assignment, ground, meter)
                record(course, assignment, meter)
            beside = meter.seconds.pop("(student's code in probes)")
            parts = ", ".join(f"{name} {value:.2f}" for name, value in meter.seconds.items())
            total = sum(meter.seconds.values())
            print(f"{assignment}: {total:.2f} s of CPU ({parts}); {beside:.2f} s more in probes")


if __name__ == "__main__":
    main()
