"""Residual branches, whole layers that go, and one draw for several layers."""

import torch
import torch.nn.functional as F
from torch import nn


def rows():
    return torch.randn(16, 24)  # (B, F)


class OneDrawForTwoLayers(nn.Module):
    """Both layers lose the same units."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Linear(24, 24), nn.Linear(24, 24), nn.Linear(24, 3)
        self.p = 0.5

    def forward(self, x):
        mask = F.dropout(torch.ones_like(x), self.p, self.training)
        h = self.a(x).relu() * mask  # FAULT mask-shared-by-layers
        h = self.b(h).relu() * mask  # FAULT mask-shared-by-layers
        return self.fc(h)


class OneDrawForAllBlocks(nn.Module):
    """The mask is drawn before the loop over the layers."""

    example = rows

    def __init__(self):
        super().__init__()
        self.blocks, self.fc = nn.ModuleList(nn.Linear(24, 24) for _ in range(3)), nn.Linear(24, 3)
        self.p = 0.2

    def forward(self, x):
        keep = 1 - self.p
        mask = torch.bernoulli(torch.full_like(x, keep)) / keep if self.training else torch.ones_like(x)
        for block in self.blocks:
            x = x + block(x).relu() * mask  # FAULT mask-shared-by-layers
        return self.fc(x)


class OneDrawForTwoCells(nn.Module):
    """Fixed over time is right; the same mask for both layers is not."""

    def example():
        return torch.randn(8, 10, 24)

    def __init__(self):
        super().__init__()
        self.lower, self.upper, self.fc = nn.GRUCell(24, 24), nn.GRUCell(24, 24), nn.Linear(24, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        low = high = x.new_zeros(x.size(0), 24)
        mask = self.drop(torch.ones_like(low))
        for x_t in x.unbind(1):
            low = self.lower(x_t, low * mask)  # FAULT mask-shared-by-layers
            high = self.upper(low, high * mask)  # FAULT mask-shared-by-layers
        return self.fc(high)


class BranchNotScaled(nn.Module):
    """Stochastic depth: the branch of an example goes, and what stays is not divided."""

    example = rows

    def __init__(self):
        super().__init__()
        self.branch, self.fc, self.drop_path = nn.Linear(24, 24), nn.Linear(24, 3), 0.4

    def forward(self, x):
        h = self.branch(x).relu()
        if self.training:
            h = h * (torch.rand(x.size(0), 1) >= self.drop_path)  # FAULT not-scaled
        return self.fc(x + h)


class BranchInEvaluation(nn.Module):
    """The helper has a flag whose default is True."""

    @staticmethod
    def drop_path(x, p, training=True):
        if not training or p == 0:
            return x
        keep = x.new_empty(x.size(0), 1).bernoulli_(1 - p)
        return x * keep / (1 - p)  # FAULT on-in-evaluation

    example = rows

    def __init__(self):
        super().__init__()
        self.branch, self.fc = nn.Linear(24, 24), nn.Linear(24, 3)

    def forward(self, x):
        return self.fc(x + self.drop_path(self.branch(x).relu(), 0.2))  # FAULT on-in-evaluation


class BothSidesOfABlock(nn.Module):
    """Each block ends with dropout and the next one begins with dropout."""

    example = rows

    def __init__(self):
        super().__init__()
        self.first = nn.Sequential(nn.Linear(24, 24), nn.ReLU(), nn.Dropout(0.2))
        self.second = nn.Sequential(nn.Dropout(0.2), nn.Linear(24, 3))

    def forward(self, x):
        h = self.first(x)
        return self.second(h)  # FAULT drops-twice


class BothHeadsDropped(nn.Module):
    """Mean and variance of a forecast are set to 0 at random."""

    example = rows

    def __init__(self):
        super().__init__()
        self.mean, self.variance, self.drop = nn.Linear(24, 2), nn.Linear(24, 2), nn.Dropout(0.1)

    def forward(self, x):
        mean = self.drop(self.mean(x))  # FAULT drops-logits
        return mean, F.softplus(self.variance(x))


class Branch(nn.Module):
    """Unusual: stochastic depth, a draw an example, scaled."""

    example = rows

    def __init__(self):
        super().__init__()
        self.branch, self.fc, self.drop_path = nn.Linear(24, 24), nn.Linear(24, 3), 0.2

    def forward(self, x):
        h = self.branch(x).relu()
        if self.training:
            keep = 1 - self.drop_path
            h = h / keep * (keep + torch.rand(x.size(0), 1)).floor()
        return self.fc(x + h)


class BranchChosen(nn.Module):
    """Unusual: only the rows that a draw has chosen go through the branch at all."""

    example = rows

    def __init__(self):
        super().__init__()
        self.branch, self.fc = nn.Linear(24, 24), nn.Linear(24, 3)

    def forward(self, x):
        if not self.training:
            return self.fc(x + self.branch(x).relu())
        chosen = torch.randperm(len(x))[: len(x) // 2]
        return self.fc(x.index_add(0, chosen, 2 * self.branch(x[chosen]).relu()))


class ADrawForEachLayer(nn.Module):
    """One module of dropout, used twice, draws twice."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.fc = nn.Linear(24, 24), nn.Linear(24, 24), nn.Linear(24, 3)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.fc(self.drop(self.b(self.drop(self.a(x).relu())).relu()))


class Mixup(nn.Module):
    """Unusual: training mixes each row with another row; nothing is dropped."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.fc = nn.Linear(24, 24), nn.Dropout(0.2), nn.Linear(24, 3)

    def forward(self, x):
        if self.training:
            share = torch.distributions.Beta(2.0, 2.0).sample()
            x = share * x + (1 - share) * x[torch.randperm(len(x))]
        return self.fc(self.drop(self.a(x).relu()))


class AddedNoise(nn.Module):
    """Unusual: normal noise of mean 0 is added in training; there is no rate."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.fc = nn.Linear(24, 24), nn.Linear(24, 3)

    def forward(self, x):
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        return self.fc(self.a(x).relu())


class CodeOfAnAutoencoder(nn.Module):
    """Unusual: a sample in training, the mean in evaluation, and dropout in the encoder."""

    example = rows

    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 8))
        self.decode = nn.Linear(4, 24)

    def forward(self, x):
        mean, log_sigma = self.encode(x).chunk(2, dim=1)
        z = mean + torch.randn_like(mean) * log_sigma.exp() if self.training else mean
        return self.decode(z), mean, log_sigma
