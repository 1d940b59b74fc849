"""`autograder grade` and `autograder regrade`: a class, from handed-in files to the gradebook."""

import json
from dataclasses import fields
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from autograder.errors import GradingError
from autograder.grading.outcomes import UNREADABLE
from autograder.sandbox.limits import Limits

RECORD = (
    *("student", "assignment", "check", "points", "max_points", "bonus", "outcome", "message"),
    *("seconds", "carried_on"),
)


def limit_options(command):
    """Give a command an option for every field of Limits."""
    for field in reversed(fields(Limits)):
        name = "--" + field.name.replace("_", "-")
        kind = int if field.type is int else float
        text = f"Limit on one submission; {field.default:g} unless the course says otherwise."
        command = click.option(name, type=kind, help=text)(command)
    return command


def engine_options(command):
    """Give a command the options of the engine."""
    for option in (
        click.option(
            "--student",
            "students",
            multiple=True,
            help="Only this student; may be given several times.",
        ),
        click.option(
            "--sandbox",
            type=click.Choice(["bubblewrap", "none"]),
            help="What walls student code in; `none` lets it do all that you can.",
        ),
        click.option(
            "--no-carry-on",
            is_flag=True,
            help="Let what follows a failed exercise stand as it is, without the reference.",
        ),
    ):
        command = option(command)
    return limit_options(command)


def open_classroom(course, options):
    """The Classroom of a course, with the options of a command on top of its configuration."""
    from autograder.grading.classroom import Classroom, limits_given, read_config
    from autograder.sandbox.inspection import check_sandbox

    engine = limits_given(options)
    if options["sandbox"]:
        engine["sandbox"] = options["sandbox"]
    if options["no_carry_on"]:
        engine["carry_on"] = False
    config = read_config(course, {"GradeSubmission": engine})
    if config.GradeSubmission.get("sandbox") != "none":
        check_sandbox(config.GradeSubmission.get("packages", ()))
    for values in config.GradeSubmission.get("by_assignment", {}).values():
        for name in engine:
            values.pop(name, None)  # what is asked for goes before what the course says
    return Classroom(course, config)


@click.command()
@click.argument("assignments", nargs=-1)
@click.option("--force", is_flag=True, help="Grade again what was graded and has not changed.")
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one record a check to this file.",
)
@engine_options
@click.pass_obj
def grade(course, assignments, force, json_file, **options):
    """Grade what was handed in for ASSIGNMENTS, or for all, and record it in the gradebook.

    Example: autograder grade svd --student kim --json grades.json
    """
    from autograder.grading.hand_ins import chosen_assignments, handed_in, passed_over

    assignments = chosen_assignments(course, assignments)
    classroom = open_classroom(course, options)
    submissions = handed_in(course, classroom.config, assignments, options["students"])
    with classroom.alone():
        known = classroom.students()
        classroom.register(assignments)
        rows, problems = grade_all(classroom, submissions, force)
    console, records = Console(), []
    for submission, verdicts, _ in rows:
        who = {"student": submission.student, "assignment": submission.assignment}
        records += [{name: (who | each)[name] for name in RECORD} for each in verdicts]
    console.print(score_table(rows))
    if json_file is not None:
        json_file.write_text(json.dumps(records, indent=1, ensure_ascii=False) + "\n", "utf-8")
    new = sorted({submission.student for submission, *_ in rows} - known)
    if known and new:
        console.print(f"Not in the gradebook before, added: {', '.join(new)}.", markup=False)
    left = [*unread(rows), *beside(classroom)]
    left += [
        each.sentence
        for each in passed_over(course, classroom.config, assignments, options["students"])
    ]
    for sentence in left:
        console.print(f"Not graded: {sentence}", markup=False, highlight=False, soft_wrap=True)
    refuse(console, problems)


def grade_all(classroom, submissions, force):
    """Grade submissions; returns rows of (submission, verdicts, whether new), and the errors of those that failed."""
    rows, problems = [], []
    for submission in shown(Console(), submissions):
        try:
            rows.append((submission, *classroom.grade(submission, force)))
        except GradingError as problem:
            problems.append(problem)
    return rows, problems


def unread(rows):
    """A sentence for each submission that could not be read."""
    for submission, verdicts, _ in rows:
        if reason := next((v["message"] for v in verdicts if v["outcome"] == UNREADABLE), None):
            yield f"{submission.student}, {submission.assignment}: {reason} It waits for a person."


def beside(classroom):
    """A sentence for each submission with files beside the one that was graded."""
    for submission, names in classroom.beside.items():
        if names:
            yield f"{submission.student}, {submission.assignment}: beside the notebook lies {', '.join(names)}."


@click.command()
@click.argument("check")
@click.option("--yes", is_flag=True, help="Write without asking.")
@engine_options
@click.pass_obj
def regrade(course, check, yes, **options):
    """Judge one CHECK again for the class, show whose points change, and write them once you agree.

    Example: autograder regrade mf-train
    """
    from autograder.checks import names
    from autograder.grading.hand_ins import handed_in

    if check not in names():
        raise GradingError(f"There is no check {check}: choose one of {', '.join(names())}.")
    classroom = open_classroom(course, options)
    assignment = check.partition("-")[0]
    submissions = handed_in(course, classroom.config, [assignment], options["students"])
    console, changed, problems = Console(), [], []
    with classroom.alone():
        classroom.register([assignment])
        for submission in shown(console, submissions):
            try:
                before, after = classroom.judge_again(submission, check)
            except GradingError as problem:
                problems.append(problem)
                continue
            if what_counts(before) != what_counts(after):
                changed.append((submission, before, after))
        if not changed:
            console.print(f"{check}: nobody's points change.")
        else:
            console.print(change_table(check, changed))
            if yes or click.confirm("Write this into the gradebook?"):
                for submission, _, after in changed:
                    classroom.record_again(submission, after)
    refuse(console, problems)


def shown(console, submissions):
    """The submissions one by one, with a line on the terminal that says which one it is."""
    for number, submission in enumerate(submissions, 1):
        place = f"{number} of {len(submissions)}: {submission.student}, {submission.assignment}"
        with console.status(f"{place} ..."):
            yield submission


def refuse(console, problems):
    """End with a GradingError where submissions could not be graded, once the others were."""
    for problem in problems:
        console.print(f"Not graded: {problem}", style="bold", markup=False)
    if problems:
        raise GradingError(
            f"{len(problems)} of the submissions could not be graded; the lines above say why."
        )


def what_counts(verdict):
    """What a gradebook and a student see of a verdict."""
    return verdict.points, verdict.bonus or 0, verdict.outcome, verdict.message


def change_table(check, changed):
    """A rich Table of who got what, and gets what now."""
    table = Table(title=f"{check}, judged again")
    for column in ("student", "before", "now"):
        table.add_column(column, overflow="fold")
    for submission, before, after in changed:
        cells = [f"{v.points:g} +{v.bonus or 0:g} {v.outcome} {v.message}" for v in (before, after)]
        table.add_row(submission.student, *cells)
    return table


def score_table(rows):
    """A rich Table of submissions: points, bonus, and what was not passed."""
    table = Table(title="Graded (free-text answers wait for a person)")
    for column in ("student", "assignment", "points", "not passed", ""):
        table.add_column(column, overflow="fold")
    for submission, verdicts, is_new in rows:
        points, highest = (
            sum(each[name] for each in verdicts) for name in ("points", "max_points")
        )
        bonus = sum(each["bonus"] or 0 for each in verdicts)
        missed = [
            f"{each['check']} ({each['outcome'].lower()})"
            for each in verdicts
            if each["outcome"] not in ("PASSED", UNREADABLE)
        ]
        if any(each["outcome"] == UNREADABLE for each in verdicts):
            missed = ["nothing judged: could not be read (unreadable)"]
        table.add_row(
            submission.student,
            submission.assignment,
            f"{points:g}/{highest:g}"
            + (f" +{bonus:g}" if bonus else "")
            + (f" -{verdicts[0]['penalty']:g} (late)" if verdicts[0]["penalty"] else ""),
            ", ".join(missed) or "nothing",
            "" if is_new else "as before",
        )
    return table
