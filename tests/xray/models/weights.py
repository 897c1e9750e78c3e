"""Masks on parameters: weight drop, dropped words of an embedding, pruned layers."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune


def sequence():
    return torch.randn(8, 12, 20)  # (B, T, F)


def rows():
    return torch.randn(16, 20)  # (B, F)


def tokens():
    return torch.randint(0, 50, (8, 12))  # (B, T)


class CopyNobodyReads(nn.Module):
    """The masked weight is a new attribute; the LSTM reads the old one."""

    class WeightDrop(nn.Module):
        def __init__(self, module, dropout):
            super().__init__()
            self.module, self.dropout = module, dropout  # FAULT drops-nothing

        def forward(self, x):
            raw = self.module.weight_hh_l0
            self.module.weight_hh = F.dropout(raw, self.dropout, self.training).detach()
            return self.module(x)

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = self.WeightDrop(nn.LSTM(20, 32, batch_first=True), dropout=0.5)  # FAULT drops-nothing
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class ConnectionsInEvaluation(nn.Module):
    """DropConnect without the mode."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.5

    def forward(self, x):
        weight = F.dropout(self.a.weight, self.p)  # FAULT on-in-evaluation
        return self.b(F.linear(x, weight, self.a.bias).relu())


class ConnectionsNotScaled(nn.Module):
    """DropConnect with {0, 1}."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.3

    def forward(self, x):
        weight = self.a.weight
        if self.training:
            weight = weight * (torch.rand_like(weight) > self.p)  # FAULT not-scaled
        return self.b(F.linear(x, weight, self.a.bias).relu())


class ConnectionsScaledTwice(nn.Module):
    """F.dropout has divided already."""

    example = rows

    def __init__(self, weight_dropout=0.4):
        super().__init__()
        self.a, self.b, self.weight_dropout = nn.Linear(20, 64), nn.Linear(64, 3), weight_dropout

    def forward(self, x):
        weight = self.a.weight
        if self.training:
            p = self.weight_dropout
            weight = F.dropout(weight, p) / (1 - p)  # FAULT scaled-wrongly
        return self.b(F.linear(x, weight, self.a.bias).relu())


class SameConnectionsEachPass(nn.Module):
    """The seed is the layer's own number: each pass loses the same connections."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.seed, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 3, 0.5

    def forward(self, x):
        weight = self.a.weight
        if self.training:
            coin = torch.Generator().manual_seed(self.seed)
            mask = torch.empty_like(weight).bernoulli_(1 - self.p, generator=coin)
            weight = weight * mask / (1 - self.p)  # FAULT mask-is-constant
        return self.b(F.linear(x, weight, self.a.bias).relu())


class Connections(nn.Module):
    """DropConnect: one mask for the batch, as it must be on a weight."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.5

    def forward(self, x):
        weight = F.dropout(self.a.weight, self.p, self.training)
        return self.b(F.linear(x, weight, self.a.bias).relu())


class WeightDropByCall(nn.Module):
    """Unusual: the LSTM is called with a masked weight in the place of its own."""

    example = sequence

    def __init__(self, weight_p=0.5):
        super().__init__()
        self.rnn, self.fc = nn.LSTM(20, 32, batch_first=True), nn.Linear(32, 3)
        self.weight_p = weight_p

    def forward(self, x):
        masked = F.dropout(self.rnn.weight_hh_l0, self.weight_p, self.training)
        out, _ = torch.func.functional_call(self.rnn, {"weight_hh_l0": masked}, (x,))
        return self.fc(out)


class WeightDropByParametrization(nn.Module):
    """Unusual: nn.Dropout is a parametrization of the recurrent weight."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(20, 32, batch_first=True), nn.Linear(32, 3)
        parametrize.register_parametrization(self.rnn, "weight_hh_l0", nn.Dropout(0.5))

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class WeightDropInACell(nn.Module):
    """One mask on U for all steps of a hand-made recurrence."""

    example = sequence

    def __init__(self, weight_p=0.3):
        super().__init__()
        self.W, self.U, self.fc = nn.Linear(20, 32), nn.Linear(32, 32, bias=False), nn.Linear(32, 3)
        self.weight_p = weight_p

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        U = F.dropout(self.U.weight, self.weight_p, self.training)
        for x_t in x.unbind(1):
            h = torch.tanh(self.W(x_t) + h @ U.T)
        return self.fc(h)


class MasksInPlaceAndRestores(nn.Module):
    """Unusual: the weight itself is masked, and put back after the call."""

    example = rows

    def __init__(self, weight_p=0.2):
        super().__init__()
        self.a, self.b, self.weight_p = nn.Linear(20, 64), nn.Linear(64, 3), weight_p

    def forward(self, x):
        if not self.training:
            return self.b(self.a(x).relu())
        whole = self.a.weight.data
        self.a.weight.data = F.dropout(whole, self.weight_p)
        h = self.a(x).relu()
        self.a.weight.data = whole
        return self.b(h)


class DropsWords(nn.Module):
    """Unusual: whole rows of the embedding go; a word is gone in all examples."""

    example = tokens

    def __init__(self, word_p=0.3):
        super().__init__()
        self.embed, self.word_p = nn.Embedding(50, 24), word_p
        self.rnn, self.fc = nn.GRU(24, 32, batch_first=True), nn.Linear(32, 3)

    def forward(self, ids):
        table = self.embed.weight
        if self.training:
            keep = 1 - self.word_p
            table = table * table.new_empty(table.size(0), 1).bernoulli_(keep) / keep
        return self.fc(self.rnn(F.embedding(ids, table))[0])


class Pruned(nn.Module):
    """Unusual: a pruned layer multiplies its weight by a constant {0, 1} in both modes."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(0.2), nn.Linear(64, 3)
        prune.random_unstructured(self.a, "weight", amount=0.5)

    def forward(self, x):
        return self.b(self.drop(self.a(x).relu()))


class SpectralNorm(nn.Module):
    """Unusual: power iteration writes buffers in training; they begin at random numbers."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a = parametrizations.spectral_norm(nn.Linear(20, 64))
        self.drop, self.b = nn.Dropout(0.2), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(self.drop(self.a(x).relu()))
