"""2.4 Dropout before an activation."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.misconceptions import Misconception


def activation_gap(x: Tensor, p: float) -> Tensor:
    """The exact gap E[tanh(m∘x)] - tanh(x), over the masks m of element-wise inverted dropout.

    Args:
        x: a float tensor of any shape, such as (B, F); a constant.
        p: the rate of dropping, a float, 0 ≤ p < 1.

    Returns:
        The gap of each element, a tensor of x's shape and dtype.
    """
    # E[tanh(mx)] = p·tanh(0) + (1-p)·tanh(x/(1-p))
    return (1 - p) * torch.tanh(x / (1 - p)) - torch.tanh(x)


def gap_cases(draw: Draw) -> Iterator[Case]:
    a, b, c = draw.sizes(3)
    rates = [
        draw.uniform(0.15, 0.4),
        draw.uniform(0.6, 0.9),
        0.0,
        draw.uniform(0.95, 0.99),
        0.5,
        draw.uniform(0.1, 0.9),
    ]
    for shape, p in zip(((a, b), (a, b), (a, b, c), (1, a), (1, 1), (b,)), rates, strict=True):
        yield Case(f"x of shape {shape}, p={p:.2f}", {"x": draw.normal(*shape, scale=1.5), "p": p})
    large = 20 * draw.normal(2, a)
    yield Case("x so large that tanh is flat", {"x": large, "p": draw.uniform(0.3, 0.6)}, False)
    yield Case("x=0", {"x": torch.zeros(a).double(), "p": draw.uniform(0.3, 0.6)}, False)


MISCONCEPTIONS = (
    Misconception(
        "mean-passes-through",
        "You say that there is no gap, as if the mean of tanh(m∘x) were tanh of the mean. It is where the "
        "activation is linear. With x = 2 and p = 0.5, m∘x is 0 or 4: the mean of tanh is 0.5, "
        "tanh(2) is 0.96.",
        "Try x = 2 and p = 0.5 by hand: list the two values of m∘x, take tanh of each, then their mean.",
        lambda x, p: torch.zeros_like(x),
    ),
    Misconception(
        "no-rescale",
        "You leave what is kept as it is. Inverted dropout scales it by 1/(1-p), before the activation.",
        "List the values that m can take. Is the larger one 1?",
        lambda x, p: (1 - p) * torch.tanh(x) - torch.tanh(x),
    ),
    Misconception(
        "probability-forgotten",
        "You take the element as kept in all masks. It is kept with probability 1-p, and the mean weighs "
        "both outcomes by their probabilities.",
        "Draw ten masks in your mind at p = 0.5. In how many is the element kept?",
        lambda x, p: torch.tanh(x / (1 - p)) - torch.tanh(x),
    ),
    Misconception(
        "keep-probability",
        "You use p as the rate of keeping. Here p is the rate of dropping, and 1-p that of keeping.",
        "Try p near 0: almost nothing is dropped. Which of your two terms should then vanish?",
        lambda x, p: p * torch.tanh(x / p if p else x * float("inf")) - torch.tanh(x),
    ),
    Misconception(
        "kept-weighed-by-p",
        "You weigh the outcome that is kept by p. It is the one that is dropped whose probability is p.",
        "Try p near 0: almost nothing is dropped. Which outcome should nearly all of the mean come from?",
        lambda x, p: p * torch.tanh(x / (1 - p)) - torch.tanh(x),
    ),
    Misconception(
        "gap-without-sign",
        "You return the size of the gap without its sign. The gap is the mean in training minus the value at "
        "evaluation, and has the sign of that.",
        "For x = 2 and p = 0.5, is tanh larger on average in training or at evaluation? Does yours tell?",
        lambda x, p: activation_gap(x, p).abs(),
    ),
    Misconception(
        "mean-without-difference",
        "You return the mean E[tanh(m∘x)] alone. The exercise asks for its distance from tanh(x), the "
        "value at evaluation.",
        "Try p = 0: training and evaluation are the same there. What should the gap be?",
        lambda x, p: (1 - p) * torch.tanh(x / (1 - p)),
    ),
    Misconception(
        "sign-swapped",
        "You return the gap with the other sign. It is the mean in training minus the value at evaluation.",
        "For x = 2 and p = 0.5 decide first whether tanh is larger on average in training or at "
        "evaluation. Then compare the sign.",
        lambda x, p: -activation_gap(x, p),
    ),
    Misconception(
        "mean-inside",
        "You put the mean inside the tanh. Take the mean of the two values of tanh, one for each outcome "
        "of the mask.",
        "Which do you take first, the mean or the tanh? Which comes first when a network trains?",
        lambda x, p: torch.tanh((1 - p) * x) - torch.tanh(x),
    ),
    Misconception(
        "second-order",
        "That is the second-order approximation, ½·tanh''(x)·Var. It holds for small noise; the exact mean "
        "has only two terms.",
        "The mask of one element has two outcomes only. You can write both down; no approximation is needed.",
        lambda x, p: -torch.tanh(x) * (1 - torch.tanh(x) ** 2) * x**2 * p / (1 - p),
    ),
)

PART = exact_part(
    "2.4",
    activation_gap,
    points=25,
    hints=(
        "A mean over the masks is a sum over the outcomes of the mask, each weighed by its probability. "
        "How many outcomes has the mask of one element?",
        "The element is dropped, and tanh sees 0; or it is kept, and tanh sees x scaled up. By which factor?",
        "Weigh tanh of the one outcome by p and tanh of the other by 1-p; then subtract what evaluation "
        "gives. No draw is needed.",
    ),
    cases=gap_cases,
    outputs=("the gap",),
    gradients=("x",),
    misconceptions=MISCONCEPTIONS,
)
