"""The NumPy twins: every cell and every site once more, with no torch and nothing of the library.

Each function states the mathematics as a paper would, one line an equation. The tests hold the torch cells
against these, values and gradients, and the explorers compute with them alone.

Conventions: x (B, F), h and c (B, H); W (G·H, F), U (G·H, H), b (G·H,); LSTM blocks i, f, g, o; GRU blocks
r, z, n. Masks are multiplied as they come: tied (B, ·), or (B, G, ·) with one for each gate. Masks over a
sequence have time in front: (T or 1, B or 1, [G,] ·).
Gradients come from `complex_step`, so that no derivative is derived twice by the same hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Masks = Mapping[str, Array]


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + e^{-a}), written as (1 + tanh(a/2)) / 2, which cannot overflow."""
    return (1 + np.tanh(a / 2)) / 2


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda a: np.where(np.real(a) > 0, a, 0 * a),
    "linear": lambda a: a,
}


def affine(v: Array, weight: Array, mask: Array | None, gates: int) -> Array:
    """(m ∘ v) Wᵀ; with one mask per gate, block k reads m_k ∘ v.

    Shapes: v (B, F), weight (G·H, F), mask None, (B, F) or (B, G, F) → (B, G·H).
    """
    if mask is None:
        return v @ weight.T
    if mask.ndim == 2:
        return (v * mask) @ weight.T
    blocks = weight.reshape(gates, -1, weight.shape[-1])  # (G, H, F)
    return np.concatenate([(v * mask[:, k]) @ blocks[k].T for k in range(gates)], axis=-1)  # (B, G·H)


def drop(v: Array, mask: Array | None) -> Array:
    """m ∘ v, or v where there is no mask."""
    return v if mask is None else v * mask


def zoneout(new: Array, old: Array, kept: Array) -> Array:
    """d ∘ old + (1-d) ∘ new (Krueger et al. 2017)."""
    return kept * old + (1 - kept) * new


class TwinStep(NamedTuple):
    """What one step leaves: the states it carries, the output it sends up, and its gates by name."""

    h: Array
    c: Array | None
    output: Array
    gates: dict[str, Array]


def _leave(h_new: Array, h: Array, masks: Masks, previous: Collection[str]) -> tuple[Array, Array]:
    """The sites after the cell: hidden (carried and sent up), then output (sent up only)."""
    if "hidden" in masks:
        h_new = zoneout(h_new, h, masks["hidden"]) if "hidden" in previous else drop(h_new, masks["hidden"])
    return h_new, drop(h_new, masks.get("output"))


def rnn_step(
    x: Array, h: Array, W: Array, U: Array, b: Array, *,
    activation: str = "tanh", masks: Masks | None = None, previous: Collection[str] = (),
) -> TwinStep:  # fmt: skip
    """One step of the simple recurrent net.

    Shapes: x (B, F), h (B, H), W (H, F), U (H, H), b (H,) → h, output (B, H).
    Equation: h' = φ((m_x∘x) Wᵀ + (m_h∘h) (m_U∘U)ᵀ + b).
    Source: Elman 1990.
    """
    m = masks or {}
    # h' = φ(x Wᵀ + h Uᵀ + b)
    h_new = ACTIVATIONS[activation](
        affine(x, W, m.get("input"), 1)
        + affine(h, drop(U, m.get("recurrent_weight")), m.get("recurrent"), 1)
        + b
    )  # (B, H)
    h_new, output = _leave(h_new, h, m, previous)
    return TwinStep(h_new, None, output, {"h": h_new})


def lstm_step(
    x: Array, h: Array, c: Array, W: Array, U: Array, b: Array, *,
    activation: str = "tanh", recurrent_activation: str = "sigmoid",
    masks: Masks | None = None, previous: Collection[str] = (),
) -> TwinStep:  # fmt: skip
    """One step of the LSTM, with a mask at any site.

    Shapes: x (B, F), h and c (B, H), W (4H, F), U (4H, H), b (4H,) → h, c, output (B, H).
    Equation: i, f, o = σ(·), g = φ(·); c' = f∘c + i∘(m_g∘g); h' = o∘φ(c').
    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """
    m = masks or {}
    φ, σ = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    # a = (m_x∘x) Wᵀ + (m_h∘h) (m_U∘U)ᵀ + b
    a = (
        affine(x, W, m.get("input"), 4)
        + affine(h, drop(U, m.get("recurrent_weight")), m.get("recurrent"), 4)
        + b
    )
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)  # (B, H) each
    i, f, g, o = σ(a_i), σ(a_f), φ(a_g), σ(a_o)
    # c' = f∘c + i∘(m_g∘g)                                      the candidate is Semeniuta's site
    c_new = f * c + i * drop(g, m.get("candidate"))
    # c' = m_c∘c'                                               the cell is Moon's
    if "cell" in m and "cell" not in previous:
        c_new = drop(c_new, m["cell"])
    # h' = o∘φ(c')
    h_new = o * φ(c_new)
    # c' = d∘c + (1-d)∘c'                                       zoneout comes after h' has read the new cell
    if "cell" in m and "cell" in previous:
        c_new = zoneout(c_new, c, m["cell"])
    h_new, output = _leave(h_new, h, m, previous)
    return TwinStep(h_new, c_new, output, {"i": i, "f": f, "g": g, "o": o})


def gru_step(
    x: Array, h: Array, W: Array, U: Array, b_w: Array, b_u: Array, *,
    activation: str = "tanh", recurrent_activation: str = "sigmoid", reset_after: bool = True,
    masks: Masks | None = None, previous: Collection[str] = (),
) -> TwinStep:  # fmt: skip
    """One step of the GRU, with a mask at any site.

    Shapes: x (B, F), h (B, H), W (3H, F), U (3H, H), b_w and b_u (3H,) → h, output (B, H).
    Equation: r, z = σ(·); n = φ(x W_nᵀ + b_wn + r∘(h U_nᵀ + b_un)); h' = (1-z)∘(m_g∘n) + z∘h.
    `reset_after=False` puts the reset before the product: n = φ(x W_nᵀ + b_wn + (r∘h) U_nᵀ + b_un).
    The mask on h reaches the gates only, never the update path z∘h.
    Source: Cho et al. 2014; reset after the product as in cuDNN, PyTorch and Keras.
    """
    m = masks or {}
    φ, σ = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    U = drop(U, m.get("recurrent_weight"))
    m_h = m.get("recurrent")
    w_r, w_z, w_n = np.split(affine(x, W, m.get("input"), 3) + b_w, 3, axis=-1)  # (B, H) each
    u_r, u_z, u_n = np.split(affine(h, U, m_h, 3) + b_u, 3, axis=-1)
    r, z = σ(w_r + u_r), σ(w_z + u_z)
    if reset_after:
        n = φ(w_n + r * u_n)
    else:
        H = h.shape[-1]
        into_n = h if m_h is None else h * (m_h if m_h.ndim == 2 else m_h[:, 2])
        n = φ(w_n + (r * into_n) @ U[2 * H :].T + b_u[2 * H :])
    # h' = (1-z)∘(m_g∘n) + z∘h
    h_new = (1 - z) * drop(n, m.get("candidate")) + z * h
    h_new, output = _leave(h_new, h, m, previous)
    return TwinStep(h_new, None, output, {"r": r, "z": z, "n": n})


STEPS: dict[str, Callable[..., TwinStep]] = {"SimpleRNN": rnn_step, "LSTM": lstm_step, "GRU": gru_step}


def masks_at(masks: Masks | None, t: int) -> dict[str, Array]:
    """The masks of step t: one that time shares serves every step, and that of a matrix has no time."""
    return {site: m if m.ndim == 2 else m[t if len(m) > 1 else 0] for site, m in (masks or {}).items()}


class TwinRun(NamedTuple):
    """A cell over time: outputs and states (B, T, H), gates by name (B, T, H)."""

    outputs: Array
    h: Array
    c: Array | None
    gates: dict[str, Array]


def run(
    cell: str, x: Array, *weights: Array, h: Array | None = None, c: Array | None = None,
    masks: Masks | None = None, previous: Collection[str] = (), **options: Any,
) -> TwinRun:  # fmt: skip
    """Carry a cell over a sequence: `run("LSTM", x, W, U, b, masks=…)`.

    Shapes: x (B, T, F); weights as the cell's step takes them; h and c (B, H), zero if None.
    `previous`: the sites whose mask keeps the old value (zoneout).
    Raises KeyError for a cell other than "SimpleRNN", "GRU", "LSTM".
    """
    step, batch, units = STEPS[cell], x.shape[0], weights[1].shape[1]
    dtype = np.result_type(x, *weights)
    h = np.zeros((batch, units), dtype) if h is None else h  # (B, H)
    c = np.zeros((batch, units), dtype) if c is None else c  # (B, H)
    steps: list[TwinStep] = []
    for t in range(x.shape[1]):
        state = (h, c) if cell == "LSTM" else (h,)
        steps.append(step(x[:, t], *state, *weights, masks=masks_at(masks, t), previous=previous, **options))
        h, c = steps[-1].h, steps[-1].c if cell == "LSTM" else c
    return TwinRun(
        np.stack([s.output for s in steps], axis=1),  # (B, T, H), as all of these
        np.stack([s.h for s in steps], axis=1),
        np.stack([s.c for s in steps if s.c is not None], axis=1) if cell == "LSTM" else None,
        {name: np.stack([s.gates[name] for s in steps], axis=1) for name in steps[0].gates},
    )


def complex_step(f: Callable[[Array], Array], v: Array, size: float = 1e-30) -> Array:
    """The gradient of the real scalar f at v, by the complex step: ∂f/∂v_k = Im f(v + iε e_k) / ε.

    Shapes: v any → the same, float64. Exact to rounding, since nothing is subtracted.
    Source: Squire & Trapp 1998.
    """
    v = np.asarray(v, dtype=np.complex128)
    gradient = np.empty(v.shape)
    for k in np.ndindex(v.shape):
        nudged = v.copy()
        nudged[k] += 1j * size
        gradient[k] = np.imag(f(nudged)) / size
    return gradient


def layer_norm(a: Array, gain: Array | float = 1.0, shift: Array | float = 0.0, eps: float = 1e-5) -> Array:
    """gain ∘ (a - μ) / √(v + eps) + shift over the last axis, biased v (Ba et al. 2016)."""
    centred = a - a.mean(-1, keepdims=True)
    return gain * centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + eps) + shift


def layer_norm_lstm_step(
    x: Array, h: Array, c: Array, W: Array, U: Array, b: Array,
    gain_x: Array, gain_h: Array, gain_c: Array, shift_c: Array, eps: float = 1e-5, *,
    masks: Masks | None = None,
) -> TwinStep:  # fmt: skip
    """One step of the LSTM with layer norms; masks at input, recurrent and candidate.

    Shapes: as `lstm_step`; gain_x and gain_h (4H,), gain_c and shift_c (H,).
    Equation: a = LN(x Wᵀ)∘gain_x + LN(h Uᵀ)∘gain_h + b; h' = o∘tanh(LN(c')∘gain_c + shift_c).
    Source: Ba et al. 2016, supplementary equations 20 to 22.
    """
    m = masks or {}
    from_x, from_h = affine(x, W, m.get("input"), 4), affine(h, U, m.get("recurrent"), 4)  # (B, 4H)
    a = layer_norm(from_x, gain_x, eps=eps) + layer_norm(from_h, gain_h, eps=eps) + b
    a_i, a_f, a_g, a_o = np.split(a, 4, axis=-1)  # (B, H) each
    i, f, g, o = sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)
    c_new = f * c + i * drop(g, m.get("candidate"))
    h_new = o * np.tanh(layer_norm(c_new, gain_c, shift_c, eps))
    return TwinStep(h_new, c_new, h_new, {"i": i, "f": f, "g": g, "o": o})


def batch_norm(a: Array, gain: Array | float = 1.0, shift: Array | float = 0.0, eps: float = 1e-5) -> Array:
    """gain ∘ (a - μ) / √(v + eps) + shift over the batch, biased v: a (B, N)."""
    centred = a - a.mean(0)
    return gain * centred / np.sqrt((centred * centred).mean(0) + eps) + shift


def attention_coefficients(z: Array, edges: Array, a_src: Array, a_dst: Array, slope: float = 0.2) -> Array:
    """α (E,): the softmax of leakyReLU(a_src·z_u + a_dst·z_v) over the edges into each target.

    Shapes: z (N, F'), edges (2, E) of source and target, a_src and a_dst (F',).
    Source: Veličković et al. 2018, equation 3.
    """
    source, target = edges
    logits = (z @ a_src)[source] + (z @ a_dst)[target]  # (E,)
    logits = np.where(np.real(logits) > 0, logits, slope * logits)
    highest = np.full(len(z), -np.inf)
    np.maximum.at(highest, target, np.real(logits))
    exps = np.exp(logits - highest[target])
    sums = np.zeros(len(z), exps.dtype)
    np.add.at(sums, target, exps)
    return exps / sums[target]


def gat_head(
    x: Array, edges: Array, W: Array, a_src: Array, a_dst: Array, slope: float = 0.2, *,
    masks: Masks | None = None,
) -> Array:  # fmt: skip
    """One head of graph attention with its three dropout sites; no bias.

    Shapes: x (N, F), W (F', F); masks "input" (N, F), "attention" (E,), "projected" (N, F') → (N, F').
    Equation: z = W (m_x∘x); y_v = Σ_u (m_α∘α)_uv (m_z∘z_u). The dropped α are not renormalised.
    Source: Veličković et al. 2018; dropout sites as in the authors' code.
    """
    m = masks or {}
    z = drop(x, m.get("input")) @ W.T  # (N, F')
    alpha = drop(attention_coefficients(z, edges, a_src, a_dst, slope), m.get("attention"))  # (E,)
    y = np.zeros(z.shape, np.result_type(z, alpha))
    np.add.at(y, edges[1], alpha[:, None] * drop(z, m.get("projected"))[edges[0]])
    return y
