"""A wrong answer as a picture: the smallest input on which it differs, yours beside the right result.

The inputs come from a seed of their own, the same for everybody, so a picture tells nothing of the inputs on
which a class is graded. A picture is small plain data, whatever the answer returned.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value, tensors
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import apart, same
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import PictureData
from recdrop_lessons.checks.smallest import Failing, numbers, smallest

_SEED = 16
_DRAWN = ("d_h", "d_c")  # zoneout's, which are masks too
_MOST = 96  # numbers of a side that can be read
_EQUAL = 1e-5  # as in recognise.py
_NAMED = re.compile(r"\b([A-Z]\w*)=(\d+(?:, \d+)*)")  # "B=3, H=2, 5": the sizes of a case's label

Reference = Callable[..., Value]


@dataclass(frozen=True, eq=False)
class Counterexample:
    """Draws the wrong answers of a part whose value the arguments decide.

    `name`, `reference`, `cases`, `outputs`, `misconceptions`, `told`, `least`, `shown_from`: as in `Exact`.
    """

    name: str
    reference: Reference
    cases: Callable[[Draw], Iterable[Case]]
    outputs: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    told: bool = True
    least: int = 1
    shown_from: dict[str, dict[str, int]] = field(default_factory=dict)

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
            sizes = {name: size for name, size in _named_sizes(case.label) if size in lengths}
            first = self._fails(answer, [], case.arguments, sizes)
            if first is not None:
                break
        if first is None:
            return None
        explaining = [one for one in mistakes if self._explains(one, first)]
        wanted = self.shown_from.get(slug or "", {})

        def fails(given: dict[str, Value], sizes: dict[str, int]) -> Failing | None:
            if any(sizes.get(name, least) < least for name, least in wanted.items()):
                return None
            return self._fails(answer, explaining, given, sizes)

        return smallest(first, fails, self.least)

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
            if (name.startswith(("m_", "mask")) or name in _DRAWN) and isinstance(value, Tensor)
            for panel in panels(name, value)
        ]
        picture: PictureData = {"input": _input(failing), "masks": masks}
        if not self.told:
            return picture | {"said": repr(failing.yours)[:60]} if masks else None
        yours = self._sides(failing.yours, failing.right)
        right = self._sides(failing.right, failing.yours)
        if not yours or not right or yours == right:  # equal where only the kinds differ
            return None
        return picture | {"yours": yours, "right": right}

    def _sides(self, value: Value, other: Value) -> list[dict[str, Any]]:
        """The panels of each output; [] where there are none, or too many numbers to read."""
        if sum(one.numel() for one in tensors(value)) > _MOST:
            return []
        several = isinstance(value, (tuple, list)) and len(value) == len(self.outputs) > 1
        if not several:
            return _nested(", ".join(self.outputs), value, other)
        return [
            panel
            for k, (name, its) in enumerate(zip(self.outputs, value, strict=True))
            for panel in _nested(name, its, _item(other, k))
        ]


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


def _named_sizes(label: str) -> Iterator[tuple[str, int]]:
    """The sizes that a label names; those of a name that has several are numbered from 1."""
    for name, listed in _NAMED.findall(label):
        sizes = [int(size) for size in listed.split(", ")]
        yield from ((f"{name}{k}" if len(sizes) > 1 else name, size) for k, size in enumerate(sizes, start=1))


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
        f"{name}={_written(value)}"
        for name, value in failing.arguments.items()
        if isinstance(value, (bool, int, float, str)) or _few(numbers(value))
    ]
    return ", ".join(filter(None, [sizes or shapes, *whole, *plain]))


def _few(listed: Tensor | None) -> bool:
    return listed is not None and listed.numel() <= _MOST // 4


def _written(value: Value) -> str:
    """As the panels' numbers are written: to three digits of the four that are kept."""
    if isinstance(value, float):
        return f"{float(_number(value, value)):.3g}"
    return f"[{', '.join(map(_written, value))}]" if isinstance(value, list) else repr(value)


def _item(value: Value, k: int) -> Value:
    """The item of a tuple or list, None where it has none."""
    return value[k] if isinstance(value, (tuple, list)) and k < len(value) else None


def _tensor(value: Value) -> Tensor | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return torch.tensor(float(value), dtype=torch.float64)
    return value if isinstance(value, Tensor) else None


def _nested(name: str, value: Value, other: Value) -> list[dict[str, Any]]:
    """The panels of a tensor or a number, or of each in a tuple or list; `other` is the other side's."""
    if isinstance(value, (tuple, list)):
        return [
            panel for k, its in enumerate(value) for panel in _nested(f"{name}[{k}]", its, _item(other, k))
        ]
    one = _tensor(value)
    return [] if one is None else panels(name, one, other=_tensor(other))


def panels(
    name: str, value: Tensor, across: str = "", down: str = "", other: Tensor | None = None
) -> list[dict[str, Any]]:
    """A tensor as matrices that can be drawn, one for each index before its last two axes.

    Each has a `title`, its `shape`, what its columns and rows are (`across`, `down`) and its `values`, with
    as many digits as it takes to see where those of `other` differ. [] where there is nothing to draw, or too
    much.
    """
    if value.dim() > 4 or not 0 < value.numel() <= _MOST:
        return []
    beside = other if other is not None and other.shape == value.shape else value
    matrices, others = value.double(), beside.double()
    while matrices.dim() < 2:
        matrices, others = matrices.unsqueeze(0), others.unsqueeze(0)
    return [
        {
            "title": name + (f"[{', '.join(map(str, place))}]" if place else ""),
            "shape": list(value.shape),
            "across": across,
            "down": down,
            "values": [
                [_number(x, y) for x, y in zip(row, its, strict=True)]
                for row, its in zip(matrices[place].tolist(), others[place].tolist(), strict=True)
            ],
        }
        for place in product(*map(range, matrices.shape[:-2]))
    ]


def _number(value: float, other: float) -> float | str:
    """Four significant digits, no -0; more where it takes more to see that the other one differs.

    A word where JSON has no number.
    """
    if value - value != 0:
        return str(value)
    if other - other == 0 and abs(value - other) <= _EQUAL * max(1.0, abs(other)):
        return float(f"{min(value, other):.4g}") + 0.0
    return float(apart(value, other)[0]) + 0.0
