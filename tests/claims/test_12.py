"""The claims of lesson 12, decided by PyTorch Geometric itself."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from recdrop_lessons import GraphConv, variants
from recdrop_lessons.layers.edges import symmetric_normalisation

geometric = pytest.importorskip(
    "torch_geometric.nn", reason="the extra `frameworks` brings PyTorch Geometric"
)
utils = pytest.importorskip("torch_geometric.utils")

N, FEATURES, OUT, P = 12, 5, 3, 0.4


@pytest.fixture
def x():
    return torch.randn(N, FEATURES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def edges():
    """(2, E): random directed pairs, none twice and no loops."""
    pairs = torch.rand(N, N, generator=torch.Generator().manual_seed(1)) < 0.3
    return pairs.fill_diagonal_(False).nonzero().T.contiguous()


def both():
    torch.manual_seed(2)
    theirs = geometric.GCNConv(FEATURES, OUT).double()
    ours = GraphConv(FEATURES, OUT).double()
    with torch.no_grad():
        ours.weight.copy_(theirs.lin.weight)
    return theirs, ours


@torch.no_grad()
def test_a_mask_on_the_normalised_matrix_is_drop_edge_and_removing_edges_is_not(x, edges):
    theirs, ours = both()
    looped = ours.edges_with_loops(edges, N)
    weight = symmetric_normalisation(looped, torch.ones(looped.shape[1]).double(), N)
    matrix = torch.zeros(N, N).double().index_put((looped[1], looped[0]), weight)
    torch.manual_seed(3)
    dropped = F.dropout(matrix, P)
    m = torch.where(dropped == 0, 0.0, 1 / (1 - P))[looped[1], looped[0]]  # (E',)
    by_matrix = dropped @ theirs.lin(x)
    assert torch.allclose(ours(x, edges, masks={"message": m[:, None]}), by_matrix, atol=1e-12)
    removed = theirs(x, edges[:, m[: edges.shape[1]] > 0])
    assert (removed - by_matrix).abs().max() > 1e-2


@torch.no_grad()
def test_dropout_edge_before_the_layer_is_the_layer_on_the_edges_that_are_left(x, edges):
    theirs, _ = both()
    left, which = utils.dropout_edge(edges, P)
    assert torch.equal(theirs(x, left), theirs(x, edges[:, which]))


@torch.no_grad()
def test_the_mean_over_all_graphs_that_dropout_edge_leaves_is_another_one():
    """Over the 64 graphs that can be left of a path of four nodes; 4000 draws of PyG's have that mean."""
    path = torch.tensor([[0, 1, 2, 1, 2, 3], [1, 2, 3, 0, 1, 2]])
    conv = geometric.GCNConv(1, 1, bias=False)
    conv.lin.weight.fill_(1)
    ones = torch.ones(4, 1)
    graphs = product([True, False], repeat=6)
    mean = torch.stack([conv(ones, path[:, list(kept)]) for kept in graphs]).mean(0)
    assert (mean - conv(ones, path)).abs().max() > 0.05
    torch.manual_seed(0)
    drawn = torch.stack([conv(ones, utils.dropout_edge(path, 0.5)[0]) for _ in range(4000)])
    error = drawn.std(0) / 4000**0.5
    assert bool(((drawn.mean(0) - mean).abs() < 5 * error + 1e-6).all())


@torch.no_grad()
def test_drop_node_masks_rows_of_x_and_feature_dropout_is_no_message_mask(x, edges):
    theirs, ours = both()
    source = ours.edges_with_loops(edges, N)[0]
    torch.manual_seed(4)
    rows = F.dropout(torch.ones(N, 1).double(), P)
    assert torch.allclose(theirs(rows * x, edges), ours(x, edges, masks={"message": rows[source]}))
    # Node 1 receives from node 0 alone: no value of 0 or 1/(1-p) for its message repeats the pass.
    pair = torch.tensor([[0, 1], [1, 0]])
    alone = GraphConv(FEATURES, OUT, add_self_loops=False).double()
    alone.weight.copy_(theirs.lin.weight)
    numbers = torch.tensor([0, 1, 0, 1, 1]) / (1 - P)
    ratio = alone(numbers * x, pair)[1] / alone(x, pair)[1]  # the mask that would do it
    assert bool((((ratio - 1 / (1 - P)).abs() > 1e-3) & (ratio.abs() > 1e-3)).all())


def test_variances_are_those_of_the_formula(edges):
    """4000 draws of each method: the variance of one number, and of the sum of all; 5 standard errors."""
    x = torch.ones(N, 1).double()
    ours = GraphConv(1, 2, add_self_loops=True).double()
    with torch.no_grad():
        ours.weight.fill_(1)
    looped = ours.edges_with_loops(edges, N)
    weight = symmetric_normalisation(looped, torch.ones(looped.shape[1]).double(), N)
    into = weight * (looped[1] == 0)
    by_source = torch.zeros(N).double().index_add(0, looped[0], weight)
    wanted = {
        "drop_message": 2 * (weight**2).sum(),
        "drop_edge": 4 * (weight**2).sum(),
        "drop_node": 4 * (by_source**2).sum(),
    }
    generator = torch.Generator().manual_seed(5)
    for name, of_all in wanted.items():
        ours.drops = variants.GRAPH_ROWS[name].make(0.5)
        drawn = []
        for _ in range(4000):
            masks = ours.sample_masks(N, looped, generator=generator)
            with torch.no_grad():
                drawn.append(ours(x, edges, masks=masks))
        y = torch.stack(drawn)  # (draws, N, 2)
        error = 5 * (2 / 4000) ** 0.5  # of a variance near a normal one, relative
        assert y[:, 0, 0].var() == pytest.approx(float((into**2).sum()), rel=1.5 * error)
        assert y.sum((1, 2)).var() == pytest.approx(float(of_all), rel=1.5 * error)


def test_dropout_edge_drops_in_evaluation():
    edges = torch.randint(0, N, (2, 4000))
    geometric.GCNConv(1, 1).eval()
    assert 1800 < utils.dropout_edge(edges, 0.5)[0].shape[1] < 2200
    assert utils.dropout_edge(edges, 0.5, training=False)[0].shape[1] == 4000


@torch.no_grad()
def test_a_cached_layer_keeps_the_first_dropped_graph(x, edges):
    cached, fresh = (geometric.GCNConv(FEATURES, OUT, cached=one).double() for one in (True, False))
    first = utils.dropout_edge(edges, 0.5)[0]
    assert torch.equal(cached(x, first), cached.eval()(x, edges))
    assert not torch.allclose(fresh(x, first), fresh.eval()(x, edges))
