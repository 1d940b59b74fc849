"""Save grades as nbgrader does, without asking a person again for what has not changed.

nbgrader marks every grade that a person gave for review at each regrade. Here one stays settled while
the answer's text, or the points that a check gave, are what they were when it was last graded.
"""

import hashlib
from pathlib import Path

from nbgrader import utils
from nbgrader.preprocessors import SaveAutoGrades

from autograder.grading.outcomes import UNREADABLE
from autograder.grading.results import course_of, verdicts_of
from autograder.grading.stored import read_stored, write_stored

GRADED = Path(".grading") / "answers.json"


class SaveGrades(SaveAutoGrades):
    """nbgrader's SaveAutoGrades; a manual grade of unchanged work stays settled.

    What was graded is remembered in `.grading/answers.json`, as a hash of the text, or as points.
    """

    def preprocess(self, nb, resources):
        """Save the grades of a notebook."""
        path = Path(course_of(self)) / GRADED
        self._graded = read_stored(path)
        before = dict(self._graded)
        self._is_unread = any(each["outcome"] == UNREADABLE for each in verdicts_of(nb))
        nb, resources = super().preprocess(nb, resources)
        if self._graded != before:
            write_stored(path, self._graded)
        return nb, resources

    def _add_score(self, cell, resources):
        name = cell.metadata.nbgrader.grade_id
        grade = self.gradebook.find_grade(
            name, self.notebook_id, self.assignment_id, self.student_id
        )
        is_settled = grade.manual_score is not None and not grade.needs_manual_grade
        super()._add_score(cell, resources)
        if self._is_unread and grade.manual_score is None:  # a person has to look at the file
            grade.needs_manual_grade = True
            self.gradebook.db.commit()
        key = "/".join((self.student_id, self.assignment_id, self.notebook_id, name))
        work = _what_is_graded(cell, grade)
        if is_settled and self._graded.get(key) == work:
            grade.needs_manual_grade = False
            self.gradebook.db.commit()
        self._graded[key] = work


def _what_is_graded(cell, grade):
    if utils.is_solution(cell):
        return hashlib.sha256(cell.source.encode()).hexdigest()
    return f"{grade.auto_score} points"
