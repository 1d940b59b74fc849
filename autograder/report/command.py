"""`autograder feedback`: a page for each graded submission."""

import click
from rich.console import Console


@click.command()
@click.argument("assignments", nargs=-1)
@click.option(
    "--student", "students", multiple=True, help="Only this student; may be given several times."
)
@click.option("--force", is_flag=True, help="Write pages again that are up to date.")
@click.pass_obj
def feedback(course, assignments, students, force):
    """Write a page for each graded submission of ASSIGNMENTS, or of all, into feedback/.

    Example: autograder feedback svd --student kim
    """
    from autograder.grading.hand_ins import chosen_assignments
    from autograder.report.feedback import generate_feedback

    assignments = chosen_assignments(course, assignments)
    written, without_secret = [], []
    for student in dict.fromkeys(students) or (None,):
        pages, secretless = generate_feedback(course, assignments, student, force)
        written += pages
        without_secret += secretless
    console = Console()
    console.print(f"{len(written)} pages written.")
    if 0 < len(without_secret) < len(written):  # some came through the exchange
        names = ", ".join(f"{student}'s {assignment}" for assignment, student in without_secret)
        console.print(
            f"Not through the exchange came {names}: `nbgrader fetch_feedback` will not find these "
            "pages, so hand them out yourself.",
            markup=False,
        )
