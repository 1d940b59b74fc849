"""Record what an open challenge earned as extra credit.

Stands after nbgrader's own scoring, which makes the grade, and before late penalties, which are
taken from the score with its extra credit.
"""

from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.grading.results import course_of, verdicts_of
from autograder.grading.stored import read_stored, write_stored

RECORDED = Path(".grading") / "bonus.json"


def extra_credit(present, recorded, bonus):
    """What the gradebook should hold.

    Extra credit that is not what was recorded last time was given by an instructor, and stays.

    Parameters
    ----------
    present : extra credit in the gradebook, or None.
    recorded : what this stage wrote there last time, or None; a list of what it may have written, where
        it was killed meanwhile.
    bonus : what the submission earned now, or None.

    Returns
    -------
    (extra credit or None, whether it is an instructor's own)
    """
    ours = recorded if isinstance(recorded, list) else [recorded]
    if present and present not in ours:
        return present, True
    return bonus or None, False


class RecordBonus(NbGraderPreprocessor):
    """Write each bonus into the gradebook, an instructor's own extra credit kept.

    What was written is remembered in `.grading/bonus.json`: extra credit in the gradebook that is
    neither empty nor what was written last was given by an instructor.
    """

    def preprocess(self, nb, resources):
        """Record the bonuses of a notebook's checks."""
        names = resources["nbgrader"]
        place = (names["notebook"], names["assignment"], names["student"])
        path = Path(course_of(self)) / RECORDED
        recorded = read_stored(path)
        before = dict(recorded)
        with Gradebook(names["db_url"]) as gradebook:
            for verdict in verdicts_of(nb):
                check, bonus = verdict["check"], verdict["bonus"]
                key = "/".join((names["student"], names["assignment"], names["notebook"], check))
                if bonus is not None or key in recorded:
                    grade = gradebook.find_grade(check, *place)
                    grade.extra_credit, is_kept = extra_credit(
                        grade.extra_credit, recorded.get(key), bonus
                    )
                    if is_kept:
                        self.log.info("Extra credit of %s is an instructor's: kept", key)
                    recorded[key] = recorded.get(key) if is_kept else grade.extra_credit
            changed = {key for key in recorded if recorded[key] != before.get(key)}
            if changed:  # of two files that are written, the first one must allow for both states
                write_stored(
                    path,
                    recorded | {key: _either(before.get(key), recorded[key]) for key in changed},
                )
            gradebook.db.commit()
        if recorded != before:
            write_stored(path, recorded)
        return nb, resources


def _either(before, now):
    return [*(before if isinstance(before, list) else [before]), now]
