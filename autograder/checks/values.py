"""Values by value: a student's variables as bytes, and back as the grader's own copies.

Every check reads a submission through this codec, in the student's process under stock nbgrader
and across a sandbox elsewhere, so that no object with behaviour of its own ever reaches a judge.
The module needs NumPy and pandas (and torch where a tensor is met) and nothing else of this
package: its text can be shipped into a kernel as it stands.

The format is a length (8 bytes, little-endian), that many bytes of JSON, and the bytes of all arrays.
In the JSON, None, bool, int, finite float and str stand for themselves; everything else is an object
``{"t": kind, ...}``. Of an array it holds dtype and shape; its bytes, little-endian, are the next ones
behind the JSON. There is no pickle in either direction.
"""

import collections
import json
import math
import sys

import numpy as np
import pandas as pd

MAX_BYTES = 64 * 2**20
"""Largest total of array bytes and characters in one value."""
MAX_NODES = 1_000_000
"""Largest number of JSON commas and brackets in one value: it bounds the memory of the parser."""
MAX_DIMS = 4
MAX_DIM = 100_000
MAX_DEPTH = 6
MAX_INT_BITS = 256
LENGTH_BYTES = 8

_NUMPY_DTYPES = {
    name: np.dtype(name).newbyteorder("<")
    for name in (
        *("bool", "int8", "int16", "int32", "int64"),
        *("uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"),
    )
}
_TORCH_ITEMSIZE = {
    **{"bool": 1, "uint8": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8},
    **{"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8},
}
_PLAIN = (type(None), bool, int, float, str)
_KINDS = (
    "use None, numbers, strings, lists, tuples, dicts, NumPy arrays, pandas frames or torch tensors"
)


class NotAValue(ValueError):  # noqa: N818 - it says what the thing is, as KeyError does
    """A thing that is not a value which a check can read, or bytes that do not hold one."""


def encode(value):
    """Turn a value into bytes.

    Parameters
    ----------
    value : None, bool, int, float, str, list, tuple, dict, OrderedDict, a NumPy scalar or array,
        a torch Tensor or Parameter, or a pandas Series, DataFrame or Index
        Exactly these types, subclasses excepted; nested at most `MAX_DEPTH` deep.

    Returns
    -------
    bytes

    Raises
    ------
    NotAValue
        On any other type (named in the sentence), and on a value beyond the limits above.
    """
    try:
        encoder = _Encoder()
        tree = encoder.node(value, 1)
        head = json.dumps(tree, allow_nan=False, separators=(",", ":")).encode("ascii")
    except NotAValue:
        raise
    except Exception as error:
        name = type(value).__name__
        raise NotAValue(f"a `{name}` could not be read ({type(error).__name__})") from error
    _check_nodes(head)
    return b"".join([len(head).to_bytes(LENGTH_BYTES, "little"), head, *encoder.raw])


def decode(data):
    """Turn bytes that `encode` made into a value of the grader's own.

    Parameters
    ----------
    data : bytes or memoryview of bytes
        At most 1.5 x `MAX_BYTES`; trusted in nothing.

    Returns
    -------
    value
        As encoded, except that tensors and parameters come back as contiguous torch tensors on
        the CPU without a graph, text columns as pandas ``str``, and arrays in native byte order.

    Raises
    ------
    NotAValue
        Whatever is wrong with the bytes.
    """
    try:
        if type(data) not in (bytes, memoryview) or len(data) > MAX_BYTES * 3 // 2:
            raise NotAValue("these are not bytes of an allowed size")
        data = memoryview(data)
        end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], "little")
        head, decoder = bytes(data[LENGTH_BYTES:end]), _Decoder(data[end:])
        _check_nodes(head)
        value = decoder.value(json.loads(head.decode("ascii"), parse_constant=_no_constant), 1)
        if end > len(data) or len(decoder.rest):
            raise NotAValue("the bytes are too few or too many")
        return value
    except NotAValue:
        raise
    except Exception as error:
        raise NotAValue(f"the bytes hold no value ({type(error).__name__})") from error


def _check_nodes(data):
    if data.count(b",") + data.count(b"[") + data.count(b"{") > MAX_NODES:
        raise NotAValue(f"a value of more than {MAX_NODES} parts cannot be checked")


def _no_constant(name):
    raise NotAValue(f"{name} is not JSON")


class _Budget:
    """Counts the bytes of one value against `MAX_BYTES`, before anything is copied."""

    def __init__(self):
        self.left = MAX_BYTES

    def spend(self, size):
        self.left -= size
        if self.left < 0:
            raise NotAValue(f"a value of more than {MAX_BYTES // 2**20} MiB cannot be checked")

    def spend_array(self, shape, itemsize):
        if len(shape) > MAX_DIMS or any(not 0 <= size <= MAX_DIM for size in shape):
            raise NotAValue(f"an array of shape {list(shape)[:8]} is too large to be checked")
        size = math.prod(shape) * itemsize
        self.spend(size)
        return size


def _refuse(value, what="a value of type"):
    raise NotAValue(f"{what} `{type(value).__name__}` cannot be checked: {_KINDS}")


class _Encoder(_Budget):
    """Value to JSON-ready tree, and the bytes of its arrays in order; one instance a value."""

    def __init__(self):
        super().__init__()
        self.raw = []

    def node(self, value, depth):
        kind = type(value)
        if kind in _PLAIN:
            return self.plain(value)
        if depth > MAX_DEPTH:
            raise NotAValue(f"a value nested more than {MAX_DEPTH} deep cannot be checked")
        if kind in (list, tuple):
            return self.sequence(value, depth)
        if kind in (dict, collections.OrderedDict):
            return self.mapping(value, depth)
        if kind is np.ndarray:
            return self.array(value)
        if isinstance(value, np.generic):
            return self.scalar(value)
        if kind is pd.DataFrame:
            return self.frame(value)
        if kind is pd.Series:
            return self.series(value)
        if kind in (pd.Index, pd.RangeIndex):
            return self.index(value)
        torch = sys.modules.get("torch")
        if torch is not None and kind in (torch.Tensor, torch.nn.Parameter):
            return self.tensor(torch, value)
        return _refuse(value)

    def plain(self, value):
        kind = type(value)
        if kind is str:
            value.encode("utf-8")  # a lone surrogate is no text
            self.spend(len(value))
        elif kind is int and value.bit_length() > MAX_INT_BITS:
            raise NotAValue(f"an integer of more than {MAX_INT_BITS} bits cannot be checked")
        elif kind is float and not math.isfinite(value):
            return {"t": "float", "v": repr(value)}
        return value

    def atom(self, value):
        """Encode a label, a dict key or an entry of an object column: a scalar and nothing else."""
        if type(value) in _PLAIN:
            return self.plain(value)
        if isinstance(value, np.generic):
            return self.scalar(value)
        return _refuse(value, "a label or entry of type")

    def key(self, value):
        if type(value) is tuple:
            return {"t": "tuple", "v": [self.atom(part) for part in value]}
        return self.atom(value)

    def sequence(self, value, depth):
        self.count(value)
        return {"t": type(value).__name__, "v": [self.node(part, depth + 1) for part in value]}

    def mapping(self, value, depth):
        self.count(value)
        pairs = [[self.key(key), self.node(part, depth + 1)] for key, part in value.items()]
        return {"t": type(value).__name__, "v": pairs}

    def count(self, value):
        if len(value) > MAX_DIM:
            kind = type(value).__name__
            raise NotAValue(f"a `{kind}` of more than {MAX_DIM} entries cannot be checked")

    def scalar(self, value):
        if type(value) is np.str_:
            return {"t": "str_", "v": self.plain(str(value))}
        if value.dtype.type is not type(value) or value.dtype.name not in _NUMPY_DTYPES:
            return _refuse(value)
        return {**self.array(np.asarray(value)), "t": "scalar"}

    def array(self, value):
        name = value.dtype.name
        if value.dtype.kind == "U":
            self.spend_array(value.shape, max(value.dtype.itemsize, 1))
            return {"t": "text", "shape": list(value.shape), "v": value.reshape(-1).tolist()}
        if name not in _NUMPY_DTYPES:
            raise NotAValue(f"an array of dtype `{name}` cannot be checked: {_KINDS}")
        self.spend_array(value.shape, value.dtype.itemsize)
        self.raw.append(np.ascontiguousarray(value, dtype=_NUMPY_DTYPES[name]).reshape(-1).data)
        return {"t": "ndarray", "dtype": name, "shape": list(value.shape)}

    def tensor(self, torch, value):
        name = str(value.dtype).removeprefix("torch.")
        if value.layout is not torch.strided or value.is_meta or name not in _TORCH_ITEMSIZE:
            what = f"a tensor of dtype `{name}`, layout `{value.layout}` on `{value.device.type}`"
            raise NotAValue(f"{what} cannot be checked: use an ordinary dense tensor")
        self.spend_array(value.shape, _TORCH_ITEMSIZE[name])
        flat = value.detach().cpu().contiguous().resolve_neg().reshape(-1)
        if flat.numel():
            self.raw.append(flat.view(torch.uint8).numpy().data)
        return {"t": "Tensor", "dtype": name, "shape": list(value.shape)}

    def column(self, values, shape):
        """Encode the entries of a Series, Index or block of columns that share one dtype."""
        dtype = getattr(values.dtype, "numpy_dtype", values.dtype)  # pandas wraps plain dtypes
        if isinstance(dtype, np.dtype) and dtype.name in _NUMPY_DTYPES:
            return self.array(values.to_numpy() if hasattr(values, "to_numpy") else values)
        self.spend_array(shape, 1)
        entries = np.asarray(values, dtype=object).reshape(-1).tolist()
        if isinstance(dtype, pd.StringDtype):
            missing = pd.isna(values).reshape(-1).tolist()
            texts = [None if gap else entry for entry, gap in zip(entries, missing, strict=True)]
            return {"t": "str", "v": [self.atom(text) for text in texts]}
        if isinstance(dtype, np.dtype) and dtype.kind == "O":
            return {"t": "object", "v": [self.atom(entry) for entry in entries]}
        raise NotAValue(f"a pandas column of dtype `{dtype}` cannot be checked: {_KINDS}")

    def index(self, value):
        name = self.atom(value.name)
        if type(value) is pd.RangeIndex:
            self.spend_array(value.shape, 1)
            return {"t": "RangeIndex", "v": [value.start, value.stop, value.step], "name": name}
        if type(value) is not pd.Index:
            return _refuse(value, "an index of type")
        return {"t": "Index", "v": self.column(value.array, value.shape), "name": name}

    def series(self, value):
        values, index = self.column(value.array, value.shape), self.index(value.index)
        return {"t": "Series", "v": values, "index": index, "name": self.atom(value.name)}

    def frame(self, value):
        groups = collections.defaultdict(list)
        for place, dtype in enumerate(value.dtypes):
            together = isinstance(dtype, np.dtype) and dtype.name in _NUMPY_DTYPES
            groups[dtype.name if together else (str(dtype), place)].append(place)
        blocks = []
        for places in groups.values():
            if len(places) == 1:
                part = value.iloc[:, places[0]]
                blocks.append([places, self.column(part.array, part.shape)])
            else:
                whole = len(places) == value.shape[1]
                part = value if whole else value.iloc[:, places]
                blocks.append([places, self.array(part.to_numpy())])
        index, columns = self.index(value.index), self.index(value.columns)
        return {"t": "DataFrame", "v": blocks, "index": index, "columns": columns}


class _Decoder(_Budget):
    """JSON tree and bytes to value, in the order of the encoder; one instance a value. Neither is trusted."""

    def __init__(self, raw):
        super().__init__()
        self.rest = raw

    def value(self, node, depth):
        if type(node) in _PLAIN:
            return self.plain(node)
        if type(node) is not dict or depth > MAX_DEPTH:
            raise NotAValue("the bytes hold a stray list, or nest too deep")
        kind = node["t"]
        if kind in ("list", "tuple"):
            parts = [self.value(part, depth + 1) for part in self.parts(node)]
            return parts if kind == "list" else tuple(parts)
        if kind in ("dict", "OrderedDict"):
            pairs = [(self.key(key), self.value(part, depth + 1)) for key, part in self.parts(node)]
            return dict(pairs) if kind == "dict" else collections.OrderedDict(pairs)
        leaves = {
            "text": self.text,
            "ndarray": self.array,
            "Tensor": self.tensor,
            "Index": self.index,
            "RangeIndex": self.index,
            "Series": self.series,
            "DataFrame": self.frame,
        }
        return leaves[kind](node) if kind in leaves else self.atom(node)

    def plain(self, node):
        if type(node) is str:
            node.encode("utf-8")
            self.spend(len(node))
        elif type(node) is int and node.bit_length() > MAX_INT_BITS:
            raise NotAValue("the bytes hold too large an integer")
        return node

    def atom(self, node):
        if type(node) in _PLAIN:
            return self.plain(node)
        if node["t"] == "float" and node["v"] in ("nan", "inf", "-inf"):
            return float(node["v"])
        if node["t"] == "str_" and type(node["v"]) is str:
            return np.str_(self.plain(node["v"]))
        if node["t"] == "scalar" and node["shape"] == []:
            return self.array(node)[()]
        raise NotAValue("the bytes hold an unknown kind")

    def key(self, node):
        if type(node) is dict and node["t"] == "tuple":
            return tuple(self.atom(part) for part in self.parts(node))
        return self.atom(node)

    def parts(self, node):
        if type(node["v"]) is not list or len(node["v"]) > MAX_DIM:
            raise NotAValue("the bytes hold too long a list")
        return node["v"]

    def shape(self, node, itemsize):
        shape = node["shape"]
        if type(shape) is not list or any(type(size) is not int for size in shape):
            raise NotAValue("the bytes hold an impossible shape")
        return tuple(shape), self.spend_array(shape, itemsize)

    def raw(self, node, size):
        """Return the next `size` bytes, a writable copy; there must be as many."""
        if len(self.rest) < size:
            raise NotAValue("the bytes do not fit the shape")
        data, self.rest = bytearray(self.rest[:size]), self.rest[size:]
        if node["dtype"] == "bool" and data and max(data) > 1:
            raise NotAValue("the bytes do not fit the dtype")
        return data

    def array(self, node):
        dtype = _NUMPY_DTYPES[node["dtype"]]
        shape, size = self.shape(node, dtype.itemsize)
        array = np.frombuffer(self.raw(node, size), dtype=dtype).reshape(shape)
        return array.astype(dtype.newbyteorder("="), copy=False)

    def text(self, node):
        parts = node["v"]
        if type(parts) is not list or any(type(part) is not str for part in parts):
            raise NotAValue("the bytes hold no list of texts")
        width = max(map(len, parts), default=1) or 1
        shape, _ = self.shape(node, 4 * width)
        if math.prod(shape) != len(parts):
            raise NotAValue("the bytes do not fit the shape")
        for part in parts:
            part.encode("utf-8")
        return np.array(parts, dtype=f"<U{width}").reshape(shape)

    def tensor(self, node):
        import torch

        shape, size = self.shape(node, _TORCH_ITEMSIZE[node["dtype"]])
        dtype = getattr(torch, node["dtype"])
        data = self.raw(node, size)
        if not size:
            return torch.empty(shape, dtype=dtype)
        return torch.frombuffer(data, dtype=dtype).reshape(shape)

    def column(self, node):
        if node["t"] == "ndarray":
            return self.array(node)
        entries = [self.atom(part) for part in self.parts(node)]
        if node["t"] == "str" and all(entry is None or type(entry) is str for entry in entries):
            return pd.array(entries, dtype=pd.StringDtype(na_value=np.nan))
        if node["t"] == "object":
            column = np.empty(len(entries), dtype=object)
            column[:] = entries
            return column
        raise NotAValue("the bytes hold an unknown column")

    def index(self, node):
        name = self.atom(node["name"])
        if node["t"] == "RangeIndex":
            start, stop, step = (_whole(part) for part in node["v"])
            self.spend_array([len(range(start, stop, step))], 1)
            return pd.RangeIndex(start, stop, step, name=name)
        if node["t"] != "Index":
            raise NotAValue("the bytes hold an unknown index")
        values = self.column(node["v"])
        return pd.Index(values, name=name, dtype=values.dtype)

    def series(self, node):
        values, index = self.column(node["v"]), self.index(node["index"])
        if len(values) != len(index):
            raise NotAValue("the bytes hold a series that does not fit its index")
        name = self.atom(node["name"])
        return pd.Series(values, index=index, name=name, dtype=values.dtype)

    def frame(self, node):
        blocks = [(places, self.column(block)) for places, block in self.parts(node)]
        index, columns = self.index(node["index"]), self.index(node["columns"])
        if len(blocks) == 1 and blocks[0][0] == list(range(len(columns))) and len(columns) > 1:
            return pd.DataFrame(blocks[0][1], index=index, columns=columns, copy=False)
        found = {}
        for places, block in blocks:
            entries = block.T if getattr(block, "ndim", 1) == 2 else [block]
            found.update(zip(map(_whole, places), entries, strict=True))
        if sorted(found) != list(range(len(columns))) or any(
            np.ndim(entries) != 1 or len(entries) != len(index) for entries in found.values()
        ):
            raise NotAValue("the bytes hold a frame that does not fit its labels")
        frame = pd.DataFrame({place: found[place] for place in sorted(found)}, index=index)
        frame.columns = columns
        return frame


def _whole(part):
    if type(part) is not int or part.bit_length() > 63:
        raise NotAValue("the bytes hold no whole number where one belongs")
    return part
