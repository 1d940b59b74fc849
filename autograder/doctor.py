"""`autograder doctor`: what this machine and this course have, and what is missing, a line each."""

import importlib.metadata
import shutil
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.data import (
    MIN_MARGIN_SD,
    ensure_grading_data,
    grading_folder,
    read_manifest,
    search_movielens,
    verify_movielens,
)
from autograder.errors import CourseError, GradingError
from autograder.sandbox.limits import MIB

MIN_DISK_MIB = 1024

PACKAGES = (
    "jupyterlab",
    "nbgrader",
    "nbclient",
    "jupytext",
    "torch",
    "numpy",
    "pandas",
    "scikit-learn",
    "nbval",
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at: whether it is well, what was seen, and the way out where it is not."""

    name: str
    is_well: bool
    seen: str
    way_out: str = ""


def look_at_python():
    """The interpreter and the packages that lessons and grader import."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("python", sys.version_info >= (3, 11), version, "use Python 3.11 or newer")
    versions, missing = [], []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(package)
    seen = ", ".join(versions) if not missing else f"not installed: {', '.join(missing)}"
    yield Finding("packages", not missing, seen, "run `make install`")
    alembic = shutil.which("alembic")
    way_out = "put the environment's bin folder on PATH: nbgrader calls alembic"
    yield Finding("alembic", bool(alembic), "on PATH" if alembic else "not on PATH", way_out)


def look_at_places(course):
    """Folders that grading writes into: the course's, the home folder, and the temporary one."""
    places = {"course": course, "home": Path.home(), "temporary": Path(tempfile.gettempdir())}
    for name, place in places.items():
        try:
            with tempfile.NamedTemporaryFile(dir=place) as file:
                file.write(bytes(4096))
            free = shutil.disk_usage(place).free // MIB
        except OSError as error:
            way_out = {
                "course": "grading writes there: free it, or copy the course elsewhere",
                "home": "Jupyter and matplotlib write there: set HOME to a folder that you may write",
                "temporary": "set TMPDIR to a folder that you may write, with room in it",
            }[name]
            yield Finding(f"{name} folder", False, f"{place}: {error.strerror}", way_out)
            continue
        is_well = free >= MIN_DISK_MIB
        yield Finding(f"{name} folder", is_well, f"{place}: {free} MiB free", "make room there")


def look_at_device():
    """The device that the lessons will train on."""
    import torch

    if torch.cuda.is_available():
        yield Finding(
            "device",
            True,
            f"cuda: {torch.cuda.get_device_name()}; untested in the sandbox until `pytest -m cuda` has run",
        )
    else:
        yield Finding("device", True, f"cpu, {torch.get_num_threads()} thread(s)")


def look_at_sandbox():
    """What the sandbox gives, tried from the inside."""
    from autograder.sandbox.groups import Group
    from autograder.sandbox.inspection import try_sandbox

    way_out = "grade on another machine, or report this; `--sandbox none` grades without a wall"
    for trial in try_sandbox():
        yield Finding(f"sandbox: {trial.name}", trial.has_held, trial.seen, way_out)
    group = Group(processes=1, memory_mib=1)
    group.close()
    held_by = "control groups and the watchdog" if group.places else "the watchdog alone"
    yield Finding("sandbox: shares", True, f"processes and processor time: {held_by}")
    held_by = "a control group" if group.counts_memory else "the watchdog, and fewer system calls"
    yield Finding("sandbox: memory", True, f"counted by {held_by}")


def look_at_course(course):
    """Masters, releases and the gradebook of the course."""
    for assignment in ("svd", "mf", "vae"):
        path = course / "source" / assignment / f"{assignment}.ipynb"
        seen = "master built" if path.is_file() else f"no {path.relative_to(course)}"
        yield Finding(assignment, path.is_file(), seen, "run `autograder build`")
    gradebook = course / "gradebook.db"
    seen = (
        "gradebook.db"
        if gradebook.is_file()
        else "none yet; `nbgrader generate_assignment` makes it"
    )
    yield Finding("gradebook", True, seen)


def look_at_data(course):
    """The data set that lessons read, and the private one that grading uses."""
    try:
        folder = search_movielens(course)
        seen = str(verify_movielens(folder)) if folder else "none found: lessons will download it"
        yield Finding("data", True, seen)
    except CourseError as error:
        yield Finding("data", False, str(error))
    yield from look_at_grading_data(course)


def look_at_grading_data(course):
    """How far the reference is from every threshold on the private data set."""
    try:
        manifest = read_manifest(grading_folder(course))
        if manifest is not None:
            ensure_grading_data(course, source=manifest.source)  # refuses one that was changed
    except CourseError as error:
        yield Finding("grading data", False, str(error))
        return
    if manifest is None:
        seen = "none yet: the first grading run draws it, or `autograder data --private`"
        yield Finding("grading data", True, seen)
        return
    yield Finding("grading data", True, f"{manifest.source}, kept after {manifest.draws} draw(s)")
    for name, margin in (manifest.margins or {}).items():
        seen = "reference {mean:.4f} (sd {sd:.4f}), threshold {threshold:.4f}: {margin_sd:.1f} sd"
        is_wide = margin["margin_sd"] >= MIN_MARGIN_SD
        way_out = "remove .grading/data, so that another set is drawn"
        yield Finding(f"margin {name}", is_wide, seen.format(**margin), way_out)


def findings(course):
    """Everything that doctor looks at, in order."""
    looks = {
        "python": look_at_python,
        "folders": partial(look_at_places, course),
        "device": look_at_device,
        "sandbox": look_at_sandbox,
        "course": partial(look_at_course, course),
        "data": partial(look_at_data, course),
    }
    for name, look in looks.items():
        yield from told(name, look)


def told(name, look):
    """What a look finds; where it cannot be ended, that is a finding too, and the next look follows."""
    try:
        yield from look()
    except CourseError as error:
        yield Finding(name, False, str(error))
    except Exception as error:  # whatever is broken here, the rest is still worth saying
        seen = f"{type(error).__name__}: {error}"
        yield Finding(
            name, False, seen, "run `make install` again; --debug shows where it happened"
        )


@click.command()
@click.pass_obj
def doctor(course: Path):
    """Say what this machine and this course have, and what to mend.

    Example: autograder doctor
    """
    table = Table(title=f"Course in {course}")
    for column in ("what", "", "seen"):
        table.add_column(column, overflow="fold")
    broken = []
    for finding in findings(course):
        way_out = f": {finding.way_out}" if finding.way_out and not finding.is_well else ""
        seen = finding.seen + way_out
        table.add_row(finding.name, "ok" if finding.is_well else "MEND", seen)
        broken += [] if finding.is_well else [finding.name]
    Console().print(table)
    if broken:
        raise GradingError(f"To mend before grading: {', '.join(broken)} (the table says how).")
