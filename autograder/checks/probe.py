"""Run a probe on a student's functions, and leave no trace of it.

A probe is public text that calls the student's own functions on fresh inputs. It runs in globals of its own,
with builtins that were taken when this module was loaded, so that no variable of the student's can stand in its
way: what it reads and what Python itself does not define is looked up among the student's names. The
student's functions look their globals up in the student's namespace; there, copies of models, frames and
arrays stand in for the originals meanwhile, and everything is put back afterwards. The module needs NumPy, and torch where
the student has imported it, and nothing else of this package: its text can be shipped into a kernel as it
stands.
"""

import builtins
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

PROBE = "<probe>"
BUILTINS = dict(vars(builtins))
"""What a probe calls `list`, `min` and so on, whatever a cell has bound since."""
STATE_PACKAGES = {"builtins", "collections", "numpy", "pandas", "random", "torch", "__main__"}
CODE = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.MethodType)
PLAIN = (int, float, bool, str, bytes, complex, type(None), types.ModuleType)
MAX_SEEN = 300_000
"""Objects that are looked at, at most, before all names count as reachable."""
OWN_MODULES = {"__main__", "types"}
"""Of classes that a notebook makes, with `class` or with `make_dataclass`."""
READS = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
HISTORY = {"In", "Out"}
DYNAMIC = {"globals", "locals", "vars", "dir", "eval", "exec", "get_ipython", "__import__"}
DYNAMIC_ATTRIBUTES = {"__dict__", "__globals__", "__main__", "f_globals", "globals"}
DYNAMIC_ATTRIBUTES |= {"import_module", "user_ns"}
"""With these, code can look names up by itself."""


def run_probe(namespace, snippet, returns, inputs):
    """Execute a snippet beside a namespace and return what it made.

    Parameters
    ----------
    namespace : dict
        The student's globals; unchanged afterwards.
    snippet : str
        Python code. It reads its inputs, Python's builtins, and the student's names, in this order; what it
        binds is seen by no function of the student's, but for what stands in a block
        ``with stand_in(model=small): ...``. ``own`` is a dict of the student's names that it can reach.
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
    code = compile(snippet, PROBE, "exec", dont_inherit=True)
    with preserved_state(), _silence(), _training_modes(before.values()):
        try:
            with _no_collection():
                names = reachable_names(code, namespace) | set(returns) & before.keys()
                namespace.update(_stand_ins({name: before[name] for name in names}))
                own = {name: namespace[name] for name in names}
                found = {"__builtins__": BUILTINS, "__name__": PROBE, "own": own}
                found["stand_in"] = functools.partial(_standing_in, namespace)
                found.update({name: own[name] for name in names if name not in BUILTINS})
                found.update(copy.deepcopy(inputs))
            exec(code, found)
            return {name: found[name] for name in returns}
        finally:
            _restore(namespace, before)


def blame(error, trace, namespace, snippet):
    """What of the student's a probe failed at.

    Parameters
    ----------
    error : BaseException that `run_probe` raised, `trace` its traceback.
    namespace : the student's globals.
    snippet : the probe.

    Returns
    -------
    (kind, name, line)
        "missing" and a name that the probe reads and nobody has defined; "raised", the function or class that the
        probe asks for in which the error came up, and the line of its cell; "unusable" and the name whose value the probe
        could not work with. The name is empty where none fits, the line 0.
    """
    asked = reads_of(compile(snippet, PROBE, "exec", dont_inherit=True))
    if type(error) is NameError and error.name in asked - namespace.keys():
        return "missing", error.name, 0
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    own = [(frame.f_code, line) for frame, line in frames if frame.f_globals is namespace]
    if own:
        places = [(code.co_qualname.partition(".")[0], line) for code, line in own]
        return "raised", *([place for place in places if place[0] in asked] or [("", 0)])[-1]
    read = [
        _read_in_line(frame.f_code, line)
        for frame, line in frames
        if frame.f_code.co_filename == PROBE
    ]
    names = (read[-1] if read else set()) & namespace.keys() - BUILTINS.keys()
    return "unusable", min(names, default=""), 0


def _read_in_line(code, line):
    """Names that one line of code reads from its globals."""
    steps = dis.get_instructions(code)
    return {step.argval for step in steps if step.opname in READS and step.positions.lineno == line}


def reads_of(code):
    """Names that code reads from its globals, its functions included."""
    parts = [const for const in code.co_consts if type(const) is types.CodeType]
    return _names_in(code)[0].union(*map(reads_of, parts))


@contextlib.contextmanager
def _standing_in(namespace, /, **values):
    """Bind names that the student's functions find, for the time of a block."""
    before = {name: namespace[name] for name in values if name in namespace}
    namespace.update(values)
    try:
        yield
    finally:
        for name in values:
            namespace.pop(name, None)
        namespace.update(before)


@contextlib.contextmanager
def preserved_state():
    """Put back random states, torch's modes and warning filters; inside, gradients are on and float32 is default."""
    with warnings.catch_warnings(), _random_state(), _torch_state():
        yield


def reachable_names(code, namespace):
    """Names of a namespace that code can read: its own, and those of what it can call from there.

    Parameters
    ----------
    code : code object.
    namespace : dict, the globals of the functions to look into; functions of libraries have others.

    Returns
    -------
    Set of str, those that the namespace has; all of them where code can look names up by itself, and where
    objects are too many or too strange to be looked through. None of the student's code runs.
    """
    try:
        return _reach(code, namespace)
    except Exception:
        return set(namespace)


def _reach(code, namespace):
    names, seen, open_values = set(), {}, [code]
    while open_values:
        value = open_values.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value  # kept, so that no other value gets its id
        if value is namespace or len(seen) > MAX_SEEN:
            return set(namespace)
        if type(value) is types.CodeType:
            read, attributes, is_dynamic = _names_in(value)
            if is_dynamic:
                return set(namespace)
            # A function may have been hung on a library's class, under its own name.
            hung = {name for name in attributes if type(namespace.get(name)) is types.FunctionType}
            found = read & namespace.keys() | hung
            names |= found
            parts = [namespace[name] for name in found]
            parts += [const for const in value.co_consts if type(const) is types.CodeType]
        else:
            parts = _parts_of(value, namespace)
        open_values += filter(_may_lead_to_code, parts)
    return names


@functools.cache
def _names_in(code):
    """Global names that code reads, those of its attributes, and whether it can read names by itself."""
    steps = [(step.opname, step.argval) for step in dis.get_instructions(code)]
    read, attributes = {name for kind, name in steps if kind in READS}, {*code.co_names}
    is_dynamic = (
        read & DYNAMIC or attributes & DYNAMIC_ATTRIBUTES or {"sys", "modules"} <= attributes
    )
    return read, attributes, bool(is_dynamic)


def _parts_of(value, namespace):
    """What a value holds, as the garbage collector sees it: no method of a student's class is asked."""
    if type(value) is not types.FunctionType:
        return gc.get_referents(value)
    parts = [value.__closure__, value.__defaults__, value.__kwdefaults__, value.__dict__]
    return [*parts, value.__code__] if value.__globals__ is namespace else parts


def _may_lead_to_code(value):
    """Whether a student's function may be found in a value: not in plain data, modules, and libraries' classes."""
    kind = type(value)
    if issubclass(kind, type):
        return not {base.__module__ for base in type.mro(value)}.isdisjoint(OWN_MODULES)
    return kind not in PLAIN


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
            known = set(memo)
            try:
                copies[name] = copy.deepcopy(value, memo)
            except Exception:  # it is left to stand for itself, and halves of copies for nothing
                for key in memo.keys() - known:
                    del memo[key]
    return copies


def _is_state(value):
    """Whether a value is data or a model, and not code, a module, a handle, or an array of those (a figure's axes)."""
    package = str(type(value).__module__).partition(".")[0]
    if package == "numpy" and str(getattr(value, "dtype", "")) == "object":
        return all(map(_is_state, value.flat))
    return not isinstance(value, CODE) and package in STATE_PACKAGES


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
