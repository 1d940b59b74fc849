"""The desk sees what changed between two looks, and nothing where nothing did."""

import numpy as np
import pandas as pd
import pytest
import torch

from autograder.checks import probe, values
from autograder.sandbox.desk import Desk

STANDING = """
import dataclasses
import numpy as np, pandas as pd, torch
plain, words, nested = 3, ["a", "b"], {"a": [1, {"b": 2}]}
array, objects = np.arange(6.0).reshape(2, 3), np.array(["a", None], dtype=object)
frame = pd.DataFrame({"user": [1, 2], "rating": [4.0, 5.0]})
titles = pd.DataFrame({"title": ["a", "b"]})
kinds = pd.DataFrame({"kind": pd.Categorical(["a", "b"])})
series, index, empty = frame["rating"], pd.Index(["x", "y"]), pd.DataFrame(index=[1, 2])
tensor, model = torch.ones(2, 3), torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
@dataclasses.dataclass
class Settings:
    rank: int = 2
settings = Settings()
def predict(x):
    return x
"""
CHANGES = [
    "plain = 4",
    "words.append('c')",
    "nested['a'][1]['b'] = 3",
    "array[0, 0] = 9",
    "array.sort(axis=1); array[:] = array[:, ::-1]",
    "array.shape = (3, 2)",
    "frame.loc[0, 'rating'] = 1.0",
    "frame.insert(0, 'first', 1)",
    "frame['new'] = 1",
    "titles.loc[0, 'title'] = 'c'",
    "titles.columns = ['name']",
    "kinds.loc[0, 'kind'] = 'b'",
    "series.iloc[0] = 1.0",
    "tensor[0, 0] = 2",
    "with torch.no_grad(): model.weight += 1",
    "optimizer.param_groups[0]['lr'] = 1.0",
    "settings.rank = 3",
    "Settings.__init__ = None",
    "def predict(x): return 2 * x",
    "del plain",
    "torch.set_grad_enabled(False)",
    "np.mean = np.median",
    "pd.DataFrame.mean = None",
    "torch.nn.Module.train = None",
]
"""What cells do to what stood before them."""
PLACES = ((np, "mean"), (pd.DataFrame, "mean"), (torch.nn.Module, "train"))


@pytest.fixture
def namespace():
    made = {"__name__": "__main__"}
    exec(STANDING, made)
    before = [getattr(place, name) for place, name in PLACES]
    yield made
    torch.set_grad_enabled(True)
    for (place, name), value in zip(PLACES, before, strict=True):
        setattr(place, name, value)


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_stood_is_seen(namespace, change):
    desk = Desk(namespace, values, probe)
    desk.mark()
    exec(change, namespace)
    assert desk.has_changed([]).text == "yes"


def test_what_only_new_names_hold_is_no_change(namespace):
    desk = Desk(namespace, values, probe)
    desk.mark()
    exec("fresh = array * 2\n_hidden = 1\nother = frame.copy()", namespace)
    assert desk.has_changed([]).text == "no"


@pytest.mark.parametrize("name", ["plain", "frame"])
def test_a_name_that_is_bound_anew_may_have_changed(namespace, name):
    desk = Desk(namespace, values, probe)
    desk.mark()
    namespace[name] = None
    assert desk.has_changed([]).text == "yes"
    assert desk.has_changed([name]).text == "no"


def test_nothing_has_changed_whatever_lies_elsewhere_in_memory(namespace):
    desk = Desk(namespace, values, probe)
    for size in range(50):
        desk.mark()
        kept = [np.empty(size, dtype=object) for _ in range(20)]
        assert desk.has_changed([]).text == "no", len(kept)
