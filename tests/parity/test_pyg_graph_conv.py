"""Our GraphConv equals PyTorch Geometric's GCNConv: values and gradients, with the same masks injected."""

import pytest
import torch

from recdrop_lessons import GraphConv, variants

pyg = pytest.importorskip("torch_geometric.nn", reason="the extra `frameworks` includes PyTorch Geometric")
utils = pytest.importorskip("torch_geometric.utils")

N, FEATURES, OUT = 7, 5, 3
GRAPHS = {
    "directed": [[0, 1, 2, 3, 0, 5], [1, 2, 0, 1, 2, 3]],
    "both ways": [[0, 1, 1, 2, 4, 5], [1, 0, 2, 1, 5, 4]],
    "with self-loops": [[0, 1, 2, 2, 3, 5], [0, 2, 2, 1, 3, 4]],
    "repeated edge": [[0, 0, 1, 0, 0, 0], [1, 1, 2, 1, 3, 1]],
    "no edges": [[], []],
}


def both(loops):
    torch.manual_seed(3)
    theirs = pyg.GCNConv(FEATURES, OUT, add_self_loops=loops).double()
    ours = GraphConv(FEATURES, OUT, add_self_loops=loops).double()
    with torch.no_grad():
        torch.nn.init.normal_(theirs.bias)
        ours.weight.copy_(theirs.lin.weight)
        ours.bias.copy_(theirs.bias)
    return theirs, ours, torch.randn(N, FEATURES, dtype=torch.float64)


@pytest.mark.parametrize("method", ["drop_message", "drop_edge", "drop_node", None])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loops", [False, True])
@pytest.mark.parametrize("graph", GRAPHS)
def test_values_and_gradients_are_those_of_gcnconv(graph, loops, weighted, method, monkeypatch):
    theirs, ours, x = both(loops)
    edges = torch.tensor(GRAPHS[graph], dtype=torch.long)
    looped = ours.edges_with_loops(edges, N)
    masks = {}
    if method:
        ours.drops = variants.GRAPH_ROWS[method].make(0.5)
        masks = ours.sample_masks(N, looped, generator=torch.Generator().manual_seed(1))
        plain = theirs.message
        monkeypatch.setattr(
            theirs, "message", lambda x_j, edge_weight: masks["message"] * plain(x_j, edge_weight)
        )
    results = []
    for layer, call in ((theirs, lambda *a: theirs(*a)), (ours, lambda *a: ours(*a, masks=masks))):
        own = x.clone().requires_grad_()
        weight = (
            torch.linspace(0.5, 2, edges.shape[1], dtype=torch.float64).requires_grad_() if weighted else None
        )
        y = call(own, edges, weight)
        (y * torch.linspace(-1, 1, y.numel(), dtype=torch.float64).view_as(y)).sum().backward()
        parameters = [theirs.lin.weight, theirs.bias] if layer is theirs else [ours.weight, ours.bias]
        results.append([y, own.grad, *(p.grad for p in parameters), *([weight.grad] if weighted else [])])
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, atol=1e-12, rtol=1e-12)


def test_dropout_edge_drops_in_evaluation_and_scales_nothing():
    edges = torch.randint(0, N, (2, 4000))
    torch.manual_seed(0)
    kept, which = utils.dropout_edge(edges, 0.5)  # nobody said training=True
    assert 1800 < kept.shape[1] < 2200 and which.dtype == torch.bool
    assert utils.dropout_edge(edges, 0.5, training=False)[0].shape[1] == 4000
    nodes = utils.dropout_node(edges, 0.5, num_nodes=N)[0]
    assert nodes.shape[1] < 4000


def test_a_cached_layer_keeps_the_first_dropped_graph():
    theirs = pyg.GCNConv(FEATURES, OUT, cached=True)
    fresh = pyg.GCNConv(FEATURES, OUT)
    x, edges = torch.randn(N, FEATURES), torch.randint(0, N, (2, 60))
    first, second = (utils.dropout_edge(edges, 0.5)[0] for _ in range(2))
    assert torch.equal(theirs(x, first), theirs(x, second))
    assert not torch.allclose(fresh(x, first), fresh(x, second))
