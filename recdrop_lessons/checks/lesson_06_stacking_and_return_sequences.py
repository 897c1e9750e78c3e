"""Checks of lesson 06: shapes through a stack, the last valid step, a stacked LSTM, and padded reversal."""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError, Call, Question, Questions, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import compare, unchanged
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lstm import Layer, layer, lstm_basics, lstm_over_time, lstm_step
from recdrop_lessons.checks.outcomes import differs, raised
from recdrop_lessons.checks.parts import CHANGES_INPUT, KEYWORDS_RENAMED, Lesson, Misconception, Outcome, Part
from recdrop_lessons.checks.steps import Failed, fail, kept, stepwise

# ---------------------------------------------------------------- 6.1 output_shape

Shape = tuple[Any, ...]  # the batch may be None
Rule = Callable[..., "Shape | None"]  # (shape, *settings of the layer); None where it cannot take the shape
Spec = tuple[Any, ...]  # ("LSTM", units, return_sequences) and the like
RECURRENT = ("LSTM", "Bidirectional")


@dataclass(frozen=True)
class Break:
    """The stack breaks at this layer, and the message has to hold its index."""

    index: int


def recurrent(
    directions: int,
    takes: Callable[[int], bool] = lambda rank: rank == 3,
    flag: Callable[[bool], bool] = bool,
) -> Rule:
    """(B, T, F) → (B, T, units) with return_sequences, else (B, units)."""

    def rule(shape: Shape, units: int, return_sequences: bool) -> Shape | None:
        if not takes(len(shape)):
            return None
        kept = shape[:-1] if flag(return_sequences) else shape[:1]
        return (*kept, directions * units)

    return rule


def _last_axis(least: int) -> Rule:
    """(…, F) → (…, units), from a least rank on."""
    return lambda shape, units: (*shape[:-1], units) if len(shape) >= least else None


def _repeat(shape: Shape, n: int) -> Shape | None:
    """(B, F) → (B, n, F)."""
    return (shape[0], n, shape[1]) if len(shape) == 2 else None


RULES: dict[str, Rule] = {
    "LSTM": recurrent(1),
    "Bidirectional": recurrent(2),
    "Dense": _last_axis(2),
    "RepeatVector": _repeat,
    "TimeDistributed": _last_axis(3),
}


def output_shape(
    layers: Sequence[Spec],
    input_shape: Shape,
    *,
    named: Callable[[int], int] = lambda k: k,
    rules: dict[str, Rule] = RULES,
) -> Shape | Break:
    """The shape that leaves, or where it breaks; other rules and another naming make mistakes."""
    shape = tuple(input_shape)
    for k, (kind, *settings) in enumerate(layers):
        leaves = rules[kind](shape, *settings)
        if leaves is None:
            return Break(named(k))
        shape = leaves
    return shape


def shape_cases(draw: Draw) -> Iterator[Case]:
    """Stacks that hold and stacks that break; no size or unit could be taken for an index."""

    def size() -> int:
        return draw.integer(20, 99)

    def lstm(sequences: bool, kind: str = "LSTM") -> Spec:
        return kind, size(), sequences

    def both(sequences: bool) -> Spec:
        return lstm(sequences, "Bidirectional")

    def dense() -> Spec:
        return "Dense", size()

    def repeat() -> Spec:
        return "RepeatVector", size()

    def each() -> Spec:
        return "TimeDistributed", size()

    cell = draw.choice(RECURRENT)
    holding: list[tuple[str, list[Spec]]] = [
        ("one layer, last step", [lstm(False)]),
        ("one layer, all steps", [lstm(True)]),
        ("both directions, all steps", [both(True)]),
        ("both directions, last step", [both(False)]),
        ("two layers", [lstm(True, cell), lstm(False)]),
        ("all steps to the end", [lstm(True), both(True), each()]),
        ("Dense on all steps", [lstm(True), dense(), lstm(False), dense()]),
        ("an encoder and a decoder", [both(False), repeat(), lstm(True), each(), dense()]),
        ("Dense alone", [dense()]),
        ("no layer", []),
    ]
    breaking: list[tuple[str, list[Spec]]] = [
        ("repeated at once", [repeat(), lstm(False)]),
        ("the last step into a layer", [lstm(False), lstm(True, cell), dense()]),
        ("the last step of both directions", [both(False), lstm(False)]),
        ("a long stack", [lstm(True), dense(), both(True), lstm(False), both(False), dense()]),
        ("repeated steps", [lstm(True), each(), dense(), both(True), each(), repeat(), lstm(False)]),
        ("one step to TimeDistributed", [dense(), lstm(True), lstm(True), both(False), dense(), each()]),
        ("steps into RepeatVector", [lstm(True), repeat(), lstm(False), repeat(), lstm(False), dense()]),
        ("a decoder, repeated twice", [lstm(False), repeat(), lstm(True), dense(), repeat(), dense()]),
        ("many layers", [*(lstm(True) for _ in range(9)), dense(), lstm(False), lstm(False), dense()]),
    ]
    B, T, F = size(), size(), size()
    for k, (label, layers) in enumerate(holding + breaking):
        yield Case(label, {"layers": layers, "input_shape": (None if k % 2 else B, T, F)})
    shapes: list[tuple[str, list[Spec], Shape]] = [
        ("rank 2 into Dense", [dense(), dense()], (None, F)),
        ("rank 2 into RepeatVector", [repeat(), lstm(True)], (B, F)),
        ("rank 2 into a recurrent layer", [lstm(True, cell)], (B, F)),
        ("rank 2 into TimeDistributed", [each()], (None, F)),
        ("rank 4", [dense(), each()], (B, T, size(), F)),
        ("rank 4 into a recurrent layer", [each(), dense(), dense(), each(), lstm(False)], (None, T, B, F)),
        ("rank 4 into both directions", [dense(), both(True)], (B, T, size(), F)),
        ("rank 4 into RepeatVector", [dense(), dense(), each(), dense(), repeat()], (B, T, size(), F)),
        *((f"rank 1 into {spec[0]}", [spec], (None,)) for spec in (lstm(True), both(False), dense())),
        *((f"rank 1 into {spec[0]}", [spec], (B,)) for spec in (repeat(), each())),
        ("batch of 1", [lstm(True), lstm(False), repeat()], (1, T, F)),
        ("one step, one feature", [both(True), ("LSTM", 1, False)], (B, 1, 1)),
    ]
    for label, layers, shape in shapes:
        yield Case(label, {"layers": layers, "input_shape": shape})


def _any_rank(rank: int) -> bool:
    return True


def _rules(**rules: Rule) -> Callable[..., Shape | Break]:
    return partial(output_shape, rules=RULES | rules)


def _recurrents(**options: Any) -> Callable[..., Shape | Break]:
    return _rules(LSTM=recurrent(1, **options), Bidirectional=recurrent(2, **options))


def _flags(change: Callable[[list[bool]], list[bool]]) -> Callable[..., Shape | Break]:
    """The stack with the recurrent layers' return_sequences changed, as a list from bottom to top."""

    def mistake(layers: Sequence[Spec], input_shape: Shape) -> Shape | Break:
        flags = iter(change([spec[2] for spec in layers if spec[0] in RECURRENT]))
        changed = [(*spec[:2], next(flags)) if spec[0] in RECURRENT else spec for spec in layers]
        return output_shape(changed, input_shape)

    return mistake


def _result(change: Callable[[Shape], Shape]) -> Callable[..., Shape | Break]:
    def mistake(**given: Any) -> Shape | Break:
        its = output_shape(**given)
        return its if isinstance(its, Break) else change(its)

    return mistake


NOT_A_VALUE_ERROR = Misconception(
    "not-a-value-error",
    "You raise where the stack breaks, but not a ValueError, or the error is not yours at all: check what a "
    "layer is given before you compute what leaves it.",
)
INDEX_NOT_NAMED = Misconception(
    "index-not-named",
    "Your ValueError does not hold the index of the first layer that cannot take its input, counted from 0.",
)

SHAPE_MISCONCEPTIONS = (
    Misconception(
        "return-sequences-inverted",
        "You have return_sequences the wrong way round. True keeps the time axis, (B, T, units); False gives "
        "the last step alone, (B, units).",
        (_recurrents(flag=lambda flag: not flag),),
    ),
    Misconception(
        "return-sequences-ignored",
        "You do not look at return_sequences. It decides whether the time axis leaves the layer.",
        (_recurrents(flag=lambda flag: True), _recurrents(flag=lambda flag: False)),
    ),
    Misconception(
        "return-sequences-wrong-layer",
        "You look at return_sequences of the wrong layer. Each layer's own flag says what leaves *it*; the "
        "layer above has to take what it gets.",
        (
            _flags(lambda flags: [*flags[1:], *flags[-1:]]),
            _flags(lambda flags: [*flags[1:], *[False] * len(flags[-1:])]),
            _flags(lambda flags: [*flags[:1], *flags[:-1]]),
            _flags(lambda flags: [*[False] * len(flags[:1]), *flags[:-1]]),
            _flags(lambda flags: [True] * len(flags[:-1]) + flags[-1:]),
            _flags(lambda flags: flags[-1:] * len(flags)),
            _flags(lambda flags: flags[:1] * len(flags)),
        ),
    ),
    Misconception(
        "bidirectional-not-doubled",
        "Your bidirectional layer is as wide as one direction. The outputs of both are concatenated: "
        "2·units.",
        (_rules(Bidirectional=recurrent(1)),),
    ),
    Misconception(
        "dense-drops-time",
        "Your Dense flattens or drops the time axis. It works on the last axis, at each step, and leaves all "
        "others as they are.",
        (
            _rules(Dense=lambda shape, units: (shape[0], units) if len(shape) > 1 else None),
            _rules(
                Dense=lambda shape, units: (shape[0], units) if len(shape) > 1 else None,
                TimeDistributed=lambda shape, units: (shape[0], units) if len(shape) > 2 else None,
            ),
            _rules(Dense=lambda shape, units: (*shape[:-2], units) if len(shape) > 2 else (shape[0], units)),
        ),
    ),
    Misconception(
        "dense-refuses-time",
        "Your Dense takes rank 2 alone. It takes (B, T, F) as well, and works on the last axis.",
        (_rules(Dense=lambda shape, units: (shape[0], units) if len(shape) == 2 else None),),
    ),
    Misconception(
        "dense-any-rank",
        "Your Dense takes a shape of rank 1. It needs a batch and features, rank 2 or more.",
        (_rules(Dense=lambda shape, units: (*shape[:-1], units)),),
    ),
    Misconception(
        "repeat-vector-any-rank",
        "Your RepeatVector takes sequences. It makes a time axis out of one vector a row, (B, F), so it "
        "needs rank 2.",
        (
            _rules(RepeatVector=lambda shape, n: (shape[0], n, *shape[1:])),
            _rules(RepeatVector=lambda shape, n: (shape[0], n, shape[-1])),
            _rules(RepeatVector=lambda shape, n: (*shape[:-1], n, shape[-1])),
            _rules(RepeatVector=lambda shape, n: (shape[0], n, shape[1])),
        ),
    ),
    Misconception(
        "repeat-axis-last",
        "Your RepeatVector puts the new axis last. Time is the second axis: (B, n, F).",
        (_rules(RepeatVector=lambda shape, n: (*shape, n) if len(shape) == 2 else None),),
    ),
    Misconception(
        "time-distributed-rank-2",
        "Your TimeDistributed takes rank 2. It applies its layer at each step, so it needs a time axis: "
        "rank 3 or more.",
        (_rules(TimeDistributed=_last_axis(2)), _rules(TimeDistributed=_last_axis(1))),
    ),
    Misconception(
        "time-distributed-rank-3-only",
        "Your TimeDistributed refuses rank 4. Whatever comes after batch and time goes to the layer inside.",
        (_rules(TimeDistributed=lambda shape, units: (*shape[:-1], units) if len(shape) == 3 else None),),
    ),
    Misconception(
        "time-distributed-drops-time",
        "Your TimeDistributed drops the time axis. It applies a Dense at each step and keeps all steps.",
        (_rules(TimeDistributed=lambda shape, units: (shape[0], units) if len(shape) > 2 else None),),
    ),
    Misconception(
        "recurrent-any-rank",
        "Your recurrent layer takes a shape that is not (B, T, F). It reads steps, so it needs rank 3; "
        "that is the error this lesson is about.",
        (
            _recurrents(takes=lambda rank: rank >= 2),
            _recurrents(takes=lambda rank: rank >= 3),
            _recurrents(takes=lambda rank: rank in (2, 3)),
            _recurrents(takes=_any_rank),
        ),
    ),
    Misconception(
        "never-raises",
        "You let every layer take every shape. Each needs its rank, and a stack that breaks raises a "
        "ValueError.",
        (
            _rules(
                LSTM=recurrent(1, _any_rank),
                Bidirectional=recurrent(2, _any_rank),
                Dense=_last_axis(0),
                TimeDistributed=_last_axis(0),
                RepeatVector=lambda shape, n: (shape[0], n, *shape[1:]),
            ),
            _rules(
                LSTM=recurrent(1, _any_rank),
                Bidirectional=recurrent(2, _any_rank),
                Dense=_last_axis(0),
                TimeDistributed=_last_axis(0),
                RepeatVector=lambda shape, n: (shape[0], n, shape[-1]),
            ),
        ),
    ),
    Misconception(
        "index-from-1",
        "You count the layers from 1. The message has to hold the index from 0, as in `layers[0]`.",
        (partial(output_shape, named=lambda k: k + 1),),
    ),
    Misconception(
        "culprit-named",
        "You name the layer below the one that breaks. It may well be to blame, but asked for is the first "
        "layer that cannot take its input.",
        (partial(output_shape, named=lambda k: k - 1),),
    ),
    Misconception(
        "batch-left-out",
        "You leave the batch out of the shape. It is the first axis and goes through every layer, None or "
        "not.",
        (_result(lambda shape: shape[1:]), _result(lambda shape: (None, *shape[1:]))),
    ),
    NOT_A_VALUE_ERROR,
    INDEX_NOT_NAMED,
)


def _is_value_error(name: str) -> bool:
    """Whether an exception of that name is a ValueError; a class of the learner's own may well be one."""
    its = getattr(builtins, name, None)
    return its is None or issubclass(its, ValueError)


def _holds(message: str, index: int) -> bool:
    """Whether the number stands in the message by itself."""
    return re.search(rf"(?<!\d){abs(index)}(?!\d)", message) is not None


def _by(mistake: Callable[..., Value], case: Case) -> Shape | Break | None:
    """What a mistake gives, None where Python itself refuses a shape of too few axes."""
    try:
        its: Shape | Break = mistake(**case.arguments)
    except IndexError:
        return None
    return its


def _gives(seen: Value, right: Shape | Break | None) -> bool:
    """Whether what an answer gave is that shape, or its error that break."""
    if right is None:
        return isinstance(seen, AnswerError)
    if isinstance(seen, AnswerError):
        return (
            isinstance(right, Break) and _is_value_error(seen.type_name) and _holds(seen.message, right.index)
        )
    return not isinstance(right, Break) and compare(seen, right, ("shape",), 0) is None


@kept
def _stacks(seed: int) -> tuple[list[Case], Questions]:
    """All cases, those that hold first; and these as questions, as a call that raises ends what is asked."""

    def breaks(case: Case) -> bool:
        return isinstance(output_shape(**case.arguments), Break)

    cases = sorted(shape_cases(Draw(seed, "output_shape")), key=breaks)
    return cases, Questions(tuple(Question(case.arguments) for case in cases if not breaks(case)))


def _see_all(answer: Answer, cases: Sequence[Case], together: Questions) -> list[Value]:
    """What the answer gives on each case, or the error that it raises."""
    calls = [found[0] for found in answer.each(together) if not isinstance(found, AnswerError)]
    seen = [_value(call, case) for call, case in zip(calls, cases, strict=False)]
    return seen + [_see(answer, case) for case in cases[len(seen) :]]


def _see(answer: Answer, case: Case) -> Value:
    try:
        call = answer.inspect(case.arguments)
    except AnswerError as error:
        outcome = raised(error, case.label, case.arguments)
        if outcome.details.get("unwritten") or outcome.misconception == KEYWORDS_RENAMED.slug:
            raise Failed(outcome) from None
        return error
    return _value(call, case)


def _value(call: Call, case: Case) -> Value:
    """What a call gave, if it left its arguments as they were."""
    for name, before in case.arguments.items():
        if not unchanged(before, call.arguments[name]):
            raise fail(CHANGES_INPUT, case.label, case.arguments, difference=f"It changed `{name}`.")
    return call.value


def _explain(seen: Sequence[Value], cases: Sequence[Case]) -> Misconception | None:
    """The misconception that gives what was seen on every case."""
    rights = [output_shape(**case.arguments) for case in cases]
    for misconception in SHAPE_MISCONCEPTIONS:
        for mistake in misconception.mistakes:
            its = [_by(mistake, case) for case in cases]
            if its != rights and all(map(_gives, seen, its)):
                return misconception
    # It breaks where it should, but the error is another, or says something else.
    if any(
        isinstance(its, AnswerError) != isinstance(right, Break)
        or (not isinstance(right, Break) and not _gives(its, right))
        for its, right in zip(seen, rights, strict=True)
    ):
        return None
    errors = [its for its in seen if isinstance(its, AnswerError)]
    if any(not _is_value_error(error.type_name) for error in errors):
        return NOT_A_VALUE_ERROR
    return INDEX_NOT_NAMED


@stepwise
def check_output_shape(answer: Answer, seed: int) -> str:
    cases, holding = _stacks(seed)
    seen = _see_all(answer, cases, holding)
    for its, case in zip(seen, cases, strict=True):
        right = output_shape(**case.arguments)
        if _gives(its, right):
            continue
        if isinstance(its, AnswerError):
            outcome = raised(its, case.label, case.arguments)
            if isinstance(right, Break):
                said = f"{outcome.message} Expected a ValueError with the index of the layer that breaks."
                outcome = Outcome(False, said, None, outcome.details)
        elif isinstance(right, Break):
            said = f"On {case.label}: this stack breaks, and your function returned {its!r}."
            outcome = fail(said, case.label, case.arguments).outcome
        else:
            difference = compare(its, right, ("the shape",), 0)
            assert difference is not None
            outcome = differs(difference, case.label, case.arguments)
        found = _explain(seen, cases)
        if found is not None:
            raise fail(found, case.label, case.arguments, difference=outcome.message)
        raise Failed(outcome)
    return f"Right on {len(cases)} stacks."


# ---------------------------------------------------------------- 6.2 last_valid


def last_valid(outputs: Tensor, lengths: Tensor) -> Tensor:
    # y_b = outputs[b, lengths_b - 1]
    return outputs[torch.arange(len(lengths)), lengths - 1]  # (B, H)


def padded_cases(draw: Draw, name: str) -> Iterator[Case]:
    """Sequences (B, T, F) with lengths; then one row or step, four rows, all full, all of one step."""

    def case(b: int, t: int, f: int, lengths: Tensor, what: str = "", gradients: bool = True) -> Case:
        given = {name: draw.normal(b, t, f), "lengths": lengths}
        return Case(f"B={b}, T={t}, F={f}{what}", given, gradients)

    def mixed(b: int, t: int) -> Tensor:
        """From 1 to t; where there is room both ends are among them, and one between."""
        lengths = torch.randint(1, t + 1, (b,), generator=draw.torch)
        ends = torch.tensor([draw.integer(1, t), 1, t][:b])
        if t > 2:
            ends[0] = draw.integer(2, t - 1)
        lengths[: len(ends)] = ends
        return lengths[torch.randperm(b, generator=draw.torch)]

    B, T, F = draw.sizes(3, low=3)
    sizes = [(B, T, F)] * 2 + [(draw.integer(9, 13), draw.integer(14, 17), F)]
    sizes += [(1, T, F), (B, 1, F), (4, T, F), (B, T, 1), (1, 1, 1), (B, B, F), (T, T, T), (B, F, F)]
    for k, (b, t, f) in enumerate(sizes):
        yield case(b, t, f, mixed(b, t), gradients=k == 0 or 1 in (b, t, f))
    yield case(B, T, F, torch.full((B,), T), ", all lengths T")
    yield case(B, T, F, torch.ones(B, dtype=torch.int64), ", all lengths 1")
    yield case(B, T, F, torch.full((B,), T - 1), ", all lengths T-1", False)


def _at(place: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The step at place(lengths, T) of each row."""

    def mistake(outputs: Tensor, lengths: Tensor) -> Tensor:
        steps = place(lengths, torch.tensor(outputs.shape[1]))
        return outputs[torch.arange(len(lengths)), steps.expand(len(lengths))]

    return mistake


def _valid(length: int, lengths: Tensor) -> Tensor:
    """1 at the valid steps, (B, T, 1)."""
    return (torch.arange(length) < lengths[:, None]).double()[:, :, None]


def _valid_sum(outputs: Tensor, lengths: Tensor) -> Tensor:
    return (outputs * _valid(outputs.shape[1], lengths)).sum(1)


LAST_MISCONCEPTIONS = (
    Misconception(
        "last-from-padding",
        "You take the last step of the tensor. In a row that is shorter it is padding: the last valid step "
        "of row b is lengths[b] - 1.",
        (
            lambda outputs, lengths: outputs[:, -1],
            lambda outputs, lengths: outputs[:, -1:],
        ),
    ),
    Misconception(
        "off-by-one",
        "You are one step off. A row of n valid steps has them at 0 to n-1, so the last is at n-1.",
        (
            _at(lambda lengths, T: lengths),
            _at(lambda lengths, T: lengths.clamp(max=T - 1)),
            _at(lambda lengths, T: lengths % T),
            _at(lambda lengths, T: lengths - 2),
            _at(lambda lengths, T: (lengths - 2).clamp(min=0)),
        ),
    ),
    Misconception(
        "one-length-for-all",
        "You take one row's length for all. Each row ends where its own length says.",
        (
            _at(lambda lengths, T: lengths.max() - 1),
            _at(lambda lengths, T: lengths.min() - 1),
            _at(lambda lengths, T: lengths[0] - 1),
            _at(lambda lengths, T: lengths[-1] - 1),
        ),
    ),
    Misconception(
        "first-step",
        "You take the first step. The last valid one has read the whole row.",
        (lambda outputs, lengths: outputs[:, 0],),
    ),
    Misconception(
        "counted-from-the-end",
        "You count from the end of the tensor, where the padding is. Count from the start: lengths[b] - 1.",
        (_at(lambda lengths, T: -lengths), _at(lambda lengths, T: T - 1 - lengths)),
    ),
    Misconception(
        "pooled-steps",
        "You pool the valid steps. Return one of them, the last.",
        (
            _valid_sum,
            lambda outputs, lengths: _valid_sum(outputs, lengths) / lengths[:, None],
            lambda outputs, lengths: outputs.mean(1),
            lambda outputs, lengths: outputs.where(_valid(outputs.shape[1], lengths) > 0, -torch.inf).amax(1),
        ),
    ),
    Misconception(
        "all-rows-for-each",
        "You pick a step for each row in all rows: outputs[:, lengths - 1] is (B, B, H). Pair the rows with "
        "their steps.",
        (lambda outputs, lengths: outputs[:, lengths - 1],),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. outputs is (B, T, H): the row comes first, then the "
        "step.",
        (lambda outputs, lengths: outputs[lengths - 1, torch.arange(len(lengths))],),
    ),
)

# ---------------------------------------------------------------- 6.3 stacked_lstm


def stacked_lstm(
    x: Tensor,
    layers: Sequence[Layer],
    return_sequences: bool,
    *,
    between: Callable[[Tensor, bool], Tensor] = lambda states, return_sequences: states,
    out: Callable[[Tensor, bool], Tensor] = lambda states, return_sequences: (
        states if return_sequences else states[:, -1]
    ),
    **options: Any,
) -> Tensor:
    """All states of the top layer, or its last; the keyword arguments make mistakes."""
    states = x
    for k, each in enumerate(layers):
        # each layer reads all steps of the one below
        states = lstm_over_time(between(states, return_sequences) if k else states, *each, **options)
    return out(states, return_sequences)


def stack_arguments(draw: Draw, B: int, T: int, F: int, widths: Sequence[int]) -> dict[str, Any]:
    below = (F, *widths[:-1])
    return {
        "x": draw.normal(B, T, F),
        "layers": [layer(draw, f, h) for f, h in zip(below, widths, strict=True)],
    }


def stack_cases(draw: Draw) -> Iterator[Case]:
    """Two layers with and without return_sequences, twice; then one and three layers, and the edges."""
    T = draw.integer(2, 3)
    B, F, H1, H2, H3 = (size for size in draw.sizes(6) if size != T)
    wide = draw.integer(9, 13)
    kind = draw.choice((True, False))
    trials: list[tuple[int, int, int, tuple[int, ...], bool, bool]] = [
        (B, T, F, (H1, H2), kind, True),
        (B, T, F, (H1, H2), kind, False),
        (B, T, F, (H1, H2), not kind, True),
    ]
    edges: tuple[tuple[int, int, int, tuple[int, ...]], ...] = (
        (B, T, F, (H1,)),
        (B, T, F, (H1, H2, H3)),
        (B, T, F, (wide, H1)),
        (2, draw.integer(9, 11), F, (H1, H2)),
        (1, T, F, (H1, H2)),
        (B, 1, F, (H1, H2)),
        (4, T, 1, (1, H2)),
        (1, 1, 1, (1, 1)),
        (3, 3, F, (F, F, F)),
        (3, 3, 3, (3, 3)),
    )
    for k, (b, t, f, widths) in enumerate(edges):
        edge = k < 2 or 1 in (b, t, f)  # the others differ in sizes alone
        trials += [(b, t, f, widths, flag, edge and flag == (k % 2 == 0)) for flag in (True, False)]
    for b, t, f, widths, flag, gradients in trials:
        label = f"B={b}, T={t}, F={f}, H={', '.join(map(str, widths))}, return_sequences={flag}"
        arguments = stack_arguments(draw, b, t, f, widths) | {"return_sequences": flag}
        yield Case(label, arguments, gradients)


def _everywhere(arguments: dict[str, Value]) -> tuple[str, ...]:
    return "x", *(f"layers.{k}.{j}" for k in range(len(arguments["layers"])) for j in range(3))


def _out(out: Callable[[Tensor, bool], Tensor]) -> Callable[..., Tensor]:
    return partial(stacked_lstm, out=out)


def _between(between: Callable[[Tensor, bool], Tensor]) -> Callable[..., Tensor]:
    return partial(stacked_lstm, between=between)


def _of_layers(change: Callable[[Sequence[Layer]], Sequence[Layer]]) -> Callable[..., Tensor]:
    return lambda layers, **given: stacked_lstm(layers=change(layers), **given)


def _last_step_up(states: Tensor, return_sequences: bool) -> Tensor:
    """(B, H) goes up: the layer above breaks on it, but for sizes at which it runs by chance."""
    return states if return_sequences else states[:, -1]


def _last_as_sequence(states: Tensor, return_sequences: bool) -> Tensor:
    return states if return_sequences else states[:, -1:]


def _last_repeated(states: Tensor, return_sequences: bool) -> Tensor:
    return states if return_sequences else states[:, -1:].expand_as(states)


def _handed_up(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
    """Each layer starts from the last state and cell of the one below."""
    h = c = x.new_zeros(x.shape[0], layers[0][1].shape[1])
    for each in layers:
        states = []
        for x_t in x.unbind(1):
            h, c = lstm_step(x_t, h, c, *each)
            states.append(h)
        x = torch.stack(states, dim=1)
    return x if return_sequences else x[:, -1]


def _batch_first(back: bool) -> Callable[..., Tensor]:
    """The loop runs over the batch, as if x were (T, B, F)."""

    def mistake(x: Tensor, layers: Sequence[Layer], return_sequences: bool) -> Tensor:
        states = stacked_lstm(x.transpose(0, 1), layers, True)
        states = states.transpose(0, 1) if back else states
        return states if return_sequences else states[:, -1]

    return mistake


STACK_MISCONCEPTIONS = (
    Misconception(
        "return-sequences-wrong-layer",
        "You apply return_sequences to every layer. It says what leaves the *top* layer; between the "
        "layers all steps go up, always.",
        (
            _between(_last_step_up),
            _between(_last_as_sequence),
            _between(_last_repeated),
            _between(lambda states, flag: states[:, -1:]),
            _between(lambda states, flag: states[:, -1:].expand_as(states)),
        ),
    ),
    Misconception(
        "return-sequences-inverted",
        "You have return_sequences the wrong way round. True gives all steps, (B, T, H); False the last one.",
        (_out(lambda states, flag: states[:, -1] if flag else states),),
    ),
    Misconception(
        "return-sequences-ignored",
        "You do not look at return_sequences: without it the last step alone is returned, with it all of "
        "them.",
        (_out(lambda states, flag: states), _out(lambda states, flag: states[:, -1])),
    ),
    Misconception(
        "time-axis-kept",
        "Without return_sequences you keep a time axis of one step. Return (B, H).",
        (_out(lambda states, flag: states if flag else states[:, -1:]),),
    ),
    Misconception(
        "first-step",
        "You return the first step. The last one has read the whole sequence.",
        (_out(lambda states, flag: states if flag else states[:, 0]),),
    ),
    Misconception(
        "state-handed-up",
        "Your upper layer starts from the state of the one below. Each layer starts at zero; only its "
        "outputs go up.",
        (_handed_up,),
    ),
    Misconception(
        "layers-reversed",
        "You go through the layers from the top down. The first of the list reads x.",
        (_of_layers(lambda layers: layers[::-1]),),
    ),
    Misconception(
        "layers-left-out",
        "You do not run all layers. Each of them reads what the one below gives.",
        (
            _of_layers(lambda layers: layers[:1]),
            _of_layers(lambda layers: layers[:-1] or layers),
            _of_layers(lambda layers: layers[:2]),
            _of_layers(lambda layers: layers[-1:]),
            _of_layers(lambda layers: layers[1:] or layers),
        ),
    ),
    Misconception(
        "one-layers-weights",
        "You use one layer's weights for all. Each layer has its own.",
        (
            _of_layers(lambda layers: [layers[0]] * len(layers)),
            _of_layers(lambda layers: [layers[-1]] * len(layers)),
        ),
    ),
    Misconception(
        "layers-side-by-side",
        "You join the outputs of all layers. Only the top layer's leave the stack.",
        (
            lambda x, layers, return_sequences: torch.cat(
                [stacked_lstm(x, layers[: k + 1], return_sequences) for k in range(len(layers))], dim=-1
            ),
        ),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. x is (B, T, F): step t is x[:, t], and the states are "
        "stacked along axis 1.",
        (
            _batch_first(True),
            _batch_first(False),
            lambda **given: (
                stacked_lstm(**given).transpose(0, 1) if given["return_sequences"] else stacked_lstm(**given)
            ),
            _out(lambda states, flag: states if flag else states[-1]),
            _out(lambda states, flag: states.transpose(0, 1) if flag else states.transpose(0, 1)[:, -1]),
        ),
    ),
    *lstm_basics(stacked_lstm),
)

# ---------------------------------------------------------------- 6.4 reverse_padded


def reverse_padded(
    x: Tensor,
    lengths: Tensor,
    *,
    place: Callable[[Tensor, Tensor, int], Tensor] = lambda t, n, T: torch.where(t < n, n - 1 - t, t),
) -> Tensor:
    """Each row read at other steps; `place` gives them from step t, length n and T."""
    T = x.shape[1]
    steps = place(torch.arange(T), lengths[:, None], T)  # (B, T)
    return x.gather(1, steps.expand(x.shape[0], T)[:, :, None].expand_as(x))


def _placed(place: Callable[[Tensor, Tensor, int], Tensor]) -> Callable[..., Tensor]:
    return partial(reverse_padded, place=place)


def _within(length: Callable[[Tensor, int], Tensor]) -> Callable[..., Tensor]:
    """The reversal within other lengths."""

    def place(t: Tensor, n: Tensor, T: int) -> Tensor:
        n = length(n, T)
        return torch.where(t < n, n - 1 - t, t)

    return _placed(place)


def _padding(fill: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """The padding replaced: fill(reversed, x), (B, T, F) or what extends to it."""

    def mistake(x: Tensor, lengths: Tensor) -> Tensor:
        turned = reverse_padded(x, lengths)
        return turned.where(_valid(x.shape[1], lengths) > 0, fill(turned, x))

    return mistake


def _swapped(x: Tensor, lengths: Tensor) -> Tensor:
    return reverse_padded(x.transpose(0, 1), lengths).transpose(0, 1)


REVERSE_MISCONCEPTIONS = (
    Misconception(
        "flipped-whole",
        "You flip the whole time axis, so the padding comes first and the backward layer reads it before the "
        "sequence. Reverse the valid part alone.",
        (_placed(lambda t, n, T: T - 1 - t),),
    ),
    Misconception(
        "padding-moved",
        "Your padding does not stay as it is. Only the valid steps change places; the padding is left where "
        "it is and in its own order.",
        (
            _placed(lambda t, n, T: torch.where(t < n, n - 1 - t, T - 1 - (t - n))),
            _placed(lambda t, n, T: (t + n) % T),
            _placed(lambda t, n, T: torch.where(t < T - n, t + n, T - 1 - t)),
        ),
    ),
    Misconception(
        "padding-overwritten",
        "You overwrite the padding. It is left as it is, whatever stands there.",
        (
            _padding(lambda turned, x: torch.zeros_like(x)),
            _padding(lambda turned, x: x.flip(1)),
            _padding(lambda turned, x: turned[:, :1]),
        ),
    ),
    Misconception(
        "off-by-one",
        "You are one step off: a row of n valid steps has them at 0 to n-1, and step t comes from n-1-t.",
        (
            _within(lambda n, T: (n + 1).clamp(max=T)),
            _within(lambda n, T: n - 1),
            _placed(lambda t, n, T: torch.where(t < n, n - t, t)),
            _placed(lambda t, n, T: torch.where(t < n, (n - t).clamp(max=T - 1), t)),
            _placed(lambda t, n, T: torch.where(t < n, (n - 2 - t) % T, t)),
            _placed(lambda t, n, T: torch.where(t <= n, (n - t).clamp(max=T - 1), t)),
        ),
    ),
    Misconception(
        "one-length-for-all",
        "You take one row's length for all. Each row is reversed within its own.",
        (
            _within(lambda n, T: n.max()),
            _within(lambda n, T: n.min()),
            _within(lambda n, T: n[0]),
            _within(lambda n, T: n[-1]),
        ),
    ),
    Misconception(
        "padding-reversed-alone",
        "You reverse the padding and leave the valid part. It is the other way round.",
        (_placed(lambda t, n, T: torch.where(t < n, t, T - 1 - (t - n))),),
    ),
    Misconception(
        "not-reversed",
        "Your valid part is not reversed: the last valid step comes first, and step 0 at lengths[b] - 1.",
        (lambda x, lengths: x,),
    ),
    Misconception(
        "wrong-axis-flipped",
        "You flip the rows or the features. Time is the second axis.",
        (
            lambda x, lengths: x.flip(0),
            lambda x, lengths: x.flip(2),
            lambda x, lengths: x.flip(1, 2),
            lambda x, lengths: reverse_padded(x, lengths).flip(2),
        ),
    ),
    Misconception(
        "time-batch-swapped",
        "You take the time axis for the batch axis. x is (B, T, F), and lengths has one entry a row.",
        (_swapped, lambda x, lengths: reverse_padded(x, lengths).transpose(0, 1)),
    ),
)

LESSON = Lesson(
    "06_stacking_and_return_sequences",
    parts=(
        Part(
            "6.1",
            "output_shape",
            30,
            "layers, input_shape",
            (
                "Go through the layers with the shape that you have so far. For each kind: which ranks can "
                "it take, and which axes does it leave, change or add?",
                "With enumerate you have the index at hand. First look at len(shape) and raise a ValueError "
                "with that index; then a recurrent layer gives (B, T, units) or (B, units), twice as wide "
                "where it is bidirectional, Dense and TimeDistributed change the last axis, RepeatVector "
                "adds one.",
            ),
            check_output_shape,
            SHAPE_MISCONCEPTIONS,
        ),
        Part(
            "6.2",
            "last_valid",
            20,
            "outputs, lengths",
            (
                "Row b has lengths[b] valid steps, counted from step 0. Where is its last one?",
                "Index with two tensors at once, the rows 0 to B-1 and the steps lengths - 1: they are "
                "paired. Or use gather along axis 1.",
            ),
            Exact(
                "last_valid",
                last_valid,
                lambda draw: padded_cases(draw, "outputs"),
                outputs=("the last valid step",),
                gradients=("outputs",),
                misconceptions=LAST_MISCONCEPTIONS,
            ),
            LAST_MISCONCEPTIONS,
        ),
        Part(
            "6.3",
            "stacked_lstm",
            30,
            "x, layers, return_sequences",
            (
                "Write an LSTM over time that gives all its states, then put it in a loop over the layers. "
                "Where does return_sequences come in?",
                "Each layer starts at zero and reads all steps of the one below. Only at the very end, "
                "return all states of the top layer or the last of them.",
            ),
            Exact(
                "stacked_lstm",
                stacked_lstm,
                stack_cases,
                outputs=("the states",),
                gradients=_everywhere,
                misconceptions=STACK_MISCONCEPTIONS,
            ),
            STACK_MISCONCEPTIONS,
        ),
        Part(
            "6.4",
            "reverse_padded",
            20,
            "x, lengths",
            (
                "A row of 3 valid steps in 5 holds a b c _ _ and becomes c b a _ _. From which step does "
                "step t come, while t is valid, and from which after that?",
                "Step t of row b comes from lengths[b] - 1 - t where t < lengths[b], else from t. Build "
                "these indices (B, T) and gather along time, or go row by row.",
            ),
            Exact(
                "reverse_padded",
                reverse_padded,
                lambda draw: padded_cases(draw, "x"),
                gradients=("x",),
                misconceptions=REVERSE_MISCONCEPTIONS,
            ),
            REVERSE_MISCONCEPTIONS,
        ),
    ),
)
