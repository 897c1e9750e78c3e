"""What a part's inputs must hold somewhere, at every seed: an edge that is drawn is not always there."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from recdrop_lessons.checks import part
from recdrop_lessons.checks.draw import Draw

SEEDS = range(50)
Holds = Callable[..., Any]


def _impossible_everywhere(logits, **_):
    """A class that is impossible in every pass, for an example for which it is not the only one."""
    p = logits.softmax(-1)
    return ((p == 0).all(0).any(-1) & (p > 0).any(0).any(-1)).any()


def _impossible_somewhere(logits, **_):
    """A class that is impossible in one pass and certain in another, of one example."""
    p = logits.softmax(-1)
    return ((p == 0).any(0) & (p == 1).any(0)).any()


def _rounding_beyond_isclose(f, i, kept, written, gates_changed):
    """Without a mask, and torch.isclose says of both factors that they have changed."""
    near = (kept - f).abs().max() < 1e-5 and (written - i).abs().max() < 1e-5
    return near and not gates_changed and not torch.isclose(kept, f).all() and not written.isclose(i).all()


#: Part → what some case must hold. Each predicate takes the part's own arguments.
EDGES: dict[str, tuple[Holds, ...]] = {
    "5.6": (_rounding_beyond_isclose,),
    "9.1": (_impossible_everywhere, _impossible_somewhere),
    "9.3": (_impossible_everywhere, _impossible_somewhere),
}


@pytest.mark.parametrize(("number", "edge"), [(n, edge) for n, edges in EDGES.items() for edge in edges])
def test_an_edge_is_among_the_inputs_at_every_seed(number, edge):
    its = part(number)
    missing = [
        seed
        for seed in SEEDS
        if not any(bool(edge(**case.arguments)) for case in its.picture.cases(Draw(seed, its.name)))
    ]
    assert not missing
