"""The claims of lesson 11, run against Keras, PyTorch and autograd."""

import os
from unittest import mock

import pytest
import torch
from torch import nn

from recdrop_lessons import LSTM, Drop, frameworks, record, variants

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras", reason="the extra `frameworks` brings Keras")

B, T, F, H = 3, 6, 4, 5


def test_keras_masks_its_gradients():
    """The gradient of x is zero just where Keras's mask on x is, and all that comes back is as ours."""
    keras.utils.set_random_seed(0)
    theirs = keras.layers.LSTM(H, dropout=0.5, return_sequences=True)
    theirs.build((None, None, F))
    x, up = torch.randn(B, T, F, requires_grad=True), torch.randn(B, T, H)
    masks = frameworks.keras_masks(theirs, x)
    (dx,) = torch.autograd.grad(theirs(x, training=True), x, up)
    dropped = (masks["input"] == 0).transpose(0, 1).expand(B, T, F)
    assert 0 < dropped.sum() < dropped.numel()
    assert torch.equal(dx == 0, dropped)

    ours = frameworks.from_keras(theirs)
    assert torch.allclose(torch.autograd.grad(ours(x, masks=masks), x, up)[0], dx, atol=1e-6)
    without = torch.autograd.grad(ours(x, masks={"input": torch.ones(1, 1, F)}), x, up)[0]
    assert not torch.allclose(without, dx, atol=1e-3)


@pytest.mark.parametrize("quick", [True, False])
def test_only_cell_masks_are_factors_of_the_direct_path(quick):
    def direct_path(drops):
        torch.manual_seed(0)
        layer = LSTM(F, H, drops=drops, return_state=True).double()
        layer.weight_hh.data.zero_()
        layer.fast = quick
        h, c = torch.zeros(B, H).double(), torch.zeros(B, H).double().requires_grad_()
        x = torch.randn(B, T, F, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        _, _, last = layer(x, (h, c), generator=torch.Generator().manual_seed(2))
        return torch.autograd.grad(last.sum(), c)[0]

    whole = direct_path(())
    for drops in (variants.semeniuta(0.5), Drop("recurrent", 0.5), variants.weight_drop(0.5)):
        assert torch.allclose(direct_path(drops), whole)
    assert (direct_path(variants.moon(0.5)) == 0).any()
    assert direct_path(variants.zoneout(0.5)).mean() > whole.mean()
    assert not torch.allclose(direct_path(variants.gal(0.5)), whole)  # the forget gate reads x


@pytest.mark.parametrize("units", [16, 64])
def test_every_mask_changes_the_product_of_forget_gates(units):
    """Other seeds and widths than the lesson's; sites are compared with the same sharing alone."""

    def forget_product(drops, seed):
        torch.manual_seed(seed)
        layer = LSTM(8, units, drops=drops)
        x = torch.randn(1, 15, 8).expand(100, -1, -1)
        with record(layer) as trace, torch.no_grad():
            layer(x, generator=torch.Generator().manual_seed(3))
        return trace.gates["f"].prod(1)

    plain = [forget_product((), seed) for seed in (11, 12, 13)]

    def changes(*drops):
        masked = [forget_product(drops, seed) for seed in (11, 12, 13)]
        return [float(((m - p).abs() / p).mean()) for m, p in zip(masked, plain, strict=True)]

    semeniuta, on_h = changes(*variants.semeniuta(0.5)), changes(Drop("recurrent", 0.5, shared=()))
    assert min(semeniuta) > 1.2 * max(on_h) > 0.06  # both new at each step
    held, h_held = changes(Drop("candidate", 0.5)), changes(Drop("recurrent", 0.5))
    assert max(min(held), min(h_held)) < min(max(held), max(h_held))  # both held: the ranges overlap
    assert min(held + h_held) > max(semeniuta)  # held is more than new at each step, at either site
    for shared in ((), ("time",)):
        x_and_h = changes(*(Drop(site, 0.5, shared=shared) for site in ("input", "recurrent")))
        assert min(x_and_h) > max(held + h_held)
    assert min(changes(*variants.weight_drop(0.5))) > max(semeniuta)
    assert min(changes(*variants.zoneout(0.5))) > 0.03
    assert min(changes(*variants.moon(0.5))) > 0.05


@pytest.mark.parametrize("factor, accepted", [(1.0, True), (1.0005, True), (1.002, False)])
def test_gradcheck_accepts_a_deviation_of_a_thousandth(factor, accepted):
    class Slope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.y = x.tanh()
            return x.tanh()

        @staticmethod
        def backward(ctx, dy):
            return factor * (1 - ctx.y**2) * dy

    x = torch.tensor([-0.5, 0.2, 1.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(Slope.apply, (x,), raise_exception=False) is accepted


def test_the_kernel_has_no_forward_mode_and_no_transforms():
    layer, x = LSTM(F, H, drops=variants.gal(0.5)), torch.randn(B, T, F)
    masks = layer.sample_masks(B, T)

    def value(x):
        return layer(x, masks=masks).sum()

    asked = (
        lambda: torch.func.grad(value)(x),
        lambda: torch.func.jvp(value, (x,), (x,)),
        lambda: torch.func.jacrev(value)(x),
        lambda: torch.autograd.functional.jacobian(value, x, vectorize=True),
    )
    for ask in asked:
        layer.fast = True
        with pytest.raises(RuntimeError):
            ask()
        layer.fast = False
        ask()


def test_the_torch_backend_refuses_a_mask_and_keras_loops():
    """Behind Masking: asked, refused, and the answer of the layer's own loop comes."""
    layer, x, refusals = keras.layers.LSTM(H), torch.randn(B, T, F), []
    theirs = keras.src.backend.lstm

    def fast(*args, **kwargs):
        try:
            return theirs(*args, **kwargs)
        except NotImplementedError:
            refusals.append(True)
            raise

    with mock.patch.object(keras.src.backend, "lstm", fast):
        plain = layer(x, training=True)
        assert not refusals
        masked = layer(x, mask=torch.ones(B, T, dtype=torch.bool), training=True)
    assert refusals == [True]
    assert torch.allclose(plain, masked, atol=1e-6)


def test_kerass_input_dropout_keeps_its_fast_kernel():
    x = torch.randn(B, T, F)

    def asks_for_the_kernel(**arguments):
        layer = keras.layers.LSTM(H, **arguments)
        with mock.patch.object(keras.src.backend, "lstm", wraps=keras.src.backend.lstm) as kernel:
            layer(x, training=True)
        return kernel.called

    assert asks_for_the_kernel()
    assert asks_for_the_kernel(dropout=0.4)
    assert not asks_for_the_kernel(recurrent_dropout=0.4)
    assert not asks_for_the_kernel(dropout=0.4, recurrent_dropout=0.4)


def test_the_product_with_x_need_not_wait():
    torch.manual_seed(0)
    theirs = nn.LSTM(F, H, batch_first=True)
    x = torch.randn(B, T, F)
    at_once = x @ theirs.weight_ih_l0.T + theirs.bias_ih_l0 + theirs.bias_hh_l0  # (B, T, 4H)
    h, c = torch.zeros(B, H), torch.zeros(B, H)
    for t in range(T):
        i, f, g, o = (at_once[:, t] + h @ theirs.weight_hh_l0.T).chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
    assert torch.allclose(h, theirs(x)[0][:, -1], atol=1e-6)
    # The product with h has to wait: it depends on the first x.
    other = x.clone()
    other[:, 0] += 1
    h_before = theirs(x)[0][:, -2] @ theirs.weight_hh_l0.T
    assert not torch.allclose(theirs(other)[0][:, -2] @ theirs.weight_hh_l0.T, h_before, atol=1e-4)
