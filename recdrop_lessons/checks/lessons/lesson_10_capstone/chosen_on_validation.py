"""10.3 Choose by validation, report the test."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, product

import torch

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_10_capstone.mean_interval import TOLERANCE
from recdrop_lessons.checks.misconceptions import Misconception

Losses = Sequence[Sequence[float]]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _first_lowest(values: Sequence[float]) -> int:
    return min(range(len(values)), key=lambda k: values[k])


def chosen_on_validation(
    validation: Losses,
    test: Losses,
    *,
    choose: Callable[[Losses, Losses], int] = lambda validation, test: _first_lowest(
        [*map(_mean, validation)]
    ),
    report: Callable[[Losses, Losses, int], float] = lambda validation, test, k: _mean(test[k]),
) -> tuple[int, float]:
    """The rate that validation chooses, and what the test set says of it.

    Args:
        validation: a list with, for each rate, the list of its validation losses, one for each seed.
        test: the test losses of the same runs, likewise.

    Returns:
        A tuple of an int and a float: the index of the chosen rate, and the mean of its test losses.
    """
    k = choose(validation, test)
    return k, report(validation, test, k)


def _per_seed(validation: Losses, test: Losses) -> tuple[int, float]:
    """The best rate at each seed by itself."""
    best = [_first_lowest([row[s] for row in validation]) for s in range(len(validation[0]))]
    return chosen_on_validation(validation, test)[0], _mean([test[k][s] for s, k in enumerate(best)])


def _best_run(values: Losses) -> tuple[int, int]:
    places = product(range(len(values)), range(len(values[0])))
    return min(places, key=lambda place: values[place[0]][place[1]])


def _from_one(validation: Losses, test: Losses) -> tuple[int, float]:
    k, loss = chosen_on_validation(validation, test)
    return k + 1, loss


MISCONCEPTIONS = (
    Misconception(
        "lowest-test-reported",
        "You report the lowest mean test loss of any rate. Report that of the rate that validation chose: "
        "the lowest one is a choice made on the test set.",
        "Whose test loss do you report: that of the rate whose index you return?",
        partial(chosen_on_validation, report=lambda v, t, k: min(map(_mean, t))),
    ),
    Misconception(
        "chosen-on-test",
        "The test losses take part in your choice. Then the test set has helped to choose, and its loss is "
        "too good to be true: choose by validation, report the test.",
        "Which of the two tables do you look at when you choose? Which one is there only to be reported?",
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*map(_mean, t)])),
        partial(
            chosen_on_validation,
            choose=lambda v, t: _first_lowest([_mean(a) + _mean(b) for a, b in zip(v, t, strict=True)]),
        ),
    ),
    Misconception(
        "validation-reported",
        "You report the validation loss of the rate that it chose. The choice has made it too low: report "
        "the test loss.",
        "Which of the two tables does the number come from that you return?",
        partial(chosen_on_validation, report=lambda v, t, k: _mean(v[k])),
    ),
    Misconception(
        "best-run-reported",
        "You report the best run of the chosen rate. One seed's result may be chance: report the mean over "
        "all seeds.",
        "How many seeds does the loss that you report depend on?",
        partial(chosen_on_validation, report=lambda v, t, k: min(t[k])),
        partial(chosen_on_validation, report=lambda v, t, k: t[k][_first_lowest(v[k])]),
    ),
    Misconception(
        "best-run-chosen",
        "You choose the rate of the single best run. Its low loss may be chance: choose by the mean over "
        "the seeds.",
        "Give one rate a single lucky seed and four bad ones. Should it be chosen?",
        partial(chosen_on_validation, choose=lambda v, t: _best_run(v)[0]),
        lambda validation, test: (
            _best_run(validation)[0],
            test[_best_run(validation)[0]][_best_run(validation)[1]],
        ),
    ),
    Misconception(
        "highest-chosen",
        "You choose the highest loss. These are losses, not scores: lower is better.",
        "Is a loss of 0.1 better or worse than a loss of 0.2?",
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([-_mean(row) for row in v])),
    ),
    Misconception(
        "chosen-per-seed",
        "You choose another rate at each seed. Choose one rate, by its mean over all seeds.",
        "How many rates should you return for all seeds together?",
        _per_seed,
    ),
    Misconception(
        "axes-swapped",
        "You take the seeds for rates. validation[k] is the list of rate k, with one loss for each seed.",
        "How many lists does `validation` hold: as many as rates, or as seeds?",
        lambda validation, test: chosen_on_validation(
            [*zip(*validation, strict=True)], [*zip(*test, strict=True)]
        ),
    ),
    Misconception(
        "median-for-mean",
        "You choose or report by the median. The rule is the mean over the seeds.",
        "Give one rate the losses 1, 1, 10. Which number of them does the text ask for?",
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*map(statistics.median, v)])),
        partial(chosen_on_validation, report=lambda v, t, k: statistics.median(t[k])),
        partial(
            chosen_on_validation,
            choose=lambda v, t: _first_lowest([*map(statistics.median, v)]),
            report=lambda v, t, k: statistics.median(t[k]),
        ),
    ),
    Misconception(
        "worst-run-chosen",
        "You choose the rate whose worst run is best. The rule is the lowest mean over the seeds.",
        "Give one rate the losses 1, 1, 10. Which number of them does the text ask for?",
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*map(max, v)])),
    ),
    Misconception(
        "rates-from-1",
        "You count the rates from 1. The index is that of the list, from 0.",
        "Which index has the first entry of a Python list?",
        _from_one,
    ),
    Misconception(
        "all-rates-reported",
        "You report the mean test loss over all rates. Report that of the rate that was chosen.",
        "How many rates does the loss that you report depend on?",
        partial(chosen_on_validation, report=lambda v, t, k: _mean([*map(_mean, t)])),
    ),
    Misconception(
        "flat-index",
        "You take the index of the lowest loss in the whole table, read as one list. Take the mean of each "
        "rate first, then the index of the lowest mean.",
        "Take two rates of three seeds. How large can your index be, and how large should it be?",
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*chain(*v)])),
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*chain(*v)]) % len(v)),
        partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*chain(*v)]) % len(v[0]) % len(v)),
    ),
)


def _losses(draw: Draw, rates: int, seeds: int) -> list[list[float]]:
    return (0.6 + 0.2 * draw.normal(rates, 1) + 0.1 * draw.normal(rates, seeds)).tolist()


def _uniforms(draw: Draw, count: int) -> list[float]:
    return [draw.uniform(0, 1) for _ in range(count)]


def _tempting(draw: Draw, rates: int, seeds: int, luck: int) -> tuple[list[list[float]], list[list[float]]]:
    """The best mean on validation, that of the lucky run at seed `luck`, and the best on test differ."""
    validation, test = _losses(draw, rates, seeds), _losses(draw, rates, seeds)
    best, lucky, tested = torch.randperm(rates, generator=draw.torch)[:3].tolist()
    low = min(map(min, validation))
    validation[best] = [low - 0.05 + 0.01 * x for x in _uniforms(draw, seeds)]
    validation[lucky] = [low + 1 + x for x in _uniforms(draw, seeds)]
    validation[lucky][luck] = low - 0.2
    test[tested] = [min(map(min, test)) - 0.3 + 0.1 * x for x in _uniforms(draw, seeds)]
    return validation, test


# The lowest mean, median, highest loss and lowest loss, each of another rate.
_UNLIKE = (
    [0.50, 0.51, 0.49, 0.30, 0.60],
    [0.40, 0.41, 0.39, 0.90, 0.80],
    [0.55, 0.56, 0.54, 0.55, 0.55],
    [0.72, 0.73, 0.71, 0.10, 0.74],
)


def choice_cases(draw: Draw) -> Iterator[Case]:
    rates, seeds = draw.integer(5, 7), draw.integer(3, 4)
    for k, s, luck in ((rates, seeds, 0), (rates, seeds, -1), (3, 5, 2), (4, 4, 1), (3, 3, 0)):
        validation, test = _tempting(draw, k, s, luck)
        yield Case(f"{k} rates, {s} seeds", {"validation": validation, "test": test})
    for shift in (0.0, 0.3):
        order = torch.randperm(4, generator=draw.torch).tolist()
        given = {
            "validation": [[loss + shift for loss in _UNLIKE[k]] for k in order],
            "test": _losses(draw, 4, 5),
        }
        yield Case("mean, median, best and worst run choose four rates", given)
    for k, s in ((1, 4), (4, 1), (1, 1), (2, 2)):
        given = {"validation": _losses(draw, k, s), "test": _losses(draw, k, s)}
        yield Case(f"{k} rates, {s} seeds", given)
    # The lowest loss is the third of the first rate: its place in one list is the index of another rate.
    validation, test = _tempting(draw, 5, 3, 2)
    lucky, best = _best_run(validation)[0], _first_lowest([*map(_mean, validation)])
    order = [lucky, *(k for k in range(5) if k not in (lucky, best)), best]
    given = {"validation": [validation[k] for k in order], "test": [test[k] for k in order]}
    yield Case("5 rates, 3 seeds, the lowest loss in the first rate", given)


PART = exact_part(
    "10.3",
    chosen_on_validation,
    points=30,
    hints=(
        "Two steps that must not mix: one list of lists chooses, the other one is only read at the end.",
        "How does a rate stand for all its seeds when it is compared with the others: by its best, or by "
        "its mean?",
        "Take the mean over the seeds of each rate's validation losses, find the index of the lowest, and "
        "return it with the mean of that rate's test losses.",
    ),
    cases=choice_cases,
    outputs=("the rate", "its test loss"),
    floats=False,
    tolerance=TOLERANCE,
    misconceptions=MISCONCEPTIONS,
)
