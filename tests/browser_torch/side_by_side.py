"""The browser's torch beside the real one, in one process: the same expression on the same arrays."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

FOLDER = Path(__file__).parents[2] / "browser" / "torch"


def _load() -> Any:
    """The browser's torch under another name, so that `torch` stays the real one."""
    name = "torch_on_numpy"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)]
        )
        assert spec is not None and spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


mini = _load()
Expression = Callable[..., Any]


@dataclass
class Said:
    """What came of an expression in plain arrays: its values, their dtypes, the gradients, or the error."""

    values: Any = None
    gradients: Sequence[Any] = ()
    error: BaseException | None = None


def made(library: Any, array: np.ndarray, wants: bool) -> Any:
    """A tensor of the array, laid out in memory as the array is; a leaf where gradients are wanted."""
    strided = np.empty_like(array)
    strided[...] = array
    if array.ndim and any(
        n != s // array.itemsize for n, s in zip(array.strides, array.strides, strict=True)
    ):
        strided = array
    tensor = library.from_numpy(strided)
    return tensor.requires_grad_() if wants and array.dtype.kind == "f" else tensor


def plain(library: Any, value: Any) -> Any:
    if isinstance(value, library.Tensor):
        return (str(value.dtype), value.detach().numpy().copy())
    if isinstance(value, (tuple, list)):
        return [plain(library, one) for one in value]
    if isinstance(value, (library.dtype, library.Size)):
        return str(value)
    return value


def _tensors(library: Any, value: Any) -> list[Any]:
    if isinstance(value, library.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [found for one in value for found in _tensors(library, one)]
    return []


def say(library: Any, expression: Expression, arrays: Sequence[np.ndarray], wants: bool = True) -> Said:
    """Run it, then pull a fixed cotangent back to the arrays."""
    leaves = [made(library, one.copy(order="K"), wants) for one in arrays]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value = expression(library, *leaves)
            outs = [one for one in _tensors(library, value) if one.requires_grad]
            said = Said(plain(library, value))
            reached = [one for one in leaves if one.requires_grad]
            if not outs or not reached:
                return said
            rng = np.random.default_rng(1)
            weights = [
                library.from_numpy(
                    np.asarray(rng.standard_normal(one.shape)).astype(one.detach().numpy().dtype)
                )
                for one in outs
            ]
            found = library.autograd.grad(outs, reached, weights, allow_unused=True)
            said.gradients = [plain(library, one) for one in found]
            return said
        except Exception as error:
            return Said(error=error)


def assert_close(mine: Any, real: Any, exact: bool) -> None:
    """Equal but for rounding: of float64 where all that took part was `exact`."""

    if isinstance(real, list):
        assert isinstance(mine, list) and len(mine) == len(real), (mine, real)
        for one, other in zip(mine, real, strict=True):
            assert_close(one, other, exact)
    elif isinstance(real, tuple):
        assert isinstance(mine, tuple), (mine, real)
        assert mine[0] == real[0], f"dtype {mine[0]}, torch has {real[0]}"
        assert mine[1].shape == real[1].shape, f"shape {mine[1].shape}, torch has {real[1].shape}"
        if real[1].dtype.kind == "f":
            scale = 1e-9 if real[0].endswith("64") and exact else 2e-5
            np.testing.assert_allclose(mine[1], real[1], rtol=scale, atol=scale)
        else:
            np.testing.assert_array_equal(mine[1], real[1])
    elif isinstance(real, float):
        assert mine == real or abs(mine - real) <= 2e-5 * max(1, abs(real)) or (mine != mine and real != real)
    else:
        assert mine == real and type(mine) is type(real), (mine, real)


def same(expression: Expression, *arrays: np.ndarray, wants: bool = True) -> None:
    """Values, dtypes, shapes and gradients are torch's; or both raise, and the learner is told the same."""
    real, mine = say(torch, expression, arrays, wants), say(mini, expression, arrays, wants)
    if real.error is None:
        assert mine.error is None, f"raised {mine.error!r}, torch gives a value"
        exact = all(one.dtype != np.float32 for one in arrays)
        assert_close(mine.values, real.values, exact)
        assert_close(list(mine.gradients), list(real.gradients), exact)
    else:
        assert mine.error is not None, f"gives a value, torch raises {real.error!r}"
        assert kind(mine.error) == kind(real.error), (mine.error, real.error)


def kind(error: BaseException) -> tuple[str, str | None]:
    """The class of an error, and the misconception that the checks read in it.

    Releases of PyTorch differ in where they raise RuntimeError and where its subclass NotImplementedError.
    """
    from recdrop_lessons.checks.answer import AnswerError
    from recdrop_lessons.checks.of_errors import of_error

    name = "RuntimeError" if isinstance(error, RuntimeError) else type(error).__name__
    found = of_error(AnswerError(name, str(error)), {})
    return name, found.slug if found else None
