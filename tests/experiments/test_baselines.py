"""Baselines that need no network."""

import torch

from recdrop_lessons.experiments.baselines import label_spreading, n_gram
from recdrop_lessons.experiments.datasets import Graph, Split
from recdrop_lessons.experiments.tasks import BLOCK, Data


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


def test_an_n_gram_scores_each_block_of_the_test_streams_as_the_networks_are_scored():
    """A text that repeats one line is known after one line; the same blocks and streams as a network's."""
    line = torch.arange(20).repeat(60)  # 1200 characters

    def streams(codes, count):
        length = (len(codes) - 1) // count
        end = count * length
        return Split(codes[:end].view(count, length), codes[1 : end + 1].view(count, length))

    data = Data(streams(line, 4), streams(line, 2), streams(line, 2), lambda *_: iter(()))
    nats = n_gram(data)
    assert nats.shape == (2 * ((1200 - 1) // 2 // BLOCK),)
    assert (nats < 0.1).all()
    shuffled = line[torch.randperm(len(line), generator=torch.Generator().manual_seed(0))]
    other = Data(data.train, data.validation, streams(shuffled, 2), data.batch)
    assert (n_gram(other) > 2).all()
