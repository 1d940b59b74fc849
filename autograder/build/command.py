"""``autograder build`` and ``autograder check``: the build as a person calls it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from autograder.build.course import (
    BuiltLesson,
    accept_lessons,
    build_lessons,
    committed_solutions,
    course_differences,
    has_same_code,
    is_executed,
    lesson_paths,
    reject_edited_masters,
    run_solutions,
    settle_solution,
    stray_files,
    with_outputs,
    write_notebooks,
)
from autograder.build.execute import execute, raises_when_run
from autograder.build.notebooks import Notebook
from autograder.build.string_masks import verify_string_masks
from autograder.data import STAND_IN_SEED, is_real, make_stand_in, search_movielens
from autograder.errors import BuildError, DataError


@dataclass(frozen=True)
class Data:
    """The data folder that solutions run on, and whether it is real MovieLens."""

    folder: Path
    is_real: bool

    def __str__(self) -> str:
        return f"{'real MovieLens' if self.is_real else 'a stand-in'} in {self.folder}"


@click.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...")
@click.option("--execute/--no-execute", "run", default=True, help="Run the solutions.")
@click.option(
    "--data",
    "data_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Data folder to run solutions on; else MOVIELENS_DIR, else data/ml-100k, else a stand-in.",
)
@click.option(
    "--stand-in", is_flag=True, help="Overwrite executed solutions though the data is a stand-in."
)
@click.option(
    "--accept-translations",
    "accepted",
    metavar="NAME",
    multiple=True,
    help="First mark this translation as read anew: by the eight characters that the build names it by, or by the "
    "name of an answer. May be given again.",
)
@click.option("--check", "only_check", is_flag=True, help="Write nothing: do as `check` does.")
@click.pass_context
def build(
    ctx: click.Context,
    assignments: tuple[str, ...],
    run: bool,
    data_folder: Path | None,
    stand_in: bool,
    accepted: tuple[str, ...],
    only_check: bool,
) -> None:
    """Build source/, release/ and solutions/ from lessons/.

    Example: autograder build svd --no-execute
    """
    course: Path = ctx.obj or Path.cwd()
    if only_check:
        ctx.invoke(check, assignments=assignments, run=run, data_folder=data_folder)
        return
    paths = lesson_paths(course, assignments)
    if accepted:
        for path in accept_lessons(paths, accepted):
            click.echo(f"wrote {path.relative_to(course)}")
    lessons = build_lessons(paths)
    reject_edited_masters(course, lessons)
    notebooks = {path: nb for lesson in lessons for path, nb in lesson.fixed_files.items()}
    if run:
        with data_at_hand(course, data_folder) as data:
            for lesson in lessons:
                notebooks |= _executed(course, lesson, data, stand_in)
    else:
        for lesson in lessons:
            notebooks |= _refreshed(course, lesson, "solutions were not executed (--no-execute)")
    changed = write_notebooks(course, notebooks)
    for path in changed:
        click.echo(f"wrote {path}")
    click.echo(f"{len(notebooks)} notebooks built, {len(changed)} of them changed.")


@click.command()
@click.argument("assignments", nargs=-1, metavar="[ASSIGNMENT]...")
@click.option("--execute/--no-execute", "run", default=True, help="Compare outputs too.")
@click.option(
    "--data",
    "data_folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Data folder; outputs are compared on real MovieLens alone.",
)
@click.pass_context
def check(
    ctx: click.Context, assignments: tuple[str, ...], run: bool, data_folder: Path | None
) -> None:
    """Rebuild elsewhere and compare with source/, release/ and solutions/ as they are.

    Example: autograder check
    """
    course: Path = ctx.obj or Path.cwd()
    lessons = build_lessons(lesson_paths(course, assignments))
    data = _real_data(course, data_folder) if run else None
    lines = [] if assignments else list(stray_files(course, lessons))
    for lesson in lessons:
        solutions = run_solutions(lesson, partial(execute, data=data.folder)) if data else None
        lines += course_differences(course, lesson, solutions)
    for line in lines:
        click.echo(line)
    reason = "--no-execute" if not run else "no real MovieLens is at hand"
    outputs = f"outputs too, on {data}" if data else f"outputs not ({reason})"
    click.echo(f"Compared code, prose and metadata of {_count(lessons)} notebooks; {outputs}.")
    if lines:
        raise BuildError(
            f"{len(lines)} difference{'s' * (len(lines) > 1)} between lessons/ and what is built: "
            "run `autograder build`."
        )


def _count(lessons: list[BuiltLesson]) -> int:
    return sum(len(lesson.fixed_files) + len(lesson.solution_files) for lesson in lessons)


@contextmanager
def data_at_hand(course: Path, folder: Path | None) -> Iterator[Data]:
    """Find the data to run on: the folder named, else MovieLens, else a stand-in made for now.

    Raises
    ------
    DataError
        If the folder named holds no data set.
    """
    found = _find_data(course, folder)
    if found:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="stand-in-") as temporary:
        stand_in = make_stand_in(Path(temporary, "data"), STAND_IN_SEED)
        yield Data(stand_in.folder, is_real=False)


def _find_data(course: Path, folder: Path | None) -> Data | None:
    if folder is None:
        folder = search_movielens(course)
        if folder is None:
            return None
    elif not (folder / "u.data").is_file():
        raise DataError(f"There is no u.data in {folder}: name the folder that holds it.")
    return Data(folder, is_real(folder))


def _real_data(course: Path, folder: Path | None) -> Data | None:
    data = _find_data(course, folder)
    return data if data and data.is_real else None


def _executed(course: Path, lesson: BuiltLesson, data: Data, stand_in: bool) -> dict[str, Notebook]:
    """Execute a lesson's solutions, unless that would replace what real data showed."""
    committed = committed_solutions(course, lesson)
    if not data.is_real and not stand_in and any(map(is_executed, committed.values())):
        return _refreshed(
            course, lesson, f"solutions are shown on real MovieLens, not on {data} (or --stand-in)"
        )
    click.echo(f"{lesson.name}: running the solution on {data}")
    verify_string_masks(lesson.master, partial(raises_when_run, data=data.folder))
    executed = run_solutions(lesson, partial(execute, data=data.folder))
    return {
        path: settle_solution(built, committed.get(path), executed[path])
        for path, built in lesson.solution_files.items()
    }


def _refreshed(course: Path, lesson: BuiltLesson, reason: str) -> dict[str, Notebook]:
    """Renew prose and metadata of executed solutions whose code is still the same."""
    committed = committed_solutions(course, lesson)
    files = lesson.solution_files
    fresh = {
        path: with_outputs(files[path], old)
        for path, old in committed.items()
        if has_same_code(files[path], old)
    }
    stale = [path for path in files if path not in fresh]
    state = f"left as they are: {', '.join(stale)}" if stale else "their outputs stay"
    click.echo(f"{lesson.name}: {reason}; {state}.")
    return fresh
