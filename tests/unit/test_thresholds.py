"""The numbers that lessons state are those that the checks use."""

import re

from autograder.checks.thresholds import CHALLENGE_SECONDS, CHALLENGE_TIERS
from autograder.checks.vae import challenge_bonus


def test_the_lesson_states_the_tiers_and_the_time_limit_of_the_challenge(course_root):
    text = (course_root / "lessons" / "vae.py").read_text().replace("\n# ", " ")
    stated = re.findall(r"at most (0\.\d+)\s+earns (\d)", text)
    assert sorted((float(limit), float(points)) for limit, points in stated) == sorted(
        CHALLENGE_TIERS
    )
    assert f"at most {CHALLENGE_SECONDS:.0f} seconds" in text


def test_the_bonus_is_that_of_the_best_tier_and_nothing_above_the_worst():
    ratios = (0.9, 0.9875, 0.99, 0.993, 0.9931, 2.0)
    assert [challenge_bonus(ratio) for ratio in ratios] == [3.0, 3.0, 2.0, 1.0, 0.0, 0.0]
