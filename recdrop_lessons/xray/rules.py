"""What can be wrong with a model: one rule a fault, in the order of the report.

The slugs are a contract, since other programs read them. A rate or a scale is compared with what is measured,
within a stated error, and not with the formula of one method.

Above 300 lines, since each rule is read alone, and all of them are one list.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

from torch import nn

from recdrop_lessons.xray import declared, lines, seen
from recdrop_lessons.xray import operations as ops
from recdrop_lessons.xray.declared import Rate
from recdrop_lessons.xray.judging import Evidence, Fault, acts_in, is_under, rule
from recdrop_lessons.xray.masked import MaskSite
from recdrop_lessons.xray.seen import Cluster, SeenSite

ENOUGH = 20  # elements of masks, for a statement on their rate
FEW = 8  # for one that they are equal

# Rates that have no effect.


@rule("drops-nothing", "error", "03")
def drops_nothing(evidence: Evidence) -> Iterator[Fault]:
    """A rate is declared, and no site of that module reaches the outputs."""
    for rate in evidence.rates:
        if id(rate.module) in evidence.passes.asleep or evidence.under(rate.path):
            continue
        if id(rate.module) not in evidence.called and not evidence.is_left_out(rate):
            continue
        if not rate.layer and (evidence.passes.random_outside or _is_used_around(evidence, rate)):
            continue
        says = f"{rate} = {rate.value:g}"
        lost = [site for site in evidence.sites if acts_in(site, rate.path) and site.first.draws]
        if lost:
            message = f"{says} draws a mask at {lost[0].first.line}, and no output depends on it."
            yield (rate.line, rate.path), message, "Use the masked value."
        elif isinstance(rate.module, nn.RNNBase) and rate.module.num_layers == 1:
            layer = f"nn.{type(rate.module).__name__}"
            message = f"{says} has no effect: {layer} drops between its layers, and this one has one layer."
            cure = f"Add nn.Dropout({rate.value:g}) after it, or set num_layers=2."
            yield (rate.line, rate.path), message, cure
        else:
            yield (rate.line, rate.path), f"{says} has no effect.", "Apply it, or remove it."


def _is_used_around(evidence: Evidence, rate: Rate) -> bool:
    """Whether the module around one that only keeps the number applies this rate."""
    around = [site for site in evidence.under(rate.path.rpartition(".")[0]) if site.rate is not None]
    clusters = [cluster for site in around for cluster in site.clusters if cluster.count >= FEW]
    return any(not cluster.is_far_from(rate.value) for cluster in clusters)


@rule("drops-nothing", "error", "03")
def ignored_argument(evidence: Evidence) -> Iterator[Fault]:
    """A constructor has a rate by default and never reads it, and nothing in the module drops."""
    if evidence.passes.random_outside:
        return
    for path, module in evidence.model.named_modules():
        silent = not evidence.under(path) and not any(is_under(rate.path, path) for rate in evidence.rates)
        ignored = declared.ignored_argument(module) if silent and id(module) in evidence.called else None
        if ignored:
            message = f"{type(module).__name__} takes {ignored[0]}, and nothing in it drops."
            yield (ignored[1], path), message, f"Apply {ignored[0]}, or remove it."


@rule("drops-everything", "error", "02")
def drops_everything(evidence: Evidence) -> Iterator[Fault]:
    """The rate is 1."""
    for site in evidence.drawn:
        calls = [call for call in site.calls if call.mask is not None and call.kind == "multiply"]
        if any(bool(call.mask.any()) for call in calls if call.mask is not None):
            continue
        if sum(math.prod(call.shape) for call in calls) >= ENOUGH:
            cure = (
                "Pass the rate: F.dropout(x, p, self.training)." if site.first.function else "Lower the rate."
            )
            yield site, "The rate here is 1: every value is dropped.", cure


# Evaluation.


@rule("on-in-evaluation", "error", "09")
def on_in_evaluation(evidence: Evidence) -> Iterator[Fault]:
    """A mask or noise acts in evaluation, or the outputs of evaluation differ by seed."""
    if evidence.mc:
        return
    acting = seen.acting_in_evaluation(evidence.passes)
    missed = {rate.path for rate in evidence.rates if any(rate.module is one for one in evidence.strays)}
    for site in acting:
        if site.path in missed:  # the next rule tells it
            continue
        if site.function:
            cure = "Pass training=self.training, or use nn.Dropout."
            yield site, f"{site.function} also acts in evaluation.", cure
        else:
            yield site, "The mask is also drawn in evaluation.", "Draw it only if self.training."
    if evidence.passes.differs_in_evaluation and not acting:
        message = "Two evaluation passes with other seeds give other outputs."
        yield _whole(evidence), message, "Draw random numbers only if self.training."


@rule("missed-by-eval", "error", "09")
def missed_by_eval(evidence: Evidence) -> Iterator[Fault]:
    """A module with a rate is in a plain list or attribute, so that `eval()` does not reach it."""
    for rate in evidence.rates:
        if any(rate.module is one for one in evidence.strays):
            kind = type(rate.module).__name__
            message = f"model.eval() does not reach this {kind}: no module registers it."
            cure = "Keep it in nn.ModuleList, or as an attribute of the module."
            calls = [site.first.line for site in evidence.sites if site.module == rate.path]
            line = declared.kept_at(evidence.model, rate.module) or next(iter(calls), lines.Line())
            yield (line, rate.path), message, cure


def _whole(evidence: Evidence) -> tuple[lines.Line, str]:
    return lines.of_class(type(evidence.model)), ""


# How far one draw reaches.


def _batch_masks(evidence: Evidence) -> Iterator[tuple[SeenSite, bool]]:
    """The sites with one mask for all examples, and whether that mask is a single number."""
    for site in evidence.drawn:
        if site.first.kind in ("multiply", "pick") and not site.first.weights and site.is_one_for_the_batch():
            yield site, site.first.mask is not None and site.first.mask.numel() == 1


@rule("one-mask-for-the-batch", "error", "04")
def one_mask_for_the_batch(evidence: Evidence) -> Iterator[Fault]:
    """All examples of the batch have one mask, and the value is no weight."""
    for site, is_number in _batch_masks(evidence):
        if not is_number:
            shape = () if site.first.mask is None else tuple(site.first.mask.shape)
            message = f"One mask of {shape} serves all {evidence.passes.axes.batch_size} examples."
            yield site, message, "Draw it with the size of the batch on the batch's axis."


@rule("one-mask-for-the-batch", "note", "04")
def one_number_for_the_batch(evidence: Evidence) -> Iterator[Fault]:
    """A whole layer is kept or dropped for all examples, as stochastic depth by batch does."""
    for site, is_number in _batch_masks(evidence):
        if is_number:
            yield site, "One number keeps or drops this value for all examples.", "Draw one for each example."


@rule("mask-is-constant", "error", "04")
def mask_is_constant(evidence: Evidence) -> Iterator[Fault]:
    """The mask is the same in all passes: drawn once, or with a seed that is set again."""
    cure = "Draw it in forward, without a fixed seed."
    for site in evidence.sites:
        if not site.reaches or not site.is_the_same_in_all_passes():
            continue
        if site.first.kind == "constant":
            if any(call.drawn_before for call in site.calls) or _looks_drawn(site):
                yield site, "The mask is the same in every pass: the same units are always dropped.", cure
        elif site.is_mask and 0 < (site.rate or 0) < 1 and sum(mask.numel() for mask in site.masks) >= FEW:
            yield site, "Passes with other seeds draw the same mask.", cure


def _looks_drawn(site: SeenSite) -> bool:
    """Whether a constant of {0, c} was drawn: c > 1, as many zeros as c says, and no regular pattern."""
    cluster = site.clusters[0]
    if cluster.top <= 1.01:
        return False
    expected = 1 - 1 / cluster.top
    error = math.sqrt(expected * (1 - expected) / site.masks[0].numel())
    kept = (site.masks[0] != 0).flatten()
    if any(bool((kept[k:] == kept[:-k]).all()) for k in range(1, kept.numel() // 2)):  # periodic
        return False
    changes = float((kept[1:] != kept[:-1]).double().mean()) / (2 * expected * (1 - expected))
    return abs(cluster.zeros - expected) < max(5 * error, 0.02) and 0.3 < changes < 1.9


@rule("mask-shared-by-layers", "error", "04")
def mask_shared_by_layers(evidence: Evidence) -> Iterator[Fault]:
    """One draw masks values of layers with other weights, and is not used again over time."""
    by_draw: dict[int, list[tuple[MaskSite, bool]]] = defaultdict(list)
    for site in evidence.drawn:
        if site.is_mask and not site.has("completed"):
            for draws in dict.fromkeys(call.draws for call in site.passes[0]):
                calls = [call for call in site.passes[0] if call.draws == draws]
                over_time = len({call.value.params for call in calls}) < len(calls)
                by_draw[draws] += [(call, over_time) for call in (calls[-1:] if over_time else calls)]
    for (first, over_time), *others in by_draw.values():
        for other, also in others:
            if _is_shared(first, other, over_time or also):
                message = f"The mask of {first.line} is used again here, for another layer."
                yield other, message, "Draw a mask for each layer."
                break


def _is_shared(first: MaskSite, other: MaskSite, over_time: bool) -> bool:
    """Whether two sites have one mask, and their values other weights."""
    if first.mask is None or other.mask is None or first.mask.shape != other.mask.shape:
        return False
    one, two = sorted((first.value.params, other.value.params))
    stacked = one and not one & ~two
    return one != two and bool(stacked or not over_time) and bool((first.mask == other.mask).all())


# Scale and rate.


def _off_scale(evidence: Evidence) -> Iterator[tuple[SeenSite, Cluster, set[float]]]:
    """Masks whose mean in training is none of the numbers that evaluation multiplies the value by."""
    for site in evidence.drawn:
        if not site.is_mask or site.has("completed", "padded", "whole"):
            continue
        origin = site.first.value.origin
        factors = [one.factors[origin] for one in evidence.passes.evaluation if origin in one.factors]
        expected = set().union(*factors) or {1.0}
        for cluster in site.clusters:
            tolerance = max(5 * cluster.error, 0.005 if site.first.apart else 0.25)
            certain = (
                {1.0} if cluster.is_binary else set()
            )  # where values go and none grows, the mean is less
            near = any(abs(cluster.mean - one) <= tolerance for one in expected - certain)
            if 0 < cluster.zeros < 1 and not near:
                yield site, cluster, expected
                break


@rule("not-scaled", "error", "02")
def not_scaled(evidence: Evidence) -> Iterator[Fault]:
    """Values are dropped, and those that are kept stay as they are, in both modes."""
    for site, cluster, expected in _off_scale(evidence):
        if cluster.is_binary and 1.0 in expected:
            message = (
                f"The mask drops {cluster.zeros:.0%}, so that the mean is {cluster.mean:.2f} of the value."
            )
            yield site, message, "Divide by the fraction that is kept."


@rule("scaled-wrongly", "error", "02")
def scaled_wrongly(evidence: Evidence) -> Iterator[Fault]:
    """The mean of the value in training is another than in evaluation."""
    for site, cluster, expected in _off_scale(evidence):
        if not (cluster.is_binary and 1.0 in expected) and cluster.count >= ENOUGH:
            wanted = ", ".join(f"{one:.3g}" for one in sorted(expected))
            message = (
                f"The mask drops {cluster.zeros:.0%} and multiplies by {cluster.top:.3g}: the mean is "
                f"{cluster.mean:.2f} of the value, and in evaluation it is {wanted}."
            )
            yield site, message, "Divide by the fraction that is kept, once."


@rule("rate-differs", "error", "02")
def rate_differs(evidence: Evidence) -> Iterator[Fault]:
    """The fraction of zeros is not the one rate that the module declares."""
    for site in evidence.drawn:
        own = {rate.value for rate in evidence.rates if rate.path == site.module and not rate.layer}
        if not site.is_mask or len(own) != 1 or site.has("completed", "padded"):
            continue
        (p,) = own
        clusters = [cluster for cluster in site.clusters if cluster.count >= ENOUGH and cluster.top]
        others = [one for one in evidence.under(site.module) if one is not site and one.is_mask]
        elsewhere = any(not cluster.is_far_from(p) for one in others for cluster in one.clusters)
        if clusters and all(cluster.is_far_from(p) for cluster in clusters):
            zeros = clusters[0].zeros
            swapped = _is_swapped(clusters[0], p)
            if swapped or site.first.apart and not elsewhere:
                cure = (
                    "Pass the fraction to drop, not the one to keep." if swapped else "Use the declared rate."
                )
                yield site, f"The module declares {p:g}, and {zeros:.0%} of the values are dropped.", cure


@rule("rate-differs", "error", "02")
def layer_with_the_kept_fraction(evidence: Evidence) -> Iterator[Fault]:
    """A layer has 1 - p where the module around it declares p."""
    for layer in evidence.rates:
        around = layer.path.rpartition(".")[0]
        own = {rate.value for rate in evidence.rates if rate.path == around and not rate.layer}
        inside = {rate.value for rate in evidence.rates if is_under(rate.path, around) and rate.layer}
        if layer.path and layer.layer and len(own) == 1 and not own & inside and evidence.under(layer.path):
            (p,) = own
            if abs(layer.value - (1 - p)) < 1e-6 < abs(p - 0.5):
                message = f"The module declares {p:g}, and this layer drops {layer.value:g}."
                yield (
                    evidence.under(layer.path)[0],
                    message,
                    "Pass the fraction to drop, not the one to keep.",
                )


def _is_swapped(cluster: Cluster, p: float) -> bool:
    """Whether the fraction that is dropped is the one to keep."""
    return abs(cluster.zeros - (1 - p)) < 0.1 < abs(cluster.zeros - p)


# Places.


@rule("channel-dropout-on-time", "error", "04")
def channel_dropout_on_time(evidence: Evidence) -> Iterator[Fault]:
    """Dropout1d or Dropout2d drops whole time steps, since it takes the second axis for the channels."""
    for site in evidence.drawn:
        name = site.first.function or site.first.module
        by_channel = name.lower().replace("_", "").startswith(("dropout1d", "dropout2d", "featuredropout"))
        if by_channel and 1 in site.time_axes:
            message = f"{name} drops along the second axis, and that is time here, in {site.shape}."
            yield site, message, "Move the channels there before it, x.transpose(1, 2), and back after it."


# What may be meant so.


@rule("random-outside-torch", "warning", "02")
def random_outside_torch(evidence: Evidence) -> Iterator[Fault]:
    """The same seed of torch gives other outputs."""
    if evidence.passes.random_outside:
        message = "The same seed of torch gives other outputs: random numbers come from NumPy or Python."
        cure = "Draw with torch: xray cannot show these masks, and torch.manual_seed does not repeat them."
        line = next((line for line in evidence.passes.outside if line.line), None)
        yield (line, "") if line else _whole(evidence), message, cure


@rule("not-run", "note", "03")
def not_run(evidence: Evidence) -> Iterator[Fault]:
    """A module with a rate was never called."""
    for rate in evidence.rates:
        never = id(rate.module) not in evidence.called and not evidence.under(rate.path)
        if never and not evidence.is_left_out(rate):
            message = f"{rate} = {rate.value:g}, and this example never calls {rate.path}."
            cure = "Call it in forward, or remove it; or give an example that takes this branch."
            yield (rate.line, rate.path), message, cure


@rule("fresh-mask-on-the-carried-state", "note", "04")
def fresh_mask_on_the_carried_state(evidence: Evidence) -> Iterator[Fault]:
    """A line draws anew, and its masked value goes back through the weight that it came from."""
    for site in evidence.drawn:
        anew = 1 < len({call.draws for call in site.passes[0]}) == len(site.passes[0])
        if anew and site.has("carried") and not site.has("completed"):
            message = "The state that goes to the next step gets another mask at each step."
            yield site, message, "For one mask per sequence, draw it before the loop."


@rule("drops-twice", "note", "03")
def drops_twice(evidence: Evidence) -> Iterator[Fault]:
    """A masked value is masked again at once."""
    sites = evidence.passes.training[0].sites
    for site in evidence.drawn:
        call, near = site.first, site.first.value.near
        before = [one for one in sites[: near.bit_length()] if near >> one.number & 1 and one.draws]
        if any(not one.draws & call.draws for one in before) and not site.has("completed"):
            yield site, f"The value was masked at {before[0].line} already.", "Remove one of the two."


@rule("drops-logits", "note", "03")
def drops_logits(evidence: Evidence) -> Iterator[Fault]:
    """The output is masked right after the last product."""
    for site in evidence.drawn:
        origin = site.first.value.origin
        if site.first.final and origin and origin[1] in ops.PRODUCTS and not site.first.weights:
            yield (
                site,
                "The outputs themselves are masked, after the last layer.",
                "Drop before the last layer.",
            )
