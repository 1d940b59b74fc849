"""How far the reference is from every threshold, on 20 grading sets."""

from functools import partial

import pytest

from autograder.checks.reference import measure_reference
from autograder.data import MIN_MARGIN_SD, make_grading_data
from submissions.bench import SEEDS

THRESHOLDS = ("mf", "mf-leak", "vae", "vae-leak")


@pytest.mark.accuracy
@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_the_reference_clears_every_threshold_by_four_of_its_standard_deviations(
    course_root, tmp_path, number
):
    measure = partial(measure_reference, course_root)
    manifest = make_grading_data(tmp_path / "data", SEEDS[number], measure)
    cells = [
        "{mean:8.4f} {sd:.4f} {threshold:.4f} {margin_sd:6.1f}".format(**manifest.margins[name])
        for name in THRESHOLDS
    ]
    if number == 0:
        print("\nset draw | mean sd threshold margin/sd of", " | ".join(THRESHOLDS))
    print(f"\n{number:3} {manifest.draws:4} |", " | ".join(cells), flush=True)
    assert all(manifest.margins[name]["margin_sd"] >= MIN_MARGIN_SD for name in THRESHOLDS)
