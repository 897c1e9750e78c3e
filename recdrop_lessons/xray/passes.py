"""The passes that an X-ray needs: training with three seeds, evaluation with two, and other sizes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.xray import axes as of_example
from recdrop_lessons.xray import outside
from recdrop_lessons.xray.axes import ExampleAxes
from recdrop_lessons.xray.examples import copied, inputs_of, tensors_in
from recdrop_lessons.xray.following import Following
from recdrop_lessons.xray.lines import Line
from recdrop_lessons.xray.untouched import Snapshot, seed, untouched

TRAINING, EVALUATION = 3, 2  # passes, each with a seed of its own


class XrayError(RecdropError):
    """A model or an example that an X-ray cannot run; it says what to change."""


@dataclass
class Passes:
    """What the passes of a model showed.

    `wider`, `longer`: a pass with one more example, and with one more time step, or None if it fails.
    `asleep`: modules that stay in evaluation on purpose.
    `random_outside`: the same seed of torch gives other outputs; `outside`: the lines that draw then.
    `differs_in_evaluation`: another seed gives other outputs there.
    """

    axes: ExampleAxes
    training: list[Following] = field(default_factory=list)
    evaluation: list[Following] = field(default_factory=list)
    wider: Following | None = None
    longer: Following | None = None
    asleep: set[int] = field(default_factory=set)
    random_outside: bool = False
    outside: list[Line] = field(default_factory=list)
    differs_in_evaluation: bool = False


def call(model: nn.Module, example: object) -> Any:
    """Run a forward pass. The stack of a site ends here (see lines.py)."""
    args, kwargs = inputs_of(example)
    return model(*args, **kwargs)


def run(model: nn.Module, example: object, axes: str | None = None) -> Passes:
    """Run all passes of a model, and leave it as it was. Raises `XrayError` for what cannot run."""
    _check(model, example)
    was_training, frozen = model.training, _frozen(model)
    with untouched(model) as snapshot:
        runner = _Runner(model, example, snapshot, frozen if was_training else set())
        try:
            return runner.run(axes)
        finally:
            runner.restore()


def with_weights(model: nn.Module, example: object) -> nn.Module:
    """The model, or a copy whose weights the example has made, if the model's own wait for a first call."""
    if not any(is_lazy(weight) for weight in (*model.parameters(), *model.buffers())):
        return model
    made = copy.deepcopy(model)
    with untouched(nn.Module()), torch.no_grad():
        call(made, copied(example))
    return made


class _Runner:
    def __init__(self, model: nn.Module, example: object, snapshot: Snapshot, frozen: set[int]) -> None:
        self.model, self.example, self.snapshot, self.frozen = model, example, snapshot, frozen
        self.generators: dict[torch.Generator, Tensor] = {}

    def run(self, axes: str | None) -> Passes:
        found = Passes(of_example.find_axes(self.example, axes, self._evaluate))
        outputs = []
        for k in range(TRAINING):  # as in training, a pass starts where the one before has ended
            earlier = found.training[-1] if found.training else None
            with self._training():
                following, out = self._follow(self.example, k, 10 + k, earlier)
            found.training.append(following)
            outputs.append(out)
        found.asleep = self._asleep()
        self.restore(generators_outside=False)
        with self._training():
            _, again = self._follow(self.example, 0, 99)
        found.random_outside = not is_same(outputs[0], again)
        if found.random_outside:
            self.restore(generators_outside=False)
            with self._training(), outside.watched(self.snapshot.generators, found.outside):
                self._follow(self.example, 0, 99)
        for name, axis in (("wider", found.axes.batch), ("longer", found.axes.time)):
            if axis is not None:
                setattr(found, name, self._follow_longer(axis))
        outputs = []
        for k in range(EVALUATION):
            self.restore()
            self.model.eval()
            following, out = self._follow(self.example, k, 10 + k)
            found.evaluation.append(following)
            outputs.append(out)
        found.differs_in_evaluation = not is_same(*outputs)
        return found

    def restore(self, *, generators_outside: bool = True) -> None:
        self.snapshot.restore(generators_outside=generators_outside)
        for generator, state in self.generators.items():
            generator.set_state(state)

    @contextmanager
    def _training(self) -> Iterator[None]:
        self.model.train()
        for module in self.model.modules():
            if id(module) in self.frozen:
                module.training = False
        yield

    def _asleep(self) -> set[int]:
        """Modules in evaluation during training, in a part whose weights are all frozen."""
        frozen = _frozen(self.model)
        return {id(module) for module in self.model.modules() if not module.training and id(module) in frozen}

    def _follow(
        self, example: object, torch_seed: int, outside_seed: int, earlier: Following | None = None
    ) -> tuple[Following, list[Tensor]]:
        seed(torch_seed, outside_seed)
        given = copied(example)
        following = Following(self.model, given, earlier)
        try:
            with following.modules(), following:
                out = call(self.model, given)
        except Exception as error:
            raise XrayError(_failed(self.model, example, error)) from error
        finally:
            for generator, state in following.generators.items():
                self.generators.setdefault(generator, state)
        following.arrive(out)
        return following, [tensor.detach().clone() for tensor in tensors_in(out)]

    def _follow_longer(self, axis: int) -> Following | None:
        self.restore()
        try:
            with self._training():
                return self._follow(of_example.longer(self.example, axis), 0, 10)[0]
        except (XrayError, TypeError, ValueError, RuntimeError):
            return None

    def _evaluate(self, example: object) -> list[Tensor] | None:
        """The outputs in evaluation with one seed, or None if the model does not take this example."""
        self.restore()
        seed(0, 0)
        self.model.eval()
        try:
            with torch.no_grad():
                return [tensor.detach() for tensor in tensors_in(call(self.model, copied(example)))]
        except Exception:
            return None
        finally:
            self.restore()


def _frozen(model: nn.Module) -> set[int]:
    """Modules in evaluation whose weights are all frozen, and those without weights in such a module."""
    found: set[int] = set()

    def look(module: nn.Module, inside: bool) -> None:
        weights = list(module.parameters())
        asleep = not module.training and (
            inside if not weights else not any(w.requires_grad for w in weights)
        )
        if asleep:
            found.add(id(module))
        for child in module.children():
            look(child, asleep)

    look(model, False)
    return found


def is_same(one: list[Tensor], other: list[Tensor]) -> bool:
    return len(one) == len(other) and all(
        a.shape == b.shape and torch.allclose(a.to(b.dtype), b, rtol=1e-4, atol=1e-6, equal_nan=True)
        if not a.is_sparse
        else True
        for a, b in zip(one, other, strict=True)
    )


def _check(model: object, example: object) -> None:
    """Refuse what no pass can run: no module, a scripted model, no tensor, another device."""
    if not isinstance(model, nn.Module):
        raise XrayError(
            f"xray was given {_article(type(model).__name__)} and needs an instance of torch.nn.Module."
        )
    if isinstance(model, torch.jit.ScriptModule):
        raise XrayError(
            "xray cannot follow a scripted model, since its Python is gone: "
            "give the model before torch.jit.script or torch.jit.trace."
        )
    tensors = list(tensors_in(example))
    if not tensors:
        raise XrayError(
            f"The example, {_article(type(example).__name__)}, has no tensor: "
            "give a tensor, a tuple of positional inputs, or a dictionary of keyword inputs."
        )
    homes = {tensor.device for tensor in (*model.parameters(), *model.buffers())}
    away = [tensor for tensor in tensors if homes and tensor.device not in homes and tensor.dim() > 1]
    if away:
        home = next(iter(homes))
        raise XrayError(
            f"The model is on {home} and the example on {away[0].device}: move it, example.to({str(home)!r})."
        )


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _failed(model: nn.Module, example: object, error: Exception) -> str:
    shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors_in(example))
    said = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return (
        f"{type(model).__name__} fails on the example of shape {shapes}: {type(error).__name__}: {said}. "
        "Give an example that the model takes."
    )
