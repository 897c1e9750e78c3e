"""Lesson 07: what a penalty does to each gate's weights, on one gate or on all.

`figure(**settings)` is a pure function; `view(**settings)` puts it on the page. A student learns the gates of
a fixed LSTM from its noisy pre-activations: for each gate a regression on x_t and h_{t-1}, penalised like the
weights of a layer, and solved exactly (L2) or by proximal steps (L1).
"""

from __future__ import annotations

from functools import cache
from html import escape
from typing import Any, NamedTuple

import numpy as np

from recdrop_lessons.explorers.frame import Choice, Frame, Settings, Slider, complete
from recdrop_lessons.explorers.view import Explorer
from recdrop_lessons.plots import charts, svg
from recdrop_lessons.plots.style import BLUE, EMBER, GREEN, GREY, INK, PAPER, PURPLE, SKY
from recdrop_lessons.twins import equations as twins

TITLE = "Penalties, gate by gate"
GATES = "ifgo"
NAMES = {"i": "input gate", "f": "forget gate", "g": "candidate", "o": "output gate"}
KERNELS = {"recurrent": "U, recurrent (weight_hh)", "input": "W, input (weight_ih)"}
CONTROLS = (
    Choice(
        "gate", "On the gate", "f", {"all": "all gates at once"} | {k: f"{k}, {v}" for k, v in NAMES.items()}
    ),
    Choice("kernel", "On the matrix", "recurrent", KERNELS),
    Choice("kind", "Penalty", "l2", {"l2": "L2, sum of squares", "l1": "L1, sum of absolute values"}),
    Slider("exponent", "log10 of its factor", value=-1.0, low=-4.0, high=1.0, step=0.25),
)
UNITS, FEATURES, ROWS, STEPS = 6, 5, 24, 12
COLOURS = {"i": (BLUE, None), "f": (EMBER, "9 4"), "g": (GREEN, "3 4"), "o": (PURPLE, "12 4 3 4")}
PATH = np.arange(-4.0, 1.01, 0.25)  # the factors of the curves, as exponents


class Examples(NamedTuple):
    """What the student learns from: z = (x_t, h_{t-1}, 1), (n, F + H + 1), and each gate's target, (n, H)."""

    z: twins.Array
    targets: dict[str, twins.Array]


def view(**settings: Any) -> Explorer:
    """The explorer as a widget, at these settings to begin with."""
    return Explorer(TITLE, CONTROLS, figure, given=settings)


def figure(**settings: Any) -> Frame:
    """Draw the norm of each gate's block without and with the penalty, and over its factor.

    Settings: `gate`, "all", "i", "f", "g" or "o"; `kernel`, "recurrent" or "input"; `kind`, "l2" or "l1";
    `exponent` in [-4, 1], the factor's logarithm to base 10.
    Raises `SettingsError` for a setting out of range.
    """
    s = complete(CONTROLS, settings)
    free = {gate: norm(gate, s["kernel"], 0.0, s["kind"], s["kernel"]) for gate in GATES}
    now = {gate: norm(gate, s["kernel"], _factor(gate, s), s["kind"], s["kernel"]) for gate in GATES}
    factor = 10.0 ** s["exponent"]
    touched = ", ".join(f"{gate} {free[gate]:.2f} to {now[gate]:.2f}" for gate in GATES if _hit(gate, s))
    left = "".join(gate for gate in GATES if not _hit(gate, s))
    status = f"{s['kind'].upper()} with factor {factor:.3g}: norm of {touched}." + (
        f" The other blocks ({', '.join(left)}) stay as they were." if left else " All gates shrink at once."
    )
    return Frame(
        svg.document(svg.beside(_bars(free, now, s), _paths(s)), label=status),
        alt="Left, the norms of the four blocks with the penalty and without it; right, against its factor. "
        + status,
        status=status,
        panel=_panel(s, factor),
        numbers={"free": free, "now": now},
    )


def _hit(gate: str, s: Settings) -> bool:
    return s["gate"] in ("all", gate)


def _factor(gate: str, s: Settings) -> float:
    return 10.0 ** s["exponent"] if _hit(gate, s) else 0.0


@cache
def lesson() -> Examples:
    """Run a fixed LSTM, and take down what its gates read and, with some noise, what they computed."""
    rng = np.random.default_rng(3)
    W = rng.standard_normal((4 * UNITS, FEATURES)) / np.sqrt(FEATURES)  # (4H, F)
    U = 1.5 * rng.standard_normal((4 * UNITS, UNITS)) / np.sqrt(UNITS)  # (4H, H)
    b = np.zeros(4 * UNITS)
    x = rng.standard_normal((ROWS, STEPS, FEATURES))  # (B, T, F)
    h = twins.run("LSTM", x, W, U, b).h  # (B, T, H)
    before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], axis=1)  # (B, T, H): h_{t-1}
    a = x @ W.T + before @ U.T + b + 0.3 * rng.standard_normal((ROWS, STEPS, 4 * UNITS))  # (B, T, 4H)
    z = np.concatenate([x, before, np.ones((ROWS, STEPS, 1))], axis=-1).reshape(-1, FEATURES + UNITS + 1)
    return Examples(z, dict(zip(GATES, np.split(a.reshape(-1, 4 * UNITS), 4, axis=-1), strict=True)))


@cache
def fitted(gate: str, kernel: str, factor: float, kind: str) -> twins.Array:
    """The student's weights of one gate, (F + H + 1, H): least squares with the penalty on one matrix's rows.

    Equation: min 1/n ‖zθ - a‖² + λ ‖θ_kernel‖², or λ Σ|θ_kernel|.
    """
    z, a = lesson().z, lesson().targets[gate]
    G, r = z.T @ z / len(z), z.T @ a / len(z)  # (K, K), (K, H)
    on = np.zeros(len(G))
    on[_rows(kernel)] = factor
    if kind == "l2":
        return np.linalg.solve(G + np.diag(on), r)
    θ = np.linalg.solve(G, r)
    step = 0.5 / np.linalg.eigvalsh(G)[-1]
    for _ in range(300 if factor else 0):  # gradient of the fit, then shrink towards 0
        θ = θ - 2 * step * (G @ θ - r)
        θ = np.sign(θ) * np.maximum(np.abs(θ) - step * on[:, None], 0)
    return θ


def _rows(kernel: str) -> slice:
    """Where in z the matrix's inputs stand."""
    return slice(0, FEATURES) if kernel == "input" else slice(FEATURES, FEATURES + UNITS)


def norm(gate: str, kernel: str, factor: float, kind: str, of: str) -> float:
    """The Euclidean norm of the gate's block of the matrix `of`, with the penalty on `kernel`."""
    return float(np.linalg.norm(fitted(gate, kernel, factor, kind)[_rows(of)]))


def _bars(free: dict[str, float], now: dict[str, float], s: Settings) -> svg.Sheet:
    """Each gate's norm: hollow without the penalty, filled with it."""
    axes = charts.Axes(400, 250, (-0.6, 3.6), (0, 1.15 * max(free.values())))
    letter = "U" if s["kernel"] == "recurrent" else "W"
    labels = {float(k): f"{letter}_{gate}" for k, gate in enumerate(GATES)}
    parts = axes.frame(title=f"Norm of each gate's block of {letter}", x="block", y="norm", x_ticks=labels)
    for k, gate in enumerate(GATES):
        parts.append(axes.bar(float(k), free[gate], width=0.7, colour=PAPER))
        parts.append(axes.bar(float(k), now[gate], width=0.7, colour=EMBER if _hit(gate, s) else SKY))
        x, y = axes.at(float(k), free[gate])
        parts.append(svg.text(x, y - 8, f"{now[gate]:.2f}", size=15, font_weight="bold"))
    parts.append(
        svg.text(
            16,
            348,
            "hollow: without the penalty; dark: gates that it acts on",
            size=15,
            anchor="start",
            fill=GREY,
        )
    )
    return axes.sheet(parts)


def _paths(s: Settings) -> svg.Sheet:
    """Each gate's norm over the penalty's factor."""
    curves = {
        gate: np.array(
            [norm(gate, s["kernel"], 10.0**e if _hit(gate, s) else 0.0, s["kind"], s["kernel"]) for e in PATH]
        )
        for gate in GATES
    }
    axes = charts.Axes(400, 250, (-4, 1), (0, 1.15 * max(float(c.max()) for c in curves.values())))
    labels = {float(e): f"{10.0**e:g}" for e in range(-4, 2)}
    parts = axes.frame(title="Norms over the penalty's factor", x="factor", y="norm", x_ticks=labels)
    lines = [charts.Line(gate, PATH, curve, *COLOURS[gate]) for gate, curve in curves.items()]
    parts += [axes.line(line) for line in lines]
    parts.append(axes.upright(s["exponent"], colour=INK, dash="2 4", width=1.5))
    sheet = axes.sheet(parts)
    return svg.stack(sheet, charts.names(lines, sheet.width), gap=0)


def _panel(s: Settings, factor: float) -> str:
    """The same penalty in this library and in Keras."""
    gate = "" if s["gate"] == "all" else f'gate="{s["gate"]}", '
    ours = f'loss + gate_penalty(lstm, {gate}kernel="{s["kernel"]}", {s["kind"]}={factor:.3g})'
    argument = "recurrent_regularizer" if s["kernel"] == "recurrent" else "kernel_regularizer"
    keras = f"LSTM(units, {argument}={s['kind']}({factor:.3g})) acts on all gates"
    if s["gate"] != "all":
        keras += ", so one gate needs a callable that slices its columns"
    return f"<p>Here: <code>{escape(ours)}</code></p><p>Keras: {escape(keras)}.</p>"
