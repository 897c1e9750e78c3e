"""torch.optim: SGD, Adam, AdamW and RMSprop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ._absent import module_getattr
from ._graph import enable_grad
from ._tensor import Tensor


class Optimizer:
    """Changes parameters by their gradients; `param_groups` holds the settings."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        given = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise ValueError("optimizer got an empty parameter list")
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.defaults, self.state = defaults, {}  # type: ignore[var-annotated]
        self.param_groups = [{**defaults, **group, "params": list(group["params"])} for group in groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        for group in self.param_groups:
            for one in group["params"]:
                one._grad = None

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            for one in group["params"]:
                if one.grad is not None:
                    state = self.state.setdefault(one, {})
                    one._a -= self._change(one._a, one.grad._a, state, group).astype(one._a.dtype, copy=False)
                    one._version.count += 1
        return loss

    def _change(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]
    ) -> np.ndarray:
        """What is subtracted from a parameter p with gradient g."""
        raise NotImplementedError


class SGD(Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        **_: Any,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "momentum": momentum,
                "dampening": dampening,
                "weight_decay": weight_decay,
                "nesterov": nesterov,
            },
        )

    def _change(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]
    ) -> np.ndarray:
        g = g + group["weight_decay"] * p if group["weight_decay"] else g
        if group["momentum"]:
            old = state.get("v")
            state["v"] = g.copy() if old is None else group["momentum"] * old + (1 - group["dampening"]) * g
            g = g + group["momentum"] * state["v"] if group["nesterov"] else state["v"]
        return group["lr"] * g


class Adam(Optimizer):
    decoupled = False

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        **_: Any,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def _change(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]
    ) -> np.ndarray:
        (b1, b2), decay = group["betas"], group["weight_decay"]
        g = g + decay * p if decay and not self.decoupled else g
        t = state["step"] = state.get("step", 0) + 1
        state["m"] = b1 * state.get("m", np.zeros_like(g)) + (1 - b1) * g
        state["v"] = b2 * state.get("v", np.zeros_like(g)) + (1 - b2) * g * g
        root = np.sqrt(state["v"]) / np.sqrt(1 - b2**t) + group["eps"]
        change = group["lr"] / (1 - b1**t) * state["m"] / root
        return change + group["lr"] * decay * p if self.decoupled else change


class AdamW(Adam):
    decoupled = True

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        **_: Any,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay)


class RMSprop(Optimizer):
    def __init__(
        self,
        params: Any,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        **_: Any,
    ) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay})

    def _change(
        self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: dict[str, Any]
    ) -> np.ndarray:
        g = g + group["weight_decay"] * p
        state["v"] = group["alpha"] * state.get("v", np.zeros_like(g)) + (1 - group["alpha"]) * g * g
        return group["lr"] * g / (np.sqrt(state["v"]) + group["eps"])


__getattr__ = module_getattr("torch.optim")
