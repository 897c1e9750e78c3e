"""What answers to several parts of lesson 09 share."""

import torch


def naive(logits):
    return logits.exp() / logits.exp().sum(-1, keepdim=True)


def bits(p):
    return -(p * torch.log2(p.clamp_min(1e-12))).sum(-1)
