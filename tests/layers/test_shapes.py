"""`trace_shapes`: what enters and leaves each layer is what really does; where it breaks, cause and cure."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from recdrop_lessons import (
    GRU,
    LSTM,
    Bidirectional,
    Dropout,
    Embedding,
    RepeatVector,
    ShapeError,
    SimpleRNN,
    Stack,
    TimeDistributed,
    trace_shapes,
)

B, T, F = 2, 5, 3


def layers():
    return [
        Dropout(0.2),
        LSTM(F, 4, return_sequences=True),
        nn.LayerNorm(4),
        Bidirectional(GRU(4, 6, return_sequences=True)),
        TimeDistributed(nn.Linear(12, 7)),
        nn.Conv1d(T, 8, 1),
        SimpleRNN(7, 9),
        RepeatVector(3),
        nn.Linear(9, 2),
        nn.LSTM(2, 5, batch_first=True),
    ]


@pytest.mark.parametrize(
    "form", [list, lambda ls: Stack(*ls[:-1]), lambda ls: nn.Sequential(*ls), nn.ModuleList]
)
def test_the_table_is_what_really_happens(form):
    model = layers()
    table = trace_shapes(form(model), (B, T, F))
    x = torch.randn(B, T, F)
    for row, layer in zip(table.rows, model, strict=False):
        assert row.enters == tuple(x.shape)
        x = layer.eval()(x)
        x = x[0] if isinstance(x, tuple) else x
        assert row.leaves == tuple(x.shape), row
    assert table.ok and table.output == table.rows[-1].leaves and table.cause is table.cure is None
    assert len(table.rows) >= len(model) - 1


#: Layers of torch that this library does not know, each with a shape that it takes.
FOREIGN = {
    "words": (nn.Embedding(10, 4), (B, T)),
    "bags of words": (nn.EmbeddingBag(10, 4), (B, T)),
    "two axes of words": (nn.Embedding(10, 4), (B, T, 6)),
    "doubles in time": (nn.LSTM(F, 4, batch_first=True).double(), (B, T, F)),
    "convolution": (nn.Conv1d(F, 4, 3), (B, F, 32)),
    "long kernel": (nn.Conv1d(F, 4, 21), (B, F, 32)),
    "pooling": (nn.MaxPool1d(2), (B, F, 32)),
    "pooling to one": (nn.AdaptiveAvgPool1d(1), (B, F, 32)),
    "flat": (nn.Flatten(), (B, T, F)),
    "attention": (nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), (B, T, 4)),
}


def really(layer, shape):
    """The shape that leaves the layer itself."""
    words = isinstance(layer, (nn.Embedding, nn.EmbeddingBag))
    dtype = torch.long if words else next((p.dtype for p in layer.parameters()), torch.float32)
    x = layer.eval()(torch.zeros(shape, dtype=dtype))
    return tuple((x[0] if isinstance(x, tuple) else x).shape)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_runs_is_not_called_broken_and_what_is_open_stays_open(name):
    layer, shape = FOREIGN[name]
    table = trace_shapes([layer], shape)
    assert table.ok and table.output == really(layer, shape), table
    for opened in itertools.product([False, True], repeat=len(shape)):
        asked = tuple(None if is_open else size for is_open, size in zip(opened, shape, strict=True))
        table = trace_shapes([layer], asked)
        if not table.ok:  # only where an axis that the layer fixes was left open
            assert "cannot take the shape" in table.cause
            continue
        larger = tuple(size * 2 if is_open else size for is_open, size in zip(opened, shape, strict=True))
        seen, other = really(layer, shape), really(layer, larger)
        assert table.output == tuple(a if a == b else None for a, b in zip(seen, other, strict=True)), asked


@pytest.mark.parametrize("name", FOREIGN)
def test_batch_and_time_may_be_open_together(name):
    layer, shape = FOREIGN[name]
    time = 2 if isinstance(layer, (nn.Conv1d, nn.MaxPool1d, nn.AdaptiveAvgPool1d)) else 1
    asked = tuple(None if axis in (0, time) else size for axis, size in enumerate(shape))
    assert trace_shapes([layer], asked).ok


def test_words_into_an_lstm_and_open_features_are_no_fault():
    words = trace_shapes(Stack(nn.Embedding(10, F), LSTM(F, 4)), (None, None))
    assert words.ok and words.output == (None, 4)
    flat = trace_shapes([nn.Flatten(), nn.Linear(T * F, 2)], (None, None, F))
    assert flat.ok and flat.output == (None, 2)
    assert trace_shapes([LSTM(F, 4)], (None, T, None)).output == (None, 4)


def test_an_open_batch_stays_open():
    table = trace_shapes(layers(), (None, T, F))
    assert all(row.enters[0] is None and row.leaves[0] is None for row in table.rows)
    assert table.output == (None, 3, 5)


def test_one_layer_is_a_model_too():
    assert trace_shapes(LSTM(F, 4), (B, T, F)).output == (B, 4)
    assert trace_shapes(Bidirectional(LSTM(F, 4)), (B, T, F)).output == (B, 8)
    assert trace_shapes([Embedding(10, 6), LSTM(6, 4)], (None, T)).output == (None, 4)


BROKEN = {
    "no sequences": (
        [LSTM(F, 4), LSTM(4, 5)], 1, "2 dimensions", ["return_sequences=True", "RepeatVector"],
    ),
    "wrong width": ([LSTM(F, 4, return_sequences=True), GRU(5, 5)], 1, "4 features", ["GRU(4, 5)"]),
    "linear": ([LSTM(F, 4), nn.Linear(5, 2)], 1, "4 features", ["Linear(4, 2)"]),
    "repeated": (
        [LSTM(F, 4, return_sequences=True), RepeatVector(3)], 1, "repeats one", ["return_sequences=False"],
    ),
    "distributed": (
        [LSTM(F, 4), TimeDistributed(nn.Linear(4, 2))], 1, "step by step", ["return_sequences=True"],
    ),
    "inside": (
        [LSTM(F, 4, return_sequences=True), TimeDistributed(nn.Linear(5, 2))], 1, "4 features",
        ["Linear(4, 2)"],
    ),
    "both ways": ([Bidirectional(LSTM(F, 4)), LSTM(8, 4)], 1, "2 dimensions", ["return_sequences=True"]),
    "unknown": ([nn.Conv1d(9, 2, 1), LSTM(F, 4)], 0, "Conv1d cannot take", ["Change what stands before it"]),
    "plain dropout": ([LSTM(F, 4), Dropout(0.5)], 1, "(batch, time, features)", ["torch.nn.Dropout"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_where_it_breaks_the_table_says_why_and_what_to_do(name):
    model, where, cause, cures = BROKEN[name]
    table = trace_shapes(model, (B, T, F))
    assert not table.ok and table.output is None
    assert len(table.rows) == where + 1 and table.rows[-1].leaves is None
    assert cause in table.cause
    for cure in cures:
        assert cure in table.cure
    # and it really breaks there
    x = torch.randn(B, T, F)
    for layer in model[:where]:
        x = layer(x)
    with pytest.raises((ShapeError, RuntimeError)):
        model[where](x)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data())
def test_the_table_breaks_exactly_where_the_model_does(data):
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=2, max_size=4))
    model = []
    for a, b in itertools.pairwise(sizes):
        kind = data.draw(st.sampled_from([SimpleRNN, GRU, LSTM]))
        a = a if data.draw(st.integers(0, 5)) else a + 1
        layer = kind(a, b, return_sequences=data.draw(st.booleans()))
        model.append(layer)
        if data.draw(st.booleans()):
            model.append(RepeatVector(2))
    x = torch.randn(2, 3, sizes[0])
    table = trace_shapes(model, tuple(x.shape))
    try:
        y = Stack(*model)(x)
    except ShapeError as error:
        broke = error
    else:
        broke = None
        assert table.ok and table.output == tuple(y.shape)
    if broke is not None:
        assert not table.ok and table.cure == broke.cure
        assert f"Layer {len(table.rows) - 1} " in broke.cause


def test_the_table_reads_as_text_and_as_html():
    good = trace_shapes(Stack(LSTM(F, 4, return_sequences=True), Bidirectional(GRU(4, 5))), (None, T, F))
    text = str(good)
    assert "LSTM(3, 4, return_sequences=True)" in text and "Bidirectional(GRU(4, 5))" in text
    assert "(None, 5, 3)" in text and "(None, 10)" in text and repr(good) == text
    assert "Cause" not in text and good._repr_html_().count("<tr>") == 3
    bad = trace_shapes([LSTM(F, 4), TimeDistributed(nn.Linear(4, 2)), nn.Tanh()], (None, T, F))
    assert "breaks here" in str(bad) and f"Cause: {bad.cause}" in str(bad) and f"Cure: {bad.cure}" in str(bad)
    assert "TimeDistributed(Linear(4, 2))" in str(bad)
    assert "<strong>Cure:</strong>" in bad._repr_html_()
    shaded = trace_shapes([nn.Linear(3, 3), nn.Linear(4, 4)], (B, T, F))
    assert "&" not in str(shaded) and "Linear(3, 4)" in shaded.cure
