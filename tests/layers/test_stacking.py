"""Stacks, both directions, and the layers between: values, masks, lengths, refusals."""

import copy

import pytest
import torch
from replayed import assert_close, numpy, replay
from torch import nn

from recdrop_lessons import (
    GRU,
    LSTM,
    Bidirectional,
    Drop,
    DropError,
    Dropout,
    Embedding,
    MaskError,
    RecdropError,
    RepeatVector,
    ShapeError,
    SimpleRNN,
    Stack,
    TimeDistributed,
    variants,
)

B, T, F, H = 3, 5, 2, 4
KINDS = [SimpleRNN, GRU, LSTM]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def x_of(batch=B, steps=T, features=F, seed=0):
    return torch.randn(batch, steps, features, generator=seeded(seed))


def weights(layer):
    return numpy(list(layer.parameters()))


def assert_refused(error, call, *cures):
    with pytest.raises(error) as caught:
        call()
    assert isinstance(caught.value, RecdropError)
    for cure in cures:
        assert cure in str(caught.value), str(caught.value)


# ---- Bidirectional ----


@pytest.mark.parametrize("lengths", [None, [5, 2, 3]])
@pytest.mark.parametrize("kind", KINDS)
def test_bidirectional_is_two_twins_side_by_side_in_training(kind, lengths):
    torch.manual_seed(0)
    layer = Bidirectional(
        kind(F, H, drops=[Drop("input", 0.3, shared=()), Drop("recurrent", 0.3)], return_sequences=True)
    ).double()
    x = x_of().double()
    masks = layer.sample_masks(B, T, generator=seeded())
    ours = layer(x, masks=masks, lengths=None if lengths is None else torch.tensor(lengths))
    zeros = [torch.zeros(B, H).double().numpy() for _ in layer.forward_layer.state_names]
    ahead, back = (
        replay(one, numpy(x), weights(one), zeros, numpy(masks[name]), lengths)[0]
        for one, name in ((layer.forward_layer, "forward"), (layer.backward_layer, "backward"))
    )
    for b in range(B):
        n = T if lengths is None else lengths[b]
        assert_close(ours[b, :n, :H].detach(), ahead[b, :n], 1e-12, "forward")
        assert_close(ours[b, :n, H:].detach(), back[b, :n][::-1], 1e-12, "backward")
        assert not ours[b, n:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_what_bidirectional_returns(kind):
    torch.manual_seed(0)
    every = Bidirectional(kind(F, H, return_sequences=True, return_state=True))
    outputs, *states = every(x_of())
    n = len(kind.state_names)
    assert outputs.shape == (B, T, 2 * H) and len(states) == 2 * n
    assert torch.equal(states[0], outputs[:, -1, :H]) and torch.equal(states[n], outputs[:, 0, H:])
    last = copy.deepcopy(every)
    for one in (last.forward_layer, last.backward_layer):
        one.return_sequences = one.return_state = False
    assert torch.equal(last(x_of()), torch.cat([states[0], states[n]], 1))
    assert every.hidden_size == 2 * H and every.return_sequences and not last.return_sequences
    assert every.output_shape((None, T, F)) == (None, T, 2 * H)
    assert last.output_shape((None, T, F)) == (None, 2 * H)


def test_the_directions_are_drawn_apart_and_the_given_layer_is_the_forward_one():
    given = LSTM(F, H, drops=variants.gal(0.5))
    layer = Bidirectional(given)
    assert layer.forward_layer is given
    assert not torch.equal(layer.forward_layer.weight_ih, layer.backward_layer.weight_ih)
    masks = layer.sample_masks(B, T, generator=seeded())
    assert not torch.equal(masks["forward"]["recurrent"], masks["backward"]["recurrent"])
    assert torch.equal(layer.train()(x_of(), generator=seeded()), layer(x_of(), masks=masks))


def test_what_bidirectional_refuses():
    cure = "reads forwards (go_backwards=False)"
    assert_refused(RecdropError, lambda: Bidirectional(LSTM(F, H, go_backwards=True)), cure)
    assert_refused(RecdropError, lambda: Bidirectional(nn.LSTM(F, H)), cure)
    layer = Bidirectional(LSTM(F, H, drops=variants.moon(0.2)))
    assert_refused(MaskError, lambda: layer(x_of(), masks={"forward": {}}), '"forward" and "backward"')
    assert_refused(MaskError, lambda: layer(x_of(), masks={"forward": {}, "backward": {}}), "lacks 'cell'")


# ---- Stack ----


def deep_stack():
    torch.manual_seed(0)
    return Stack(
        Dropout(0.2),
        LSTM(F, H, drops=variants.gal(0.3), return_sequences=True),
        Dropout(0.3, shared=("time",)),
        Bidirectional(GRU(H, 3, drops=variants.semeniuta(0.3), return_sequences=True)),
        nn.Tanh(),
        TimeDistributed(nn.Linear(6, 7)),
        Dropout(0.1, noise="gaussian"),
        SimpleRNN(7, 5, drops=variants.locked(0.2)),
        RepeatVector(4),
        Dropout(0.5),
        Stack(LSTM(5, 6, dropout=0.2, recurrent_dropout=0.3, return_sequences=True), Dropout(0.2)),
        nn.Linear(6, 2),
    )


def test_a_stack_draws_what_its_sample_masks_draws():
    stack = deep_stack().train()
    masks = stack.sample_masks(B, T, generator=seeded(3))
    assert len(masks) == len(stack.layers)
    assert masks[0]["output"].shape == (T, B, F) and masks[2]["output"].shape == (1, B, H)
    assert masks[6]["output"].shape == (T, B, 7) and masks[9]["output"].shape == (4, B, 5)
    assert masks[4] == masks[5] == masks[8] == {}
    first = stack(x_of(), generator=seeded(3))
    assert first.shape == (B, 4, 2)
    assert torch.equal(first, stack(x_of(), masks=masks))
    assert not torch.equal(first, stack(x_of(), generator=seeded(4)))
    assert torch.equal(first, stack.eval()(x_of(), masks=masks))
    assert torch.equal(stack(x_of()), stack(x_of()))


def test_a_stack_is_its_layers_one_after_the_other():
    stack = deep_stack().eval()
    x = x_of()
    for layer in stack.layers:
        x = layer(x)
    assert torch.equal(stack(x_of()), x)
    assert torch.equal(Stack(list(stack.layers))(x_of()), x)


def test_lengths_go_to_each_recurrent_layer_until_a_vector_is_repeated():
    torch.manual_seed(0)
    stack = Stack(
        LSTM(F, H, return_sequences=True),
        Stack(Bidirectional(GRU(H, H))),
        RepeatVector(7),
        LSTM(2 * H, H, return_sequences=True),
    )
    x, lengths = x_of(), torch.tensor([5, 1, 3])
    ours = stack(x, lengths=lengths)
    for b, n in enumerate(lengths):
        assert torch.allclose(ours[b], stack(x[b : b + 1, :n])[0], atol=1e-6)


def test_a_stack_of_a_dropout_alone_cannot_know_its_width():
    stack = Stack(Dropout(0.5), nn.Tanh())
    assert_refused(
        MaskError,
        lambda: stack.sample_masks(B, T),
        "layer 0, a Dropout",
        "sample_masks(batch, steps, features)",
    )
    assert stack.features_before == 0
    assert Stack(nn.Tanh(), Stack(TimeDistributed(nn.Linear(9, 3)))).features_before == 9
    assert Stack(Dropout(0.5), Bidirectional(LSTM(F, H))).features_before == F


def test_a_stack_names_the_layer_that_breaks_the_cause_and_the_cure():
    stack = Stack(LSTM(F, H), LSTM(H, H))
    assert_refused(
        ShapeError, lambda: stack(x_of()), "Layer 1 of the stack", "return_sequences=True", "RepeatVector"
    )
    with pytest.raises(ShapeError) as caught:
        stack(x_of())
    assert "Layer 1" in caught.value.cause and "return_sequences=True" in caught.value.cure
    wrong = Stack(LSTM(F, H, return_sequences=True), GRU(H + 1, H))
    assert_refused(ShapeError, lambda: wrong(x_of()), "Layer 1", f"GRU({H}, {H})")
    inner = Stack(nn.Tanh(), Stack(LSTM(F, H), LSTM(H, H)))
    assert_refused(ShapeError, lambda: inner(x_of()), "Layer 1 of the stack", "return_sequences=True")


def test_what_a_stack_refuses():
    assert_refused(RecdropError, lambda: Stack(), "expected one or more layers")
    assert_refused(RecdropError, lambda: Stack(LSTM(F, H), "LSTM"), "expected one or more layers")
    stack = Stack(LSTM(F, H, return_sequences=True), LSTM(H, H))
    assert_refused(MaskError, lambda: stack(x_of(), masks=[{}]), "expected 2, one for each layer")
    returning = Stack(LSTM(F, H, return_sequences=True, return_state=True), LSTM(H, H))
    assert_refused(RecdropError, lambda: returning(x_of()), "return_state=False")


def test_a_stack_is_copied_saved_and_loaded(tmp_path):
    stack = deep_stack().train()
    masks = stack.sample_masks(B, T, generator=seeded())
    expected = stack(x_of(), masks=masks)
    torch.save(stack, tmp_path / "stack.pt")
    loaded = torch.load(tmp_path / "stack.pt", weights_only=False)
    torch.manual_seed(1)
    fresh = deep_stack()
    nn.init.zeros_(fresh.layers[1].weight_ih)
    fresh.load_state_dict(stack.state_dict())
    for other in (copy.deepcopy(stack), loaded, fresh):
        assert torch.equal(other(x_of(), masks=masks), expected)


# ---- TimeDistributed, RepeatVector ----


def test_time_distributed_applies_the_module_to_each_step():
    module = nn.Linear(F, 3)
    ours = TimeDistributed(module)(x_of())
    for t in range(T):
        assert torch.allclose(ours[:, t], module(x_of()[:, t]), atol=1e-6)
    pictures = torch.randn(B, T, 1, 6, 6)
    assert TimeDistributed(nn.Conv2d(1, 2, 3))(pictures).shape == (B, T, 2, 4, 4)
    assert_refused(ShapeError, lambda: TimeDistributed(module)(torch.randn(B, F)), "return_sequences=True")


def test_repeat_vector_hands_the_same_vector_to_each_step():
    x = torch.randn(B, F)
    ours = RepeatVector(4)(x)
    assert ours.shape == (B, 4, F) and all(torch.equal(ours[:, t], x) for t in range(4))
    assert RepeatVector(4).output_shape((None, F)) == (None, 4, F)
    assert_refused(ShapeError, lambda: RepeatVector(4)(x_of()), "return_sequences=False")
    for n in (0, -1, 2.5):
        assert_refused(RecdropError, lambda n=n: RepeatVector(n), "1 or more")


# ---- Dropout ----


def test_dropout_multiplies_by_its_mask_in_training_and_does_nothing_at_evaluation():
    layer, x = Dropout(0.4), x_of()
    masks = layer.sample_masks(B, T, F, generator=seeded())
    assert torch.equal(layer.train()(x, generator=seeded()), x * masks["output"].transpose(0, 1))
    assert torch.equal(layer(x, masks=masks), x * masks["output"].transpose(0, 1))
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(layer(x, masks=masks), x * masks["output"].transpose(0, 1))
    assert not torch.equal(layer.train()(x), layer(x))
    assert layer.output_shape((None, 3, 4)) == (None, 3, 4)


def test_each_sharing_of_dropout_shares_what_it_says():
    x = torch.ones(30, 20, 10)
    # by axis (batch, time, features): along a shared axis all values are equal
    for shared, axes in [((), ()), (("time",), (1,)), (("features",), (2,)), (("batch", "time"), (0, 1))]:
        y = Dropout(0.5, shared=shared).train()(x, generator=seeded())
        for axis in range(3):
            same = bool((y == y.select(axis, 0).unsqueeze(axis)).all())
            assert same == (axis in axes), (shared, axis)


def test_what_dropout_refuses():
    assert_refused(ShapeError, lambda: Dropout(0.5)(torch.randn(B, F)), "torch.nn.Dropout")
    assert_refused(DropError, lambda: Dropout(1.0), "Choose 0 <= p < 1")
    layer = Dropout(0.5).train()
    assert_refused(MaskError, lambda: layer(x_of(), masks={}), "expected 'output' alone")
    assert_refused(MaskError, lambda: layer(x_of(), masks={"input": torch.ones(T, B, F)}), "'output'")
    assert_refused(MaskError, lambda: layer(x_of(), masks={"output": torch.ones(B, F)}), "mask.unsqueeze(0)")
    assert_refused(MaskError, lambda: layer(x_of(), masks={"output": [1.0]}), "torch.as_tensor(mask)")
    assert torch.equal(Dropout(0.0).train()(x_of(), masks={}), x_of())
    assert repr(Dropout(0.5)) == "Dropout(0.5, shared=(), noise='bernoulli')"


# ---- Embedding ----


def test_embedding_drops_word_types_wherever_they_stand():
    torch.manual_seed(0)
    layer = Embedding(50, F, drops=variants.word_type(0.4)).train()
    words = torch.randint(0, 50, (20, 10))
    masks = layer.sample_masks(20, 10, generator=seeded())
    assert masks["embedding"].shape == (50, 1)
    y = layer(words, generator=seeded())
    assert torch.equal(y, layer(words, masks=masks))
    assert torch.allclose(y, (layer.weight * masks["embedding"])[words])
    for word in words.unique():
        assert (y[words == word] == 0).all() == bool(masks["embedding"][word] == 0)
    assert torch.equal(layer.eval()(words), layer.weight[words])
    assert layer.output_shape((None, 10)) == (None, 10, F)


def test_embedding_may_drop_each_number_of_its_matrix():
    layer = Embedding(50, F, drops=Drop("embedding", 0.4)).train()
    masks = layer.sample_masks(2, 3, generator=seeded())
    assert masks["embedding"].shape == (50, F)
    words = torch.randint(0, 50, (4, 6))
    assert torch.allclose(layer(words, masks=masks), (layer.weight * masks["embedding"])[words])


def test_what_embedding_refuses():
    layer = Embedding(10, F, drops=variants.word_type(0.4))
    cure = "whole numbers from 0 to 9"
    assert_refused(RecdropError, lambda: layer(torch.randn(2, 3)), cure)
    assert_refused(RecdropError, lambda: layer(torch.tensor([[10]])), cure)
    assert_refused(RecdropError, lambda: layer(torch.tensor([[-1]])), cure)
    words = torch.zeros(2, 3, dtype=torch.long)
    assert_refused(MaskError, lambda: layer(words, masks={}), "expected 'embedding' alone")
    assert_refused(MaskError, lambda: layer(words, masks={"input": torch.ones(1, 2, 2)}), "'embedding'")
    assert_refused(
        MaskError, lambda: layer(words, masks={"embedding": torch.ones(2, 3)}), "(10, 1)", "(10, 2)"
    )
    assert_refused(DropError, lambda: Embedding(10, F, drops=Drop("input", 0.2)), "It has 'embedding'")
    assert layer(words[:0]).shape == (0, 3, F)
