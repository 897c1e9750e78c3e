"""How uncertain a network with dropout left on is of its predictions.

One pass with dropout is one sample from an approximate posterior (Gal & Ghahramani 2016); many passes give a
predictive distribution. Probabilities are averaged, never their logarithms.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def mc_predict(
    model: nn.Module | Callable[..., Tensor],
    x: Tensor,
    *,
    passes: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the probabilities of many passes with dropout on.

    Shapes: x (B, …), model(x) logits (B, K) → (passes, B, K).
    Equation: p_s = softmax(model(x; masks_s)), s = 1 … passes.
    In the passes each module is in training mode, but for those that keep buffers of their own, such as batch
    norm (and torch's RReLU): they stay in evaluation mode. So dropout that such a module calls as a function
    is off: make it an `nn.Dropout`. The model is left as it was: every module's mode, every buffer.
    Raises `RecdropError` for less than one pass. Warns where all passes are equal.
    Source: Gal & Ghahramani 2016.
    """
    if passes < 1:
        raise RecdropError(f"passes was {passes}; expected 1 or more.")
    arguments = {} if generator is None else {"generator": generator}
    with torch.no_grad(), masks_on(model) if isinstance(model, nn.Module) else nullcontext():
        probabilities = torch.stack([model(x, **arguments).softmax(-1) for _ in range(passes)])  # (S, B, K)
    if passes > 1 and x.numel() and bool((probabilities == probabilities[0]).all()):
        warnings.warn(_all_equal(model, passes), stacklevel=2)
    return probabilities


def _all_equal(model: nn.Module | Callable[..., Tensor], passes: int) -> str:
    """What to look at where no pass differs from another."""
    said = f"All {passes} passes were equal, so they show no uncertainty: no mask changed a prediction."
    if not isinstance(model, nn.Module):
        return f"{said} What a function calls stays in the mode that it has: give the nn.Module itself."
    left = [name or "the model itself" for name, module in model.named_modules() if _stays(module)]
    if left:
        said += f" Left in evaluation mode, since they keep buffers: {', '.join(left)}."
        said += " If one of them calls F.dropout(…, self.training), make that an nn.Dropout."
    return said + " With a rate of 0 this is as it should be."


@contextmanager
def masks_on(model: nn.Module) -> Iterator[None]:
    """Put `model` into training mode but for what keeps statistics; after the `with` it is as it was."""
    modes = {module: module.training for module in model.modules()}
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        for module in modes:
            module.training = not _stays(module)
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _stays(module: nn.Module) -> bool:
    """Say whether a module stays in evaluation mode while masks are drawn."""
    return keeps_statistics(module) and not draws_masks(module)


def draws_masks(module: nn.Module) -> bool:
    """Say whether a module is known to draw masks: a layer of this library, or one of torch's Dropouts."""
    return hasattr(module, "sample_masks") or isinstance(module, DROPOUTS)


def keeps_statistics(module: nn.Module) -> bool:
    """Say whether training mode would do more than drop: running statistics, or torch's random slopes."""
    return isinstance(module, nn.RReLU) or next(module.buffers(recurse=False), None) is not None


def predictive(probabilities: Tensor) -> Tensor:
    """Return the mean over the passes: (S, B, K) → (B, K). Equation: p̄ = 1/S Σ_s p_s."""
    return probabilities.mean(0)


def entropy(probabilities: Tensor) -> Tensor:
    """Return the entropy in nats, with 0·log 0 = 0: (…, K) → (…). Equation: H[p] = -Σ_k p_k log p_k."""
    return torch.special.entr(probabilities).sum(-1)


def mutual_information(probabilities: Tensor) -> Tensor:
    """Return how much the passes disagree, in nats: (S, B, K) → (B,).

    Equation: I = H[p̄] - 1/S Σ_s H[p_s]: the whole uncertainty minus the part that is in every pass.
    Source: Houlsby et al. 2011 (BALD).
    """
    return entropy(predictive(probabilities)) - entropy(probabilities).mean(0)


def tempered(probabilities: Tensor, temperature: float) -> Tensor:
    """Return probabilities made flatter (T > 1) or sharper (T < 1); their order stays: (…, K) → (…, K).

    Equation: softmax(log p / T), which for p = softmax(z) is softmax(z / T).
    Raises `RecdropError` for a temperature that is not above 0.
    Source: Guo et al. 2017, temperature scaling.
    """
    if not temperature > 0:
        raise RecdropError(
            f"The temperature was {temperature}; expected a number above 0 (1 changes nothing)."
        )
    return (probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log() / temperature).softmax(-1)


def fit_temperature(probabilities: Tensor, labels: Tensor) -> float:
    """Return the temperature in [0.05, 20] with the lowest mean log-loss on these labels.

    Shapes: probabilities (B, K), labels (B,). Take validation data: neither training nor test examples.
    Raises `RecdropError` where there is no example.
    Source: Guo et al. 2017.
    """
    if len(labels) == 0:
        raise RecdropError("fit_temperature was given no example; expected at least one.")

    def log_loss(log_temperature: float) -> float:
        of_label = tempered(probabilities, math.exp(log_temperature)).gather(-1, labels.unsqueeze(1))
        return float(-of_label.clamp_min(torch.finfo(of_label.dtype).tiny).log().mean())

    bounds = (-math.log(20), math.log(20))
    best = need("scipy.optimize", "scipy").minimize_scalar(log_loss, bounds=bounds, method="bounded")
    return math.exp(float(best.x))


def log_losses(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return -log p of each example's label. Shapes: probabilities (B, K), labels (B,) → (B,), in nats."""
    return -probabilities.gather(-1, labels.unsqueeze(1)).clamp_min(1e-12).log()[:, 0]


def confidence(probabilities: Tensor) -> float:
    """Return the mean of the top probability. Shapes: probabilities (B, K)."""
    return float(probabilities.max(-1).values.mean())


def as_flat_as(probabilities: Tensor, other: Tensor) -> float:
    """Return the temperature, 0.5 to 4 in steps of 0.01, at which the prediction has the other's confidence.

    Shapes: probabilities (B, K), other (B', K).
    """
    grid = torch.linspace(0.5, 4, 351)
    sure = torch.tensor([confidence(tempered(probabilities, float(t))) for t in grid])
    return float(grid[(sure - confidence(other)).abs().argmin()])


def auroc(high: Tensor, low: Tensor) -> float:
    """Return the probability that one of `high` is above one of `low`; a tie counts one half.

    Shapes: high (n,), low (m,). Source: Mann & Whitney 1947; the area under the ROC curve.
    """
    statistic = need("scipy.stats", "scipy").mannwhitneyu(high.numpy(), low.numpy()).statistic
    return float(statistic / (len(high) * len(low)))


@dataclass(frozen=True)
class Reliability:
    """A reliability diagram: for each bin its confidence, its accuracy (NaN where empty) and its count."""

    confidence: Tensor
    accuracy: Tensor
    count: Tensor

    @property
    def error(self) -> float:
        """The expected calibration error: Σ_b n_b/n |accuracy_b - confidence_b|."""
        gaps = torch.where(self.count > 0, (self.accuracy - self.confidence).abs(), 0.0)
        return float((self.count / self.count.sum() * gaps).sum())


def reliability(probabilities: Tensor, labels: Tensor, *, bins: int = 10) -> Reliability:
    """Return confidence against accuracy in equal-width bins (k/bins, (k+1)/bins] of the top probability.

    Shapes: probabilities (B, K), labels (B,) → `Reliability` of `bins` entries.
    Raises `RecdropError` for no examples, or less than one bin.
    Source: Guo et al. 2017.
    """
    if bins < 1 or len(labels) == 0:
        raise RecdropError(
            f"reliability was given {len(labels)} examples and {bins} bins; expected at least one of each."
        )
    top, guess = probabilities.max(-1)  # (B,) each
    place = torch.bucketize(top.contiguous(), torch.linspace(0, 1, bins + 1, dtype=top.dtype)[1:-1])  # (B,)
    count = torch.bincount(place, minlength=bins)  # (bins,)
    right = torch.bincount(place, weights=(guess == labels).double(), minlength=bins)
    summed = torch.bincount(place, weights=top.double(), minlength=bins)
    return Reliability(summed / count, right / count, count)
