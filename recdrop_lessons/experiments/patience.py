"""Training until it no longer helps: the loop of the reference comparison.

It differs from `training.fit` where a comparison needs it: the epoch is chosen by the score that is reported,
the state may be carried from batch to batch, weight decay stands apart from the gradient, and the best so far
is noted at several budgets.
"""

from __future__ import annotations

import copy
import itertools
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.experiments.datasets import Split
from recdrop_lessons.experiments.tasks import Data, Task, each_score
from recdrop_lessons.experiments.training import evaluating, seeded

#: No run is longer, in epochs. A run that is cut off here says so by its best epoch (see `Course.finished`).
MOST_EPOCHS = 2000
#: The losses of these updates, and the validation loss after the last: see `runs`.
FINGERPRINT = (1, 2, 4, 8)
CLIP = 1.0


@dataclass(frozen=True, kw_only=True)
class Course:
    """How a training went; epochs count from 1, the weights are those of `best_epoch`.

    `curve`: for each budget that was reached, the validation score, and the test score where it was asked
    for, of the best epoch up to it. `fingerprint`: see `FINGERPRINT`.
    """

    epochs: int
    best_epoch: int
    curve_validation: tuple[float, ...]
    curve_test: tuple[float, ...]
    fingerprint: tuple[float, ...]
    seconds: float

    @property
    def finished(self) -> bool:
        """The best epoch does not lie in the last tenth."""
        return self.best_epoch <= 0.9 * self.epochs


def train(
    model: nn.Module, data: Data, task: Task, *, learning_rate: float, weight_decay: float, seed: int,
    with_test: bool = False, steps: int | None = None,
) -> Course:  # fmt: skip
    """Train `model` by AdamW to patience, and put the weights of its best epoch back.

    The best epoch has the best validation score; among equal accuracies the lowest validation loss decides.
    Training ends when `task.patience` epochs, and a tenth of all, have brought nothing better.
    `with_test`: note the test score at each budget too. `steps`: end after so many updates instead.
    Papers: Kingma & Ba 2015 (Adam); Loshchilov & Hutter 2019 (AdamW); Prechelt 1998 (early stopping).
    """
    start = time.process_time()
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    order = torch.Generator().manual_seed(seed)
    drawn = int(torch.randint(2**62, (), generator=order))  # masks have a stream of their own
    best, best_epoch, best_weights = (float("-inf"), float("-inf")), 0, copy.deepcopy(model.state_dict())
    curve: dict[str, list[float]] = {"validation": [], "test": []}
    fingerprint: list[float] = []
    update = 0

    with seeded(drawn):
        for epoch in itertools.count(1):
            model.train()
            state = None
            for x, y, follows in data.batch(data.train, order):
                logits, state = model(x, state if follows else None)
                loss = F.cross_entropy(logits.flatten(0, -2), y.flatten())
                optimiser.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), CLIP)
                optimiser.step()
                update += 1
                if update in FINGERPRINT:
                    fingerprint.append(loss.item())
                if update == FINGERPRINT[-1]:
                    fingerprint.append(measure(model, data, data.validation, task)[1])
                    model.train()
                if update == steps:
                    return Course(
                        epochs=epoch, best_epoch=0, curve_validation=(), curve_test=(),
                        fingerprint=tuple(fingerprint), seconds=time.process_time() - start,
                    )  # fmt: skip

            reached = goodness(measure(model, data, data.validation, task), task)
            if reached > best:
                best, best_epoch, best_weights = reached, epoch, copy.deepcopy(model.state_dict())
            if epoch in task.budgets:
                curve["validation"].append(abs(best[0]))
                if with_test:
                    curve["test"].append(score_of(model, best_weights, data, task))
            waited = epoch - best_epoch
            if (waited >= task.patience and waited >= 0.1 * epoch) or epoch == MOST_EPOCHS:
                break

    model.load_state_dict(best_weights)
    model.eval()
    return Course(
        epochs=epoch, best_epoch=best_epoch, curve_validation=tuple(curve["validation"]),
        curve_test=tuple(curve["test"]), fingerprint=tuple(fingerprint), seconds=time.process_time() - start,
    )  # fmt: skip


def measure(model: nn.Module, data: Data, part: Split, task: Task) -> tuple[float, float]:
    """Return the mean score and the mean loss of a part, dropout off."""
    with evaluating(model):
        each, loss = each_score(model, data, part, task.score)
    return (each.mean().item() if task.score == "accuracy" else loss), loss


def goodness(measured: tuple[float, float], task: Task) -> tuple[float, float]:
    """Return a pair that is larger where a model is better: the score first, then the loss."""
    score, loss = measured
    return (score if task.score == "accuracy" else -score), -loss


def score_of(model: nn.Module, weights: dict[str, Tensor], data: Data, task: Task) -> float:
    """Return the test score of other weights of the same model; the model's own are put back."""
    own = copy.deepcopy(model.state_dict())
    model.load_state_dict(weights)
    score, _ = measure(model, data, data.test, task)
    model.load_state_dict(own)
    return score
