"""All notebooks of a course: which files there are, what they must hold, and what they do hold.

Between the pure pipelines and the command line. Everything is built in memory before the first file
is written, so that a lesson which fails leaves the folders as they were.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from autograder.build.compare import differences, outputs_agree
from autograder.build.faults import Faults
from autograder.build.languages import languages_of
from autograder.build.lesson import read_lesson, read_text
from autograder.build.notebooks import Notebook, is_code, read_notebook, to_text, write_text
from autograder.build.origin import is_edited
from autograder.build.pipelines import (
    SOURCE_STAGES,
    build_release,
    build_solution,
    run_stages,
)
from autograder.build.translations import accept_translations, stale_names
from autograder.errors import BuildError

Run = Callable[[Notebook, str], Notebook]
"""Runs a notebook (second argument: its name for messages) and returns it with outputs."""

DERIVED = ("source", "release", "solutions")


@dataclass(frozen=True)
class BuiltLesson:
    """All notebooks of one lesson; releases and solutions by language, solutions not executed."""

    name: str
    master: Notebook
    releases: dict[str, Notebook]
    solutions: dict[str, Notebook]

    @property
    def fixed_files(self) -> dict[str, Notebook]:
        """Path below the course -> master or release: what does not depend on data."""
        released = {
            f"release/{language}/{self.name}/{self.name}.ipynb": notebook
            for language, notebook in self.releases.items()
        }
        return {f"source/{self.name}/{self.name}.ipynb": self.master, **released}

    @property
    def solution_files(self) -> dict[str, Notebook]:
        """Path below the course -> solution without outputs."""
        return {
            f"solutions/{language}/{self.name}/{self.name}.ipynb": notebook
            for language, notebook in self.solutions.items()
        }


def lesson_paths(course: Path, names: Iterable[str] = ()) -> list[Path]:
    """Find the lessons of a course, all or those named.

    Raises
    ------
    BuildError
        If a named lesson, or any lesson at all, is missing.
    """
    found = {path.stem: path for path in sorted((course / "lessons").glob("*.py"))}
    own = {path.parent.name for path in (course / "source").glob("*/*.ipynb")} - found.keys()
    if not found and not own:
        raise BuildError(
            f"There is no lesson in {course / 'lessons'}: name the course by --course."
        )
    for name in names:
        if name in own:
            raise BuildError(f"{name} is a notebook of your own: there is nothing to build of it.")
        if name not in found:
            raise BuildError(f"There is no lesson {name!r}: choose from {', '.join(found)}.")
    return [path for name, path in found.items() if name in names or not names]


def build_lesson(path: Path) -> BuiltLesson:
    """Build all notebooks of a lesson, none executed, nothing written.

    Raises
    ------
    BuildError
        With every fault of the lesson.
    """
    faults = Faults()
    master = read_lesson(path)
    with faults.caught():
        try:
            master = run_stages(master, SOURCE_STAGES)
        except BuildError as error:
            master = error.built
            raise
    lesson = BuiltLesson(path.stem, master, releases={}, solutions={})
    for language in languages_of(master):
        for build, built in (
            (build_release, lesson.releases),
            (build_solution, lesson.solutions),
        ):
            try:
                built[language] = build(master, language)
            except BuildError as error:
                faults.add_elsewhere(error)
    faults.told()
    return lesson


def build_lessons(paths: Iterable[Path]) -> list[BuiltLesson]:
    """Build lessons; raises BuildError with every fault of each."""
    faults, lessons = Faults(), []
    for path in paths:
        with faults.caught():
            lessons.append(build_lesson(path))
    faults.told()
    return lessons


def accept_lessons(paths: Iterable[Path], names: Iterable[str]) -> list[Path]:
    """Mark translations as read anew, see `accept_translations`; returns the lessons that changed.

    Raises
    ------
    BuildError
        If no translation waits under one of the names; nothing is written then.
    """
    texts = {path: read_text(path) for path in paths}
    waiting = {}
    for path, text in texts.items():
        waiting |= stale_names(text, path.stem)
    if unknown := sorted(set(names) - {*waiting, *waiting.values()}):
        listed = ", ".join(f"{mark} ({cell})" for mark, cell in waiting.items()) or "none"
        raise BuildError(
            f"No translation waits to be read under {', '.join(unknown)}: name one of those that do ({listed})."
        )
    return [
        path
        for path, text in texts.items()
        if write_text(path, accept_translations(text, path.stem, set(names)))
    ]


def reject_edited_masters(course: Path, lessons: Iterable[BuiltLesson]) -> None:
    """Raise BuildError for each master that a person has changed since it was built: it would be lost."""
    faults = Faults()
    for lesson in lessons:
        place = f"source/{lesson.name}/{lesson.name}.ipynb"
        with faults.caught():
            if (course / place).exists() and is_edited(
                read_notebook(course / place), lesson.master
            ):
                raise BuildError(
                    f"{place} was edited by hand, and building would overwrite that: carry the change into "
                    f"lessons/{lesson.name}.py and remove {place}, or keep the notebook and remove "
                    f"lessons/{lesson.name}.py; no notebook was written."
                )
    faults.told()


def run_solutions(lesson: BuiltLesson, run: Run) -> dict[str, Notebook]:
    """Execute a lesson's solutions, once for all languages, which share their code.

    Returns
    -------
    dict of str to Notebook
        Path below the course -> solution with outputs.
    """
    first, *_ = lesson.solution_files.items()
    executed = run(first[1], first[0])
    return {path: with_outputs(built, executed) for path, built in lesson.solution_files.items()}


def with_outputs(built: Notebook, executed: Notebook) -> Notebook:
    """Return a built notebook with the outputs of an executed one whose code is the same."""
    result = deepcopy(built)
    done = {cell.id: cell for cell in executed.cells}
    for cell in filter(is_code, result.cells):
        cell.outputs = deepcopy(done[cell.id].outputs)
        cell.execution_count = done[cell.id].execution_count
    return result


def has_same_code(one: Notebook, other: Notebook) -> bool:
    """Tell whether two notebooks run the same: the same code in cells of the same ids."""
    codes = [[(c.get("id"), c.source) for c in nb.cells if is_code(c)] for nb in (one, other)]
    return codes[0] == codes[1]


def is_executed(notebook: Notebook) -> bool:
    """Tell whether some cell of a notebook was run."""
    return any(cell.execution_count is not None for cell in notebook.cells if is_code(cell))


def settle_solution(built: Notebook, committed: Notebook | None, run: Notebook) -> Notebook:
    """Choose between new outputs and committed ones: new ones only where they show something else.

    Parameters
    ----------
    built
        The solution, not executed.
    committed
        What the course holds now, if anything.
    run
        The solution, executed now.
    """
    keeps = committed is not None and has_same_code(built, committed)
    if keeps and outputs_agree(run, committed):
        return with_outputs(built, committed)
    return run


def write_notebooks(course: Path, notebooks: dict[str, Notebook]) -> list[str]:
    """Write notebooks, each whole or not at all.

    Returns
    -------
    list of str
        Paths, below the course, of the files that changed.
    """
    return [path for path, nb in notebooks.items() if write_text(course / path, to_text(nb))]


def committed_solutions(course: Path, lesson: BuiltLesson) -> dict[str, Notebook]:
    """Read those solutions of a lesson that the course holds."""
    return {
        path: read_notebook(course / path)
        for path in lesson.solution_files
        if (course / path).exists()
    }


def course_differences(
    course: Path, lesson: BuiltLesson, executed: dict[str, Notebook] | None
) -> Iterator[str]:
    """Yield one line a difference between what a lesson builds and what the course holds.

    Parameters
    ----------
    course
        Root of the course.
    lesson
        As built now.
    executed
        Solutions as run now, whose outputs are compared too; None compares no outputs.
    """
    solutions = executed or lesson.solution_files
    for path, expected in {**lesson.fixed_files, **solutions}.items():
        if not (course / path).exists():
            yield f"{path}: missing"
            continue
        found = read_notebook(course / path)
        is_run = path in solutions
        lines = list(differences(expected, found, outputs=is_run and executed is not None))
        if is_run and not is_executed(found):
            lines.append("notebook: was never executed")
        text = (course / path).read_text(encoding="utf-8")
        if not lines and text != to_text(found if is_run else expected):
            lines.append("notebook: not in the form that the build writes")
        yield from (f"{path}: {line}" for line in lines)


def stray_files(course: Path, lessons: Iterable[BuiltLesson]) -> Iterator[str]:
    """Yield one line for every file in the derived folders that no lesson builds.

    nbgrader hands out whatever lies beside a master, so nothing may lie there unseen.
    """
    lessons = list(lessons)
    known = {path for le in lessons for path in (*le.fixed_files, *le.solution_files)}
    names = {lesson.name for lesson in lessons}
    own = {path.parent.name for path in (course / "source").glob("*/*.ipynb")} - names
    for folder in DERIVED:
        for path in sorted((course / folder).rglob("*")):
            name = path.relative_to(course).as_posix()
            if own & set(path.relative_to(course).parts[1:-1]):
                continue  # of an instructor's own notebook, which no lesson builds
            if path.is_file() and name not in known and ".ipynb_checkpoints" not in path.parts:
                yield f"{name}: no lesson builds this file"
