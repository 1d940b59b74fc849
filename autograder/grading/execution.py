"""Run a submission on the private data set, within time limits, whatever its kernel does.

The one stage that talks to a kernel. Its contract: every code cell comes back either with the
outputs of its own run or with one error that says why it was not run, and what student code does to
its kernel raises nothing here.
"""

import os

from nbformat.v4 import new_output
from nbgrader.preprocessors import Execute
from traitlets import Dict, Integer, Unicode

from autograder.checks import GRADING_DATA
from autograder.data.grading_data import VISIBLE
from autograder.grading.private_data import grading_data_folder

STOPPED = "The kernel died in this cell, or could not be stopped at the time limit."
NOT_RUN = "This cell was not run, because the kernel had stopped in a cell above."
TIMED_OUT = "This cell was stopped at its time limit of {limit} s."


def course_of(preprocessor):
    """The folder of the course whose nbgrader command a preprocessor is part of."""
    owner = preprocessor
    while owner is not None:
        if hasattr(owner, "coursedir"):
            return owner.coursedir.root
        owner = owner.parent
    return os.curdir


def kernel_environment(environment, grading_data):
    """The environment of a submission's kernel; the grader's own is not changed.

    Parameters
    ----------
    environment : mapping, the grader's environment.
    grading_data : Path of the grading data set.
    """
    return {
        **environment,
        "MOVIELENS_DIR": str(grading_data / VISIBLE),
        GRADING_DATA: str(grading_data),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "OMP_NUM_THREADS": "1",
    }


class ExecuteSubmission(Execute):
    """nbgrader's Execute on the private data set, with time limits by assignment.

    A cell at its time limit is interrupted and later cells run on. Where the kernel dies or ignores
    the interrupt, the run ends there, and no later cell of that submission is run.
    """

    timeouts = Dict(
        value_trait=Integer(),
        key_trait=Unicode(),
        help="Seconds a cell, by assignment; `timeout` for an assignment that is not here.",
    ).tag(config=True)

    iopub_timeout = Integer(
        10, help="Seconds that an interrupted cell has to end before its kernel is given up."
    ).tag(config=True)

    def preprocess(self, nb, resources, km=None):
        """Run every cell of a notebook in one kernel."""
        self.timeout = self.timeouts.get(resources["nbgrader"]["assignment"], self.timeout)
        sentence = TIMED_OUT.format(limit=self.timeout)
        self.error_on_timeout = _as_reply("CellTimeoutError", sentence)
        self._grading_data = grading_data_folder(course_of(self))
        self._has_stopped = False
        return super().preprocess(nb, resources, km=km)

    def setup_kernel(self, **kwargs):
        """Start the kernel in its own environment."""
        environment = kernel_environment(os.environ, self._grading_data)
        return super().setup_kernel(env=environment, **kwargs)

    def preprocess_cell(self, cell, resources, cell_index):
        """Run one cell, or say why not."""
        if cell.cell_type != "code":
            return cell, resources
        cell.outputs, cell.execution_count = [], None
        if self._has_stopped:
            cell.outputs.append(new_output("error", **_as_reply("NotRun", NOT_RUN)))
            return cell, resources
        try:
            return super().preprocess_cell(cell, resources, cell_index)
        except Exception as error:
            self.log.error("Cell %d ended the run: %s", cell_index, error)
            self._has_stopped = True
            self.shutdown_kernel = "immediate"
            cell.outputs.append(new_output("error", **_as_reply("KernelStopped", STOPPED)))
            return cell, resources


def _as_reply(name, sentence):
    return {"ename": name, "evalue": sentence, "traceback": [f"{name}: {sentence}"]}
