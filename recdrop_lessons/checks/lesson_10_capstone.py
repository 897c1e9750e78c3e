"""Checks of lesson 10: intervals over seeds, paired differences, and a rate chosen without the test set."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import product

import torch

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.parts import Lesson, Misconception, Part
from recdrop_lessons.checks.recognise import Silent

Interval = tuple[float, float, float]

# Far below what any mistake changes, above what float32 scores change.
TOLERANCE = {torch.float64: 1e-5, torch.float32: 1e-5}

# ---------------------------------------------------------------- 10.1 mean_interval


def student(probability: float, degrees: float) -> float:
    if degrees < 1:
        raise Silent  # no such distribution: only a mistake comes here, and it may do anything
    from scipy.special import stdtrit  # only here: scipy takes a second to import

    return float(stdtrit(degrees, probability))


def normal(probability: float, degrees: float) -> float:
    return float(torch.special.ndtri(torch.tensor(probability, dtype=torch.float64)))


def _about_two(probability: float, degrees: float) -> float:
    return 1.96


def mean_interval(
    scores: Sequence[float],
    level: float,
    *,
    quantile: Callable[[float, float], float] = student,
    two_sided: bool = True,
    fixed: float | None = None,
    less: int = 1,
    degrees: int = 1,
    spread: Callable[[float, int], float] = lambda deviation, n: deviation / math.sqrt(n),
) -> Interval:
    """The interval; the keyword arguments say what a mistake does otherwise."""
    n = len(scores)
    level = fixed or level
    mean = math.fsum(scores) / n
    # s² = Σ(x - x̄)² / (n - 1)
    deviation = math.sqrt(math.fsum((score - mean) ** 2 for score in scores) / (n - less))
    # x̄ ± t_{(1 + level)/2, n-1} · s/√n
    half = quantile((1 + level) / 2 if two_sided else level, n - degrees) * spread(deviation, n)
    return mean, mean - half, mean + half


def _median(scores: Sequence[float], level: float) -> Interval:
    _, low, high = mean_interval(scores, level)
    ordered = sorted(scores)
    n = len(ordered)
    middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    return middle, middle - (high - low) / 2, middle + (high - low) / 2


def _half_width(scores: Sequence[float], level: float) -> tuple[float, float]:
    mean, low, high = mean_interval(scores, level)
    return mean, (high - low) / 2


def _percentiles(scores: Sequence[float], level: float) -> Interval:
    values = torch.tensor(list(scores), dtype=torch.float64)
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=torch.float64)
    low, high = torch.quantile(values, ends).tolist()
    return math.fsum(scores) / len(scores), low, high


INTERVAL_MISCONCEPTIONS = (
    Misconception(
        "normal-for-student",
        "You use the normal distribution's quantile (1.96 for 95 %). With few seeds the standard deviation "
        "is itself uncertain: Student's t with n - 1 degrees of freedom is wider.",
        (
            partial(mean_interval, quantile=normal),
            partial(mean_interval, quantile=normal, less=0),
            partial(mean_interval, quantile=_about_two),
            partial(mean_interval, quantile=_about_two, less=0),
            partial(mean_interval, quantile=lambda probability, degrees: 2.0),
        ),
    ),
    Misconception(
        "n-for-n-minus-1",
        "You divide the squares by n. The mean was taken from the same scores, so the sample's variance has "
        "n - 1 below (`statistics.stdev`, `numpy.std(ddof=1)`, `torch.std`).",
        (partial(mean_interval, less=0),),
    ),
    Misconception(
        "degrees-of-freedom",
        "Your t has other degrees of freedom. The mean takes one, so n - 1 are left.",
        (
            partial(mean_interval, degrees=0),
            partial(mean_interval, degrees=0, less=0),
            partial(mean_interval, degrees=2),
        ),
    ),
    Misconception(
        "root-n-forgotten",
        "Your half width lacks the √n: it has the standard deviation of a single score in place of the "
        "standard error of the mean, s/√n.",
        (
            *(
                partial(mean_interval, quantile=quantile, less=less, spread=lambda deviation, n: deviation)
                for quantile in (student, normal, _about_two)
                for less in (1, 0)
            ),
            partial(mean_interval, spread=lambda deviation, n: deviation / n),
            partial(mean_interval, spread=lambda deviation, n: deviation / math.sqrt(n - 1)),
        ),
    ),
    Misconception(
        "quantile-forgotten",
        "Your half width is the standard error, or the standard deviation, as it stands. It takes the "
        "factor t, which grows with the level.",
        (
            partial(mean_interval, quantile=lambda probability, degrees: 1.0),
            partial(
                mean_interval,
                quantile=lambda probability, degrees: 1.0,
                spread=lambda deviation, n: deviation,
            ),
            partial(
                mean_interval,
                quantile=lambda probability, degrees: 1.0,
                spread=lambda deviation, n: deviation,
                less=0,
            ),
        ),
    ),
    Misconception(
        "one-sided",
        "You take the quantile at `level`. Half of what the interval leaves out lies on each side, so it "
        "is the quantile at (1 + level)/2: 0.975 for 0.95.",
        (
            partial(mean_interval, two_sided=False),
            partial(mean_interval, quantile=normal, two_sided=False),
        ),
    ),
    Misconception(
        "ends-exchanged",
        "Your lower end is above your upper one. First the mean, then mean - half, then mean + half, with "
        "the quantile at (1 + level)/2, which is positive.",
        (partial(mean_interval, quantile=lambda probability, degrees: -student(probability, degrees)),),
    ),
    Misconception(
        "level-ignored",
        "Your interval is the same whatever `level` says.",
        tuple(partial(mean_interval, fixed=level) for level in (0.95, 0.9, 0.99)),
    ),
    Misconception(
        "range-for-interval",
        "You return where the scores lie, their smallest and largest or their percentiles. The interval is "
        "for the mean.",
        (
            lambda scores, level: (math.fsum(scores) / len(scores), min(scores), max(scores)),
            _percentiles,
        ),
    ),
    Misconception(
        "median-for-mean",
        "You return the median in place of the mean.",
        (_median,),
    ),
    Misconception(
        "half-width-returned",
        "You return the half width. Return three numbers: the mean, the lower end and the upper end.",
        (_half_width,),
    ),
)


def sample(draw: Draw, n: int) -> list[float]:
    """Scores of n runs, as accuracies would be, with a spread that no rounding hides."""
    centre, scale = draw.uniform(0.4, 0.8), draw.uniform(0.05, 0.2)
    return (centre + draw.normal(n, scale=scale)).tolist()


def interval_cases(draw: Draw) -> Iterator[Case]:
    n = draw.integer(4, 8)
    for size, level in (
        (n, 0.95),
        (n, 0.95),
        (n + 1, 0.9),
        (2, 0.95),
        (3, 0.99),
        (5, 0.5),
        (40, 0.8),
        (2, 0.6),
    ):
        yield Case(f"n={size}, level={level}", {"scores": sample(draw, size), "level": level})
    negative = [-10 * score for score in sample(draw, n)]
    yield Case("negative scores", {"scores": negative, "level": 0.95})
    level = round(draw.uniform(0.7, 0.98), 3)
    yield Case(f"level={level}", {"scores": sample(draw, n), "level": level})


# ---------------------------------------------------------------- 10.2 paired_difference


def paired_difference(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    return mean_interval([one - other for one, other in zip(a, b, strict=True)], level)


def _unpaired(
    a: Sequence[float],
    b: Sequence[float],
    level: float,
    degrees: str = "both",
    quantile: Callable[[float, float], float] = student,
) -> Interval:
    """The interval for two samples that have nothing to do with each other."""
    n = len(a)
    means = [math.fsum(scores) / n for scores in (a, b)]
    variances = [
        math.fsum((score - mean) ** 2 for score in scores) / (n - 1)
        for scores, mean in zip((a, b), means, strict=True)
    ]
    error = math.sqrt(sum(variances) / n)
    fitting = {
        "both": 2 * n - 2,
        "one": n - 1,
        # Welch
        "welch": (n - 1) * sum(variances) ** 2 / max(sum(v**2 for v in variances), 1e-300),
    }[degrees]
    half = quantile((1 + level) / 2, fitting) * error
    mean = means[0] - means[1]
    return mean, mean - half, mean + half


def _ends_subtracted(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    left, right = mean_interval(a, level), mean_interval(b, level)
    return left[0] - right[0], left[1] - right[1], left[2] - right[2]


def _ends_crossed(a: Sequence[float], b: Sequence[float], level: float) -> Interval:
    left, right = mean_interval(a, level), mean_interval(b, level)
    return left[0] - right[0], left[1] - right[2], left[2] - right[1]


def _of_differences(mistake: Callable[..., Value]) -> Callable[..., Value]:
    return lambda a, b, level: mistake([one - other for one, other in zip(a, b, strict=True)], level)


PAIRED_MISCONCEPTIONS = (
    Misconception(
        "unpaired-interval",
        "You treat the two lists as if they had nothing to do with each other. a[k] and b[k] share a seed: "
        "what both runs of a pair share cancels in a[k] - b[k], so take the interval of the differences.",
        (
            _unpaired,
            partial(_unpaired, degrees="one"),
            partial(_unpaired, degrees="welch"),
            partial(_unpaired, quantile=normal),
            _ends_crossed,
            _ends_subtracted,
        ),
    ),
    Misconception(
        "difference-reversed",
        "You subtract the wrong way round: the difference is a - b.",
        (lambda a, b, level: paired_difference(b, a, level),),
    ),
    Misconception(
        "pairs-sorted",
        "You sort the lists before you pair them. The pairs are the seeds: a[k] belongs to b[k] as they "
        "stand.",
        (
            lambda a, b, level: paired_difference(sorted(a), sorted(b), level),
            lambda a, b, level: paired_difference(sorted(a), sorted(b, reverse=True), level),
        ),
    ),
    Misconception(
        "absolute-differences",
        "You take absolute differences. Their sign is what it is about: a may be better at one seed and "
        "worse at the next.",
        (lambda a, b, level: mean_interval([abs(x - y) for x, y in zip(a, b, strict=True)], level),),
    ),
    *(replace(its, mistakes=tuple(map(_of_differences, its.mistakes))) for its in INTERVAL_MISCONCEPTIONS),
)


def paired_cases(draw: Draw) -> Iterator[Case]:
    """Scores that go up and down together from seed to seed, the second a little lower or higher."""
    n = draw.integer(4, 8)
    for size, level in ((n, 0.95), (n, 0.95), (n + 1, 0.9), (2, 0.95), (3, 0.99), (12, 0.5), (40, 0.8)):
        a = sample(draw, size)
        step = draw.uniform(-0.1, 0.1)
        b = [x + step + y for x, y in zip(a, draw.normal(size, scale=0.05).tolist(), strict=True)]
        yield Case(f"n={size}, level={level}", {"a": a, "b": b, "level": level})
    yield Case("unrelated scores", {"a": sample(draw, 5), "b": sample(draw, 5), "level": 0.95})
    level = round(draw.uniform(0.7, 0.98), 3)
    yield Case(f"level={level}", {"a": sample(draw, n), "b": sample(draw, n), "level": level})


# ---------------------------------------------------------------- 10.3 chosen_on_validation

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
    """The rate whose mean validation loss is lowest, and its mean test loss."""
    k = choose(validation, test)
    return k, report(validation, test, k)


def _per_seed(validation: Losses, test: Losses) -> tuple[int, float]:
    """The best rate at each seed by itself."""
    best = [_first_lowest([row[s] for row in validation]) for s in range(len(validation[0]))]
    return chosen_on_validation(validation, test)[0], _mean([test[k][s] for s, k in enumerate(best)])


def _best_run(values: Losses) -> tuple[int, int]:
    places = product(range(len(values)), range(len(values[0])))
    return min(places, key=lambda place: values[place[0]][place[1]])


CHOICE_MISCONCEPTIONS = (
    Misconception(
        "chosen-on-test",
        "You choose by the test losses. Then the test set has helped to choose and its loss is too good to "
        "be true: choose by validation, report the test.",
        (
            partial(chosen_on_validation, choose=lambda v, t: _first_lowest([*map(_mean, t)])),
            partial(
                chosen_on_validation,
                report=lambda v, t, k: min(map(_mean, t)),
            ),
            partial(
                chosen_on_validation,
                choose=lambda v, t: _first_lowest([_mean(a) + _mean(b) for a, b in zip(v, t, strict=True)]),
            ),
        ),
    ),
    Misconception(
        "validation-reported",
        "You report the validation loss of the rate that it chose. The choice has made it too low: report "
        "the test loss.",
        (partial(chosen_on_validation, report=lambda v, t, k: _mean(v[k])),),
    ),
    Misconception(
        "best-run-reported",
        "You report the best run of the chosen rate. A single seed is luck: report the mean over all seeds.",
        (
            partial(chosen_on_validation, report=lambda v, t, k: min(t[k])),
            partial(chosen_on_validation, report=lambda v, t, k: t[k][_first_lowest(v[k])]),
        ),
    ),
    Misconception(
        "best-run-chosen",
        "You choose the rate of the single best run. That run may be a lucky seed: choose by the mean over "
        "the seeds.",
        (
            partial(chosen_on_validation, choose=lambda v, t: _best_run(v)[0]),
            lambda validation, test: (
                _best_run(validation)[0],
                test[_best_run(validation)[0]][_best_run(validation)[1]],
            ),
        ),
    ),
    Misconception(
        "highest-chosen",
        "You choose the highest loss. These are losses, not scores: lower is better.",
        (
            partial(
                chosen_on_validation,
                choose=lambda v, t: _first_lowest([-_mean(row) for row in v]),
            ),
        ),
    ),
    Misconception(
        "chosen-per-seed",
        "You choose another rate at each seed. One rate is to be chosen, by its mean over all seeds.",
        (_per_seed,),
    ),
    Misconception(
        "axes-swapped",
        "You take the seeds for rates. validation[k] is the list of rate k, with one loss for each seed.",
        (
            lambda validation, test: chosen_on_validation(
                [*zip(*validation, strict=True)], [*zip(*test, strict=True)]
            ),
        ),
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


def choice_cases(draw: Draw) -> Iterator[Case]:
    rates, seeds = draw.integer(5, 7), draw.integer(3, 4)
    for k, s, luck in ((rates, seeds, 0), (rates, seeds, -1), (3, 5, 2), (4, 4, 1), (3, 3, 0)):
        validation, test = _tempting(draw, k, s, luck)
        yield Case(f"{k} rates, {s} seeds", {"validation": validation, "test": test})
    for k, s in ((1, 4), (4, 1), (1, 1), (2, 2)):
        given = {"validation": _losses(draw, k, s), "test": _losses(draw, k, s)}
        yield Case(f"{k} rates, {s} seeds", given)


LESSON = Lesson(
    "10_capstone",
    parts=(
        Part(
            "10.1",
            "mean_interval",
            40,
            "scores, level",
            (
                "Half the interval is t · s/√n. Which n belongs in s, which degrees of freedom in t, and "
                "at which probability is t read?",
                "s divides by n - 1; t is scipy.stats.t.ppf at (1 + level)/2 with n - 1 degrees of "
                "freedom; the ends are the mean minus and plus t·s/√n.",
            ),
            Exact(
                "mean_interval",
                mean_interval,
                interval_cases,
                outputs=("mean", "low", "high"),
                misconceptions=INTERVAL_MISCONCEPTIONS,
                floats=False,
                tolerance=TOLERANCE,
            ),
            INTERVAL_MISCONCEPTIONS,
        ),
        Part(
            "10.2",
            "paired_difference",
            30,
            "a, b, level",
            (
                "a[k] and b[k] come from the same seed. What is left of the seed's luck in a[k] - b[k]?",
                "Make the list of the differences a[k] - b[k] first; what remains is 10.1 on that list.",
            ),
            Exact(
                "paired_difference",
                paired_difference,
                paired_cases,
                outputs=("mean", "low", "high"),
                misconceptions=PAIRED_MISCONCEPTIONS,
                floats=False,
                tolerance=TOLERANCE,
            ),
            PAIRED_MISCONCEPTIONS,
        ),
        Part(
            "10.3",
            "chosen_on_validation",
            30,
            "validation, test",
            (
                "Two steps that must not mix: one list of lists chooses, the other one is only read at the "
                "end.",
                "Take the mean over the seeds of each rate's validation losses, find the index of the "
                "lowest, and return it with the mean of that rate's test losses.",
            ),
            Exact(
                "chosen_on_validation",
                chosen_on_validation,
                choice_cases,
                outputs=("the rate", "its test loss"),
                misconceptions=CHOICE_MISCONCEPTIONS,
                floats=False,
                tolerance=TOLERANCE,
            ),
            CHOICE_MISCONCEPTIONS,
        ),
    ),
)
