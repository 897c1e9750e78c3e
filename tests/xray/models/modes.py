"""train() and eval(): layers they do not reach, layers that never run, modes on purpose."""

import torch
import torch.nn.functional as F
from torch import nn


def rows():
    return torch.randn(16, 20)  # (B, F)


class PlainList(nn.Module):
    """The layers of a list stay in training mode."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.drops = [nn.Dropout(0.2), nn.Dropout(0.5)]  # FAULT missed-by-eval

    def forward(self, x):
        x = self.drops[0](x)  # FAULT missed-by-eval
        return self.b(self.drops[1](self.a(x).relu()))


class HiddenInAFunction(nn.Module):
    """The function keeps the layer, the model does not."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        drop = nn.Dropout(0.3)  # FAULT missed-by-eval
        self.activate = lambda h: drop(h.relu())  # FAULT missed-by-eval

    def forward(self, x):
        return self.b(self.activate(self.a(x)))


DROP = nn.Dropout(0.25)  # FAULT missed-by-eval


class OneLayerForAllModels(nn.Module):
    """A layer of the file, not of the model."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(DROP(self.a(x).relu()))  # FAULT missed-by-eval


class MadeInForward(nn.Module):
    """A new layer at each call begins in training mode."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(nn.Dropout(0.3)(self.a(x).relu()))  # FAULT missed-by-eval|on-in-evaluation


class TrainInForward(nn.Module):
    """Training mode is set again by the model itself."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.drop, self.b = nn.Linear(20, 64), nn.Dropout(0.5), nn.Linear(64, 3)

    def forward(self, x):
        self.drop.train()
        h = self.drop(self.a(x).relu())  # FAULT on-in-evaluation
        return self.b(h)


class FlagOfItsOwn(nn.Module):
    """eval() sets `training`, and this model asks another flag."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.5
        self.is_training = True

    def forward(self, x):
        h = F.dropout(self.a(x).relu(), self.p, self.is_training)  # FAULT on-in-evaluation
        return self.b(h)


class EvalIsIgnored(nn.Module):
    """train(False) becomes train(True)."""

    example = rows

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 3))

    def train(self, mode=True):
        return super().train(True)

    def forward(self, x):
        return self.net(x)  # FAULT on-in-evaluation


class NeverCalled(nn.Module):
    """forward forgot the layer."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)
        self.drop = nn.Dropout(0.5)  # FAULT not-run

    def forward(self, x):
        return self.b(self.a(x).relu())


class OtherBranch(nn.Module):
    """This example takes the way without dropout."""

    example = rows

    def __init__(self):
        super().__init__()
        self.short = nn.Linear(20, 3)
        self.long = nn.Sequential(nn.Linear(20, 64), nn.Dropout(0.4), nn.Linear(64, 3))  # FAULT not-run

    def forward(self, x):
        return self.long(x) if x.size(1) > 100 else self.short(x)


class OneLayerTooMany(nn.Module):
    """A list of four layers of dropout for three layers of weights."""

    example = rows

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(20, 20) for _ in range(3))
        self.drops = nn.ModuleList(nn.Dropout(0.1) for _ in range(4))  # FAULT not-run
        self.fc = nn.Linear(20, 3)

    def forward(self, x):
        for layer, drop in zip(self.layers, self.drops, strict=False):
            x = drop(layer(x).relu())
        return self.fc(x)


class ListThatTorchKnows(nn.Module):
    """nn.ModuleList instead of a list."""

    example = rows

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(20, 64), nn.Dropout(0.2), nn.Linear(64, 3)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class DictionaryThatTorchKnows(nn.Module):
    """nn.ModuleDict instead of a dictionary."""

    example = rows

    def __init__(self):
        super().__init__()
        self.parts = nn.ModuleDict({"body": nn.Linear(20, 64), "drop": nn.Dropout(0.2)})
        self.head = nn.Linear(64, 3)

    def forward(self, x):
        return self.head(self.parts["drop"](self.parts["body"](x).relu()))


class FrozenOnPurpose(nn.Module):
    """Unusual: a frozen encoder stays in eval(); its weights do not learn."""

    example = rows

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.1)).requires_grad_(False)
        self.drop, self.head = nn.Dropout(0.3), nn.Linear(64, 3)

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x):
        with torch.no_grad():
            h = self.encoder(x)
        return self.head(self.drop(h))


class MonteCarlo(nn.Module):
    """Unusual: on in evaluation, and the caller says so."""

    example = rows
    mc = True

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.2

    def forward(self, x):
        return self.b(F.dropout(self.a(x).relu(), self.p, training=True))


class MeanOfSamples(nn.Module):
    """Unusual: the mean of 5 passes in evaluation, one pass in training."""

    example = rows
    mc = True

    def __init__(self):
        super().__init__()
        self.a, self.b, self.p = nn.Linear(20, 64), nn.Linear(64, 3), 0.2

    def once(self, x):
        return self.b(F.dropout(self.a(x).relu(), self.p))

    def forward(self, x):
        return self.once(x) if self.training else torch.stack([self.once(x) for _ in range(5)]).mean(0)


class MadeInForwardWithMode(nn.Module):
    """Unusual: a new layer at each call, which is told the mode."""

    example = rows

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(20, 64), nn.Linear(64, 3)

    def forward(self, x):
        return self.b(nn.Dropout(0.3).train(self.training)(self.a(x).relu()))


class SizesAtTheFirstCall(nn.Module):
    """Unusual: the first call makes the weights."""

    example = rows

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.LazyLinear(64), nn.ReLU(), nn.Dropout(0.5), nn.LazyLinear(3))

    def forward(self, x):
        return self.net(x)


class EvaluatesWithoutGradients(nn.Module):
    """Unusual: evaluation goes through inference_mode."""

    example = rows

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 3))

    def forward(self, x):
        with torch.inference_mode(not self.training):
            return self.net(x)
