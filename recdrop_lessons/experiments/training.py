"""Training a small network, in plain sight: one loop, one history, one way to save.

What is seeded: `fit(seed=…)` seeds torch for as long as it runs (`seeded`) and puts the global state back
afterwards. The order of the examples comes from a generator of its own; a model whose `forward` takes
`generator=` gets another one, so its masks can be drawn again. The *initial weights* are drawn where the
model is built: build it inside `with seeded(0):`. NumPy's and Python's own generators are neither used nor
seeded.
"""

from __future__ import annotations

import copy
import inspect
import io
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.experiments.datasets import Graph, Splits
from recdrop_lessons.experiments.epoch_bar import epoch_bar
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.files import write_whole

Loss = Callable[[Tensor, Tensor], Tensor]


class TrainingError(RecdropError):
    """A training that cannot go on, or a file that does not fit the model."""


# --- what is measured ---------------------------------------------------------------------------------------


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """Mean cross-entropy in nats; the classes lie on the last axis.

    logits (B, K) with y (B,), or logits (B, T, K) with y (B, T), y int64 → scalar.
    """
    return F.cross_entropy(logits.flatten(0, -2), y.flatten())


def accuracy(logits: Tensor, y: Tensor) -> float:
    """Fraction of right answers, 0 to 1: the highest logit on the last axis is the answer.

    logits (…, K), y (…) int64.
    """
    return (logits.argmax(-1) == y).double().mean().item()


class Score(NamedTuple):
    """How well a model does on one part; the accuracy is NaN where the targets are not classes."""

    loss: float
    accuracy: float


def evaluate(
    model: nn.Module, x: Tensor, y: Tensor, *, loss: Loss = cross_entropy, batch_size: int = 512
) -> Score:
    """Loss and accuracy of `model` at evaluation: dropout off, no gradients, the model left as it was.

    x (N, …), y (N, …). `loss` must be a mean over examples: the batches are weighted by their size.
    """
    total, right = 0.0, 0.0
    with evaluating(model):
        for rows in torch.arange(len(y)).split(batch_size):
            output = _output(model(x[rows]))
            total += loss(output, y[rows]).item() * len(rows)
            right += (math.nan if y.is_floating_point() else accuracy(output, y[rows])) * len(rows)
    return Score(total / len(y), right / len(y))


# --- the loop -----------------------------------------------------------------------------------------------


@dataclass
class History:
    """One number for each epoch, all measured at evaluation (dropout off) after the epoch's last step.

    Losses in the unit of the loss function (nats for `cross_entropy`), accuracies 0 to 1.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    stopped_early: bool = False
    seconds: float = 0.0

    @property
    def epochs(self) -> int:
        """How many were run."""
        return len(self.validation_loss)

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest validation loss, counted from 0 as the lists are."""
        return min(range(self.epochs), key=self.validation_loss.__getitem__)

    def __repr__(self) -> str:
        best = self.best_epoch
        return (
            f"History({self.epochs} epochs, best {best}: validation loss {self.validation_loss[best]:.3f}, "
            f"accuracy {self.validation_accuracy[best]:.3f})"
        )


def fit(
    model: nn.Module,
    data: Splits,
    *,
    epochs: int = 30,
    batch_size: int | None = 32,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.0,
    clip: float | None = None,
    seed: int = 0,
    loss: Loss = cross_entropy,
    penalty: Callable[[nn.Module], Tensor] | None = None,
    patience: int | None = None,
    progress: bool = True,
) -> History:
    """Train `model` by Adam on `data.train`, watching `data.validation`; leave it in evaluation mode.

    `batch_size`: examples a step, None for all at once. `clip`: highest norm of the whole gradient.
    `penalty`: a scalar of the model that is added to the loss it learns from, not to the losses it reports.
    `patience`: stop after so many epochs without a lower validation loss, and take the best epoch's weights
    back, also when the epochs run out first. None: all epochs, last weights.
    `progress`: a bar, shown to a person at a terminal or in JupyterLab only.
    The same model, data and seed give the same weights to the last bit, for one number of threads.
    Raises `TrainingError` when the loss is no longer a number.
    Paper: Kingma and Ba 2015, "Adam".
    """
    if epochs < 1 or (batch_size is not None and batch_size < 1) or (patience is not None and patience < 1):
        raise TrainingError(
            f"epochs = {epochs}, batch_size = {batch_size}, patience = {patience}: "
            "whole numbers from 1 are expected (None: all examples at once, no early stop)."
        )
    x, y = data.train
    history, best_weights, start = History(), copy.deepcopy(model.state_dict()), time.perf_counter()
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    # Two streams: runs that differ in their dropout alone still meet the examples in the same order.
    order = torch.Generator().manual_seed(seed)
    drawn = int(torch.randint(2**62, (), generator=order))
    masks = {"generator": torch.Generator().manual_seed(drawn)} if _takes_generator(model) else {}

    with seeded(drawn), epoch_bar(epochs, progress) as advance:
        for epoch in range(epochs):
            model.train()
            for rows in torch.randperm(len(y), generator=order).split(batch_size or len(y)):
                value = loss(_output(model(x[rows], **masks)), y[rows])
                if penalty is not None:
                    value = value + penalty(model)
                _check_finite(value.item(), epoch, learning_rate, data)
                optimiser.zero_grad()
                value.backward()
                if clip is not None:
                    nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimiser.step()

            for name in ("train", "validation"):
                score = evaluate(model, *getattr(data, name), loss=loss)
                _check_finite(score.loss, epoch, learning_rate, data)
                getattr(history, f"{name}_loss").append(score.loss)
                getattr(history, f"{name}_accuracy").append(score.accuracy)
            advance(history.validation_loss[-1])

            if patience is not None:
                if history.best_epoch == epoch:
                    best_weights = copy.deepcopy(model.state_dict())
                elif epoch - history.best_epoch >= patience:
                    history.stopped_early = True
                    break

    if patience is not None:
        model.load_state_dict(best_weights)
    model.eval()
    history.seconds = time.perf_counter() - start
    return history


class OnGraph(nn.Module):
    """A graph network as a model of node numbers, so that `fit` and `evaluate` serve graphs too.

    (n,) int64 node numbers → (n, K): the rows of `model(graph.x, graph.edges)`. Every call runs the whole
    graph, so train with `batch_size=None`: `fit(OnGraph(gat, graph), graph.nodes, batch_size=None)`.
    """

    def __init__(self, model: nn.Module, graph: Graph) -> None:
        super().__init__()
        self.model = model
        self.graph = graph

    def forward(self, nodes: Tensor, generator: torch.Generator | None = None) -> Tensor:
        masks = {"generator": generator} if _takes_generator(self.model) else {}
        return _output(self.model(self.graph.x, self.graph.edges, **masks))[nodes]


# --- state: seeds, modes, threads ---------------------------------------------------------------------------


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch inside the block; afterwards the global state is what it was before."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode and no gradients inside the block; afterwards each module is in the mode it had."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


@contextmanager
def single_thread() -> Iterator[None]:
    """One torch thread inside the block: small networks are faster so, and processes side by side surely."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# --- weights on disk ----------------------------------------------------------------------------------------


def save(model: nn.Module, path: str | Path) -> None:
    """Write the model's state dictionary, whole or not at all: a file that is there can be loaded."""
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    write_whole(Path(path), content.getvalue())


def load(model: nn.Module, path: str | Path) -> None:
    """Put the weights at `path` into `model`, all or none of them. Only tensors are read, no code is run.

    Raises `TrainingError`, the model unchanged, when names or shapes differ.
    """
    weights = torch.load(path, weights_only=True)
    given = {name: tuple(tensor.shape) for name, tensor in weights.items()}
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    for name in [*expected, *given]:
        if given.get(name) != expected.get(name):
            raise TrainingError(
                f"{path} does not fit this model: {name!r} is {given.get(name, 'missing')} in the file, "
                f"{expected.get(name, 'missing')} in the model. Build the model with the same arguments as "
                "the one that was saved."
            )
    model.load_state_dict(weights)


# --- how it is done -----------------------------------------------------------------------------------------


def _takes_generator(model: nn.Module) -> bool:
    return "generator" in inspect.signature(model.forward).parameters


def _output(output: object) -> Tensor:
    if isinstance(output, Tensor):
        return output
    raise TrainingError(
        f"The model returned {type(output).__name__}; one tensor of predictions was expected. A recurrent "
        "layer that returns its states too needs a module around it that hands on the first item alone."
    )


def _check_finite(value: float, epoch: int, learning_rate: float, data: Splits) -> None:
    if math.isfinite(value):
        return
    if all(torch.isfinite(array).all() for part in (data.train, data.validation) for array in part):
        cause = f"Training diverged: lower learning_rate (it is {learning_rate}), or set clip=1.0."
    else:
        cause = "The data hold NaN or infinity: clean them first."
    raise TrainingError(f"The loss is {value} in epoch {epoch}, a finite number was expected. {cause}")
