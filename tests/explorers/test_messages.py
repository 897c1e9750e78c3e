"""Lesson 12's explorer: each row of the switches has its name, and removed edges are those of the twin."""

from __future__ import annotations

import numpy as np
import pytest

from recdrop_lessons.explorers import messages
from recdrop_lessons.explorers.frame import SettingsError
from recdrop_lessons.twins.graph import graph_conv

NAMES = {
    (False, False): "DropMessage.",
    (True, False): "DropEdge.",
    (True, True): "DropNode.",
    (False, True): "Dropout of the projected features of each node.",
}


@pytest.mark.parametrize(("features", "source"), NAMES)
def test_the_switches_name_the_method_and_share_as_it_does(features: bool, source: bool) -> None:
    frame = messages.figure(features=features, source=source)
    assert frame.status.startswith(NAMES[features, source])
    times = frame.numbers["multiplier"]
    senders = messages.edges()[0]
    assert bool((times == times[:, :1]).all()) is features
    first = np.array([np.flatnonzero(senders == u)[0] for u in senders])
    assert bool((times == times[first]).all()) is source
    assert set(np.unique(times)) == {0.0, 2.0}


def test_removed_edges_are_normalised_as_the_twin_does() -> None:
    times = messages.figure(anew=True, seed=3).numbers["multiplier"]
    edges = messages.edges()
    x, W = np.random.default_rng(0).standard_normal((2, messages.NODES, messages.NODES))
    left = edges[:, (times[:, 0] > 0) & (edges[0] != edges[1])]
    assert left.shape[1] < edges.shape[1] - messages.NODES
    degree = np.bincount(edges[1])
    sent = times[:, :1] * (x @ W.T)[edges[0]] / np.sqrt(degree[edges[0]] * degree[edges[1]])[:, None]
    received = np.zeros_like(x)
    np.add.at(received, edges[1], sent)
    np.testing.assert_allclose(received, graph_conv(x, left, W), atol=1e-12)


def test_the_mean_is_kept_only_on_a_fixed_normalisation() -> None:
    assert messages.figure().numbers["carried"] == (1.0, 1.0)
    between, loops = messages.figure(anew=True).numbers["carried"]
    assert between < 0.9 and loops > 1.1


def test_only_whole_edges_can_be_removed() -> None:
    assert messages.figure(features=False).off == ("anew",)
    assert messages.settle({}, {"features": True, "source": True, "anew": True})["anew"] is False
    with pytest.raises(SettingsError, match="set features=True, source=False"):
        messages.figure(source=True, anew=True)
