"""What lesson 11 says of forget gates, on other seeds and widths, and of what its kernel has not."""

import pytest
import torch

from recdrop_lessons import LSTM, Drop, record, variants

B, T, F, H = 3, 6, 4, 5


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
