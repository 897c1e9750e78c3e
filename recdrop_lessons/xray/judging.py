"""From what the passes measured to findings: what the rules read, and how a fault becomes a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from torch import nn

from recdrop_lessons.xray import declared, seen
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
    """What the rules read.

    `drawn`: the sites with a mask or noise drawn in the pass that reach the outputs.
    `strays`: the modules that every pass called and that the model does not register.
    """

    model: nn.Module
    passes: Passes
    mc: bool = False

    @cached_property
    def sites(self) -> list[SeenSite]:
        return seen.sites(self.passes)

    @cached_property
    def drawn(self) -> list[SeenSite]:
        return [site for site in self.sites if site.reaches and site.first.kind != "constant"]

    @cached_property
    def strays(self) -> list[nn.Module]:
        runs = [*self.passes.training, *self.passes.evaluation]
        always = set.intersection(*(set(one.called) for one in runs))
        registered = {id(module) for module in self.model.modules()}
        return [module for key, module in runs[0].called.items() if key in always - registered]

    @cached_property
    def rates(self) -> list[Rate]:
        return declared.declared(self.model, self.strays)

    @cached_property
    def called(self) -> set[int]:
        return {key for one in self.passes.training for key in one.called} | {id(self.model)}

    def is_left_out(self, rate: Rate) -> bool:
        """Whether a library's layer ran, has this part, did not call it, and drops nowhere."""
        layer = dict(self.model.named_modules()).get(rate.around)
        return (
            rate.layer
            and rate.around != rate.path
            and id(layer) in self.called
            and not self.under(rate.around)
        )

    def under(self, path: str) -> list[SeenSite]:
        """The drawn sites in a module, or with a mask that it drew."""
        return [site for site in self.drawn if acts_in(site, path)]


def acts_in(site: SeenSite, path: str) -> bool:
    """Whether a site is in a module, or its mask was drawn there."""
    return any(is_under(one, path) for one in {site.module, *site.first.made_in})


def is_under(path: str, other: str) -> bool:
    """Whether a module's path is another, or within it."""
    return not other or path == other or path.startswith(f"{other}.")


#: Where a fault is, what happens, what to change.
Fault = tuple["SeenSite | MaskSite | tuple[Line, str]", str, str]
Rule = Callable[[Evidence], Iterator[Fault]]
RULES: list[tuple[str, str, str, Rule]] = []


def rule(slug: str, severity: str, lesson: str) -> Callable[[Rule], Rule]:
    """Make a function that finds faults a rule: all that it finds has this slug, severity and lesson."""

    def take(find: Rule) -> Rule:
        RULES.append((slug, severity, lesson, find))
        return find

    return take


def judge(evidence: Evidence) -> list[XrayFinding]:
    """All findings, errors first; the same fault once for a line of a module."""
    found: dict[Any, XrayFinding] = {}
    for slug, severity, lesson, find in RULES:
        for where, message, cure in find(evidence):
            line, path = where if isinstance(where, tuple) else _place(where)
            one = XrayFinding(slug, severity, message, cure, line.file, line.line, path, lesson)
            found.setdefault((slug, line.file, line.line, path), one)
    return sorted(found.values(), key=lambda one: SEVERITIES.index(one.severity))


def _place(where: SeenSite | MaskSite) -> tuple[Line, str]:
    call = where.first if isinstance(where, SeenSite) else where
    return call.line, call.path
