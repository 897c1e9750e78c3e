"""What a part's inputs must hold somewhere, at every seed: an edge that is drawn is not always there."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, product
from typing import Any

import pytest
import torch

from recdrop_lessons.checks import all_lessons, part
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time import noise_shape_dropout, sample_mask
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time._shared import AXES
from recdrop_lessons.checks.lessons.lesson_04_masks_over_time.shared_axes import shared_axes
from recdrop_lessons.checks.lessons.lesson_06_stacking_and_return_sequences._stacks import shape_cases
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.with_self_loops import loop_cases
from recdrop_lessons.checks.lessons.lesson_09_uncertainty import mc_passes
from recdrop_lessons.checks.lessons.lesson_09_uncertainty.calibration_error import calibration_cases
from recdrop_lessons.checks.lessons.lesson_09_uncertainty.predictive_entropy import probability_cases

SEEDS = range(50)
PARTS = [one for lesson in all_lessons() for one in lesson.parts]
CASES = {one.number: one.check.cases for one in PARTS if isinstance(one.check, Exact)}
CASES |= {"5.4": part("5.4").picture.cases, "6.1": shape_cases, "8.4": loop_cases}
CASES |= {"9.2": probability_cases, "9.4": calibration_cases}


def cases(number: str, seed: int) -> list[Case]:
    return list(CASES[number](Draw(seed, part(number).name)))


# ---- of every part whose inputs are cases ----


def words(value: Any) -> Any:
    """What is no number: words and flags, alone or in lists."""
    if isinstance(value, dict):
        return tuple((name, words(item)) for name, item in value.items())
    if isinstance(value, (tuple, list)):
        its = tuple(map(words, value))
        return its if any(its) else ""
    return repr(value) if isinstance(value, (str, bool)) or value is None else ""


@cache
def kinds(number: str, seed: int) -> frozenset[Any]:
    """The cases without their numbers; and of their tensors the dtypes, and which axes have one element."""
    asked = cases(number, seed)
    said = {(re.sub(r"[\d.]+", "", one.label), words(one.arguments)) for one in asked}
    layouts = {
        (name, its.dtype, tuple(size == 1 for size in its.shape))
        for one in asked
        for name, its in one.arguments.items()
        if isinstance(its, torch.Tensor)
    }
    return frozenset(said | layouts)


@pytest.mark.parametrize("number", CASES)
def test_the_kinds_of_inputs_are_the_same_at_every_seed(number):
    """So no word, flag, dtype or axis of one element is there at some seeds and not at others."""
    for seed in range(1, 12):
        assert kinds(number, seed) == kinds(number, 0), seed


def masks_of(number: str) -> list[str]:
    return [name for name in cases(number, 0)[0].arguments if re.match(r"(m|d)_", name)]


@pytest.mark.parametrize(("number", "mask"), [(n, name) for n in CASES for name in masks_of(n)])
def test_some_mask_differs_along_each_of_its_axes_at_every_seed(number, mask):
    """So an answer shows that takes one example's values, or one unit's, for all."""

    def varies(m):
        return all(bool((m != m.narrow(axis, 0, 1)).any()) for axis in range(m.dim()))

    for seed in range(12):
        assert any(varies(m) for case in cases(number, seed) if (m := case.arguments.get(mask)) is not None)


# ---- of one part ----


def impossible_everywhere(logits, **_):
    """A class that is impossible in every pass, for an example for which it is not the only one."""
    p = logits.softmax(-1)
    return ((p == 0).all(0).any(-1) & (p > 0).any(0).any(-1)).any()


def impossible_somewhere(logits, **_):
    """A class that is impossible in one pass and certain in another, of one example."""
    p = logits.softmax(-1)
    return ((p == 0).any(0) & (p == 1).any(0)).any()


def unsure_between_some(probabilities):
    """An example that has classes of probability 0 and is not certain."""
    return ((probabilities == 0).any(-1) & (probabilities.amax(-1) < 1)).any()


def rounding_beyond_isclose(f, i, kept, written, gates_changed):
    """Without a mask, and torch.isclose says of both factors that they have changed."""
    near = (kept - f).abs().max() < 1e-5 and (written - i).abs().max() < 1e-5
    return near and not gates_changed and not torch.isclose(kept, f).all() and not written.isclose(i).all()


def sure_and_right(probabilities, labels, bins):
    return (probabilities.amax(-1) == 1).all() and (probabilities.argmax(-1) == labels).all()


def sure_and_wrong(probabilities, labels, bins):
    return (probabilities.amax(-1) == 1).all() and (probabilities.argmax(-1) != labels).any()


def repeats(edges, **_):
    """An edge that is no loop is there twice."""
    plain = edges[:, edges[0] != edges[1]]
    return plain.unique(dim=1).shape[1] < plain.shape[1]


def scores_below_zero(h, edges, a_src, a_dst, slope):
    """Two scores of one node, both below zero and apart, so that the slope shows."""
    scores = (h @ a_src)[edges[0]] + (h @ a_dst)[edges[1]]
    low = [scores[(edges[1] == node) & (scores < 0) & (scores > -100)] for node in edges[1].unique()]
    return any(len(its) > 1 and float(its.max() - its.min()) > 0.1 for its in low)


def some_full_and_some_short(lengths, **given):
    T = next(iter(given.values())).shape[1]
    return (lengths == T).any() and (lengths == 1).any() and ((lengths > 1) & (lengths < T)).any()


def none_full(lengths, **given):
    return lengths.max() < next(iter(given.values())).shape[1]


#: Part → what some case must hold. Each takes the part's own arguments.
EDGES: dict[str, tuple[Callable[..., Any], ...]] = {
    "5.6": (rounding_beyond_isclose,),
    "6.2": (some_full_and_some_short, none_full),
    "6.4": (some_full_and_some_short, none_full),
    "8.1": (scores_below_zero, repeats),
    "8.3": (repeats,),
    "8.4": (repeats,),
    "9.1": (impossible_everywhere, impossible_somewhere),
    "9.2": (unsure_between_some,),
    "9.3": (impossible_everywhere, impossible_somewhere),
    "9.4": (sure_and_right, sure_and_wrong),
}


@pytest.mark.parametrize(("number", "edge"), [(n, edge) for n, edges in EDGES.items() for edge in edges])
def test_an_edge_is_among_the_inputs_at_every_seed(number, edge):
    missing = [
        seed for seed in SEEDS if not any(bool(edge(**case.arguments)) for case in cases(number, seed))
    ]
    assert not missing


def test_every_sharing_is_among_the_masks_at_every_seed():
    every = {its for n in range(4) for its in combinations(AXES, n)}
    for seed in SEEDS:
        for shape in ((2, 2, 2), (4, 4, 4)):
            masks = (case.arguments["mask"] for case in cases("4.5", seed))
            assert {shared_axes(m) for m in masks if tuple(m.shape) == shape} == every


def asked(*groups: Any) -> Iterator[dict[str, Any]]:
    return (step.arguments for steps in groups for step in steps.steps)


def test_what_draws_is_asked_in_every_kind_at_every_seed():
    sharings = {frozenset(its) for n in range(4) for its in combinations(AXES, n)}
    dtypes = {torch.float32, torch.float64}
    for seed in range(12):
        edges = list(asked(sample_mask._masks(seed)[-1]))
        for p in (0.0, 0.5):
            assert {frozenset(its["shared"]) for its in edges if its["p"] == p} == sharings
        large = [its["x"] for its in asked(noise_shape_dropout._shaped(seed)[0])]
        assert {(x.dtype, x.is_contiguous()) for x in large} == set(product(dtypes, (True, False)))
        assert {its["x"].dtype for its in asked(mc_passes._asked(seed)[-1])} == dtypes
