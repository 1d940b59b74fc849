"""The command line: one group, one module a command, and one place where errors become sentences."""

import io
import sys
from pathlib import Path

import click

from autograder.build.command import build, check
from autograder.data.command import data
from autograder.demo import demo
from autograder.doctor import doctor
from autograder.errors import CourseError
from autograder.grading.command import grade, regrade
from autograder.report.command import feedback


class CourseGroup(click.Group):
    """A click group that prints a CourseError as one sentence and exits with status 2."""

    def invoke(self, ctx):
        """Run a command; with --debug, let the traceback of an error through."""
        try:
            return super().invoke(ctx)
        except CourseError as error:
            if ctx.params.get("debug"):
                raise
            failure = click.ClickException(str(error))
            failure.exit_code = 2
            raise failure from None


@click.group(cls=CourseGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--course",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=".",
    help="The course folder; the current one where it is not given.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(package_name="latent-factor-course")
@click.pass_context
def main(ctx, course, debug):
    """Build, check and grade the course on latent-factor recommenders.

    Example: autograder --course . doctor
    """
    ctx.obj = course.resolve()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal may lack a name's letters


for command in (data, build, check, grade, regrade, feedback, demo, doctor):
    main.add_command(command)
