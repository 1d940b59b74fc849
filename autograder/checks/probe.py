"""Run a probe in a student's namespace, and leave no trace of it.

A probe is public text that calls the student's own functions on fresh inputs. The student's functions
look their globals up in the student's namespace, so the probe runs right there: copies of models, frames
and arrays stand in for the originals meanwhile, and everything is put back afterwards. The module needs
NumPy, and torch where the student has imported it, and nothing else of this package: its text can be
shipped into a kernel as it stands.
"""

import contextlib
import copy
import dis
import functools
import gc
import os
import random
import sys
import types
import warnings

STATE_PACKAGES = {"builtins", "collections", "numpy", "pandas", "random", "torch", "__main__"}
CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
WRAPPERS = (types.MethodType, functools.partial, property, staticmethod, classmethod)
WRAPPERS += (type(functools.cache(int)),)
CONTAINERS, MAX_HELD = (dict, list, tuple, set), 10_000
READS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
HISTORY = {"In", "Out"}
DYNAMIC = {"globals", "locals", "vars", "dir", "eval", "exec", "get_ipython", "__import__"}
DYNAMIC_ATTRIBUTES = {"__dict__", "__globals__", "__main__", "user_ns", "import_module", "modules"}


def run_probe(namespace, snippet, returns, inputs):
    """Execute a snippet in a namespace and return what it made.

    Parameters
    ----------
    namespace : dict
        The student's globals; unchanged afterwards.
    snippet : str
        Python code.
    returns : list of str
        Names to return.
    inputs : dict from str
        What is bound, as copies, before the snippet runs.

    Returns
    -------
    dict
        From each name in `returns` to its object, not copied.

    Raises
    ------
    BaseException
        Whatever the snippet raises, after everything was put back.

    Notes
    -----
    Warnings and all that is printed or drawn meanwhile are dropped. What a function keeps in a closure
    or a default argument is not copied; only its training mode is put back.
    """
    before = dict(namespace)
    code = compile(snippet, "<probe>", "exec", dont_inherit=True)
    with preserved_state(), _silence(), _training_modes(before.values()):
        try:
            with _no_collection():
                names = reachable_names(code, namespace) | set(returns) & before.keys()
                namespace.update(_stand_ins({name: before[name] for name in names}))
                namespace.update(copy.deepcopy(inputs))
            exec(code, namespace)
            return {name: namespace[name] for name in returns}
        finally:
            _restore(namespace, before)


@contextlib.contextmanager
def preserved_state():
    """Put back random states, torch's modes and warning filters; inside, gradients are on and float32 is default."""
    with warnings.catch_warnings(), _random_state(), _torch_state():
        yield


def reachable_names(code, namespace):
    """Names of a namespace that code can read: its own, and those of functions and classes that it reads.

    Parameters
    ----------
    code : code object.
    namespace : dict, the globals of the functions to look into; functions of libraries have others.

    Returns
    -------
    Set of str, those that the namespace has; all of them where code can look names up by itself.
    """
    names, seen, open_values = set(), {}, [code]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other value gets its id
        if not isinstance(value, types.CodeType):
            open_values += _parts_of(value, namespace)
            continue
        found, is_dynamic = _names_read(value)
        if is_dynamic:
            return set(namespace)
        open_values += [const for const in value.co_consts if isinstance(const, types.CodeType)]
        found = found & namespace.keys()
        names |= found
        open_values += [value for name in found if _may_run(value := namespace[name])]
    return names


@functools.cache
def _names_read(code):
    """Global names that code reads, and whether it can read others too; an attribute is no name."""
    steps = [(step.opname, step.argval) for step in dis.get_instructions(code)]
    names = {name for kind, name in steps if kind in READS}
    is_dynamic = names & DYNAMIC or DYNAMIC_ATTRIBUTES & set(code.co_names)
    return names, bool(is_dynamic)


def _parts_of(value, namespace):
    """What a call of a value could run: code of functions, of methods, and of what they enclose or hold."""
    if isinstance(value, types.FunctionType):
        code = [value.__code__] if value.__globals__ is namespace else []
        defaults = (*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values())
        held = [getattr(value, "__wrapped__", None), *map(_content, value.__closure__ or ())]
        return [*code, *filter(_may_run, (*held, *defaults))]
    if isinstance(value, WRAPPERS):
        names = ("__func__", "__self__", "func", "__wrapped__", "fget", "fset")
        return list(filter(_may_run, (getattr(value, name, None) for name in names)))
    if isinstance(value, CONTAINERS):
        held = () if len(value) > MAX_HELD else value
        return list(filter(_may_run, held.values() if isinstance(held, dict) else held))
    kind = value if isinstance(value, type) else type(value)
    places = [vars(base) for base in kind.__mro__ if base.__module__ == "__main__"]
    own = getattr(value, "__dict__", None)
    if isinstance(own, dict):
        places.append(own)
    return [part for place in places for part in list(place.values()) if _may_run(part)]


def _may_run(value):
    """Whether code of a student's may hang on a value: a loader keeps a function, a model its hooks."""
    if isinstance(value, (*CONTAINERS, *WRAPPERS, types.FunctionType)):
        return True
    kind = value if isinstance(value, type) else type(value)
    return str(kind.__module__).partition(".")[0] in ("__main__", "torch")


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:  # empty
        return None


def _restore(namespace, before):
    namespace.update(before)
    for name in namespace.keys() - before.keys():
        del namespace[name]


def _stand_ins(namespace):
    """Copies of what a probe could change, made with one memo so that shared parts stay shared."""
    memo, copies = {}, {}
    with _copyable_graphs():
        for name, value in namespace.items():
            if name.startswith("_") or name in HISTORY or not _is_state(value):
                continue
            # What cannot be copied is left to stand for itself: a probe then acts on the original.
            with contextlib.suppress(Exception):
                copies[name] = copy.deepcopy(value, memo)
    return copies


def _is_state(value):
    """Whether a value is data or a model, and not code, a module, a handle, or an array of those (a figure's axes)."""
    if type(value).__module__ == "numpy" and str(getattr(value, "dtype", "")) == "object":
        return all(map(_is_state, value.flat))
    return (
        not isinstance(value, CODE) and type(value).__module__.partition(".")[0] in STATE_PACKAGES
    )


@contextlib.contextmanager
def _no_collection():
    """Let no garbage be collected: copies are many, and looking through all of torch takes 0.3 s."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextlib.contextmanager
def _copyable_graphs():
    """Let tensors in a graph be copied, by their values: a model may keep one, torch refuses."""
    torch = sys.modules.get("torch")
    if not torch:
        yield
        return
    original = torch.Tensor.__deepcopy__

    def deepcopy(tensor, memo):
        if tensor.is_leaf:
            return original(tensor, memo)
        return memo.setdefault(id(tensor), tensor.detach().clone())

    torch.Tensor.__deepcopy__ = deepcopy
    try:
        yield
    finally:
        torch.Tensor.__deepcopy__ = original


@contextlib.contextmanager
def _training_modes(values):
    """Put back train or eval of every module, originals too: a closure may hold one."""
    torch = sys.modules.get("torch")
    models = [value for value in values if torch and isinstance(value, torch.nn.Module)]
    modes = [(part, part.training) for model in models for part in model.modules()]
    try:
        yield
    finally:
        for part, is_training in modes:
            part.training = is_training


@contextlib.contextmanager
def _silence():
    """Drop warnings and what is printed or drawn: a probe's inputs are none of the reader's business."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot else set()
    with open(os.devnull, "w") as nowhere, contextlib.ExitStack() as stack:  # noqa: PTH123
        stack.enter_context(contextlib.redirect_stdout(nowhere))
        stack.enter_context(contextlib.redirect_stderr(nowhere))
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            for number in set(pyplot.get_fignums()) - figures if pyplot else ():
                pyplot.close(number)


@contextlib.contextmanager
def _random_state():
    """Put back the random states of Python, NumPy and torch."""
    import numpy as np

    torch = sys.modules.get("torch")
    devices = range(torch.cuda.device_count()) if torch and torch.cuda.is_initialized() else ()
    python, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices) if torch else contextlib.nullcontext():
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy_state)


@contextlib.contextmanager
def _torch_state():
    """Give gradients and float32 inside, and put the student's choices back."""
    torch = sys.modules.get("torch")
    if not torch:
        yield
        return
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    finally:
        torch.set_default_dtype(dtype)
