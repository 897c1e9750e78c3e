"""What a layer asks of the tensors that it is given: inputs, states, lengths, edges and masks.

The shape of an input is each layer's own subject; here it is whether a value is a tensor, of which numbers,
and where; and the shape of a mask.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.sites import site_named
from recdrop_lessons.support.errors import MaskError, RecdropError

WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def check_tensor(value: object, owner: str, name: str = "x") -> Tensor:
    """Return `value` if it is a tensor, else refuse it; `name` is the argument's."""
    if isinstance(value, tuple) and name == "x":
        raise RecdropError(
            f"{owner} was given a tuple; expected one tensor. If the layer before it has "
            "return_state=True, take the first of what it returns, or give it return_state=False."
        )
    if not isinstance(value, Tensor):
        raise RecdropError(
            f"{owner} was given a {type(value).__name__}{_as(name)}; "
            f"expected a tensor: torch.as_tensor({name})."
        )
    return value


def check_floats(value: object, owner: str, like: Tensor | None = None, name: str = "x") -> Tensor:
    """Return `value` if it is a tensor of floats, of the dtype and the device of the parameter `like`."""
    tensor = check_tensor(value, owner, name)
    if not tensor.is_floating_point():
        cure = "Turn word numbers into vectors with Embedding first; turn measurements into floats with "
        raise RecdropError(
            f"{owner} was given {tensor.dtype}{_as(name)}; expected floats. "
            f"{cure if name == 'x' else 'Turn it into floats with '}{name}.float()."
        )
    if like is not None and tensor.dtype != like.dtype:
        raise RecdropError(
            f"{owner} was given {tensor.dtype}{_as(name)} but has parameters of {like.dtype}; "
            f"convert one of them: {name}.{_converted(like.dtype)}, or layer.{_converted(tensor.dtype)}."
        )
    return tensor if like is None else _check_device(tensor, owner, like, name)


def check_whole(value: object, owner: str, like: Tensor, name: str = "x", *, below: int) -> Tensor:
    """Return `value` if it is a tensor of whole numbers from 0 to `below` - 1, on the device of `like`."""
    tensor, wanted = check_tensor(value, owner, name), f"whole numbers from 0 to {below - 1}"
    if tensor.dtype not in WHOLE:
        raise RecdropError(
            f"{owner} was given {tensor.dtype}{_as(name)}; expected {wanted}. "
            f"If they are whole already: {name}.long()."
        )
    if tensor.numel() and not 0 <= int(tensor.min()) <= int(tensor.max()) < below:
        raise RecdropError(
            f"{owner} was given numbers from {int(tensor.min())} to {int(tensor.max())}{_as(name)}; "
            f"expected {wanted}."
        )
    return _check_device(tensor, owner, like, name)


def whole_numbers(value: Any, like: Tensor) -> Tensor | None:
    """Return a list, an array or a tensor of whole numbers as a tensor on the device of `like`, else None."""
    try:
        tensor = torch.as_tensor(value, device=like.device)
    except (TypeError, ValueError, RuntimeError):
        return None
    return tensor if tensor.dtype in WHOLE else None


def _check_device(tensor: Tensor, owner: str, like: Tensor, name: str) -> Tensor:
    if tensor.device != like.device:
        raise RecdropError(
            f"{owner} was given a tensor on {tensor.device}{_as(name)} but has parameters on {like.device}; "
            f"move one of them: {name}.to({str(like.device)!r}), or layer.to({str(tensor.device)!r})."
        )
    return tensor


def _converted(dtype: torch.dtype) -> str:
    """The call that gives this dtype: `float()`, `double()`."""
    names = {torch.float32: "float()", torch.float64: "double()", torch.float16: "half()"}
    return names.get(dtype, f"to({dtype})")


def _as(name: str) -> str:
    return "" if name == "x" else f" as {name}"


def check_is_tensor(site: str, mask: object) -> None:
    """Refuse a mask that is not a tensor: the NumPy twins' masks are arrays."""
    if not isinstance(mask, Tensor):
        raise MaskError(
            f"The mask {site!r} is a {type(mask).__name__}; expected a tensor: torch.as_tensor(mask)."
        )


def check_mask(site: str, mask: Tensor, expected: tuple[int, ...], gates: int) -> Tensor:
    """Return `mask` if its shape is (T or 1, B or 1, [gates,] units or 1), else raise `MaskError`."""
    check_is_tensor(site, mask)
    branches = site_named(site).per_gate
    per_gate = branches and mask.dim() == len(expected) + 1
    full = (*expected[:2], gates, *expected[2:]) if per_gate else expected
    fits = mask.dim() == len(full) and all(
        have in (1, want) for have, want in zip(mask.shape, full, strict=True)
    )
    if per_gate and fits and mask.shape[2] != gates:
        fits = False
    if not fits:
        steps, batch, units = expected
        also = f", or ({steps} or 1, {batch} or 1, {gates}, {units} or 1) with one mask per gate"
        raise MaskError(
            f"The mask {site!r} has shape {tuple(mask.shape)}; expected ({steps} or 1, {batch} or 1, "
            f"{units} or 1)"
            f"{also if branches else ''}: time, batch, units. "
            "A mask (B, units) for the whole sequence becomes one by mask.unsqueeze(0)."
        )
    return mask


def reverse(x: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return x (B, T, F) with time reversed; with `lengths` (B,) only the valid part, padding left in
    place."""
    if lengths is None:
        return x.flip(1)
    steps = torch.arange(x.shape[1], device=x.device).expand(x.shape[:2])  # (B, T)
    ends = lengths.to(x.device).unsqueeze(1)  # (B, 1)
    source = torch.where(steps < ends, ends - 1 - steps, steps)  # (B, T)
    return x.gather(1, source.unsqueeze(-1).expand_as(x))  # (B, T, F)
