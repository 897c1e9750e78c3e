"""What dropout did to attention coefficients that were equal before it."""

from __future__ import annotations

import numpy as np


def in_words(coefficients: np.ndarray, uniform: float, p: float = 0.5) -> str:
    """In words: what became of coefficients (…, receiver, heads, sender) that were all `uniform`."""
    kept = ~np.isclose(coefficients, 0)
    if not np.allclose(coefficients[kept], uniform / (1 - p), atol=1e-5):
        summing_to_one = np.allclose(coefficients.sum(-1), 1, atol=1e-4)
        return "scores before the softmax" if summing_to_one else "something else"
    own = not (kept == kept[..., :1, :]).all()
    heads = "each head its own" if own else "all heads alike"
    return f"coefficients after the softmax, not renormalised, {heads}"
