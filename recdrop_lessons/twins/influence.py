"""Memory: how much of what one step wrote is still in the LSTM's cell later on, for each row of the table.

Hold the gates still, i = 1 and one f for all, and what step 1 writes stays on a straight line in the cell:

    influence_t = ∂c_t / ∂g_1 = w · a_2 · … · a_t

w says how much of it is written, a how much each later step lets stay. A site says of itself whether its mask
multiplies what is written, what is held, or both:

    candidate, writes            w = m          a = f
    cell, writes and holds       w = m          a = m f
    cell, previous value         w = 1 - d      a = d + (1-d) f
    any other                    w = 1          a = f

`measured` runs the NumPy LSTM and does not know these lines; `mean` and `surviving` know nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.twins import equations
from recdrop_lessons.twins.equations import Array

if TYPE_CHECKING:
    from recdrop_lessons.algebra.drops import Drop


TINY = 1e-30  # the complex step subtracts nothing, so it can be as small as one likes


def mean(drops: Iterable[Drop], forget: float, steps: int) -> Array:
    """The expectation over the masks of the influence after 1, …, `steps` steps, the gates held still.

    Shapes: → (T,), float64. `forget`: the forget gate f, 0 < f ≤ 1.
    Equation: E[w] E[a]^{t-1} with a new mask at each step, E[w a^{t-1}] with one per sequence.
    Raises `RecdropError` for Gaussian noise, or a forget gate outside (0, 1].
    """
    return _expected(drops, forget, steps, lambda value: value)


def surviving(drops: Iterable[Drop], forget: float, steps: int) -> Array:
    """The probability that anything of it is left after 1, …, `steps` steps: that the influence is not 0.

    Shapes: → (T,), float64, each in [0, 1]. A mask on c: (1-p)^t, or 1-p where time shares the draw.
    Raises `RecdropError` as `mean` does.
    """
    return _expected(drops, forget, steps, lambda value: float(value != 0))


def measured(
    drops: Iterable[Drop], forget: float, steps: int, masks: Mapping[str, Array], *,
    batch: int = 1, units: int = 16, recurrent: float = 0.0, seed: int = 0,
) -> Array:  # fmt: skip
    """The influence in a pass of the NumPy LSTM: how far c_t moves for each 1 that the candidate g_1 moves.

    Shapes: `masks` as a layer with F = H = `units` draws them for `batch` rows → (B, T, H).
    Equation: c_t(g_1 + iε) = c_t + iε ∂c_t/∂g_1, the complex step, with all units of g_1 moved at once.
    `forget`: the bias of the forget gate is set so that f starts here, 0 < f < 1.
    `recurrent`: 0 holds the gates still. Above 0 the weights U are normal with this standard deviation over
        √H: the gates depend on step 1 through h.
    Raises `RecdropError` for a forget gate outside (0, 1).
    """
    rng, drops = np.random.default_rng(seed), tuple(drops)
    W = np.zeros((4 * units, units))  # (4H, F): x reaches the candidate alone
    W[2 * units : 3 * units] = rng.standard_normal((units, units)) / math.sqrt(units)
    U = recurrent / math.sqrt(units) * rng.standard_normal((4 * units, units))  # (4H, H)
    # i = o = σ(40), which is 1; f as asked; and a bias for g, so that it is nowhere 0
    b = np.repeat([40.0, math.log(_gate(forget, below=1) / (1 - forget)), 0.5, 40.0], units)  # (4H,)
    x = rng.standard_normal((batch, steps, units))  # (B, T, F)
    previous = [drop.site for drop in drops if drop.fill == "previous"]
    g_1 = equations.run("LSTM", x[:, :1], W, U, b, masks=masks, previous=previous).gates["g"][:, 0]  # (B, H)
    # the candidate's mask is the one way in: (1 + iε/g_1) g_1 is g_1 + iε
    into_g = np.ones((steps, batch, units), complex) * masks.get("candidate", 1.0)  # (T, B, H)
    into_g[0] *= 1 + 1j * TINY / g_1
    c = equations.run("LSTM", x, W, U, b, masks={**masks, "candidate": into_g}, previous=previous).c
    assert c is not None  # an LSTM has a cell
    return np.imag(c) / TINY  # (B, T, H)


# ---- how it is done ----


def _expected(drops: Iterable[Drop], forget: float, steps: int, of: Callable[[float], float]) -> Array:
    """Σ over the masks' values of probability × of(influence), (T,); `of` of a product is its product."""
    f, later = _gate(forget), np.arange(steps)  # later: the steps since the write
    on_path = [drop for drop in drops if drop.site.writes or drop.site.holds]
    on_path.sort(key=lambda drop: bool(drop.site.carried))  # zoneout takes what the others have made
    per_sequence = [drop for drop in on_path if "time" in drop.shared]
    per_step = [drop for drop in on_path if "time" not in drop.shared]
    result = np.zeros(steps)
    for probability, drawn in _outcomes(per_sequence):
        write = hold = 0.0
        for each, drawn_now in _outcomes(per_step):
            w, a = _path(on_path, drawn | drawn_now, f)
            write, hold = write + each * of(w), hold + each * of(a)
        result += probability * write * hold**later
    return result


def _outcomes(drops: Sequence[Drop]) -> Iterator[tuple[float, dict[str, float]]]:
    """Every combination of the values that these masks can take, by site, and its probability."""
    for chosen in itertools.product(*map(_values, drops)):
        probabilities, values = zip(*chosen, strict=True) if chosen else ((), ())
        yield math.prod(probabilities), {d.site: v for d, v in zip(drops, values, strict=True)}


def _values(drop: Drop) -> tuple[tuple[float, float], tuple[float, float]]:
    """The two values of a mask, each after its probability."""
    if drop.noise == "gaussian":
        raise RecdropError(
            f"The formula of memory was given {drop.noise} noise at {drop.site!r}; it knows masks of two "
            'values, such as those of noise="bernoulli". `measured` takes any mask.'
        )
    if drop.fill == "previous":
        return (drop.p, 1.0), (1 - drop.p, 0.0)
    return (drop.p, 0.0), (1 - drop.p, 1.0 if drop.noise == "binary" else 1 / (1 - drop.p))


def _path(drops: Sequence[Drop], masks: Mapping[str, float], f: float) -> tuple[float, float]:
    """The w and the a of a step under these masks."""
    write, hold = 1.0, f
    for drop in drops:
        m = masks[drop.site]
        if drop.fill == "previous":
            write, hold = (1 - m) * write, m + (1 - m) * hold
        else:
            write, hold = (m * write if drop.site.writes else write), (m * hold if drop.site.holds else hold)
    return write, hold


def _gate(forget: float, *, below: float | None = None) -> float:
    """Return the forget gate, or refuse it."""
    if not 0 < forget <= 1 or forget == below:
        raise RecdropError(
            f"The forget gate was {forget}; expected 0 < forget {'<' if below else '<='} 1, a gate's value."
        )
    return forget
