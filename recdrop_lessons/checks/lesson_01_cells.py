"""Checks of lesson 01: one step of a SimpleRNN, a GRU and an LSTM, and an LSTM's two activations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations, product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import (
    FUNCTIONS,
    WRONG_ORDERS,
    Function,
    State,
    gates,
    lstm_basics,
    lstm_step,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.parts import Lesson, Misconception, Part

# ---------------------------------------------------------------- 1.1 rnn_step


def rnn_step(x: Tensor, h: Tensor, W: Tensor, U: Tensor, b: Tensor) -> Tensor:
    # h' = tanh(xWᵀ + hUᵀ + b)
    return torch.tanh(x @ W.T + h @ U.T + b)  # (B, H)


def rnn_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Tensor]:
    return {
        "x": draw.normal(B, F),
        "h": draw.normal(B, H, scale=0.7),
        "W": draw.normal(H, F, scale=0.7),
        "U": draw.normal(H, H, scale=0.7),
        "b": draw.normal(H),
    }


RNN_MISCONCEPTIONS = (
    Misconception(
        "bias-forgotten",
        "Your step leaves out the bias: b is added to xWᵀ + hUᵀ before tanh.",
        (
            lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T),
            lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T) + b,
        ),
    ),
    Misconception(
        "weights-transposed",
        "You multiply by the weights as they lie. W is (H, F), outputs first as in PyTorch, so the product "
        "is x @ W.T; U is square and would run either way, and still it is h @ U.T.",
        (
            lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U + b),
            lambda x, h, W, U, b: torch.tanh(x @ W + h @ U.T + b),
            lambda x, h, W, U, b: torch.tanh(x @ W + h @ U + b),
        ),
    ),
    Misconception(
        "weights-swapped",
        "You multiply x by U and h by W. W belongs to the input, U to the old state.",
        (lambda x, h, W, U, b: torch.tanh(x @ U.T + h @ W.T + b),),
    ),
    Misconception(
        "activation-forgotten",
        "Your step stops before the activation: the new state is tanh of the sum, not the sum.",
        (lambda x, h, W, U, b: x @ W.T + h @ U.T + b,),
    ),
    Misconception(
        "wrong-activation",
        "You use another activation than tanh: a SimpleRNN has no gates, so there is no sigmoid in it.",
        (
            lambda x, h, W, U, b: torch.sigmoid(x @ W.T + h @ U.T + b),
            lambda x, h, W, U, b: torch.relu(x @ W.T + h @ U.T + b),
        ),
    ),
    Misconception(
        "activation-before-sum",
        "You apply tanh to each product and then add. There is one tanh, around the whole sum.",
        (
            lambda x, h, W, U, b: torch.tanh(x @ W.T) + torch.tanh(h @ U.T) + b,
            lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + torch.tanh(h @ U.T),
            lambda x, h, W, U, b: torch.tanh(x @ W.T) + torch.tanh(h @ U.T + b),
            lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + torch.tanh(h @ U.T + b),
            lambda x, h, W, U, b: torch.tanh(torch.tanh(x @ W.T + b) + h @ U.T),
            lambda x, h, W, U, b: torch.tanh(x @ W.T + b) + h @ U.T,
        ),
    ),
    Misconception(
        "old-state-ignored",
        "Your new state does not depend on the old one: without h Uᵀ the cell has no memory.",
        (lambda x, h, W, U, b: torch.tanh(x @ W.T + b),),
    ),
    Misconception(
        "old-state-added",
        "You add the old state to the new one. That is a residual connection; a SimpleRNN's new state "
        "replaces the old.",
        (
            lambda x, h, W, U, b: h + torch.tanh(x @ W.T + h @ U.T + b),
            lambda x, h, W, U, b: torch.tanh(x @ W.T + h + b),
            lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + b + h),
        ),
    ),
    Misconception(
        "bias-twice",
        "You add the bias twice. PyTorch's own layers hold two bias vectors; here there is one b.",
        (lambda x, h, W, U, b: torch.tanh(x @ W.T + h @ U.T + 2 * b),),
    ),
)


# ---------------------------------------------------------------- 1.2 lstm_step


def _other_cell(cell: str, output: str = "new") -> Callable[..., State]:
    """The step with another cell, or with an output that reads something else."""

    def step(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> State:
        i, f, g, o = gates(x @ W.T + h @ U.T + b)
        new = f * c + i * g
        kept = {
            "usual": new,
            "i alone": i * g,
            "1 - i for f": (1 - i) * c + i * g,
            "squashed": torch.tanh(new),
        }[cell]
        read = {
            "new": torch.tanh(kept),
            "old": torch.tanh(c),
            "as kept": kept,
            "not squashed": torch.tanh(new),
        }[output]
        return o * read, kept

    return step


def _interleaved(x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor) -> State:
    """Unit by unit, i f g o of each, as if the rows were laid out (H, 4)."""
    blocks = [w.unflatten(0, (-1, 4)).transpose(0, 1).flatten(0, 1) for w in (W, U, b)]
    return lstm_step(x, h, c, *blocks)


LSTM_MISCONCEPTIONS = (
    *lstm_basics(lstm_step),
    Misconception(
        "old-cell-in-output",
        "Your output reads the old cell. The new cell comes first, then h' = o∘tanh(c').",
        (_other_cell("usual", "old"),),
    ),
    Misconception(
        "cell-not-kept",
        "Your new cell forgets the old one wholly: c' = f∘c + i∘g, and you leave out f∘c.",
        (_other_cell("i alone"),),
    ),
    Misconception(
        "coupled-gates",
        "You use 1 - i for the forget gate. That is another cell (coupled gates); the LSTM's f has weights "
        "of its own.",
        (_other_cell("1 - i for f"),),
    ),
    Misconception(
        "tanh-stored",
        "You squash the cell that you keep. tanh(c') is for the output alone; c' goes on as it is.",
        (
            _other_cell("squashed", "as kept"),
            _other_cell("squashed"),
            _other_cell("squashed", "not squashed"),
        ),
    ),
    Misconception(
        "outputs-swapped",
        "You return (c', h'). The order is (h', c').",
        (lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, b)[::-1],),
    ),
    Misconception(
        "state-swapped",
        "You use h where c belongs and c where h belongs: the gates read h, the sum keeps c.",
        (lambda x, h, c, W, U, b: lstm_step(x, c, h, W, U, b),),
    ),
    Misconception(
        "gates-interleaved",
        "You read every fourth row as one gate. The rows come in four blocks of H: first all of i, then "
        "all of f.",
        (_interleaved,),
    ),
    Misconception(
        "bias-forgotten",
        "Your step leaves out the bias b: it is added to xWᵀ + hUᵀ, before the gates.",
        (lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, torch.zeros_like(b)),),
    ),
    Misconception(
        "bias-twice",
        "You add the bias twice. PyTorch's own LSTM holds two bias vectors; here there is one b.",
        (lambda x, h, c, W, U, b: lstm_step(x, h, c, W, U, 2 * b),),
    ),
    Misconception(
        "weights-reshaped",
        "You reshape the weights to make them fit. Reshaping reads the same numbers in another order; what "
        "turns (4H, F) into (F, 4H) is the transpose, W.T.",
        (lambda x, h, c, W, U, b: lstm_step(x, h, c, W.reshape(-1, len(W)).T, U.reshape(-1, len(U)).T, b),),
    ),
)


# ---------------------------------------------------------------- 1.3 gru_step


def gru_step(
    x: Tensor,
    h: Tensor,
    W: Tensor,
    U: Tensor,
    b_w: Tensor,
    b_u: Tensor,
    *,
    order: tuple[int, ...] = (0, 1, 2),
    functions: tuple[Function, ...] = (torch.sigmoid, torch.sigmoid, torch.tanh),
    update: str = "z keeps",
    reset: str = "after the product",
) -> Tensor:
    """The step; the keyword arguments say what a mistake does otherwise."""
    H = h.shape[-1]
    from_x = (x @ W.T + b_w).chunk(3, dim=-1)
    from_h = (h @ U.T + b_u).chunk(3, dim=-1)
    # r = σ(W_r x + U_r h),  z = σ(W_z x + U_z h)
    r = functions[0](from_x[order[0]] + from_h[order[0]])
    z = functions[1](from_x[order[1]] + from_h[order[1]])
    k = order[2]
    rows = slice(k * H, (k + 1) * H)
    # n = tanh(W_n x + r∘(U_n h + b_u))
    inner = {
        "after the product": lambda: from_x[k] + r * from_h[k],
        "before the product": lambda: from_x[k] + (r * h) @ U[rows].T + b_u[rows],
        "forgotten": lambda: from_x[k] + from_h[k],
        "not on the bias": lambda: from_x[k] + r * (h @ U[rows].T) + b_u[rows],
        "on the input too": lambda: r * (from_x[k] + from_h[k]),
        "by z": lambda: from_x[k] + z * from_h[k],
        "inverted": lambda: from_x[k] + (1 - r) * from_h[k],
    }[reset]()
    n = functions[2](inner)
    # h' = (1-z)∘n + z∘h
    return {
        "z keeps": lambda: (1 - z) * n + z * h,
        "z renews": lambda: z * n + (1 - z) * h,
        "old state lost": lambda: (1 - z) * n,
        "candidate whole": lambda: n + z * h,
        "by r": lambda: (1 - r) * n + r * h,
    }[update]()


def gru_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Tensor]:
    return {
        "x": draw.normal(B, F),
        "h": draw.normal(B, H),
        "W": draw.normal(3 * H, F, scale=0.7),
        "U": draw.normal(3 * H, H, scale=0.7),
        "b_w": draw.normal(3 * H),
        "b_u": draw.normal(3 * H),
    }


GRU_MISCONCEPTIONS = (
    Misconception(
        "gate-order",
        "You read the three blocks in another order. Here, as in PyTorch, they lie r, z, n: reset, update, "
        "candidate. (Keras stores z, r, h.)",
        tuple(partial(gru_step, order=order) for order in permutations(range(3)) if order != (0, 1, 2)),
    ),
    Misconception(
        "update-inverted",
        "Your z lets the candidate in; here z keeps the old state: h' = (1-z)∘n + z∘h, as in PyTorch and "
        "Keras. (The first paper on GRUs wrote it the other way round.)",
        (partial(gru_step, update="z renews"),),
    ),
    Misconception(
        "reset-before-product",
        "You reset the state and then multiply by U. Here the reset comes after the product, r∘(h Uᵀ + "
        "b_u), which is what PyTorch does and Keras calls reset_after=True.",
        (partial(gru_step, reset="before the product"),),
    ),
    Misconception(
        "reset-misses-bias",
        "You reset the product but not its bias. b_u stands inside the bracket: r∘(h Uᵀ + b_u).",
        (partial(gru_step, reset="not on the bias"),),
    ),
    Misconception(
        "reset-forgotten",
        "Your candidate does not use r: it sees the whole old state.",
        (partial(gru_step, reset="forgotten"),),
    ),
    Misconception(
        "reset-on-input",
        "You reset the input's part too. r scales only what comes from the old state.",
        (partial(gru_step, reset="on the input too"),),
    ),
    Misconception(
        "gates-exchanged",
        "One gate does the other's work: r resets what the candidate sees of the old state, z mixes the "
        "old state into the new one.",
        (
            partial(gru_step, reset="by z"),
            partial(gru_step, update="by r"),
            partial(gru_step, reset="inverted"),
        ),
    ),
    Misconception(
        "old-state-lost",
        "Your new state lacks a part of the mixture: h' = (1-z)∘n + z∘h, both terms with their weights.",
        (partial(gru_step, update="old state lost"), partial(gru_step, update="candidate whole")),
    ),
    Misconception(
        "wrong-gate-activation",
        "A gate has the wrong activation: r and z are sigmoids, the candidate n is a tanh.",
        tuple(
            partial(gru_step, functions=functions)
            for functions in product((torch.sigmoid, torch.tanh), repeat=3)
            if functions != (torch.sigmoid, torch.sigmoid, torch.tanh)
        ),
    ),
    Misconception(
        "bias-forgotten",
        "You leave out a bias. The GRU has two: b_w goes with xWᵀ, b_u with hUᵀ.",
        (
            lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, b_w, torch.zeros_like(b_u)),
            lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), b_u),
            lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), torch.zeros_like(b_u)),
        ),
    ),
    Misconception(
        "biases-swapped",
        "You add b_u to the input's product and b_w to the state's. Only b_u is inside the bracket that r "
        "scales.",
        (
            lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, b_u, b_w),
            lambda x, h, W, U, b_w, b_u: gru_step(x, h, W, U, torch.zeros_like(b_w), b_w + b_u),
        ),
    ),
)


# ---------------------------------------------------------------- 1.4 lstm_step_with


def lstm_step_with(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    activation: str,
    recurrent_activation: str,
    *,
    candidate: str | None = None,
    output: str | None = None,
    on_gates: tuple[str | None, ...] = (None, None, None),
) -> State:
    """The step; the keyword arguments put another function in one of the five places."""
    i_, f_, o_ = (FUNCTIONS[its or recurrent_activation] for its in on_gates)
    g_, c_ = FUNCTIONS[candidate or activation], FUNCTIONS[output or activation]
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)  # (B, H)
    # c' = σ(f)∘c + σ(i)∘φ(g),  h' = σ(o)∘φ(c')
    c = f_(f) * c + i_(i) * g_(g)
    return o_(o) * c_(c), c


def with_cases(draw: Draw) -> Iterator[Case]:
    """Every function in both roles, over the sizes; two different ones at once, so that the roles show."""
    names = list(FUNCTIONS)
    pairs = [(a, r) for a in names for r in names if a != r]
    order = torch.randperm(len(pairs), generator=draw.torch).tolist()
    pairs = [("relu", "sigmoid"), *(pairs[k] for k in order), ("tanh", "sigmoid"), ("relu", "relu")]
    plain = list(step_cases(draw, step_arguments))
    for k, (activation, recurrent) in enumerate(pairs):
        case = plain[k % len(plain)] if k else plain[0]
        named = {"activation": activation, "recurrent_activation": recurrent}
        label = f"{case.label}, activation={activation!r}, recurrent_activation={recurrent!r}"
        yield Case(label, case.arguments | named)


def _with(**places: str | tuple[str | None, ...]) -> Callable[..., State]:
    """The step with "activation" or "recurrent_activation", or a fixed function, put in named places."""

    def step(activation: str, recurrent_activation: str, **given: Any) -> State:
        names: dict[str, Any] = {"activation": activation, "recurrent_activation": recurrent_activation}

        def named(place: str | None) -> str | None:
            return names.get(place, place) if place else None

        put: dict[str, Any] = {
            where: tuple(named(place) for place in what) if isinstance(what, tuple) else named(what)
            for where, what in places.items()
        }
        return lstm_step_with(**given, **names, **put)

    return step


def _some_gates(function: str) -> tuple[Callable[..., State], ...]:
    """One function in one, two or all three gates: seven ways."""
    some = (its for its in product((None, function), repeat=3) if any(its))
    return tuple(_with(on_gates=its) for its in some)


def _on_top(activation: str, recurrent_activation: str, **given: Any) -> State:
    """The usual step, with the activation put on its result."""
    h, c = lstm_step(**given)
    return FUNCTIONS[activation](h), c


def _reordered(order: tuple[int, ...]) -> Callable[..., State]:
    def step(W: Tensor, U: Tensor, b: Tensor, **given: Any) -> State:
        W, U, b = (torch.cat([w.chunk(4)[k] for k in order]) for w in (W, U, b))
        return lstm_step_with(W=W, U=U, b=b, **given)

    return step


WITH_MISCONCEPTIONS = (
    Misconception(
        "activation-swapped",
        "You change `activation` in one of its two places only. It governs the candidate g = φ(…) and also "
        "the output h' = o∘φ(c').",
        (_with(output="tanh"), _with(candidate="tanh"), _with(output="linear")),
    ),
    Misconception(
        "activations-exchanged",
        "You use the two arguments the other way round: `activation` is for the candidate and for c' on "
        "its way out, `recurrent_activation` for the three gates i, f, o.",
        (
            _with(
                candidate="recurrent_activation",
                output="recurrent_activation",
                on_gates=("activation", "activation", "activation"),
            ),
        ),
    ),
    Misconception(
        "activation-ignored",
        "Your step keeps tanh whatever `activation` says.",
        (_with(candidate="tanh", output="tanh"),),
    ),
    Misconception(
        "recurrent-activation-ignored",
        "Your step keeps the sigmoid in one or more gates whatever `recurrent_activation` says. It governs "
        "all three: i, f and o.",
        _some_gates("sigmoid"),
    ),
    Misconception(
        "activation-on-gates",
        "You use `activation` on a gate. The gates i, f, o have `recurrent_activation`; `activation` has two "
        "places, the candidate and c' on its way out.",
        _some_gates("activation"),
    ),
    Misconception(
        "recurrent-activation-on-candidate",
        'You use `recurrent_activation` on the candidate or on the cell. "Recurrent" does not mean the '
        "recurrent product here: it means the gates i, f, o.",
        (
            _with(candidate="recurrent_activation"),
            _with(output="recurrent_activation"),
            _with(candidate="recurrent_activation", output="recurrent_activation"),
        ),
    ),
    Misconception(
        "activation-on-output",
        "You compute the usual step and put `activation` on its result. It acts inside: on the candidate and "
        "on c'.",
        (_on_top,),
    ),
    Misconception(
        "gate-order",
        "You read the four blocks in another order: they lie i, f, g, o.",
        tuple(_reordered(order) for order in WRONG_ORDERS),
    ),
)

_GRADIENTS = ("x", "h", "c", "W", "U", "b")

LESSON = Lesson(
    "01_cells",
    parts=(
        Part(
            "1.1",
            "rnn_step",
            20,
            "x, h, W, U, b",
            (
                "Look at the shapes: x is (B, F), W is (H, F), and the result is (B, H). Which way round "
                "must W be?",
                "One sum, one tanh around it: the input's product, the old state's product and the bias.",
            ),
            Exact(
                "rnn_step",
                rnn_step,
                lambda draw: step_cases(draw, rnn_arguments),
                outputs=("h'",),
                gradients=("x", "h", "W", "U", "b"),
                misconceptions=RNN_MISCONCEPTIONS,
            ),
            RNN_MISCONCEPTIONS,
        ),
        Part(
            "1.2",
            "lstm_step",
            35,
            "x, h, c, W, U, b",
            (
                "Compute xWᵀ + hUᵀ + b once; it is (B, 4H). Then cut it into four blocks of H columns: i, "
                "f, g, o.",
                "i, f, o are sigmoids and g is a tanh; c' = f∘c + i∘g; and h' = o∘tanh(c') reads the new "
                "cell.",
            ),
            Exact(
                "lstm_step",
                lstm_step,
                lambda draw: step_cases(draw, step_arguments),
                outputs=("h'", "c'"),
                gradients=_GRADIENTS,
                misconceptions=LSTM_MISCONCEPTIONS,
            ),
            LSTM_MISCONCEPTIONS,
        ),
        Part(
            "1.3",
            "gru_step",
            25,
            "x, h, W, U, b_w, b_u",
            (
                "Keep the two products apart, xWᵀ + b_w and hUᵀ + b_u, each (B, 3H): the candidate needs "
                "them apart.",
                "n = tanh(its block of xWᵀ + b_w, plus r times its block of hUᵀ + b_u), then h' = (1-z)∘n "
                "+ z∘h.",
            ),
            Exact(
                "gru_step",
                gru_step,
                lambda draw: step_cases(draw, gru_arguments),
                outputs=("h'",),
                gradients=("x", "h", "W", "U", "b_w", "b_u"),
                misconceptions=GRU_MISCONCEPTIONS,
            ),
            GRU_MISCONCEPTIONS,
        ),
        Part(
            "1.4",
            "lstm_step_with",
            20,
            "x, h, c, W, U, b, activation, recurrent_activation",
            (
                "Start from your LSTM step and mark every place where tanh or sigmoid stands: there are "
                "five.",
                "`activation` takes tanh's two places, `recurrent_activation` the sigmoid's three. "
                "A dictionary from name to function keeps it short.",
            ),
            Exact(
                "lstm_step_with",
                lstm_step_with,
                with_cases,
                outputs=("h'", "c'"),
                gradients=_GRADIENTS,
                misconceptions=WITH_MISCONCEPTIONS,
            ),
            WITH_MISCONCEPTIONS,
        ),
    ),
)
