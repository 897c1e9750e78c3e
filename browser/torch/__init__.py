"""The browser's torch: the part of PyTorch that checks, layers and learners' answers use, on NumPy alone.

PyTorch has no build for the browser that can be had here. This package stands in its place: the folder that
holds it goes onto `sys.path`, and `import torch` finds it. Nothing here knows of the course. Values,
gradients, dtypes, refusals and random draws are PyTorch's (tests/browser_torch/ compares them); what is
lacking says so by name (_absent.py). Where a page has a real torch, it leaves this folder off `sys.path`.
"""

import math
from typing import Any

from . import (  # noqa: F401  each hands its functions to FUNCTIONS and Tensor
    _along,
    _cells,
    _comparisons,
    _einsum,
    _extremes,
    _gathering,
    _indexing,
    _joining,
    _making,
    _methods,
    _norms,
    _operators,
    _ordering,
    _parts,
    _products,
    _pulling,
    _random,
    _reductions,
    _softmax,
    _unary,
    _views,
)
from ._absent import NotInBrowser, module_getattr, not_here, public_names
from ._dtypes import Layout as layout
from ._dtypes import (
    Size,
    bool_,
    device,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    strided,
    uint8,
)
from ._generator import Generator, default_generator
from ._graph import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from ._operation import FUNCTIONS
from ._random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from ._tensor import Tensor

globals().update({name: one for name, one in FUNCTIONS.items() if name in public_names("torch")})
from . import autograd, cuda, distributions, func, linalg, nn, optim, random, special  # noqa: E402
from .nn.functional import (  # noqa: E402
    alpha_dropout,
    batch_norm,
    celu,
    group_norm,
    layer_norm,
    native_layer_norm,
    prelu,
    selu,
)


def dropout(input: Tensor, p: Any, train: Any) -> Tensor:
    return nn.functional.dropout(input, p, train)


__version__ = "0+numpy"
inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
newaxis = None
contiguous_format = preserve_format = channels_last = "contiguous"
double, half, long, short = float64, float16, int64, int16
bool, float, int = bool_, float32, int32


def set_num_threads(n: Any) -> None:
    pass


def get_num_threads() -> Any:
    return 1


set_num_interop_threads = set_num_threads


def use_deterministic_algorithms(mode: Any, **_: Any) -> None:
    pass


def set_printoptions(**_: Any) -> None:
    pass


def is_autocast_enabled(*_: Any) -> Any:
    return False


def typename(obj: Any) -> str:
    return type(obj).__name__


__getattr__ = module_getattr("torch")
__all__ = [
    "Generator",
    "NotInBrowser",
    "Size",
    "Tensor",
    "alpha_dropout",
    "autograd",
    "batch_norm",
    "celu",
    "cuda",
    "default_generator",
    "device",
    "distributions",
    "dropout",
    "dtype",
    "enable_grad",
    "finfo",
    "func",
    "get_default_dtype",
    "get_rng_state",
    "group_norm",
    "iinfo",
    "inference_mode",
    "initial_seed",
    "int8",
    "int16",
    "is_grad_enabled",
    "layer_norm",
    "layout",
    "linalg",
    "manual_seed",
    "native_layer_norm",
    "nn",
    "no_grad",
    "not_here",
    "optim",
    "prelu",
    "random",
    "seed",
    "selu",
    "set_default_dtype",
    "set_grad_enabled",
    "set_rng_state",
    "special",
    "strided",
    "uint8",
]
