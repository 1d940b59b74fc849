"""A pretend CUDA device: tensors that compute on the CPU and behave as if they lay elsewhere.

A tensor on it says so, is no NumPy array, and does not mix with one on the CPU. Where no GPU is at hand this shows
what would go wrong on one, but for speed and rounding.
"""

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

from autograder.checks import student

CUDA, CPU = torch.device("cuda:0"), torch.device("cpu")
MIXING = {"copy_", "set_", "__set__", "load_state_dict", "swap_tensors", "backward"}
MIXING |= {"__getitem__", "__setitem__", "index_put_", "_fused_adam_", "_foreach_add_"}
"""Functions that take tensors of two devices, or are looked at on their own."""
READING = {"tolist", "item"}


class OnDevice(torch.Tensor):
    """A tensor that claims to lie on the device."""

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: CUDA)
    is_cuda = property(lambda self: True)


def moved(value):
    """The same tensor, on the device; parameters keep their class, and what is no tensor its value."""
    is_plain = isinstance(value, torch.Tensor) and not isinstance(
        value, (OnDevice, torch.nn.Parameter)
    )
    return value.as_subclass(OnDevice) if is_plain else value


def is_on_device(value):
    """Whether a tensor lies there; a parameter does where the data that it was made of did."""
    return isinstance(value, OnDevice)


def names_device(value):
    """Whether an argument asks for the device."""
    return value is not None and torch.device(value).type == "cuda"


class Pretending(TorchFunctionMode):
    """Sends every function of torch through the rules of the device."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs, name = dict(kwargs or {}), getattr(function, "__name__", str(function))
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        is_there = any(map(is_on_device, tensors))
        if name == "__deepcopy__" and is_there:
            return self._deep_copy(*args)
        with torch._C.DisableTorchFunction():
            if function is torch.Tensor.device.__get__:
                return CUDA if is_on_device(args[0]) else CPU
            if function in (torch.Tensor.is_cuda.__get__, torch.Tensor.is_cpu.__get__):
                return is_on_device(args[0]) == (function is torch.Tensor.is_cuda.__get__)
            if name in ("numpy", "__array__") and is_there:
                raise TypeError("can't convert cuda:0 device type tensor to numpy.")
            if name in ("cpu", "cuda"):
                return _copied(args[0], to_device=name == "cuda")
            if name == "to":
                return _to(*args, **kwargs)
            wants_device = is_there
            if "device" in kwargs and kwargs["device"] is not None:
                wants_device = names_device(kwargs["device"])
                kwargs["device"] = CPU
            if is_there and name not in MIXING:
                _refuse_mixing(name, tensors)
            is_indexing = name in ("__getitem__", "__setitem__") and not is_on_device(args[0])
            if is_indexing and any(map(is_on_device, tree_leaves(args[1]))):
                raise RuntimeError("indices should be on the device of the indexed tensor (cpu)")
            found = function(*args, **kwargs)
            if name in READING or not wants_device:
                return found
            return tree_map(moved, found)

    def _deep_copy(self, tensor, memo):
        if id(tensor) not in memo:
            data = tensor.detach().as_subclass(torch.Tensor).clone().as_subclass(OnDevice)
            with self:  # as where a module is moved
                is_parameter = isinstance(tensor, torch.nn.Parameter)
                copy = torch.nn.Parameter(data) if is_parameter else data
                memo[id(tensor)] = copy.requires_grad_(tensor.requires_grad)
        return memo[id(tensor)]


def _plain(value):
    return value.as_subclass(torch.Tensor) if is_on_device(value) else value


def _copied(tensor, to_device):
    if to_device:
        return moved(tensor.clone())
    return tensor.as_subclass(torch.Tensor).clone() if is_on_device(tensor) else tensor


def _to(tensor, *given, **kwargs):
    device = kwargs.pop("device", None)
    rest = []
    for each in given:
        if isinstance(each, (torch.device, str)):
            device = each
        elif isinstance(each, torch.Tensor):
            device = CUDA if is_on_device(each) else CPU
            rest.append(each.dtype)
        else:
            rest.append(each)
    found = tensor.to(*rest, **kwargs) if rest or kwargs else tensor
    if device is None:
        return moved(found) if is_on_device(tensor) else found
    return moved(found) if names_device(device) else found.as_subclass(torch.Tensor)


def _refuse_mixing(name, tensors):
    if any(not is_on_device(tensor) and tensor.dim() > 0 for tensor in tensors):
        raise RuntimeError(
            f"Expected all tensors to be on the same device, but found two: cuda:0 and cpu (in {name})."
        )


def _module_to(module, *given, **kwargs):
    devices = [
        each for each in (*given, kwargs.get("device")) if isinstance(each, (torch.device, str))
    ]
    devices += [
        CUDA if is_on_device(each) else CPU for each in given if isinstance(each, torch.Tensor)
    ]
    if devices and names_device(devices[0]):
        for part in module.modules():
            for name, value in part._parameters.items():
                if value is not None:
                    data = value.detach().as_subclass(OnDevice)
                    part._parameters[name] = torch.nn.Parameter(
                        data, requires_grad=value.requires_grad
                    )
            for name, value in part._buffers.items():
                part._buffers[name] = moved(value)
    return module


def install():
    """Make this process one with a GPU, for good."""
    encode = student.encode
    student.encode = lambda value: encode(
        tree_map(_plain, value)
    )  # to the codec a class of its own is no tensor
    torch.cuda.is_available = lambda: True
    torch.nn.Module.to = _module_to
    Pretending().__enter__()
