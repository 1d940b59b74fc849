"""What a check sees of a submission: variables by value, and answers to probes.

A check is written against the two methods of `Student` and runs the same in the student's own process
and across a sandbox. `InProcessStudent` is the former.
"""

import builtins
import sys
from typing import Any, Protocol

from autograder.checks.probe import blame, run_probe
from autograder.checks.values import NotAValue, decode, encode
from autograder.errors import CheckFailed

FILL = ": fill the blanks and run the cells above in order."
NOT_DEFINED = "{name} is not defined" + FILL
RAISED = "{name} raised {error}{where} when the check called it on other inputs of the same kind."
UNUSABLE = "The check cannot work with what {name} gives: let it be what the lesson asks for."


def sentence_of(kind, name="", line=0, error="an error"):
    """What a probe that failed comes to, in a sentence.

    Parameters
    ----------
    kind, name, line : as `autograder.checks.probe.blame` gives them; an empty name or a 0 is left out.
    error : class of the error, in backquotes, or "an error".
    """
    name = f"`{name}`" if name else "your code"
    if kind == "missing":
        return NOT_DEFINED.format(name=name)
    if kind == "unusable":
        return UNUSABLE.format(name=name)
    where = f" in line {line} of its cell" if line else ""
    return RAISED.format(name=name[:1].upper() + name[1:], error=error, where=where)


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
            raise CheckFailed(sentence_of("missing", name))
        return _by_value(name, self._namespace[name])

    def evaluate(self, snippet, returns, **inputs):
        """Run a probe on copies and return results that went through the codec."""
        try:
            results = run_probe(self._namespace, snippet, returns, inputs)
        except BaseException as error:  # noqa: BLE001  student code may raise anything
            found = blame(error, sys.exc_info()[2], self._namespace, snippet)
            raise CheckFailed(sentence_of(*found, _named(type(error)))) from None
        return {name: _by_value(name, value) for name, value in results.items()}


def _by_value(name, value):
    try:
        return decode(encode(value))
    except NotAValue as problem:
        raise CheckFailed(f"`{name}` cannot be read: {problem}.") from None


def _named(kind):
    """A class of Python's own by its name, any other as an error: that text student code has chosen."""
    is_pythons = getattr(builtins, kind.__name__, None) is kind
    return f"`{kind.__name__}`" if is_pythons else "an error"
