"""Cells in a loop: what is drawn at each step, what is fixed over time, and what reaches the state."""

import torch
import torch.nn.functional as F
from torch import nn


def sequence():
    return torch.randn(8, 10, 20)  # (B, T, F)


def time_first():
    return torch.randn(10, 8, 20)  # (T, B, F)


class NewMaskOnTheState(nn.Module):
    """Each step masks the state that the next step reads: after 10 steps little is left."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.drop, self.fc = nn.GRUCell(20, 32), nn.Dropout(0.5), nn.Linear(32, 3)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            h = self.drop(self.cell(x_t, h))  # FAULT fresh-mask-on-the-carried-state
        return self.fc(h)


class NewMaskOnTheCellState(nn.Module):
    """The same on c, the memory of an LSTM."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(20, 32), nn.Linear(32, 3)
        self.p = 0.3

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), 32)
        outs = []
        for t in range(x.size(1)):
            h, c = self.cell(x[:, t], (h, c))
            c = F.dropout(c, self.p, self.training)  # FAULT fresh-mask-on-the-carried-state
            outs.append(h)
        return self.fc(torch.stack(outs, dim=1))


class NewMaskInsideTheRecurrence(nn.Module):
    """An Elman network by hand; U reads a newly masked state at each step."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.W, self.U, self.fc = nn.Linear(20, 32), nn.Linear(32, 32, bias=False), nn.Linear(32, 3)
        self.drop = nn.Dropout(0.2)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            h = self.drop(h)  # FAULT fresh-mask-on-the-carried-state
            h = torch.tanh(self.W(x_t) + self.U(h))
        return self.fc(h)


class OutputsDroppedInEvaluation(nn.Module):
    """`training` is forgotten."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.RNNCell(20, 32), nn.Linear(32, 3)

    def forward(self, x):
        h, outs = x.new_zeros(x.size(0), 32), []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            outs.append(F.dropout(h, 0.3))  # FAULT on-in-evaluation
        return self.fc(torch.stack(outs, dim=1))


class OneMaskFixedOverTime(nn.Module):
    """Fixed over time as Gal says, but the same for all examples."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.GRUCell(20, 32), nn.Linear(32, 3)
        self.p = 0.25

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        mask = F.dropout(torch.ones(1, 32), self.p, self.training)
        for x_t in x.unbind(1):
            h = self.cell(x_t, h * mask)  # FAULT one-mask-for-the-batch
        return self.fc(h)


class FixedOverTimeNotScaled(nn.Module):
    """Fixed over time, one mask an example, never divided by the keep probability."""

    example = sequence

    def __init__(self, p=0.4):
        super().__init__()
        self.cell, self.fc, self.p = nn.GRUCell(20, 32), nn.Linear(32, 3), p

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        mask = torch.bernoulli(torch.full_like(h, 1 - self.p)) if self.training else torch.ones_like(h)
        for x_t in x.unbind(1):
            h = self.cell(x_t, h * mask)  # FAULT not-scaled
        return self.fc(h)


class ZoneoutInEvaluation(nn.Module):
    """Zoneout draws in both modes."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.GRUCell(20, 32), nn.Linear(32, 3)
        self.zoneout = 0.15

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            new = self.cell(x_t, h)
            h = torch.where(torch.rand_like(h) < self.zoneout, h, new)  # FAULT on-in-evaluation
        return self.fc(h)


class ZoneoutPromised(nn.Module):
    """The rate is stored and no line reads it."""

    example = sequence

    def __init__(self, zoneout=0.1):
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(20, 32), nn.Linear(32, 3)
        self.zoneout = zoneout  # FAULT drops-nothing

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            h, c = self.cell(x_t, (h, c))
        return self.fc(h)


class FixedOverTime(nn.Module):
    """Unusual: Gal's dropout, one mask an example for all steps, on the state."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.GRUCell(20, 32), nn.Linear(32, 3)
        self.p = 0.25

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        mask = F.dropout(torch.ones_like(h), self.p, self.training)
        for x_t in x.unbind(1):
            h = self.cell(x_t, h * mask)
        return self.fc(h)


class FixedOverTimeOnInputsToo(nn.Module):
    """Unusual: two masks an example, one on the inputs and one on the state."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.fc = nn.LSTMCell(20, 32), nn.Linear(32, 3)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), 32)
        on_x, on_h = self.drop(torch.ones_like(x[:, 0])), self.drop(torch.ones_like(h))
        for x_t in x.unbind(1):
            h, c = self.cell(x_t * on_x, (h * on_h, c))
        return self.fc(h)


class OutputsOnly(nn.Module):
    """The layer above reads a masked output; the next step reads the whole state."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.drop, self.fc = nn.GRUCell(20, 32), nn.Dropout(0.4), nn.Linear(32, 3)

    def forward(self, x):
        h, outs = x.new_zeros(x.size(0), 32), []
        for x_t in x.unbind(1):
            h = self.cell(x_t, h)
            outs.append(self.fc(self.drop(h)))
        return torch.stack(outs, dim=1)


class Zoneout(nn.Module):
    """Unusual: kept units are completed by the old state; evaluation takes the mean."""

    example = sequence

    def __init__(self, zoneout=0.15):
        super().__init__()
        self.cell, self.fc, self.zoneout = nn.GRUCell(20, 32), nn.Linear(32, 3), zoneout

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            new = self.cell(x_t, h)
            old = torch.full_like(h, self.zoneout)
            if self.training:
                old = torch.bernoulli(old)
            h = old * h + (1 - old) * new
        return self.fc(h)


class DropsTheCandidate(nn.Module):
    """Semeniuta's dropout: the candidate is masked, the memory is not."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.gates, self.fc, self.drop = nn.Linear(20 + 32, 4 * 32), nn.Linear(32, 3), nn.Dropout(0.25)

    def forward(self, x):
        h = c = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            i, f, g, o = self.gates(torch.cat([x_t, h], dim=1)).chunk(4, dim=1)
            c = f.sigmoid() * c + i.sigmoid() * self.drop(g.tanh())
            h = o.sigmoid() * c.tanh()
        return self.fc(h)


class WritesIntoItsOutput(nn.Module):
    """Unusual: the steps are written into a tensor made before; the site still reaches the output."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.drop = nn.GRUCell(20, 32), nn.Dropout(0.5)

    def forward(self, x):
        h = x.new_zeros(x.size(0), 32)
        out = x.new_empty(x.size(0), x.size(1), 32)
        for t in range(x.size(1)):
            h = self.cell(x[:, t], h)
            out[:, t] = self.drop(h)
        return out


class TeacherForcing(nn.Module):
    """Unusual: a coin decides whether a step reads the target or the model's own last output."""

    def example():
        return torch.randn(8, 32), torch.randn(8, 10, 20)

    def __init__(self):
        super().__init__()
        self.cell, self.fc, self.drop = nn.GRUCell(20, 32), nn.Linear(32, 20), nn.Dropout(0.2)

    def forward(self, h, target):
        y, outs = torch.zeros_like(target[:, 0]), []
        for t in range(target.size(1)):
            h = self.cell(y, h)
            outs.append(self.fc(self.drop(h)))
            forced = self.training and torch.rand(()) < 0.5
            y = target[:, t] if forced else outs[-1]
        return torch.stack(outs, dim=1)


class StateIsKept(nn.Module):
    """Unusual: the state of one call begins the next one."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.cell, self.drop, self.fc = nn.GRUCell(20, 32), nn.Dropout(0.3), nn.Linear(32, 3)
        self.h = None

    def forward(self, x):
        if self.h is None or len(self.h) != len(x):
            self.h = x.new_zeros(x.size(0), 32)
        for x_t in x.unbind(1):
            self.h = self.cell(x_t, self.h)
        self.h = self.h.detach()
        return self.fc(self.drop(self.h))


class LoopTimeFirst(nn.Module):
    """Unusual: (T, B, F); a mask of (1, B, H) is one mask an example, fixed over time."""

    example = time_first
    axes = "T,B,F"

    def __init__(self):
        super().__init__()
        self.cell, self.fc, self.dropout = nn.RNNCell(20, 32), nn.Linear(32, 3), 0.5

    def forward(self, x):
        h, outs = x.new_zeros(x.size(1), 32), []
        for x_t in x:
            h = self.cell(x_t, h)
            outs.append(h)
        out = torch.stack(outs)  # (T, B, H)
        if self.training:
            keep = 1 - self.dropout
            out = out * out.new_empty(1, out.size(1), out.size(2)).bernoulli_(keep).div_(keep)
        return self.fc(out)
