"""Attention and Transformer layers."""

import math

import torch
import torch.nn.functional as F
from torch import nn


def sequence():
    return torch.randn(6, 10, 16)  # (B, T, F)


class Heads(nn.Module):
    """Queries, keys and values of two heads."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.qkv, self.out, self.attention_dropout = nn.Linear(16, 48), nn.Linear(16, 16), 0.2

    def split(self, x):
        B, T, _ = x.shape
        return self.qkv(x).view(B, T, 3, 2, 8).permute(2, 0, 3, 1, 4)  # (3, B, heads, T, F / heads)

    def scores(self, x):
        q, k, v = self.split(x)
        return q @ k.mT / math.sqrt(8), v  # (B, heads, T, T), (B, heads, T, F / heads)

    def join(self, value):
        return self.out(value.transpose(1, 2).flatten(2))


class FusedInEvaluation(Heads):
    """scaled_dot_product_attention knows no mode."""

    def forward(self, x):
        q, k, v = self.split(x)
        p = self.attention_dropout
        return self.join(F.scaled_dot_product_attention(q, k, v, dropout_p=p))  # FAULT on-in-evaluation


class OneMaskOfWeights(Heads):
    """(T, T): all examples and heads lose the same pairs of steps."""

    def forward(self, x):
        scores, v = self.scores(x)
        weights = scores.softmax(-1)
        if self.training:
            keep = torch.rand(weights.shape[-2:]) > self.attention_dropout
            weights = weights * keep / (1 - self.attention_dropout)  # FAULT one-mask-for-the-batch
        return self.join(weights @ v)


class WeightsNotScaled(Heads):
    """Filled with 0 after the softmax, so the rows do not sum to 1 on average."""

    def forward(self, x):
        scores, v = self.scores(x)
        weights = scores.softmax(-1)
        if self.training:
            gone = torch.rand_like(weights) < self.attention_dropout
            weights = weights.masked_fill(gone, 0)  # FAULT not-scaled
        return self.join(weights @ v)


class AttentionInADictionary(nn.Module):
    """A dictionary of Python hides the layer from eval()."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.layers = {"self": nn.MultiheadAttention(16, 2, 0.1, batch_first=True)}  # FAULT missed-by-eval
        self.fc = nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.layers["self"](x, x, x)[0])  # FAULT missed-by-eval


class FineTunedInEval(nn.Module):
    """The encoder is held in eval() although its weights learn."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, 0.1, batch_first=True)  # FAULT drops-nothing
        self.fc = nn.Linear(16, 3)

    def train(self, mode=True):
        super().train(mode)
        self.encoder.eval()
        return self

    def forward(self, x):
        return self.fc(self.encoder(x))


class AttentionResultLost(nn.Module):
    """The residual branch adds x to x."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(16, 2, dropout=0.3, batch_first=True)  # FAULT drops-nothing
        self.norm, self.fc = nn.LayerNorm(16), nn.Linear(16, 3)

    def forward(self, x):
        _attended, _ = self.attend(x, x, x, need_weights=False)
        return self.fc(self.norm(x + x))


class CrossAttentionWithoutMemory(nn.Module):
    """This example has no memory, so the second attention never runs."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.own = nn.MultiheadAttention(16, 2, dropout=0.1, batch_first=True)
        self.cross = nn.MultiheadAttention(16, 2, dropout=0.1, batch_first=True)  # FAULT not-run
        self.fc = nn.Linear(16, 3)

    def forward(self, x, memory=None):
        x = x + self.own(x, x, x)[0]
        if memory is not None:
            x = x + self.cross(x, memory, memory)[0]
        return self.fc(x)


class OneMaskForKeysAndValues(nn.Module):
    """Keys and values lose the same places."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.p = 0.2

    def forward(self, x):
        mask = F.dropout(torch.ones_like(x), self.p, self.training)
        k = self.k(x) * mask  # FAULT mask-shared-by-layers
        v = self.v(x) * mask  # FAULT mask-shared-by-layers
        return F.scaled_dot_product_attention(self.q(x), k, v)


class PositionsDropTwice(nn.Module):
    """The positional encoding ends with dropout, and the caller drops its result again."""

    class Positions(nn.Module):
        def __init__(self):
            super().__init__()
            self.dropout, self.table = nn.Dropout(0.1), nn.Parameter(torch.randn(10, 16))

        def forward(self, x):
            return self.dropout(x + self.table)

    example = sequence

    def __init__(self):
        super().__init__()
        self.positions, self.drop = self.Positions(), nn.Dropout(0.1)
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)

    def forward(self, x):
        x = self.drop(self.positions(x))  # FAULT drops-twice
        return self.encoder(x)


class Fused(Heads):
    """scaled_dot_product_attention, off in evaluation."""

    def forward(self, x):
        q, k, v = self.split(x)
        p = self.attention_dropout if self.training else 0.0
        return self.join(F.scaled_dot_product_attention(q, k, v, dropout_p=p, is_causal=True))


class CausalByHand(Heads):
    """A constant triangle of minus infinity, then dropout on the weights."""

    def forward(self, x):
        scores, v = self.scores(x)
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return self.join(F.dropout(weights, self.attention_dropout, self.training) @ v)


class DropsKeys(Heads):
    """Unusual: minus infinity before the softmax; the softmax itself normalises what is left."""

    def forward(self, x):
        scores, v = self.scores(x)
        if self.training:
            scores = scores.masked_fill(torch.rand_like(scores) < self.attention_dropout, -1e9)
        return self.join(scores.softmax(-1) @ v)


class DropsHeads(Heads):
    """Unusual: a whole head of an example goes: a mask of (B, heads, 1, 1)."""

    def forward(self, x):
        value = F.scaled_dot_product_attention(*self.split(x))
        ones = torch.ones_like(value[:, :, :1, :1])
        return self.join(value * F.dropout(ones, self.attention_dropout, self.training))


class SelfAttention(nn.Module):
    """nn.MultiheadAttention."""

    example = sequence

    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(16, 4, dropout=0.1, batch_first=True)
        self.norm, self.fc = nn.LayerNorm(16), nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.norm(x + self.attend(x, x, x, need_weights=False)[0]))


class Encoder(nn.Module):
    """Two layers of nn.TransformerEncoder."""

    example = sequence

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.encoder, self.fc = nn.TransformerEncoder(layer, 2), nn.Linear(16, 3)

    def forward(self, x):
        return self.fc(self.encoder(x))


class EncoderAndDecoder(nn.Module):
    """Unusual: nn.Transformer with two inputs, time first as it is by default."""

    axes = "T,B,F"

    def example():
        return torch.randn(9, 6, 16), torch.randn(7, 6, 16)

    def __init__(self):
        super().__init__()
        self.net, self.fc = nn.Transformer(16, 2, 1, 1, 32, dropout=0.1), nn.Linear(16, 3)

    def forward(self, source, target):
        later = self.net.generate_square_subsequent_mask(target.size(0))
        return self.fc(self.net(source, target, tgt_mask=later))
