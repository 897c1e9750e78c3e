"""Checks of parts whose value is a function of their arguments: the numbers, then the gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import (
    Answer,
    AnswerError,
    Call,
    Gradients,
    LocalAnswer,
    Question,
    Value,
    tensors,
)
from recdrop_lessons.checks.at_an_edge import AtAnEdge
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import TOLERANCE, compare, unchanged
from recdrop_lessons.checks.counterexample import Counterexample
from recdrop_lessons.checks.draw import Draw, as_dtype, non_contiguous
from recdrop_lessons.checks.general import (
    CHANGES_INPUT,
    EDGE_CASE,
    EDGE_CASES,
    GRADIENT_CUT,
    KEYWORDS_RENAMED,
    VAGUE,
)
from recdrop_lessons.checks.located import located
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.outcomes import backward_raised, differs, raised, untold
from recdrop_lessons.checks.parts import Outcome, Part
from recdrop_lessons.checks.picture import picture
from recdrop_lessons.checks.recognise import (
    Values,
    general,
    of_one_name,
    recognise,
    see,
    too_strict,
    unless_lost,
)


class _Trial:
    """A case in one dtype and one layout, with what is right there, computed once when asked for."""

    def __init__(
        self,
        check: Exact,
        seed: int,
        case: Case,
        dtype: torch.dtype,
        contiguous: bool = True,
        differentiated: bool = True,
    ) -> None:
        self.check, self.seed, self.case, self.dtype, self.contiguous = check, seed, case, dtype, contiguous
        self.differentiated = differentiated and case.gradients

    @property
    def label(self) -> str:
        if not self.check.floats:
            return self.case.label
        layout = "" if self.contiguous else ", not contiguous"
        return f"{self.case.label}, {str(self.dtype).removeprefix('torch.')}{layout}"

    @cached_property
    def arguments(self) -> dict[str, Value]:
        cast = as_dtype(self.case.arguments, self.dtype)
        return cast if self.contiguous else non_contiguous(cast)

    @cached_property
    def right(self) -> Value:
        with torch.no_grad():
            return self.check.reference(**as_dtype(self.arguments, torch.float64))

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Where gradients must pass."""
        if not self.differentiated:
            return ()
        asked = self.check.gradients
        return asked(self.arguments) if callable(asked) else asked

    @cached_property
    def cotangent(self) -> tuple[Tensor, ...]:
        draw = Draw(self.seed, f"{self.check.name}, cotangent of {self.label}")
        return tuple(draw.normal(*y.shape) for y in tensors(self.right))

    @cached_property
    def gradients(self) -> Gradients:
        exact = as_dtype(self.arguments, torch.float64)
        return LocalAnswer(self.check.reference).gradients(exact, self.paths, self.cotangent)

    @cached_property
    def question(self) -> Question:
        return Question(self.arguments, self.paths, self.cotangent if self.paths else ())


class _Prepared:
    """A check's inputs for one seed, and what is right on them.

    Kept for the next answer, since a class is graded on one seed. No answer can change them: it gets copies.
    """

    def __init__(self, check: Exact, seed: int) -> None:
        self.cases = list(check.cases(Draw(seed, check.name)))
        self.mistakes = Values()
        first, *others = self.cases
        if not check.floats:
            self.trials = [_Trial(check, seed, case, torch.float64) for case in self.cases]
            return
        # The first case in both dtypes and both layouts, the others in float64, every second one strided. Of
        # the first four, two have each dtype and each layout once: enough for the gradients.
        single, double = torch.float32, torch.float64
        self.trials = [
            _Trial(check, seed, first, single),
            _Trial(check, seed, first, double, differentiated=False),
            _Trial(check, seed, first, single, contiguous=False, differentiated=False),
            _Trial(check, seed, first, double, contiguous=False),
        ] + [_Trial(check, seed, case, double, i % 2 == 0) for i, case in enumerate(others)]


@dataclass(frozen=True, eq=False)
class Exact:
    """The check of a deterministic part: call it `check(answer, seed)`.

    `name`: the part's function name; its inputs come from `Draw(seed, name)`.
    `reference`: the right answer, in plain torch, float64.
    `cases`: a function from a Draw to the cases, the plain one first, the edges after it.
    `outputs`: the names of what is returned, for the report.
    `gradients`: the arguments through which gradients must pass; paths like "layers.0.1" reach inside,
        and a function from the arguments gives them where they depend on the case.
    `misconceptions`: those with `mistakes` are recognised; "exact-comparison" also by rounded cases.
    `floats`: whether there are tensors to cast to float32 and to lay out otherwise.
    `told`: whether a report may hold the right value; not where it is one of a few words.
    `evidence`: what can be seen of an input, said where the right value is not told.
    `least`: how short an axis of the arguments may be.
    `shown_from`: the sizes from which on a misconception shows what its name says, {"its-name": {"T": 2}}.
    """

    name: str
    reference: Callable[..., Value]
    cases: Callable[[Draw], Iterable[Case]]
    outputs: tuple[str, ...] = ("result",)
    gradients: tuple[str, ...] | Callable[[dict[str, Value]], tuple[str, ...]] = ()
    misconceptions: tuple[Misconception, ...] = ()
    floats: bool = True
    told: bool = True
    evidence: Callable[[dict[str, Value]], list[list[str]]] | None = None
    least: int = 1
    shown_from: dict[str, dict[str, int]] = field(default_factory=dict)
    tolerance: dict[torch.dtype, float] = field(default_factory=lambda: dict(TOLERANCE))

    @property
    def picture(self) -> Counterexample:
        """How its wrong answers are drawn."""
        return Counterexample(
            self.name,
            self.reference,
            self.cases,
            outputs=self.outputs,
            misconceptions=self.misconceptions,
            told=self.told,
            least=self.least,
            shown_from=self.shown_from,
        )

    def __call__(self, answer: Answer, seed: int) -> Outcome:
        prepared = _prepare(self, seed)
        # The first gradient that is wrong. It is said at the end: a wrong value on any input comes before it.
        cut: Outcome | None = None
        for trial in prepared.trials:
            try:
                call, gradients = answer.ask(trial.question)
            except AnswerError as error:
                return self._diagnose(answer, prepared, raised(error, trial.label, trial.arguments))
            failed = self._wrong_value(call, trial)
            if failed is not None:
                return self._diagnose(answer, prepared, failed)
            cut = cut or self._wrong_gradients(gradients, trial)
        return cut or Outcome(True, f"Right on {len(prepared.trials)} inputs.")

    def _wrong_value(self, call: Call, trial: _Trial) -> Outcome | None:
        arguments = trial.arguments
        difference = compare(
            call.value,
            trial.right,
            self.outputs,
            self.tolerance[trial.dtype],
            trial.dtype if self.floats else None,
        )
        if difference is not None:
            if self.told:
                outcome = differs(difference, trial.label, arguments)
            else:
                outcome = untold(difference, call.value, ", ".join(self.outputs), trial.label, arguments)
                if self.evidence is not None:
                    outcome.details["measured"] = self.evidence(arguments)
            outcome.details["changed"] = [
                name for name, before in arguments.items() if not unchanged(before, call.arguments[name])
            ]
            return outcome
        for name, before in arguments.items():
            if not unchanged(before, call.arguments[name]):
                details = {"case": trial.label, "changed": name}
                return Outcome(
                    False, f"{CHANGES_INPUT.sentence} Here it changed `{name}`.", CHANGES_INPUT.slug, details
                )
        return None

    def _wrong_gradients(self, yours: Gradients | AnswerError, trial: _Trial) -> Outcome | None:
        if isinstance(yours, AnswerError):
            return backward_raised(yours, trial.label, trial.arguments)
        for path in trial.paths:
            target, found = trial.gradients[path], yours[path]
            if target is None or (found is None and not bool(target.any())):
                continue
            details: dict[str, Any] = {"case": trial.label, "gradient": path}
            if found is None:
                return Outcome(
                    False, f"{GRADIENT_CUT.sentence} None reaches `{path}`.", GRADIENT_CUT.slug, details
                )
            # A gradient sums over many places, so its float32 rounding is larger than a value's.
            difference = compare(found, target, (f"gradient of {path}",), 10 * self.tolerance[trial.dtype])
            if difference is not None:
                details |= picture(difference)
                return Outcome(
                    False, f"{GRADIENT_CUT.sentence} {difference.sentence}", GRADIENT_CUT.slug, details
                )
        return None

    def _diagnose(self, answer: Answer, prepared: _Prepared, failed: Outcome) -> Outcome:
        """The failure under the name of the misconception that explains it, where there is one."""
        if failed.misconception in (CHANGES_INPUT.slug, KEYWORDS_RENAMED.slug) or failed.details.get(
            "unwritten"
        ):
            return failed
        seen = see(answer, self.reference, prepared.cases, prepared.mistakes)
        found = recognise(seen, self.misconceptions, prepared.mistakes)
        if found is None:
            strict = next((one for one in self.misconceptions if one.slug == "exact-comparison"), None)
            found = strict if strict and unless_lost(lambda: too_strict(answer, seen)) else None
        if found is None and (its := of_one_name(seen)):
            found = recognise(its, self.misconceptions, prepared.mistakes)
        if found is None and failed.misconception in (None, *VAGUE):
            found = unless_lost(lambda: general(answer, seen))
            if found is EDGE_CASE:
                edge = AtAnEdge(self.name, self.reference, self.cases, self.told)
                found = None if failed.misconception else unless_lost(lambda: edge(answer, seen))
        if found is None and failed.misconception is None and self.told:
            found = unless_lost(lambda: located(answer, self.reference, seen))
        if found in (None, EDGE_CASE, EDGE_CASES) and failed.details.get("changed"):
            found = CHANGES_INPUT
        if found is None:
            return failed
        said = failed.details.get("said", failed.message)
        if found not in self.misconceptions:
            return Outcome(False, f"{found.sentence} {said}", found.slug, failed.details | {"said": said})
        return Outcome(False, found.sentence, found.slug, failed.details | {"difference": said})


@lru_cache(maxsize=128)  # more than the course has parts, or a mixed class would push each one out in turn
def _prepare(check: Exact, seed: int) -> _Prepared:
    return _Prepared(check, seed)


def exact_part(
    number: str,
    function: Callable[..., Value],
    *,
    points: int,
    hints: tuple[str, ...],
    cases: Callable[[Draw], Iterable[Case]],
    misconceptions: tuple[Misconception, ...],
    **settings: Any,
) -> Part:
    """A part whose function is its own reference; the settings are those of `Exact`."""
    check = Exact(function.__name__, function, cases, misconceptions=misconceptions, **settings)
    return Part(number, function, points, hints, check, misconceptions, picture=check.picture)
