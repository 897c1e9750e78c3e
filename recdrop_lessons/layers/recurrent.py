"""Cells over time: the three recurrent layers, their shapes, their masks.

    LSTM(12, 64, dropout=0.2, recurrent_dropout=0.2)         Keras's words, Keras's meaning
    LSTM(12, 64, drops=variants.gal(0.2))                    a paper's row
    LSTM(12, 64, drops=[Drop("candidate", 0.3, shared=())])  a row of your own

A layer *is* its cell (its parameters, its `step`), carried over the time axis.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.algebra.sites import SITES, Site, site_named
from recdrop_lessons.layers import fast
from recdrop_lessons.layers.cells import Cell, GRUCell, LSTMCell, SimpleRNNCell, State, StepResult
from recdrop_lessons.layers.tensors import (
    check_floats,
    check_is_tensor,
    check_mask,
    check_tensor,
    reverse,
    whole_numbers,
)
from recdrop_lessons.support.errors import MaskError, RecdropError, ShapeError

Shape = tuple[int | None, ...]


def masks_at(masks: Masks, t: int) -> dict[str, Tensor]:
    """Return the masks of step t: one that time shares serves each step, and that of a matrix has no time."""
    return {site: m if m.dim() == 2 else m[t if len(m) > 1 else 0] for site, m in masks.items()}


class Recurrent(Cell):
    """A cell carried over time: what SimpleRNN, GRU and LSTM share.

    Shapes: x (B, T, F) → (B, H), or (B, T, H) with `return_sequences=True`; with `return_state=True` also the
        last states, (B, H) each. `lengths` (B,), each from 1 to T: the last valid step counts as last, and
        outputs after it are zero.
    `go_backwards`: read from the last step to the first; outputs stay in the order of reading, as in Keras.
    `dropout`, `recurrent_dropout`: Keras's arguments, see `variants.keras`. `drops`: any rows of the algebra.
    `fast`: take the kernel of `kernels`, with the same values, where there is one for this layer; set
        `layer.fast = False` for the readable form, which also has second and forward-mode derivatives.
    Raises `ShapeError`, `MaskError` or `RecdropError` for wrong input; each says what to change.
    """

    fast = True

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        **arguments: Any,
    ) -> None:
        super().__init__(input_size, hidden_size, **arguments)
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.go_backwards = go_backwards
        self._listeners: list[Any] = []  # what `record` has attached

    # ---- masks: out ----

    def _units(self, site: Site) -> int:
        return int(getattr(self, site.width))

    def sample_masks(
        self, batch: int, steps: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the masks of one pass, by the name of their site.

        Shapes: (T or 1, B or 1, [gates,] units or 1) each; "recurrent_weight" (G·H, H).
        With `fill="previous"` a mask is 1 where the old value stays; all others are ready to multiply by.
        With `go_backwards` time counts in the order of reading.
        """
        gates = len(self.gate_names)
        masks = {}
        for drop in self.drops:
            if drop.site.matrix:
                shape = tuple(getattr(self, drop.site.matrix).shape)
            else:
                shape = drop.mask_shape(steps, batch, self._units(drop.site), gates)
            masks[str(drop.site)] = drop.sample(shape, generator=generator).to(self.weight_hh)
        return masks

    def _expected_masks(self) -> dict[str, Tensor]:
        """The masks of evaluation: the mean of each, where that is not 1."""
        return {
            str(drop.site): self.weight_hh.new_full((1, 1) if drop.site.matrix else (1, 1, 1), drop.mean)
            for drop in self.drops
            if drop.mean != 1
        }

    # ---- masks: in ----

    def _checked_masks(self, masks: Masks, batch: int, steps: int) -> dict[str, Tensor]:
        """Return `masks` if each belongs here and none is missing."""
        name, checked = type(self).__name__, {}
        for given, mask in masks.items():
            if given not in self.sites:
                known = f": {site_named(given).description}" if given in SITES else ""
                raise MaskError(
                    f"{name} has no site {given!r}{known}. It has {', '.join(map(repr, self.sites))}."
                )
            site = site_named(given)
            check_is_tensor(site, mask)
            if site.matrix:
                wanted = tuple(getattr(self, site.matrix).shape)
                if mask.shape != wanted:
                    raise MaskError(
                        f"The mask {site!r} has shape {tuple(mask.shape)}; "
                        f"expected that of the weight, {wanted}."
                    )
            else:
                check_mask(site, mask, (steps, batch, self._units(site)), len(self.gate_names))
            checked[str(site)] = mask.to(self.weight_hh)
        missing = [drop.site for drop in self.drops if drop.p > 0 and drop.site not in masks]
        if missing:
            raise MaskError(
                f"masks lacks {', '.join(map(repr, missing))}, which this {name} drops; give every mask of "
                "sample_masks(batch, steps), or one of ones where nothing shall be dropped."
            )
        return checked

    # ---- the pass ----

    def forward(
        self,
        x: Tensor,
        state: State | Tensor | None = None,
        *,
        lengths: Tensor | None = None,
        masks: Masks | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Carry the cell over x: with `masks` exactly those, else fresh ones in training only.

        Shapes: x (B, T, F), state (B, H) or a tuple of them → (B, H) or (B, T, H), then the states.
        """
        self._check_input(x)
        batch, steps, _ = x.shape
        lengths = self._checked_lengths(lengths, batch, steps)
        if masks is not None:
            masks = self._checked_masks(masks, batch, steps)
        elif self.training:
            masks = self.sample_masks(batch, steps, generator=generator)
        else:
            masks = self._expected_masks()
        state = self._checked_state(state, batch)
        if self.go_backwards:
            x = reverse(x, lengths)
        outputs, state = self._over_time(x, state, masks, lengths)
        result = outputs if self.return_sequences else self._last_output(outputs, lengths)
        return (result, *state) if self.return_state else result

    def _over_time(
        self, x: Tensor, state: State, masks: Masks, lengths: Tensor | None
    ) -> tuple[Tensor, State]:
        """One `step` after another, or the kernel: outputs (B, T, H) and the last valid state."""
        if self.fast and not self._listeners and fast.knows(self, x, masks):
            return fast.over_time(self, x, state, masks, lengths)
        taken: list[StepResult] = []
        for t, x_t in enumerate(x.unbind(1)):  # (B, F)
            now = self.step(x_t, state, masks_at(masks, t))
            if lengths is not None:
                now = self._held(now, state, (t < lengths).unsqueeze(1))
            state = now.state
            taken.append(now)
        for listener in self._listeners:
            listener.add(self, taken, masks)
        return torch.stack([now.output for now in taken], dim=1), state  # (B, T, H)

    @staticmethod
    def _held(now: StepResult, before: State, valid: Tensor) -> StepResult:
        """Past its length a row holds its state, and its output is zero: valid (B, 1)."""
        state = tuple(torch.where(valid, new, old) for new, old in zip(now.state, before, strict=True))
        return now._replace(state=state, output=torch.where(valid, now.output, torch.zeros_like(now.output)))

    @staticmethod
    def _last_output(outputs: Tensor, lengths: Tensor | None) -> Tensor:
        """The output of the last valid step (B, H)."""
        if lengths is None:
            return outputs[:, -1]
        return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]

    # ---- shapes ----

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves for one that enters, (B, T, F) → (B, H) or (B, T, H), or refuse it."""
        self._check_shape(shape)
        return (
            (shape[0], shape[1], self.hidden_size) if self.return_sequences else (shape[0], self.hidden_size)
        )

    def _check_shape(self, shape: Shape) -> None:
        name = f"{type(self).__name__}({self.input_size}, {self.hidden_size})"
        if len(shape) != 3:
            raise ShapeError(
                f"{name} was given the shape {tuple(shape)}, {len(shape)} dimensions; a recurrent layer "
                "reads "
                "three: (batch, time, features).",
                "If a recurrent layer stands before it, give that one return_sequences=True, so that it "
                "hands on "
                "every step; or put RepeatVector(steps) between them. One sequence alone becomes a batch by "
                "x.unsqueeze(0)."
                if len(shape) == 2
                else "Bring the tensor to (batch, time, features), for instance with x.flatten(2).",
            )
        if shape[2] not in (None, self.input_size):
            swapped = " Time and features seem to be swapped: try x.transpose(1, 2)." * (
                shape[1] == self.input_size
            )
            raise ShapeError(
                f"{name} was given {shape[2]} features, in the shape {tuple(shape)}; it was made for "
                f"{self.input_size}.",
                f"Make it as {type(self).__name__}({shape[2]}, {self.hidden_size}), or change what stands "
                f"before it.{swapped}",
            )
        if shape[1] == 0:
            raise ShapeError(
                f"{name} was given the shape {tuple(shape)}, a time axis of length 0.",
                "Give it at least one time step; leave empty sequences out of the batch.",
            )

    def _check_input(self, x: object) -> None:
        name = type(self).__name__
        self._check_shape(tuple(check_tensor(x, name).shape))
        check_floats(x, name, self.weight_hh)

    def _checked_lengths(self, lengths: Tensor | None, batch: int, steps: int) -> Tensor | None:
        if lengths is None:
            return None
        given = whole_numbers(lengths, self.weight_hh)
        fits = given is not None and given.shape == (batch,)
        if given is None or not fits or batch and not (1 <= int(given.min()) and int(given.max()) <= steps):
            shown = lengths.tolist() if isinstance(lengths, Tensor) else lengths
            raise RecdropError(
                f"lengths was {shown!r}; expected {batch} whole numbers from 1 to {steps}, "
                "the number of valid steps in each example."
            )
        return given.long()

    def _checked_state(self, state: State | Tensor | None, batch: int) -> State:
        if state is None:
            return self.zero_state(batch)
        given = tuple(state) if isinstance(state, (tuple, list)) else (state,)
        name, expected = type(self).__name__, (batch, self.hidden_size)
        if len(given) == len(self.state_names):
            given = tuple(
                check_floats(s, name, self.weight_hh, letter)
                for letter, s in zip(self.state_names, given, strict=True)
            )
        shapes = [tuple(getattr(s, "shape", ())) for s in given]
        if len(given) != len(self.state_names) or any(shape != expected for shape in shapes):
            raise ShapeError(
                f"{name} was given a state of shapes {shapes}.",
                f"Give {', '.join(self.state_names)}, each of shape {expected}.",
            )
        return given


class SimpleRNN(Recurrent, SimpleRNNCell):
    """The simple recurrent net over time: `SimpleRNNCell` carried by `Recurrent`.

    Shapes, arguments and refusals: see `Recurrent`.
    Equation: h_t = φ(W x_t + U h_{t-1} + b).
    Source: Elman 1990.
    """


class GRU(Recurrent, GRUCell):
    """The GRU over time: `GRUCell` carried by `Recurrent`.

    Shapes, arguments and refusals: see `Recurrent`; `reset_after` as in `GRUCell`.
    Equation: h_t = (1-z_t)∘n_t + z_t∘h_{t-1}.
    Source: Cho et al. 2014.
    """


class LSTM(Recurrent, LSTMCell):
    """The LSTM over time: `LSTMCell` carried by `Recurrent`.

    Shapes, arguments and refusals: see `Recurrent`.
    Equation: c_t = f_t∘c_{t-1} + i_t∘g_t; h_t = o_t∘φ(c_t).
    Source: Hochreiter & Schmidhuber 1997.
    """
