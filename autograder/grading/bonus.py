"""Record what an open challenge earned as extra credit.

Stands after nbgrader's own scoring, which makes the grade, and before late penalties, which are
taken from the score with its extra credit.
"""

import json
import math
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Float

from autograder.checks.thresholds import CHALLENGE_TIERS
from autograder.errors import GradingError
from autograder.grading.execution import course_of
from autograder.grading.verdicts import is_check, passed_verdict

RECORDED = Path(".grading") / "bonus.json"


def bonus_of(cell, max_bonus):
    """Bonus points of a check cell: a number in 0..max_bonus, or None where it says none."""
    verdict = passed_verdict(cell) or {}
    bonus = verdict.get("bonus")
    if isinstance(bonus, bool) or not isinstance(bonus, int | float) or not math.isfinite(bonus):
        return None
    return min(max(float(bonus), 0.0), max_bonus)


def extra_credit(present, recorded, bonus):
    """What the gradebook should hold.

    Extra credit that is not what was recorded last time was given by an instructor, and stays.

    Parameters
    ----------
    present : extra credit in the gradebook, or None.
    recorded : what this stage wrote there last time, or None.
    bonus : what the submission earned now, or None.

    Returns
    -------
    (extra credit or None, whether it is an instructor's own)
    """
    if present and present != recorded:
        return present, True
    return bonus or None, False


class RecordBonus(NbGraderPreprocessor):
    """Write each bonus into the gradebook, an instructor's own extra credit kept.

    What was written is remembered in `.grading/bonus.json`: extra credit in the gradebook that is
    neither empty nor what was written last was given by an instructor.
    """

    max_bonus = Float(
        max(points for _, points in CHALLENGE_TIERS), help="Most points that a bonus can bring."
    ).tag(config=True)

    def preprocess(self, nb, resources):
        """Record the bonuses of a notebook's checks."""
        names = resources["nbgrader"]
        place = (names["notebook"], names["assignment"], names["student"])
        path = Path(course_of(self)) / RECORDED
        recorded = read_recorded(path)
        before = dict(recorded)
        with Gradebook(names["db_url"]) as gradebook:
            for cell in filter(is_check, nb.cells):
                grade_id = cell.metadata["nbgrader"]["grade_id"]
                key = "/".join((names["student"], names["assignment"], names["notebook"], grade_id))
                bonus = bonus_of(cell, self.max_bonus)
                if bonus is not None or key in recorded:
                    grade = gradebook.find_grade(grade_id, *place)
                    grade.extra_credit, is_kept = extra_credit(
                        grade.extra_credit, recorded.get(key), bonus
                    )
                    if is_kept:
                        self.log.info("Extra credit of %s is an instructor's: kept", key)
                    recorded[key] = recorded.get(key) if is_kept else grade.extra_credit
            gradebook.db.commit()
        if recorded != before:
            write_recorded(path, recorded)
        return nb, resources


def read_recorded(path):
    """What was recorded, from "student/assignment/notebook/check" to points; empty at first.

    Raises
    ------
    GradingError
        Where the file is damaged.
    """
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):
        raise GradingError(
            f"{path} is damaged: remove it; extra credit in the gradebook then counts as given by hand."
        ) from None


def write_recorded(path, recorded):
    """Replace the file as a whole, in a folder that the instructor alone can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    new.replace(path)
