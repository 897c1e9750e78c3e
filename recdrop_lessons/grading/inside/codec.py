"""Plain values to bytes and back: a JSON header and raw tensor bytes. No pickle, base types only.

A frame is two sizes, the header and the payload:

    | header size, 4 bytes | payload size, 8 bytes | JSON header | raw bytes |

The header is the value itself, with `{"tensor": "float32 2,3 3,1"}` (dtype, shape, strides) where a tensor
stands; its bytes are in the payload, filled up to a multiple of eight, so that all tensors of a frame can be
views of one memory.
Whatever arrives is bounded and checked before memory is taken for it: the sender may be hostile.
"""

from __future__ import annotations

import json
import math
import re
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

Value = Any  # None, bool, int, float, str, bytes, tuple, list, dict with str keys, Tensor, Generator

SIZES = struct.Struct("<IQ")
MAX_HEADER = 1 << 22
MAX_PAYLOAD = 1 << 26
MAX_ELEMENTS = 1 << 24  # of one tensor, an expanded one included
MAX_DIMENSIONS = 8
MAX_DEPTH = 16
_ALIGNED = 8  # bytes of the widest dtype

_DTYPES = {"float32": torch.float32, "float64": torch.float64, "int64": torch.int64, "bool": torch.bool}
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_SIZES = r"((?:[0-9]{1,12}(?:,[0-9]{1,12})*)?)"
_LAYOUT = re.compile(f"({'|'.join(_DTYPES)}) {_SIZES} {_SIZES}")
_GENERATOR_BYTES = torch.Generator().get_state().numel()


class CodecError(ValueError):
    """A value that cannot cross, or bytes that are no value. The text says which and why."""


def encode(value: Value, *, max_payload: int = MAX_PAYLOAD) -> bytes:
    """A value as one frame. Raises CodecError where it is too large, too deep or no base type."""
    pieces: list[bytes] = []
    try:
        header = _to_json(_pack(value, pieces, 0)).encode()
    except (ValueError, RecursionError) as error:  # an integer of more digits than Python writes
        raise error if isinstance(error, CodecError) else CodecError(str(error)) from None
    pieces = [part for piece in pieces for part in (piece, b"\0" * (-len(piece) % _ALIGNED))]
    payload = sum(map(len, pieces))
    if len(header) > MAX_HEADER or payload > max_payload:
        size = len(header) + payload
        raise CodecError(f"the value takes {size / 1e6:.0f} MB; at most {max_payload / 1e6:.0f} MB cross")
    return b"".join((SIZES.pack(len(header), payload), header, *pieces))


def sizes(prefix: bytes, *, max_payload: int = MAX_PAYLOAD) -> tuple[int, int]:
    """The header's and the payload's size, as a frame announces them. Raises CodecError beyond bounds."""
    header, payload = SIZES.unpack(prefix)
    if header > MAX_HEADER or payload > max_payload:
        raise CodecError(f"a frame of {header} + {payload} bytes is announced; that is more than may cross")
    return header, payload


def decode(header: bytes | bytearray, payload: bytes | bytearray) -> Value:
    """The value of one frame's two parts. Raises CodecError on anything that `encode` does not make.

    A payload that is a bytearray becomes the tensors' own memory.
    """
    try:
        tree = json.loads(header.decode())
    except (ValueError, RecursionError) as error:
        raise CodecError(f"the header is no JSON: {error}") from None
    pieces = _Pieces(payload if type(payload) is bytearray else bytearray(payload))
    value = _unpack(tree, pieces, 0)
    pieces.check_end()
    return value


def _pack(value: Value, pieces: list[bytes], depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise CodecError(f"the value is nested more than {MAX_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if kind is list:
        return [_pack(item, pieces, depth + 1) for item in value]
    if kind is tuple:
        return {"tuple": [_pack(item, pieces, depth + 1) for item in value]}
    if kind is dict:
        if not all(type(name) is str for name in value):
            raise CodecError("a dict's keys are strings")
        return {"dict": {name: _pack(item, pieces, depth + 1) for name, item in value.items()}}
    if isinstance(value, Tensor):
        return {"tensor": _pack_tensor(value, pieces)}
    if isinstance(value, torch.Generator):
        pieces.append(value.get_state().numpy().tobytes())
        return {"generator": len(pieces[-1])}
    if kind is bytes:
        pieces.append(value)
        return {"bytes": len(value)}
    raise CodecError(f"a {kind.__module__}.{kind.__qualname__} is not a base type")


def _pack_tensor(tensor: Tensor, pieces: list[bytes]) -> str:
    """The tensor's layout; the memory that it spans, gaps included, goes to `pieces`."""
    if tensor.layout != torch.strided or tensor.device.type != "cpu":
        raise CodecError(f"a tensor of {tensor.dtype}, {tensor.layout} on {tensor.device} does not cross")
    text = _written(tensor.dtype, tensor.shape, tensor.stride())
    memory = tensor.detach()
    if not tensor.is_contiguous():
        span = _layout(text).span
        memory = memory.as_strided((span,), (1,), tensor.storage_offset() if span else 0)
    pieces.append(memory.numpy().tobytes())
    return text


@lru_cache(maxsize=1024)
def _written(dtype: torch.dtype, shape: tuple[int, ...], stride: tuple[int, ...]) -> str:
    """A layout as text: "float64 3,5 5,1"."""
    text = f"{_NAMES.get(dtype, dtype)} {','.join(map(str, shape))} {','.join(map(str, stride))}"
    _layout(text)
    return text


@dataclass(frozen=True)
class _Layout:
    """How a tensor lies in the memory that it spans, from its first element to its last."""

    dtype: torch.dtype
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    span: int


@lru_cache(maxsize=1024)
def _layout(text: str) -> _Layout:
    """The layout that a text describes. Raises CodecError where it is none, or takes too much memory."""
    found = _LAYOUT.fullmatch(text) if len(text) < 300 else None
    if found is None:
        raise CodecError(f"a tensor of {text[:80]!r} does not cross")
    shape, stride = (tuple(map(int, one.split(",") if one else ())) for one in found.group(2, 3))
    if len(shape) != len(stride) or len(shape) > MAX_DIMENSIONS or math.prod(shape) > MAX_ELEMENTS:
        raise CodecError(f"a tensor of {text} is too large to cross")
    dtype = _DTYPES[found[1]]
    span = 0 if 0 in shape else 1 + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if span * dtype.itemsize > MAX_PAYLOAD:
        raise CodecError(f"a tensor of {text} is too large to cross")
    return _Layout(dtype, shape, stride, span)


class _Pieces:
    """A payload, taken piece by piece in the order of the header."""

    def __init__(self, raw: bytearray) -> None:
        self._raw, self._at = raw, 0
        self._whole: dict[torch.dtype, Tensor] = {}  # the payload as one row of each dtype

    def take(self, size: Any) -> int:
        """Where the next piece begins."""
        start = self._at
        if type(size) is not int or not 0 <= size <= len(self._raw) - start:
            raise CodecError("a piece that reaches beyond the payload")
        self._at = start + size + -size % _ALIGNED
        return start

    def bytes(self, size: Any) -> bytes:
        start = self.take(size)
        return bytes(self._raw[start : start + size])

    def tensor(self, text: str) -> Tensor:
        layout = _layout(text)
        if layout.span == 0:
            return torch.empty(0, dtype=layout.dtype).as_strided(layout.shape, layout.stride)
        start = self.take(layout.span * layout.dtype.itemsize)
        if layout.dtype is torch.bool:  # any byte may arrive; torch knows only 0 and 1
            memory = torch.frombuffer(self._raw, dtype=torch.uint8, count=layout.span, offset=start).ne(0)
            return memory.as_strided(layout.shape, layout.stride)
        whole = self._whole.get(layout.dtype)
        if whole is None:
            count = len(self._raw) // layout.dtype.itemsize
            whole = self._whole[layout.dtype] = torch.frombuffer(self._raw, dtype=layout.dtype, count=count)
        return whole.as_strided(layout.shape, layout.stride, start // layout.dtype.itemsize)

    def check_end(self) -> None:
        if self._at != len(self._raw):
            raise CodecError("the payload is longer than what the header describes")


def _unpack(tree: Any, pieces: _Pieces, depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise CodecError(f"the value is nested more than {MAX_DEPTH} deep")
    kind = type(tree)
    if tree is None or kind in (bool, int, float, str):
        return tree
    if kind is list:
        return [_unpack(item, pieces, depth + 1) for item in tree]
    if len(tree) != 1:
        raise CodecError("an object of the header holds one tag")
    ((tag, body),) = tree.items()
    if tag == "tensor" and type(body) is str:
        return pieces.tensor(body)
    if tag == "tuple" and type(body) is list:
        return tuple(_unpack(item, pieces, depth + 1) for item in body)
    if tag == "dict" and type(body) is dict:
        return {name: _unpack(item, pieces, depth + 1) for name, item in body.items()}
    if tag == "generator":
        return _unpack_generator(bytearray(pieces.bytes(body)))
    if tag == "bytes":
        return pieces.bytes(body)
    raise CodecError(f"the header holds an unknown tag {tag[:40]!r}")


def _unpack_generator(state: bytearray) -> torch.Generator:
    if len(state) != _GENERATOR_BYTES:
        raise CodecError("a generator's state of the wrong size")
    generator = torch.Generator()
    try:
        generator.set_state(torch.frombuffer(state, dtype=torch.uint8))
    except RuntimeError as error:
        raise CodecError(f"no state of a generator: {error}") from None
    return generator
