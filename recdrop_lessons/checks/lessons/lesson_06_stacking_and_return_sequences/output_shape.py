"""6.1 Shapes through a stack.

Longer than other parts: five kinds of layers can each be misread, and errors are part of the answer.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import combinations, product
from typing import Any

from recdrop_lessons.checks.answer import Answer, AnswerError, Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.compare import compare, unchanged
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.general import CHANGES_INPUT, KEYWORDS_RENAMED
from recdrop_lessons.checks.lessons.lesson_06_stacking_and_return_sequences._stacks import (
    RECURRENT,
    RULES,
    Break,
    Rule,
    Shape,
    Spec,
    last_axis,
    leaves,
    recurrent,
    shape_cases,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.outcomes import differs, raised
from recdrop_lessons.checks.parts import Outcome, Part
from recdrop_lessons.checks.recognise import unless_lost
from recdrop_lessons.checks.steps import Failed, fail, kept, stepwise


def output_shape(layers: Sequence[Spec], input_shape: Shape) -> Shape:
    """The shape that leaves a stack of layers, found without computing a value.

    Args:
        layers: a list of tuples as in the table above, from the bottom to the top; each is its kind and then
            its settings. It may be empty, and then the input's shape comes out.
        input_shape: a tuple of sizes, (B, T, F) or of another rank; B may be None.

    Returns:
        The shape that leaves the last layer, a tuple such as (B, T, H).

    Raises:
        ValueError: a layer cannot take its input; the message holds the index, from 0, of the first such
            layer.
    """
    its = leaves(layers, input_shape)
    if isinstance(its, Break):
        raise ValueError(f"Layer {its.index} cannot take its input.")
    return its


def _any_rank(rank: int) -> bool:
    return True


def _unpacked(rank: int) -> bool:
    """Any rank from which Python takes a first and a last size."""
    if rank < 2:
        raise IndexError
    return True


WRONG_RANKS: tuple[Callable[[int], bool], ...] = (
    lambda rank: rank >= 2,
    lambda rank: rank >= 3,
    lambda rank: rank in (2, 3),
    _any_rank,
    _unpacked,
)

#: What may stand for batch and time: the same of rank 3, not of others.
KEPT: tuple[Callable[[Shape], Shape], ...] = (
    lambda shape: shape[:-1],
    lambda shape: shape[:2],
    lambda shape: (shape[0], shape[1]),
)


def _rules(**rules: Rule) -> Callable[..., Shape | Break]:
    return partial(leaves, rules=RULES | rules)


def _recurrents(**options: Any) -> Callable[..., Shape | Break]:
    return _rules(LSTM=recurrent(1, **options), Bidirectional=recurrent(2, **options))


def _flags(change: Callable[[list[bool]], list[bool]]) -> Callable[..., Shape | Break]:
    """The stack with the recurrent layers' return_sequences changed, as a list from bottom to top."""

    def mistake(layers: Sequence[Spec], input_shape: Shape) -> Shape | Break:
        flags = iter(change([spec[2] for spec in layers if spec[0] in RECURRENT]))
        changed = [(*spec[:2], next(flags)) if spec[0] in RECURRENT else spec for spec in layers]
        return leaves(changed, input_shape)

    return mistake


def _result(change: Callable[[Shape], Shape]) -> Callable[..., Shape | Break]:
    def mistake(**given: Any) -> Shape | Break:
        its = leaves(**given)
        return its if isinstance(its, Break) else change(its)

    return mistake


NOT_A_VALUE_ERROR = Misconception(
    "not-a-value-error",
    "You raise where the stack breaks, but not a ValueError, or the error is not yours at all: check what a "
    "layer is given before you compute what leaves it.",
    "Which line of yours raises: your own, or Python's while it computes the shape?",
)

INDEX_NOT_NAMED = Misconception(
    "index-not-named",
    "Your ValueError does not hold the index of the first layer that cannot take its input, counted from 0.",
    "Print the text of your error. Which number should stand in it?",
)


def _last_break(layers: Sequence[Spec], input_shape: Shape) -> Shape | Break:
    """A layer that cannot take its input is skipped; the last one is named."""
    shape, broken = tuple(input_shape), None
    for k, (kind, *settings) in enumerate(layers):
        its = RULES[kind](shape, *settings)
        if its is None:
            broken = k
        else:
            shape = its
    return shape if broken is None else Break(broken)


def _first_equal(layers: Sequence[Spec], input_shape: Shape) -> Shape | Break:
    its = leaves(layers, input_shape)
    return Break(list(layers).index(layers[its.index])) if isinstance(its, Break) else its


LIST_FOR_TUPLE = Misconception(
    "list-for-tuple",
    "Your shape is a list. A shape is a tuple, as the docstring says: `(B, T) == [B, T]` is False.",
    "Print type(...) of what you return.",
)


MISCONCEPTIONS = (
    Misconception(
        "return-sequences-inverted",
        "You have return_sequences the wrong way round. True keeps the time axis, (B, T, units); False gives "
        "the last step alone, (B, units).",
        "Draw an LSTM with three steps. With return_sequences=True, how many arrows leave it at the top?",
        _recurrents(flag=lambda flag: not flag),
    ),
    Misconception(
        "return-sequences-ignored",
        "You do not look at return_sequences. It decides whether the time axis leaves the layer.",
        "Search your function for return_sequences. What depends on it?",
        _recurrents(flag=lambda flag: True),
        _recurrents(flag=lambda flag: False),
    ),
    Misconception(
        "return-sequences-wrong-layer",
        "You do not look at each layer's own return_sequences. It says what leaves *that* layer; the layer "
        "above has to take what it gets.",
        "Go through a stack of two by hand: whose flag do you read when you compute what leaves the first?",
        _flags(lambda flags: [*flags[1:], *flags[-1:]]),
        _flags(lambda flags: [*flags[1:], *[False] * len(flags[-1:])]),
        _flags(lambda flags: [*flags[:1], *flags[:-1]]),
        _flags(lambda flags: [*[False] * len(flags[:1]), *flags[:-1]]),
        _flags(lambda flags: [True] * len(flags[:-1]) + flags[-1:]),
        _flags(lambda flags: flags[-1:] * len(flags)),
        _flags(lambda flags: flags[:1] * len(flags)),
    ),
    Misconception(
        "bidirectional-not-doubled",
        "Your bidirectional layer is as wide as one direction. The outputs of both are concatenated: "
        "2·units.",
        "Two directions read the same sequence. How many values does each step have in the end?",
        _rules(Bidirectional=recurrent(1)),
    ),
    Misconception(
        "dense-drops-time",
        "Your Dense flattens or drops the time axis. It works on the last axis, at each step, and leaves all "
        "others as they are.",
        "Apply a Dense of 8 units to (2, 5, 3) by hand. Which of the three sizes can it change?",
        _rules(Dense=lambda shape, units: (shape[0], units) if len(shape) > 1 else None),
        _rules(
            Dense=lambda shape, units: (shape[0], units) if len(shape) > 1 else None,
            TimeDistributed=lambda shape, units: (shape[0], units) if len(shape) > 2 else None,
        ),
        _rules(Dense=lambda shape, units: (*shape[:-2], units) if len(shape) > 2 else (shape[0], units)),
    ),
    Misconception(
        "dense-refuses-time",
        "Your Dense takes rank 2 alone. It takes (B, T, F) as well, and works on the last axis.",
        "Look up the ranks that a Dense takes in the exercise's text: is there one or are there more?",
        _rules(Dense=lambda shape, units: (shape[0], units) if len(shape) == 2 else None),
    ),
    Misconception(
        "dense-any-rank",
        "Your Dense takes a shape of rank 1. It needs a batch and features, rank 2 or more.",
        "What are the fewest axes that a Dense needs? Name them.",
        _rules(Dense=lambda shape, units: (*shape[:-1], units)),
    ),
    Misconception(
        "repeat-vector-any-rank",
        "Your RepeatVector takes sequences. It makes a time axis out of one vector per example, (B, F), so "
        "it needs rank 2.",
        "Which shape comes into a RepeatVector, and which leaves it? Count the axes of both.",
        _rules(RepeatVector=lambda shape, n: (shape[0], n, *shape[1:])),
        _rules(RepeatVector=lambda shape, n: (shape[0], n, shape[-1])),
        _rules(RepeatVector=lambda shape, n: (*shape[:-1], n, shape[-1])),
        _rules(RepeatVector=lambda shape, n: (shape[0], n, shape[1])),
    ),
    Misconception(
        "repeat-axis-last",
        "Your RepeatVector puts the new axis last. Time is the second axis: (B, n, F).",
        "Where does time stand in every other shape of this lesson?",
        _rules(RepeatVector=lambda shape, n: (*shape, n) if len(shape) == 2 else None),
    ),
    Misconception(
        "time-distributed-rank-2",
        "Your TimeDistributed takes rank 2. It applies its layer at each step, so it needs a time axis: "
        "rank 3 or more.",
        "What is distributed over what? Which axis must be there?",
        _rules(TimeDistributed=last_axis(2)),
        _rules(TimeDistributed=last_axis(1)),
    ),
    Misconception(
        "time-distributed-rank-3-only",
        "Your TimeDistributed refuses rank 4. Whatever comes after batch and time goes to the layer inside.",
        "Remove batch and time from a shape of rank 4. What does the layer inside get?",
        _rules(TimeDistributed=lambda shape, units: (*shape[:-1], units) if len(shape) == 3 else None),
    ),
    Misconception(
        "time-distributed-drops-time",
        "Your TimeDistributed drops the time axis. It applies a Dense at each step and keeps all steps.",
        "Count the axes before and after a TimeDistributed.",
        _rules(TimeDistributed=lambda shape, units: (shape[0], units) if len(shape) > 2 else None),
    ),
    Misconception(
        "recurrent-any-rank",
        "Your recurrent layer takes a shape that is not (B, T, F). It reads steps, so it needs rank 3; "
        "that is the error this lesson is about.",
        "What does a recurrent layer loop over? Which axis must be there?",
        *(_recurrents(takes=takes, kept=kept) for takes, kept in product(WRONG_RANKS, KEPT)),
        *(
            _rules(**{kind: recurrent(directions, takes, kept=kept)})
            for kind, directions in (("LSTM", 1), ("Bidirectional", 2))
            for takes, kept in product(WRONG_RANKS, KEPT)
        ),
    ),
    Misconception(
        "never-raises",
        "You let every layer take every shape. Each needs its rank, and a stack that breaks raises a "
        "ValueError.",
        "For each kind of layer write down the ranks that it can take. Where does your code compare?",
        *(
            _rules(
                LSTM=recurrent(1, takes, kept=kept),
                Bidirectional=recurrent(2, takes, kept=kept),
                Dense=last_axis(0),
                TimeDistributed=last_axis(0),
                RepeatVector=repeated,
            )
            for takes, kept in product((_any_rank, _unpacked), KEPT)
            for repeated in (
                lambda shape, n: (shape[0], n, *shape[1:]),
                lambda shape, n: (shape[0], n, shape[-1]),
                lambda shape, n: (shape[0], n, shape[1]),
            )
        ),
    ),
    Misconception(
        "index-from-1",
        "You count the layers from 1. The message has to hold the index from 0, as in `layers[0]`.",
        "Which index has the first layer of the list `layers`?",
        partial(leaves, named=lambda k: k + 1),
    ),
    Misconception(
        "culprit-named",
        "You name the layer below the one that breaks. It may be the cause, but the message names "
        "the first layer that cannot take its input.",
        "At which layer does the shape not fit, and at which do you notice why? The error names the first.",
        partial(leaves, named=lambda k: k - 1),
    ),
    Misconception(
        "batch-left-out",
        "You leave the batch out of the shape, or put None for it. It is the first axis and goes through "
        "every layer, None or not.",
        "Compare the length of your shape with that of input_shape.",
        _result(lambda shape: shape[1:]),
        _result(lambda shape: (None, *shape[1:])),
    ),
    NOT_A_VALUE_ERROR,
    INDEX_NOT_NAMED,
    Misconception(
        "last-error-named",
        "You name the last layer that cannot take its input. The message names the first: raise as soon as "
        "you find it.",
        "What does your loop do after it has found the first layer that cannot take its input?",
        _last_break,
    ),
    Misconception(
        "position-of-equal-layer",
        "You look the layer up with `layers.index(…)`, which finds the first layer that is equal. Count with "
        "`enumerate`.",
        "Put the same layer into a list twice and ask the list for the index of the second.",
        _first_equal,
    ),
    LIST_FOR_TUPLE,
)


def _is_value_error(name: str) -> bool:
    """Whether an exception of that name is a ValueError; a class of the learner's own may be one."""
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
def _stacks(seed: int) -> list[Case]:
    """All cases, those that hold first."""

    def breaks(case: Case) -> bool:
        return isinstance(leaves(**case.arguments), Break)

    return sorted(shape_cases(Draw(seed, "output_shape")), key=breaks)


def _see(answer: Answer, case: Case) -> Value:
    """What the answer gives, or the error that it raises."""
    try:
        call = answer.inspect(case.arguments)
    except AnswerError as error:
        outcome = raised(error, case.label, case.arguments)
        if outcome.details.get("unwritten") or outcome.misconception == KEYWORDS_RENAMED.slug:
            raise Failed(outcome) from None
        return error
    for name, before in case.arguments.items():
        if not unchanged(before, call.arguments[name]):
            raise fail(CHANGES_INPUT, case.label, case.arguments, difference=f"It changed `{name}`.")
    return call.value


@cache
def _pairs() -> list[tuple[Misconception, Callable[..., Shape | Break]]]:
    """Two misconceptions in one answer, each of other kinds of layers, under the name of the first."""
    changes = [
        (
            misconception,
            {kind: rule for kind, rule in mistake.keywords["rules"].items() if rule is not RULES[kind]},
        )
        for misconception in MISCONCEPTIONS
        for mistake in misconception.mistakes
        if isinstance(mistake, partial) and "rules" in mistake.keywords
    ]
    return [
        (misconception, _rules(**one, **other))
        for (misconception, one), (_, other) in combinations(changes, 2)
        if not one.keys() & other.keys()
    ]


def _explain(seen: Sequence[Value], cases: Sequence[Case]) -> Misconception | None:
    """The misconception that gives what was seen on every case, by itself or with another one."""
    rights = [leaves(**case.arguments) for case in cases]
    for misconception in MISCONCEPTIONS:
        for mistake in misconception.mistakes:
            its = [_by(mistake, case) for case in cases]
            if its != rights and all(map(_gives, seen, its)):
                return misconception
    for misconception, both in _pairs():
        if all(_gives(its, _by(both, case)) for its, case in zip(seen, cases, strict=True)):
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
    cases, seen = _stacks(seed), list[Value]()
    for case in cases:
        its = _see(answer, case)
        seen.append(its)
        right = leaves(**case.arguments)
        if _gives(its, right):
            if isinstance(its, list):
                raise fail(LIST_FOR_TUPLE, case.label, case.arguments, difference=f"It returned {its!r}.")
            continue
        if isinstance(its, AnswerError):
            outcome = raised(its, case.label, case.arguments)
            said = f"Your function raised {its} (on {case.label})."
            if isinstance(right, Break):  # what its words look like tells nothing: an error is asked for
                said += " Expected a ValueError with the index of the layer that breaks."
                outcome = Outcome(False, said, None, outcome.details)
            elif its.type_name == "ValueError":  # most likely the learner's own
                said += " This stack holds."
                outcome = Outcome(False, said, None, outcome.details)
        elif isinstance(right, Break):
            said = f"On {case.label}: this stack breaks, and your function returned {its!r}."
            outcome = fail(said, case.label, case.arguments).outcome
        else:
            difference = compare(its, right, ("the shape",), 0)
            assert difference is not None
            outcome = differs(difference, case.label, case.arguments)
        found = unless_lost(
            lambda: _explain([*seen, *(_see(answer, other) for other in cases[len(seen) :])], cases)
        )
        if found is not None:
            raise fail(found, case.label, case.arguments, difference=outcome.message)
        raise Failed(outcome)
    return f"Right on {len(cases)} stacks."


PART = Part(
    "6.1",
    output_shape,
    points=30,
    hints=(
        "Go through the layers with the shape that you have so far. For each kind: which ranks can it "
        "take, and which axes does it leave, change or add?",
        "First look at len(shape), and raise a ValueError with the layer's index where it does not fit. "
        "`enumerate` gives you the index.",
        "A recurrent layer keeps or drops the time axis by its own flag, and is twice as wide where it is "
        "bidirectional; Dense and TimeDistributed change the last axis alone; RepeatVector adds an axis "
        "in second place.",
    ),
    check=check_output_shape,
    misconceptions=MISCONCEPTIONS,
)
