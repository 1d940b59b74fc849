"""Run a notebook in a fresh kernel and keep its outputs in a stable form.

The one place of the build that starts a kernel. The kernel is that of the running interpreter,
whatever kernels the machine has installed; it works in an empty folder, on the data it is told, on
one thread. What it raises becomes `BuildError`; what it prints on stderr is an error too, except
for progress bars that wiped themselves out.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from traitlets import default

from autograder.build.notebooks import Notebook, is_code
from autograder.errors import BuildError

CELL_SECONDS = 300
WIDGET = "application/vnd.jupyter.widget-view+json"
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
CONTROL = re.compile(r"\x1b\[A|[\r\n\b]|[^\r\n\b\x1b]+|\x1b")


class OwnKernelManager(AsyncKernelManager):
    """Start the kernel of the running interpreter, not one that is installed under its name."""

    @default("kernel_spec_manager")
    def _no_installed_kernels(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


def execute(
    notebook: Notebook, name: str, data: Path | None = None, cell_seconds: int = CELL_SECONDS
) -> Notebook:
    """Run every cell of a notebook and return it with outputs.

    Parameters
    ----------
    notebook
        Left as it is.
    name
        What messages call it.
    data
        The data folder that ``MOVIELENS_DIR`` names in the kernel; None leaves it unset.
    cell_seconds
        Wall-clock limit a cell, in seconds.

    Returns
    -------
    Notebook
        Outputs as `settle_outputs` leaves them; notebook and cell metadata as they were.

    Raises
    ------
    BuildError
        If a cell raises, writes to stderr or takes too long, or the kernel dies.
    """
    executed = deepcopy(notebook)
    with _client(executed, data, cell_seconds) as (client, environment):
        try:
            client.execute(env=environment)
        except CellExecutionError as problem:
            cell = _raising_cell(executed)
            reason = f"{problem.ename}: {ANSI_COLOUR.sub('', problem.evalue)}".strip(": ")
            raise BuildError(
                f"{name}, cell {cell} raised {reason.splitlines()[0]}; mend the lesson."
            ) from None
        except CellTimeoutError:
            raise BuildError(
                f"{name}: a cell ran for more than {cell_seconds} s; make it faster."
            ) from None
        except DeadKernelError:
            raise BuildError(f"{name}: its kernel died; run the lesson by hand.") from None
    for cell, original in zip(executed.cells, notebook.cells, strict=True):
        cell.metadata = deepcopy(original.metadata)
    executed.metadata = deepcopy(notebook.metadata)
    return settle_outputs(executed, name)


def raises_when_run(
    notebook: Notebook, data: Path | None = None, cell_seconds: int = CELL_SECONDS
) -> bool:
    """Tell whether a cell of the notebook raises; the `Runner` of `verify_string_masks`.

    Raises
    ------
    BuildError
        If the notebook neither ends nor raises within its limits.
    """
    trial = deepcopy(notebook)
    with _client(trial, data, cell_seconds) as (client, environment):
        try:
            client.execute(env=environment)
        except CellExecutionError:
            return True
        except (CellTimeoutError, DeadKernelError) as problem:
            raise BuildError(
                f"A masked lesson did not end by itself ({type(problem).__name__}); "
                "mask other tokens."
            ) from None
    return False


@contextmanager
def _client(
    notebook: Notebook, data: Path | None, cell_seconds: int
) -> Iterator[tuple[NotebookClient, dict[str, str]]]:
    """Make a client whose kernel works in an empty folder that goes when it ends."""
    with tempfile.TemporaryDirectory(prefix="lesson-") as folder:
        work, ipython = Path(folder, "work"), Path(folder, "ipython")
        work.mkdir()
        ipython.mkdir()
        environment = dict(os.environ, OMP_NUM_THREADS="1", IPYTHONDIR=str(ipython))
        environment.pop("MOVIELENS_DIR", None)
        if data is not None:
            environment["MOVIELENS_DIR"] = str(Path(data).absolute())
        yield (
            NotebookClient(
                notebook,
                kernel_manager_class=OwnKernelManager,
                kernel_name="python3",
                timeout=cell_seconds,
                record_timing=False,
                extra_arguments=["--IPKernelApp.log_level=ERROR"],  # it warns of local TCP
                resources={"metadata": {"path": str(work)}},
            ),
            environment,
        )


def _raising_cell(notebook: Notebook) -> str:
    for cell in filter(is_code, notebook.cells):
        if any(output.output_type == "error" for output in cell.outputs):
            return cell.id
    return "(unknown)"


def settle_outputs(notebook: Notebook, name: str) -> Notebook:
    """Reduce outputs to what a reader sees at the end.

    Progress bars overwrite themselves: streams are replayed as a terminal would show them, and
    dropped if nothing is left. Widgets are dropped, streams that follow each other are joined.

    Raises
    ------
    BuildError
        If something is left on stderr.
    """
    result = deepcopy(notebook)
    result.metadata.pop("widgets", None)
    for cell in filter(is_code, result.cells):
        kept: list = []
        for output in cell.outputs:
            if WIDGET in output.get("data", {}):
                continue
            if output.output_type == "stream":
                joins = kept and kept[-1].output_type == "stream" and kept[-1].name == output.name
                if joins:
                    kept[-1].text += output.text
                    continue
            kept.append(output)
        cell.outputs = _without_empty_streams(kept)
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                line = output.text.strip().splitlines()[0]
                raise BuildError(
                    f"{name}, cell {cell.id} wrote to stderr ({line}); mend what it warns of."
                )
    return result


def _without_empty_streams(outputs: list) -> list:
    settled: list = []
    for output in outputs:
        if output.output_type == "stream":
            output.text = replay(output.text)
            if not output.text.strip():
                continue
            if settled and settled[-1].get("name") == output.name:
                settled[-1].text += output.text
                continue
        settled.append(output)
    return settled


def replay(text: str) -> str:
    r"""Return what a terminal shows at the end of a text with ``\r``, backspaces and cursor-ups."""
    if not re.search(r"[\r\b\x1b]", text):
        return text
    lines, row, column = [""], 0, 0
    for piece in CONTROL.findall(ANSI_COLOUR.sub("", text)):
        if piece == "\n":
            row, column = row + 1, 0
            if row == len(lines):
                lines.append("")
        elif piece == "\r":
            column = 0
        elif piece == "\b":
            column = max(0, column - 1)
        elif piece == "\x1b[A":
            row = max(0, row - 1)
        else:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + piece + line[column + len(piece) :]
            column += len(piece)
    return "\n".join(line.rstrip() for line in lines)
