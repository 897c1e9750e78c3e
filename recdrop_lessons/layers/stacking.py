"""Layers made of layers, and the layers that stand between them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop, Masks, check_is_tensor, check_mask, check_sites
from recdrop_lessons.layers.recurrent import Recurrent, Shape, reverse
from recdrop_lessons.layers.tensors import check_floats, check_tensor, check_whole
from recdrop_lessons.support.errors import MaskError, RecdropError, ShapeError


class Bidirectional(nn.Module):
    """A recurrent layer read forwards, a twin of it read backwards, side by side.

    Shapes: x (B, T, F) → (B, 2H), or (B, T, 2H) where the layer returns sequences; with `return_state` also
        the states of the forward and then of the backward layer: five tensors for an LSTM.
    Equation: y_t = [→h_t ; ←h_t]; the backward outputs are put back in the order of time, within `lengths`.
    Masks: {"forward": …, "backward": …}.
    Raises `RecdropError` for anything but a recurrent layer that reads forwards.
    Source: Schuster & Paliwal 1997.
    """

    def __init__(self, layer: Recurrent) -> None:
        super().__init__()
        if not isinstance(layer, Recurrent) or layer.go_backwards:
            raise RecdropError(
                f"Bidirectional was given {layer!r}; expected a SimpleRNN, GRU or LSTM that reads forwards "
                "(go_backwards=False)."
            )
        self.forward_layer = layer
        self.backward_layer = copy.deepcopy(layer)
        self.backward_layer.go_backwards = True
        self.backward_layer.reset_parameters()

    @property
    def return_sequences(self) -> bool:
        return self.forward_layer.return_sequences

    @property
    def hidden_size(self) -> int:
        return 2 * self.forward_layer.hidden_size

    def sample_masks(
        self, batch: int, steps: int, *, generator: torch.Generator | None = None
    ) -> dict[str, dict[str, Tensor]]:
        """Draw the masks of one pass of both directions, each its own."""
        return {
            "forward": self.forward_layer.sample_masks(batch, steps, generator=generator),
            "backward": self.backward_layer.sample_masks(batch, steps, generator=generator),
        }

    def forward(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        masks: dict[str, Masks] | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Read x (B, T, F) in both directions."""
        if masks is not None and set(masks) != {"forward", "backward"}:
            raise MaskError(f'masks has {sorted(masks)}; Bidirectional expects "forward" and "backward".')
        directions = (self.forward_layer, "forward"), (self.backward_layer, "backward")
        results = [
            layer(x, lengths=lengths, masks=masks and masks[name], generator=generator)
            for layer, name in directions
        ]
        states: list[Tensor] = []
        if self.forward_layer.return_state:
            states = [state for result in results for state in result[1:]]
            results = [result[0] for result in results]
        if self.return_sequences:
            results[1] = reverse(results[1], lengths)  # (B, T, H)
        joined = torch.cat(results, dim=-1)  # (B, 2H) or (B, T, 2H)
        return (joined, *states) if states else joined

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves for one that enters."""
        return (*self.forward_layer.output_shape(shape)[:-1], self.hidden_size)


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
                f"RepeatVector was given the shape {tuple(shape)}; it repeats one vector a row, (batch, "
                "features).",
                "If the layer before it returns every step already, leave RepeatVector out, or give that "
                "layer "
                "return_sequences=False.",
            )
        return (shape[0], self.n, shape[1])

    def extra_repr(self) -> str:
        return str(self.n)


class Dropout(nn.Module):
    """The algebra as a layer of its own, between two others.

    `shared=()`: each element alone, as `torch.nn.Dropout`. `("time",)`: a feature for the whole sequence, as
    Keras's `SpatialDropout1D`. `("features",)`: whole time steps.
    `noise="gaussian"`: Keras's `GaussianDropout`.
    Shapes: x (B, T, F) → the same; mask (T or 1, B or 1, F or 1), as everywhere in this library.
    Raises `DropError` for a rate outside [0, 1), `MaskError` for a mask of another shape.
    """

    def __init__(self, p: float, *, shared: Iterable[str] = (), noise: str = "bernoulli") -> None:
        super().__init__()
        self.drop = Drop("output", p, shared=shared, noise=noise)

    def sample_masks(
        self, batch: int, steps: int, features: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the mask of one pass, under the name "output"."""
        return {"output": self.drop.sample(self.drop.mask_shape(steps, batch, features), generator=generator)}

    def forward(
        self, x: Tensor, *, masks: Masks | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Multiply x (B, T, F) by its mask in training; hand it on untouched at evaluation."""
        self.output_shape(tuple(check_floats(x, "Dropout").shape))
        batch, steps, features = x.shape
        if masks is None:
            if not self.training:
                return x
            masks = self.sample_masks(batch, steps, features, generator=generator)
        _check_names(masks, "output", "Dropout", needed=self.drop.p > 0)
        if "output" not in masks:
            return x
        mask = check_mask("output", masks["output"], (steps, batch, features), gates=1)
        return x * mask.to(x).transpose(0, 1)  # (B, T, F)

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape as it came, or refuse one without time."""
        if len(shape) != 3:
            raise ShapeError(
                f"Dropout was given the shape {shape}; it knows time and reads (batch, time, features).",
                "For a tensor without time use torch.nn.Dropout.",
            )
        return shape

    def extra_repr(self) -> str:
        return f"{self.drop.p}, shared={self.drop.shared}, noise={self.drop.noise!r}"


def _check_names(masks: Masks, site: str, owner: str, *, needed: bool) -> None:
    """Refuse masks for another site than this layer's one, or none where it drops."""
    if set(masks) - {site} or needed and site not in masks:
        raise MaskError(
            f"{owner} was given masks for {sorted(masks)}; expected {site!r} alone, as its sample_masks "
            "draws it."
        )


class Embedding(nn.Module):
    """Vectors for word numbers, with dropout of whole word types.

    Shapes: x (B, T) of whole numbers below V → (B, T, F). Mask "embedding" (V, 1), or (V, F) with
        `shared=("time",)`.
    Equation: y = (m ∘ E)[x].
    Raises `RecdropError` for input that is not whole numbers from 0 to V-1.
    Source: Gal & Ghahramani 2016; Merity et al. 2018.
    """

    sites = ("embedding",)

    def __init__(self, vocabulary: int, features: int, *, drops: Iterable[Drop] = ()) -> None:
        super().__init__()
        self.vocabulary, self.features = vocabulary, features
        self.drops = check_sites(drops, self.sites, "Embedding")
        self.weight = nn.Parameter(torch.randn(vocabulary, features))  # E (V, F)

    def sample_masks(
        self, batch: int, steps: int, *, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """Draw the mask of one pass: it belongs to the matrix, so neither batch nor steps matter."""
        return {
            drop.site: drop.sample(
                (self.vocabulary, 1 if "features" in drop.shared else self.features), generator=generator
            ).to(self.weight)
            for drop in self.drops
        }

    def forward(
        self, x: Tensor, *, masks: Masks | None = None, generator: torch.Generator | None = None
    ) -> Tensor:
        """Look up x (B, T) in the matrix with its dropped rows."""
        check_whole(x, "Embedding", self.weight, below=self.vocabulary)
        if masks is None:
            masks = self.sample_masks(*x.shape[:2], generator=generator) if self.training else {}
        else:
            _check_names(masks, "embedding", "Embedding", needed=any(drop.p > 0 for drop in self.drops))
        if "embedding" not in masks:
            return F.embedding(x.long(), self.weight)  # (B, T, F)
        mask = masks["embedding"]
        check_is_tensor("embedding", mask)
        if tuple(mask.shape) not in ((self.vocabulary, 1), (self.vocabulary, self.features)):
            raise MaskError(
                f"The mask 'embedding' has shape {tuple(mask.shape)}; expected ({self.vocabulary}, 1), one "
                f"draw a word type, or ({self.vocabulary}, {self.features})."
            )
        return F.embedding(x.long(), self.weight * mask.to(self.weight))  # (B, T, F)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (…, F) for (…)."""
        return (*shape, self.features)


def _features_before(layer: nn.Module) -> int:
    """The features that a layer reads, 0 where it takes any number."""
    inner = getattr(layer, "forward_layer", None) or getattr(layer, "module", layer)
    names = ("input_size", "in_features", "features_before")
    return int(next((getattr(inner, name) for name in names if hasattr(inner, name)), 0))


def _features_after(layer: nn.Module, before: int) -> int:
    """The features that leave a layer; one that does not say keeps what it is given."""
    if isinstance(layer, TimeDistributed):
        return _features_after(layer.module, before)
    if isinstance(layer, (Stack, nn.Sequential)):
        for inner in layer.layers if isinstance(layer, Stack) else layer:
            before = _features_after(inner, before)
        return before
    names = ("hidden_size", "out_features", "features")
    return int(next((getattr(layer, name) for name in names if hasattr(layer, name)), before))


class Stack(nn.Module):
    """Layers one upon the other; masks, lengths and generators go to those that know them.

    Shapes: each layer reads what the one below returns; every recurrent layer but the last needs
        `return_sequences=True`, or a `RepeatVector` above it.
    Masks: a list, one entry a layer, {} or None for those that have none.
    Raises `ShapeError` that names the layer which breaks, the cause and the cure.
    """

    def __init__(self, *layers: nn.Module | Sequence[nn.Module]) -> None:
        super().__init__()
        given = list(layers[0]) if len(layers) == 1 and isinstance(layers[0], (list, tuple)) else list(layers)
        if not given or not all(isinstance(layer, nn.Module) for layer in given):
            raise RecdropError(f"Stack was given {given!r}; expected one or more layers.")
        self.layers = nn.ModuleList(given)  # type: ignore[arg-type]

    def sample_masks(self, batch: int, steps: int, *, generator: torch.Generator | None = None) -> list[Any]:
        """Draw the masks of one pass, one entry a layer."""
        drawn: list[Any] = []
        features = self.features_before
        for k, layer in enumerate(self.layers):
            if isinstance(layer, Dropout):
                if not features:
                    raise MaskError(
                        f"Nothing in the stack says how many features enter layer {k}, a Dropout; "
                        "draw its mask by its own sample_masks(batch, steps, features)."
                    )
                drawn.append(layer.sample_masks(batch, steps, features, generator=generator))
            elif isinstance(layer, (Recurrent, Bidirectional, Embedding, Stack)):
                drawn.append(layer.sample_masks(batch, steps, generator=generator))
            else:
                drawn.append({})
            steps = layer.n if isinstance(layer, RepeatVector) else steps
            features = _features_after(layer, features)
        return drawn

    @property
    def features_before(self) -> int:
        """The features that enter the stack, as the first layer that knows says; 0 where none does."""
        return next(filter(None, map(_features_before, self.layers)), 0)

    def forward(
        self,
        x: Tensor,
        *,
        lengths: Tensor | None = None,
        masks: Sequence[Any] | None = None,
        generator: torch.Generator | None = None,
    ) -> Any:
        """Send x through the layers from the first to the last."""
        if masks is not None and len(masks) != len(self.layers):
            raise MaskError(
                f"masks has {len(masks)} entries; expected {len(self.layers)}, one for each layer."
            )
        for k, layer in enumerate(self.layers):
            arguments: dict[str, Any] = {}
            if isinstance(layer, (Recurrent, Bidirectional, Dropout, Embedding, Stack)):
                arguments = {"masks": masks[k] if masks is not None else None, "generator": generator}
            if isinstance(layer, (Recurrent, Bidirectional, Stack)):
                arguments["lengths"] = lengths
            if isinstance(layer, RepeatVector):
                lengths = None  # from here on every row has n steps
            try:
                x = layer(x, **arguments)
            except ShapeError as error:
                raise ShapeError(
                    f"Layer {k} of the stack cannot take its input: {error.cause}", error.cure
                ) from None
        return x
