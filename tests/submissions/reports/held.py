"""What held from the start, and must go on holding."""

from autograder.demo import edited
from submissions.reports import in_class

FULL = {"svd-block": 3, "svd-factors": 3, "svd-complete": 4, "svd-rank": 4}


@in_class
def a_first_import_that_is_missing_costs_no_points(pupil):
    pupil.hand_in(edited(pupil.solved(), [("import numpy as np\n", "")]))
    yield
    assert pupil.points == FULL
