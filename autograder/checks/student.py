"""What a check sees of a submission: variables by value, and answers to probes.

A check is written against the two methods of `Student` and runs the same in the student's own process
and across a sandbox. `InProcessStudent` is the former.
"""

import builtins
from typing import Any, Protocol

from autograder.checks.probe import run_probe
from autograder.checks.values import NotAValue, decode, encode
from autograder.errors import CheckFailed


class Student(Protocol):
    """A submission as a check sees it."""

    def __getitem__(self, name: str) -> Any:
        """Return the student's variable, by value.

        Raises
        ------
        CheckFailed
            Where it is not defined, or of a type that is no value; the sentence names it.
        """

    def evaluate(self, snippet: str, returns: list[str], **inputs: Any) -> dict[str, Any]:
        """Run a probe among the student's variables, and return the named results by value.

        The probe acts on copies; afterwards variables, random states and modes are as before.

        Raises
        ------
        CheckFailed
            Where it raises (the sentence names the class of the error) or a result is no value.
        """


class InProcessStudent:
    """A submission whose variables live in this process, as under stock nbgrader."""

    def __init__(self, namespace):
        self._namespace = namespace

    def __getitem__(self, name):
        """Return a copy of a variable that went through the codec."""
        if name not in self._namespace:
            raise CheckFailed(
                f"`{name}` is not defined: fill the blanks and run the cells above in order."
            )
        return _by_value(name, self._namespace[name])

    def evaluate(self, snippet, returns, **inputs):
        """Run a probe on copies and return results that went through the codec."""
        try:
            results = run_probe(self._namespace, snippet, returns, inputs)
        except BaseException as error:  # noqa: BLE001  student code may raise anything
            raise CheckFailed(_what_was_raised(error, snippet)) from None
        return {name: _by_value(name, value) for name, value in results.items()}


def _by_value(name, value):
    try:
        return decode(encode(value))
    except NotAValue as problem:
        raise CheckFailed(f"`{name}` cannot be read: {problem}.") from None


def _what_was_raised(error, snippet):
    """Say what a probe raised: a class of Python's own, or a name that the probe itself asks for.

    Neither is text that student code has chosen.
    """
    asked_for = compile(snippet, "<probe>", "exec", dont_inherit=True).co_names
    if isinstance(error, NameError) and error.name in asked_for:
        return f"`{error.name}` is not defined: fill the blanks and run the cells above in order."
    name = type(error).__name__
    name = name if getattr(builtins, name, None) is type(error) else "an error"
    return f"Your code raised {name} when the check called it on other inputs of the same kind."
