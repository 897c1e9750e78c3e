"""A probe sees the difference: each is shown a framework that does otherwise, and must say so.

The releases of the matrix differ in some facts only. Here Keras, PyTorch and PyG are changed on purpose.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from recdrop_lessons.frameworks import import_keras
from recdrop_lessons.releases.probes import coefficients, pytorch_dropout, pytorch_probes
from recdrop_lessons.releases.probes.asking import Probes, Unexplained, answer

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
keras = import_keras()
pyg_probes = pytest.importorskip("recdrop_lessons.releases.probes.pyg_probes")
from recdrop_lessons.releases.probes import keras_probes, keras_reading, keras_wrapped  # noqa: E402  Keras's backend first


def observed(probes: Probes, fact: str) -> str:
    (probe,) = (one for one in probes if one.fact == fact)
    return answer(probe)[0]


# --- Keras -------------------------------------------------------------------------------------------------

Masks = list[Tensor] | Tensor


def changed_masks(monkeypatch: pytest.MonkeyPatch, kind: str, change: Callable[[Masks], Masks]) -> None:
    """A Keras whose cells draw their masks in another way."""
    cell = getattr(keras.layers, f"{kind}Cell")
    drawn = cell._create_dropout_mask
    monkeypatch.setattr(cell, "_create_dropout_mask", lambda self, *given: change(drawn(self, *given)))


@pytest.mark.parametrize("kind, gates", [("LSTM", 4), ("GRU", 3)])
def test_tied_gates_are_seen(monkeypatch: pytest.MonkeyPatch, kind: str, gates: int) -> None:
    fact = f"{kind}_h_gates(recurrent_dropout=p)"
    assert observed(keras_probes.PROBES, fact) == "one mask per gate"
    changed_masks(monkeypatch, kind, lambda masks: [masks[0]] * gates)
    assert observed(keras_probes.PROBES, fact) == "one mask for all gates"


def test_some_gates_tied_is_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    changed_masks(monkeypatch, "LSTM", lambda masks: [masks[0], masks[0], *masks[2:]])
    assert observed(keras_probes.PROBES, "LSTM_h_gates(recurrent_dropout=p)") == "mixed"


def test_masks_that_drop_nothing_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    changed_masks(monkeypatch, "LSTM", lambda masks: [torch.ones_like(one) for one in masks])
    assert observed(keras_probes.PROBES, "LSTM_h_gates(recurrent_dropout=p)") == "no mask"
    assert observed(keras_probes.PROBES, "LSTM_recurrent_dropout_site") == "nothing"
    assert observed(keras_probes.PROBES, "LSTM_h_time") == "no mask"


def test_a_scale_that_is_not_inverted_is_not_taken_for_dropout(monkeypatch: pytest.MonkeyPatch) -> None:
    changed_masks(monkeypatch, "LSTM", lambda masks: [0.6 * one for one in masks])
    assert (
        observed(keras_probes.PROBES, "LSTM_h_gates(recurrent_dropout=p)") == "a value that no mask explains"
    )


def test_one_mask_for_the_batch_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    changed_masks(monkeypatch, "SimpleRNN", lambda mask: mask[:1].expand_as(mask))
    assert observed(keras_probes.PROBES, "SimpleRNN_examples") == "one mask for the batch"


def test_a_mask_on_the_product_is_not_a_mask_on_x(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two units that read the same number drop together only if the number is dropped."""

    def call(self: Any, x: Tensor, states: list[Tensor], training: bool = False) -> Any:
        a = x @ self.kernel.value + self.bias.value
        if training:
            a = nn.functional.dropout(a, self.dropout)
        h = torch.tanh(a + states[0] @ self.recurrent_kernel.value)
        return h, [h]

    monkeypatch.setattr(keras.layers.SimpleRNNCell, "call", call)
    assert observed(keras_probes.PROBES, "SimpleRNN_dropout_site") == "more than x before its product"


def test_a_training_true_in_the_model_that_predict_keeps_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if `training=True` reached each layer, and as if it reached none."""
    written, own = "predict_drops(Dropout(p))", "predict_drops(its own call)"
    assert observed(keras_probes.PROBES, written) == "does not drop"
    assert observed(keras_probes.PROBES, own) == "drops"
    call = keras.layers.Dropout.call
    for training, said in ((True, "drops"), (False, "does not drop")):
        changed = lambda self, x, training=None, given=training: call(self, x, training=given)  # noqa: E731
        monkeypatch.setattr(keras.layers.Dropout, "call", changed)
        assert observed(keras_probes.PROBES, written) == said
        assert observed(keras_probes.PROBES, own) == said


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("SimpleRNN", "dropout=p"),
        ("LSTM", "RNN(LSTMCell(dropout=p))"),
        ("GRU", "dropout=p, reset_after=False"),
        ("GRU", "RNN(GRUCell(dropout=p))"),
    ],
)
def test_a_new_mask_at_each_step_is_seen(monkeypatch: pytest.MonkeyPatch, kind: str, arguments: str) -> None:
    cell = getattr(keras.layers, f"{kind}Cell")
    fact = f"{kind}_x_time({arguments})"
    assert observed(keras_probes.PROBES, fact) == "one mask for the sequence"
    monkeypatch.setattr(
        cell, "get_dropout_mask", lambda self, x: self.dropout and self._create_dropout_mask(x, self.dropout)
    )
    assert observed(keras_probes.PROBES, fact) == "a new mask at each step"


def test_masks_that_are_never_drawn_again_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Keras 2.15, whose ConvLSTM keeps the masks of its first call, those of an evaluation call too."""
    forgets = keras.layers.RNN._maybe_reset_dropout_masks
    monkeypatch.setattr(keras.layers.RNN, "_maybe_reset_dropout_masks", lambda self, cell: None)
    assert (
        observed(keras_probes.PROBES, "stacked_cells") == "one mask for the sequence, the same at each call"
    )
    said = observed(keras_probes.PROBES, "ConvLSTM1D_dropout")
    assert said == "drops, with the same masks at each call"
    monkeypatch.setattr(keras.layers.RNN, "_maybe_reset_dropout_masks", forgets)
    assert observed(keras_probes.PROBES, "ConvLSTM1D_dropout") == "drops"


def test_a_wrapper_that_drops_in_evaluation_too_is_seen() -> None:
    """As `tf.nn.RNNCellDropoutWrapper`, with one mask for the batch and all calls, or a new one a step."""

    class Wrapped(keras.layers.SimpleRNNCell):
        mask = 2.0 * (torch.arange(keras_reading.N) % 2)

        def call(self, x: Tensor, states: list[Tensor], training: bool = False) -> Any:
            return super().call(x * self.mask, states)

    class Redrawn(Wrapped):
        mask = property(lambda self: 2.0 * (torch.rand(keras_reading.B, keras_reading.N) > 0.5))

    given = {"activation": "linear", "kernel_initializer": "identity", "recurrent_initializer": "zeros"}
    seen = [keras_wrapped.seen_through(one(keras_reading.N, **given)) for one in (Wrapped, Redrawn)]
    whole = "one mask for the sequence and the whole batch, the same at each call, in evaluation mode too"
    assert seen == [whole, "one mask a step, new at each call, in evaluation mode too"]


@pytest.mark.parametrize("argument", ["dropout", "recurrent_dropout"])
def test_a_convolution_that_draws_no_masks_is_seen(monkeypatch: pytest.MonkeyPatch, argument: str) -> None:
    for name in ("get_dropout_mask", "get_recurrent_dropout_mask"):
        monkeypatch.setattr(keras.src.layers.rnn.conv_lstm.ConvLSTMCell, name, lambda self, x: [1.0] * 4)
    assert observed(keras_probes.PROBES, f"ConvLSTM1D_{argument}") == "drops nothing"
    assert observed(keras_probes.PROBES, f"ConvLSTM1D_{argument}_after_evaluation") == "drops nothing"


def test_a_mask_that_the_compiler_keeps_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    assert observed(keras_probes.PROBES, "compiled(Dropout(p))") == "new masks at each call"
    kept = 2.0 * (torch.arange(4) % 2)
    monkeypatch.setattr(keras.layers.Dropout, "call", lambda self, x, training: x * kept if training else x)
    assert observed(keras_probes.PROBES, "compiled(Dropout(p))") == "the same masks at each call"
    monkeypatch.setattr(keras.layers.Dropout, "call", lambda self, x, training: x)
    assert observed(keras_probes.PROBES, "compiled(Dropout(p))") == "no mask"


def test_one_argument_that_acts_in_evaluation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    called = keras.layers.GRUCell.call
    facts = [f"evaluation_values({argument}=p)" for argument in ("dropout", "recurrent_dropout")]
    assert [observed(keras_probes.PROBES, fact) for fact in facts] == ["nothing", "nothing"]

    def call(self: Any, x: Tensor, states: list[Tensor], training: bool = False) -> Any:
        return called(self, x, states, training=self.recurrent_dropout > 0)

    monkeypatch.setattr(keras.layers.GRUCell, "call", call)
    assert [observed(keras_probes.PROBES, fact) for fact in facts] == ["nothing", "the values"]


def test_a_mask_on_the_way_to_the_fused_kernel_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Keras 3.5 to 3.8, which did not look at `training` there."""
    assert observed(keras_probes.PROBES, "LSTM_fused_evaluation") == "x as it is"
    inner = keras.layers.LSTM.inner_loop

    def masked(self: Any, sequences: Tensor, *given: Any, **named: Any) -> Any:
        return inner(self, nn.functional.dropout(sequences), *given, **named)

    monkeypatch.setattr(keras.layers.LSTM, "inner_loop", masked)
    assert observed(keras_probes.PROBES, "LSTM_fused_evaluation") == "x times a mask"


@pytest.mark.parametrize("say", [warnings.warn, logging.getLogger("tensorflow").warning])
def test_a_word_about_cudnn_is_heard(monkeypatch: pytest.MonkeyPatch, say: Callable[[str], None]) -> None:
    fact = "LSTM_cudnn_warning(unroll=True)"
    assert observed(keras_probes.PROBES, fact) == "says nothing"
    made = keras.layers.LSTM.__init__

    def warning(self: Any, *given: Any, **named: Any) -> None:
        say("this layer will not use cuDNN kernels")
        made(self, *given, **named)

    monkeypatch.setattr(keras.layers.LSTM, "__init__", warning)
    assert observed(keras_probes.PROBES, fact) == "warns"


def test_a_masked_update_path_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    called = keras.layers.GRUCell.call

    def call(self: Any, x: Tensor, states: list[Tensor], training: bool = False) -> Any:
        if training:
            states = [states[0] * self.get_recurrent_dropout_mask(states[0])[0]]
        return called(self, x, states, training=training)

    monkeypatch.setattr(keras.layers.GRUCell, "call", call)
    assert observed(keras_probes.PROBES, "GRU_update_path") == "multiplied by the scaled mask at each step"
    assert observed(keras_probes.PROBES, "GRU_recurrent_dropout_site").endswith("and h elsewhere")
    assert observed(keras_probes.PROBES, "GRU_long_sequence") == "above a million"


def test_a_masked_candidate_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Semeniuta's site: with both matrices zero the output still varies."""
    called = keras.layers.LSTMCell.call

    def call(self: Any, x: Tensor, states: list[Tensor], training: bool = False) -> Any:
        h, (_, c) = called(self, x, states, training=training)
        return (nn.functional.dropout(h), [h, c]) if training else (h, [h, c])

    monkeypatch.setattr(keras.layers.LSTMCell, "call", call)
    assert observed(keras_probes.PROBES, "LSTM_without_products") == "the output"


def test_reading_with_factors_says_by_which_each_number_is_multiplied() -> None:
    read = keras_reading.masks("SimpleRNN", "x", [0], dropout=0.5)
    assert set(read.flatten()) == {0.0, 2.0} and read.shape == (8, 1, 2, 1, 24)
    with pytest.raises(Unexplained):
        keras_reading.masks("SimpleRNN", "x", [0], factors=(0, 1), dropout=0.5)


# --- PyTorch -----------------------------------------------------------------------------------------------


class Counting(nn.Module):
    """Counts the steps, then masks: what `pytorch_probes.counted` runs, with a mask of our choice."""

    def __init__(self, mask: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.mask = mask

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        count = x.cumsum(1)
        y = count * self.mask(x)
        return y, torch.stack([count[:, -1], y[:, -1]])


def dropped(over: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A mask with a draw for each element of `over(x)`."""
    return lambda x: nn.functional.dropout(torch.ones_like(over(x)))


@pytest.mark.parametrize(
    ("mask", "fact", "said"),
    [
        (dropped(lambda x: x[:, :1]), "torch_rnn_time", "one mask for the sequence"),
        (dropped(lambda x: x), "torch_rnn_time", "a new mask at each step"),
        (dropped(lambda x: x[:1]), "torch_rnn_examples", "one mask for the batch"),
        (lambda x: 0.7 * torch.ones_like(x), "torch_rnn_dropout_site", "something else"),
    ],
)
def test_other_masks_between_the_layers_are_seen(
    monkeypatch: pytest.MonkeyPatch, mask: Callable[[Tensor], Tensor], fact: str, said: str
) -> None:
    monkeypatch.setattr(pytorch_probes, "see_through", lambda *_, **__: Counting(mask))
    assert observed(pytorch_probes.PROBES, fact) == said


@pytest.mark.parametrize(
    ("module", "redraw", "evaluation"),
    [
        (nn.Dropout(0.5), "a new mask at each call", "turns `nn.Dropout` off"),
        (nn.AlphaDropout(0.0), "no mask", "turns `nn.Dropout` off"),
        (nn.Threshold(2.0, 0.0), "the same mask at each call", "leaves `nn.Dropout` on"),
    ],
)
def test_what_a_compiled_module_does_is_seen(
    monkeypatch: pytest.MonkeyPatch, module: nn.Module, redraw: str, evaluation: str
) -> None:
    monkeypatch.setattr(pytorch_dropout, "captured", lambda: module)
    assert observed(pytorch_probes.PROBES, "torch_compile_redraw") == redraw
    assert observed(pytorch_probes.PROBES, "torch_compile_evaluation") == evaluation


# --- attention ---------------------------------------------------------------------------------------------


def rows(change: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """In place of `pyg_probes.coefficients`: equal coefficients, changed in training."""

    def made(kind: str, edges: Tensor = pyg_probes.GRAPH, *, training: bool = True, p: float = 0.5) -> Tensor:
        n = pyg_probes.N
        whole = torch.full((n, pyg_probes.HEADS, n), 1 / n)  # (receiver, heads, sender)
        return change(whole) if training and p else whole

    return made


def renormalised(whole: Tensor) -> Tensor:
    kept = nn.functional.dropout(whole)
    return kept / kept.sum(-1, keepdim=True)


def by_sender(whole: Tensor) -> Tensor:
    return whole * nn.functional.dropout(torch.ones_like(whole[:1, :1]))


def one_for_all_heads(whole: Tensor) -> Tensor:
    return whole * nn.functional.dropout(torch.ones_like(whole[:, :1]))


def loops_kept(whole: Tensor) -> Tensor:
    kept = nn.functional.dropout(whole)
    for head in range(whole.shape[1]):
        kept[:, head].fill_diagonal_(1 / whole.shape[2])
    return kept


@pytest.mark.parametrize(
    ("change", "fact", "said"),
    [
        (renormalised, "GATConv_site", "scores before the softmax, or renormalised coefficients"),
        (renormalised, "GATConv_row_sums", "each row sums to 1"),
        (lambda whole: 0.5 * nn.functional.dropout(whole), "GATConv_row_sums", "rows do not sum to 1"),
        (by_sender, "GATConv_site", "the senders' features"),
        (one_for_all_heads, "GATConv_heads", "one mask for all"),
        (loops_kept, "GATConv_self_loops", "drops 0% of self-loops"),
        (lambda whole: whole, "GATConv_site", "nothing"),
    ],
)
def test_other_attention_dropout_is_seen(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Tensor], Tensor], fact: str, said: str
) -> None:
    monkeypatch.setattr(pyg_probes, "coefficients", rows(change))
    assert observed(pyg_probes.PROBES, fact) == said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (nn.functional.dropout, "coefficients after the softmax, not renormalised, each head its own"),
        (one_for_all_heads, "coefficients after the softmax, not renormalised, all heads alike"),
        (renormalised, "scores before the softmax"),
        (lambda whole: 0.7 * whole, "something else"),
    ],
)
def test_coefficients_in_words(change: Callable[[Tensor], Tensor], said: str) -> None:
    torch.manual_seed(0)
    assert coefficients.in_words(change(torch.full((20, 2, 20), 1 / 20)).numpy(), 1 / 20) == said


@pytest.mark.parametrize("dropped", [True, False])
def test_returned_weights_are_told_apart(monkeypatch: pytest.MonkeyPatch, dropped: bool) -> None:
    class Layer(nn.Module):
        def forward(self, x: Tensor, edges: Tensor, return_attention_weights: bool) -> Any:
            weights = torch.full((edges.shape[1], pyg_probes.HEADS), 1 / pyg_probes.N)
            return x, (edges, nn.functional.dropout(weights) if dropped else weights)

    monkeypatch.setattr(pyg_probes.torch_geometric.nn, "GATConv", lambda *_, **__: Layer())
    said = "those after dropout" if dropped else "those before dropout"
    assert observed(pyg_probes.PROBES, "GATConv_returned_weights") == said


# --- dropped edges -----------------------------------------------------------------------------------------


class AnewAtEachStep(nn.Module):
    """An APPNP whose every step drops weights of the whole graph."""

    def __init__(self, **_: Any) -> None:
        super().__init__()

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        whole = torch.ones(edges.shape[1])
        for _ in range(3):
            nn.functional.dropout(whole, 0.5, self.training)
        return x


class NeverCached(nn.Module):
    """A GCNConv that looks at the edges that it is given."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__()

    def forward(self, x: Tensor, edges: Tensor) -> Tensor:
        return edges.sum() * x


class DropsWhatComesOut(nn.Module):
    """A GCN whose dropout is after its last layer."""

    def __init__(self, *sizes: int, **_: Any) -> None:
        super().__init__()
        self.out = sizes[-1]

    def forward(self, x: Tensor, _: Tensor) -> Tensor:
        return nn.functional.dropout(x[:, :1].expand(-1, self.out), 0.5, self.training)


@pytest.mark.parametrize(
    ("name", "other", "fact", "said"),
    [
        ("APPNP", AnewAtEachStep, "APPNP_steps", "each step drops edge weights of the whole graph"),
        ("GCNConv", NeverCached, "GCNConv_cached", "the graph given"),
        ("GCN", DropsWhatComesOut, "PyG_GCN_dropout", "node features of the output's width"),
    ],
)
def test_another_dropout_of_a_graph_is_seen(
    monkeypatch: pytest.MonkeyPatch, name: str, other: type, fact: str, said: str
) -> None:
    assert observed(pyg_probes.PROBES, fact) != said
    monkeypatch.setattr(f"torch_geometric.nn.{name}", other)
    assert observed(pyg_probes.PROBES, fact) == said
