"""What held from the start, and must go on holding."""

from autograder.demo import edited
from submissions.reports import report

SVD = {"svd-block": 3, "svd-factors": 3, "svd-complete": 4, "svd-rank": 4}


@report
def a_first_import_that_is_missing_costs_no_points(course):
    course.hand_in("kim", edited(course.solutions["svd"], [("import numpy as np\n", "")]))
    assert {r["check"]: r["points"] for r in course.records("svd")} == SVD
