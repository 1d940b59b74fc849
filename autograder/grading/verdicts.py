"""No credit by default: a check keeps its points only where it says itself that it passed.

Stands between execution and nbgrader's own scoring, which gives full points to a check that never
ran, takes a number that a cell shows for partial credit, and gives none to a right answer that warns
on stderr. What comes out of here scores as it should under those rules.
"""

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.checks import VERDICT_TYPE

NO_VERDICT = "This check did not come to a verdict, so it earns no points."


def is_check(cell):
    """Whether nbgrader scores a cell by its outputs."""
    return cell.cell_type == "code" and utils.is_grade(cell) and not utils.is_solution(cell)


def passed_verdict(cell):
    """The verdict by which a check passed, or None.

    Parameters
    ----------
    cell : a check cell after its run.

    Returns
    -------
    Dict of check, outcome and bonus; None where an output is an error, or where none is the explicit
    verdict PASSED of the check that the cell's grade_id names.
    """
    if any(output.output_type == "error" for output in cell.outputs):
        return None
    for verdict in _verdicts(cell):
        if (
            isinstance(verdict, dict)
            and verdict.get("check") == cell.metadata["nbgrader"]["grade_id"]
            and verdict.get("outcome") == "PASSED"
        ):
            return verdict
    return None


def settle(cell):
    """Change a check cell's outputs so that nbgrader scores it by its verdict alone.

    What it showed as a result becomes a display, for nbgrader takes a result for a number of points.
    A check that passed keeps what it wrote on stderr as stdout. Any other gets an error, where there
    is none yet, and loses its verdict.
    """
    for output in cell.outputs:
        if output.output_type == "execute_result":
            output.output_type = "display_data"
            output.pop("execution_count", None)
    if passed_verdict(cell):
        for output in cell.outputs:
            if output.output_type == "stream":
                output.name = "stdout"
        return
    cell.outputs = [output for output in cell.outputs if VERDICT_TYPE not in output.get("data", {})]
    if not any(output.output_type == "error" for output in cell.outputs):
        cell.outputs.append(
            new_output(
                "error",
                ename="NoVerdict",
                evalue=NO_VERDICT,
                traceback=[f"NoVerdict: {NO_VERDICT}"],
            )
        )


def _verdicts(cell):
    for output in cell.outputs:
        if output.output_type == "display_data" and VERDICT_TYPE in output.data:
            yield output.data[VERDICT_TYPE]


class SettleChecks(NbGraderPreprocessor):
    """See `settle`."""

    def preprocess_cell(self, cell, resources, cell_index):
        """Settle a check cell."""
        if is_check(cell):
            settle(cell)
        return cell, resources
