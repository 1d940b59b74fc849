"""On a GPU every lesson runs and every check passes: tried on a pretend device, in a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

RUN = """
import sys
from submissions import pretend_device
pretend_device.install()
from submissions.bench import Bench, Replacements
bench = Bench(*sys.argv[1:3], __import__("pathlib").Path(sys.argv[3]))
print(bench.after)
model = bench.before[list(bench.parts)[-1]][{"mf": "model", "vae": "vae"}[sys.argv[2]]]
print("device:", next(model.parameters()).device)
assert set(bench.after.values()) == {None}
check, old, new = sys.argv[4:]
replace = Replacements([(old, new)])
print(bench.judge(check, replace))
replace.assert_all_used()
"""
MOVES_ITSELF = {
    "mf": (
        "mf-model",
        "taste = (self.user_emb(users)",
        "users, items = users.to(device), items.to(device)\n        taste = (self.user_emb(users)",
    ),
    "vae": ("vae-model", "self.fc1(x)", "self.fc1(x.to(device))"),
}
"""A model that sends its inputs to the device: where the check has put its own makes no difference."""


@pytest.mark.parametrize("lesson", ["mf", "vae"])
def test_every_check_passes_on_a_device(lesson, course_root, grading_set):
    folder = grading_set(2**127)
    ran = subprocess.run(
        [sys.executable, "-c", RUN, course_root, lesson, folder, *MOVES_ITSELF[lesson]],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr[-2000:]
    assert ran.stdout.splitlines()[-2:] == ["device: cuda:0", "None"]
