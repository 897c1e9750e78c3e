"""Graph convolution: equal to its NumPy twin with every mask; which messages share a draw; refusals."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from recdrop_lessons import Drop, DropError, GraphConv, MaskError, RecdropError, ShapeError, variants
from recdrop_lessons.layers.edges import remove_edges
from recdrop_lessons.twins.equations import complex_step
from recdrop_lessons.twins.graph import graph_conv

N, FEATURES, OUT = 6, 4, 3
SHARINGS = [(), ("features",), ("source",), ("features", "source")]


def made(drops=(), self_loops=True, edges=None, seed=1):
    """A layer, features, and edges with a self-loop, a repeated edge, and an isolated node (the last)."""
    torch.manual_seed(seed)
    layer = GraphConv(FEATURES, OUT, drops=drops, add_self_loops=self_loops).double()
    torch.nn.init.normal_(layer.bias)
    if edges is None:
        edges = torch.tensor([[0, 1, 2, 2, 3, 4, 0, 1], [1, 2, 0, 2, 1, 3, 1, 4]])
    return layer, torch.randn(N, FEATURES, dtype=torch.float64), edges


def twin(layer, x, edges, masks, weight=None):
    W, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    own = {site: mask.numpy() for site, mask in masks.items()}
    weight = None if weight is None else weight.detach().numpy()
    loops = layer.add_self_loops
    return graph_conv(x, edges.numpy(), W, b, edge_weight=weight, self_loops=loops, masks=own)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_graph_and_any_masks_equal_the_twin(data):
    nodes = st.integers(0, N - 1)
    pairs = data.draw(st.lists(st.tuples(nodes, nodes), max_size=12))
    edges = torch.tensor(pairs, dtype=torch.long).reshape(-1, 2).T
    drops = [Drop("message", 0.5, shared=data.draw(st.sampled_from(SHARINGS)))]
    drops += [Drop("input", 0.4, shared=data.draw(st.sampled_from([(), ("features",), ("batch",)])))]
    layer, x, edges = made(drops, data.draw(st.booleans()), edges)
    weights = data.draw(st.none() | st.lists(st.sampled_from([0.0, 0.5, 2.0]), min_size=12, max_size=12))
    weight = None if weights is None else torch.tensor(weights[: edges.shape[1]], dtype=torch.float64)
    masks = layer.sample_masks(
        N, layer.edges_with_loops(edges, N), generator=torch.Generator().manual_seed(2)
    )
    theirs = twin(layer, x.numpy(), edges, masks, weight)
    assert np.abs(layer(x, edges, weight, masks=masks).detach().numpy() - theirs).max() <= 1e-12


@pytest.mark.parametrize("shared", SHARINGS)
def test_gradients_equal_the_twins_complex_step(shared):
    layer, x, edges = made([Drop("message", 0.5, shared=shared), Drop("input", 0.3)])
    masks = layer.sample_masks(
        N, layer.edges_with_loops(edges, N), generator=torch.Generator().manual_seed(3)
    )
    weight = torch.rand(edges.shape[1], dtype=torch.float64, requires_grad=True)
    probe = torch.randn(N, OUT, dtype=torch.float64)
    x.requires_grad_()
    (layer(x, edges, weight, masks=masks) * probe).sum().backward()
    own = {site: mask.numpy() for site, mask in masks.items()}
    W, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()

    def loss(x, w, W, b):
        y = graph_conv(x, edges.numpy(), W, b, edge_weight=w, masks=own)
        return (y * probe.numpy()).sum()

    at = [x.detach().numpy(), weight.detach().numpy(), W, b]
    for k, ours in enumerate((x.grad, weight.grad, layer.weight.grad, layer.bias.grad)):
        theirs = complex_step(lambda v, k=k: loss(*at[:k], v, *at[k + 1 :]), at[k])
        assert np.abs(ours.numpy() - theirs).max() <= 1e-12


@pytest.mark.parametrize(
    ("method", "over_features", "over_edges_of_a_source"),
    [("drop_message", False, False), ("drop_edge", True, False), ("drop_node", True, True)],
)
def test_which_messages_share_a_draw(method, over_features, over_edges_of_a_source):
    edges = torch.tensor([[0] * 40 + [1] * 40, [2] * 80])
    layer, _, _ = made(variants.GRAPH_ROWS[method].make(0.5), self_loops=False)
    mask = layer.sample_masks(N, edges, generator=torch.Generator().manual_seed(0))["message"]
    assert set(mask.unique().tolist()) == {0.0, 2.0}
    full = mask.expand(80, OUT)
    assert bool((full == full[:, :1]).all()) == over_features
    assert all(bool((part == part[:1]).all()) == over_edges_of_a_source for part in (full[:40], full[40:]))


@pytest.mark.parametrize("method", ["drop_message", "drop_edge", "drop_node"])
def test_the_mean_over_masks_is_the_output_without(method):
    layer, x, edges = made(variants.GRAPH_ROWS[method].make(0.4))
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        runs = torch.stack([layer(x, edges, generator=generator) for _ in range(4000)])  # (R, N, F')
        plain = layer.eval()(x, edges)
    error = runs.std(0) / math.sqrt(len(runs))
    assert ((runs.mean(0) - plain).abs() <= 5 * error + 1e-12).all()
    assert (runs.std(0) > 0.01).any()


def test_edges_removed_and_normalised_anew_is_another_method():
    """A node with one neighbour and a self-loop: if the edge is gone, the self-loop weighs 1, not 1/2."""
    layer, x, edges = made(edges=torch.tensor([[0, 1], [1, 0]]))
    kept, which = remove_edges(edges, 0.5, training=True, generator=torch.Generator().manual_seed(1))
    assert kept.shape[1] == which.sum() and torch.equal(kept, edges[:, which])
    with torch.no_grad():
        gone = layer(x, edges[:, :0])[0]
        both = layer(x, edges)[0]
        # each of the four cases has probability 1/4
        one = layer(x, edges[:, 1:])[0]
        mean = (gone + both + one + layer(x, edges[:, :1])[0]) / 4
    assert not torch.allclose(mean, both, atol=1e-2)
    same, every = remove_edges(edges, 0.5, training=False)
    assert same is edges and every.all()


def test_drop_node_is_a_mask_on_rows_of_x_and_per_element_it_is_not():
    layer, x, edges = made()
    looped = layer.edges_with_loops(edges, N)
    rows = 2.0 * torch.bernoulli(torch.full((N, 1), 0.5, dtype=torch.float64))
    by_rows = layer(x, edges, masks={"input": rows})
    assert torch.allclose(by_rows, layer(x, edges, masks={"message": rows[looped[0]]}), atol=1e-12)
    layer, x, edges = GraphConv(3, 3).double(), torch.randn(N, 3, dtype=torch.float64), edges
    each = 2.0 * torch.bernoulli(torch.full((N, 3), 0.5, dtype=torch.float64))
    on_x = {"input": each}
    on_messages = {"message": each[looped[0]]}
    assert not torch.allclose(layer(x, edges, masks=on_x), layer(x, edges, masks=on_messages), atol=1e-3)
    layer.weight.data = torch.eye(3, dtype=torch.float64)  # equal where W mixes no features
    assert torch.allclose(layer(x, edges, masks=on_x), layer(x, edges, masks=on_messages), atol=1e-12)


def test_training_draws_and_evaluation_does_not():
    layer, x, edges = made(variants.drop_edge(0.5))
    assert not torch.equal(layer(x, edges), layer(x, edges))
    layer.eval()
    assert torch.equal(layer(x, edges), made()[0](x, edges))
    binary, _, _ = made([Drop("message", 0.25, noise="binary")])
    ours = binary.eval()(x, edges) - binary.bias
    assert torch.allclose(ours, 0.75 * (layer(x, edges) - layer.bias), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "cure"),
    [
        (lambda g, x, e: g(x[:, :2], e), ShapeError, "Make it as GraphConv(2, 3)"),
        (lambda g, x, e: g(x, e.T), ShapeError, "try edges.T"),
        (lambda g, x, e: g(x, e.double()), RecdropError, "expected whole numbers from 0 to 5"),
        (lambda g, x, e: g(x, e + 3), RecdropError, "expected whole numbers from 0 to 5"),
        (lambda g, x, e: g(x, e - 1), RecdropError, "expected whole numbers from 0 to 5"),
        (lambda g, x, e: g(x, e, torch.ones(3, dtype=torch.float64)), ShapeError, "one weight an edge"),
        (lambda g, x, e: g(x, e, -x.new_ones(8)), RecdropError, "expected weights >= 0"),
        (lambda g, x, e: g(x, e, torch.ones(8)), RecdropError, "edge_weight.double()"),
        (lambda g, x, e: g(x, e, masks={}), MaskError, "masks lacks 'message'"),
        (lambda g, x, e: g(x, e, masks={"message": x.new_ones(8, 3)}), MaskError, "expected (13, 3)"),
        (
            lambda g, x, e: g(x, e, masks={"attention": x.new_ones(8, 1)}),
            MaskError,
            "has no site 'attention'",
        ),
        (lambda g, x, e: remove_edges(e, 1.0, training=True), DropError, "Choose 0 <= p < 1"),
        (lambda g, x, e: Drop("message", 1.5), DropError, "divide by 100"),
        (lambda g, x, e: Drop("message", 0.2, shared=("time",)), DropError, '"features", "source"'),
        (lambda g, x, e: Drop("input", 0.2, shared=("source",)), DropError, "no such axis"),
        (lambda g, x, e: GraphConv(4, 3, drops=Drop("input", 0.2, per_gate=True)), DropError, "no gates"),
        (lambda g, x, e: GraphConv(4, 3, drops=Drop("attention", 0.2)), DropError, "has no site 'attention'"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_cure(call, error, cure):
    layer, x, edges = made(variants.drop_message(0.5))
    with pytest.raises(error) as caught:
        call(layer, x, edges)
    assert cure in str(caught.value)


def test_a_drop_of_messages_is_read_back():
    for key, row in variants.GRAPH_ROWS.items():
        assert variants.matching(row.make(0.3), variants.GRAPH_ROWS) == [key]
    assert Drop("message", 0.2).shared == () and variants.matching([Drop("message", 0.2)]) == []
