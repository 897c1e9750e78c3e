"""Checks of lesson 05: one step of Moon's, Gal's, Semeniuta's, zoneout's and weight-dropped LSTM."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import permutations, product
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.chance import rate_fits
from recdrop_lessons.checks.compare import compare
from recdrop_lessons.checks.draw import Draw, as_dtype
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import (
    Function,
    Gates,
    State,
    gates,
    lstm_basics,
    lstm_step,
    step_arguments,
    step_cases,
)
from recdrop_lessons.checks.masks import SAME_EACH_CALL, judge
from recdrop_lessons.checks.outcomes import differs
from recdrop_lessons.checks.parts import Lesson, Misconception, Outcome, Part
from recdrop_lessons.checks.recognise import Silent
from recdrop_lessons.checks.steps import Failed, Reply, Step, Steps, fail, kept, stepwise

_GRADIENTS = ("x", "h", "c", "W", "U", "b")

# ---------------------------------------------------------------- 5.1 moon_step, 5.3 semeniuta_step


def step_with_mask(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m: Tensor,
    *,
    at: str,
    gates: Gates = gates,
    squash: Function = torch.tanh,
) -> State:
    """One step with a mask (B, H) at one of the places where one could put it."""
    old = h * m if at == "recurrent" else h
    z = x @ W.T + old @ U.T + b
    if at == "after the product":
        z = x @ W.T + (h @ U.T) * m.repeat(1, 4) + b
    if at == "candidate before tanh":
        H = h.shape[1]
        z = torch.cat([z[:, : 2 * H], z[:, 2 * H : 3 * H] * m, z[:, 3 * H :]], dim=1)
    i, f, g, o = gates(z)
    kept = f * c * m if at == "old cell" else f * c
    added = i * g * m if at == "candidate" else i * g
    new = kept + added
    # what is stored, and what the output reads
    c = new * m if at in ("cell", "stored only") else new
    read = new * m if at in ("cell", "read only") else new
    y = o * squash(read)
    return (y * m if at == "hidden" else y), c


PLACES = {
    "cell": (
        "mask-on-cell",
        "You mask the whole new cell. That is Moon's method; Semeniuta's mask is on the candidate g alone, "
        "so that it never touches what the cell already holds.",
    ),
    "candidate": (
        "mask-on-candidate",
        "You mask the candidate g. That is Semeniuta's method; Moon's mask is on the whole new cell, on "
        "what it holds as well as on what is added.",
    ),
    "candidate before tanh": (
        "mask-before-activation",
        "You mask the candidate before its tanh. The mask multiplies g itself, after the tanh, or its "
        "scale is bent.",
    ),
    "old cell": (
        "mask-on-old-cell",
        "You mask the old cell (or the forget gate) alone, so the new candidate always gets in.",
    ),
    "read only": (
        "mask-not-kept",
        "Your output reads the masked cell, but the cell that you return is not masked. The mask belongs "
        "to the cell itself.",
    ),
    "stored only": (
        "output-reads-undropped",
        "You return a masked cell, but your output reads the cell before the mask.",
    ),
    "hidden": (
        "mask-on-hidden",
        "You mask the new state h'. The mask belongs inside the cell, not on what comes out.",
    ),
    "recurrent": (
        "mask-on-recurrence",
        "You mask the old state h on its way into the gates. That is Gal's method and Keras's "
        "`recurrent_dropout`.",
    ),
    "after the product": (
        "mask-after-product",
        "You mask the product with U. No mask of this method is on a product with weights.",
    ),
    "none": ("mask-forgotten", "Your step does not use the mask at all: it is the plain LSTM step."),
}


def _with_mask(at: str, name: str) -> Callable[..., State]:
    """The step with the part's own name for its mask."""

    def step(**given: Any) -> State:
        return step_with_mask(m=given.pop(name), at=at, **given)

    return step


def _misplaced(right: str, name: str) -> tuple[Misconception, ...]:
    """Every other place of the mask, and the mistakes of any LSTM."""
    return tuple(
        Misconception(slug, sentence, (_with_mask(at, name),))
        for at, (slug, sentence) in PLACES.items()
        if at != right
    ) + lstm_basics(_with_mask(right, name))


def _mask_arguments(name: str) -> Callable[[Draw, int, int, int], dict[str, Any]]:
    return lambda draw, B, F, H: step_arguments(draw, B, F, H) | {name: draw.mask(B, H)}


MOON = _misplaced("cell", "m_c")
SEMENIUTA = _misplaced("candidate", "m_g")

# ---------------------------------------------------------------- 5.2 gal_step


def gal_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_x: Tensor,
    m_h: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    per_gate_x: Callable[[Tensor, Tensor], bool] = lambda m_x, m_h: m_x.dim() == 3,
    per_gate_h: Callable[[Tensor, Tensor], bool] = lambda m_x, m_h: m_h.dim() == 3,
    order: tuple[int, ...] = (0, 1, 2, 3),
    before: bool = True,
) -> State:
    """The step; the keyword arguments say what a mistake does otherwise."""

    def product(v: Tensor, m: Tensor, weights: Tensor, per_gate: bool, before: bool) -> Tensor:
        # each gate sees v under its own mask, or all under one
        masks = [m[k] for k in order] if per_gate else [m] * 4
        blocks = weights.chunk(4)
        if before:
            return torch.cat([(v * its) @ w.T for its, w in zip(masks, blocks, strict=True)], dim=-1)
        return torch.cat([(v @ w.T) * its for its, w in zip(masks, blocks, strict=True)], dim=-1)

    z = product(x, m_x, W, per_gate_x(m_x, m_h), True) + product(h, m_h, U, per_gate_h(m_x, m_h), before) + b
    i, f, g, o = gates(z)
    c = f * c + i * g
    return o * squash(c), c


def gal_cases(draw: Draw) -> Iterator[Case]:
    """All four kinds of masks over the sizes, and each of them on four rows."""
    kinds = list(product((False, True), repeat=2))
    plain = list(step_cases(draw, step_arguments))
    fours = [case for case in plain if case.arguments["x"].shape[0] == 4]
    pairs = [(case, kinds[k % 4], case.gradients) for k, case in enumerate(plain)]
    pairs += [(fours[0], kind, False) for kind in kinds]
    for case, (x_per_gate, h_per_gate), gradients in pairs:
        B, F = case.arguments["x"].shape
        H = case.arguments["h"].shape[1]
        m_x = draw.mask(4, B, F) if x_per_gate else draw.mask(B, F)
        m_h = draw.mask(4, B, H) if h_per_gate else draw.mask(B, H)
        kind = (
            f"m_x {'one per gate' if x_per_gate else 'tied'}, m_h {'one per gate' if h_per_gate else 'tied'}"
        )
        yield Case(f"{case.label}, {kind}", case.arguments | {"m_x": m_x, "m_h": m_h}, gradients)


def _ones(*names: str) -> Callable[..., State]:
    def step(**given: Any) -> State:
        return gal_step(**given | {name: torch.ones_like(given[name]) for name in names})

    return step


def _reduced(how: Callable[[Tensor], Tensor]) -> Callable[..., State]:
    """Masks per gate made one."""

    def step(m_x: Tensor, m_h: Tensor, **given: Any) -> State:
        return gal_step(
            m_x=how(m_x) if m_x.dim() == 3 else m_x, m_h=how(m_h) if m_h.dim() == 3 else m_h, **given
        )

    return step


def _block(k: int) -> Callable[[Tensor], Tensor]:
    return lambda m: m[k]


def _on_new_state(where: str) -> Callable[..., State]:
    """m_h on what comes out; what becomes of masks per gate there is anyone's guess."""

    def step(m_h: Tensor, **given: Any) -> State:
        if m_h.dim() == 3:
            raise Silent
        if where == "also":
            h, c = gal_step(m_h=m_h, **given)
            return h * m_h, c
        h, c = gal_step(m_h=torch.ones_like(m_h), **given)
        return (h * m_h, c) if where == "h" else (h, c * m_h)

    return step


def _keras_order(order: tuple[int, ...]) -> Callable[..., State]:
    return partial(gal_step, order=order)


GAL_MISCONCEPTIONS = (
    Misconception(
        "mask-after-product",
        "You multiply by the mask after the product with U. Gal's masks are on x and h themselves, before "
        "the product.",
        (partial(gal_step, before=False),),
    ),
    Misconception(
        "masks-told-by-size",
        "You take a mask for one per gate because its first axis has size 4. A batch of four rows has that "
        "too: count the dimensions.",
        (
            partial(
                gal_step,
                per_gate_x=lambda m_x, m_h: m_x.shape[0] == 4,
                per_gate_h=lambda m_x, m_h: m_h.shape[0] == 4,
            ),
        ),
    ),
    Misconception(
        "masks-not-independent",
        "You look at one of the masks and take the other to be of the same kind. Each is tied or one per "
        "gate by itself.",
        tuple(
            partial(gal_step, per_gate_x=told, per_gate_h=told)
            for told in (
                lambda m_x, m_h: m_x.dim() == 3,
                lambda m_x, m_h: m_h.dim() == 3,
                lambda m_x, m_h: m_x.dim() == 3 and m_h.dim() == 3,
                lambda m_x, m_h: m_x.dim() == 3 or m_h.dim() == 3,
            )
        ),
    ),
    Misconception(
        "one-mask-for-all-gates",
        "You use one mask for all gates where there is one per gate: m[0] is for i, m[1] for f, m[2] for "
        "g, m[3] for o.",
        (
            *(_reduced(_block(k)) for k in range(4)),
            _reduced(lambda m: m.mean(0)),
            _reduced(lambda m: m.prod(0)),
        ),
    ),
    Misconception(
        "mask-gate-order",
        "You give the gates each other's masks. They lie in the order of the blocks: i, f, g, o.",
        tuple(_keras_order(order) for order in permutations(range(4)) if order != (0, 1, 2, 3)),
    ),
    Misconception(
        "state-mask-forgotten",
        "Your state goes unmasked into the gates: m_h multiplies h before the product with U.",
        (_ones("m_h"),),
    ),
    Misconception(
        "input-mask-forgotten",
        "Your input goes unmasked into the gates: m_x multiplies x before the product with W.",
        (_ones("m_x"),),
    ),
    Misconception(
        "masks-forgotten",
        "Your step uses neither mask: m_x belongs on x and m_h on h, each before its product.",
        (_ones("m_x", "m_h"),),
    ),
    Misconception(
        "masked-state-carried",
        "Your new state comes out masked. m_h is on the old h on its way into the gates; h' itself is not "
        "dropped, or the mask would act again and again.",
        (_on_new_state("h"), _on_new_state("also")),
    ),
    Misconception(
        "mask-on-cell",
        "You mask the cell. That is Moon's method; Gal masks x and h on their way into the gates.",
        (_on_new_state("c"),),
    ),
    *lstm_basics(gal_step),
)

# ---------------------------------------------------------------- 5.4 zoneout_step


def zoneout_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    z_h: float,
    z_c: float,
    training: bool,
    d_h: Tensor | None = None,
    d_c: Tensor | None = None,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    keep: Callable[[Value, Tensor, Tensor, float, bool], Tensor] = lambda d, old, new, z, training: (
        d * old + (1 - d) * new
    ),
    h_reads: str = "before zoneout",
    masks_at_evaluation: bool = False,
) -> State:
    """The step with masks that are given in training; the keyword arguments make mistakes."""
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    new_c = f * c + i * g
    sampled = training or masks_at_evaluation
    # a mask that is None stands for its mean; in training the cases leave it out only at rate 0
    rate_h = d_h if sampled and d_h is not None else z_h
    rate_c = d_c if sampled and d_c is not None else z_c
    # c' = d∘c + (1-d)∘c̃,  h' = d∘h + (1-d)∘h̃ with h̃ = o∘tanh(c̃); at evaluation d is its mean z
    kept_c = keep(rate_c, c, new_c, z_c, training)
    new_h = o * squash(new_c if h_reads == "before zoneout" else kept_c)
    return keep(rate_h, h, new_h, z_h, training), kept_c


def zoneout_cases(draw: Draw) -> Iterator[Case]:
    """Training with masks that are given, evaluation with and without them, and the rates' ends."""
    for k, case in enumerate(step_cases(draw, step_arguments)):
        shape = case.arguments["h"].shape
        d_h, d_c = (draw.mask(*shape, p=0.5) / 2 for _ in range(2))
        z_h, z_c = draw.uniform(0.1, 0.4), draw.uniform(0.55, 0.9)
        rates = {"z_h": z_h, "z_c": z_c}
        masks = {"d_h": d_h, "d_c": d_c}
        given = case.arguments | rates | {"training": True} | masks
        yield Case(f"{case.label}, training", given, case.gradients)
        if k % 2 == 0:
            given = case.arguments | rates | {"training": False}
            yield Case(f"{case.label}, evaluation", given, k == 0)
        else:
            given = case.arguments | rates | {"training": False} | masks
            yield Case(f"{case.label}, evaluation, masks given all the same", given, k == 1)
    for training in (True, False):
        zeros = {"d_h": torch.zeros(shape).double(), "d_c": torch.zeros(shape).double()}
        given = case.arguments | {"z_h": 0.0, "z_c": 0.0, "training": training}
        yield Case(f"{case.label}, rates 0, {'training' if training else 'evaluation'}", given | zeros, False)
        # at rate 0 a mask that is drawn is 0 as well, so here the numbers and the gradients are known
        yield Case(f"{case.label}, rates 0, {'training, masks drawn' if training else 'evaluation'}", given)


def _swap(training: bool, evaluation: bool) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, in_training: bool) -> Tensor:
        swapped = training if in_training else evaluation
        return (1 - d) * old + d * new if swapped else d * old + (1 - d) * new

    return partial(zoneout_step, keep=keep)


def _rescale(how: str, evaluation: bool = False) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
        if not training and not evaluation:
            return d * old + (1 - d) * new
        if how == "new":
            return d * old + (1 - d) * new / (1 - z)
        if how == "all":
            return (d * old + (1 - d) * new) / (1 - z)
        return d / z * old + (1 - d) / (1 - z) * new if z else new

    return partial(zoneout_step, keep=keep)


def _evaluates(to: str) -> Callable[..., State]:
    def keep(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
        if training:
            return d * old + (1 - d) * new
        return {"new": new, "scaled": (1 - z) * new, "old": old, "half": (old + new) / 2}[to]

    return partial(zoneout_step, keep=keep)


def _zero(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
    return (1 - d) * new


def _zero_scaled(d: Value, old: Tensor, new: Tensor, z: float, training: bool) -> Tensor:
    return (1 - d) * new / (1 - z) if training else new


def _renamed(**names: str) -> Callable[..., State]:
    """The right step with arguments taken for each other."""

    def step(**given: Any) -> State:
        taken = {name: given[names.get(name, name)] for name in given}
        return zoneout_step(**taken)

    return step


def _one_state_only(which: str) -> Callable[..., State]:
    def step(**given: Any) -> State:
        plain = {name: given[name] for name in _GRADIENTS}
        new_h, new_c = lstm_step(**plain)
        h, c = zoneout_step(**given)
        return (h, new_c) if which == "h" else (new_h, c)

    return step


AT_EVALUATION = Misconception(
    "zoneout-at-evaluation",
    "Your step still keeps and renews at random at evaluation. There the expectation is taken: z times the "
    "old value plus 1-z times the new.",
    (partial(zoneout_step, masks_at_evaluation=True),),
)
ONE_MASK = Misconception(
    "one-mask-for-both",
    "You use one mask for h and c. Each has its own, d_h and d_c, with its own rate.",
    (
        _renamed(d_h="d_c"),
        _renamed(d_c="d_h"),
        _renamed(d_h="d_c", z_h="z_c"),
        _renamed(d_c="d_h", z_c="z_h"),
    ),
)
SWAPPED = Misconception(
    "zoneout-swapped",
    "You exchange d and 1-d: where d is 1 the *old* value is kept, and z is the rate of keeping it. (The "
    "paper itself turns its convention round between two sections.)",
    (_swap(True, True), _swap(True, False), _swap(False, True)),
)
ONE_MASK_FOR_BATCH = Misconception(
    "one-mask-for-batch",
    "All rows of the batch share one draw. Each row is another sample and has a mask of its own.",
)

ZONEOUT_MISCONCEPTIONS = (
    SWAPPED,
    Misconception(
        "zoneout-rescaled",
        "You scale what zoneout lets through. Nothing is dropped to zero, so nothing needs scaling: it is "
        "the old value or the new.",
        tuple(_rescale(how, evaluation) for how in ("new", "all", "each") for evaluation in (False, True)),
    ),
    Misconception(
        "h-from-zoned-cell",
        "Your new state reads the cell after its zoneout. In the paper h̃ = o∘tanh(c̃) comes from the cell "
        "*before* its zoneout, and then gets its own.",
        (partial(zoneout_step, h_reads="after zoneout"),),
    ),
    AT_EVALUATION,
    Misconception(
        "no-expectation",
        "At evaluation you return something else than the expectation: z times the old value plus 1-z "
        "times the new.",
        (_evaluates("new"), _evaluates("scaled"), _evaluates("old"), _evaluates("half")),
    ),
    Misconception(
        "zero-for-previous",
        "You put zero where the old value belongs: that is dropout. Zoneout fills the hole with the "
        "previous value.",
        (partial(zoneout_step, keep=_zero), partial(zoneout_step, keep=_zero_scaled)),
    ),
    Misconception(
        "masks-swapped",
        "You use h's mask or rate for the cell, and the cell's for h: d_h and z_h belong to h, d_c and z_c "
        "to c.",
        (
            _renamed(d_h="d_c", d_c="d_h", z_h="z_c", z_c="z_h"),
            _renamed(d_h="d_c", d_c="d_h"),
            _renamed(z_h="z_c", z_c="z_h"),
        ),
    ),
    ONE_MASK,
    Misconception(
        "one-state-only",
        "You put zoneout on one of the two states alone. Both h and c have it, each with its rate.",
        (_one_state_only("h"), _one_state_only("c")),
    ),
    *lstm_basics(zoneout_step),
    ONE_MASK_FOR_BATCH,
    SAME_EACH_CALL,
)

_zoneout_given = Exact(
    "zoneout_step",
    zoneout_step,
    zoneout_cases,
    outputs=("h'", "c'"),
    gradients=_GRADIENTS,
    misconceptions=ZONEOUT_MISCONCEPTIONS,
)


def check_zoneout(answer: Answer, seed: int) -> Outcome:
    """With masks that are given the numbers are exact; masks that are drawn are judged by distribution."""
    outcome = _zoneout_given(answer, seed)
    if outcome.ok:
        return _zoneout_drawn(answer, seed)
    if outcome.misconception is None and _draws_at_evaluation(answer, seed):
        return Outcome(False, AT_EVALUATION.sentence, AT_EVALUATION.slug, outcome.details)
    if outcome.misconception is None and "masks drawn" in outcome.details.get("case", ""):
        drawn = _zoneout_drawn(answer, seed)  # what is wrong has its name there
        return drawn if drawn.misconception else outcome
    return outcome


def _large(draw: Draw) -> tuple[dict[str, Any], Tensor, Tensor]:
    """A step large enough to judge its masks, and the state and cell that a plain step gives."""
    given = step_arguments(draw, draw.integer(38, 44), 3, draw.integer(46, 52))
    new_h, new_c = lstm_step(**given)
    return given | {"z_h": draw.uniform(0.2, 0.35), "z_c": draw.uniform(0.65, 0.8)}, new_h, new_c


def _draws_at_evaluation(answer: Answer, seed: int) -> bool:
    """Whether at evaluation each value is the old or the new one, some this and some that."""
    given, new_h, _ = _large(Draw(seed, "zoneout_step, evaluation"))
    try:
        value = answer(**given, training=False)
    except AnswerError:
        return False
    if not isinstance(value, (tuple, list)) or not value or not isinstance(value[0], Tensor):
        return False
    if value[0].shape != new_h.shape:
        return False
    old, new = torch.isclose(value[0], given["h"]), torch.isclose(value[0], new_h)
    return bool((old | new).all() and old.any() and new.any())


_MASKS = ("d_h", "d_c")


class _Drawn:
    """Steps of one seed that draw their masks, and what is right there."""

    def __init__(self, seed: int) -> None:
        draw = Draw(seed, "zoneout_step, drawn")
        self.given, *self.new = _large(draw)
        self.old = self.given["h"], self.given["c"]
        self.rates = self.given["z_h"], self.given["z_c"]
        self.shape = self.new[0].shape
        calls = [self._step(self._both_drawn), self._step(self._masks, d_h=None, d_c=None)]
        given = [
            self._step(
                partial(self._given, k), **{name: torch.rand(self.shape, generator=draw.torch).lt(0.5)}
            )
            for k, name in enumerate(_MASKS)
        ]
        self.steps = Steps([*calls, *_small_and_single(draw), *given])

    def _step(self, judged: Callable[[Reply], Any], **masks: Tensor | None) -> Step:
        given = {name: None if mask is None else mask.double() for name, mask in masks.items()}
        drawn = " and ".join(name for name in _MASKS if given.get(name) is None)
        label = f"B={self.shape[0]}, H={self.shape[1]}, training, {drawn} drawn"
        return Step(label, self.given | {"training": True} | given, judged)

    def _masks(self, reply: Reply) -> list[Tensor]:
        """d_h and d_c, read off what came back."""
        value = reply.value
        if not (isinstance(value, (tuple, list)) and len(value) == 2):
            raise reply.fail("Your step returns something else than (h', c') when it draws its masks.")
        found = []
        for y, old, new, name in zip(value, self.old, self.new, ("h'", "c'"), strict=True):
            if not isinstance(y, Tensor) or y.shape != old.shape or y.dtype != old.dtype:
                raise reply.fail(f"{name} has another shape or dtype when the masks are drawn.")
            from_old, from_new = (y - old).abs(), (y - new).abs()
            if bool((torch.minimum(from_old, from_new) > 1e-9).any()):
                raise reply.fail(f"{name} is neither the old value nor the new one where its mask is drawn.")
            found.append(from_old < from_new)
        for mask, rate, name in zip(found, self.rates, _MASKS, strict=True):
            if reply.arguments.get(name) is not None:
                continue
            problem = judge((~mask).double() / (1 - rate), rate, (False, False))
            if problem is None:
                continue
            measured = [
                [f"kept by {name}", f"{float(mask.double().mean()):.3f}"],
                ["expected", f"{rate:.3f}"],
            ]
            if problem.kind == "keep-probability":
                raise reply.fail(SWAPPED, measured)
            if problem.kind == "sharing" and problem.shared[0]:
                raise reply.fail(ONE_MASK_FOR_BATCH)
            raise reply.fail(f"{name} is not drawn element by element at its rate.", measured)
        return found

    def _both_drawn(self, reply: Reply) -> list[Tensor]:
        d_h, d_c = self._masks(reply)
        z_h, z_c = self.rates
        both = int((d_h == d_c).sum())
        if not rate_fits(both, d_h.numel(), z_h * z_c + (1 - z_h) * (1 - z_c)):
            measured = [["d_h and d_c agree", f"{both / d_h.numel():.3f}"]]
            raise fail(ONE_MASK, "both masks drawn", self.given, measured)
        return [d_h, d_c]

    def _given(self, k: int, reply: Reply) -> None:
        """Only the other mask is drawn."""
        name = _MASKS[k]
        if not torch.equal(self._masks(reply)[k], reply.arguments[name].bool()):
            said = f"{name} is given, and yet it is not used when the other mask is drawn."
            raise fail(said, f"{name} given", self.given)


_drawn = kept(_Drawn)


@stepwise
def _zoneout_drawn(answer: Answer, seed: int) -> str:
    drawn = _drawn(seed)
    first, again, *_ = drawn.steps.ask(answer)
    if any(map(torch.equal, first, again)):
        raise fail(SAME_EACH_CALL, "two calls", drawn.given)
    return "Right with masks given, with masks drawn, and at evaluation."


def _small_and_single(draw: Draw) -> Iterator[Step]:
    """Masks that are drawn keep shape and dtype in float32 too, down to one row and one unit."""

    def judge_kinds(reply: Reply) -> None:
        wanted = (torch.zeros_like(reply.arguments["h"]), torch.zeros_like(reply.arguments["c"]))
        difference = compare(reply.value, wanted, ("h'", "c'"), float("inf"), torch.float32)
        if difference is not None:
            raise Failed(differs(difference, reply.step.label, reply.arguments))

    for B, F, H in ((1, 2, 3), (3, 2, 1), (1, 1, 1)):
        rates = {"z_h": 0.5, "z_c": 0.5, "training": True}
        arguments = as_dtype(step_arguments(draw, B, F, H), torch.float32) | rates
        yield Step(f"B={B}, F={F}, H={H}, float32, training, both masks drawn", arguments, judge_kinds)


# ---------------------------------------------------------------- 5.5 weight_drop_step


def weight_drop_step(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    W: Tensor,
    U: Tensor,
    b: Tensor,
    m_U: Tensor,
    *,
    gates: Gates = gates,
    squash: Function = torch.tanh,
    mask: Callable[[Tensor], Tensor] = lambda m: m,
) -> State:
    # z = xWᵀ + h(U∘m)ᵀ + b
    return lstm_step(x, h, c, W, U * mask(m_U), b, gates=gates, squash=squash)


def _only(*blocks: int) -> Callable[[Tensor], Tensor]:
    """The mask on some blocks alone."""

    def mask(m: Tensor) -> Tensor:
        parts = m.chunk(4)
        return torch.cat([part if k in blocks else torch.ones_like(part) for k, part in enumerate(parts)])

    return mask


def _repeated(k: int) -> Callable[[Tensor], Tensor]:
    """One block of the mask for all four gates."""
    return lambda m: m.chunk(4)[k].repeat(4, 1)


def _input_weights(
    x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, b: Tensor, m_U: Tensor, both: bool
) -> State:
    return lstm_step(x, h, c, W * m_U, U * m_U if both else U, b)


def _blockwise_transposed(m: Tensor) -> Tensor:
    return m.unflatten(0, (4, -1)).transpose(1, 2).flatten(0, 1)


WEIGHT_MISCONCEPTIONS = (
    Misconception(
        "mask-on-input-weights",
        "You mask the input's weights W. Weight drop is on the recurrent weights U (W_hh in PyTorch) alone.",
        (partial(_input_weights, both=False), partial(_input_weights, both=True)),
    ),
    Misconception(
        "mask-forgotten",
        "Your step does not use the mask at all: U is to be multiplied by m_U before the product.",
        (partial(weight_drop_step, mask=torch.ones_like),),
    ),
    Misconception(
        "mask-on-some-gates",
        "You mask the weights of some gates only. m_U covers all four blocks of U.",
        tuple(
            partial(weight_drop_step, mask=_only(*(k for k in range(4) if some[k])))
            for some in product((False, True), repeat=4)
            if any(some) and not all(some)
        ),
    ),
    Misconception(
        "one-mask-for-all-gates",
        "You use one block of the mask for all four gates. Each weight has its own: m_U is (4H, H) as U is.",
        tuple(partial(weight_drop_step, mask=_repeated(k)) for k in range(4)),
    ),
    Misconception(
        "weight-mask-transposed",
        "You mask the weights the other way round. m_U lies as U does, outputs first: multiply before you "
        "transpose.",
        (partial(weight_drop_step, mask=_blockwise_transposed),),
    ),
    Misconception(
        "units-not-weights",
        "You drop whole units of h, one value for a column of the mask. Weight drop drops single weights: "
        "U∘m_U.",
        (
            partial(weight_drop_step, mask=lambda m: m[:1].expand_as(m)),
            partial(weight_drop_step, mask=lambda m: m[:, :1].expand_as(m)),
            partial(weight_drop_step, mask=lambda m: m.mean(0, keepdim=True).expand_as(m)),
            partial(weight_drop_step, mask=lambda m: m.mean(1, keepdim=True).expand_as(m)),
        ),
    ),
    *lstm_basics(weight_drop_step),
)


def _weight_arguments(draw: Draw, B: int, F: int, H: int) -> dict[str, Any]:
    return step_arguments(draw, B, F, H) | {"m_U": draw.mask(4 * H, H)}


# ---------------------------------------------------------------- the lesson


def _exact(
    name: str, reference: Callable[..., Value], cases: Any, misconceptions: tuple[Misconception, ...]
) -> Exact:
    return Exact(
        name, reference, cases, outputs=("h'", "c'"), gradients=_GRADIENTS, misconceptions=misconceptions
    )


LESSON = Lesson(
    "05_recurrent_dropout_family",
    parts=(
        Part(
            "5.1",
            "moon_step",
            15,
            "x, h, c, W, U, b, m_c",
            (
                "Everything up to the new cell is the plain step. Then one multiplication: of what?",
                "The mask multiplies the whole new cell, what it held and what is added. The output reads "
                "the masked cell, and the masked cell is what goes on.",
            ),
            _exact(
                "moon_step",
                _with_mask("cell", "m_c"),
                lambda draw: step_cases(draw, _mask_arguments("m_c")),
                MOON,
            ),
            MOON,
        ),
        Part(
            "5.2",
            "gal_step",
            25,
            "x, h, c, W, U, b, m_x, m_h",
            (
                "With tied masks it is the step of exercise 3.1. With a mask for each gate, each gate sees "
                "its own x and its own h: which rows of W and U are that gate's?",
                "Cut W and U into four blocks. Gate k's block multiplies x∘m_x[k] and h∘m_h[k] where there "
                "is a mask per gate. Tell the kinds apart by `mask.dim()`, each mask by itself.",
            ),
            _exact("gal_step", gal_step, gal_cases, GAL_MISCONCEPTIONS),
            GAL_MISCONCEPTIONS,
        ),
        Part(
            "5.3",
            "semeniuta_step",
            15,
            "x, h, c, W, U, b, m_g",
            (
                "This mask never touches what the cell already holds. Which of the two terms of c' is left?",
                "c' = f∘c + i∘(m∘g): the mask is on the candidate after its tanh, and nowhere else.",
            ),
            _exact(
                "semeniuta_step",
                _with_mask("candidate", "m_g"),
                lambda draw: step_cases(draw, _mask_arguments("m_g")),
                SEMENIUTA,
            ),
            SEMENIUTA,
        ),
        Part(
            "5.4",
            "zoneout_step",
            30,
            "x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None",
            (
                "First do the plain step, to a candidate state h̃ and a candidate cell c̃. Then each value "
                "of h and of c is the old one or the new one.",
                "c' = d_c∘c + (1-d_c)∘c̃ and h' = d_h∘h + (1-d_h)∘h̃, where h̃ = o∘tanh(c̃). A mask that "
                "is None is 1 with probability z. At evaluation put the rates z_c and z_h where the masks "
                "stand.",
            ),
            check_zoneout,
            ZONEOUT_MISCONCEPTIONS,
        ),
        Part(
            "5.5",
            "weight_drop_step",
            15,
            "x, h, c, W, U, b, m_U",
            (
                "It is the plain step with other weights. Which weights carry the old state?",
                "Multiply U by its mask, element by element, and take the plain step with the product.",
            ),
            _exact(
                "weight_drop_step",
                weight_drop_step,
                lambda draw: step_cases(draw, _weight_arguments),
                WEIGHT_MISCONCEPTIONS,
            ),
            WEIGHT_MISCONCEPTIONS,
        ),
    ),
)
