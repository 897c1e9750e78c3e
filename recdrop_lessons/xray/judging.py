"""What is wrong with a model: one function a fault, each from what the passes measured.

The slugs are a contract: other programs read them. What a rule says of a rate or a scale is a comparison with
a stated error, never with a formula of one method.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from torch import nn

from recdrop_lessons.xray import declared, seen
from recdrop_lessons.xray import operations as ops
from recdrop_lessons.xray.declared import Rate
from recdrop_lessons.xray.lines import Line
from recdrop_lessons.xray.masked import MaskSite
from recdrop_lessons.xray.passes import Passes
from recdrop_lessons.xray.seen import SeenSite

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class XrayFinding:
    """One fault. `message` says what happens, `cure` what to change; `module` is the path in the model."""

    slug: str
    severity: str
    message: str
    cure: str
    file: str
    line: int
    module: str
    lesson: str

    def record(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Evidence:
    """What the rules read."""

    model: nn.Module
    passes: Passes
    monte_carlo: bool = False

    @cached_property
    def sites(self) -> list[SeenSite]:
        return seen.sites(self.passes)

    @cached_property
    def drawn(self) -> list[SeenSite]:
        """Sites with a mask or noise drawn anew that reach the outputs."""
        return [site for site in self.sites if site.reaches and site.first.kind != "constant"]

    @cached_property
    def strays(self) -> list[nn.Module]:
        """Modules that were called in every pass and that the model does not register."""
        registered = {id(module) for module in self.model.modules()}
        runs = [*self.passes.training, *self.passes.evaluation]
        common = set.intersection(*(set(one.called) for one in runs)) - registered
        return [module for key, module in runs[0].called.items() if key in common]

    @cached_property
    def rates(self) -> list[Rate]:
        return declared.declared(self.model, self.strays)

    @cached_property
    def called(self) -> set[int]:
        return {key for one in self.passes.training for key in one.called} | {id(self.model)}

    def under(self, path: str) -> list[SeenSite]:
        """The drawn sites in a module, or with a mask that it drew."""
        return [site for site in self.drawn if _acts_in(site, path)]


Finder = Callable[[Evidence], Iterator[XrayFinding]]


def judge(evidence: Evidence) -> list[XrayFinding]:
    """All findings, errors first, each fault once for a line."""
    found: dict[Any, XrayFinding] = {}
    for rule in RULES:
        for finding in rule(evidence):
            found.setdefault((finding.slug, finding.file, finding.line, finding.module), finding)
    return sorted(found.values(), key=lambda one: SEVERITIES.index(one.severity))


def _acts_in(site: SeenSite, path: str) -> bool:
    return any(_is_under(one, path) for one in {site.module, *site.first.made_in})


def _is_under(path: str, other: str) -> bool:
    return not other or path == other or path.startswith(f"{other}.")


def _at(
    slug: str, severity: str, where: SeenSite | MaskSite, message: str, cure: str, lesson: str
) -> XrayFinding:
    call = where.first if isinstance(where, SeenSite) else where
    return _say(slug, severity, call.line, call.path, message, cure, lesson)


def _say(
    slug: str, severity: str, line: Line, module: str, message: str, cure: str, lesson: str
) -> XrayFinding:
    return XrayFinding(slug, severity, message, cure, line.file, line.line, module, lesson)


# Rates that have no effect.


def drops_nothing(evidence: Evidence) -> Iterator[XrayFinding]:
    """A rate is declared, and no site of that module reaches the outputs."""
    for rate in evidence.rates:
        if id(rate.module) in evidence.passes.asleep or id(rate.module) not in evidence.called:
            continue
        if evidence.under(rate.path) or not rate.layer and _is_used_around(evidence, rate):
            continue
        if evidence.passes.random_outside and not rate.layer:
            continue
        lost = [site for site in evidence.sites if _acts_in(site, rate.path) and site.first.draws]
        if lost:
            message = (
                f"{rate} = {rate.value:g} draws a mask at {lost[0].first.line}, and no output depends on it."
            )
            yield _at("drops-nothing", "error", lost[0], message, "Use the masked value.", "03")
            continue
        message, cure = f"{rate} = {rate.value:g} has no effect.", "Apply it, or remove it."
        if isinstance(rate.module, nn.RNNBase) and rate.module.num_layers == 1:
            kind = type(rate.module).__name__
            message += f" nn.{kind} drops between its layers, and this one has one layer."
            cure = f"Add nn.Dropout({rate.value:g}) after it, or set num_layers=2."
        yield _say("drops-nothing", "error", rate.line, rate.path, message, cure, "03")


def _is_used_around(evidence: Evidence, rate: Rate) -> bool:
    """Whether the module around one that only keeps the number applies this rate."""
    around = evidence.under(rate.path.rpartition(".")[0])
    measured = [site for site in around if site.rate is not None]
    return any(
        not cluster.is_far_from(rate.value)
        for site in measured
        for cluster in site.clusters
        if cluster.count >= 8
    )


def ignored_argument(evidence: Evidence) -> Iterator[XrayFinding]:
    """A constructor has a rate by default, keeps it nowhere, and nothing in the module drops."""
    for path, module in evidence.model.named_modules():
        name = declared.ignored_argument(module)
        silent = not evidence.under(path) and not any(_is_under(rate.path, path) for rate in evidence.rates)
        layers = any(isinstance(one, nn.modules.dropout._DropoutNd) for one in module.modules())
        if (
            name
            and silent
            and not layers
            and id(module) in evidence.called
            and not evidence.passes.random_outside
        ):
            message = f"{type(module).__name__} takes {name}, and nothing in it drops."
            line = declared.lines.of_class(type(module))
            yield _say("drops-nothing", "error", line, path, message, f"Apply {name}, or remove it.", "03")


def not_run(evidence: Evidence) -> Iterator[XrayFinding]:
    """A module with a rate was never called."""
    for rate in evidence.rates:
        if id(rate.module) not in evidence.called and not evidence.under(rate.path):
            message = f"{rate} = {rate.value:g}, and this example never calls {rate.path}."
            cure = "Call it in forward, or remove it; or give an example that takes this branch."
            yield _say("not-run", "note", rate.line, rate.path, message, cure, "03")


def drops_everything(evidence: Evidence) -> Iterator[XrayFinding]:
    """All values are zero after the mask."""
    for site in evidence.drawn:
        masks = [call.mask for call in site.calls if call.mask is not None]
        total = sum(max(mask.numel(), math.prod(call.shape) if mask.numel() == 1 and call.function else 0)
                    for mask, call in zip(masks, site.calls, strict=False))  # fmt: skip
        if site.first.kind == "multiply" and total >= 20 and not any(bool(mask.any()) for mask in masks):
            cure = (
                "Give the rate as p: F.dropout(x, p, self.training)."
                if site.first.function
                else "Lower the rate."
            )
            yield _at(
                "drops-everything", "error", site, "The rate here is 1: every value is dropped.", cure, "02"
            )


# Evaluation.


def on_in_evaluation(evidence: Evidence) -> Iterator[XrayFinding]:
    """A mask or noise acts in evaluation, or the outputs of evaluation differ by seed."""
    if evidence.monte_carlo:
        return
    acting = seen.only_in_evaluation(evidence.passes)
    missed = {rate.path for rate in evidence.rates if any(rate.module is stray for stray in evidence.strays)}
    for site in acting:
        if site.path in missed:  # told by `missed_by_eval`
            continue
        function = site.function or "the mask"
        cure = (
            "Pass training=self.training, or use nn.Dropout."
            if site.function
            else "Draw it only if self.training."
        )
        message = (
            f"{function} also acts in evaluation."
            if site.function
            else "The mask is also drawn in evaluation."
        )
        yield _at("on-in-evaluation", "error", site, message, cure, "09")
    if evidence.passes.differs_in_evaluation and not acting:
        message = "Two evaluation passes with other seeds give other outputs."
        line = declared.lines.of_class(type(evidence.model))
        yield _say(
            "on-in-evaluation", "error", line, "", message, "Draw random numbers only if self.training.", "09"
        )


def missed_by_eval(evidence: Evidence) -> Iterator[XrayFinding]:
    """A module with a rate is in a plain list or attribute, so that `eval()` does not reach it."""
    strays = {id(module) for module in evidence.strays}
    for rate in evidence.rates:
        if id(rate.module) in strays:
            line = declared.kept_at(evidence.model, rate.module)
            message = (
                f"model.eval() does not reach this {type(rate.module).__name__}: no module registers it."
            )
            cure = "Keep it in nn.ModuleList or as an attribute of the module."
            yield _say("missed-by-eval", "error", line, rate.path, message, cure, "09")


def random_outside_torch(evidence: Evidence) -> Iterator[XrayFinding]:
    """The same seed of torch gives other outputs."""
    if evidence.passes.random_outside:
        message = "The same seed of torch gives other outputs: random numbers come from NumPy or Python."
        line = declared.lines.of_class(type(evidence.model))
        cure = "Draw with torch: xray cannot show these masks, and torch.manual_seed does not repeat them."
        yield _say("random-outside-torch", "warning", line, "", message, cure, "02")


# How far one draw reaches.


def one_mask_for_the_batch(evidence: Evidence) -> Iterator[XrayFinding]:
    """All examples of the batch have one mask."""
    for site in evidence.drawn:
        if (
            site.first.kind not in ("multiply", "pick")
            or site.first.weights
            or not site.is_one_for_the_batch()
        ):
            continue
        mask, size = site.first.mask, evidence.passes.axes.batch_size
        shape = () if mask is None else tuple(mask.shape)
        message = f"One mask of {shape} serves all {size} examples."
        severity = "note" if mask is not None and mask.numel() == 1 else "error"
        cure = "Draw it with the size of the batch on the batch's axis."
        yield _at("one-mask-for-the-batch", severity, site, message, cure, "04")


def mask_is_constant(evidence: Evidence) -> Iterator[XrayFinding]:
    """The mask is the same in all passes: drawn once, or with a seed that is set again."""
    for site in evidence.sites:
        if not site.reaches or len(site.passes) < 2:
            continue
        masks = [[call.multiplier() for call in one] for one in site.passes]
        first = masks[0]
        alike = all(
            len(one) == len(first)
            and all(
                a is not None and b is not None and a.shape == b.shape and bool((a == b).all())
                for a, b in zip(one, first, strict=True)
            )
            for one in masks[1:]
        )
        if not alike:
            continue
        cure = "Draw it in forward, without a fixed seed."
        if site.first.kind == "constant":
            drawn = any(call.drawn_before for call in site.calls)
            if drawn or _looks_drawn(evidence, site):
                message = "The mask is the same in every pass: the same units are always dropped."
                yield _at("mask-is-constant", "error", site, message, cure, "04")
        elif (
            site.is_mask and 0 < (site.rate or 0) < 1 and sum(m.numel() for m in first if m is not None) >= 8
        ):
            message = "Passes with other seeds draw the same mask."
            yield _at("mask-is-constant", "error", site, message, cure, "04")


def _looks_drawn(evidence: Evidence, site: SeenSite) -> bool:
    """Whether a constant of {0, c} was drawn: c > 1, as many zeros as c says, and no regular pattern."""
    (cluster, *_) = site.clusters
    total = cluster.top * site.first.value.factor
    if total <= 1.01:
        return False
    expected = 1 - 1 / total
    error = math.sqrt(expected * (1 - expected) / max(cluster.count / len(site.calls), 1))
    flat = (site.masks[0] != 0).flatten()
    changes = float((flat[1:] != flat[:-1]).double().mean())
    return (
        abs(cluster.zeros - expected) < max(5 * error, 0.02)
        and 0.3 < changes / (2 * expected * (1 - expected)) < 1.9
    )


def mask_shared_by_layers(evidence: Evidence) -> Iterator[XrayFinding]:
    """One draw masks values of different layers, which do not depend on the same weights."""
    by_draw: dict[int, list[MaskSite]] = defaultdict(list)
    for call in evidence.passes.training[0].sites:
        if (
            call.kind == "multiply"
            and call.draws
            and call.reaches
            and call.mask is not None
            and not call.completed
        ):
            by_draw[call.draws].append(call)
    for calls in by_draw.values():
        first = calls[0]
        if len({call.key for call in calls}) < len(calls):  # re-used over time
            continue
        for other in calls[1:]:
            if _is_shared(first, other):
                message = f"The mask of {first.line} is used again here, for another layer."
                yield _at(
                    "mask-shared-by-layers", "error", other, message, "Draw a mask for each layer.", "04"
                )
                break


def _is_shared(first: MaskSite, other: MaskSite) -> bool:
    if first.mask is None or other.mask is None or first.mask.shape != other.mask.shape:
        return False
    return first.value.params != other.value.params and bool((first.mask == other.mask).all())


def fresh_mask_on_the_carried_state(evidence: Evidence) -> Iterator[XrayFinding]:
    """A line draws anew, and its masked value goes back through the weight that it came from."""
    for site in evidence.drawn:
        calls = site.passes[0]
        if any(call.completed for call in site.calls):
            continue
        if any(call.carried for call in calls) and len({call.draws for call in calls}) > 1:
            message = "The state that is carried on gets another mask at each step."
            cure = "For one mask per sequence, draw it before the loop."
            yield _at("fresh-mask-on-the-carried-state", "note", site, message, cure, "04")


# Scale and rate.


def scale(evidence: Evidence) -> Iterator[XrayFinding]:
    """The mean of the value in training is not the value of evaluation."""
    for site in evidence.drawn:
        first = site.first
        if not site.is_mask or any(call.completed or call.padded or call.whole for call in site.calls):
            continue
        expected = _in_evaluation(evidence, first)
        for cluster in site.clusters:
            if cluster.top == 0 or cluster.zeros == 0:
                continue
            near = [one for one in expected if abs(cluster.mean - one) <= _tolerance(site, cluster)]
            if near:
                continue
            if math.isclose(cluster.top, 1, rel_tol=1e-3) and 1.0 in expected:
                message = (
                    f"The mask drops {cluster.zeros:.0%} and does not scale: "
                    f"the mean is {cluster.mean:.2f} of the value."
                )
                yield _at("not-scaled", "error", site, message, "Divide by the fraction that is kept.", "02")
            elif cluster.count >= 20:
                wanted = ", ".join(f"{one:.3g}" for one in sorted(expected))
                message = (
                    f"The mask drops {cluster.zeros:.0%} and multiplies by {cluster.top:.3g}: the mean is "
                    f"{cluster.mean:.2f} of the value, and in evaluation it is {wanted}."
                )
                yield _at(
                    "scaled-wrongly",
                    "error",
                    site,
                    message,
                    "Divide by the fraction that is kept, once.",
                    "02",
                )
            break


def _tolerance(site: SeenSite, cluster: seen.Cluster) -> float:
    """Five standard errors; of masks whose elements depend on each other, a quarter of the value."""
    return max(5 * cluster.error, 0.005) if site.first.apart else max(5 * cluster.error, 0.25)


def _in_evaluation(evidence: Evidence, call: MaskSite) -> set[float]:
    """The numbers that evaluation multiplies the same value by."""
    found: set[float] = set()
    for one in evidence.passes.evaluation:
        if call.value.origin in one.factors:
            found |= one.factors[call.value.origin]
    return found or {1.0}


def rate_differs(evidence: Evidence) -> Iterator[XrayFinding]:
    """The fraction of zeros is not the one rate that the module declares."""
    for site in evidence.drawn:
        own = {rate.value for rate in evidence.rates if rate.path == site.module and not rate.layer}
        if not site.is_mask or len(own) != 1 or any(call.completed or call.padded for call in site.calls):
            continue
        (p,) = own
        clusters = [cluster for cluster in site.clusters if cluster.count >= 20 and cluster.top]
        others = [
            c
            for other in evidence.under(site.module)
            if other is not site and other.is_mask
            for c in other.clusters
        ]
        if not clusters or any(not c.is_far_from(p) for c in others):
            continue
        zeros = clusters[0].zeros
        swapped = abs(zeros - (1 - p)) < 0.1 < abs(zeros - p)
        if all(cluster.is_far_from(p) for cluster in clusters) and (site.first.apart or swapped):
            message = f"The module declares {p:g}, and {zeros:.0%} of the values are dropped."
            cure = (
                "Pass the fraction to drop, not the one to keep."
                if swapped
                else "Use the rate that is declared."
            )
            yield _at("rate-differs", "error", site, message, cure, "02")


# Places.


def channel_dropout_on_time(evidence: Evidence) -> Iterator[XrayFinding]:
    """Dropout1d or Dropout2d drops whole time steps, since it takes the second axis for the channels."""
    for site in evidence.drawn:
        name = site.first.function or site.first.module
        if (
            name.lower().replace("_", "").startswith(("dropout1d", "dropout2d", "featuredropout"))
            and 1 in site.time_axes
        ):
            message = f"{name} drops along the second axis, and here, in {site.shape}, that is time."
            cure = "Move the channels to the second axis before it, x.transpose(1, 2), and back after it."
            yield _at("channel-dropout-on-time", "error", site, message, cure, "04")


def drops_twice(evidence: Evidence) -> Iterator[XrayFinding]:
    """A masked value is masked again at once."""
    sites = evidence.passes.training[0].sites
    completed = {call.key for call in sites if call.completed}  # zoneout, also at its first step
    for call in sites:
        if call.key in completed:
            continue
        before = [sites[k] for k in range(call.value.near.bit_length()) if call.value.near >> k & 1]
        if call.draws and call.reaches and any(one.draws and not one.draws & call.draws for one in before):
            message = f"The value was masked at {before[0].line} already."
            yield _at("drops-twice", "note", call, message, "Remove one of the two.", "03")


def drops_logits(evidence: Evidence) -> Iterator[XrayFinding]:
    """The output is masked right after the last product."""
    for site in evidence.drawn:
        origin = site.first.value.origin
        if site.first.final and origin and origin[1] in ops.PRODUCTS and not site.first.weights:
            message = "The outputs themselves are masked, after the last layer."
            yield _at("drops-logits", "note", site, message, "Drop before the last layer.", "03")


RULES: tuple[Finder, ...] = (
    drops_nothing, ignored_argument, drops_everything, on_in_evaluation, missed_by_eval,
    one_mask_for_the_batch, mask_is_constant, mask_shared_by_layers, scale, rate_differs,
    channel_dropout_on_time, random_outside_torch, not_run, fresh_mask_on_the_carried_state,
    drops_twice, drops_logits,
)  # fmt: skip
