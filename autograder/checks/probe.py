"""Run a probe in a student's namespace, and leave no trace of it.

A probe is public text that calls the student's own functions on fresh inputs. The student's functions
look their globals up in the student's namespace, so the probe runs right there: copies of models, frames
and arrays stand in for the originals meanwhile, and everything is put back afterwards. The module needs
NumPy, pandas and torch and nothing else of this package: its text can be shipped into a kernel as it stands.
"""

import contextlib
import copy
import random
import sys
import types
import warnings


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
    """
    before = dict(namespace)
    with contextlib.ExitStack() as stack:
        stack.callback(_restore, namespace, before)
        stack.enter_context(warnings.catch_warnings())
        stack.enter_context(_torch_state())
        stack.enter_context(_random_state())
        namespace.update(_stand_ins(before))
        namespace.update(copy.deepcopy(inputs))
        exec(compile(snippet, "<probe>", "exec"), namespace)
        return {name: namespace[name] for name in returns}


def _restore(namespace, before):
    namespace.clear()
    namespace.update(before)


def _stand_ins(namespace):
    """Copies of what a probe could change, made with one memo so that shared parts stay shared."""
    memo, copies = {}, {}
    for name, value in namespace.items():
        if name.startswith("_") or not _is_state(value):
            continue
        # What cannot be copied is left to stand for itself: a probe then acts on the original.
        with contextlib.suppress(Exception):
            copies[name] = copy.deepcopy(value, memo)
    return copies


def _is_state(value):
    """Whether a value is data or a model, and not code, a module or a handle."""
    code = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
    if isinstance(value, code):
        return False
    package = type(value).__module__.partition(".")[0]
    return package in {"builtins", "collections", "numpy", "pandas", "torch", "__main__"}


@contextlib.contextmanager
def _random_state():
    """Put back the random states of Python, NumPy and torch."""
    import numpy as np

    python, numpy_state = random.getstate(), np.random.get_state()
    torch = sys.modules.get("torch")
    with torch.random.fork_rng() if torch else contextlib.nullcontext():
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy_state)


@contextlib.contextmanager
def _torch_state():
    """Give the snippet gradients and float32, and put the student's choices back."""
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
