"""What lesson 08 says of every mask on the features: it moves no sum of PyG's coefficients from 1."""

import pytest
import torch
import torch.nn.functional as F

geometric = pytest.importorskip(
    "torch_geometric.nn", reason="the extra `frameworks` brings PyTorch Geometric"
)

N, FEATURES, OUT, HEADS = 60, 7, 5, 3


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(N, FEATURES), (N, 1), (1, FEATURES)])
def test_no_mask_on_the_features_moves_a_sum_from_one(rate, shape):
    x, edges = torch.randn(N, FEATURES), (torch.rand(N, N) < 0.1).fill_diagonal_(False).nonzero().T
    conv = geometric.GATConv(FEATURES, OUT, heads=HEADS)
    for _ in range(20):
        mask = F.dropout(torch.ones(shape), rate)
        with torch.no_grad():
            _, (into, used) = conv(mask * x, edges, return_attention_weights=True)
        sums = torch.zeros(N, HEADS).index_add(0, into[1], used)
        assert torch.allclose(sums, torch.ones(N, HEADS), atol=1e-5)
