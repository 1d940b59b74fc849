"""``autograder data``: find, fetch, synthesise, or draw the private grading set."""

import importlib
from pathlib import Path

import click

from autograder.data.download import download_movielens
from autograder.data.movielens import find_movielens, verify_movielens
from autograder.data.private import Manifest, ensure_grading_data, read_manifest
from autograder.data.stand_in import make_stand_in

EPILOG = """\b
Examples:
  autograder data                                 find the data set and verify it
  autograder data --download                      fetch MovieLens 100K into data/ml-100k
  autograder data --synthetic 7 --to stand-in     write made-up data in the same layout
  autograder data --private                       draw the set that the course is graded on
"""


@click.command(name="data", epilog=EPILOG)
@click.option("--download", is_flag=True, help="Fetch MovieLens 100K; --to names the folder.")
@click.option(
    "--synthetic",
    "seed",
    type=click.IntRange(min=0),
    metavar="SEED",
    help="Write a made-up data set in the MovieLens layout into the folder that --to names.",
)
@click.option("--private", is_flag=True, help="Make the private grading set, once.")
@click.option(
    "--from-movielens",
    is_flag=True,
    help="With --private: withhold real ratings instead, for teaching; anybody can look them up.",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to write, with --synthetic or --download.",
)
@click.option(
    "--force", is_flag=True, help="With --synthetic or --private: make again what is there."
)
def data(
    download: bool,
    seed: int | None,
    private: bool,
    from_movielens: bool,
    target: Path | None,
    force: bool,
) -> None:
    """Find the MovieLens data and verify it, or make what stands in for it."""
    _check_options(download, seed, private, from_movielens, target, force)
    course = Path(click.get_current_context().obj or Path.cwd())
    if private:
        _make_private(course, from_movielens, force)
    elif seed is not None:
        click.echo(f"Wrote {make_stand_in(target, seed, force)}.")
    elif download:
        folder = download_movielens(target or course / "data" / "ml-100k")
        click.echo(f"Downloaded {verify_movielens(folder)}.")
    else:
        click.echo(f"Found {verify_movielens(find_movielens(course))}.")


def _check_options(
    download: bool,
    seed: int | None,
    private: bool,
    from_movielens: bool,
    target: Path | None,
    force: bool,
) -> None:
    if sum([download, seed is not None, private]) > 1:
        raise click.UsageError("Give one of --download, --synthetic and --private, not several.")
    if seed is not None and target is None:
        raise click.UsageError("--synthetic needs --to DIR, the folder to write.")
    if target is not None and seed is None and not download:
        raise click.UsageError("--to goes with --synthetic or --download.")
    if force and seed is None and not private:
        raise click.UsageError("--force goes with --synthetic or --private.")
    if from_movielens and not private:
        raise click.UsageError("--from-movielens goes with --private.")


def _make_private(course: Path, from_movielens: bool, force: bool) -> None:
    # The reference is looked up only here: it needs torch, and the data stage must not.
    reference = importlib.import_module("autograder.checks.reference")
    folder = ensure_grading_data(
        course,
        measure=reference.measure_reference,
        measure_start=reference.measure_start,
        source="movielens" if from_movielens else "synthetic",
        movielens_dir=find_movielens(course) if from_movielens else None,
        force=force,
    )
    click.echo(f"The grading set is in {folder}: {_describe(read_manifest(folder))}")


def _describe(manifest: Manifest) -> str:
    sizes = manifest.sizes
    lines = [
        f"{sizes['users']} users, {sizes['items']} movies, {sizes['ratings']} visible and "
        f"{sizes['holdout']} withheld ratings."
    ]
    for name, each in (manifest.margins or {}).items():
        lines.append(
            f"  {name}: RMSE {each['mean']:.4f} (sd {each['sd']:.4f}), threshold "
            f"{each['threshold']:.4f}, margin {each['margin_sd']:.1f} sd"
        )
    if manifest.source == "movielens":
        lines.append("  The withheld ratings are public: points for RMSE are advisory.")
    return "\n".join(lines)
