"""Sums of products over shared axes, by letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ._dtypes import SPOKEN
from ._graph import sum_to
from ._operation import operation
from ._tensor import Tensor, result

Array = np.ndarray


@operation(method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    if isinstance(dims, int):
        over_a, over_b = list(range(a._a.ndim - dims, a._a.ndim)), list(range(dims))
    else:
        over_a, over_b = ([d % one._a.ndim for d in its] for one, its in zip((a, b), dims, strict=True))
    letters = [chr(97 + k) for k in range(a._a.ndim + b._a.ndim)]
    of_a, of_b = letters[: a._a.ndim], letters[a._a.ndim :]
    for i, j in zip(over_a, over_b, strict=True):
        of_b[j] = of_a[i]
    kept = [c for i, c in enumerate(of_a) if i not in over_a] + [
        c for j, c in enumerate(of_b) if j not in over_b
    ]
    return einsum(f"{''.join(of_a)},{''.join(of_b)}->{''.join(kept)}", a, b)


def _spelt_out(equation: str, arrays: Sequence[Array]) -> tuple[list[str], str]:
    """The subscripts of the operands and of the result, with letters for `...`. Raises RuntimeError."""
    equation = equation.replace(" ", "")
    left, arrow, right = equation.partition("->")
    operands = left.split(",")
    if len(operands) != len(arrays):
        raise RuntimeError(
            "einsum(): fewer operands were provided than specified in the equation"
            if len(arrays) < len(operands)
            else "einsum(): more operands were provided than specified in the equation"
        )
    if not arrow:
        once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    spare = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBA" if c not in equation]
    width = max((a.ndim - len(o) + 3 for o, a in zip(operands, arrays, strict=True) if "..." in o), default=0)
    free = "".join(spare[:width])
    for k, (o, a) in enumerate(zip(operands, arrays, strict=True)):
        n = a.ndim - len(o) + 3 if "..." in o else 0
        operands[k] = o.replace("...", free[width - n :])
        if len(operands[k]) != a.ndim:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(operands[k])}) does not match the number "
                f"of dimensions ({a.ndim}) for operand {k} and no ellipsis was given"
            )
    return operands, right.replace("...", free)


def _fit(operands: Sequence[str], right: str, arrays: Sequence[Array]) -> None:
    """Raises RuntimeError where two operands give a letter different sizes."""
    found: dict[str, int] = {}
    for k, (letters, a) in enumerate(zip(operands, arrays, strict=True)):
        for letter, n in zip(letters, a.shape, strict=True):
            own = [m for c, m in zip(letters, a.shape, strict=True) if c == letter]
            if len(set(own)) > 1:
                raise RuntimeError(
                    f"einsum(): subscript {letter} is repeated for operand {k} but the sizes don't match, {own[1]} != {own[0]}"
                )
            if found.setdefault(letter, n) != n and 1 not in (n, found[letter]):
                raise RuntimeError(
                    f"einsum(): subscript {letter} has size {n} for operand {k} which does not broadcast with "
                    f"previously seen size {found[letter]}"
                )
            found[letter] = max(n, found[letter])
    for letter in right:
        if letter not in found:
            raise RuntimeError(
                f"einsum(): output subscript {letter} does not appear in the equation for any input operand"
            )


@operation(method=False)
def einsum(equation: str, *operands: Any) -> Tensor:
    given = (
        list(operands[0]) if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else list(operands)
    )
    arrays = [one._a for one in given]
    letters, right = _spelt_out(equation, arrays)
    _fit(letters, right, arrays)
    if len({one.dtype for one in given}) > 1:
        raise RuntimeError(
            f"expected scalar type {SPOKEN[given[0].dtype.name]} but found {SPOKEN[given[1].dtype.name]}"
        )
    z = np.einsum(",".join(letters) + "->" + right, *arrays, optimize=len(arrays) > 2)
    return result(
        np.asarray(z),
        given,
        [_einsum_pull(k, letters, right, arrays) for k in range(len(given))],
        [[other for j, other in enumerate(given) if j != k] for k in range(len(given))],
    )


def _einsum_pull(
    k: int, letters: Sequence[str], right: str, arrays: Sequence[Array]
) -> Callable[[Array], Array]:
    """The gradient of operand k: the einsum of the result's gradient with the other operands."""
    others = [j for j in range(len(letters)) if j != k]
    mine, shape = letters[k], arrays[k].shape
    known = set(right).union(*(letters[j] for j in others))
    distinct = list(dict.fromkeys(mine))
    there = "".join(c for c in distinct if c in known)
    alone = [c for c in distinct if c not in known]  # summed over in this operand alone

    def pull(g: Array) -> Array:
        part = np.einsum(
            ",".join([right, *(letters[j] for j in others)]) + "->" + there, g, *(arrays[j] for j in others)
        )
        for c in alone:
            part = np.repeat(part[None], shape[mine.index(c)], 0)
        order = "".join(reversed(alone)) + there
        if len(distinct) == len(mine):
            return np.broadcast_to(sum_to(np.einsum(f"{order}->{mine}", part), shape), shape)
        whole = np.zeros(shape, part.dtype)  # a letter twice: the diagonal alone takes part
        np.einsum(f"{mine}->{order}", whole)[...] = part
        return whole

    return pull


@operation()
def inner(input: Tensor, other: Tensor) -> Tensor:
    if not input._a.ndim or not other._a.ndim:
        return input * other
    return tensordot(input, other, dims=([-1], [-1]))
