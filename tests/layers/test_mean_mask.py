"""At evaluation the mean of a mask takes its place, in the layers that are not recurrent as well."""

import pytest
import torch

from recdrop_lessons import Drop, Dropout, Embedding, GATConv
from recdrop_lessons.algebra.noise import NOISES

P = 0.3
EDGES = torch.tensor([[0, 1, 2], [1, 2, 0]])


def mean(noise):
    return 1 - P if noise == "binary" else 1.0


@pytest.mark.parametrize("noise", NOISES)
def test_dropout(noise):
    layer, x = Dropout(P, noise=noise), torch.randn(2, 5, 3)
    assert torch.equal(layer.eval()(x), x * mean(noise))
    many = layer.train()(torch.ones(1, 20_000, 1), generator=torch.Generator().manual_seed(0))
    assert abs(many.mean() - mean(noise)) < 4 * many.std() / 20_000**0.5
    assert noise != "binary" or set(many.unique().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("shared", [("time",), ("time", "features")])
@pytest.mark.parametrize("noise", NOISES)
def test_embedding(noise, shared):
    layer = Embedding(4, 3, drops=Drop("embedding", P, noise=noise, shared=shared))
    x = torch.tensor([[0, 3, 1]])
    torch.testing.assert_close(layer.eval()(x), layer.weight[x] * mean(noise))
    assert layer.double()(x).dtype == torch.float64


@pytest.mark.parametrize("site", GATConv.sites)
@pytest.mark.parametrize("noise", NOISES)
def test_graph_attention(noise, site):
    torch.manual_seed(0)
    layer, x = GATConv(3, 2, heads=2, drops=Drop(site, P, noise=noise)), torch.randn(3, 3)
    shape = layer.sample_masks(3, 6)[site].shape
    expected = layer(x, EDGES, masks={site: torch.full(shape, mean(noise))})
    torch.testing.assert_close(layer.eval()(x, EDGES), expected)
