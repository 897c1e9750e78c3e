"""9.5 Many passes with the masks held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, LocalAnswer
from recdrop_lessons.checks.compare import TOLERANCE
from recdrop_lessons.checks.draw import Draw, as_dtype, non_contiguous
from recdrop_lessons.checks.general import GRADIENT_CUT
from recdrop_lessons.checks.lessons.lesson_09_uncertainty._every_mask import (
    at_each_step,
    held,
    patterns,
    which,
)
from recdrop_lessons.checks.lessons.lesson_09_uncertainty._wrong_passes import (
    AVERAGED,
    CARRIED,
    NOT_RESET,
    OFF,
    ON_CELL,
    ON_INPUT,
    ON_OUTPUT,
    ONE_FOR_ALL_PASSES,
    PER_STEP,
    PROBABILITIES,
    SWAPPED,
    UNITS_SHARE,
)
from recdrop_lessons.checks.lstm import STATE_AND_CELL_EXCHANGED, layer, lstm_step
from recdrop_lessons.checks.masks import (
    EXACT_COUNT,
    GENERAL_MASK,
    NO_RESCALE,
    ONE_MASK_FOR_BATCH,
    WRONG_SCALE,
    counts_vary,
    judge,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Reply, Step, Steps, fail, kept, stepwise


def mc_passes(
    x: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    V: Tensor,
    d: Tensor,
    p: float,
    passes: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """The logits of several passes of an LSTM whose state is dropped on its way into the gates.

    Args:
        x: the sequences, (B, T, F).
        W: the input's weights, (4H, F), in blocks i, f, g, o.
        U: the old state's weights, (4H, H), in the same blocks.
        b: the bias, (4H,), in the same blocks.
        V: the read-out's weights, (K, H).
        d: the read-out's bias, (K,).
        p: the rate of dropping, a float, 0 ≤ p < 1.
        passes: how many passes, S, an int of at least 1.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        The logits, (S, B, K), read from each pass's last state: h Vᵀ + d.
    """
    B, H = x.shape[0], U.shape[1]
    # one mask for each pass and example, the same at all steps
    m = (torch.rand(passes, B, H, generator=generator) >= p).to(x.dtype) / (1 - p)  # (S, B, H)
    h = c = torch.zeros_like(m)
    for x_t in x.unbind(1):
        h, c = lstm_step(x_t, h * m, c, W, U, b)  # the gates read h∘m; h itself goes on
    return h @ V.T + d


MISCONCEPTIONS = (
    *(PER_STEP, ONE_FOR_ALL_PASSES, ONE_MASK_FOR_BATCH, UNITS_SHARE, OFF, ON_OUTPUT, CARRIED, ON_INPUT),
    *(ON_CELL, NOT_RESET, AVERAGED, PROBABILITIES, SWAPPED, STATE_AND_CELL_EXCHANGED, *GENERAL_MASK),
)


# ---------------------------------------------------------------- what is asked

ALIKE = {torch.float32: 1e-5, torch.float64: 1e-7}  # a mask may be float32; two masks are far more apart


@dataclass(frozen=True)
class _Question:
    """One call's arguments, and the logits under every mask."""

    given: dict[str, Any]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.given["passes"], len(self.given["x"]), len(self.given["d"])

    @property
    def exact(self) -> dict[str, Any]:
        exact: dict[str, Any] = as_dtype(self.given, torch.float64)
        return exact

    @cached_property
    def right(self) -> Tensor:
        """The logits under every mask that is held, (2ᴴ, B, K)."""
        return held(self.exact, self.given["U"].shape[1], 1 / (1 - self.given["p"]))

    def logits(self, reply: Reply) -> Tensor:
        """The result, of the right shape and dtype."""
        value, (S, B, K) = reply.value, self.shape
        if isinstance(value, Tensor) and S > 1:
            if value.shape == (B, K):
                raise reply.fail(AVERAGED)
            if value.shape == (B, S, K) and S != B:
                raise reply.fail(SWAPPED)
        return reply.tensor(self.shape, self.given["x"].dtype).double()

    def masks(self, reply: Reply) -> Tensor:
        """What multiplied the state of each pass and example, (S, B, H); fails where no mask explains it."""
        logits, tolerance = self.logits(reply), ALIKE[self.given["x"].dtype]
        found = which(logits, self.right, tolerance)
        if found is None:
            raise reply.fail(self._other(logits, tolerance) or "No mask on the state gives these logits.")
        H = self.given["U"].shape[1]
        return patterns(H)[found] / (1 - self.given["p"])

    def _other(self, logits: Tensor, tolerance: float) -> Misconception | None:
        """The other way of masking that gives these logits."""
        exact, (_, _, K), p = self.exact, self.shape, self.given["p"]
        F, H = exact["x"].shape[2], exact["U"].shape[1]
        scale = 1 / (1 - p)
        if which(logits, held(exact, H, 1.0)[-1:], tolerance) is not None:
            return OFF
        if K > 1 and _sums_to_one(logits):
            return PROBABILITIES
        ways: tuple[tuple[Misconception, Callable[[], Tensor]], ...] = (
            (NO_RESCALE, lambda: held(exact, H, 1.0)),
            *((WRONG_SCALE, lambda its=its: held(exact, H, its)) for its in (scale**2, 1 / p, 1 - p)),
            (PER_STEP, lambda: at_each_step(exact, scale)),
            (PER_STEP, lambda: at_each_step(exact, 1.0)),
            (CARRIED, lambda: held(exact, H, scale, "state")),
            (ON_OUTPUT, lambda: held(exact, H, scale, "output")),
            (ON_OUTPUT, lambda: held(exact, K, scale, "logits")),
            (ON_INPUT, lambda: held(exact, F, scale, "input")),
            (ON_CELL, lambda: held(exact, H, scale, "old cell")),
            (ON_CELL, lambda: held(exact, H, scale, "new cell")),
        )
        return next((one for one, table in ways if which(logits, table(), tolerance) is not None), None)


def _sums_to_one(logits: Tensor) -> bool:
    return any(bool(((its.sum(-1) - 1).abs() < 1e-5).all()) for its in (logits, logits.exp()))


def _arguments(draw: Draw, B: int, T: int, F: int, H: int, K: int) -> dict[str, Any]:
    W, U, b = layer(draw, F, H)
    V, d = draw.normal(K, H, scale=1.5), draw.normal(K)
    return {"x": draw.normal(B, T, F), "W": W, "U": U, "b": b, "V": V, "d": d}


def _plain_step(draw: Draw, given: dict[str, Any]) -> Step:
    """p = 0: every pass is the plain one, and gradients flow back to x through all steps."""
    question = _Question(given)
    cotangent = draw.normal(*question.shape).to(given["x"].dtype)
    H = given["U"].shape[1]
    right = held(question.exact, H, 1.0)[-1:].expand(question.shape)
    exchanged = held(question.exact, H, 1.0, exchanged=True)[-1:]

    def judge_plain(reply: Reply) -> None:
        logits, tolerance = question.logits(reply), TOLERANCE[given["x"].dtype]
        first_right = bool((logits[0] - right[0]).abs().amax() <= tolerance * (1 + right.abs().amax()))
        if first_right and len(logits) > 1 and not torch.allclose(logits[1:], right[1:], atol=1e-4):
            raise reply.fail(NOT_RESET)
        if question.shape[2] > 1 and _sums_to_one(logits):
            raise reply.fail(PROBABILITIES)
        if which(logits, exchanged, tolerance) is not None:
            raise reply.fail(STATE_AND_CELL_EXCHANGED)
        reply.compare(reply.value, right, "logits", tolerance, ": nothing is dropped")
        wanted = LocalAnswer(mc_passes).gradients(question.exact, ["x"], cotangent.double())["x"]
        found = reply.gradient()
        if found is None:
            raise reply.fail(GRADIENT_CUT, difference="None reaches `x`.")
        reply.compare(found, wanted, "gradient of x", 10 * tolerance)

    sizes = f"S={question.shape[0]}, B={question.shape[1]}, T={given['x'].shape[1]}, p=0"
    return Step(sizes, given | {"generator": draw.generator()}, judge_plain, "x", cotangent)


@kept
def _asked(seed: int) -> tuple[Steps, Drawing, Steps]:
    draw = Draw(seed, "mc_passes")
    plain = []
    for S, B, T, F, H, K in ((2, 3, 4, 5, 6, 7), (1, 1, 1, 1, 1, 1), (4, 4, 4, 4, 4, 4), (3, 5, 2, 3, 1, 2)):
        given = _arguments(draw, B, T, F, H, K)
        given = given if S != 4 else as_dtype(given, torch.float32)
        plain.append(_plain_step(draw, {**non_contiguous(given), "p": 0.0, "passes": S}))
    # Two units and three steps: 4 masks that are held, 16 that change. 768 draws.
    large = _Question(_arguments(draw, 16, 3, 2, 2, 3) | {"p": draw.uniform(0.25, 0.35), "passes": 24})

    def masks(reply: Reply) -> Tensor:
        multiplier = large.masks(reply)
        problem = judge(multiplier, large.given["p"], (False, False, False))
        if problem is not None and problem.kind in {"sharing", "constant"}:
            names = (ONE_FOR_ALL_PASSES, ONE_MASK_FOR_BATCH, UNITS_SHARE)
            raise reply.fail(next(one for one, shared in zip(names, problem.shared, strict=True) if shared))
        if problem is not None:
            raise reply.fail(problem.misconception or problem.sentence, problem.measured)
        return multiplier

    small = []
    for k, (S, B, T, F, H, K) in enumerate(
        ((1, 2, 3, 2, 3, 2), (3, 1, 4, 2, 2, 3), (2, 2, 1, 3, 2, 2), (5, 4, 5, 1, 1, 1))
    ):
        dtype = (torch.float32, torch.float64)[k % 2]
        question = _Question(as_dtype(_arguments(draw, B, T, F, H, K), dtype) | {"p": 0.5, "passes": S})
        label = f"S={S}, B={B}, T={T}, F={F}, H={H}, K={K}, p=0.5"
        small.append(Step(label, question.given | {"generator": draw.generator()}, question.masks))
    return Steps(plain), Drawing(draw, large.given, masks, others=3), Steps(small)


@stepwise
def check_mc_passes(answer: Answer, seed: int) -> str:
    plain, drawing, small = _asked(seed)
    plain.ask(answer)
    if not counts_vary(drawing.ask(answer)):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    small.ask(answer)
    count = len(plain) + len(drawing) + len(small)
    return f"Right on {count} inputs: masks held over time, a new one for each pass, example and unit."


PART = Part(
    "9.5",
    mc_passes,
    points=0,
    hints=(
        "What must stay the same within one pass, and what must be drawn anew from one pass to the next?",
        "Count the draws: one for each pass, example and unit, and none for the steps. So where does the "
        "draw "
        "stand, seen from the loop over time?",
        "Draw a scaled mask (S, B, H) before the loop. At each step hand the given step the state times the "
        "mask, "
        "and keep the state that comes back as it is; read the logits from the last one. Broadcasting "
        "carries the "
        "passes along as a first axis, or loop over them.",
    ),
    check=check_mc_passes,
    misconceptions=MISCONCEPTIONS,
)
