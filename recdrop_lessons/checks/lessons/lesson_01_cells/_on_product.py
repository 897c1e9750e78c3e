"""1.4 misread as the name invites: `recurrent_activation` as the function of the recurrent product U h."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

from torch import Tensor

from recdrop_lessons.checks.lstm import FUNCTIONS, Function, State


def _on_product(
    input_side: Callable[[Tensor, Tensor, Function], Tensor], gate: str | None, g: str | None, out: str | None
) -> Callable[..., State]:
    """r(hUᵀ) inside the sum; None stands for the argument of that place, a name for a fixed function."""

    def step(
        x: Tensor,
        h: Tensor,
        c: Tensor,
        W: Tensor,
        U: Tensor,
        b: Tensor,
        activation: str,
        recurrent_activation: str,
    ) -> State:
        recurrent = FUNCTIONS[recurrent_activation]
        sums = input_side(x @ W.T, b, FUNCTIONS[activation]) + recurrent(h @ U.T)  # (B, 4H)
        i, f, g_, o = sums.chunk(4, dim=-1)
        on_gate, on_g, on_c = (
            FUNCTIONS[fixed or asked]
            for fixed, asked in ((gate, recurrent_activation), (g, activation), (out, activation))
        )
        c = on_gate(f) * c + on_gate(i) * on_g(g_)
        return on_gate(o) * on_c(c), c

    return step


def on_products() -> Iterator[Callable[..., State]]:
    """Three sums, gates that keep their sigmoid or not, and `activation` at both its places, one or none."""
    input_sides: tuple[Callable[[Tensor, Tensor, Function], Tensor], ...] = (
        lambda product, b, act: product + b,
        lambda product, b, act: act(product) + b,
        lambda product, b, act: act(product + b),
    )
    for side, gate in product(input_sides, ("sigmoid", None)):
        for g, out in ((None, None), (None, "tanh"), ("tanh", "tanh")):
            yield _on_product(side, gate, g, out)
