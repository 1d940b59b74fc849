"""CPU seconds that the engine spends on one notebook, beside its kernel's start and the student's code.

    python benchmarks/overhead.py

Counted: rebuilding, the warden's work (protocol, decoding, judging), what reading variables and copying
for probes costs inside the kernel, and recording through nbgrader. A probe runs the student's own code
too, so what is counted inside the kernel is more than the engine's own.
"""

import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from autograder.build import build_solution
from autograder.checks import registered
from autograder.data import make_grading_data
from autograder.demo import ASSIGNMENTS, hand_in, set_up
from autograder.grading.classroom import Classroom, handed_in, read_config
from autograder.grading.engine import Ground
from autograder.grading.kernel import Kernel, open_kernel
from autograder.grading.plan import plan
from autograder.grading.rebuild import rebuild
from autograder.grading.run import Submission
from autograder.grading.stage import master_of

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

    def ask(self, expression, seconds):
        """Ask, and count the kernel's CPU seconds."""
        before = self.sandbox.usage().cpu_seconds
        try:
            return super().ask(expression, seconds)
        finally:
            self.meter.add("inside the kernel", self.sandbox.usage().cpu_seconds - before)


def run_submission(course, assignment, ground, meter):
    """Run and judge the solution in this process, as a warden does."""
    master = master_of(course, assignment)
    with meter.here("rebuild"):
        notebook = rebuild(master, build_solution(master, "en")).notebook
        exercises = plan(notebook, master)

    def start_kernel():
        with meter.here("start of the kernel"):
            kernel = open_kernel(limits, ground.files)
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
        submission.run()
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
            parts = ", ".join(f"{name} {value:.2f}" for name, value in meter.seconds.items())
            print(f"{assignment}: {sum(meter.seconds.values()):.2f} s of CPU ({parts})")


if __name__ == "__main__":
    main()
