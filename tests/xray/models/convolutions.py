"""Channels, time and blocks."""

import torch
import torch.nn.functional as F
from torch import nn


def sequence():
    return torch.randn(8, 14, 20)  # (B, T, C)


def picture():
    return torch.randn(6, 3, 16, 16)  # (B, C, H, W)


class ChannelsOfAnRNN(nn.Module):
    """Dropout1d takes (B, C, T) and gets (B, T, C): whole steps go."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn, self.fc = nn.GRU(20, 32, batch_first=True), nn.Linear(32, 3)
        self.drop = nn.Dropout1d(0.3)

    def forward(self, x):
        h, _ = self.rnn(x)
        h = self.drop(h)  # FAULT channel-dropout-on-time
        return self.fc(h)


class ChannelsFunctional(nn.Module):
    """The same by F.dropout1d, before the convolution's transpose."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.p = nn.Conv1d(20, 32, 3, padding=1), nn.Linear(32, 3), 0.2

    def forward(self, x):
        x = F.dropout1d(x, self.p, self.training)  # FAULT channel-dropout-on-time
        h = self.conv(x.mT).relu()
        return self.fc(h.mean(dim=2))


class ChannelsOfFrames(nn.Module):
    """Dropout2d takes (B, C, H, W) and gets (B, T, H, W): whole frames go."""

    def example():
        return torch.randn(4, 9, 8, 8)  # (B, T, H, W)

    axes = "B,T,H,W"

    def __init__(self):
        super().__init__()
        self.drop, self.rnn, self.fc = nn.Dropout2d(0.4), nn.GRU(64, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, frames):
        frames = self.drop(frames)  # FAULT channel-dropout-on-time
        return self.fc(self.rnn(frames.flatten(2))[0])


class BlocksNotScaled(nn.Module):
    """DropBlock without its normaliser."""

    example = picture

    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.gamma = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 3), 0.05

    def forward(self, x):
        h = self.conv(x).relu()
        if self.training:
            centres = torch.bernoulli(torch.full_like(h, self.gamma))
            gone = F.max_pool2d(centres, 3, stride=1, padding=1)
            h = h * (1 - gone)  # FAULT not-scaled
        return self.fc(h.mean(dim=(2, 3)))


class ChannelsOneForAll(nn.Module):
    """The same channels go in all pictures: (1, C, 1, 1)."""

    example = picture

    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.p = nn.Conv2d(3, 32, 3), nn.Linear(32, 3), 0.3

    def forward(self, x):
        h = self.conv(x).relu()
        h = h * F.dropout(h.new_ones(1, 32, 1, 1), self.p, self.training)  # FAULT one-mask-for-the-batch
        return self.fc(h.mean(dim=(2, 3)))


class CausalInEvaluation(nn.Module):
    """A temporal block whose dropout never rests."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv1d(20, 32, 3), nn.Linear(32, 3)

    def forward(self, x):
        h = self.conv(F.pad(x.mT, (2, 0))).relu()
        h = F.dropout1d(h, 0.2)  # FAULT on-in-evaluation
        return self.fc(h.mT)


class Channels(nn.Module):
    """Dropout1d on (B, C, T)."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.conv, self.drop, self.fc = nn.Conv1d(20, 32, 3, padding=1), nn.Dropout1d(0.3), nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.drop(self.conv(x.mT).relu()).mT)


class ChannelsAfterTranspose(nn.Module):
    """Features of a recurrent layer, fixed over time: transposed for Dropout1d, and back."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn, self.drop, self.fc = nn.GRU(20, 32, batch_first=True), nn.Dropout1d(0.3), nn.Linear(32, 3)

    def forward(self, x):
        return self.fc(self.drop(self.rnn(x)[0].mT).mT)


class ChannelsOfPictures(nn.Module):
    """Dropout2d on (B, C, H, W)."""

    example = picture

    def __init__(self):
        super().__init__()
        self.conv, self.drop, self.fc = nn.Conv2d(3, 16, 3), nn.Dropout2d(0.2), nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.drop(self.conv(x).relu()).mean(dim=(2, 3)))


class Blocks(nn.Module):
    """Unusual: DropBlock, divided by the share that this draw has kept."""

    example = picture

    def __init__(self):
        super().__init__()
        self.conv, self.fc, self.gamma = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 3), 0.05

    def forward(self, x):
        h = self.conv(x).relu()
        if self.training:
            gone = F.max_pool2d((torch.rand_like(h) < self.gamma).float(), 3, stride=1, padding=1)
            kept = 1 - gone
            h = h * kept * kept.numel() / kept.sum()
        return self.fc(h.mean(dim=(2, 3)))


class StepsOnPurpose(nn.Module):
    """Unusual: whole steps go, by a mask that says so: (B, T, 1)."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.rnn, self.fc, self.step_p = nn.GRU(20, 32, batch_first=True), nn.Linear(32, 3), 0.2

    def forward(self, x):
        x = x * F.dropout(torch.ones_like(x[..., :1]), self.step_p, self.training)
        return self.fc(self.rnn(x)[0])


class ChannelsAlpha(nn.Module):
    """Unusual: whole channels of a self-normalising network, by an affine map."""

    example = picture

    def __init__(self):
        super().__init__()
        self.conv, self.drop, self.fc = nn.Conv2d(3, 16, 3), nn.FeatureAlphaDropout(0.2), nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.drop(F.selu(self.conv(x))).mean(dim=(2, 3)))
