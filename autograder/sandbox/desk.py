"""Runs in a submission's kernel before anything of the student: reads variables, and runs probes.

Shipped as text, so it imports nothing of ours: `values` and `probe` come along as texts too.
"""

import builtins
import random
import sys
import types
import zlib

import numpy as np
import pandas as pd

CODE_PLACES = ("numpy", "pandas", "torch", "torch.nn", "torch.nn.functional", "torch.optim")
CODE_PLACES += ("torch.utils.data",)
CODE_CLASSES = (("pandas", ("DataFrame", "Series")), ("torch", ("Tensor",)))
CODE_CLASSES += (("torch.nn", ("Module",)),)
"""Modules and classes whose functions a cell could replace."""
MAX_DEPTH, MAX_PARTS = 3, 10_000
"""How deep, and in how long a container, a change is seen."""


class Answer:
    """A text, and values as bytes."""

    def __init__(self, text, values=()):
        self.text, self.values = text, list(values)


class Desk:
    """Answers are V with values, or start with M (missing name), T and a type, or R, a class and whom to blame.

    `inputs` are the bytes that came with the question.
    """

    def __init__(self, namespace, values, probe, identity=None):
        self._namespace, self._values, self._probe, self._identity = (
            namespace,
            values,
            probe,
            identity,
        )
        self.inputs = []

    def identity(self):
        """Which interpreter this is."""
        return Answer(self._identity.identity())

    def fetch(self, name):
        """A variable's value."""
        if name not in self._namespace:
            return Answer("M" + name)
        return self._encoded({name: self._namespace[name]})

    def evaluate(self, snippet, returns):
        """What a probe makes."""
        inputs = self._values.decode(*self.inputs)
        try:
            found = self._probe.run_probe(self._namespace, snippet, returns, inputs)
        except BaseException as error:
            place = self._probe.blame(error, sys.exc_info()[2], self._namespace, snippet)
            return Answer("\0".join(["R", type(error).__name__, *map(str, place)]))
        return self._encoded(found)

    def mark(self):
        """Remember the state that stands before an exercise."""
        self._before = _state(self._namespace)
        return Answer("marked")

    def has_changed(self, rebound):
        """Whether anything that stood at the mark has changed, but for the names in `rebound`."""
        now = _state(self._namespace)
        changed = [
            key
            for key, value in self._before.items()
            if key not in rebound and now.get(key) != value
        ]
        return Answer("yes" if changed else "no")

    def _encoded(self, found):
        name = None
        try:
            parts = []
            for name, value in found.items():  # noqa: B007  the name is for the refusal
                parts.append(self._values.encode(value))
            return Answer("V", parts)
        except self._values.NotAValue as problem:
            return Answer("T" + str(name) + "\x00" + str(problem))
        except BaseException as error:
            return Answer("R\0" + type(error).__name__)


def _open(**texts):
    from IPython import get_ipython

    shell, module = get_ipython(), types.ModuleType("desk")
    parts = {name: _module(name, text) for name, text in texts.items()}
    desk = module.desk = Desk(shell.user_ns, **parts)
    sys.modules["desk"] = module
    shell.ask_exit = lambda: None  # quit() in a cell ends nothing

    def answer(stream, ident, question):
        """Handle a question, an expression: it leaves no trace in the history, and bytes travel as they are."""
        desk.inputs = question["buffers"]
        try:
            found = eval(question["content"]["expression"], shell.user_ns)
        except BaseException:
            found = Answer(None)
        if not isinstance(found, Answer):
            found = Answer(str(found))
        session, content = shell.kernel.session, {"text": found.text}
        session.send(stream, "desk_reply", content, question, ident=ident, buffers=found.values)

    shell.kernel.shell_handlers["desk_request"] = answer


def _module(name, text):
    module = types.ModuleType(name)
    module.__builtins__ = dict(vars(builtins))  # no cell can change them for us
    exec(compile(text, f"<{name}>", "exec"), module.__dict__)
    return module


# --- What stood before an exercise -----------------------------------------------------------------


def _state(namespace):
    """Digests of all data, and identities of all code, by name."""
    state = {
        name: _digest(value, 0)
        for name, value in list(namespace.items())
        if not name.startswith("_") and name not in ("In", "Out")
    }
    for place in _code_places():
        held = getattr(place, "__dict__", {})
        state.update(
            {
                (id(place), name): id(value)
                for name, value in list(held.items())
                if callable(value) and not name.startswith("__doc")
            }
        )
    if torch := sys.modules.get("torch"):
        state["torch modes"] = str((torch.get_default_dtype(), torch.is_grad_enabled()))
    return state


def _code_places():
    places = [builtins, random, *map(sys.modules.get, CODE_PLACES)]
    for name, kinds in CODE_CLASSES:
        places += [getattr(sys.modules.get(name), kind, None) for kind in kinds]
    return [place for place in places if place is not None]


def _digest(value, depth):
    kind = type(value)
    if kind in (int, float, bool, str, type(None)):
        return repr(value)
    if isinstance(value, type):
        return (
            id(value),
            *((name, id(part)) for name, part in vars(value).items() if callable(part)),
        )
    for digest in (_array_digest, _frame_digest, _torch_digest):
        if (found := digest(value, kind)) is not None:
            return found
    is_shallow = depth < MAX_DEPTH
    if kind in (list, tuple) and is_shallow and len(value) < MAX_PARTS:
        return (kind.__name__, *(_digest(part, depth + 1) for part in value))
    if kind is dict and is_shallow and len(value) < MAX_PARTS:
        return tuple((str(key), _digest(part, depth + 1)) for key, part in value.items())
    if kind.__module__ == "__main__" and is_shallow and hasattr(value, "__dict__"):
        parts = list(vars(value).items())
        return (id(value), *((name, _digest(part, depth + 1)) for name, part in parts))
    return id(value)


def _array_digest(value, kind):
    if kind is not np.ndarray or value.dtype == object:
        return None
    content = np.ascontiguousarray(value).view(np.uint8).reshape(-1) if value.size else b""
    return (value.shape, str(value.dtype), zlib.crc32(content))


def _frame_digest(value, kind):
    if kind is pd.DataFrame:
        dtypes = set(value.dtypes)
        if len(dtypes) == 1 and all(
            isinstance(each, np.dtype) and each.kind != "O" for each in dtypes
        ):
            columns = [_digest(value.to_numpy(), 0)]
        else:
            columns = [_digest(value.iloc[:, n], 0) for n in range(value.shape[1])]
        return (value.shape, _digest(value.columns, 0), _digest(value.index, 0), *columns)
    if kind is not pd.Series and not isinstance(value, pd.Index):
        return None
    array = value.to_numpy()
    labels = _digest(value.index, 0) if kind is pd.Series else 0
    if array.dtype == object:
        return (len(array), hash(tuple(map(str, array))), labels)
    return (_digest(array, 0), labels)


def _torch_digest(value, kind):
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    if isinstance(value, torch.nn.Module):
        parts = value.state_dict().items()
        return (id(value), *((name, _digest(part, 0)) for name, part in parts))
    if isinstance(value, torch.Tensor):
        flat = value.detach().cpu().contiguous().reshape(-1)
        content = flat.view(torch.uint8).numpy() if flat.numel() else b""
        return (tuple(value.shape), str(value.dtype), zlib.crc32(content))
    if isinstance(value, torch.optim.Optimizer):
        groups = [
            {name: part for name, part in group.items() if name != "params"}
            for group in value.param_groups
        ]
        return (id(value), *(_digest(group, 1) for group in groups))
    return None
