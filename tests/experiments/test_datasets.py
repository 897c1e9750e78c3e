"""Splits do not overlap, keep their proportions and follow the seed; graph and text are what they say."""

import sys

import numpy as np
import pytest
import torch

from recdrop_lessons import datasets
from recdrop_lessons.experiments.datasets import DataError, digits, digits_graph, distort, manual_text

PARTS = ("train", "validation", "test")


def all_rows(data):
    """Every picture of a `Splits` as a set of (pixels, label)."""
    return [
        {(x.numpy().tobytes(), int(y)) for x, y in zip(*getattr(data, part), strict=True)} for part in PARTS
    ]


# --- digits


def test_digits_have_the_sizes_asked_for():
    data = digits(train=300, validation=250)
    assert [len(getattr(data, part).y) for part in PARTS] == [300, 250, 1797 - 550]
    assert data.train.x.shape == (300, 8, 8)
    assert (data.train.x.dtype, data.train.y.dtype) == (torch.float32, torch.int64)
    assert (data.test.x.min(), data.test.x.max()) == (0, 1)
    assert repr(data) == "Splits(train 300, validation 250, test 1247; x (N, 8, 8), 10 classes)"


def test_digits_share_no_row_and_lose_none():
    from sklearn.datasets import load_digits

    train, validation, test = all_rows(digits())
    assert not train & validation and not train & test and not validation & test
    whole = load_digits()
    everything = {
        ((image / 16).astype(np.float32).tobytes(), int(label))
        for image, label in zip(whole.images, whole.target, strict=True)
    }
    assert train | validation | test == everything
    assert len(everything) == 1797  # no two pictures are equal, so the sets above count rows


def test_digits_are_stratified():
    data = digits(train=100, validation=200, seed=3)
    share = torch.cat([getattr(data, part).y for part in PARTS]).bincount() / 1797
    for part in PARTS:
        y = getattr(data, part).y
        assert (y.bincount(minlength=10) - share * len(y)).abs().max() <= 1.5, part


def test_digits_follow_the_seed_and_nothing_else():
    before = torch.get_rng_state()
    first, again, other = digits(seed=1), digits(seed=1), digits(seed=2)
    assert torch.equal(first.train.x, again.train.x) and torch.equal(first.test.y, again.test.y)
    assert not torch.equal(first.train.x, other.train.x)
    assert torch.equal(before, torch.get_rng_state())


def test_a_missing_library_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"needs scikit-learn.*pip install 'recdrop_lessons\[course\]'"):
        digits()


def test_distort_turns_anticlockwise():
    x = digits().test.x[:5]
    turned = distort(x, degrees=90)
    torch.testing.assert_close(turned, x.rot90(1, (1, 2)), atol=1e-6, rtol=0)
    assert not torch.allclose(turned, x, atol=0.1)


def test_distort_noises_by_the_standard_deviation_and_the_seed():
    grey = torch.full((200, 8, 8), 0.5)
    noised = distort(grey, noise=0.1, seed=4)
    assert abs(noised.std().item() - 0.1) < 4 * 0.1 / (2 * 12800) ** 0.5  # four standard errors
    assert torch.equal(noised, distort(grey, noise=0.1, seed=4))
    assert not torch.equal(noised, distort(grey, noise=0.1, seed=5))
    assert noised.dtype == torch.float32 and torch.equal(grey, torch.full((200, 8, 8), 0.5))
    strong = distort(grey, noise=2.0)
    assert strong.min() == 0 and strong.max() == 1


# --- graph


def test_graph_joins_nearest_neighbours():
    graph = digits_graph(neighbours=4)
    source, target = graph.edges
    assert graph.x.shape == (1797, 64) and graph.edges.dtype == torch.int64
    assert not (source == target).any()
    edges = set(map(tuple, graph.edges.T.tolist()))
    assert len(edges) == graph.edges.shape[1]
    assert edges == {(b, a) for a, b in edges}

    # The other implementation: scikit-learn's own graph, whose k-th distance bounds ours (ties apart).
    from sklearn.neighbors import kneighbors_graph

    theirs = kneighbors_graph(16 * graph.x.double().numpy(), 4, mode="distance")
    reach = torch.from_numpy(theirs.max(axis=1).toarray().ravel())  # distance to the fourth neighbour
    length = (16 * (graph.x[source] - graph.x[target])).double().norm(dim=1)
    assert (length <= torch.maximum(reach[source], reach[target]) + 1e-6).all()
    nearer = {
        edge
        for edge, d in zip(zip(*theirs.nonzero(), strict=True), theirs.data, strict=True)
        if d < reach[edge[0]]
    }
    assert nearer <= edges
    assert torch.bincount(source).min() >= 4


def test_graph_masks():
    graph = digits_graph(labels_per_class=20, validation=400, seed=1)
    masks = torch.stack([getattr(graph, part) for part in PARTS])
    assert masks.sum(0).eq(1).all()
    assert masks.sum(1).tolist() == [200, 400, 1197]
    assert graph.y[graph.train].bincount().tolist() == [20] * 10
    share = graph.y[~graph.train].bincount() / 1597
    assert (graph.y[graph.validation].bincount() - 400 * share).abs().max() <= 1.5
    assert torch.equal(graph.nodes.validation.x, graph.validation.nonzero().flatten())
    assert torch.equal(graph.nodes.test.y, graph.y[graph.test])


def test_graph_follows_the_seed():
    first, again, other = digits_graph(seed=1), digits_graph(seed=1), digits_graph(seed=2)
    assert torch.equal(first.train, again.train) and torch.equal(first.validation, again.validation)
    assert not torch.equal(first.train, other.train)
    assert torch.equal(first.edges, other.edges)


# --- text


def test_text_is_cut_without_overlap_or_loss():
    text = manual_text(50_000, validation=0.1, test=0.2)
    assert [len(getattr(text, part)) for part in PARTS] == [35_000, 5_000, 10_000]
    whole = torch.cat([text.train, text.validation, text.test])
    assert text.decode(whole) == datasets._manual()[:50_000]
    assert whole.dtype == torch.int64 and 0 <= whole.min() and whole.max() < len(text.vocabulary) == 96


def test_the_test_stretch_is_not_known_from_training():
    """Of all passages of 80 characters, fewer than 1 in 100 stand in the training stretch word for word."""
    text = manual_text(200_000)
    train, test = text.decode(text.train), text.decode(text.test)
    known = {train[start : start + 80] for start in range(len(train) - 80)}
    seen = sum(test[start : start + 80] in known for start in range(len(test) - 80))
    assert seen < 0.01 * len(test)


def test_text_goes_out_and_in_again():
    text = manual_text(1_000)
    assert text.decode(text.encode("def f(x):\n    return x")) == "def f(x):\n    return x"
    with pytest.raises(DataError, match="'é'"):
        text.encode("café")


def test_windows_look_one_character_ahead():
    text = manual_text(1_000)
    data = text.windows(30)
    x, y = data.train
    assert x.shape == y.shape == (26, 30)  # (800 - 1) // 30
    assert torch.equal(x[:, 1:], y[:, :-1]) and torch.equal(y[:-1, -1], x[1:, 0])
    assert torch.equal(x.flatten(), text.train[: 26 * 30]) and y[-1, -1] == text.train[26 * 30]
    assert data.classes == 96


# --- what is refused

REFUSED = {
    "at least 10 examples": [
        *(lambda sizes=sizes: digits(*sizes) for sizes in ((9, 300), (300, 9), (1500, 290), (1797, 0))),
        lambda: digits_graph(validation=1590),
    ],
    r"shape \(8, 8\)": [lambda: distort(torch.zeros(8, 8), degrees=10)],
    "noise = -1": [lambda: distort(torch.zeros(1, 8, 8), noise=-1)],
    "neighbours = 0": [lambda: digits_graph(neighbours=0)],
    "rarest digit has 174": [lambda: digits_graph(labels_per_class=174)],
    "choose between": [lambda: manual_text(10**9), lambda: manual_text(50)],
    "together below 1": [lambda: manual_text(validation=0.6, test=0.4)],
    "both above 0": [lambda: manual_text(test=0.0)],
    "from 1 to 99": [lambda: manual_text(1_000).windows(100)],
    "steps = 0": [lambda: manual_text(1_000).windows(0)],
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_cannot_be_had_is_refused(message):
    for call in REFUSED[message]:
        with pytest.raises(DataError, match=message):
            call()
