"""A model and all generators are as before an X-ray, also after an error."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import prune

from recdrop_lessons import xray
from recdrop_lessons.support.errors import RecdropError


class Changes(nn.Module):
    """Everything that a pass can change, changed in each pass."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(4)
        self.out = nn.Linear(4, 4)
        self.drop = nn.Dropout(0.5)
        self.generator = torch.Generator().manual_seed(5)
        self.numbers = np.random.default_rng(5)
        self.state: Tensor | None = None
        self.seen: list[float] = []
        self.counts = {"passes": 0}
        prune.random_unstructured(self.out, "weight", 0.5)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            self.out.weight_orig.mul_(0.9)
            self.out.bias.data = self.out.bias.data + 1
        h = self.out(self.drop(self.norm(x)))
        h = h + torch.randn(4, generator=self.generator) + float(self.numbers.normal())
        self.state = h.detach()
        self.seen.append(float(h.mean()))
        self.counts["passes"] += 1
        self.drop.p = random.random()
        torch.randn(1), np.random.normal()  # noqa: NPY002
        if self.seen[0] != self.seen[0]:
            raise ValueError("not a number")
        return h


def everything(model: Changes) -> list[object]:
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return [
        {name: tensor.detach().clone().numpy().tolist() for name, tensor in tensors.items()},
        {path: module.training for path, module in model.named_modules()},
        [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
        (model.state, list(model.seen), dict(model.counts), model.drop.p),
        (model.generator.get_state().tolist(), model.numbers.bit_generator.state),
        (torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()),  # noqa: NPY002
        len(nn.modules.module._global_forward_hooks),
    ]


@pytest.mark.parametrize("training", [True, False])
def test_all_is_as_before(training):
    model = Changes().train(training)
    model.norm.eval()
    before = everything(model)
    xray(model, torch.randn(6, 4, generator=torch.Generator().manual_seed(1)))
    assert everything(model) == before


def test_all_is_as_before_an_error():
    model = Changes()
    before = everything(model)
    with pytest.raises(RecdropError, match="not a number"):
        xray(model, torch.full((6, 4), torch.nan))
    assert everything(model) == before


def test_an_example_that_the_model_writes_into_is_as_before():
    class Writes(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return nn.functional.dropout(x.mul_(2), 0.5, self.training)

    x = torch.ones(6, 4)
    xray(Writes(), x)
    assert bool((x == 1).all())
