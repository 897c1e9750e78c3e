"""Equal to the installed torch.nn: every cell, one layer or several, one direction or both, packed or not."""

import pytest
import torch
from replayed import TOLERANCE, assert_close
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from recdrop_lessons import GRU, LSTM, Bidirectional, SimpleRNN, Stack, variants
from recdrop_lessons.frameworks import from_torch, to_torch

B, T, F, H = 4, 6, 3, 5
OURS = {nn.RNN: SimpleRNN, nn.GRU: GRU, nn.LSTM: LSTM}


def made(kind, dtype=torch.float64, **arguments):
    torch.manual_seed(0)
    return kind(F, H, **{"batch_first": True, **arguments}).to(dtype)


def x_of(dtype=torch.float64):
    return torch.randn(B, T, F, generator=torch.Generator().manual_seed(0)).to(dtype)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", OURS)
def test_values_and_gradients(kind, dtype, layers, bidirectional, fast):
    theirs = made(kind, dtype, num_layers=layers, bidirectional=bidirectional)
    ours = from_torch(theirs)
    for module in ours.modules():
        module.fast = fast
    a, b = x_of(dtype).requires_grad_(), x_of(dtype).requires_grad_()
    out_ours, out_theirs = ours(a), theirs(b)[0]
    assert_close(out_ours.detach(), out_theirs.detach(), TOLERANCE[dtype], "output")
    weigh = torch.randn(out_ours.shape, generator=torch.Generator().manual_seed(1)).to(dtype)
    (out_ours * weigh).sum().backward()
    (out_theirs * weigh).sum().backward()
    assert_close(a.grad, b.grad, TOLERANCE[dtype], "the gradient of x")
    first = ours.layers[0] if isinstance(ours, Stack) else ours
    one = first.forward_layer if bidirectional else first
    for name in ("weight_ih", "weight_hh"):
        grad = getattr(theirs, f"{name}_l0").grad
        assert_close(getattr(one, name).grad, grad, TOLERANCE[dtype], f"the gradient of {name}")


@pytest.mark.parametrize("kind", OURS)
def test_states_in_and_out(kind):
    theirs = made(kind)
    ours = from_torch(theirs)
    ours.return_state = True
    assert type(ours) is OURS[kind]
    start = [torch.randn(B, H).double() for _ in ours.state_names]
    first = tuple(s.unsqueeze(0) for s in start)
    out, last = theirs(x_of(), first if kind is nn.LSTM else first[0])
    a, *states = ours(x_of(), start)
    assert_close(a.detach(), out.detach(), 1e-12, "output")
    for mine, state in zip(states, last if kind is nn.LSTM else (last,), strict=True):
        assert_close(mine.detach(), state[0].detach(), 1e-12, "state")


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", OURS)
def test_packed_sequences_are_our_lengths(kind, layers, bidirectional, fast):
    theirs = made(kind, num_layers=layers, bidirectional=bidirectional)
    ours, lengths = from_torch(theirs), torch.tensor([3, 6, 1, 4])
    for module in ours.modules():
        module.fast = fast
    packed = pack_padded_sequence(x_of(), lengths, batch_first=True, enforce_sorted=False)
    out, last = theirs(packed)
    expected, _ = pad_packed_sequence(out, batch_first=True)
    assert_close(ours(x_of(), lengths=lengths).detach(), expected.detach(), 1e-12, "output")
    top = ours.layers[-1] if isinstance(ours, Stack) else ours
    for one in (top.forward_layer, top.backward_layer) if bidirectional else (top,):
        one.return_sequences = False
    h = last[0] if kind is nn.LSTM else last
    last_valid = torch.cat(list(h[-2:]), -1) if bidirectional else h[-1]
    assert_close(ours(x_of(), lengths=lengths).detach(), last_valid.detach(), 1e-12, "last valid step")


def test_a_relu_net_a_net_without_bias_and_one_with_time_first():
    relu = made(nn.RNN, nonlinearity="relu")
    assert from_torch(relu).activation == "relu"
    assert_close(from_torch(relu)(x_of()).detach(), relu(x_of())[0].detach(), 1e-12)
    assert to_torch(from_torch(relu)).nonlinearity == "relu"
    for kind in OURS:
        plain = made(kind, bias=False)
        assert_close(from_torch(plain)(x_of()).detach(), plain(x_of())[0].detach(), 1e-12)
        time_first = made(kind, batch_first=False)
        theirs = time_first(x_of().transpose(0, 1))[0].transpose(0, 1)
        assert_close(from_torch(time_first)(x_of()).detach(), theirs.detach(), 1e-12)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("kind", OURS)
def test_there_and_back_again(kind, dtype, layers, bidirectional):
    dropout = 0.3 if layers > 1 else 0.0
    theirs = made(kind, dtype, num_layers=layers, bidirectional=bidirectional, dropout=dropout)
    ours = from_torch(theirs)
    again = to_torch(ours)
    assert type(again) is kind and again.dropout == dropout and again.batch_first
    assert (again.num_layers, again.bidirectional) == (layers, bidirectional)
    x, tolerance = x_of(dtype), TOLERANCE[dtype]
    for module in (theirs, ours, again):
        module.eval()
    assert_close(again(x)[0].detach(), theirs(x)[0].detach(), tolerance)
    for name, value in from_torch(again).state_dict().items():
        assert torch.equal(value, ours.state_dict()[name])


def test_our_layers_become_torchs():
    for layer in (LSTM(F, H), GRU(F, H), SimpleRNN(F, H), Bidirectional(LSTM(F, H))):
        module, x = to_torch(layer), x_of(torch.float32)
        out, state = module(x)
        last = layer(x)
        h = state[0] if isinstance(module, nn.LSTM) else state
        assert_close(last.detach(), torch.cat(list(h), -1).detach(), 1e-6)
        assert out.shape[:2] == (B, T)


def see_through(layers, dropout, carry):
    """A relu net whose every layer hands on what it reads (and adds `carry` times its last h)."""
    module = nn.RNN(F, F, num_layers=layers, nonlinearity="relu", batch_first=True, dropout=dropout)
    with torch.no_grad():
        for k in range(layers):
            getattr(module, f"weight_ih_l{k}").copy_(torch.eye(F))
            getattr(module, f"weight_hh_l{k}").copy_(carry * torch.eye(F) if k == 0 else torch.zeros(F, F))
            getattr(module, f"bias_ih_l{k}").zero_(), getattr(module, f"bias_hh_l{k}").zero_()
    return module


def test_ours_drops_between_the_layers_as_torch_does():
    """Layer 0 counts the steps; two masks of p = .5 leave four times the count, or nothing."""
    theirs, batch = see_through(layers=3, dropout=0.5, carry=1.0), 200
    ours, count = from_torch(theirs), torch.arange(1.0, T + 1).view(1, T, 1)
    assert [layer.drops for layer in ours.layers] == [variants.torch_between_layers(0.5)] * 2 + [()]
    for y in (ours.train()(torch.ones(batch, T, F)), theirs.train()(torch.ones(batch, T, F))[0]):
        assert ((y == 0) | (y == 4 * count)).all()
        assert abs((y == 0).double().mean() - 0.75) < 5 * (0.75 * 0.25 / y.numel()) ** 0.5
