"""Stands in for another CPU: after each step of a PyTorch optimiser each weight is about 1e-4 of itself off.

`make portable` puts this folder on PYTHONPATH. Another CPU rounds sums in another way, and some hundred steps
of training make a visible difference of it. What nbval compares must not change. RECDROP_SHAKE=2 shakes
otherwise.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

STRENGTH = 1e-4  # of each weight's own size


def shake(optimizer: Any, *_: Any) -> None:
    import torch

    generator = torch.Generator().manual_seed(int(os.environ.get("RECDROP_SHAKE", "1")))
    with torch.no_grad():
        for group in optimizer.param_groups:
            for weight in group["params"]:
                noise = torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
                weight.mul_(1 + STRENGTH * noise.to(weight.device))


class _AfterTorch(importlib.abc.MetaPathFinder):
    """Hooks torch.optim when, and if, a process imports torch."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        found = importlib.machinery.PathFinder.find_spec(name, path)
        loader = found.loader if found else None
        if not isinstance(loader, importlib.machinery.SourceFileLoader):
            return found
        run = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            run(module)
            from torch.optim.optimizer import register_optimizer_step_post_hook

            register_optimizer_step_post_hook(shake)

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return found


sys.meta_path.insert(0, _AfterTorch())
