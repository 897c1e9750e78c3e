"""Keras 3, on any of its backends: by the calls of `backend.random.dropout`, where its layers draw.

Keras draws a mask of ones that went through dropout; what the mask multiplies is not followed further. Masks
made of other random numbers are seen only by their effect in evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from recdrop_lessons.xray.axes import ExampleAxes, main_tensor
from recdrop_lessons.xray.declared import Rate, as_rate
from recdrop_lessons.xray.examples import inputs_of, tensors_in
from recdrop_lessons.xray.following import Following
from recdrop_lessons.xray.judging import Evidence
from recdrop_lessons.xray.lines import here
from recdrop_lessons.xray.marks import Mark
from recdrop_lessons.xray.masked import MaskSite
from recdrop_lessons.xray.passes import EVALUATION, TRAINING, Passes, XrayError, is_same
from recdrop_lessons.xray.untouched import seed, untouched


def is_keras(model: object) -> bool:
    return any(cls.__module__.startswith("keras.") and cls.__name__ == "Layer" for cls in type(model).__mro__)


def look(model: Any, example: object, axes: str | None, mc: bool) -> Evidence:
    """What passes of a Keras model show. Raises `XrayError` if the model does not run on the example."""
    main = main_tensor(example)
    if main is None:
        raise XrayError(
            "xray was given an example without a tensor: give a tensor of torch, a tuple, or a dictionary."
        )
    names = [name.strip()[:1].upper() for name in (axes or "B,T,F").split(",")]
    time = names.index("T") if "T" in names and main.dim() > 2 else None
    batch = names.index("B") if "B" in names else None
    _outputs(model, example, False)  # builds the layers
    shadow = _Shadow(model)
    evidence = Evidence(shadow, Passes(ExampleAxes(batch, time, tuple(main.shape))), mc)
    evidence.rates = shadow.rates
    evidence.strays = []
    variables = [(one, np.array(_as_numpy(one))) for one in model.variables]
    with untouched(shadow):
        try:
            _run(evidence.passes, model, shadow, example, variables)
        finally:
            _restore(variables)
    return evidence


def _run(passes: Passes, model: Any, shadow: _Shadow, example: object, variables: Any) -> None:
    outputs = []
    for k in range(TRAINING):
        following, out = _follow(model, shadow, example, k, training=True)
        passes.training.append(following)
        outputs.append(out)
    _restore(variables)
    seed(0, 99)
    passes.random_outside = not is_same(
        outputs[0], _follow(model, shadow, example, 0, training=True, outside=99)[1]
    )
    outputs = []
    for k in range(EVALUATION):
        following, out = _follow(model, shadow, example, k, training=False)
        passes.evaluation.append(following)
        outputs.append(out)
    passes.differs_in_evaluation = not is_same(*outputs)


class _Shadow(nn.Module):
    """The tree of a Keras model's layers, under the names that Keras gives them."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.rates: list[Rate] = []
        self.paths: dict[int, str] = {}
        self._walk(model, model, "")
        self.__class__ = type(type(model).__name__, (_Shadow,), {"__module__": "torch.shadow"})

    def _walk(self, layer: Any, around: Any, path: str) -> None:
        self.paths[id(layer)] = path
        attribute = next((name for name, value in vars(around).items() if value is layer), "")
        for name, value in vars(layer).items():
            rate = as_rate("drop" if name == "rate" else name, value)
            if rate is not None:
                self.rates.append(Rate(path, layer, name, rate, True, around, attribute))
        for part in layer._layers:
            if part is getattr(layer, "cell", None):  # a recurrent layer draws for its cell
                self._walk(part, around, path)
            else:
                self._walk(part, layer, f"{path}.{part.name}".lstrip("."))


def _follow(
    model: Any, shadow: _Shadow, example: object, number: int, *, training: bool, outside: int = 0
) -> tuple[Following, list[Tensor]]:
    following = Following(nn.Module(), ())
    seed(number, outside or 10 + number)
    with _watched(following, shadow):
        return following, _outputs(model, example, training)


@contextmanager
def _watched(following: Following, shadow: _Shadow) -> Iterator[None]:
    """Within it each dropout of Keras becomes a site."""
    from keras import layers, ops
    from keras.src import backend

    stack, drawn, called = [("", True)], backend.random.dropout, layers.Layer.__call__

    def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
        mask = drawn(ops.ones_like(inputs), rate, noise_shape, seed)
        (path, training), number = stack[-1], len(following.sites)
        if not training:  # recurrent layers also draw in evaluation, and do not use it
            return ops.multiply(inputs, mask)
        values = _as_numpy(mask)
        for axis, size in enumerate(noise_shape or ()):
            values = values.take([0], axis) if values is not None and size == 1 else values
        following.drawn_in.append(path)
        site = MaskSite(
            number=number, kind="multiply" if values is not None else "fused", operation="dropout",
            function="dropout",
            mask=None if values is None else torch.from_numpy(np.array(values)), shape=tuple(inputs.shape),
            value=Mark(data=True, inputs=True), draws=1 << number, line=here()[0], path=path, module="",
            made_in=frozenset({path}), reaches=True,
        )  # fmt: skip
        following.sites.append(site)
        return ops.multiply(inputs, mask)

    def watched(layer: Any, *args: Any, **kwargs: Any) -> Any:
        path, training = stack[-1]
        own = kwargs.get("training")
        stack.append((shadow.paths.get(id(layer), path), training if own is None else bool(own)))
        following.called[id(layer)] = layer
        try:
            return called(layer, *args, **kwargs)
        finally:
            stack.pop()

    backend.random.dropout, layers.Layer.__call__ = dropout, watched
    try:
        yield
    finally:
        backend.random.dropout, layers.Layer.__call__ = drawn, called


def _outputs(model: Any, example: object, training: bool) -> list[Tensor]:
    from keras import ops, tree

    args, kwargs = inputs_of(example)
    args, kwargs = tree.map_structure(
        lambda one: ops.convert_to_tensor(one.numpy()) if isinstance(one, Tensor) else one, (args, kwargs)
    )
    try:
        out = model(*args, training=training, **kwargs)
    except Exception as error:
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors_in(example))
        said = (str(error).strip().splitlines() or [""])[0]
        raise XrayError(f"{type(model).__name__} fails on the example of shape {shapes}: {said}") from error
    return [torch.from_numpy(np.array(_as_numpy(one))) for one in tree.flatten(out)]


def _as_numpy(value: Any) -> Any:
    """The values, or None within a function that a backend compiles, where there are none."""
    from keras import ops

    try:
        return ops.convert_to_numpy(value)
    except Exception:
        return None


def _restore(variables: Any) -> None:
    for variable, values in variables:
        variable.assign(values)
