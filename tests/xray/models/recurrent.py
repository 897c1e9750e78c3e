"""PyTorch's recurrent layers: their argument `dropout` acts between layers and nowhere else."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def sequence():
    return torch.randn(8, 12, 20)  # (B, T, F)


def time_first():
    return torch.randn(12, 8, 20)  # (T, B, F)


def sequence_and_lengths():
    return torch.randn(8, 12, 20), torch.tensor([12, 11, 9, 9, 7, 5, 4, 2])


class OneLayerLSTM(nn.Module):
    """One layer has no place between layers."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, dropout=0.5, batch_first=True)  # FAULT drops-nothing
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc(out)


class OneLayerBidirectionalGRU(nn.Module):
    """Two directions are not two layers."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.encoder = nn.GRU(  # FAULT drops-nothing
            20,
            16,
            num_layers=1,
            bidirectional=True,
            dropout=0.3,
            batch_first=True,
        )
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.encoder(x)[0].mean(dim=1))


class OneLayerRNNBesideDropout(nn.Module):
    """The layer's own rate drops nothing; nn.Dropout after the layer hides that from a run."""

    example = sequence

    def __init__(self, layers=1, dropout=0.25):
        super().__init__()
        self.rnn = nn.RNN(20, 32, layers, dropout=dropout, batch_first=True)  # FAULT drops-nothing
        self.drop = nn.Dropout(dropout)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.drop(self.rnn(x)[1][-1]))


class OneLayerPacked(nn.Module):
    """The same with packed sequences."""

    example = sequence_and_lengths

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, dropout=0.4, batch_first=True)  # FAULT drops-nothing
        self.fc = nn.Linear(32, 3)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.fc(out)


class FirstLayersState(nn.Module):
    """The mask is on the way to layer 2, and the model reads the state of layer 1."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(20, 32, num_layers=2, dropout=0.5, batch_first=True)  # FAULT drops-nothing
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[1][0])


class StacksInAPlainList(nn.Module):
    """eval() does not reach the layers of a list."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnns = [nn.LSTM(20, 20, 2, dropout=0.3, batch_first=True)]  # FAULT missed-by-eval
        self.fc = nn.Linear(20, 3)

    def forward(self, x):
        for rnn in self.rnns:
            x, _ = rnn(x)  # FAULT missed-by-eval
        return self.fc(x)


class DropsTheMaskedFirstState(nn.Module):
    """The state passed to the second layer is masked on both sides of the border."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.lower = nn.LSTM(20, 24, batch_first=True)
        self.upper = nn.LSTM(24, 24, batch_first=True)
        self.between = nn.Dropout(0.3)
        self.into = nn.Dropout(0.3)
        self.fc = nn.Linear(24, 3)

    def forward(self, x):
        h = self.between(self.lower(x)[0])
        h, _ = self.upper(self.into(h))  # FAULT drops-twice
        return self.fc(h)


class StackedLSTM(nn.Module):
    """Two layers have one place between them."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, num_layers=2, dropout=0.5, batch_first=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class StackedBidirectionalGRU(nn.Module):
    """Between layers, in both directions."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(20, 16, 3, dropout=0.3, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        _, h = self.rnn(x)
        return self.fc(torch.cat([h[-2], h[-1]], dim=1))


class StackedRNNTimeFirst(nn.Module):
    """Unusual: (T, B, F), PyTorch's default, said by no argument."""

    example = time_first

    def __init__(self):
        super().__init__()
        self.rnn = nn.RNN(20, 32, 2, dropout=0.2)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][-1])


class PackedStack(nn.Module):
    """Unusual: between layers the value is packed, (sum of lengths, H)."""

    example = sequence_and_lengths

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, 2, dropout=0.4, batch_first=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(x, lengths, batch_first=True)
        out, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.fc(out)


class OneLayerThenDropout(nn.Module):
    """What the one-layer models wanted."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, batch_first=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.drop(self.rnn(x)[0]))


class NoDropoutAtAll(nn.Module):
    """A rate of 0 promises nothing."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, dropout=0.0, batch_first=True)
        self.fc = nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.rnn(x)[0])


class ProjectedStack(nn.Module):
    """The value between layers has proj_size features."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 32, 2, proj_size=10, dropout=0.5, batch_first=True)

    def forward(self, x):
        return self.rnn(x)[0]


class BatchAsWideAsTheLayer(nn.Module):
    """Unusual: 16 examples, 16 steps, 16 units; a mask of (16, 1, 16) is one mask an example."""

    def example():
        return torch.randn(16, 16, 16)

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(16, 16, batch_first=True)
        self.p = 0.5
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        h, _ = self.rnn(x)
        if self.training:
            h = h * torch.bernoulli(h.new_full((h.size(0), 1, h.size(2)), 1 - self.p)) / (1 - self.p)
        return self.fc(h)
