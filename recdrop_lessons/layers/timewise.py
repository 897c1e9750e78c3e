"""Layers for what a recurrent layer reads or returns: each time step alone, or one vector for every step."""

from __future__ import annotations

from torch import Tensor, nn

from recdrop_lessons.layers.recurrent import Shape
from recdrop_lessons.layers.tensors import check_tensor
from recdrop_lessons.support.errors import RecdropError, ShapeError


class TimeDistributed(nn.Module):
    """One module at every time step.

    Shapes: x (B, T, …) → (B, T, …): the module sees (B·T, …).
    Raises `ShapeError` for input without a time axis.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        """Apply the module to each step of x."""
        self.check_shape(tuple(check_tensor(x, "TimeDistributed").shape))
        return self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])  # (B, T, …)

    @staticmethod
    def check_shape(shape: Shape) -> None:
        """Refuse a shape without a time axis."""
        if len(shape) < 3:
            raise ShapeError(
                f"TimeDistributed was given the shape {tuple(shape)}; it works step by step and needs "
                "(batch, time, …).",
                "If a recurrent layer stands before it, give that one return_sequences=True; where one "
                "vector is "
                "meant, use the module without TimeDistributed.",
            )


class RepeatVector(nn.Module):
    """Hand the same vector to each of n time steps: the bridge from an encoder to a decoder.

    Shapes: x (B, F) → (B, n, F).
    Raises `ShapeError` for input that is not (B, F).
    """

    def __init__(self, n: int) -> None:
        super().__init__()
        if not isinstance(n, int) or n < 1:
            raise RecdropError(f"RepeatVector's n was {n!r}; expected a number of time steps, 1 or more.")
        self.n = n

    def forward(self, x: Tensor) -> Tensor:
        """Repeat x (B, F) along a new time axis."""
        self.output_shape(tuple(check_tensor(x, "RepeatVector").shape))
        return x.unsqueeze(1).expand(-1, self.n, -1)  # (B, n, F)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (B, n, F) for (B, F)."""
        if len(shape) != 2:
            raise ShapeError(
                f"RepeatVector was given the shape {tuple(shape)}; it repeats one vector per "
                "example, (batch, features).",
                "If the layer before it returns every step already, leave RepeatVector out, or give that "
                "layer "
                "return_sequences=False.",
            )
        return (shape[0], self.n, shape[1])

    def extra_repr(self) -> str:
        return str(self.n)
