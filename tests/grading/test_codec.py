"""Values cross as they are; anything else is an error, never a crash."""

from __future__ import annotations

import socket

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from recdrop_lessons.grading.inside import codec
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed
from recdrop_lessons.grading.inside.transport import SocketTransport


def there_and_back(value: codec.Value) -> codec.Value:
    frame = codec.encode(value)
    header, payload = codec.sizes(frame[: codec.SIZES.size])
    body = frame[codec.SIZES.size :]
    assert len(body) == header + payload
    return codec.decode(body[:header], body[header:])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN)
def test_plain_values_cross_unchanged(value: codec.Value) -> None:
    back = there_and_back(value)
    assert back == value
    assert repr(back) == repr(value)  # 1, 1.0 and True stay apart, tuples stay tuples


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
@pytest.mark.parametrize(
    "shape_of",
    [
        lambda x: x,
        lambda x: x.mT,
        lambda x: x[:, ::2],
        lambda x: x[:1].expand(5, 6),
        lambda x: x[1:, 2:],
        lambda x: x[:0],
        lambda x: x[0, 0],
    ],
    ids=["whole", "transposed", "strided", "expanded", "offset", "empty", "scalar"],
)
def test_tensors_keep_dtype_shape_strides_and_values(dtype: torch.dtype, shape_of: object) -> None:
    tensor = shape_of((torch.arange(30) % 7).reshape(5, 6).to(dtype))
    back = there_and_back({"x": [tensor]})["x"][0]
    assert back.dtype == dtype
    assert back.shape == tensor.shape
    assert back.stride() == tensor.stride()
    assert torch.equal(back, tensor)


def test_nan_and_infinity_cross() -> None:
    tensor = torch.tensor([float("nan"), float("inf"), -0.0])
    assert torch.equal(there_and_back(tensor).view(torch.int32), tensor.view(torch.int32))
    assert there_and_back(float("-inf")) == float("-inf")


def test_a_generator_crosses_as_its_state() -> None:
    generator = torch.Generator().manual_seed(5)
    torch.rand(3, generator=generator)
    back = there_and_back(generator)
    assert torch.equal(torch.rand(4, generator=back), torch.rand(4, generator=generator))


@pytest.mark.parametrize(
    "value, reason",
    [
        (object(), "not a base type"),
        ({1: 2}, "keys are strings"),
        (torch.zeros(2, dtype=torch.complex64), "does not cross"),
        (torch.eye(2).to_sparse(), "does not cross"),
        (torch.zeros(1).expand(1 << 30), "too large"),
        (b"x" * (codec.MAX_PAYLOAD + 1), "at most"),
        (10**5000, "digits"),
    ],
    ids=["object", "keys", "dtype", "sparse", "expanded", "bytes", "digits"],
)
def test_what_is_no_plain_value_is_refused_by_name(value: object, reason: str) -> None:
    with pytest.raises(codec.CodecError, match=reason):
        codec.encode(value)


def test_a_list_that_holds_itself_is_refused() -> None:
    endless: list = []
    endless.append(endless)
    with pytest.raises(codec.CodecError, match="deep"):
        codec.encode(endless)


@pytest.mark.parametrize(
    "header, payload",
    [
        (b"\xff", b""),
        (b"[" * 100_000, b""),
        (b'{"tensor":"float32 2 1"}', b"1234"),  # fewer bytes than its shape needs
        (b'{"tensor":"float32 2 1"}', b"1234567890123456"),  # more
        (b'{"tensor":"float32 1 1"}', b"1234"),  # not filled up
        (b'{"tensor":"float32 2 -1"}', b"12345678"),
        (b'{"tensor":"float32 2.0 1"}', b"12345678"),
        (b'{"tensor":"float32 2, 1,"}', b"12345678"),
        (b'{"tensor":"float32 2 1,1"}', b"12345678"),
        (b'{"tensor":"float32 99999999,99999999 0,0"}', b"1234"),
        (b'{"tensor":"float32 2 99999999"}', b"12345678"),
        (b'{"tensor":"complex64 1 1"}', b"12345678"),
        (b'{"tensor":"float32 ' + b"1" * 200 + b' 1"}', b"1234"),
        (b'{"tensor":"float32 1,1,1,1,1,1,1,1,1 1,1,1,1,1,1,1,1,1"}', b"1234"),
        (b'{"tensor":["float32",[1],[1]]}', b"1234"),
        (b'{"generator":3}', b"abc"),
        (b'{"generator":5056}', b"\xff" * 5056),
        (b'{"pickle":"cos"}', b""),
        (b'{"tuple":[],"dict":{}}', b""),
        (b"{}", b""),
        (b"null", b"left over"),
        (b"1" * 5000, b""),
    ],
)
def test_bytes_that_are_no_value_are_refused(header: bytes, payload: bytes) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode(header, payload)


def test_a_bool_tensor_of_odd_bytes_holds_true_and_false() -> None:
    tensor = codec.decode(b'{"tensor":"bool 3 1"}', bytes([0, 7, 255, 0, 0, 0, 0, 0]))
    assert tensor.view(torch.uint8).tolist() == [0, 1, 1]


def test_announced_sizes_are_bounded_before_memory_is_taken() -> None:
    with pytest.raises(codec.CodecError, match="announced"):
        codec.sizes(codec.SIZES.pack(10, 1 << 60))
    with pytest.raises(codec.CodecError, match="announced"):
        codec.sizes(codec.SIZES.pack(0xFFFFFFFF, 0))


def test_after_a_bad_frame_nothing_more_is_read() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(SocketTransport(ours))
    theirs.sendall(bytes(codec.SIZES.size) + codec.encode([2, torch.ones(3)]))
    with pytest.raises(codec.CodecError, match="no JSON"):
        channel.ask(0, 5)
    with pytest.raises(ChannelClosed):
        channel.ask(0, 5)
    theirs.close()
