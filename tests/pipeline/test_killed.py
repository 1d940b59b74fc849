"""A grading run that is killed at any moment leaves nothing behind, and the next run does what is missing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time

import psutil
import pytest

from autograder.demo import edited
from submissions.bench import SEEDS
from submissions.courses import Course

MOMENTS, SAMPLE = 20, 2
PATIENCE_SECONDS = 5
START_SECONDS = 60
"""What importing takes at most in the server of wardens, which does not look up meanwhile."""
LOOP_SECONDS = 8
COMMAND = "import sys; from autograder.cli import main; sys.exit(main(['grade', 'svd']))"
WRONG = [("np.sqrt(np.mean(difference[observed] ** 2))", "np.mean(difference[observed])")]
EXPECTED = {
    "ada": {"svd-block": 3.0, "svd-factors": 3.0, "svd-complete": 4.0, "svd-rank": 4.0},
    "ben": {"svd-block": 3.0, "svd-factors": 3.0, "svd-complete": 4.0, "svd-rank": 0.0},
    "cleo": {"svd-block": 0.0, "svd-factors": 0.0, "svd-complete": 0.0, "svd-rank": 0.0},
}


@pytest.fixture(scope="module")
def ungraded(course_root, grading_set, tmp_path_factory):
    """A course with three students, not graded and without a gradebook."""
    folder = tmp_path_factory.mktemp("killed") / "course"
    course = Course(course_root, folder, grading_set(SEEDS[0]))
    course.hand_in("ada", course.solutions["svd"])
    course.hand_in("ben", edited(course.solutions["svd"], WRONG))
    course.hand_in("cleo", course.releases["svd"])
    return course


@pytest.fixture(scope="module")
def run_seconds(ungraded, tmp_path_factory):
    """How long a run takes that is left alone."""
    course = ungraded.copied(tmp_path_factory.mktemp("whole") / "course")
    start = time.monotonic()
    assert start_grading(course).wait(600) == 0
    assert_graded(course)
    return time.monotonic() - start


def start_grading(course):
    """`autograder grade svd` as the leader of a process group."""
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        **{"cwd": course.folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
        start_new_session=True,
    )


def kill(process, is_alone):
    """Kill a run, with its process group or alone; returns all processes that belonged to it."""
    os.killpg(process.pid, signal.SIGSTOP)  # nobody starts another one while they are listed
    leader = psutil.Process(process.pid)
    family = [leader, *leader.children(recursive=True)]
    if is_alone:
        process.kill()
        os.killpg(process.pid, signal.SIGCONT)
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return family


def is_running(process):
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def assert_all_end(family, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while any(map(is_running, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [process for process in family if is_running(process)] == []


def assert_graded(course):
    grades = course.grades()
    assert {
        student: {check: grades[student, check] for check in checks}
        for student, checks in EXPECTED.items()
    } == EXPECTED
    with course.gradebook() as gradebook:
        for student in ("ada", "ben"):  # cleo left her answer empty, which is zero without a person
            answer = gradebook.find_grade("svd-why", "svd", "svd", student)
            assert (answer.manual_score, answer.needs_manual_grade) == (None, True)


def moments():
    """One moment in each twentieth of a run, as a share of it; a sample of them runs always."""
    random_state = random.Random(20260310)
    for number in range(MOMENTS):
        share = (number + random_state.random()) / MOMENTS
        marks = () if number % (MOMENTS // SAMPLE) == 2 else (pytest.mark.accuracy,)
        yield pytest.param(share, number % 2 == 1, marks=marks, id=f"{share:.0%}")


@pytest.mark.parametrize(("share", "is_alone"), tuple(moments()))
def test_a_killed_run_leaves_no_process_and_the_next_one_completes_it(
    ungraded, run_seconds, tmp_path, share, is_alone
):
    course = ungraded.copied(tmp_path / "course")
    process = start_grading(course)
    try:
        process.wait(share * run_seconds)
    except subprocess.TimeoutExpired:
        assert_all_end(kill(process, is_alone), START_SECONDS if is_alone else PATIENCE_SECONDS)
    with course.gradebook() as gradebook:
        assert len(gradebook.assignments) <= 1
    course.run("grade", "svd")
    assert_graded(course)
    rows, files = course.rows(), course.files()
    assert course.run("grade", "svd").count("as before") == len(EXPECTED)
    assert (course.rows(), course.files()) == (rows, files)


@pytest.mark.parametrize("is_alone", [True, False], ids=["alone", "with_its_group"])
def test_students_code_does_not_outlive_the_grader(ungraded, tmp_path, is_alone):
    course = ungraded.copied(tmp_path / "course")
    endless = "while True:\n        pass\n    U, S, Vt = svd(R_filled, full_matrices=False)\n"
    course.hand_in(
        "ada",
        edited(
            course.solutions["svd"],
            [("U, S, Vt = svd(R_filled, full_matrices=False)\n", endless)],
        ),
    )
    process = start_grading(course)
    kernel = wait_for_loop(process)
    family = kill(process, is_alone)
    assert kernel in family
    assert_all_end(family)


def wait_for_loop(process):
    """A run's kernel, once it has used more time than all that stands before the loop."""
    deadline = time.monotonic() + 2 * START_SECONDS
    while time.monotonic() < deadline:
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                is_kernel = "/opt/start.py" in child.cmdline()
                if is_kernel and child.cpu_times().user > LOOP_SECONDS:
                    return child
        time.sleep(0.1)
    raise AssertionError("no kernel came to the endless loop")
