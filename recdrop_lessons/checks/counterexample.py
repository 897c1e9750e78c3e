"""A wrong answer as a picture: the smallest input on which it differs, yours beside the right result.

The inputs come from a seed of their own, the same for everybody, so a picture tells nothing of the inputs on
which a class is graded. A picture is small plain data, whatever the answer returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value, tensors
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import same
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import PictureData
from recdrop_lessons.checks.smallest import Failing, smallest

_SEED = 16
_MOST = 96  # numbers of a side that can be read
_EQUAL = 1e-5  # as in recognise.py
_NAMED = re.compile(r"\b([A-Z]\w*)=(\d+)")  # "B=3, T=2": the sizes of a case's label

Reference = Callable[..., Value]


@dataclass(frozen=True, eq=False)
class Counterexample:
    """Draws the wrong answers of a part whose value the arguments decide.

    `name`, `reference`, `cases`, `outputs`, `misconceptions`, `told`, `least`: as in `Exact`.
    """

    name: str
    reference: Reference
    cases: Callable[[Draw], Iterable[Case]]
    outputs: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    told: bool = True
    least: int = 1

    def __call__(self, answer: Answer, slug: str | None) -> PictureData | None:
        """The picture of an answer that fails under that name; None where no input this small shows it."""
        found = self.failing(answer, slug)
        return None if found is None else self._picture(found)

    def failing(self, answer: Answer, slug: str | None) -> Failing | None:
        """The smallest input on which the answer fails, as that misconception does where it has mistakes."""
        named = [one for one in self.misconceptions if one.slug == slug]
        mistakes = [mistake for one in named for mistake in one.mistakes]
        first = None
        for case in _cases(self.cases, self.name):
            lengths = {length for one in tensors(list(case.arguments.values())) for length in one.shape}
            named_sizes = {name: int(size) for name, size in _NAMED.findall(case.label)}
            sizes = {name: size for name, size in named_sizes.items() if size in lengths}
            first = self._fails(answer, [], case.arguments, sizes)
            if first is not None:
                break
        if first is None:
            return None
        explaining = [one for one in mistakes if self._explains(one, first)]
        return smallest(first, lambda given, sizes: self._fails(answer, explaining, given, sizes), self.least)

    def _fails(
        self, answer: Answer, mistakes: Sequence[Reference], given: dict[str, Value], sizes: dict[str, int]
    ) -> Failing | None:
        right = _asked(self.reference, given)
        if right is None or not _finite(right):
            return None
        try:
            yours = answer(**given)
        except AnswerError:
            return None
        if same(yours, right, _EQUAL):
            return None
        found = Failing(given, sizes, yours, right)
        return found if not mistakes or any(self._explains(one, found) for one in mistakes) else None

    @staticmethod
    def _explains(mistake: Reference, failing: Failing) -> bool:
        its = _asked(mistake, failing.arguments)
        return its is not None and same(failing.yours, its, _EQUAL)

    def _picture(self, failing: Failing) -> PictureData | None:
        masks = [
            panel
            for name, value in failing.arguments.items()
            if name.startswith(("m_", "mask", "d_")) and isinstance(value, Tensor)
            for panel in panels(name, value)
        ]
        picture: PictureData = {"input": _input(failing), "masks": masks}
        if not self.told:
            return picture | {"said": repr(failing.yours)[:60]} if masks else None
        yours, right = self._sides(failing.yours), self._sides(failing.right)
        if not yours or not right:
            return None
        return picture | {"yours": yours, "right": right}

    def _sides(self, value: Value) -> list[dict[str, Any]]:
        """The panels of each output; [] where there are none, or too many numbers to read."""
        if sum(one.numel() for one in tensors(value)) > _MOST:
            return []
        several = isinstance(value, (tuple, list)) and len(value) == len(self.outputs) > 1
        named = zip(self.outputs, value, strict=True) if several else [(", ".join(self.outputs), value)]
        return [panel for name, its in named for panel in _nested(name, its)]


@lru_cache(maxsize=128)
def _cases(cases: Callable[[Draw], Iterable[Case]], name: str) -> tuple[Case, ...]:
    return tuple(cases(Draw(_SEED, name)))


def _asked(function: Reference, given: dict[str, Value]) -> Value | None:
    """What a function of ours gives; None on an input that was cut so that it makes no sense."""
    try:
        with torch.no_grad():
            return function(**given)
    except Exception:
        return None


def _finite(value: Value) -> bool:
    return all(bool(one.isfinite().all()) for one in tensors(value) if one.is_floating_point())


def _input(failing: Failing) -> str:
    """The input in words: its sizes by name, else the shapes; and what is no tensor."""
    sizes = ", ".join(f"{name}={size}" for name, size in failing.sizes.items())
    shapes = ", ".join(
        f"{name} of shape {tuple(value.shape)}"
        for name, value in failing.arguments.items()
        if isinstance(value, Tensor)
    )
    whole = [
        f"{name}={value.tolist()}"
        for name, value in failing.arguments.items()
        if isinstance(value, Tensor) and not value.is_floating_point() and value.numel() <= 12
    ]
    plain = [
        f"{name}={f'{value:.3g}' if isinstance(value, float) else repr(value)}"
        for name, value in failing.arguments.items()
        if isinstance(value, (bool, int, float, str))
    ]
    return ", ".join(filter(None, [sizes or shapes, *whole, *plain]))


def _nested(name: str, value: Value) -> list[dict[str, Any]]:
    """The panels of a tensor or a float, or of each in a tuple or list."""
    if isinstance(value, (tuple, list)):
        return [panel for k, its in enumerate(value) for panel in _nested(f"{name}[{k}]", its)]
    if isinstance(value, float):
        value = torch.tensor(value, dtype=torch.float64)
    return panels(name, value) if isinstance(value, Tensor) else []


def panels(name: str, value: Tensor, across: str = "", down: str = "") -> list[dict[str, Any]]:
    """A tensor as matrices that can be drawn, one for each index before its last two axes.

    Each has a `title`, its `shape`, what its columns and rows are (`across`, `down`) and its `values`. []
    where there is nothing to draw, or too much.
    """
    if value.dim() > 4 or not 0 < value.numel() <= _MOST:
        return []
    matrices = value.double()
    while matrices.dim() < 2:
        matrices = matrices.unsqueeze(0)
    return [
        {
            "title": name + (f"[{', '.join(map(str, place))}]" if place else ""),
            "shape": list(value.shape),
            "across": across,
            "down": down,
            "values": [[_number(x) for x in row] for row in matrices[place].tolist()],
        }
        for place in product(*map(range, matrices.shape[:-2]))
    ]


def _number(value: float) -> float | str:
    """Four significant digits, no -0; a word where JSON has no number."""
    return float(f"{value:.4g}") + 0.0 if value - value == 0 else str(value)
