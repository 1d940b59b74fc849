"""The visible checks of lesson 1: they refuse no right answer, let hardly a wrong one pass, and say what they see."""

import warnings
from functools import cache

import pytest

from autograder.checks.reference import run_cells, solved_cells
from submissions.bench import SEEDS, Replacements, copied, edited, exercises, movielens
from submissions.equivalents import EQUIVALENTS
from submissions.mistakes import MISTAKES

CHECKS = ("svd-block", "svd-factors", "svd-complete", "svd-rank")
RIGHT = {name: change for name, change in EQUIVALENTS.items() if change.assignment == "svd"}
WRONG = [(check, name) for check in CHECKS for name in MISTAKES[check]]
# Where both samples are the ids 1 to 8, as in MovieLens, these give the very values of a right answer.
SURVIVORS = {
    ("svd-block", "samples_swapped"): "either list picks users 1 to 8 and movies 1 to 8",
    ("svd-block", "labels_swapped"): "the labels of rows and columns are the same eight numbers",
    ("svd-factors", "movie_ids_for_users"): "the ids of the movies are those of the users",
    ("svd-complete", "labels_swapped"): "the labels of rows and columns are the same eight numbers",
}


class Notebook:
    """The lesson on a data folder: what its visible checks say to changed exercises."""

    def __init__(self, course, folder):
        self.folder, self.parts = folder, exercises(solved_cells(course, "svd"))
        self.before, namespace = {}, {"__name__": "__main__"}
        with movielens(folder):
            for check, cells in self.parts.items():
                self.before[check] = dict(namespace)
                run_cells(cells, namespace)

    def says(self, check, replacements=(), extra=""):
        """What the visible check of an exercise raises with texts replaced and a cell put in; None where it passes."""
        namespace, replace = dict(self.before[check]), Replacements(replacements)
        cells = edited(self.parts[check][:-1], replace)
        self._run([*cells, ("", extra)], namespace)
        return self._run([self.parts[check][-1]], copied(namespace))

    def says_all(self, replacements, until):
        """Errors of all cells through a check, texts replaced in all that are no check cell."""
        namespace, replace, errors = {"__name__": "__main__"}, Replacements(replacements), []
        for check, cells in self.parts.items():
            errors.append(self._run([*edited(cells[:-1], replace), cells[-1]], namespace))
            if check == until:
                return [error for error in errors if error]
        raise LookupError(until)

    def _run(self, cells, namespace):
        """The first error of these cells, as 'AssertionError: text'; later cells run all the same."""
        errors = []
        with movielens(self.folder), warnings.catch_warnings(action="ignore"):
            for cell in cells:
                try:
                    run_cells([cell], namespace)
                except Exception as error:  # noqa: BLE001  a wrong answer may raise anything
                    errors.append(f"{type(error).__name__}: {error}")
        return errors[0] if errors else None


@pytest.fixture(scope="module")
def notebook(course_root, grading_set, synthetic_dir):
    """A function from the kind of data to the lesson on it: ids that run from 1, or ids with gaps."""
    folders = {"ids from 1": synthetic_dir, "ids with gaps": grading_set(SEEDS[0]) / "visible"}
    return cache(lambda kind: Notebook(course_root, folders[kind]))


KINDS = pytest.mark.parametrize("kind", ["ids from 1", "ids with gaps"])


@KINDS
@pytest.mark.parametrize("name", RIGHT)
def test_no_right_answer_is_refused(notebook, name, kind):
    assert notebook(kind).says_all(RIGHT[name].replacements, RIGHT[name].until) == []


@KINDS
def test_hardly_a_wrong_answer_passes(notebook, kind):
    said = {(c, n): notebook(kind).says(c, MISTAKES[c][n]) for c, n in WRONG}
    passed = {answer for answer, error in said.items() if error is None}
    assert passed == (SURVIVORS.keys() if kind == "ids from 1" else set())
    assert len(passed) <= 0.15 * len(said)
    raw = {
        answer: error for answer, error in said.items() if error and "AssertionError" not in error
    }
    assert raw == {}


UNREADABLE = {
    ("svd-block", "R_sparse = None"): "table",
    ("svd-block", "R_block = R_block.to_numpy()"): "table",
    ("svd-block", "del R_block"): "stopped before `R_block`",
    ("svd-block", "del R_sparse, R_block"): "Fill the blanks above",
    ("svd-factors", "R_block_filled = None"): "8 by 8",
    ("svd-factors", "P = {'f1': 1}"): "one row per user",
    ("svd-factors", "P, Q = P.T, Q.T"): "one row per user",
    ("svd-factors", "P_df = P"): "table",
    ("svd-factors", "del P, Q, P_df, Q_df"): "stopped before `P`",
    ("svd-factors", "R_block = R_block.fillna(global_mean)"): "`R_block` lost its gaps",
    ("svd-complete", "R_hat_df = R_hat_df.values"): "table",
    ("svd-complete", "completed_block = None"): "table",
    ("svd-complete", "observed_pred = observed_pred.iloc[1:]"): "our users in its rows",
    ("svd-complete", "completed_block = R_block.where(R_block != np.nan, R_hat_df)"): "condition",
    ("svd-complete", "del completed_block"): "stopped before `completed_block`",
    ("svd-complete", "del R_hat_block, R_hat_df"): "Fill the blanks above",
    ("svd-rank", "rank_error = lambda R_filled, observed, k: None"): "`return`",
    ("svd-rank", "rank_error = lambda R_filled, observed, k: R_filled"): "one number",
    ("svd-rank", "rank_errors = None"): "one number for each rank",
    ("svd-rank", "del rank_errors"): "stopped before `rank_errors`",
}


@pytest.mark.parametrize(("check", "extra"), UNREADABLE)
def test_what_a_check_cannot_read_gets_a_sentence_and_no_raw_error(notebook, check, extra):
    said = notebook("ids with gaps").says(check, extra=extra)
    assert said is not None and said.startswith("AssertionError"), said
    assert UNREADABLE[check, extra] in said


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", ["print", "len", "list", "id", "range", "zip", "min", "max"])
def test_a_name_that_hides_pythons_own_is_named_or_does_no_harm(notebook, check, name):
    said = notebook("ids with gaps").says(check, extra=f"{name} = [5, 3, 4]")
    assert said is None or said.startswith(f"AssertionError: `{name}` is a name of yours now"), said
