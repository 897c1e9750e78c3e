"""Graph attention: equal to its NumPy twin with every mask, values and gradients; refusals with the cure."""

import numpy as np
import pytest
import torch

from recdrop_lessons import Drop, DropError, GATConv, MaskError, RecdropError, ShapeError, equations
from recdrop_lessons.layers.attention import softmax_over_incoming, with_self_loops

N, FEATURES, OUT, HEADS = 6, 4, 3, 2
EVERY_SITE = [Drop("input", 0.4, shared=()), Drop("attention", 0.5), Drop("projected", 0.3)]


def made(dtype=torch.float64, **arguments):
    torch.manual_seed(1)
    layer = GATConv(FEATURES, OUT, heads=HEADS, **arguments).to(dtype)
    torch.nn.init.normal_(layer.bias)
    return layer, torch.randn(N, FEATURES, dtype=dtype), torch.randint(0, N, (2, 17))


def twin(layer, x, edges, masks):
    """The NumPy twin, head by head, and its concatenation."""
    edges = layer.edges_with_loops(edges, N).numpy()
    weight = layer.weight.detach().numpy().reshape(HEADS, OUT, FEATURES)
    heads = []
    for k in range(HEADS):
        own = {}
        if "input" in masks:
            m = masks["input"].numpy()
            own["input"] = m if m.ndim == 2 else m[:, k]
        if "attention" in masks:
            own["attention"] = masks["attention"].numpy()[:, k]
        if "projected" in masks:
            own["projected"] = masks["projected"].numpy().reshape(N, HEADS, OUT)[:, k]
        a_src, a_dst = layer.a_src[k].detach().numpy(), layer.a_dst[k].detach().numpy()
        heads.append(equations.gat_head(x, edges, weight[k], a_src, a_dst, layer.slope, masks=own))
    return np.concatenate(heads, axis=-1) + layer.bias.detach().numpy()


@pytest.mark.parametrize("per_head", [False, True])
@pytest.mark.parametrize(
    "sites", [(), ("input",), ("attention",), ("projected",), ("input", "attention", "projected")]
)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
def test_training_values_equal_the_twin(sites, per_head, dtype, bound):
    drops = [
        Drop(d.site, d.p, shared=(), per_gate=per_head and d.site == "input")
        for d in EVERY_SITE
        if d.site in sites
    ]
    layer, x, edges = made(dtype, drops=drops)
    count = layer.edges_with_loops(edges, N).shape[1]
    masks = layer.sample_masks(N, count, generator=torch.Generator().manual_seed(2))
    theirs = twin(layer, x.numpy(), edges, masks)
    ours = layer(x, edges, masks=masks).detach().numpy()
    assert np.abs(ours - theirs).max() <= bound * max(1, np.abs(theirs).max())


def test_gradient_equals_the_twins_complex_step():
    layer, x, edges = made(drops=EVERY_SITE)
    masks = layer.sample_masks(N, layer.edges_with_loops(edges, N).shape[1])
    direction = torch.randn(N, HEADS * OUT, dtype=torch.float64)
    x.requires_grad_()
    (layer(x, edges, masks=masks) * direction).sum().backward()
    theirs = equations.complex_step(
        lambda v: (twin(layer, v, edges, masks) * direction.numpy()).sum(), x.detach().numpy()
    )
    assert np.abs(x.grad.numpy() - theirs).max() < 1e-12


def test_extreme_logits_stay_finite_and_sum_to_one():
    logits = torch.tensor([[1e4], [-1e4], [1e4], [0.0]])
    alpha = softmax_over_incoming(logits, torch.tensor([0, 0, 1, 1]), nodes=3)
    assert torch.equal(alpha, torch.tensor([[1.0], [0.0], [1.0], [0.0]]))


def test_a_node_without_incoming_edges_gets_the_bias_alone():
    layer, x, _ = made(add_self_loops=False)
    y = layer(x, torch.tensor([[0, 1], [1, 2]]))
    assert torch.equal(y[0], layer.bias) and not torch.equal(y[1], layer.bias)


def test_dropped_coefficients_are_not_renormalised():
    layer, x, edges = made(dropout=0.5)
    edges = layer.edges_with_loops(edges, N)
    masks = layer.sample_masks(N, edges.shape[1], generator=torch.Generator().manual_seed(0))
    z = (x @ layer.weight.T).unflatten(1, (HEADS, OUT))
    kept = layer.attention(z, edges) * masks["attention"]
    sums = torch.zeros(N, HEADS, dtype=x.dtype).index_add(0, edges[1], kept)
    assert (sums - 1).abs().max() > 0.1
    # Their mean over many draws is 1 all the same: the noise has mean one. Bound: 5 standard errors of 4000.
    generator = torch.Generator().manual_seed(3)
    draws = torch.stack(
        [layer.sample_masks(N, edges.shape[1], generator=generator)["attention"] for _ in range(4000)]
    )
    means = torch.zeros(N, HEADS, dtype=x.dtype).index_add(
        0, edges[1], (layer.attention(z, edges) * draws.mean(0))
    )
    assert (means - 1).abs().max() < 5 / 4000**0.5


def test_evaluation_has_no_masks_and_training_has_fresh_ones():
    layer, x, edges = made(drops=EVERY_SITE)
    layer.eval()
    assert torch.equal(layer(x, edges), layer(x, edges))
    layer.train()
    assert not torch.equal(layer(x, edges), layer(x, edges))
    twice = [layer(x, edges, generator=torch.Generator().manual_seed(4)) for _ in range(2)]
    assert torch.equal(*twice)


def test_self_loops_come_once_a_node():
    edges = with_self_loops(torch.tensor([[0, 1, 1, 1], [1, 1, 1, 0]]), 3)
    assert edges.tolist() == [[0, 1, 0, 1, 2], [1, 0, 0, 1, 2]]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda: GATConv(3, 2, dropout=1.0), DropError, "0 <= p < 1"),
        (lambda: GATConv(3, 2, drops=[Drop("cell", 0.1)]), DropError, "has no site 'cell'"),
        (lambda: GATConv(3, 2, dropout=0.1, drops=[Drop("input", 0.1)]), DropError, "among them"),
        (
            lambda: GATConv(3, 2)(torch.zeros(4, 5), torch.zeros(2, 1, dtype=torch.long)),
            ShapeError,
            "expected (nodes, 3)",
        ),
        (
            lambda: GATConv(3, 2)(torch.zeros(4, 3), torch.zeros(5, 2, dtype=torch.long)),
            ShapeError,
            "edges.T",
        ),
        (lambda: GATConv(3, 2)(torch.zeros(4, 3), torch.full((2, 1), 9)), RecdropError, "from 0 to 3"),
        (
            lambda: GATConv(3, 2)(
                torch.zeros(4, 3), torch.zeros(2, 1, dtype=torch.long), masks={"cell": torch.ones(1)}
            ),
            MaskError,
            "no site 'cell'",
        ),
        (
            lambda: GATConv(3, 2, dropout=0.5)(
                torch.zeros(4, 3), torch.zeros(2, 1, dtype=torch.long), masks={}
            ),
            MaskError,
            "lacks 'attention'",
        ),
        (
            lambda: GATConv(3, 2)(
                torch.zeros(4, 3), torch.zeros(2, 1, dtype=torch.long), masks={"attention": torch.ones(9, 9)}
            ),
            MaskError,
            "expected (4, 1)",
        ),
    ],
)
def test_refusals_name_the_cure(act, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(").replace(")", r"\)")):
        act()
