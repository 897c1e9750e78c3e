"""Before an answer is said to be right on ordinary inputs, it is asked for some: those of other seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from recdrop_lessons.checks.answer import Answer, Value, tensors
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.general import EDGE_CASE, EDGE_CASES
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Seen, is_wrong, see

_SEEDS = 12


@dataclass(frozen=True)
class AtAnEdge:
    """How an answer that gets the first cases right is told that another one is wrong.

    `name`, `reference`, `cases`, `told`: as in `Exact`.
    """

    name: str
    reference: Callable[..., Value]
    cases: Callable[[Draw], Iterable[Case]]
    told: bool

    def __call__(self, answer: Answer, seen: Sequence[Seen]) -> Misconception | None:
        """The misconception in the words that hold; None where it is wrong too often, or at no edge.

        A wrong word, out of a few, is no edge unless the sizes of its input are.
        """
        if not self.told and not all(special_sizes(one.case) for one in seen if is_wrong(one)):
            return None
        others = [ordinary(self.cases(Draw(seed, f"{self.name}, ordinary"))) for seed in range(_SEEDS)]
        cases = [case for some in others for case in some]
        again = see(answer, self.reference, cases)
        if len(again) < len(cases):  # its process is lost
            return None
        wrong = sum(map(is_wrong, again))
        if wrong <= len(cases) / 10:
            return EDGE_CASE
        return EDGE_CASES if wrong < len(cases) / 3 and self.told else None


def ordinary(cases: Iterable[Case]) -> list[Case]:
    """The plain cases, which a part has at its beginning: two, and whatever follows with the same sizes."""
    every = iter(cases)
    plain = list(islice(every, 2))
    for case in every:
        if _sizes(case.arguments) != _sizes(plain[0].arguments):
            break
        plain.append(case)
    return plain


def special_sizes(case: Case) -> bool:
    """Whether an axis has length 1, or two axes of one tensor are equally long."""
    shapes = [tuple(one.shape) for one in tensors(list(case.arguments.values()))]
    return any(1 in shape or len(set(shape)) < len(shape) for shape in shapes)


def _sizes(value: Value) -> Any:
    """Shapes, lengths and numbers, without what is in tensors and lists and without names."""
    if isinstance(value, dict):
        return {name: _sizes(item) for name, item in value.items()}
    shapes = [tuple(one.shape) for one in tensors(value)]
    if shapes or isinstance(value, (tuple, list)):
        return shapes or len(value)
    return None if isinstance(value, str) else value
