"""Inputs and outputs of all forms: integers, several, nested, by keyword, packed, dataclasses."""

from dataclasses import dataclass
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence


def tokens():
    return torch.randint(0, 40, (8, 11))  # (B, T)


def picture_and_text():
    return torch.randn(8, 30), torch.randint(0, 40, (8, 11))


def keywords():
    return {"tokens": torch.randint(0, 40, (8, 11)), "mask": torch.ones(8, 11, dtype=torch.bool)}


def nested():
    return ({"past": torch.randn(8, 12, 5), "static": [torch.randn(8, 7), torch.randn(8, 9)]},)


def packed():
    return (pack_sequence([torch.randn(length, 20) for length in (12, 10, 9, 9, 6, 4, 3)]),)


class WordsAsChannels(nn.Module):
    """An embedding gives (B, T, E), and Dropout1d takes T for channels."""

    example = tokens

    def __init__(self):
        super().__init__()
        self.embed, self.drop = nn.Embedding(40, 24), nn.Dropout1d(0.2)
        self.rnn, self.fc = nn.LSTM(24, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, ids):
        e = self.drop(self.embed(ids))  # FAULT channel-dropout-on-time
        return self.fc(self.rnn(e)[0])


class SecondInputOneMask(nn.Module):
    """The text's mask is (T, E), without the batch."""

    example = picture_and_text

    def __init__(self):
        super().__init__()
        self.embed, self.look, self.fc = nn.Embedding(40, 24), nn.Linear(30, 24), nn.Linear(24, 3)
        self.p = 0.3

    def forward(self, picture, ids):
        e = self.embed(ids)
        if self.training:
            keep = 1 - self.p
            e = e * torch.bernoulli(torch.full(e.shape[1:], keep)) / keep  # FAULT one-mask-for-the-batch
        return self.fc(self.look(picture) + e.mean(dim=1))


class KeywordsNotScaled(nn.Module):
    """The padding mask is right; the mask of dropout is {0, 1}."""

    example = keywords

    def __init__(self):
        super().__init__()
        self.embed, self.fc, self.dropout = nn.Embedding(40, 24), nn.Linear(24, 3), 0.4

    def forward(self, *, tokens, mask):
        e = self.embed(tokens) * mask.unsqueeze(-1)
        if self.training:
            e = torch.where(torch.rand(e.shape) < self.dropout, torch.zeros_like(e), e)  # FAULT not-scaled
        return self.fc(e.sum(dim=1) / mask.sum(dim=1, keepdim=True))


class NestedInEvaluation(nn.Module):
    """The static inputs are dropped in both modes."""

    example = nested

    def __init__(self):
        super().__init__()
        self.rnn, self.static, self.fc = nn.GRU(5, 16, batch_first=True), nn.Linear(16, 16), nn.Linear(32, 3)

    def forward(self, batch):
        past = self.rnn(batch["past"])[1][-1]
        static = self.static(torch.cat(batch["static"], dim=1))
        static = F.dropout(static, 0.2)  # FAULT on-in-evaluation
        return {"forecast": self.fc(torch.cat([past, static], dim=1))}


class PackedOneLayer(nn.Module):
    """Packed in and out, with a rate that has no place."""

    example = packed

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(20, 16, dropout=0.5)  # FAULT drops-nothing

    def forward(self, sequences):
        return self.rnn(sequences)[0]


class Labelled(nn.Module):
    """A dataclass as output; one of its fields is a dropped logit."""

    @dataclass
    class Output:
        logits: torch.Tensor
        features: torch.Tensor

    example = tokens

    def __init__(self):
        super().__init__()
        self.embed, self.fc, self.drop = nn.Embedding(40, 24), nn.Linear(24, 5), nn.Dropout(0.1)

    def forward(self, ids):
        features = self.embed(ids).mean(dim=1)
        logits = self.drop(self.fc(features))  # FAULT drops-logits
        return self.Output(logits, features)


class Words(nn.Module):
    """Integers: (B, T), then an embedding with dropout."""

    example = tokens

    def __init__(self):
        super().__init__()
        self.embed, self.drop = nn.Embedding(40, 24), nn.Dropout(0.2)
        self.rnn, self.fc = nn.LSTM(24, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, ids):
        return self.fc(self.rnn(self.drop(self.embed(ids)))[0])


class UnknownWords(nn.Module):
    """Unusual: words become the word 0 at random; an index is replaced, not scaled."""

    example = tokens

    def __init__(self):
        super().__init__()
        self.embed, self.rnn = nn.Embedding(40, 24), nn.GRU(24, 16, batch_first=True)
        self.fc = nn.Linear(16, 3)

    def forward(self, ids):
        if self.training:
            ids = ids.masked_fill(torch.rand(ids.shape) < 0.1, 0)
        return self.fc(self.rnn(self.embed(ids))[0])


class PictureAndText(nn.Module):
    """Two inputs, a rate for each."""

    example = picture_and_text

    def __init__(self):
        super().__init__()
        self.embed, self.look, self.fc = nn.Embedding(40, 24), nn.Linear(30, 24), nn.Linear(24, 3)
        self.drop_picture, self.drop_text = nn.Dropout(0.5), nn.Dropout(0.1)

    def forward(self, picture, ids):
        text = self.drop_text(self.embed(ids)).mean(dim=1)
        return self.fc(self.drop_picture(self.look(picture)) + text)


class Keywords(nn.Module):
    """By keyword, with a constant padding mask."""

    example = keywords

    def __init__(self):
        super().__init__()
        self.embed, self.fc, self.drop = nn.Embedding(40, 24), nn.Linear(24, 3), nn.Dropout(0.4)

    def forward(self, *, tokens, mask):
        e = self.drop(self.embed(tokens)) * mask.unsqueeze(-1)
        return self.fc(e.sum(dim=1) / mask.sum(dim=1, keepdim=True))


class Nested(nn.Module):
    """Unusual: dictionaries and lists in, a namespace out."""

    example = nested

    def __init__(self):
        super().__init__()
        self.rnn, self.static, self.fc = nn.GRU(5, 16, batch_first=True), nn.Linear(16, 16), nn.Linear(32, 3)
        self.drop = nn.Dropout(0.2)

    def forward(self, batch):
        past = self.rnn(batch["past"])[1][-1]
        static = self.static(torch.cat(batch["static"], dim=1))
        return SimpleNamespace(forecast=self.fc(self.drop(torch.cat([past, static], dim=1))), hidden=past)


class PackedStack(nn.Module):
    """Unusual: packed in and out, two layers."""

    example = packed

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(20, 16, 2, dropout=0.5)

    def forward(self, sequences):
        return self.rnn(sequences)[0]


class PackedData(nn.Module):
    """Unusual: dropout on the data of a packed sequence, (sum of lengths, H)."""

    example = packed

    def __init__(self):
        super().__init__()
        self.rnn, self.drop, self.fc = nn.GRU(20, 16), nn.Dropout(0.3), nn.Linear(16, 3)

    def forward(self, sequences):
        out, _ = self.rnn(sequences)
        return PackedSequence(self.fc(self.drop(out.data)), out.batch_sizes)
