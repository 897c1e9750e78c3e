"""nn.Dropout and torch.nn.functional: rates, modes and results that get lost."""

import torch
import torch.nn.functional as F
from torch import nn


def rows():
    return torch.randn(16, 20)  # (B, F)


class TrainingForgotten(nn.Module):
    """F.dropout is on by default, in evaluation too."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.5

    def forward(self, x):
        return self.b(F.dropout(self.a(x).relu(), self.p))  # FAULT on-in-evaluation


class TrainingIsTrue(nn.Module):
    """`training=True` is not `self.training`."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        x = F.selu(self.a(x))
        x = F.alpha_dropout(x, p=0.2, training=True)  # FAULT on-in-evaluation
        return self.b(x)


class TrainingForTheRate(nn.Module):
    """The second argument is the rate: True is 1."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        x = self.a(x).relu()
        x = F.dropout(x, self.training)  # FAULT drops-everything
        return self.b(x)


class OnePercentMeant(nn.Module):
    """1 is meant in percent."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(1), nn.Linear(64, 3)

    def forward(self, x):
        x = self.drop(self.a(x).relu())  # FAULT drops-everything
        return self.b(x)


class NeverTraining(nn.Module):
    """Switched off for a debugging session, and forgotten."""

    example = rows

    def __init__(self, dropout=0.5):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.dropout = dropout  # FAULT drops-nothing

    def forward(self, x):
        return self.b(F.dropout(self.a(x).relu(), self.dropout, training=False))


class ResultIsLost(nn.Module):
    """Dropout returns its result, and this line throws it away."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.drop = nn.Dropout(0.5)  # FAULT drops-nothing

    def forward(self, x):
        x = self.a(x).relu()
        self.drop(x)
        return self.b(x)


class ResultIsOverwritten(nn.Module):
    """The next line starts from x again."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.drop = nn.Dropout(0.2)  # FAULT drops-nothing

    def forward(self, x):
        h = self.drop(x)
        h = self.a(x).relu()
        return self.b(h)


class KeepGivenAsRate(nn.Module):
    """TensorFlow 1 took the probability to keep; F.dropout takes the probability to drop."""

    example = rows

    def __init__(self, dropout=0.1):
        super().__init__()
        self.a, self.b, self.dropout = nn.Linear(20, 64), nn.Linear(64, 3), dropout

    def forward(self, x):
        x = self.a(x).relu()
        x = F.dropout(x, 1 - self.dropout, self.training)  # FAULT rate-differs
        return self.b(x)


class DropoutOfDropout(nn.Module):
    """A functional call after the module: the rate is .64, not .4."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(0.4), nn.Linear(64, 3)

    def forward(self, x):
        x = self.drop(self.a(x).relu())
        x = F.dropout(x, 0.4, self.training)  # FAULT drops-twice
        return self.b(x)


class LogitsDropped(nn.Module):
    """The last line sets classes to 0 at random."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 10)

    def forward(self, x):
        logits = self.b(self.a(x).relu())
        return F.dropout(logits, 0.2, self.training)  # FAULT drops-logits


class HeadEndsInDropout(nn.Module):
    """The same inside nn.Sequential."""

    example = rows

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(20, 64), nn.ReLU())
        self.head = nn.Sequential(nn.Linear(64, 10), nn.Dropout(0.2))

    def forward(self, x):
        return self.head(self.body(x))  # FAULT drops-logits


class CompiledInEvaluation(nn.Module):
    """torch.compile changes nothing about a forgotten `training`; the line is the original's."""

    example = rows

    class Body(nn.Module):
        def forward(self, x):
            return F.dropout(x.relu(), 0.1)  # FAULT on-in-evaluation

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.body = torch.compile(self.Body(), backend="eager")

    def forward(self, x):
        return self.b(self.body(self.a(x)))


class Functional(nn.Module):
    """What the first model wanted."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.5

    def forward(self, x):
        return self.b(F.dropout(self.a(x).relu(), p=self.p, training=self.training))


class InSequential(nn.Module):
    """Layers in a row."""

    example = rows

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 3)
        )

    def forward(self, x):
        return self.net(x)


class InPlace(nn.Module):
    """The value itself is written over; its result need not be assigned."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(0.3, inplace=True), nn.Linear(64, 3)

    def forward(self, x):
        x = self.a(x)
        self.drop(x)
        return self.b(x)


class Alpha(nn.Module):
    """Unusual: alpha dropout sets units to -1.76 and maps the rest by a·x + b."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.AlphaDropout(0.2), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(self.drop(F.selu(self.a(x))))


class RateGrows(nn.Module):
    """Unusual: the rate grows with the number of training calls, which a buffer counts."""

    example = rows

    def __init__(self, last_rate=0.5):
        super().__init__()
        self.a, self.b, self.last_rate = nn.Linear(20, 64), nn.Linear(64, 3), last_rate
        self.register_buffer("calls", torch.tensor(5))

    def forward(self, x):
        if self.training:
            self.calls += 1
        rate = self.last_rate * min(1.0, self.calls.item() / 100)
        return self.b(F.dropout(self.a(x).relu(), rate, self.training))


class RateOfZero(nn.Module):
    """A configuration without dropout."""

    example = rows

    def __init__(self, dropout=0.0):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(dropout), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(self.drop(self.a(x).relu()))


class KeepProbability(nn.Module):
    """The attribute is a probability to keep, and the line says 1 - it."""

    example = rows

    def __init__(self, keep_prob=0.8):
        super().__init__()
        self.a, self.b, self.keep_prob = nn.Linear(20, 64), nn.Linear(64, 3), keep_prob

    def forward(self, x):
        return self.b(F.dropout(self.a(x).relu(), 1 - self.keep_prob, self.training))


class Compiled(nn.Module):
    """A part goes through torch.compile; the original says the same."""

    example = rows

    def __init__(self):
        super().__init__()
        self.body = torch.compile(InSequential(), backend="eager")

    def forward(self, x):
        return self.body(x)
