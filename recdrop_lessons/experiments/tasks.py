"""The tasks of the reference comparison: what is learned, from what, and which parts are never shared.

Each task keeps one test part for all its splits. No run of the search reads it. A split draws new training
and validation parts from what is left; the search has splits of its own, and the final runs have others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from recdrop_lessons.algebra.drops import Drop
from recdrop_lessons.experiments.datasets import DataError, Split, digits, manual_text
from recdrop_lessons.layers.recurrent import LSTM
from recdrop_lessons.support.optional import need

Drops = tuple[Drop, ...]
#: A batch, and whether the state of the batch before is carried into it.
Batch = tuple[Tensor, Tensor, bool]


@dataclass(frozen=True, eq=False)
class Data:
    """The three parts of one split, and how a part becomes batches.

    Independent examples: x (N, T, F), y (N,). Streams: x, y (S, L), S stretches of L characters each.
    """

    train: Split
    validation: Split
    test: Split
    batch: Callable[[Split, torch.Generator | None], Iterator[Batch]]

    @property
    def digest(self) -> str:
        """Eight hex digits that change when the data do."""
        seen = hashlib.sha256()
        for part in (self.train, self.validation, self.test):
            for array in part:
                seen.update(array.numpy().tobytes())
        return seen.hexdigest()[:8]


@dataclass(frozen=True)
class Task:
    """Data by split, a model around one LSTM, and where the search starts.

    `score`: "accuracy" (more is better) or "loss" (nats a character; less is better).
    `patience`: epochs without a better validation score. `budgets`: epochs at which the best so far is noted.
    `search`, `final`: pairs of split and seed, none in common. The first half of `search` sees every
    candidate, the second half the best of them.
    """

    title: str
    score: str
    data: Callable[[int], Data]
    model: Callable[[int, Drops], nn.Module]
    learning_rate: float
    width: int
    patience: int
    budgets: tuple[int, ...]
    search: tuple[tuple[int, int], ...]
    final: tuple[tuple[int, int], ...]


# --- models -------------------------------------------------------------------------------------------------


class Classifier(nn.Module):
    """LSTM, then a linear layer on its last output: x (B, T, F) → (B, K)."""

    def __init__(self, features: int, width: int, classes: int, drops: Drops) -> None:
        super().__init__()
        self.lstm = LSTM(features, width, drops=drops)
        self.linear = nn.Linear(width, classes)

    def forward(self, x: Tensor, state: None = None) -> tuple[Tensor, None]:
        return self.linear(self.lstm(x)), None


class CharacterModel(nn.Module):
    """Embedding, LSTM, linear layer, with the state handed on: codes (B, T) → (B, T, V), (h, c)."""

    def __init__(self, vocabulary: int, width: int, drops: Drops) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, EMBEDDING)
        self.lstm = LSTM(EMBEDDING, width, drops=drops, return_sequences=True, return_state=True)
        self.linear = nn.Linear(width, vocabulary)

    def forward(
        self, x: Tensor, state: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        outputs, *last = self.lstm(self.embedding(x), state)
        return self.linear(outputs), tuple(part.detach() for part in last)


def each_score(model: nn.Module, data: Data, part: Split, score: str) -> tuple[Tensor, float]:
    """Return the score of each test unit, and the mean loss in nats. The model must be in evaluation mode.

    "accuracy": (N,) of 0 and 1, one for each example. "loss": (S · L / BLOCK,) of nats a character, one for
    each block of `BLOCK` characters, what is left over at a stream's end is in no block.
    """
    losses, right, state = [], [], None
    for x, y, follows in data.batch(part, None):
        logits, state = model(x, state if follows else None)
        losses.append(F.cross_entropy(logits.flatten(0, -2), y.flatten(), reduction="none").view(y.shape))
        right.append((logits.argmax(-1) == y).float())
    if score == "accuracy":
        return torch.cat(right), torch.cat(losses).mean().item()
    along = torch.cat(losses, dim=1)  # (S, L)
    whole = along[:, : along.shape[1] // BLOCK * BLOCK]
    return whole.unflatten(1, (-1, BLOCK)).mean(-1).flatten(), along.mean().item()


# --- digits by rows -----------------------------------------------------------------------------------------

TRAIN, VALIDATION, DEVELOPMENT = 300, 300, 900


def examples(part: Split, order: torch.Generator | None, size: int = 100) -> Iterator[Batch]:
    """Independent examples: shuffled where an order is given, large batches where none is."""
    rows = torch.arange(len(part.y)) if order is None else torch.randperm(len(part.y), generator=order)
    for chosen in rows.split(1024 if order is None else size):
        yield part.x[chosen], part.y[chosen], False


@cache
def _digits(split: int) -> Data:
    """897 of the 1797 digits are the test part; a split draws 300 and 300 from the other 900."""
    whole = digits(DEVELOPMENT, 0, seed=0)
    x, y = whole.train
    cut = need("sklearn.model_selection", "scikit-learn").train_test_split
    rows = cut(range(len(y)), train_size=TRAIN, test_size=VALIDATION, stratify=y.numpy(), random_state=split)
    train, validation = (Split(x[part], y[part]) for part in rows)
    return Data(train, validation, whole.test, examples)


# --- memory: two marked signs -------------------------------------------------------------------------------

STEPS, NOISE, LEARNED, WATCHED = 24, 0.4, 200, 400


@cache
def _memory(split: int) -> Data:
    """Two marked signs among others, to be reported at the end: 4 classes, chance .25.

    x (N, 24, 2): a sign ±1 with normal noise of standard deviation .4, and a marker, 1 at one step of the
    first six and at one of the next six. y = 2·(first sign > 0) + (second sign > 0).
    The best possible accuracy is Φ(1/.4)² = .988: each of two signs is read rightly with Φ(2.5).
    """
    made = torch.Generator().manual_seed(1000 + split)
    train, validation = _signs(LEARNED, made), _signs(WATCHED, made)
    return Data(train, validation, _signs(1000, torch.Generator().manual_seed(999)), examples)


def _signs(n: int, generator: torch.Generator) -> Split:
    signs = torch.randint(2, (n, STEPS), generator=generator)
    noise = NOISE * torch.randn(n, STEPS, generator=generator)
    marked = torch.stack(
        [start + torch.randint(STEPS // 4, (n,), generator=generator) for start in (0, STEPS // 4)], dim=1
    )  # (N, 2)
    marker = torch.zeros(n, STEPS).scatter_(1, marked, 1.0)
    x = torch.stack([2.0 * signs - 1 + noise, marker], dim=-1)  # (N, T, 2)
    first, second = signs.gather(1, marked).unbind(1)
    return Split(x, 2 * first + second)


COPIES = 16


@cache
def _copies(split: int) -> Data:
    """The task of memory with each of its two features 16 times: x (N, 24, 32).

    No mask that acts on single features can hide the sign or its mark. All is divided by √16, so that the
    length of x is the same as before.
    """
    data = _memory(split)
    train, validation, test = (
        Split(part.x.repeat(1, 1, COPIES) / COPIES**0.5, part.y)
        for part in (data.train, data.validation, data.test)
    )
    return Data(train, validation, test, data.batch)


# --- the manual, character by character ---------------------------------------------------------------------

EMBEDDING, STREAMS, WINDOW, BLOCK = 32, 64, 40, 250
PIECES, PIECE, VALIDATION_TEXT, TEST_TEXT = 5, 64_000, 12_800, 50_000


def _stream(part: Split, order: torch.Generator | None) -> Iterator[Batch]:
    """Windows of the streams one after another, the state carried on; `order` has nothing to shuffle."""
    for start in range(0, part.x.shape[1], WINDOW):
        yield part.x[:, start : start + WINDOW], part.y[:, start : start + WINDOW], start > 0


def _streams(codes: Tensor, streams: int) -> Split:
    """codes (N,) → x, y (S, (N - 1) // S): y is one character ahead of x."""
    length = (len(codes) - 1) // streams
    end = streams * length
    return Split(codes[:end].view(streams, length), codes[1 : end + 1].view(streams, length))


@cache
def _text(split: int) -> Data:
    """The last 50,000 characters are the test part; a split is one of five pieces of 64,000 before them."""
    text = manual_text(None)
    codes = torch.cat([text.train, text.validation, text.test])
    if not 0 <= split < PIECES:
        raise DataError(f"split = {split}: the text has the pieces 0 to {PIECES - 1}.")
    if len(codes) < PIECES * PIECE + TEST_TEXT:
        raise DataError(
            f"This Python's manual has {len(codes)} characters; {PIECES * PIECE + TEST_TEXT} are expected."
        )
    piece = codes[split * PIECE : (split + 1) * PIECE]
    learned, watched = piece.split([PIECE - VALIDATION_TEXT, VALIDATION_TEXT])
    return Data(_streams(learned, STREAMS), _streams(watched, 16), _streams(codes[-TEST_TEXT:], 16), _stream)


_FRESH = tuple((split, seed) for split, seed in zip([2, 3, 4, 5, 6, 7] * 2, range(10, 22), strict=True))

_MEMORY = Task(
    title="memory of two signs", score="accuracy", data=_memory,
    model=lambda width, drops: Classifier(2, width, 4, drops),
    learning_rate=1e-2, width=32, patience=100, budgets=(15, 30, 60, 120, 240, 480, 960),
    search=((0, 0), (1, 1), (0, 2), (1, 3)), final=_FRESH,
)  # fmt: skip

TASKS: dict[str, Task] = {
    "digits": Task(
        title="digits by rows", score="accuracy", data=_digits,
        model=lambda width, drops: Classifier(8, width, 10, drops),
        learning_rate=1e-2, width=64, patience=100, budgets=(15, 30, 60, 120, 240, 480, 960),
        search=((0, 0), (1, 1), (0, 2), (1, 3)), final=_FRESH,
    ),
    "memory": _MEMORY,
    # The control of `studies.COPIED`.
    "copies": replace(
        _MEMORY, title="memory of two signs, each feature 16 times", data=_copies,
        model=lambda width, drops: Classifier(2 * COPIES, width, 4, drops),
    ),
    "text": Task(
        title="characters of the manual", score="loss", data=_text,
        model=lambda width, drops: CharacterModel(96, width, drops),
        learning_rate=1e-2, width=64, patience=15, budgets=(5, 10, 20, 40, 80, 160),
        search=((0, 0), (0, 1), (0, 2), (0, 3)),
        final=tuple((split, seed) for split, seed in zip([1, 2, 3, 4] * 3, range(10, 22), strict=True)),
    ),
}  # fmt: skip
