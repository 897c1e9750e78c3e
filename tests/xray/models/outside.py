"""Random numbers that PyTorch does not draw."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


def rows():
    return torch.randn(16, 20)  # (B, F)


class NumPyMask(nn.Module):
    """torch.manual_seed does not repeat this mask."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.3

    def forward(self, x):
        h = self.a(x).relu()
        if self.training:
            mask = np.random.rand(*h.shape) > self.p  # noqa: NPY002  # FAULT random-outside-torch
            h = h * torch.from_numpy(mask) / (1 - self.p)  # FAULT random-outside-torch
        return self.b(h)


class PythonsCoin(nn.Module):
    """Stochastic depth by Python's own generator."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.branch, self.b = nn.Linear(20, 64), nn.Linear(64, 64), nn.Linear(64, 3)

    def forward(self, x):
        h = self.a(x).relu()
        if not self.training or random.random() > 0.5:  # FAULT random-outside-torch
            h = h + self.branch(h)
        return self.b(h)


class NumPysGenerator(nn.Module):
    """A generator of NumPy that the model keeps."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.random = nn.Linear(20, 64), nn.Linear(64, 3), np.random.default_rng()

    def forward(self, x):
        h = self.a(x).relu()
        if self.training:
            kept = self.random.binomial(1, 0.8, size=h.shape) / 0.8  # FAULT random-outside-torch
            h = h * torch.as_tensor(kept, dtype=h.dtype)  # FAULT random-outside-torch
        return self.b(h)


class SampledColumns(nn.Module):
    """random.sample chooses the features that go."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        if self.training:
            x = x.clone()
            x[:, random.sample(range(20), 4)] = 0  # FAULT random-outside-torch
            x = x * 20 / 16
        return self.b(self.a(x).relu())


class NumPysTable(nn.Module):
    """Unusual: NumPy draws a fixed projection when the model is made, and never again."""

    example = rows

    def __init__(self):
        super().__init__()
        table = np.random.default_rng(0).normal(size=(20, 64)).astype("float32")
        self.register_buffer("table", torch.from_numpy(table))
        self.drop, self.b = nn.Dropout(0.3), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(self.drop((x @ self.table).cos()))


class ShapesByNumPy(nn.Module):
    """NumPy computes a constant in forward; no random number is in it."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.3

    def forward(self, x):
        window = torch.from_numpy(np.hanning(22)[1:-1].astype("float32"))
        return self.b(F.dropout(self.a(x * window).relu(), self.p, self.training))
