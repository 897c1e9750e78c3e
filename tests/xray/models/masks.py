"""Masks made by hand."""

import torch
import torch.nn.functional as F
from torch import nn


def sequence():
    return torch.randn(8, 12, 20)  # (B, T, F)


class Masked(nn.Module):
    """A layer before the mask and one after it."""

    example = sequence

    def __init__(self, p=0.3):
        super().__init__()
        self.into, self.fc = nn.Linear(20, 32), nn.Linear(32, 3)
        self.p = p


class BernoulliNotScaled(Masked):
    """{0, 1}: the sum in training is .7 of the sum in evaluation."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * torch.bernoulli(torch.full_like(h, 1 - self.p))  # FAULT not-scaled
        return self.fc(h)


class ComparedNotScaled(Masked):
    """A mask of booleans."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            keep = torch.rand(h.shape) > self.p
            h = h * keep  # FAULT not-scaled
        return self.fc(h)


class FilledNotScaled(Masked):
    """masked_fill leaves what stays as it was."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h.masked_fill(torch.rand_like(h) < self.p, 0.0)  # FAULT not-scaled
        return self.fc(h)


class DividedByTheRate(Masked):
    """Divided by p where 1 - p is meant."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * (torch.rand_like(h) >= self.p) / self.p  # FAULT scaled-wrongly
        return self.fc(h)


class ScaledInBothModes(Masked):
    """Training divides by the keep probability, and evaluation multiplies by it too."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        mask = torch.bernoulli(torch.full_like(h, keep)) / keep if self.training else keep
        return self.fc(h * mask)  # FAULT scaled-wrongly


class MultipliedByKeep(Masked):
    """Multiplied where the formula divides."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            h = torch.where(torch.rand_like(h) < keep, h, 0.0) * keep  # FAULT scaled-wrongly
        return self.fc(h)


class KeepTakenForDrop(Masked):
    """`rand < p` keeps 30 % of the units."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * (torch.rand_like(h) < self.p).float() / self.p  # FAULT rate-differs
        return self.fc(h)


class RateWrittenDown(Masked):
    """The line ignores the rate that the module declares."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * torch.randint(0, 2, h.shape) * 2  # FAULT rate-differs
        return self.fc(h)


class OneRowOfMask(Masked):
    """Drawn for (1, 1, H)."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            mask = torch.bernoulli(torch.full((1, 1, 32), 1 - self.p)) / (1 - self.p)
            h = h * mask  # FAULT one-mask-for-the-batch
        return self.fc(h)


class OneMaskByDropoutOfOnes(Masked):
    """The shape of one example, (T, H), without the batch."""

    def forward(self, x):
        h = self.into(x).relu()
        h = h * F.dropout(torch.ones_like(h[0]), self.p, self.training)  # FAULT one-mask-for-the-batch
        return self.fc(h)


class OneMaskExpanded(Masked):
    """expand copies one example's mask to all."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            gone = (torch.rand_like(h[:1]) < self.p).expand_as(h)
            h = h.masked_fill(gone, 0.0) / (1 - self.p)  # FAULT one-mask-for-the-batch
        return self.fc(h)


class GeneratorSeededInForward(Masked):
    """A generator that starts at seed 0 at each call draws one mask for ever."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            draws = torch.rand(h.shape, generator=torch.Generator().manual_seed(0))
            h = h * (draws < keep) / keep  # FAULT mask-is-constant
        return self.fc(h)


class GlobalSeedInForward(Masked):
    """The same with the global generator."""

    def forward(self, x):
        torch.manual_seed(1234)
        h = self.into(x).relu()
        h = F.dropout(h, self.p, self.training)  # FAULT mask-is-constant
        return self.fc(h)


class DrawnInTheConstructor(Masked):
    """The mask is a buffer: the same units are gone in each pass of training."""

    def __init__(self):
        super().__init__(p=0.5)
        self.register_buffer("mask", (torch.rand(32) > 0.5).float() / 0.5)

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * self.mask  # FAULT mask-is-constant
        return self.fc(h)


class DrawnAtTheFirstCall(Masked):
    """The mask of the first pass is kept for all that follow."""

    mask = None

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            if self.mask is None or self.mask.shape != h.shape:
                self.mask = F.dropout(torch.ones_like(h), self.p)
            h = h * self.mask  # FAULT mask-is-constant
        return self.fc(h)


class KeepsNothing(Masked):
    """A keep probability of 0: all units go, and the division is hidden by a small number."""

    def __init__(self):
        super().__init__(p=1.0)

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            h = h * torch.bernoulli(torch.full_like(h, keep)) / (keep + 1e-6)  # FAULT drops-everything
        return self.fc(h)


class MaskInEvaluation(Masked):
    """No line asks for the mode."""

    def forward(self, x):
        h = self.into(x).relu()
        mask = h.new_empty(h.shape).bernoulli_(1 - self.p)
        h = h * mask / (1 - self.p)  # FAULT on-in-evaluation
        return self.fc(h)


class Bernoulli(Masked):
    """bernoulli over keep."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            h = h * torch.bernoulli(torch.full_like(h, keep)) / keep
        return self.fc(h)


class Compared(Masked):
    """rand > p."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * (torch.rand(h.shape) > self.p) / (1 - self.p)
        return self.fc(h)


class Where(Masked):
    """where chooses between the scaled value and 0."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = torch.where(torch.rand_like(h) < self.p, 0.0, h / (1 - self.p))
        return self.fc(h)


class Filled(Masked):
    """masked_fill, in place, then the scale."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h.clone().masked_fill_(torch.rand_like(h) < self.p, 0.0).mul_(1 / (1 - self.p))
        return self.fc(h)


class PerExample(Masked):
    """One mask an example, fixed over time: (B, 1, H)."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            h = h * h.new_empty(h.size(0), 1, h.size(2)).bernoulli_(keep).div_(keep)
        return self.fc(h)


class ScaleFirst(Masked):
    """Unusual: the scale comes before the mask."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h / (1 - self.p)
            h = h * (torch.rand_like(h) >= self.p)
        return self.fc(h)


class ScaledAtEvaluation(Masked):
    """Unusual: the first form of dropout: {0, 1} in training, keep in evaluation."""

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        h = h * torch.bernoulli(torch.full_like(h, keep)) if self.training else h * keep
        return self.fc(h)


class ExactlyK(Masked):
    """Unusual: exactly 8 of 32 units go, by index."""

    def __init__(self):
        super().__init__(p=0.25)

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            gone = torch.rand_like(h).topk(8, dim=-1).indices
            h = h.scatter(-1, gone, 0.0) * 32 / 24
        return self.fc(h)


class ExactlyKForAll(nn.Module):
    """Unusual: index_fill takes the same 4 inputs from all rows of a weight: a parameter has no batch."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(20, 16)

    def forward(self, x):
        weight = self.fc.weight
        if self.training:
            weight = weight.index_fill(1, torch.randperm(20)[:4], 0.0) * 20 / 16
        return F.linear(x, weight, self.fc.bias)


class MeasuredNormaliser(Masked):
    """Unusual: divided by the share that was kept in this very draw."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            mask = (torch.rand_like(h) > self.p).float()
            h = h * mask * (mask.numel() / mask.sum())
        return self.fc(h)


class Gaussian(Masked):
    """Unusual: factors of mean 1 and variance p / (1 - p)."""

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            h = h * (1 + torch.randn_like(h) * (self.p / (1 - self.p)) ** 0.5)
        return self.fc(h)


class Antithetic(Masked):
    """Unusual: the second half of the batch gets the complement of the first half's mask."""

    def __init__(self):
        super().__init__(p=0.5)

    def forward(self, x):
        h = self.into(x).relu()
        if self.training:
            mask = (torch.rand_like(h[: (len(h) + 1) // 2]) < 0.5).float()
            h = h * torch.cat([mask, 1 - mask])[: len(h)] / 0.5
        return self.fc(h)


class OwnGenerator(Masked):
    """Unusual: the model draws from a generator of its own, seeded once."""

    def __init__(self):
        super().__init__()
        self.generator = torch.Generator().manual_seed(7)

    def forward(self, x):
        h, keep = self.into(x).relu(), 1 - self.p
        if self.training:
            h = h * (torch.rand(h.shape, generator=self.generator) < keep) / keep
        return self.fc(h)


class ConstantWeights(Masked):
    """Unusual: {0, 3} chooses every third feature in both modes; nothing is drawn."""

    def __init__(self):
        super().__init__(p=0.0)
        self.register_buffer("comb", 3.0 * (torch.arange(32) % 3 == 0))

    def forward(self, x):
        return self.fc(self.into(x).relu() * self.comb)
