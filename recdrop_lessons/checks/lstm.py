"""The LSTM step that several lessons' answers rest on, and the mistakes that any LSTM can hold.

Everything is float64 torch and stands apart from the library's own cells.

Long because each mistake of a step stands beside the step that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import permutations, product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception

State = tuple[Tensor, Tensor]
Layer = tuple[Tensor, Tensor, Tensor]  # W, U, b
Function = Callable[[Tensor], Tensor]
FUNCTIONS: dict[str, Function] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "linear": lambda x: x,
}
#: The arguments of a step through which gradients pass.
GRADIENTS = ("x", "h", "c", "W", "U", "b")
RIGHT_FUNCTIONS = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
WRONG_ORDERS = tuple(order for order in permutations(range(4)) if order != (0, 1, 2, 3))
WRONG_FUNCTIONS = tuple(
    functions for functions in product((torch.sigmoid, torch.tanh), repeat=4) if functions != RIGHT_FUNCTIONS
)


def gates(
    z: Tensor,
    order: Sequence[int] = (0, 1, 2, 3),
    functions: Sequence[Function] = RIGHT_FUNCTIONS,
    forget_bias: float = 0.0,
) -> list[Tensor]:
    """i, f, g, o, each (B, H), from z = xWᵀ + hUᵀ + b (B, 4H); the other arguments make mistakes."""
    i, f, g, o = (z.chunk(4, dim=-1)[k] for k in order)
    return [function(block) for function, block in zip(functions, (i, f + forget_bias, g, o), strict=True)]


def _minus_sigmoid(z: Tensor) -> Tensor:
    return -z.sigmoid()


def _one_minus(z: Tensor) -> Tensor:
    return 1 - z.sigmoid()


Gates = Callable[[Tensor], Sequence[Tensor]]


def lstm_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    exchanged: bool = False,
) -> State:
    i, f, g, o = gates(x @ W.T + h @ U.T + b)  # (B, H)
    # c' = f∘c + i∘g,  h' = o∘tanh(c')
    c = f * c + i * g
    h = o * squash(c)
    return (c, h) if exchanged else (h, c)


def lstm_over_time(x: Tensor, W: Tensor, U: Tensor, b: Tensor, **options: Any) -> Tensor:
    """All states of an LSTM that starts at zero: (B, T, F) → (B, T, H)."""
    h = c = x.new_zeros(x.shape[0], U.shape[1])
    states = []
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h, c, W, U, b, **options)
        states.append(h)
    return torch.stack(states, dim=1)


def late(states: Tensor) -> Tensor:
    """Zeros first, and every state one step later: (B, T, H) → (B, T, H)."""
    return torch.cat([torch.zeros_like(states[:, :1]), states[:, :-1]], dim=1)


STATE_BEFORE_STEP = Misconception(
    "state-before-step",
    "You store the state before the step is done, so your states come one step late.",
    "In which order do you append and update inside the loop?",
)
STATE_HANDED_UP = Misconception(
    "state-handed-up",
    "Your upper layer starts from the state of the one below. Each layer starts at zero; only its "
    "outputs go up.",
    "With what does your second layer begin its loop? Look where h and c are set.",
)
STATE_AND_CELL_EXCHANGED = Misconception(
    "state-and-cell-exchanged",
    "You take the new cell for the new state, and the state for the cell. The step gives (h', c').",
    "What does `lstm_step` return first? Compare the names on the left of your line.",
)


def _with_biases(reference: Callable[..., Any], factor: float) -> Callable[..., Any]:
    """The reference with every bias b times a factor, layers' biases too."""

    def scaled(name: str, value: Any) -> Any:
        if name == "b":
            return factor * value
        if name == "layers":
            return [(W, U, factor * b) for W, U, b in value]
        if name.startswith("layer"):
            return (*value[:2], factor * value[2])
        return value

    return lambda **given: reference(**{name: scaled(name, value) for name, value in given.items()})


def _without(reference: Callable[..., Any], which: int) -> Callable[..., Any]:
    """The reference with all input weights W (0) or recurrent weights U (1) zero, layers' weights too."""

    def zeroed(name: str, value: Any) -> Any:
        if name == "WU"[which]:
            return 0 * value
        if name == "layers":
            return [tuple(0 * its if k == which else its for k, its in enumerate(layer)) for layer in value]
        if name.startswith("layer"):
            return tuple(0 * its if k == which else its for k, its in enumerate(value))
        return value

    return lambda **given: reference(**{name: zeroed(name, value) for name, value in given.items()})


def lstm_basics(
    reference: Callable[..., Any], biases: bool = True, exchanged: Sequence[Callable[..., Any]] = ()
) -> tuple[Misconception, ...]:
    """What can go wrong inside any LSTM step; the reference takes `gates` and `squash` as lstm_step does.

    `biases` is False where a part has its own misconceptions of the bias. `exchanged`: the part with the
    step's two results exchanged; none where a step itself is asked for.
    """
    of_biases = (
        Misconception(
            "bias-forgotten",
            "Your gates have no bias: b is added once to xWᵀ + hUᵀ.",
            "Set x to zero, and the state too (over time: look at the first step, which starts from zero). "
            "What is left of your sum, and what should be?",
            _with_biases(reference, 0.0),
        ),
        Misconception(
            "bias-twice",
            "You add the bias twice. PyTorch's cells have two biases; here b is the one there is.",
            "Set x to zero, and the state too (over time: look at the first step, which starts from zero). "
            "What does your sum come to, in multiples of b?",
            _with_biases(reference, 2.0),
        ),
    )

    def with_gates(**options: Any) -> Callable[..., Any]:
        return partial(reference, gates=partial(gates, **options))

    def with_functions(
        i: Function = torch.sigmoid, f: Function = torch.sigmoid, g: Function = torch.tanh
    ) -> Callable[..., Any]:
        return with_gates(functions=(i, f, g, torch.sigmoid))

    return (
        *(of_biases if biases else ()),
        Misconception(
            "input-ignored",
            "Your gates do not read the input: xWᵀ is missing from their sums.",
            "Change x and keep the rest: does your result change?",
            _without(reference, 0),
        ),
        Misconception(
            "state-ignored",
            "Your gates do not read the old state: hUᵀ is missing from their sums.",
            "Set U to zero. Should your result change? Does it?",
            _without(reference, 1),
        ),
        Misconception(
            "gate-missing",
            "A gate or the candidate is missing. Three gates act in the step: f on the old cell, i on the "
            "candidate, o on the way out.",
            "Name the three gates and underline in your lines the product in which each takes part.",
            *(
                with_gates(functions=functions)
                for functions in product(*((usual, torch.ones_like) for usual in RIGHT_FUNCTIONS))
                if torch.ones_like in functions
            ),
        ),
        Misconception(
            "cell-not-kept",
            "Your new cell does not hold the old one: c' = f∘c + i∘g, and you leave out f∘c.",
            "Set the candidate to zero. What should be left in the new cell?",
            with_functions(f=torch.zeros_like),
        ),
        Misconception(
            "sign-in-cell",
            "You subtract in the cell or in the sums. All terms are added: c' = f∘c + i∘g, xWᵀ + hUᵀ + b.",
            "Underline every minus in your lines. Is there one in the equations of the step?",
            with_functions(i=_minus_sigmoid),
            with_functions(f=_minus_sigmoid),
            _with_biases(reference, -1.0),
        ),
        Misconception(
            "forget-gate-inverted",
            "You use 1-f, or 1-i, where the gate itself belongs. The forget gate f is what is *kept* of the "
            "old cell: c' = f∘c + i∘g.",
            "Let a forget gate be 1. Should the old cell be kept or lost? What do your lines do?",
            with_functions(f=_one_minus),
            with_functions(i=_one_minus),
            with_functions(i=_one_minus, f=_one_minus),
        ),
        Misconception(
            "gate-order",
            "You read the four blocks in another order. Here, as in PyTorch and Keras, they lie i, f, g, o: "
            "input, forget, candidate, output.",
            "Take H = 1: there are four rows. Write the letter of its gate beside each, in the order of "
            "the text.",
            *(with_gates(order=order) for order in WRONG_ORDERS),
        ),
        Misconception(
            "tanh-c-forgotten",
            "Your output is o∘c'. It is o∘tanh(c'): the cell may grow beyond 1, the output must not.",
            "Let the cell be 5 and the output gate 1. Should the state be 5?",
            partial(reference, squash=FUNCTIONS["linear"]),
        ),
        Misconception(
            "wrong-gate-activation",
            "A gate or the candidate has the wrong activation. The gates i, f, o are sigmoids, between 0 and "
            "1; the candidate g is a tanh, between -1 and 1.",
            'A weight between "none" and "all" lies between 0 and 1; a new value may be negative. Which is '
            "which of i, f, g and o?",
            *(with_gates(functions=wrong) for wrong in WRONG_FUNCTIONS),
            with_functions(g=FUNCTIONS["linear"]),
        ),
        Misconception(
            "wrong-output-activation",
            "Your output reads the new cell through another activation than tanh. It is o∘tanh(c').",
            "Which values may h' take? Look at the last function that the cell goes through.",
            partial(reference, squash=torch.sigmoid),
            partial(reference, squash=torch.relu),
        ),
        Misconception(
            "forget-bias",
            "You add a forget bias inside the step. `unit_forget_bias` sets how b *starts*; the step uses "
            "b as it is.",
            "Set all arguments to zero. What should the forget gate be, and what is yours?",
            with_gates(forget_bias=1.0),
            with_gates(forget_bias=-1.0),
        ),
        *((STATE_AND_CELL_EXCHANGED.shown_by(*exchanged),) if exchanged else ()),
    )


# ---------------------------------------------------------------- inputs


def layer(draw: Draw, F: int, H: int) -> Layer:
    """W (4H, F), U (4H, H), b (4H,), large enough that tanh and sigmoid bend."""
    return draw.normal(4 * H, F, scale=0.7), draw.normal(4 * H, H, scale=0.7), draw.normal(4 * H)


def step_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Any]:
    W, U, b = layer(draw, F, H)
    return {
        "x": draw.normal(B, F),
        "h": draw.normal(B, H, scale=0.7),
        "c": draw.normal(B, H),
        "W": W,
        "U": U,
        "b": b,
    }


def step_cases(draw: Draw, arguments: Callable[[Draw, int, int, int], dict[str, Any]]) -> Iterator[Case]:
    """Plain sizes, twice; then many units, one example, four, one feature, one unit, and all sizes equal."""
    B, F, H = draw.sizes(3)
    wide = (B, F, draw.integer(9, 13))
    edges = wide, (1, F, H), (4, F, H), (B, 1, H), (B, F, 1), (1, 1, 1), (H, H, H), (4, 4, 4)
    for k, (b, f, h) in enumerate(((B, F, H), (B, F, H), *edges)):
        gradients = k == 0 or 1 in (b, f, h)
        yield Case(f"B={b}, F={f}, H={h}", arguments(draw, b, f, h), gradients)


def time_cases(draw: Draw, arguments: Callable[[Draw, int, int, int, int], dict[str, Any]]) -> Iterator[Case]:
    """As step_cases, over a few steps: also one step, and as many steps as examples."""
    T = draw.integer(2, 4)
    B, F, H, *_ = (size for size in draw.sizes(4) if size != T)
    wide = (B, T, F, draw.integer(9, 13))
    edges = (
        wide,
        (1, T, F, H),
        (B, 1, F, H),
        (4, T, 1, H),
        (B, T, F, 1),
        (1, 1, 1, 1),
        (B, B, F, H),
        (T, T, H, H),
    )
    for k, (b, t, f, h) in enumerate(((B, T, F, H), (B, T, F, H), *edges)):
        gradients = k == 0 or 1 in (b, t, f, h)
        yield Case(f"B={b}, T={t}, F={f}, H={h}", arguments(draw, b, t, f, h), gradients)
