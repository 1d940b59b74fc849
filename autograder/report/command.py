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
    pages = [
        page
        for student in dict.fromkeys(students) or (None,)
        for page in generate_feedback(course, assignments, student, force)
    ]
    Console().print(f"{len(pages)} pages written.")
