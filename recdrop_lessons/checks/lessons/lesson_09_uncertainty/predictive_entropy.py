"""9.2 How unsure is a prediction?"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, LocalAnswer, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.general import GRADIENT_CUT
from recdrop_lessons.checks.lessons.lesson_09_uncertainty._shared import EXTREME
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.recognise import Silent
from recdrop_lessons.checks.steps import Failed, Reply, Step, Steps, kept, stepwise


def softmax(logits: Tensor) -> Tensor:
    return logits.softmax(-1)


def silent_on_extremes(misconception: Misconception) -> Misconception:
    """The same, whatever happens where logits are extreme or probabilities zero: that has its own name."""

    def quiet(mistake: Callable[..., Value]) -> Callable[..., Value]:
        def its(**given: Any) -> Value:
            for name in ("logits", "probabilities"):
                if name in given and bool(
                    (given[name].abs() > EXTREME / 10).any() | (given[name] == 0).any()
                ):
                    raise Silent
            return mistake(**given)

        return its

    return misconception.shown_by(*map(quiet, misconception.mistakes))


ZERO_LOG_ZERO = Misconception(
    "zero-log-zero",
    "Where a probability is 0 your result is NaN: 0·log 0 is 0·(-∞) for the computer. It counts as 0; "
    "torch.special.entr, torch.xlogy or a clamp inside the logarithm do that.",
    "Evaluate `torch.tensor(0.) * torch.log(torch.tensor(0.))`. Which functions of torch are made for this "
    "product?",
)


def predictive_entropy(probabilities: Tensor) -> Tensor:
    """The entropy of each example's probabilities, in nats.

    Args:
        probabilities: of each example and class, (B, K); some may be 0.

    Returns:
        The entropies, (B,), each between 0 and log K.
    """
    # H[p] = -Σ_k p_k log p_k, with 0·log 0 = 0
    return torch.special.entr(probabilities).sum(-1)  # (B,)


def entropy_with_nan(probabilities: Tensor) -> Tensor:
    return -(probabilities * probabilities.log()).sum(-1)


ENTROPY_MISCONCEPTIONS = (
    Misconception(
        "log-base-2",
        "Your entropy is in another unit: it uses log₂ or log₁₀. In nats it is the natural logarithm, "
        "torch.log.",
        "Take two classes at 0.5. The result should be about 0.693. Is yours 1, or 0.301?",
        lambda probabilities: predictive_entropy(probabilities) / math.log(2),
        lambda probabilities: predictive_entropy(probabilities) / math.log(10),
    ),
    Misconception(
        "entropy-normalised",
        "You divide by log K, so that the largest entropy is 1. Return the entropy itself, in nats.",
        "Take two classes at 0.5. The result should be about 0.693. What do you divide by?",
        lambda probabilities: predictive_entropy(probabilities) / math.log(probabilities.shape[-1]),
    ),
    Misconception(
        "sign-forgotten",
        "Your entropy is negative. log p is below 0, hence the minus in front: H = -Σ p log p.",
        "What sign has the logarithm of a number below 1?",
        lambda probabilities: -predictive_entropy(probabilities),
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over the classes. The entropy is the sum; it is itself the mean of -log p under "
        "p.",
        "Take two classes at 0.5. The result should be about 0.693. Is yours half of it?",
        lambda probabilities: torch.special.entr(probabilities).mean(-1),
    ),
    Misconception(
        "wrong-axis-summed",
        "You return something else than one sum over the classes for each example. The classes are the last "
        "axis.",
        "Print the shape of your result. There should be one number for each example.",
        lambda probabilities: torch.special.entr(probabilities).sum(0),
        lambda probabilities: torch.special.entr(probabilities).sum(),
        lambda probabilities: torch.special.entr(probabilities).sum(-1).mean(),
        lambda probabilities: torch.special.entr(probabilities),
    ),
    Misconception(
        "p-forgotten",
        "You leave a factor out: each -log p is weighted by its own p.",
        "A class that is nearly impossible should add nearly nothing. Does it in yours?",
        lambda probabilities: -probabilities.log().sum(-1),
        lambda probabilities: -probabilities.log().mean(-1),
    ),
    Misconception(
        "not-entropy",
        "That is another measure of uncertainty, such as 1 minus the top probability, 1 minus the sum of "
        "squares, or -log of the top one. Entropy is -Σ p log p.",
        "Take two classes at 0.5. The result should be about 0.693. Which quantity do you compute?",
        lambda probabilities: 1 - probabilities.max(-1).values,
        lambda probabilities: 1 - (probabilities**2).sum(-1),
        lambda probabilities: -probabilities.max(-1).values.log(),
    ),
    Misconception(
        "softmax-twice",
        "You apply the softmax to what are probabilities already.",
        "What does the docstring say that comes in: logits or probabilities?",
        lambda probabilities: predictive_entropy(softmax(probabilities)),
    ),
    Misconception(
        "entropy-of-each-class",
        "You take the entropy of each class against the rest, -p log p - (1-p) log(1-p). The classes make "
        "one distribution: H = -Σ p log p.",
        "Take three equal classes. The result should be log 3, about 1.099. Is yours 1.910, or 0.637?",
        lambda probabilities: (torch.special.entr(probabilities) + torch.special.entr(1 - probabilities)).sum(
            -1
        ),
        lambda probabilities: (
            torch.special.entr(probabilities) + torch.special.entr(1 - probabilities)
        ).mean(-1),
    ),
    Misconception(
        "shifted-by-epsilon",
        "You add a constant inside the logarithm that is large enough to change the entropy. torch.xlogy and "
        "torch.special.entr need none.",
        "Take an example that is certain, (1, 0). Its entropy should be 0 to the last digit.",
        *(
            lambda probabilities, eps=eps, inside=inside: (
                -((probabilities + eps * inside) * (probabilities + eps).log()).sum(-1)
            )
            for eps in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
            for inside in (0, 1)
        ),
    ),
)

MISCONCEPTIONS = (
    *map(silent_on_extremes, ENTROPY_MISCONCEPTIONS),
    Misconception(
        "rows-with-zero-lost",
        "Where one probability of an example is 0, the whole entropy of that example is lost: 0·log 0 gives "
        "NaN, and you replace it after the sum. Replace it before, class by class.",
        "Take an example (0.5, 0.5, 0). Its entropy is that of (0.5, 0.5). On which line do you replace "
        "the NaN?",
        lambda probabilities: entropy_with_nan(probabilities).nan_to_num(0.0),
    ),
    ZERO_LOG_ZERO.shown_by(entropy_with_nan),
)


def probability_cases(draw: Draw) -> Iterator[Case]:
    B, K = draw.sizes(2, low=3)
    for b, k in ((B, K), (B, K), (1, K), (4, K), (B, 2), (B, 1), (1, 1), (K, K), (4, 4)):
        yield Case(f"B={b}, K={k}", {"probabilities": softmax(draw.normal(b, k, scale=1.5))})
    yield Case("equal probabilities", {"probabilities": torch.full((B, K), 1 / K, dtype=torch.float64)})
    yield Case("one class certain", {"probabilities": torch.eye(K).double()})
    some = draw.mask(B, K, p=0.4) * draw.uniform(0.2, 0.5)
    some[:, 0] = 1.0
    some[0, 1], some[0, 2] = 0.0, 1.0  # at every seed an example that is unsure between some of its classes
    yield Case("some probabilities are 0", {"probabilities": some / some.sum(-1, keepdim=True)})
    small = torch.tensor([[0.0, 1e-3, 1e-4, 1e-6], [0.4, 0.5, 1e-2, 1e-5]]).double()
    small[:, 0] += 1 - small.sum(-1)
    yield Case("small probabilities", {"probabilities": small})
    tiny = torch.tensor([[1.0, 1e-300, 1e-310, 0.0], [0.5, 0.5, 1e-20, 0.0]]).double()
    yield Case("probabilities near 0", {"probabilities": tiny})


_check_entropies = Exact(
    "predictive_entropy",
    predictive_entropy,
    probability_cases,
    outputs=("the entropy",),
    misconceptions=MISCONCEPTIONS,
)


@stepwise
def check_predictive_entropy(answer: Answer, seed: int) -> str:
    """The values, then the gradient along the simplex.

    Probabilities sum to 1, so an answer that normalises them first is right too: its gradient differs by the
    same number in each class of an example, to which changes of probabilities are blind.
    """
    outcome = _check_entropies(answer, seed)
    if not outcome.ok:
        raise Failed(outcome)
    _slopes(seed).ask(answer)
    return outcome.message


@kept
def _slopes(seed: int) -> Steps:
    draw = Draw(seed, "predictive_entropy, gradient")
    cases = list(probability_cases(draw))[:9]  # where no probability is 0 and the slope is finite
    return Steps(_slope(case, draw.normal(len(case.arguments["probabilities"]))) for case in cases)


def _slope(case: Case, cotangent: Tensor) -> Step:
    name = "probabilities"
    wanted = LocalAnswer(predictive_entropy).gradients(case.arguments, [name], cotangent)[name]
    assert wanted is not None
    along = wanted - wanted.mean(-1, keepdim=True)

    def judge(reply: Reply) -> None:
        found = reply.gradient()
        if found is None:
            raise reply.fail(GRADIENT_CUT)
        its = found - found.mean(-1, keepdim=True)
        difference = compare(its, along, ("gradient along the probabilities",), 1e-8)
        if difference is not None:
            raise reply.fail(GRADIENT_CUT, difference=difference.sentence)

    return Step(case.label, case.arguments, judge, name, cotangent)


PART = Part(
    "9.2",
    predictive_entropy,
    points=25,
    hints=(
        "One number for each example: a sum over its classes. What does one of two classes at 0.5 add, and "
        "what must a class at 0 or at 1 add?",
        "K equal classes add up to log K, so each adds a K-th of it. Write that with p in place of 1/K. Does "
        "it give 0.500 for (0.8, 0.2)? And what does torch make of it at p = 0?",
        "H = -Σ p·log p over the last axis, where 0·log 0 counts as 0. `torch.special.entr` and "
        "`torch.xlogy` know that; or clamp p from below by a tiny number inside the logarithm.",
    ),
    check=check_predictive_entropy,
    misconceptions=MISCONCEPTIONS,
)
