"""Our GATConv equals the installed PyTorch Geometric's, at evaluation and with its own mask."""

import pytest
import torch
import torch.nn.functional as F

from recdrop_lessons import GATConv

pyg = pytest.importorskip("torch_geometric.nn", reason="the extra `frameworks` brings PyTorch Geometric")

N, FEATURES, OUT, HEADS = 7, 5, 3, 2


def both(concat=True, dropout=0.0, loops=True):
    torch.manual_seed(5)
    theirs = pyg.GATConv(FEATURES, OUT, heads=HEADS, concat=concat, dropout=dropout, add_self_loops=loops)
    ours = GATConv(FEATURES, OUT, heads=HEADS, concat=concat, dropout=dropout, add_self_loops=loops)
    with torch.no_grad():
        torch.nn.init.normal_(theirs.bias)
        ours.weight.copy_(theirs.lin.weight)
        ours.a_src.copy_(theirs.att_src[0])
        ours.a_dst.copy_(theirs.att_dst[0])
        ours.bias.copy_(theirs.bias)
    return theirs, ours, torch.randn(N, FEATURES), torch.randint(0, N, (2, 20))


@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("loops", [True, False])
def test_equal_at_evaluation(concat, loops):
    theirs, ours, x, edges = both(concat, 0.6, loops)
    assert torch.allclose(ours.eval()(x, edges), theirs.eval()(x, edges), atol=1e-6)


def test_equal_in_training_with_pygs_own_mask(monkeypatch):
    theirs, ours, x, edges = both(dropout=0.6)
    seen = []
    real = F.dropout

    def spy(v, p=0.5, training=True, inplace=False):
        out = real(v, p, training, inplace)
        seen.append((v, out))
        return out

    monkeypatch.setattr("torch_geometric.nn.conv.gat_conv.F.dropout", spy)
    y = theirs(x, edges)
    monkeypatch.undo()
    ((alpha, dropped),) = seen  # once, on the coefficients, and nowhere else
    # One mask entry an edge and head, self-loops included.
    assert alpha.shape == (ours.edges_with_loops(edges, N).shape[1], HEADS)
    assert torch.allclose(ours(x, edges, masks={"attention": dropped / alpha}), y, atol=1e-6)
    # Independent in each head, and self-loops can be dropped too.
    kept = dropped != 0
    assert not torch.equal(kept[:, 0], kept[:, 1])
    assert not kept[-N:].all()
    # Not renormalised.
    sums = torch.zeros(N, HEADS).index_add(0, ours.edges_with_loops(edges, N)[1], dropped)
    assert (sums - 1).abs().max() > 0.1
