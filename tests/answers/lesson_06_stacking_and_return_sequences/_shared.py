"""What answers to several parts of lesson 06 share."""

import torch


def mask(x, lengths):
    return (torch.arange(x.shape[1])[None] < lengths[:, None])[..., None]
