"""A submission across the sandbox: the interface of `autograder.checks.student`, spoken through a kernel.

What comes back is decoded strictly, or refused; no text of the kernel's reaches a sentence.
"""

import re

from autograder.checks.probe import PROBE, reads_of
from autograder.checks.student import NOT_DEFINED, sentence_of
from autograder.checks.values import NotAValue, decode, encode
from autograder.errors import CheckFailed
from autograder.grading.outcomes import ERRORS, MAX_LINES

DESK = '__import__("sys").modules["desk"].desk'
NOT_READABLE = (
    "{name} cannot be read{kind}: use None, numbers, strings, lists, tuples, dicts, NumPy arrays, "
    "pandas frames or torch tensors."
)
SOMETHING = "Something that the check asks for"
"""Said in place of a name where the kernel, which chooses it, holds the reference."""
NAMEABLE = {
    *("set", "frozenset", "bytes", "complex", "range", "function", "builtin_function_or_method"),
    *("method", "module", "type", "generator", "map", "zip", "filter", "slice", "ellipsis"),
    *("matrix", "MaskedArray", "Categorical", "Timestamp", "MultiIndex", "CategoricalIndex"),
    *("DatetimeIndex", "category", "object", "datetime64[ns]", "complex128", "complex64"),
    *("Subset", "DataLoader", "TensorDataset", "GroupBy", "DataFrameGroupBy", "csr_matrix"),
    *("Linear", "Embedding", "Sequential", "partial", "NAType", "dict_values", "dict_keys"),
}
"""Types that a sentence may name; any other name could have been chosen to carry data."""


class SandboxedStudent:
    """A submission whose variables live in a sandboxed kernel.

    Parameters
    ----------
    kernel : Kernel.
    seconds : function that gives the seconds left for a question.
    is_told : whether a sentence may name what the kernel chooses: a variable, a type, the class of an error.
    """

    def __init__(self, kernel, seconds, is_told=True):
        self._kernel, self._seconds, self._is_told = kernel, seconds, is_told

    def __getitem__(self, name):
        """Return the student's variable, by value; raises CheckFailed where it is none."""
        return self._ask(f"fetch({name!r})", [name])[name]

    def evaluate(self, snippet, returns, **inputs):
        """Run a probe among the student's variables; raises CheckFailed where that fails."""
        call = f"evaluate({snippet!r}, {list(returns)!r})"
        asked_for = reads_of(compile(snippet, PROBE, "exec", dont_inherit=True))
        return self._ask(call, returns, asked_for, [encode(inputs)])

    def _ask(self, call, names, asked_for=(), inputs=()):
        answer, values = self._kernel.ask(f"{DESK}.{call}", self._seconds(), inputs)
        kind, rest = (answer or "")[:1], (answer or "")[1:]
        if kind == "V":
            return self._decoded(values, names)
        if kind == "M" and rest in names:
            raise CheckFailed(NOT_DEFINED.format(name=self._named(rest)))
        if kind == "T":
            name, _, problem = rest.partition("\0")
            found = re.search(r"`([^`]*)`", problem)
            known = self._is_told and found and found[1] in NAMEABLE
            kind = f", as it is a `{found[1]}`" if known else ""
            name = name if name in names else names[0]
            raise CheckFailed(NOT_READABLE.format(name=self._named(name), kind=kind))
        raise CheckFailed(self._blame(answer or "", asked_for))

    def _blame(self, answer, asked_for):
        """The sentence of a probe that failed; of what the kernel says, only what stands in lists of ours is told."""
        parts = answer.split("\0")
        if parts[0] != "R" or len(parts) != 5:
            return sentence_of("raised")
        _, error, kind, name, line = parts
        if not self._is_told:
            told = kind == "missing" and name in asked_for
            return NOT_DEFINED.format(name=SOMETHING) if told else sentence_of("raised")
        name = name if name in asked_for else ""
        is_line = name and re.fullmatch(r"[0-9]{1,3}", line) and int(line) <= MAX_LINES
        error = f"`{error}`" if error in ERRORS else "an error"
        kind = kind if kind in ("missing", "unusable") and (name or kind != "missing") else "raised"
        return sentence_of(kind, name, int(line) if is_line else 0, error)

    def _decoded(self, parts, names):
        if len(parts) != len(names):
            raise CheckFailed(sentence_of("raised"))
        values = {}
        for name, part in zip(names, parts, strict=True):
            try:
                values[name] = decode(part)
            except NotAValue:
                raise CheckFailed(NOT_READABLE.format(name=self._named(name), kind="")) from None
        return values

    def _named(self, name):
        return f"`{name}`" if self._is_told else SOMETHING
