"""A submission across the sandbox: the interface of `autograder.checks.student`, spoken through a kernel.

What comes back is decoded strictly, or refused; no text of the kernel's reaches a sentence.
"""

import re

from autograder.checks.values import NotAValue, decode, encode
from autograder.errors import CheckFailed
from autograder.grading.outcomes import ERRORS

DESK = '__import__("sys").modules["desk"].desk'
NOT_DEFINED = "{name} is not defined: fill the blanks and run the cells above in order."
NOT_READABLE = (
    "{name} cannot be read{kind}: use None, numbers, strings, lists, tuples, dicts, NumPy arrays, "
    "pandas frames or torch tensors."
)
SOMETHING = "Something that the check asks for"
"""Said in place of a name where the kernel, which chooses it, holds the reference."""
RAISED = "Your code raised {error} when the check called it on other inputs of the same kind."
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
        asked_for = compile(snippet, "<probe>", "exec", dont_inherit=True).co_names
        return self._ask(call, returns, asked_for, [encode(inputs)])

    def _ask(self, call, names, asked_for=(), inputs=()):
        answer, values = self._kernel.ask(f"{DESK}.{call}", self._seconds(), inputs)
        kind, rest = (answer or "")[:1], (answer or "")[1:]
        if kind == "V":
            return self._decoded(values, names)
        if kind == "M" and (rest in names or rest in asked_for):
            raise CheckFailed(NOT_DEFINED.format(name=self._named(rest)))
        if kind == "T":
            name, _, problem = rest.partition("\0")
            found = re.search(r"`([^`]*)`", problem)
            known = self._is_told and found and found[1] in NAMEABLE
            kind = f", as it is a `{found[1]}`" if known else ""
            name = name if name in names else names[0]
            raise CheckFailed(NOT_READABLE.format(name=self._named(name), kind=kind))
        is_named = self._is_told and kind == "R" and rest in ERRORS
        error = f"`{rest}`" if is_named else "an error"
        raise CheckFailed(RAISED.format(error=error))

    def _decoded(self, parts, names):
        if len(parts) != len(names):
            raise CheckFailed(RAISED.format(error="an error"))
        values = {}
        for name, part in zip(names, parts, strict=True):
            try:
                values[name] = decode(part)
            except NotAValue:
                raise CheckFailed(NOT_READABLE.format(name=self._named(name), kind="")) from None
        return values

    def _named(self, name):
        return f"`{name}`" if self._is_told else SOMETHING
