"""Whatever a layer is given in place of a fitting tensor, it says so in a sentence of its own."""

import numpy as np
import pytest
import torch

from recdrop_lessons import (
    GRU,
    LSTM,
    Bidirectional,
    Drop,
    Dropout,
    Embedding,
    GATConv,
    RecdropError,
    RepeatVector,
    SimpleRNN,
    Stack,
    TimeDistributed,
)
from recdrop_lessons.layers.normalization import BatchNormLSTM, LayerNormLSTM

B, T, F, H = 2, 5, 3, 4
RECURRENT = {
    "SimpleRNN": lambda: SimpleRNN(F, H),
    "GRU": lambda: GRU(F, H),
    "LSTM": lambda: LSTM(F, H),
    "LayerNormLSTM": lambda: LayerNormLSTM(F, H),
    "BatchNormLSTM": lambda: BatchNormLSTM(F, H, max_steps=T),
}
OTHERS = {
    "Bidirectional": (lambda: Bidirectional(LSTM(F, H)), (B, T, F)),
    "Stack": (lambda: Stack(LSTM(F, H)), (B, T, F)),
    "Dropout": (lambda: Dropout(0.2), (B, T, F)),
    "GATConv": (lambda: GATConv(F, H), (B, F)),
}
FLOATS = {name: (make, (B, T, F)) for name, make in RECURRENT.items()} | OTHERS
ANY = {
    "TimeDistributed": (lambda: TimeDistributed(torch.nn.Linear(F, H)), (B, T, F)),
    "RepeatVector": (lambda: RepeatVector(3), (B, F)),
}
EDGES = torch.tensor([[0, 1], [1, 0]])
NO_TENSORS = {
    "a list": lambda v: v.tolist(),
    "an array": lambda v: v.numpy(),
    "a tuple": lambda v: (v, v, v),
    "nothing": lambda v: None,
    "a word": lambda v: "x",
    "a number": lambda v: 3.0,
}
NO_FLOATS = {
    "whole numbers": lambda v: v.long(),
    "booleans": lambda v: v > 0,
    "complex": lambda v: v.to(torch.complex64),
}
OTHER_FLOATS = {"doubles": lambda v: v.double(), "halves": lambda v: v.half()}


def refused(call, *words):
    """The call ends in an error of this library, in one sentence or more, that names what to do."""
    with pytest.raises(RecdropError) as caught:
        call()
    message = str(caught.value)
    assert "; expected" in message or "but has parameters" in message or "Give" in message, message
    assert all(word in message for word in words), message


def called(name, x):
    layer = (FLOATS | ANY)[name][0]()
    return layer(x, EDGES) if isinstance(layer, GATConv) else layer(x)


@pytest.mark.parametrize("name", FLOATS | ANY)
def test_what_is_no_tensor(name):
    x = torch.randn((FLOATS | ANY)[name][1])
    called(name, x)
    for wrong in NO_TENSORS.values():
        refused(lambda wrong=wrong: called(name, wrong(x)))


@pytest.mark.parametrize("name", FLOATS)
def test_a_tensor_of_other_numbers(name):
    x = torch.randn(FLOATS[name][1])
    for wrong in (
        NO_FLOATS if name == "Dropout" else NO_FLOATS | OTHER_FLOATS
    ).values():  # it has no parameters
        refused(lambda wrong=wrong: called(name, wrong(x)))


def test_the_cure_is_named():
    layer, x = LSTM(F, H), torch.ones(B, T, F)
    refused(lambda: layer(x.long()), "Embedding", "x.float()")
    refused(lambda: layer(x > 0), "x.float()")
    refused(lambda: layer(x.double()), "layer.double()")
    refused(lambda: layer(x.numpy()), "torch.as_tensor(x)")
    refused(lambda: layer(LSTM(F, F, return_state=True)(x)), "return_state=False")


@pytest.mark.parametrize("name", RECURRENT)
def test_a_state_of_something_else(name):
    layer, x = RECURRENT[name](), torch.randn(B, T, F)
    good = [torch.randn(B, H) for _ in layer.state_names]
    for what, wrong in (NO_TENSORS | NO_FLOATS | OTHER_FLOATS).items():
        if what == "nothing" and len(good) == 1:
            continue  # no state at all is a right argument
        bad = [*good[:-1], wrong(good[-1])]
        for layer.fast, grad in ((True, False), (False, True)):
            with torch.set_grad_enabled(grad):
                layer(x, tuple(good))
                refused(lambda bad=bad: layer(x, tuple(bad)))
                refused(lambda bad=bad: layer(x, bad[0] if len(bad) == 1 else bad))


LENGTHS = [
    [True, True], torch.tensor([True, True]), np.array([True, False]), [1.0, 2.0], ["1", "2"], [None, 2],
    [[1], [2, 3]], torch.tensor([[1, 2]]), "ab", 3, 3.5, [0, 1], [-1, 2], [1, T + 1], [1],
]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in RECURRENT if name != "BatchNormLSTM"])
def test_lengths_that_are_none(name):
    layer, x = RECURRENT[name](), torch.randn(B, T, F)
    for lengths in LENGTHS:
        refused(lambda lengths=lengths: layer(x, lengths=lengths), "from 1 to 5")


@pytest.mark.parametrize("fast", [True, False])
def test_lengths_may_come_as_a_list_or_an_array(fast):
    layer, x = LSTM(F, H), torch.randn(B, T, F)
    layer.fast = fast
    expected = layer(x, lengths=torch.tensor([5, 2]))
    for lengths in ([5, 2], (5, 2), np.array([5, 2]), torch.tensor([5, 2], dtype=torch.uint8)):
        assert torch.equal(layer(x, lengths=lengths), expected)


def test_words_and_edges_that_are_none():
    numbers, x = torch.tensor([[0, 1], [1, 2]]), torch.randn(3, F)
    layer, table = GATConv(F, H), Embedding(4, F)
    for words in (*NO_TENSORS.values(), lambda v: v.float(), lambda v: v > 0, lambda v: v + 9):
        refused(lambda words=words: table(words(numbers)))
        refused(lambda words=words: layer(x, words(numbers)))
    for dtype in (torch.int32, torch.uint8):
        assert torch.equal(layer(x, numbers.to(dtype)), layer(x, numbers))
        assert torch.equal(table(numbers.to(dtype)), table(numbers))


X = torch.randn(B, T, F)
WITH_MASKS = {
    "LSTM": (LSTM(F, H, drops=Drop("recurrent", 0.3)), (X,), (B, T)),
    "GRU": (GRU(F, H, drops=Drop("recurrent", 0.3)), (X,), (B, T)),
    "SimpleRNN": (SimpleRNN(F, H, drops=Drop("recurrent", 0.3)), (X,), (B, T)),
    "Dropout": (Dropout(0.3), (X,), (B, T, F)),
    "GATConv": (GATConv(F, H, drops=Drop("input", 0.3)), (X[0, :2], EDGES), (2, 4)),
    "Embedding": (Embedding(4, F, drops=Drop("embedding", 0.3)), (torch.tensor([[0, 1]]),), (1, 2)),
}


@pytest.mark.parametrize("name", WITH_MASKS)
def test_masks_that_are_none(name):
    layer, arguments, sizes = WITH_MASKS[name]
    masks = layer.sample_masks(*sizes)
    layer(*arguments, masks=masks)
    ((site, mask),) = masks.items()
    for wrong in NO_TENSORS.values():
        refused(lambda wrong=wrong: layer(*arguments, masks={site: wrong(mask)}), site)


def test_a_tensor_on_another_device_is_named():
    x = torch.randn(B, T, F)
    refused(lambda: LSTM(F, H).to("meta")(x), "x.to('meta')")
    refused(lambda: LSTM(F, H)(x, tuple(torch.zeros(B, H, device="meta") for _ in "hc")), "on meta as h")
