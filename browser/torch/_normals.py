"""Normal numbers in blocks of sixteen, as PyTorch draws sixteen or more.

Of each block the first eight uniform numbers give the radius and the others the angle (Box and Muller). In
float32 PyTorch takes logarithm, sine and cosine from the polynomials of the Cephes library, each step one
multiplication and one addition with a single rounding; so they are computed here, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Array = np.ndarray
f32 = np.float32

# Cephes, single precision: logf on [√½ - 1, √2 - 1], then sinf and cosf on [-π/4, π/4].
_LOG = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
)
_SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
_LN2_HIGH, _LN2_LOW = f32(0.693359375), f32(-2.12194440e-4)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)  # π/4 in three parts


def _fma(a: Array, b: Array | f32, c: Array | f32) -> Array:
    """a·b + c, rounded once. The product of two float32 is exact in float64."""
    return (a.astype(np.float64) * np.float64(b) + np.asarray(c, np.float64)).astype(f32)


def _polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    """Horner's rule."""
    y = np.full_like(x, f32(coefficients[0]))
    for c in coefficients[1:]:
        y = _fma(y, x, f32(c))
    return y


def _log(x: Array) -> Array:
    mantissa, exponent = np.frexp(x)
    mantissa, e = mantissa.astype(f32), exponent.astype(f32)
    small = mantissa < f32(0.707106781186547524)
    e = e - small.astype(f32)
    m = (mantissa - f32(1)) + np.where(small, mantissa, f32(0))
    square = m * m
    y = _polynomial(_LOG, m) * m
    y = _fma(y, square, e * _LN2_LOW)
    y = _fma(square, f32(-0.5), y)
    return _fma(e, _LN2_HIGH, m + y)


def _sine_and_cosine(x: Array) -> tuple[Array, Array]:
    """Of angles from 0 on: the octant, what is left of it, and the polynomial that fits."""
    octant = ((x * f32(1.27323954473516)).astype(np.int32) + 1) & ~1
    turns = octant.astype(f32)
    for part in _QUARTER_PI:
        x = _fma(turns, f32(-part), x)
    square = x * x
    cosine = _fma(_polynomial(_COSINE, square) * square, square, -(square * f32(0.5))) + f32(1)
    sine = _fma(_polynomial(_SINE, square) * square, x, x)
    swapped = (octant & 2) != 0
    s, c = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(octant & 4, -s, s), np.where((octant - 2) & 4, c, -c)


def _block(u: Array, mean: float, std: float) -> Array:
    """Normals from uniforms, sixteen by sixteen."""
    kind = u.dtype.type
    first, second = u.reshape(-1, 2, 8).transpose(1, 0, 2)
    log = _log if kind is f32 else np.log
    radius = np.sqrt(kind(-2) * log(kind(1) - first))
    angle = kind(2 * np.pi) * second
    sine, cosine = _sine_and_cosine(angle) if kind is f32 else (np.sin(angle), np.cos(angle))
    z = np.stack([radius * cosine, radius * sine], 1).reshape(-1)
    return _fma(z, f32(std), f32(mean)) if kind is f32 else z * std + mean


def fill(n: int, uniform: Callable[[int], Array], mean: float = 0.0, std: float = 1.0) -> Array:
    """n ≥ 16 normals. Where n is no multiple of 16, the last sixteen are drawn anew."""
    u = uniform(n)
    whole = n - n % 16
    z = u.copy()
    z[:whole] = _block(u[:whole], mean, std)
    if n % 16:
        z[-16:] = _block(uniform(16), mean, std)
    return z
