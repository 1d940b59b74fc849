"""Hand in notebooks with hostile code, and see from outside what became of them and of this machine."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path

import psutil
from nbformat.v4 import new_code_cell

from autograder.build import build_release, build_solution, read_notebook
from autograder.build.notebooks import is_code
from autograder.grading.engine import grade, wardens
from autograder.grading.rebuild import rebuild
from autograder.sandbox.limits import Limits

LIMITS = {
    **{"cell_seconds": 10, "notebook_seconds": 40, "start_seconds": 30, "memory_mib": 1200},
    **{"disk_mib": 64, "files": 2000, "warden_mib": 2000},
}
ASK = """def attack():
{body}
try:
    leak = attack()
except Exception as error:
    leak = None
print("LEAK" if leak else "HELD")"""


def question(body):
    """A cell that prints LEAK where a function of this body returns something true, else HELD."""
    return ASK.format(body=textwrap.indent(body.strip("\n"), "    "))


@dataclass
class Result:
    """What grading one hostile submission came to, and what it cost."""

    graded: object
    notebook: object
    seconds: float
    warden_mib: float
    parent_mib: float

    @property
    def outcomes(self):
        """Outcome of each check by its name."""
        return {verdict.check: verdict.outcome for verdict in self.graded.verdicts}

    @property
    def points(self):
        """Points in all."""
        return sum(verdict.points for verdict in self.graded.verdicts)

    @property
    def messages(self):
        """All that a student reads, as one text."""
        return "\n".join(verdict.message for verdict in self.graded.verdicts)

    def text_of(self, source):
        """What the cell of that source put out, as text."""
        ids = [cell["id"] for cell in self.notebook.cells if cell.source == source]
        outputs = [output for cell in ids for output in self.graded.outputs.get(cell, ())]
        return "".join(str(output.get("text") or output.get("data") or "") for output in outputs)


class Handin:
    """A lesson and a data set to be graded on.

    Parameters
    ----------
    course : Path of the course.
    assignment : its name.
    ground : Ground.
    """

    def __init__(self, course, assignment, ground):
        self.course, self.ground = course, ground
        self.master = read_notebook(course / "source" / assignment / f"{assignment}.ipynb")
        self.forms = {
            "solution": build_solution(self.master, "en"),
            "release": build_release(self.master, "en"),
        }

    def notebook(self, form, extra=(), replaced=None, edit=None):
        """A submission: the solution or the release with cells added and sources replaced.

        Parameters
        ----------
        extra : pairs (grade_id of the cell before, source); None for the very first place.
        replaced : sources by grade_id.
        edit : function that changes the notebook as a whole.
        """
        notebook = self.forms[form].copy()
        notebook.cells = [cell.copy() for cell in notebook.cells]
        for cell in notebook.cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
            cell.source = (replaced or {}).get(name, cell.source)
        for after, source in extra:
            notebook.cells.insert(self._place(notebook, after), new_code_cell(source))
        if edit is not None:
            edit(notebook)
        return notebook

    def grade(self, notebook, is_isolated=True, until=None, **limits):
        """Rebuild and grade a submission, with limits that differ from `LIMITS`."""
        rebuilt = rebuild(self.master, notebook).notebook
        start, before = time.monotonic(), _resident_mib(os.getpid())
        with _peak_of_wardens() as peak:
            graded = grade(
                rebuilt,
                self.master,
                self.ground,
                Limits(**{**LIMITS, **limits}),
                is_isolated=is_isolated,
                until=until,
                hidden=(str(self.course),),
            )
        seconds, after = time.monotonic() - start, _resident_mib(os.getpid())
        return Result(graded, rebuilt, seconds, peak.mib, after - before)

    @staticmethod
    def _place(notebook, after):
        for number, cell in enumerate(notebook.cells):
            is_there = cell.metadata.get("nbgrader", {}).get("grade_id") == after
            if is_code(cell) and (after is None or is_there):
                return number + (after is not None)
        raise LookupError(after)


# --- What runs on this machine --------------------------------------------------------------------


def _resident_mib(pid):
    try:
        return psutil.Process(pid).memory_info().rss / 2**20
    except psutil.Error:
        return 0.0


class _Peak:
    mib = 0.0


@contextlib.contextmanager
def _peak_of_wardens():
    """The largest memory of any warden of this process meanwhile."""
    wardens()
    peak, is_over = _Peak(), threading.Event()

    def sample():
        while not is_over.wait(0.05):
            server = forkserver._forkserver._forkserver_pid
            with contextlib.suppress(psutil.Error):
                for warden in psutil.Process(server).children() if server else ():
                    peak.mib = max(peak.mib, _resident_mib(warden.pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield peak
    finally:
        is_over.set()
        thread.join()


def processes_with(marker):
    """Processes of this machine that have a text in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(marker in part for part in process.info["cmdline"] or ()):
            found.append(process)
    return found


class Lures:
    """Things on the host that hostile code looks for: sockets, a file, a process; all counted.

    Parameters
    ----------
    folder : Path of an empty folder.
    course : Path of the course.
    """

    def __init__(self, folder, course):
        self.marker = f"hostile-{os.getpid()}-{id(self):x}"
        self.folder, self.visits = folder, []
        (folder / "gradebook.db").write_text(self.marker)
        self._sockets = {
            "tcp": self._listening(socket.AF_INET, ("127.0.0.1", 0)),
            "tcp6": self._listening(socket.AF_INET6, ("::1", 0)),
            "unix": self._listening(socket.AF_UNIX, str(folder / "socket")),
            "abstract": self._listening(socket.AF_UNIX, f"\0{self.marker}"),
            "udp": socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        }
        self._sockets["udp"].bind(("127.0.0.1", 0))
        self._victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        self.names = {
            "@MARKER@": self.marker,
            "@FOLDER@": str(folder),
            "@COURSE@": str(course),
            "@HOST@": socket.gethostname(),
            "@PID@": str(self._victim.pid),
            **{f"@{kind.upper()}@": str(self._number(kind)) for kind in ("tcp", "tcp6", "udp")},
        }
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._count)
        self._thread.start()

    def fill(self, text):
        """Hostile code with the names of what is here."""
        for name, value in self.names.items():
            text = text.replace(name, value)
        return text

    def close(self):
        """Take everything away."""
        self._is_over.set()
        self._thread.join()
        for each in self._sockets.values():
            each.close()
        self._victim.kill()
        self._victim.wait()

    @property
    def is_victim_alive(self):
        """Whether the process still runs, and was not stopped."""
        state = psutil.Process(self._victim.pid).status()
        return self._victim.poll() is None and state != psutil.STATUS_STOPPED

    def forget(self):
        """Count visits anew."""
        time.sleep(0.2)
        self.visits.clear()

    def files_left(self):
        """Paths on this machine that hostile code could have made under the marker."""
        places = ("/", "/tmp", "/dev/shm", "/var/tmp", "/opt", "/run", Path.home(), self.folder)
        places = (*map(Path, places), Path(self.names["@COURSE@"]))
        return [place / self.marker for place in places if (place / self.marker).exists()]

    def _listening(self, family, address):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.bind(address)
        listener.listen(64)
        return listener

    def _number(self, kind):
        return self._sockets[kind].getsockname()[1]

    def _count(self):
        while not self._is_over.is_set():
            ready, _, _ = select.select(list(self._sockets.values()), [], [], 0.1)
            for kind, each in self._sockets.items():
                if each in ready:
                    self.visits.append(kind)
                    each.recv(100) if kind == "udp" else each.accept()[0].close()


# --- Without any defence --------------------------------------------------------------------------

STOCK = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(history_load_length=0)
for source in json.loads(sys.argv[1]):
    result = shell.run_cell(source, store_history=True)
print("POINTS" if getattr(result, "success", True) else "NOTHING")
"""


def earns_in_stock_grading(cells, test):
    """Whether a test cell that runs in the student's own process is content, as nbgrader has it."""
    done = subprocess.run(
        [sys.executable, "-c", STOCK, json.dumps([*cells, test])],
        **{"capture_output": True, "text": True, "timeout": 60, "check": False},
    )
    return "NOTHING" not in done.stdout and done.returncode == 0
