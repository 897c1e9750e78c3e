"""Graph convolutions of PyG: the first axis of a node's features is no batch of independent examples."""

import torch
import torch.nn.functional as F
from torch import nn
from torch_geometric.nn import GAT, GCN, GATConv, GCNConv, GINConv, TransformerConv, global_mean_pool
from torch_geometric.utils import dropout_edge


def graph():
    return torch.randn(30, 12), torch.randint(0, 30, (2, 120))  # (N, F), (2, E)


def graphs():
    return torch.randn(30, 12), torch.randint(0, 30, (2, 120)), torch.arange(30) // 6  # 5 graphs of 6 nodes


class Convolutions(nn.Module):
    """Two convolutions of GCN."""

    example = graph

    def __init__(self, p=0.5):
        super().__init__()
        self.first, self.second, self.p = GCNConv(12, 16), GCNConv(16, 3), p


class NodesInEvaluation(Convolutions):
    """`training` is forgotten between the convolutions."""

    def forward(self, x, edges):
        h = self.first(x, edges).relu()
        h = F.dropout(h, self.p)  # FAULT on-in-evaluation
        return self.second(h, edges)


class EdgesInEvaluation(Convolutions):
    """dropout_edge has `training=True` as its default."""

    def forward(self, x, edges):
        edges, _ = dropout_edge(edges, p=self.p)  # FAULT on-in-evaluation
        return self.second(self.first(x, edges).relu(), edges)


class WholeNodesNotScaled(Convolutions):
    """DropNode by a mask of (N, 1), not divided."""

    def forward(self, x, edges):
        if self.training:
            x = x * torch.bernoulli(x.new_full((x.size(0), 1), 1 - self.p))  # FAULT not-scaled
        return self.second(self.first(x, edges).relu(), edges)


class OneLayerGCN(nn.Module):
    """PyG's GCN drops between layers, and this one has one."""

    example = graph

    def __init__(self):
        super().__init__()
        self.gnn = GCN(12, 16, num_layers=1, dropout=0.5)  # FAULT drops-nothing
        self.fc = nn.Linear(16, 3)

    def forward(self, x, edges):
        return self.fc(self.gnn(x, edges))


class HeadsInAPlainList(nn.Module):
    """Attention's dropout goes on in evaluation."""

    example = graph

    def __init__(self):
        super().__init__()
        self.heads = [GATConv(12, 8, dropout=0.6) for _ in range(2)]  # FAULT missed-by-eval
        self.fc = nn.Linear(16, 3)

    def forward(self, x, edges):
        h = torch.cat([head(x, edges) for head in self.heads], dim=1)  # FAULT missed-by-eval
        return self.fc(h)


class Nodes(Convolutions):
    """Features of nodes."""

    def forward(self, x, edges):
        h = F.dropout(x, 0.5, self.training)
        h = self.first(h, edges).relu()
        return self.second(F.dropout(h, self.p, self.training), edges)


class Edges(Convolutions):
    """Unusual: edges go by selection; the convolution normalises the rest."""

    def forward(self, x, edges):
        edges, _ = dropout_edge(edges, p=self.p, training=self.training)
        return self.second(self.first(x, edges).relu(), edges)


class EdgesByIndex(Convolutions):
    """Unusual: exactly half of the edges, by a permutation."""

    def forward(self, x, edges):
        if self.training:
            E = edges.size(1)
            edges = edges[:, torch.randperm(E)[: E - int(self.p * E)]]
        return self.second(self.first(x, edges).relu(), edges)


class WholeNodes(Convolutions):
    """Unusual: DropNode, scaled."""

    def forward(self, x, edges):
        x = x * F.dropout(torch.ones_like(x[:, :1]), self.p, self.training)
        return self.second(self.first(x, edges).relu(), edges)


class Attention(nn.Module):
    """GATConv draws for each head and edge."""

    example = graph

    def __init__(self):
        super().__init__()
        self.first = GATConv(12, 8, heads=4, dropout=0.6)
        self.second = GATConv(32, 3, dropout=0.6)
        self.drop = nn.Dropout(0.6)

    def forward(self, x, edges):
        return self.second(F.elu(self.first(self.drop(x), edges)), edges)


class TwoLayersOfPyG(nn.Module):
    """PyG's own GAT, which drops between its layers and on its attention."""

    example = graph

    def __init__(self):
        super().__init__()
        self.gnn = GAT(12, 16, num_layers=2, out_channels=3, heads=2, dropout=0.3)

    def forward(self, x, edges):
        return self.gnn(x, edges)


class TransformerOnGraphs(nn.Module):
    """Dot-product attention over edges."""

    example = graph

    def __init__(self):
        super().__init__()
        self.conv, self.fc = TransformerConv(12, 8, heads=2, dropout=0.2), nn.Linear(16, 3)

    def forward(self, x, edges):
        return self.fc(self.conv(x, edges).relu())


class PooledGraphs(nn.Module):
    """Unusual: five graphs in one batch, dropout after the pool."""

    example = graphs

    def __init__(self):
        super().__init__()
        self.conv = GINConv(nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 16)))
        self.drop, self.fc = nn.Dropout(0.5), nn.Linear(16, 3)

    def forward(self, x, edges, batch):
        return self.fc(self.drop(global_mean_pool(self.conv(x, edges), batch)))
