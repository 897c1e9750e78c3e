"""LSTMs with a norm inside: layer norm (Ba et al. 2016) and recurrent batch norm (Cooijmans et al. 2017).

Both change two lines of the step and leave the rest, every dropout site included, as it is:

    a  = N(x Wᵀ) + N(h Uᵀ) + b
    h' = o ∘ φ(N(c'))
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.layers.cells import LSTMCell, State, affine
from recdrop_lessons.layers.recurrent import Recurrent
from recdrop_lessons.support.errors import RecdropError


class LayerNormLSTM(Recurrent, LSTMCell):
    """The LSTM with layer norms: over the features of each row at each step, the same in training and after.

    Shapes: as `LSTM`; gain_x and gain_h (4H,), gain_c and shift_c (H,).
    Equation: a = LN(x Wᵀ)∘gain_x + LN(h Uᵀ)∘gain_h + b; h' = o∘φ(LN(c')∘gain_c + shift_c).
        Each LN is one norm over its whole last axis, 4H or H; c' itself is carried on as it is.
    `eps`: added to the variance, inside the root.
    Raises as `LSTM` does.
    Source: Ba, Kiros & Hinton 2016, supplementary equations 20 to 22.
    """

    def __init__(self, input_size: int, hidden_size: int, *, eps: float = 1e-5, **arguments: Any) -> None:
        super().__init__(input_size, hidden_size, **arguments)
        self.eps = eps
        self.gain_x = nn.Parameter(torch.ones(4 * hidden_size))
        self.gain_h = nn.Parameter(torch.ones(4 * hidden_size))
        self.gain_c = nn.Parameter(torch.ones(hidden_size))
        self.shift_c = nn.Parameter(torch.zeros(hidden_size))

    def reset_parameters(self) -> None:
        """Draw the weights as `LSTM` does; gains are 1, shifts 0."""
        super().reset_parameters()
        for name, value in (("gain_x", 1.0), ("gain_h", 1.0), ("gain_c", 1.0), ("shift_c", 0.0)):
            if hasattr(self, name):  # not yet there when the weights are first drawn
                nn.init.constant_(getattr(self, name), value)

    def _normed(self, a: Tensor, gain: Tensor, shift: Tensor | None = None) -> Tensor:
        return F.layer_norm(a, a.shape[-1:], gain, shift, self.eps)

    def _into_gates(self, x: Tensor, h: Tensor, masks: Masks) -> Tensor:
        # a = LN(x Wᵀ) + LN(h Uᵀ) + b
        from_x = affine(x, self.weight_ih, masks.get("input"))  # (B, 4H)
        from_h = affine(h, self._recurrent_weight(masks), masks.get("recurrent"))  # (B, 4H)
        return self._normed(from_x, self.gain_x) + self._normed(from_h, self.gain_h) + self.bias

    def _read(self, c: Tensor) -> Tensor:
        # h' = o∘φ(LN(c'))
        return self._normed(c, self.gain_c, self.shift_c)


class _StepNorm(nn.Module):
    """Batch norm with statistics of its own at each time step.

    Shapes: a (B, N) at step t → the same. Equation: γ ∘ (a - μ_t) / √(v_t + eps) + β, biased v_t.
    At evaluation μ_t and v_t are the running ones of step t; past `max_steps` those of the last.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(
        self, size: int, max_steps: int, gain: float, eps: float, momentum: float, shift: bool
    ) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.gain = nn.Parameter(torch.full((size,), gain))
        self.shift = nn.Parameter(torch.zeros(size)) if shift else None
        self.register_buffer("running_mean", torch.zeros(max_steps, size))
        self.register_buffer("running_var", torch.ones(max_steps, size))

    def forward(self, a: Tensor, t: int) -> Tensor:
        t = min(t, len(self.running_mean) - 1)
        if self.training and len(a) < 2:
            raise RecdropError(
                "Batch norm was given a batch of one example in training; it needs two or more."
            )
        return F.batch_norm(
            a, self.running_mean[t], self.running_var[t], self.gain, self.shift,
            self.training, self.momentum, self.eps,
        )  # fmt: skip


class BatchNormLSTM(Recurrent, LSTMCell):
    """The LSTM with batch norms whose statistics belong to one time step each.

    Shapes: as `LSTM`; statistics (max_steps, 4H) and (max_steps, H).
    Equation: a = BN_t(x Wᵀ) + BN_t(h Uᵀ) + b; h' = o∘φ(BN_t(c')). The gains start at `gain`, the paper's 0.1:
        at 1 the tanh saturates and the gradient vanishes.
    `max_steps`: how many steps have statistics of their own; later ones use those of the last.
    Raises as `LSTM` does, for a batch of one example in training, and for `lengths`: padding would enter the
        statistics.
    Source: Cooijmans et al. 2017.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        max_steps: int,
        gain: float = 0.1,
        eps: float = 1e-5,
        momentum: float = 0.1,
        **arguments: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, **arguments)
        if not isinstance(max_steps, int) or max_steps < 1:
            raise RecdropError(f"max_steps was {max_steps!r}; expected the number of time steps, 1 or more.")
        settings = (max_steps, gain, eps, momentum)
        # Without shifts of their own: b shifts the sum already.
        self.norm_x = _StepNorm(4 * hidden_size, *settings, shift=False)
        self.norm_h = _StepNorm(4 * hidden_size, *settings, shift=False)
        self.norm_c = _StepNorm(hidden_size, *settings, shift=True)
        self._now = 0  # the step at hand; `_over_time` counts it

    def reset_parameters(self) -> None:
        """Draw W, U and b as `LSTM` does; the norms keep their gains."""
        bound = self.hidden_size**-0.5
        for parameter in (self.weight_ih, self.weight_hh, self.bias):
            nn.init.uniform_(parameter, -bound, bound)

    def _over_time(
        self, x: Tensor, state: State, masks: Masks, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        if lengths is not None:
            raise RecdropError(
                "BatchNormLSTM was given lengths; padding would enter its statistics. Sort the sequences "
                "into "
                "batches of one length, or use LayerNormLSTM."
            )
        self._now = 0
        return super()._over_time(x, state, masks, lengths)

    def step(self, x: Tensor, state: State, masks: Masks) -> Any:
        taken = super().step(x, state, masks)
        self._now += 1
        return taken

    def _into_gates(self, x: Tensor, h: Tensor, masks: Masks) -> Tensor:
        # a = BN_t(x Wᵀ) + BN_t(h Uᵀ) + b
        from_x = affine(x, self.weight_ih, masks.get("input"))  # (B, 4H)
        from_h = affine(h, self._recurrent_weight(masks), masks.get("recurrent"))  # (B, 4H)
        return self.norm_x(from_x, self._now) + self.norm_h(from_h, self._now) + self.bias

    def _read(self, c: Tensor) -> Tensor:
        # h' = o∘φ(BN_t(c'))
        return self.norm_c(c, self._now)
