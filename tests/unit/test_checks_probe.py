"""A probe acts on the student's functions, and leaves no trace."""

import copy
import gc
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from autograder.checks import probe
from autograder.checks.probe import reachable_names, run_probe


class Pairs(Dataset):
    """A student's data set, with a cache."""

    def __init__(self):
        self.frame = pd.DataFrame({"x": [1.0, 2.0]})
        self.seen = []

    def __len__(self):
        return len(self.frame)

    def __getitem__(self, index):
        self.seen.append(index)
        return torch.tensor(self.frame["x"][index])


Pairs.__module__ = "__main__"  # as in a notebook

CODE = """
def predict(x):
    return model(x)
def train_step():
    model.train()
    optimizer.zero_grad()
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
def damage():
    ratings.loc[0, "rating"] = -1
    matrix[:] = 0
    weights.data.zero_()
    losses.append(9)
    nested["a"]["b"].append(1)
    list(loader)
    dataset.frame.drop(0, inplace=True)
    generator.random()
    globals()["new_name"] = 1
    del globals()["losses"]
"""


@pytest.fixture
def namespace():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.Dropout(0.5))
    model.eval()
    optimizer = torch.optim.Adam(model.parameters())
    dataset = Pairs()
    result = {
        "torch": torch,
        "model": model,
        "optimizer": optimizer,
        "ratings": pd.DataFrame({"rating": [1.0, 2.0]}),
        "matrix": np.ones((2, 2)),
        "weights": nn.Parameter(torch.ones(2)),
        "losses": [1, 2],
        "nested": {"a": {"b": []}},
        "dataset": dataset,
        "loader": DataLoader(dataset, batch_size=1, generator=torch.Generator()),
        "generator": np.random.default_rng(0),
    }
    exec(CODE, result)
    return result


def picture(namespace):
    """What could be seen of a namespace: names, identities, contents and modes."""
    model = namespace["model"]
    return copy.deepcopy(
        {
            "names": sorted(namespace),
            "ids": {name: id(value) for name, value in namespace.items()},
            "state": {name: value.tolist() for name, value in model.state_dict().items()},
            "modes": [part.training for part in model.modules()],
            "grads": [p.grad is None for p in model.parameters()],
            "steps": len(namespace["optimizer"].state),
            "plain": [namespace[name] for name in ("losses", "nested")],
            "arrays": [namespace["matrix"].tolist(), namespace["weights"].tolist()],
            "frames": [namespace["ratings"].to_dict(), namespace["dataset"].frame.to_dict()],
            "seen": namespace["dataset"].seen,
            "generator": str(namespace["generator"].bit_generator.state),
        }
    )


def settings():
    """States of the process that a probe must put back."""
    return (
        random.getstate(),
        str(np.random.get_state()),
        torch.get_rng_state().tolist(),
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        list(warnings.filters),
        sys.stdout,
        sys.stderr,
        torch.Tensor.__deepcopy__,
    )


SNIPPETS = {
    "reads": "y = predict(torch.ones(1, 2))",
    "trains": "train_step(); y = 1",
    "damages": "damage(); y = 1",
    "raises": "damage(); train_step(); raise KeyError(1)",
    "exits": "damage(); raise SystemExit",
    "draws numbers": "import random, numpy\nrandom.random(); numpy.random.rand(); y = torch.rand(2)",
    "sets modes": "torch.set_grad_enabled(False); torch.set_default_dtype(torch.float64); y = 1",
    "filters warnings": "import warnings; warnings.simplefilter('error'); y = 1",
    "rebinds": "model = optimizer = ratings = None; y = 1",
    "does not parse": "y = = 1",
}


@pytest.mark.parametrize("snippet", SNIPPETS.values(), ids=SNIPPETS)
def test_a_probe_leaves_no_trace(namespace, snippet):
    before, settings_before = picture(namespace), settings()
    try:
        run_probe(namespace, snippet, ["y"], {"x": 1, "losses": [3]})
    except BaseException as error:
        assert type(error) in (KeyError, SystemExit, SyntaxError)
    assert picture(namespace) == before
    assert settings() == settings_before


def test_a_probe_sees_its_inputs_as_copies_and_the_students_functions(namespace):
    inputs = {"x": torch.ones(1, 2), "rows": [[1]]}
    snippet = "y = predict(x); rows[0].append(2); x.zero_()"
    results = run_probe(namespace, snippet, ["y", "rows"], inputs)
    assert torch.equal(results["y"], namespace["model"](torch.ones(1, 2)))
    assert results["rows"] == [[1, 2]]
    assert inputs["rows"] == [[1]]
    assert inputs["x"].sum() == 2


def test_what_a_probe_binds_is_seen_by_no_function_of_the_students(namespace):
    exec("def seen():\n    return sorted(globals())", namespace)
    snippet = "import json; model = mine = 1\ndef helper(): pass\nnames = seen()"
    results = run_probe(namespace, snippet, ["names", "model"], {"given": 1})
    assert not {"json", "mine", "helper", "given", "snippet"} & set(results["names"])
    assert results["model"] == 1


def test_what_stands_in_is_seen_for_the_time_of_a_block(namespace):
    snippet = """
with stand_in(model=lambda x: "mine", absent=1):
    inside = predict(1)
outside = predict(torch.ones(1, 2)).shape[0]
"""
    results = run_probe(namespace, snippet, ["inside", "outside"], {})
    assert results == {"inside": "mine", "outside": 1}
    assert "absent" not in namespace


def test_builtins_are_pythons_whatever_a_cell_has_bound(namespace, monkeypatch):
    namespace.update(list=[1], min=3, len=None)
    monkeypatch.setattr("builtins.max", lambda *given: 9)
    results = run_probe(namespace, "y = [len(losses), min(2, 5), max(1, 2), list((1,))]", ["y"], {})
    assert results["y"] == [2, 2, 2, [1]]


def test_functions_of_the_student_find_the_copies_and_the_optimizer_moves_the_copied_model(
    namespace,
):
    snippet = (
        "before = model[1].bias.sum().item(); train_step(); after = model[1].bias.sum().item()"
    )
    results = run_probe(namespace, snippet, ["before", "after", "model"], {})
    assert results["before"] != results["after"]
    assert results["model"] is not namespace["model"]
    assert namespace["model"][1].bias.sum().item() == results["before"]


def test_what_two_names_share_stays_shared_among_the_copies(namespace):
    namespace["alias"] = namespace["losses"]
    results = run_probe(namespace, "alias.append(1)", ["alias", "losses"], {})
    assert results["alias"] is results["losses"]
    assert namespace["losses"] == [1, 2]


def test_a_model_that_keeps_a_tensor_of_a_graph_is_copied_too(namespace):
    model = namespace["model"]
    model.last = model(torch.ones(1, 2))
    namespace["history"] = [model.last.sum()]
    results = run_probe(namespace, "train_step()", ["model", "history"], {})
    assert results["model"] is not model
    assert results["history"] is not namespace["history"]
    assert model.last.grad_fn is not None


def test_a_model_in_a_closure_has_its_mode_put_back(namespace):
    exec("def evaluate(net=model):\n    net.train()\n    return 1", namespace)
    run_probe(namespace, "y = evaluate()", ["y"], {})
    assert not namespace["model"].training


def test_gradients_flow_in_a_probe_whatever_mode_the_student_left(namespace):
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad():
            snippet = "w = torch.ones(1, requires_grad=True); y = (2 * w).requires_grad"
            assert run_probe(namespace, snippet, ["w", "y"], {})["y"]
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() is torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_a_probe_prints_and_warns_nothing(namespace, capfd):
    snippet = "import sys, warnings; print(1); print(2, file=sys.stderr); warnings.warn('x'); y = 1"
    run_probe(namespace, snippet, ["y"], {})
    assert capfd.readouterr() == ("", "")


def test_figures_that_a_probe_drew_are_closed_and_others_stay(namespace):
    from matplotlib import pyplot

    pyplot.switch_backend("Agg")
    mine = pyplot.figure()
    run_probe(namespace, "from matplotlib import pyplot; pyplot.figure(); y = 1", ["y"], {})
    assert pyplot.get_fignums() == [mine.number]
    pyplot.close("all")


def test_axes_are_no_data_and_stand_for_themselves(namespace):
    from matplotlib import pyplot

    pyplot.switch_backend("Agg")
    _, namespace["axes"] = pyplot.subplots(1, 2)
    namespace["words"] = np.array(["a", None], dtype=object)
    results = run_probe(namespace, "y = len(axes) + len(words)", ["y", "axes", "words"], {})
    pyplot.close("all")
    assert results["axes"] is namespace["axes"]
    assert results["words"] is not namespace["words"]


def test_garbage_is_collected_again_after_a_probe(namespace):
    run_probe(namespace, "y = 1", ["y"], {})
    assert gc.isenabled()
    gc.disable()
    try:
        run_probe(namespace, "y = 1", ["y"], {})
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_what_cannot_be_copied_stands_for_itself(namespace):
    class Stubborn(Pairs):
        def __deepcopy__(self, memo):
            raise TypeError

    Stubborn.__module__ = "__main__"
    namespace["stubborn"] = Stubborn()
    results = run_probe(namespace, "y = len(stubborn)", ["y", "stubborn"], {})
    assert results["y"] == 2
    assert results["stubborn"] is namespace["stubborn"]


def test_half_a_copy_stands_for_nothing(namespace):
    class Stubborn:
        def __deepcopy__(self, memo):
            raise TypeError

    box = {"losses": [1], "model": nn.Linear(1, 1), "stubborn": Stubborn()}
    namespace.update(a_box=box, inner=box["model"])
    snippet = "y = inner.weight.shape[0], len(a_box)"
    assert run_probe(namespace, snippet, ["y"], {})["y"] == (1, 3)


# --- What a probe copies -------------------------------------------------------------------------------

HELPER = "def read_secret(*given):\n    return secret\n"
METHOD = HELPER + "class Model:\n    def forward(self):\n        return secret\n"
REACHING = {
    "a name": ("", "secret"),
    "a comprehension": ("", "[secret for _ in range(2)]"),
    "a function": (HELPER, "read_secret()"),
    "a global statement": ("def add():\n    global secret\n    secret += 1\n", "add()"),
    "a nested function": (
        "def outer():\n    def inner():\n        return secret\n    return inner()",
        "outer()",
    ),
    "a default argument": (HELPER + "def f(key=read_secret):\n    return key()\n", "f()"),
    "a named default": (HELPER + "def f(*, key=read_secret):\n    return key()\n", "f()"),
    "a closure": (HELPER + "def make(g):\n    return lambda: g()\nf = make(read_secret)\n", "f()"),
    "a decorated function": (
        "import functools\n@functools.cache\ndef f():\n    return secret\n",
        "f()",
    ),
    "torch's decorator": ("@torch.no_grad()\ndef f():\n    return secret\n", "f()"),
    "a partial": (HELPER + "import functools\nf = functools.partial(read_secret, 1)\n", "f()"),
    "a list": (HELPER + "steps = [read_secret]\n", "steps[0]()"),
    "a dict in a dict": (HELPER + "steps = {'a': {'b': read_secret}}\n", "steps['a']['b']()"),
    "a method": (METHOD + "m = Model()\n", "m.forward()"),
    "a class": (METHOD, "Model().forward()"),
    "a bound method": (METHOD + "f = Model().forward\n", "f()"),
    "an attribute": (METHOD + "class Box: pass\nb = Box()\nb.m = Model()\n", "b.m.forward()"),
    "a property": (
        "class M:\n    @property\n    def x(self):\n        return secret\nm = M()",
        "m.x",
    ),
    "a static method": (
        "class M:\n    @staticmethod\n    def x():\n        return secret\n",
        "M.x()",
    ),
    "a loader's function": (
        HELPER + "loader = torch.utils.data.DataLoader([1], collate_fn=read_secret)\n",
        "list(loader)",
    ),
    "a hook of a model": (
        HELPER + "net = torch.nn.Linear(1, 1)\nnet.register_forward_hook(read_secret)\n",
        "net(1)",
    ),
    "a model in a model": (
        METHOD + "net = torch.nn.Sequential(torch.nn.Identity())\nnet[0].inner = Model()\n",
        "net(1)",
    ),
    "a partial's argument": (
        HELPER
        + "import functools\ndef loop(call):\n    call()\nf = functools.partial(loop, call=read_secret)\n",
        "f()",
    ),
    "a method of a dict": (
        "class Table(dict):\n    def values(self, column):\n        return secret\nt = Table()\n",
        "t.values(1)",
    ),
    "a key of a dict": (HELPER + "steps = {read_secret: 1}\n", "[step() for step in steps]"),
    "a factory": (
        HELPER + "import collections\nd = collections.defaultdict(read_secret)\n",
        "d[0]",
    ),
    "a namespace": (HELPER + "import types\ns = types.SimpleNamespace(f=read_secret)\n", "s.f()"),
    "a slot": ("class M:\n    __slots__ = ('f',)\nm = M()\nm.f = lambda: secret\n", "m.f()"),
    "a made class": (
        HELPER
        + "import dataclasses\nM = dataclasses.make_dataclass('M', [], namespace={'f': read_secret})\n",
        "M().f()",
    ),
    "a generator": ("def draw():\n    yield secret\nnumbers = draw()\n", "next(numbers)"),
    "a map": (HELPER + "numbers = map(read_secret, [1])\n", "next(numbers)"),
    "numpy's wrapper": (HELPER + "f = numpy.vectorize(read_secret)\n", "f(1)"),
    "a library's class": (HELPER + "torch.nn.Linear.__doc__\n", "torch.nn.Linear.read_secret(1)"),
    "one of many": (
        "class M:\n    def f(self):\n        return secret\nms = [M() for _ in range(20_000)]\n",
        "ms[0].f()",
    ),
    "more than is looked at": ("ms = [[n] for n in range(400_000)]\n", "ms"),
    "globals()": ("", "globals()['sec' + 'ret']"),
    "vars of a module": ("import __main__\n", "__main__.secret"),
}


ALL_NAMES = {"ms", "globals()['sec' + 'ret']", "__main__.secret"}
"""Snippets after which no name can be left out."""


def in_a_notebook(code):
    namespace = {
        "__name__": "__main__",
        "torch": torch,
        "numpy": np,
        "secret": np.ones(1),
        "other": np.ones(1),
    }
    exec(code, namespace)
    return namespace


@pytest.mark.parametrize(("code", "snippet"), REACHING.values(), ids=REACHING)
def test_what_code_reads_is_found(code, snippet):
    namespace = in_a_notebook(code)
    names = reachable_names(compile(snippet, "<probe>", "exec"), namespace)
    assert "secret" in names
    assert ("other" in names) == (snippet in ALL_NAMES)


@pytest.mark.parametrize(
    "snippet", ["x = net.secret", "net.secret()", "x = 'secret'", "secret = 1"]
)
def test_what_only_looks_like_a_name_is_not_copied(snippet):
    namespace = in_a_notebook("net = torch.nn.Linear(1, 1)\nnet.eval()\n")
    names = reachable_names(compile(f"net.eval()\n{snippet}", "<probe>", "exec"), namespace)
    assert names & {"secret", "other"} == set()


def test_names_of_a_librarys_functions_are_none_of_a_notebooks():
    namespace = in_a_notebook("from json import dumps\ncls = 1\n_default_encoder = [2]\n")
    assert reachable_names(compile("dumps(1)", "<probe>", "exec"), namespace) == {"dumps"}


STRANGE = {
    "__getattr__": "def __getattr__(self, name):\n        raise KeyError(name)",
    "__iter__": "def __iter__(self):\n        raise ValueError",
    "__len__": "def __len__(self):\n        raise ValueError",
    "__hash__": "__hash__ = None",
    "__dict__": "@property\n    def __dict__(self):\n        raise ValueError",
    "__module__": "__module__ = []",
}


@pytest.mark.parametrize("base", ["object", "dict", "list"])
@pytest.mark.parametrize("body", STRANGE.values(), ids=STRANGE)
def test_strange_objects_break_no_probe(body, base):
    namespace = in_a_notebook(f"class Odd({base}):\n    {body}\nodd = Odd()\n")
    names = reachable_names(compile("odd, secret", "<probe>", "exec"), namespace)
    assert names >= {"odd", "secret"}
    assert run_probe(namespace, "y = (odd, 1)[1]", ["y"], {}) == {"y": 1}


def test_nothing_of_a_student_runs_while_names_are_found():
    code = "ran = []\nclass Odd(dict):\n"
    for name in ("__iter__", "__len__", "values", "__getattribute__", "__eq__", "__hash__"):
        code += f"    def {name}(self, *given):\n        ran.append({name!r})\n        return 1\n"
    namespace = in_a_notebook(code + "odd = Odd()\nodds = [odd]\n")
    reachable_names(compile("odds, odd", "<probe>", "exec"), namespace)
    assert namespace["ran"] == []


def test_the_module_stands_alone():
    assert "autograder" not in Path(probe.__file__).read_text()
