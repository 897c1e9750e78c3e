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


@pytest.mark.parametrize("wrong", NO_TENSORS)
@pytest.mark.parametrize("name", FLOATS | ANY)
def test_what_is_no_tensor(name, wrong):
    x = torch.randn((FLOATS | ANY)[name][1])
    called(name, x)
    refused(lambda: called(name, NO_TENSORS[wrong](x)))


@pytest.mark.parametrize("wrong", NO_FLOATS | OTHER_FLOATS)
@pytest.mark.parametrize("name", FLOATS)
def test_a_tensor_of_other_numbers(name, wrong):
    if name == "Dropout" and wrong in OTHER_FLOATS:
        pytest.skip("it has no parameters, and takes any floats")
    x = torch.randn(FLOATS[name][1])
    refused(lambda: called(name, (NO_FLOATS | OTHER_FLOATS)[wrong](x)))


@pytest.mark.parametrize("wrong", NO_TENSORS | NO_FLOATS | OTHER_FLOATS)
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("name", RECURRENT)
def test_a_state_of_something_else(name, wrong, fast, grad):
    if wrong == "nothing" and len(RECURRENT[name]().state_names) == 1:
        pytest.skip("no state at all is a right argument")
    layer, x = RECURRENT[name](), torch.randn(B, T, F)
    layer.fast = fast
    good = [torch.randn(B, H) for _ in layer.state_names]
    bad = [*good[:-1], (NO_TENSORS | NO_FLOATS | OTHER_FLOATS)[wrong](good[-1])]
    with torch.set_grad_enabled(grad):
        layer(x, tuple(good))
        refused(lambda: layer(x, tuple(bad)))
        refused(lambda: layer(x, bad[0] if len(bad) == 1 else bad))


LENGTHS = [
    [True, True],
    torch.tensor([True, True]),
    np.array([True, False]),
    [1.0, 2.0],
    ["1", "2"],
    [None, 2],
    [[1], [2, 3]],
    "ab",
    3,
    3.5,
    [0, 1],
    [1, T + 1],
    [1],
]


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("name", [name for name in RECURRENT if name != "BatchNormLSTM"])
def test_lengths_that_are_none(name, lengths):
    layer, x = RECURRENT[name](), torch.randn(B, T, F)
    refused(lambda: layer(x, lengths=lengths), "from 1 to 5")


@pytest.mark.parametrize(
    "lengths", [[5, 2], (5, 2), np.array([5, 2]), torch.tensor([5, 2], dtype=torch.uint8)]
)
@pytest.mark.parametrize("fast", [True, False])
def test_lengths_may_come_as_a_list_or_an_array(lengths, fast):
    layer, x = LSTM(F, H), torch.randn(B, T, F)
    layer.fast = fast
    assert torch.equal(layer(x, lengths=lengths), layer(x, lengths=torch.tensor([5, 2])))


@pytest.mark.parametrize(
    "words", [*NO_TENSORS.values(), lambda v: v.float(), lambda v: v > 0, lambda v: v + 9]
)
def test_words_and_edges_that_are_none(words):
    numbers, x = torch.tensor([[0, 1], [1, 2]]), torch.randn(3, F)
    refused(lambda: Embedding(4, F)(words(numbers)))
    refused(lambda: GATConv(F, H)(x, words(numbers)))
    layer, table = GATConv(F, H), Embedding(4, F)
    for dtype in (torch.int32, torch.uint8):
        assert torch.equal(layer(x, numbers.to(dtype)), layer(x, numbers))
        assert torch.equal(table(numbers.to(dtype)), table(numbers))


@pytest.mark.parametrize("wrong", NO_TENSORS)
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN", "Dropout", "GATConv", "Embedding"])
def test_masks_that_are_none(name, wrong):
    if name == "GATConv":
        layer = GATConv(F, H, drops=Drop("input", 0.3))
        arguments, masks = (torch.randn(2, F), EDGES), layer.sample_masks(2, 4)
    elif name == "Embedding":
        layer = Embedding(4, F, drops=Drop("embedding", 0.3))
        arguments, masks = (torch.tensor([[0, 1]]),), layer.sample_masks(1, 2)
    elif name == "Dropout":
        layer = Dropout(0.3)
        arguments, masks = (torch.randn(B, T, F),), layer.sample_masks(B, T, F)
    else:
        layer = type(RECURRENT[name]())(F, H, drops=Drop("recurrent", 0.3))
        arguments, masks = (torch.randn(B, T, F),), layer.sample_masks(B, T)
    layer(*arguments, masks=masks)
    ((site, mask),) = masks.items()
    refused(lambda: layer(*arguments, masks={site: NO_TENSORS[wrong](mask)}), site)


def test_a_tensor_on_another_device_is_named():
    x = torch.randn(B, T, F)
    refused(lambda: LSTM(F, H).to("meta")(x), "x.to('meta')")
    refused(lambda: LSTM(F, H)(x, tuple(torch.zeros(B, H, device="meta") for _ in "hc")), "on meta as h")
