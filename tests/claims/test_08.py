"""The claims of lesson 08, decided by PyTorch Geometric itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from recdrop_lessons import Drop, GATConv, equations, frameworks
from recdrop_lessons.experiments.baselines import label_spreading
from recdrop_lessons.experiments.datasets import digits_graph

geometric = pytest.importorskip(
    "torch_geometric.nn", reason="the extra `frameworks` brings PyTorch Geometric"
)

N, FEATURES, OUT, HEADS, P = 60, 7, 5, 3, 0.4


@pytest.fixture
def x():
    return torch.randn(N, FEATURES, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def edges():
    """(2, E): random pairs, none twice and no loops, as the digits' graph has them."""
    pairs = torch.rand(N, N, generator=torch.Generator().manual_seed(1)) < 0.1
    return pairs.fill_diagonal_(False).nonzero().T.contiguous()


@torch.no_grad()
def training_pass(conv, x, edges):
    """A training pass: outputs, edges with loops, coefficients before and after the mask."""
    y, (with_loops, used) = conv.train()(x, edges, return_attention_weights=True)
    _, (_, softmax) = conv.eval()(x, edges, return_attention_weights=True)
    return y, with_loops, softmax, used


def made(p=P, heads=HEADS, seed=2):
    torch.manual_seed(seed)
    return geometric.GATConv(FEATURES, OUT, heads=heads, dropout=p)


def incoming(coefficients, edges):
    """The sum of each node's coefficients, (N, heads)."""
    return torch.zeros(N, coefficients.shape[1]).index_add(0, edges[1], coefficients)


def values(mask):
    """The values that a mask takes, to three decimals."""
    return {round(value, 3) for value in mask.unique().tolist()}


@torch.no_grad()
def distance(conv, x, edges, masks, wanted):
    """How far our layer with these masks is from PyG's training pass."""
    ours = GATConv(FEATURES, OUT, heads=conv.heads)
    ours.load_state_dict(frameworks.from_pyg(conv).state_dict())
    return (ours(x, edges, masks=masks) - wanted).abs().max().item()


def test_pyg_training_pass_is_the_attention_site_and_no_other(x, edges):
    conv = made()
    torch.manual_seed(3)
    y, with_loops, softmax, used = training_pass(conv, x, edges)
    torch.manual_seed(3)
    drawn = F.dropout(torch.ones(len(with_loops[0]), HEADS), P)  # PyG's one draw: (E + N, heads)
    assert torch.allclose(used / softmax, drawn, atol=1e-4)
    assert frameworks.from_pyg(conv).drops == (Drop("attention", P),)
    assert distance(conv, x, edges, {"attention": drawn}, y) < 1e-5

    torch.manual_seed(3)
    of_features = F.dropout(torch.ones(N, FEATURES), P)
    renormalised = drawn / incoming(softmax * drawn, with_loops)[with_loops[1]].clamp(min=1e-9)
    loops = (with_loops[0] == with_loops[1])[:, None]
    for wrong in (
        {"input": of_features},
        {"attention": renormalised},
        {"attention": drawn.masked_fill(loops, 1.0)},
        {"attention": drawn[:, :1].expand(-1, HEADS)},
    ):
        assert distance(conv, x, edges, wrong, y) > 1e-2


def test_feature_dropout_before_the_layer_is_the_input_site(x, edges):
    conv = made(p=0.0)
    torch.manual_seed(4)
    with torch.no_grad():
        y = conv(F.dropout(x, P), edges)
    torch.manual_seed(4)
    assert distance(conv, x, edges, {"input": F.dropout(torch.ones(N, FEATURES), P)}, y) < 1e-5


def test_rows_are_not_renormalised(x, edges):
    _, with_loops, softmax, used = training_pass(made(), x, edges)
    before, after = incoming(softmax, with_loops), incoming(used, with_loops)
    assert torch.allclose(before, torch.ones_like(before), atol=1e-5)
    assert ((after - 1).abs() > 0.01).double().mean() > 0.9
    assert after.max() <= 1 / (1 - P) + 1e-5


def test_row_sums_are_one_on_average(x, edges):
    """The sum of a row has variance p/(1-p)·Σα² ≤ p/(1-p) < 1: 5 standard errors of 60 · 200 rows."""
    conv = made(heads=1)
    sums = []
    for _ in range(200):
        _, with_loops, _, used = training_pass(conv, x, edges)
        sums.append(incoming(used, with_loops))
    assert abs(torch.stack(sums).mean() - 1) < 5 / (60 * 200) ** 0.5


def test_self_loops_are_dropped_at_the_same_rate(x, edges):
    """60 · 3 loops a pass, 20 passes: 5 standard errors of the share dropped are 0.041."""
    conv, gone = made(), []
    for _ in range(20):
        _, with_loops, _, used = training_pass(conv, x, edges)
        gone.append(used[with_loops[0] == with_loops[1]] == 0)
    assert abs(torch.stack(gone).double().mean() - P) < 5 * (P * (1 - P) / (N * HEADS * 20)) ** 0.5


def test_each_head_has_its_own_mask(x, edges):
    """Independent heads agree with chance p² + (1-p)²; 5 standard errors."""
    _, _, _, used = training_pass(made(), x, edges)
    kept, chance = used > 0, P**2 + (1 - P) ** 2
    for other in range(1, HEADS):
        agree = (kept[:, 0] == kept[:, other]).double().mean()
        assert abs(agree - chance) < 5 * (chance * (1 - chance) / len(kept)) ** 0.5


def test_attention_dropout_is_not_edge_removal(x, edges):
    conv = made(heads=1)
    y, with_loops, _, used = training_pass(conv, x, edges)
    without = geometric.GATConv(FEATURES, OUT, add_self_loops=False)
    without.load_state_dict(conv.state_dict())
    with torch.no_grad():
        removed, (_, shared_out) = without(x, with_loops[:, used[:, 0] > 0], return_attention_weights=True)
    assert (removed - y).abs().max() > 1e-2
    # With edges removed the softmax is made anew: a row that is not empty sums to 1.
    sums = incoming(shared_out, with_loops[:, used[:, 0] > 0])
    assert torch.allclose(sums[sums > 0], torch.ones(int((sums > 0).sum())), atol=1e-5)


def test_feature_dropout_changes_the_attention(x, edges):
    conv = made(p=0.0)
    torch.manual_seed(5)
    _, _, whole, _ = training_pass(conv, x, edges)
    _, _, after, _ = training_pass(conv, F.dropout(x, P), edges)
    assert (whole - after).abs().max() > 0.05


def test_the_mask_is_gone_at_evaluation(x, edges):
    conv = made().eval()
    with torch.no_grad():
        assert torch.equal(conv(x, edges), conv(x, edges))
        assert distance(conv, x, edges, {}, conv(x, edges)) < 1e-5


def test_the_original_formulas_with_three_masks(x, edges):
    """Each head of PyG's layer by the NumPy twin, PyG's mask on the coefficients, and two more of ours."""
    conv = made()
    y, with_loops, softmax, used = training_pass(conv, x, edges)
    ours = frameworks.from_pyg(conv)
    extra = {"input": torch.ones(N, HEADS, FEATURES), "projected": torch.ones(N, HEADS * OUT)}
    random = {name: F.dropout(ones, P) for name, ones in extra.items()}
    for more in (extra, random):
        masks = {"attention": used / softmax, **more}
        heads = [
            equations.gat_head(
                x.numpy(),
                with_loops.numpy(),
                ours.weight.detach().unflatten(0, (HEADS, OUT))[k].numpy(),
                ours.a_src[k].detach().numpy(),
                ours.a_dst[k].detach().numpy(),
                masks={
                    "input": masks["input"][:, k].numpy(),
                    "attention": masks["attention"][:, k].numpy(),
                    "projected": masks["projected"].unflatten(1, (HEADS, OUT))[:, k].numpy(),
                },
            )
            for k in range(HEADS)
        ]
        wanted = y if more is extra else ours(x, edges, masks=masks).detach()
        twin = (
            torch.stack([torch.as_tensor(head) for head in heads]).transpose(0, 1).flatten(1)
            + ours.bias.detach()
        )
        assert torch.allclose(twin.to(wanted), wanted, atol=1e-5)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(N, FEATURES), (N, 1), (1, FEATURES)])
def test_no_mask_on_the_features_moves_a_sum_from_one(x, edges, rate, shape):
    conv = made(p=0.0)
    for _ in range(20):
        mask = F.dropout(torch.ones(shape), rate)
        with torch.no_grad():
            _, (into, used) = conv(mask * x, edges, return_attention_weights=True)
        assert torch.allclose(incoming(used, into), torch.ones(N, HEADS), atol=1e-5)


def test_gatv2_and_multihead_attention_drop_after_their_softmax_too(x, edges):
    torch.manual_seed(0)
    conv = geometric.GATv2Conv(FEATURES, OUT, heads=HEADS, dropout=P)
    _, into, softmax, used = training_pass(conv, x, edges)
    assert values(used / softmax) == {0.0, round(1 / (1 - P), 3)}
    assert (incoming(used, into) - 1).abs().max() > 0.3

    heads = torch.nn.MultiheadAttention(8, 2, dropout=P, batch_first=True)
    words = torch.randn(3, 5, 8)
    with torch.no_grad():
        _, used = heads(words, words, words, average_attn_weights=False)
        _, softmax = heads.eval()(words, words, words, average_attn_weights=False)
    assert values(used / softmax) == {0.0, round(1 / (1 - P), 3)}


def test_label_spreading_gains_from_the_labels_by_which_the_networks_stop():
    """Other labelled digits than the lesson's: 200 labels, and these with the 500 of the validation part."""
    graphs = [digits_graph(neighbours=5, labels_per_class=20, seed=seed) for seed in (11, 12, 13)]
    assert [int(graph.validation.sum()) for graph in graphs] == [500] * 3
    few = [label_spreading(graph).mean() for graph in graphs]
    all_of_them = [
        label_spreading(replace(graph, train=graph.train | graph.validation)).mean() for graph in graphs
    ]
    assert 0.94 < np.mean(few) < 0.975 < np.mean(all_of_them)
    assert all(some < more for some, more in zip(few, all_of_them, strict=True))
