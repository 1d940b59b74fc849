"""On a GPU every lesson runs and every check passes: tried on a pretend device, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from submissions import pretend_device
pretend_device.install()
from submissions.bench import Bench
bench = Bench(*sys.argv[1:3], __import__("pathlib").Path(sys.argv[3]))
print(bench.after)
model = bench.before[list(bench.parts)[-1]][{"mf": "model", "vae": "vae"}[sys.argv[2]]]
print("device:", next(model.parameters()).device)
assert set(bench.after.values()) == {None}
"""


@pytest.mark.parametrize("lesson", ["mf", "vae"])
def test_every_check_passes_on_a_device(lesson, course_root, grading_set):
    folder = grading_set(2**127)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, course_root, lesson, folder],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2000:]
    assert "device: cuda:0" in ran.stdout
