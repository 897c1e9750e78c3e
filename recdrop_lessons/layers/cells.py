"""One step of each cell, with the equation above its line and every dropout site in its place.

A cell is its parameters and `step`: from the input x_t and the state before to the state after. Carrying it
over time is the subject of `layers`. The twins without torch are in `equations`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra import variants
from recdrop_lessons.algebra.drops import Drop, Masks, check_sites
from recdrop_lessons.algebra.sites import sites_of
from recdrop_lessons.support.errors import DropError, RecdropError

Activation = Callable[[Tensor], Tensor]
State = tuple[Tensor, ...]


def linear(a: Tensor) -> Tensor:
    """The activation that changes nothing."""
    return a


ACTIVATIONS: dict[str, Activation] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "linear": linear,
}


class StepResult(NamedTuple):
    """What one step leaves: the state to carry, the output to send up, and the gates by name, (B, H) each."""

    state: State
    output: Tensor
    gates: dict[str, Tensor]


def activation_named(name: str, argument: str) -> Activation:
    """Return the function called `name`, or say which names there are."""
    if name not in ACTIVATIONS:
        raise RecdropError(f"{argument} was {name!r}; expected one of {', '.join(map(repr, ACTIVATIONS))}.")
    return ACTIVATIONS[name]


def masked(v: Tensor, mask: Tensor | None) -> Tensor:
    """m ∘ v, or v where there is no mask."""
    return v if mask is None else v * mask


def zoned_out(new: Tensor, old: Tensor, kept: Tensor) -> Tensor:
    """d ∘ old + (1-d) ∘ new."""
    return kept * old + (1 - kept) * new


def affine(v: Tensor, weight: Tensor, mask: Tensor | None, bias: Tensor | None = None) -> Tensor:
    """(m ∘ v) Wᵀ + b; with one mask per gate, block k of W reads m_k ∘ v.

    Shapes: v (B, F), weight (G·H, F), mask None, (B, F) or (B, G, F) → (B, G·H).
    """
    if mask is None or mask.dim() == 2:
        return F.linear(masked(v, mask), weight, bias)  # (B, G·H)
    blocks = weight.unflatten(0, (mask.shape[1], -1))  # (G, H, F)
    copies = v.unsqueeze(1) * mask  # (B, G, F)
    product = torch.einsum("bgf,ghf->bgh", copies, blocks).flatten(1)  # (B, G·H)
    return product if bias is None else product + bias


class Cell(nn.Module):
    """What the three cells share: sizes, activations, drops, parameters drawn as PyTorch draws them.

    Shapes: one step takes x (B, F) and a state of (B, H) tensors.
    Raises `RecdropError` for sizes below 1, an unknown activation, or a site that the cell has not.
    """

    gate_names: ClassVar[tuple[str, ...]]
    state_names: ClassVar[tuple[str, ...]] = ("h",)
    sites: ClassVar[tuple[str, ...]] = sites_of("SimpleRNN")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        activation: str = "tanh",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        drops: Iterable[Drop] = (),
    ) -> None:
        super().__init__()
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(size, int) or size < 1:
                raise RecdropError(
                    f"{type(self).__name__}'s {name} was {size!r}; expected a whole number, 1 or more."
                )
        self.input_size, self.hidden_size = input_size, hidden_size
        self.activation = activation
        self._phi = activation_named(activation, "activation")
        self.drops = self._rows(dropout, recurrent_dropout, drops)
        gates = len(self.gate_names)
        self.weight_ih = nn.Parameter(torch.empty(gates * hidden_size, input_size))  # W (G·H, F)
        self.weight_hh = nn.Parameter(torch.empty(gates * hidden_size, hidden_size))  # U (G·H, H)
        self._make_biases(gates * hidden_size)
        self.reset_parameters()

    def _rows(self, dropout: float, recurrent_dropout: float, drops: Iterable[Drop]) -> tuple[Drop, ...]:
        """The drops of this cell: Keras's two words, or any rows of the table, not both."""
        in_kerass_words = variants.keras(dropout, recurrent_dropout)
        drops = (drops,) if isinstance(drops, Drop) else tuple(drops)
        if in_kerass_words and drops:
            raise DropError(
                "dropout= or recurrent_dropout= was given together with drops=; give one of the two. "
                "variants.keras(dropout, recurrent_dropout) + your own drops says both in one tuple."
            )
        return check_sites(in_kerass_words or drops, self.sites, type(self).__name__)

    def _make_biases(self, size: int) -> None:
        self.bias = nn.Parameter(torch.empty(size))  # b (G·H,)

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/√H, 1/√H), as `torch.nn` does, with torch's own generator."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    @property
    def filled_with_previous(self) -> frozenset[str]:
        """The sites where a mask keeps the old value (zoneout) instead of putting a zero."""
        return frozenset(drop.site for drop in self.drops if drop.fill == "previous")

    def zero_state(self, batch: int) -> State:
        """Return the state before the first step: zeros (B, H), one for each name in `state_names`."""
        return tuple(self.weight_hh.new_zeros(batch, self.hidden_size) for _ in self.state_names)

    def step(self, x: Tensor, state: State, masks: Masks) -> StepResult:
        """Take one step with the masks of that step: x (B, F), state of (B, H) tensors."""
        raise NotImplementedError

    def _recurrent_weight(self, masks: Masks) -> Tensor:
        """m_U ∘ U (G·H, H)."""
        return masked(self.weight_hh, masks.get("recurrent_weight"))

    def _leave(self, h_new: Tensor, h: Tensor, masks: Masks) -> tuple[Tensor, Tensor]:
        """The two sites on the way out: hidden (carried and sent up), then output (sent up only)."""
        if "hidden" in self.filled_with_previous and "hidden" in masks:
            h_new = zoned_out(h_new, h, masks["hidden"])
        else:
            h_new = masked(h_new, masks.get("hidden"))
        return h_new, masked(h_new, masks.get("output"))

    def extra_repr(self) -> str:
        drops = f", drops={list(self.drops)}" if self.drops else ""
        return f"{self.input_size}, {self.hidden_size}{drops}"


class SimpleRNNCell(Cell):
    """One step of the simple recurrent net.

    Shapes: x (B, F), h (B, H); weight_ih (H, F), weight_hh (H, H), bias (H,).
    Equation: h' = φ((m_x∘x) Wᵀ + (m_h∘h) (m_U∘U)ᵀ + b).
    Raises `RecdropError` as `Cell` does; there is no candidate and no cell to drop.
    Source: Elman 1990.
    """

    gate_names = ("h",)

    def _rows(self, dropout: float, recurrent_dropout: float, drops: Iterable[Drop]) -> tuple[Drop, ...]:
        # With one block there is nothing to untie: Keras's two words mean one mask each here.
        rows = super()._rows(dropout, recurrent_dropout, drops)
        return tuple(Drop(d.site, d.p) for d in rows) if dropout or recurrent_dropout else rows

    def step(self, x: Tensor, state: State, masks: Masks) -> StepResult:
        (h,) = state
        # h' = φ(x Wᵀ + h Uᵀ + b)
        a = affine(x, self.weight_ih, masks.get("input"), self.bias)
        a = a + affine(h, self._recurrent_weight(masks), masks.get("recurrent"))
        h_new = self._phi(a)  # (B, H)
        h_new, output = self._leave(h_new, h, masks)
        return StepResult((h_new,), output, {"h": h_new})


class _GatedCell(Cell):
    """A cell with gates, and so with a recurrent activation."""

    def __init__(
        self, input_size: int, hidden_size: int, *, recurrent_activation: str = "sigmoid", **arguments: object
    ) -> None:
        super().__init__(input_size, hidden_size, **arguments)  # type: ignore[arg-type]
        self.recurrent_activation = recurrent_activation
        self._sigma = activation_named(recurrent_activation, "recurrent_activation")


class LSTMCell(_GatedCell):
    """One step of the LSTM.

    Shapes: x (B, F), h and c (B, H); weight_ih (4H, F), weight_hh (4H, H), bias (4H,); blocks i, f, g, o.
    Equation: i, f, o = σ(·), g = φ(·); c' = f∘c + i∘g; h' = o∘φ(c').
    `activation` is φ, in its two places; `recurrent_activation` is σ, in its three.
    Raises `RecdropError` as `Cell` does.
    Source: Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
    """

    gate_names = ("i", "f", "g", "o")
    state_names = ("h", "c")
    sites = sites_of("LSTM")

    def step(self, x: Tensor, state: State, masks: Masks) -> StepResult:
        h, c = state
        a_i, a_f, a_g, a_o = self._into_gates(x, h, masks).chunk(4, dim=-1)  # (B, H) each
        i, f, g, o = self._sigma(a_i), self._sigma(a_f), self._phi(a_g), self._sigma(a_o)
        # c' = f∘c + i∘(m_g∘g)
        c_new = f * c + i * masked(g, masks.get("candidate"))  # (B, H)
        zoneout = "cell" in self.filled_with_previous and "cell" in masks
        # c' = m_c∘c'
        if not zoneout:
            c_new = masked(c_new, masks.get("cell"))
        # h' = o∘φ(c')
        h_new = o * self._phi(self._read(c_new))  # (B, H)
        # c' = d∘c + (1-d)∘c', once h' has read the new cell: so the paper has it
        if zoneout:
            c_new = zoned_out(c_new, c, masks["cell"])
        h_new, output = self._leave(h_new, h, masks)
        return StepResult((h_new, c_new), output, {"i": i, "f": f, "g": g, "o": o})

    def _into_gates(self, x: Tensor, h: Tensor, masks: Masks) -> Tensor:
        """a = (m_x∘x) Wᵀ + (m_h∘h) (m_U∘U)ᵀ + b, (B, 4H); the normalised cells put their norms here."""
        a = affine(x, self.weight_ih, masks.get("input"), self.bias)
        return a + affine(h, self._recurrent_weight(masks), masks.get("recurrent"))

    def _read(self, c: Tensor) -> Tensor:
        """The cell as the output gate reads it: itself (B, H); a layer norm may stand here."""
        return c


class GRUCell(_GatedCell):
    """One step of the GRU.

    Shapes: x (B, F), h (B, H); weight_ih (3H, F), weight_hh (3H, H), bias_ih and bias_hh (3H,).
        Blocks r, z, n.
    Equation: r, z = σ(·); n = φ(W_n x + b_in + r∘(U_n h + b_hn)); h' = (1-z)∘n + z∘h.
    `reset_after=False` resets before the product: n = φ(W_n x + b_in + U_n (r∘h) + b_hn).
    The mask on h acts on its way into the gates, never on the update path z∘h.
    Raises `RecdropError` as `Cell` does; there is no cell to drop.
    Source: Cho et al. 2014; reset after the product as in cuDNN, PyTorch and Keras.
    """

    gate_names = ("r", "z", "n")
    sites = sites_of("GRU")

    def __init__(
        self, input_size: int, hidden_size: int, *, reset_after: bool = True, **arguments: object
    ) -> None:
        super().__init__(input_size, hidden_size, **arguments)  # type: ignore[arg-type]
        self.reset_after = reset_after

    def _make_biases(self, size: int) -> None:
        self.bias_ih = nn.Parameter(torch.empty(size))  # b_w (3H,)
        self.bias_hh = nn.Parameter(torch.empty(size))  # b_u (3H,)

    def step(self, x: Tensor, state: State, masks: Masks) -> StepResult:
        (h,) = state
        U, m_h = self._recurrent_weight(masks), masks.get("recurrent")  # (3H, H)
        w_r, w_z, w_n = affine(x, self.weight_ih, masks.get("input"), self.bias_ih).chunk(
            3, dim=-1
        )  # (B, H) each
        u_r, u_z, u_n = affine(h, U, m_h, self.bias_hh).chunk(3, dim=-1)  # (B, H) each
        # r = σ(W_r x + U_r h + b_r), z = σ(W_z x + U_z h + b_z)
        r, z = self._sigma(w_r + u_r), self._sigma(w_z + u_z)
        if self.reset_after:
            # n = φ(W_n x + b_in + r∘(U_n h + b_hn))
            n = self._phi(w_n + r * u_n)
        else:
            # n = φ(W_n x + b_in + U_n (r∘h) + b_hn)
            into_n = masked(h, m_h if m_h is None or m_h.dim() == 2 else m_h[:, 2])
            n = self._phi(w_n + F.linear(r * into_n, U.chunk(3)[2], self.bias_hh.chunk(3)[2]))
        # h' = (1-z)∘(m_g∘n) + z∘h
        h_new = (1 - z) * masked(n, masks.get("candidate")) + z * h  # (B, H)
        h_new, output = self._leave(h_new, h, masks)
        return StepResult((h_new,), output, {"r": r, "z": z, "n": n})
