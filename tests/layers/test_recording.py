"""`record`: gates, states, masks and outputs of a pass, as the twins have them."""

import pytest
import torch
from replayed import LAYERS, assert_close, inputs, made, numpy, options
from torch import nn

from recdrop_lessons import GRU, LSTM, Bidirectional, Drop, RecdropError, Stack, equations, record, variants


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("kind", LAYERS)
def test_a_trace_is_what_the_twin_computes(kind, go_backwards):
    drops = [Drop("input", 0.3), Drop("hidden", 0.3, shared=()), Drop("output", 0.3)]
    layer = made(kind, drops=drops, go_backwards=go_backwards).double().train()
    x, state = inputs(layer)
    with record(layer) as trace:
        outputs, *_ = layer(x.double(), tuple(s.double() for s in state))
    names = ("h", "c")
    twin = equations.run(
        kind,
        numpy(x)[:, ::-1] if go_backwards else numpy(x),
        *numpy(list(layer.parameters())),
        **dict(zip(names, numpy(state), strict=False)),
        masks=numpy(trace.masks),
        **options(layer),
    )
    assert set(trace.masks) == {"input", "hidden", "output"}
    assert set(trace.gates) == set(layer.gate_names) and set(trace.states) == set(layer.state_names)
    assert torch.equal(trace.output, outputs)
    assert_close(trace.output.detach(), twin.outputs, 1e-12, "output")
    for name in layer.state_names:
        assert_close(trace.states[name].detach(), getattr(twin, name), 1e-12, name)
    for name in layer.gate_names:
        assert_close(trace.gates[name].detach(), twin.gates[name], 1e-12, name)


def test_recording_changes_nothing_and_ends_with_the_block():
    layer = made("LSTM", drops=variants.gal(0.3)).train()
    layer.fast = False  # as while recording, so that the passes agree to the last bit
    x, _ = inputs(layer)
    seed = torch.Generator().manual_seed
    plain = layer(x, generator=seed(0))
    with record(layer) as trace:
        assert trace.gates == {} and trace.output is None
        inside = layer(x, generator=seed(0))
    for ours, theirs in zip(inside, plain, strict=True):
        assert torch.equal(ours, theirs)
    before = trace.output
    layer(x, generator=seed(1))
    assert trace.output is before and layer._listeners == []
    replayed = layer(x, masks=trace.masks)
    assert torch.equal(replayed[0], before)


def test_a_later_pass_replaces_an_earlier_one_and_traces_nest():
    layer = made("GRU")
    layer.fast = False
    x, _ = inputs(layer)
    with record(layer) as outer:
        layer(x)
        with record(layer) as inner:
            layer(2 * x)
        assert torch.equal(inner.output, outer.output)
        layer(x)
    assert not torch.equal(inner.output, outer.output)
    assert torch.equal(outer.output, layer(x)[0])


def test_a_block_that_fails_leaves_no_listener():
    layer = made("LSTM")
    with pytest.raises(ZeroDivisionError), record(layer):
        raise ZeroDivisionError
    assert layer._listeners == []


def test_gradients_flow_into_what_is_recorded():
    layer = made("LSTM")
    x, _ = inputs(layer)
    with record(layer) as trace:
        layer(x)
    (slope,) = torch.autograd.grad(trace.gates["f"].sum(), layer.weight_ih)
    assert slope.any()


def test_a_model_of_several_gives_one_trace_a_layer_in_order():
    torch.manual_seed(0)
    model = Stack(LSTM(2, 3, return_sequences=True), Bidirectional(GRU(3, 4)))
    x = torch.randn(5, 6, 2)
    with record(model) as traces:
        y = model(x)
    assert [set(t.gates) for t in traces] == [set("ifgo"), set("rzn"), set("rzn")]
    assert [tuple(t.output.shape) for t in traces] == [(5, 6, 3), (5, 6, 4), (5, 6, 4)]
    assert torch.equal(torch.cat([t.output[:, -1] for t in traces[1:]], 1), y)
    assert torch.allclose(model(x), y, atol=1e-6)


def test_with_lengths_states_are_held_and_outputs_are_zero_past_the_end():
    layer = made("LSTM")
    x, _ = inputs(layer, steps=4)
    with record(layer) as trace:
        layer(x, lengths=torch.tensor([4, 2]))
    assert torch.equal(trace.states["c"][1, 1], trace.states["c"][1, 3])
    assert not trace.output[1, 2:].any() and trace.output[0].all()


def test_a_model_without_recurrent_layers_is_refused():
    with (
        pytest.raises(RecdropError, match="Sequential with no SimpleRNN, GRU or LSTM"),
        record(nn.Sequential(nn.Linear(2, 2))),
    ):
        pass
