"""Baselines that need no network."""

import torch

from recdrop_lessons.experiments.baselines import label_spreading
from recdrop_lessons.experiments.datasets import Graph


def test_a_label_spreads_to_its_cluster_and_not_to_the_other():
    x = torch.cat([torch.zeros(6, 1), torch.ones(6, 1)]) + torch.linspace(0, 0.1, 12).unsqueeze(1)  # (12, 1)
    y = torch.tensor([0] * 6 + [1] * 6)
    train = torch.zeros(12, dtype=torch.bool)
    train[[0, 6]] = True
    edges = torch.empty(2, 0, dtype=torch.long)
    graph = Graph(
        x, edges, y, train=train, validation=torch.zeros(12, dtype=torch.bool), test=~train, classes=2
    )
    assert label_spreading(graph, neighbours=3).tolist() == [1.0] * 10
    swapped = Graph(
        x, edges, torch.where(train, y, 1 - y), train=train, validation=~train & train, test=~train, classes=2
    )
    assert label_spreading(swapped, neighbours=3).tolist() == [0.0] * 10
