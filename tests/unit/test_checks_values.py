"""The codec: what goes in comes out, and nothing else goes in or out."""

import collections
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from autograder.checks import values
from autograder.checks.values import NotAValue, decode, encode

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**255), 2**255),
    st.floats(),
    st.text(st.characters(exclude_categories=["Cs"])),
)
KEYS = st.one_of(st.integers(), st.text("abc"), st.tuples(st.integers(), st.text("abc")))
DTYPES = st.one_of(
    hnp.boolean_dtypes(),
    hnp.integer_dtypes(endianness="="),
    hnp.unsigned_integer_dtypes(endianness="="),
    hnp.floating_dtypes(endianness="=", sizes=(16, 32, 64)),
)
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
NESTED = st.recursive(
    SCALARS | ARRAYS,
    lambda part: st.one_of(
        st.lists(part, max_size=4),
        st.lists(part, max_size=4).map(tuple),
        st.dictionaries(KEYS, part, max_size=4),
        st.dictionaries(KEYS, part, max_size=4).map(collections.OrderedDict),
    ),
    max_leaves=8,
)


def depth(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return 1 + max(map(depth, value), default=0)
    return int(isinstance(value, np.ndarray))


def same(one, other):
    """Equal in type, dtype and value, NaN equal to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray | np.generic):
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and one.tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (one != one and other != other)


@given(NESTED.filter(lambda value: depth(value) <= values.MAX_DEPTH))
def test_what_is_encoded_comes_back(value):
    assert same(decode(encode(value)), value)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
def test_bytes_that_nobody_encoded_are_no_value_or_a_plain_one(data):
    try:
        value = decode(data)
    except NotAValue:
        return
    assert isinstance(value, bool | int | float | str | None)


@given(NESTED.filter(lambda value: depth(value) <= values.MAX_DEPTH), st.data())
def test_damaged_bytes_raise_nothing_but_not_a_value(value, data):
    good = bytearray(encode(value))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] = data.draw(st.integers(0, 127))
    try:
        decode(bytes(good))
    except Exception as error:
        assert type(error) is NotAValue


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5, dtype=">i4"),
        np.arange(12.0).reshape(3, 4).T,
        np.arange(12)[::-2],
        np.array(["a", "bcd", ""]),
        np.array([["ä"], ["한"]]),
        np.array([], dtype="U"),
        np.zeros((0, 3), dtype=np.float16),
        np.array(2.5),
    ],
)
def test_an_array_comes_back_contiguous_and_native(array):
    result = decode(encode(array))
    np.testing.assert_array_equal(result, array)
    assert result.dtype.isnative
    assert result.flags.c_contiguous
    assert result.flags.writeable


@pytest.mark.parametrize(
    "dtype",
    ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32"]
    + ["float64"],
)
@pytest.mark.parametrize("shape", [(), (0, 2), (3, 4)])
def test_a_tensor_of_every_dtype_comes_back(dtype, shape):
    tensor = torch.ones(shape, dtype=getattr(torch, dtype))
    result = decode(encode(tensor))
    assert type(result) is torch.Tensor
    assert result.dtype is tensor.dtype
    assert torch.equal(result, tensor)


def test_parameters_graphs_strides_and_views_come_back_as_plain_tensors():
    parameter = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    for tensor in (parameter, parameter * 2, parameter.t()[::2], parameter[:1].expand(4, 3)):
        result = decode(encode(tensor))
        assert type(result) is torch.Tensor
        assert result.is_contiguous()
        assert not result.requires_grad
        assert torch.equal(result, tensor.detach())


@pytest.mark.cuda
def test_a_tensor_on_a_gpu_comes_back_on_the_cpu():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    tensor = torch.arange(6.0, device="cuda").reshape(2, 3).t()
    result = decode(encode(tensor))
    assert result.device.type == "cpu"
    assert torch.equal(result, tensor.cpu())


FRAMES = [
    pd.DataFrame({"movieId": [1, 2], "title": ["a", None], "score": [1.5, np.nan]}),
    pd.DataFrame({"a": [1, 2], "b": [True, False], "c": [3, 4]}, index=["x", "y"]),
    pd.DataFrame([[1, 2, 3.5]], columns=["same", "same", "other"]),
    pd.DataFrame(np.arange(6.0).reshape(2, 3), index=pd.Index([5, 9], name="userId")),
    pd.DataFrame(),
    pd.DataFrame(index=[1, 2]),
    pd.DataFrame(columns=["a", "b"]),
    pd.DataFrame({"mixed": pd.Series([1, "a", None, 2.5], dtype=object)}),
]


@pytest.mark.parametrize("frame", FRAMES)
def test_a_frame_comes_back_with_its_labels_and_dtypes(frame):
    pd.testing.assert_frame_equal(decode(encode(frame)), frame, check_exact=True)


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.5, np.nan], index=[3, 9], name="rating"),
        pd.Series(["a", None, "c"], name=7),
        pd.Series([True, False]),
        pd.Series([], dtype="float32"),
    ],
)
def test_a_series_comes_back_with_its_name(series):
    pd.testing.assert_series_equal(decode(encode(series)), series, check_exact=True)


@pytest.mark.parametrize(
    "index",
    [
        pd.Index([3, 1, 2], name="userId"),
        pd.RangeIndex(2, 20, 3, name="n"),
        pd.Index(["f1", None]),
        pd.Index([1.5, np.nan]),
        pd.Index([1, "a"], dtype=object),
    ],
)
def test_an_index_comes_back(index):
    pd.testing.assert_index_equal(decode(encode(index)), index, exact=True)


class TensorThatLies(torch.Tensor):
    """Equal to everything."""

    def __eq__(self, other):
        return True


class ArrayThatLies(np.ndarray):
    """A subclass is never a value."""


class FloatThatLies(float):
    """A subclass is never a value."""


@pytest.mark.parametrize(
    "thing",
    [
        object(),
        torch.ones(2).as_subclass(TensorThatLies),
        np.ones(2).view(ArrayThatLies),
        FloatThatLies(1),
        torch.Size([1]),
        torch.nn.Linear(2, 2),
        np.ma.zeros(3),
        collections.defaultdict(int),
        collections.Counter("a"),
        np.array([object()]),
        np.datetime64("2020"),
        np.complex128(1),
        pd.Series(pd.to_datetime(["2020-01-01"])),
        pd.Series(["a"], dtype="category"),
        pd.MultiIndex.from_tuples([(1, 2)]),
        pd.Series([[1]]),
        torch.zeros(2, 2).to_sparse(),
        torch.zeros(2, device="meta"),
        "\ud800",
        {1, 2},
        b"bytes",
        lambda: 0,
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_any_other_type_is_refused_alone_and_inside(thing):
    for value in (thing, [thing], {"key": thing}):
        with pytest.raises(NotAValue, match="cannot be checked|could not be read"):
            encode(value)


def test_the_refusal_names_the_type():
    with pytest.raises(NotAValue, match="`Linear`"):
        encode({"model": torch.nn.Linear(2, 2)})


@pytest.mark.parametrize(
    "thing",
    [
        [[[[[[[1]]]]]]],
        np.zeros((1, 1, 1, 1, 1)),
        np.zeros(values.MAX_DIM + 1, dtype=bool),
        [0] * (values.MAX_DIM + 1),
        torch.zeros(1).expand(90_000, 90_000),
        np.broadcast_to(np.float64(0), (90_000, 90_000)),
        2**300,
        pd.Series(pd.RangeIndex(10**6)),
        pd.RangeIndex(10**9),
        [list(range(60_000))] * 20,
    ],
    ids=range(10),
)
def test_what_is_beyond_the_limits_is_refused_before_it_is_copied(thing):
    began = time.perf_counter()
    with pytest.raises(NotAValue):
        encode(thing)
    assert time.perf_counter() - began < 5


RAW = np.arange(3.0).tobytes()


def node(**changes):
    return {"t": "ndarray", "dtype": "float64", "shape": [3]} | changes


def packed(tree, raw=b""):
    head = json.dumps(tree).encode()
    return len(head).to_bytes(8, "little") + head + raw


def test_a_tree_and_its_bytes_are_a_value():
    np.testing.assert_array_equal(decode(packed(node(), RAW)), [0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "tree",
    [
        node(shape=[4]),
        node(shape=[-3]),
        node(shape=[True, 3]),
        node(shape=[3, 1, 1, 1, 1]),
        node(shape=[10**6, 10**6]),
        node(shape="3"),
        node(dtype="object"),
        node(dtype="O"),
        node(dtype="float32"),
        {"t": "ndarray", "dtype": "bool", "shape": [24]},
        {"t": "Tensor", "dtype": "quint8", "shape": [24]},
        {"t": "Tensor", "dtype": "float32", "shape": [7]},
        {"t": "pickle", "v": "gASVAAAAAA=="},
        {"t": ["list"], "v": []},
        {"v": []},
        {"t": "float", "v": "1e5"},
        {"t": "text", "shape": [2], "v": ["a" * 10**6, *["a"] * 10**5]},
        {"t": "text", "shape": [0], "v": ["a" * 10**6, *[""] * 100]},
        {"t": "RangeIndex", "v": [0, 10**12, 1], "name": None},
        {"t": "RangeIndex", "v": [0, 10, 0], "name": None},
        {"t": "Index", "v": {"t": "str", "v": ["a", 1]}, "name": None},
        {"t": "dict", "v": [[{"t": "list", "v": []}, 1]]},
        {"t": "dict", "v": [[1]]},
        [1, 2],
        2**300,
    ],
)
@pytest.mark.parametrize("raw", [b"", RAW], ids=["no bytes", "bytes"])
def test_a_forged_tree_is_no_value(tree, raw):
    with pytest.raises(NotAValue):
        decode(packed(tree, raw))


@pytest.mark.parametrize("raw", [b"", RAW[:-1], RAW + b"\0", RAW * 2])
def test_bytes_must_be_as_many_as_the_arrays_take(raw):
    with pytest.raises(NotAValue):
        decode(packed(node(), raw))


@pytest.mark.parametrize(
    "data",
    [b"", b"NaN", b"Infinity", b"[" * 10**6, b'{"t":' * 10**5, b"\xff", b"1" * 5000, "1", None]
    + [b'"' + b"a" * (100 * 2**20) + b'"'],
    ids=range(10),
)
def test_bytes_that_are_no_json_of_ours_are_no_value(data):
    with pytest.raises(NotAValue):
        decode(data)
    if isinstance(data, bytes):
        with pytest.raises(NotAValue):
            decode(len(data).to_bytes(8, "little") + data)
        with pytest.raises(NotAValue):
            decode(b"\xff" * 8 + data)


def test_forged_frames_must_fit_their_labels():
    data = encode(pd.DataFrame({"a": [1, 2], "b": [1.5, 2.5]}))
    end = 8 + int.from_bytes(data[:8], "little")
    good, raw = json.loads(data[8:end]), data[end:]
    assert list(decode(packed(good, raw)).columns) == ["a", "b"]
    block = good["v"][0][1]
    forgeries = [
        ([[[1], block], good["v"][1]], raw),  # a column twice
        ([[[0], block | {"shape": [1]}], good["v"][1]], raw[8:]),  # one that is too short
        (good["v"][:1], raw[:16]),  # one that is missing
    ]
    for blocks, rest in forgeries:
        with pytest.raises(NotAValue, match="does not fit its labels|bytes hold no value"):
            decode(packed(good | {"v": blocks}, rest))


def test_a_full_rating_matrix_takes_well_under_a_second():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(943, 1682)))
    began = time.perf_counter()
    decode(encode(frame))
    assert time.perf_counter() - began < 2  # 0.3 s alone on one core; machines are shared


def test_the_module_stands_alone():
    assert "autograder" not in Path(values.__file__).read_text()
