"""1.4 Which places do the two activations govern?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_01_cells._on_product import on_products
from recdrop_lessons.checks.lstm import (
    FUNCTIONS,
    GRADIENTS,
    WRONG_ORDERS,
    State,
    lstm_step,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.misconceptions import Misconception


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
    """One step of an LSTM with its two activations chosen by name.

    Args:
        x: the input, (B, F).
        h: the old state, (B, H).
        c: the old cell, (B, H).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        activation: "tanh", "relu", "sigmoid" or "linear".
        recurrent_activation: one of the same four names.

    Returns:
        The new state and the new cell, a tuple (h', c'), each (B, H). With "tanh" and "sigmoid" it is the
        usual step.
    """
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


def _cell_stored(names: tuple[str, ...]) -> Callable[..., State]:
    """The activated cell goes on, where the activation has one of the names."""

    def step(activation: str, **given: Any) -> State:
        h, c = lstm_step_with(activation=activation, **given)
        return h, FUNCTIONS[activation](c) if activation in names else c

    return step


def _other_function(
    name: str, function: Callable[[Tensor], Tensor], gates_only: bool = False
) -> Callable[..., State]:
    """One of the four names stands for another function, perhaps on the gates alone."""

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
        functions = FUNCTIONS | {name: function}
        act, rec = (FUNCTIONS if gates_only else functions)[activation], functions[recurrent_activation]
        i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=-1)
        c = rec(f) * c + rec(i) * act(g)
        return rec(o) * act(c), c

    return step


def _keras_hard(x: Tensor) -> Tensor:
    return (0.2 * x + 0.5).clamp(0, 1)


MISCONCEPTIONS = (
    Misconception(
        "activation-swapped",
        "You change `activation` in one of its two places only. It governs the candidate g = φ(…) and also "
        "the output h' = o∘φ(c').",
        "Mark every place where a plain LSTM step has a tanh. How many are there, and how many of them do "
        "you replace?",
        _with(output="tanh"),
        _with(candidate="tanh"),
        _with(output="linear"),
    ),
    Misconception(
        "activations-exchanged",
        "You use the two arguments the other way round: `activation` is for the candidate and for c' on "
        "its way out, `recurrent_activation` for the three gates i, f, o.",
        'Call your function with activation "linear" only. Which values may now grow beyond 1: those of '
        "the gates, or that of the candidate?",
        _with(
            candidate="recurrent_activation",
            output="recurrent_activation",
            on_gates=("activation", "activation", "activation"),
        ),
    ),
    Misconception(
        "activation-ignored",
        "Your step keeps tanh whatever `activation` says.",
        "Search your lines for a tanh that is still written out.",
        _with(candidate="tanh", output="tanh"),
    ),
    Misconception(
        "recurrent-activation-ignored",
        "Your step keeps the sigmoid in one or more gates whatever `recurrent_activation` says. It governs "
        "all three: i, f and o.",
        "Count the sigmoids of a plain step. Search your lines for one that is still written out.",
        *_some_gates("sigmoid"),
    ),
    Misconception(
        "activation-on-gates",
        "You use `activation` on a gate. The gates i, f, o have `recurrent_activation`; `activation` has two "
        "places, the candidate and c' on its way out.",
        "Which values in the step are weights between 0 and 1? The activation of these is not `activation`.",
        *_some_gates("activation"),
    ),
    Misconception(
        "recurrent-activation-on-candidate",
        'You use `recurrent_activation` on the candidate or on the cell. "Recurrent" does not mean the '
        "recurrent product here: it means the gates i, f, o.",
        'Say aloud what you think "recurrent" means in this argument\'s name, then look at the table of '
        "lesson 01 that lists who governs what.",
        _with(candidate="recurrent_activation"),
        _with(output="recurrent_activation"),
        _with(candidate="recurrent_activation", output="recurrent_activation"),
    ),
    Misconception(
        "recurrent-activation-on-product",
        "You put `recurrent_activation` on the product U h. It is the function of the gates: each takes it "
        "of its whole sum.",
        "A gate's sum has three terms. On which of them, or on what, is `recurrent_activation` in yours?",
        *on_products(),
    ),
    Misconception(
        "activation-on-output",
        "You compute the usual step and put `activation` on its result. It acts inside: on the candidate and "
        "on c'.",
        'Set `activation` to "relu" in a step by hand. At which moment is the candidate made? Is the '
        "activation on it before it is added?",
        _on_top,
    ),
    Misconception(
        "gate-order",
        "You read the four blocks in another order: they lie i, f, g, o.",
        "Which gate do the second H rows belong to? Compare with the text of the exercise.",
        *(_reordered(order) for order in WRONG_ORDERS),
    ),
    Misconception(
        "activated-cell-stored",
        "You keep the activated cell as c'. The activation is on the cell's way out alone: h' = o∘φ(c'), and "
        "c' itself goes on as it is. `relu_` and `relu(inplace=True)` do this to the cell that you return.",
        'Print your c\' for activation "relu" and a negative old cell with f near 1. May it be negative? '
        "Is it in yours?",
        _cell_stored(("tanh", "relu", "sigmoid", "linear")),
        _cell_stored(("relu",)),
    ),
    Misconception(
        "hard-sigmoid",
        "Your sigmoid is the hard one, which is piecewise linear. The exercise means "
        "1/(1 + exp(-x)), torch.sigmoid.",
        "Evaluate your sigmoid at 3 and at 10. Does it reach exactly 1?",
        *(
            _other_function("sigmoid", hard, gates_only)
            for hard in (torch.nn.functional.hardsigmoid, _keras_hard)
            for gates_only in (False, True)
        ),
    ),
    Misconception(
        "name-not-matched",
        "One of the four names ends in another function: a branch is missing or its name is misspelt. The "
        'names are "tanh", "relu", "sigmoid" and "linear".',
        "Call your function with each of the four names for both arguments. For which name do you fall "
        "through to another branch?",
        *(
            _other_function(name, FUNCTIONS[other])
            for name in FUNCTIONS
            for other in FUNCTIONS
            if name != other
        ),
    ),
)

PART = exact_part(
    "1.4",
    lstm_step_with,
    points=20,
    hints=(
        "Which of a step's values are weights between 0 and 1, and which are values that the cell may hold?",
        "Start from an LSTM step and mark every place of a tanh or a sigmoid: there are five.",
        "`activation` takes tanh's two places, `recurrent_activation` the sigmoid's three. A dictionary "
        "from name to function keeps it short.",
    ),
    cases=with_cases,
    outputs=("h'", "c'"),
    gradients=GRADIENTS,
    misconceptions=MISCONCEPTIONS,
)
