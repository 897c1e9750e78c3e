"""Real data without a download: digits as rows, digits as a graph, and Python's own manual as text.

Whatever is drawn comes from a seed; nothing touches the global random state.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.optional import need


class DataError(RecdropError):
    """A split, a window or a text that the data cannot give."""


class Split(NamedTuple):
    """Inputs and targets, example by example: `x, y = data.train`."""

    x: Tensor
    y: Tensor


@dataclass(frozen=True, eq=False)
class Splits:
    """Three parts, no example in common: learn on `train`, choose on `validation`, report once on `test`."""

    train: Split
    validation: Split
    test: Split
    classes: int

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(getattr(self, name).y)}" for name in ("train", "validation", "test"))
        return f"Splits({sizes}; x {('N', *self.train.x.shape[1:])}, {self.classes} classes)".replace("'", "")


# --- digits as sequences ------------------------------------------------------------------------------------


def digits(train: int = 300, validation: int = 300, seed: int = 0) -> Splits:
    """Handwritten digits, read row by row: 8 steps of 8 pixels each.

    x (N, 8, 8) float32 in [0, 1], time before features; y (N,) int64 in 0…9.
    `train`, `validation`: examples in these parts; the rest of the 1797 is the test part. Every part holds
    the ten digits in the proportions of the whole (stratified).
    Raises `DataError` when a part would be too small to hold each digit once.
    Source: scikit-learn's `load_digits` (UCI, Alpaydin and Kaynak 1998).
    """
    x, y = _load_digits()
    rows = _stratified(y, train, validation, seed)
    first, second, third = (Split(x[part], y[part]) for part in rows)
    return Splits(first, second, third, 10)


def distort(x: Tensor, *, degrees: float = 0.0, noise: float = 0.0, seed: int = 0) -> Tensor:
    """Digits that no longer look like those of the training part: turned, noised, or both.

    x (N, 8, 8) in [0, 1] → (N, 8, 8) in [0, 1], a new tensor.
    `degrees`: anticlockwise turn about the middle, corners filled with 0.
    `noise`: standard deviation of the normal noise added to each pixel, in pixel units; clipped to [0, 1].
    """
    if x.ndim != 3:
        raise DataError(f"`x` has shape {tuple(x.shape)}; pictures of shape (N, rows, columns) are expected.")
    if noise < 0:
        raise DataError(f"noise = {noise} is a standard deviation: give a number ≥ 0.")
    turned = x.detach().cpu().numpy()
    if degrees:
        turned = need("scipy.ndimage", "scipy").rotate(turned, degrees, axes=(1, 2), reshape=False, order=1)
    if noise:
        turned = turned + np.random.default_rng(seed).normal(0.0, noise, turned.shape)
    return torch.as_tensor(np.clip(turned, 0.0, 1.0), dtype=x.dtype).clone()


# --- digits as a graph --------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes with features and labels, joined by directed edges; three masks without a node in common.

    x (N, F), edges (2, E) int64 with the sources in row 0 and the targets in row 1, y (N,) int64,
    train, validation, test (N,) bool.
    """

    x: Tensor
    edges: Tensor
    y: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor
    classes: int

    @property
    def nodes(self) -> Splits:
        """The parts as node numbers and labels, for `training.fit` (see `training.OnGraph`)."""
        numbers = (mask.nonzero().flatten() for mask in (self.train, self.validation, self.test))
        train, validation, test = (Split(rows, self.y[rows]) for rows in numbers)
        return Splits(train, validation, test, self.classes)

    def __repr__(self) -> str:
        sizes = ", ".join(
            f"{name} {int(getattr(self, name).sum())}" for name in ("train", "validation", "test")
        )
        return (
            f"Graph({len(self.y)} nodes, {self.x.shape[1]} features, {self.edges.shape[1]} edges; "
            f"{sizes}; {self.classes} classes)"
        )


def digits_graph(
    neighbours: int = 5, labels_per_class: int = 20, validation: int = 500, seed: int = 0
) -> Graph:
    """The 1797 digits as nodes, each joined to its nearest neighbours in pixel space.

    x (1797, 64) float32 in [0, 1], edges (2, E) int64: symmetric (an edge for both directions as soon as
    one node counts the other among its `neighbours`), none twice, no self-loops.
    `labels_per_class`: training nodes of each digit; `validation`: nodes drawn from the rest, in
    proportion; all others are test nodes, as in the usual citation graphs.
    Raises `DataError` when there are not so many nodes.
    """
    x, y = _load_digits()
    x = x.flatten(1)  # (1797, 64)
    if not 1 <= neighbours < len(y):
        raise DataError(f"neighbours = {neighbours}: give a whole number from 1 to {len(y) - 1}.")
    smallest = int(y.bincount().min())
    if not 1 <= labels_per_class < smallest:
        raise DataError(
            f"labels_per_class = {labels_per_class}, but the rarest digit has {smallest} pictures: "
            f"give a whole number from 1 to {smallest - 1}."
        )
    edges = _nearest(x, neighbours)

    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    train = torch.cat([order[y[order] == digit][:labels_per_class] for digit in range(10)])
    rest = order[~torch.isin(order, train)]
    chosen, _, _ = _stratified(y[rest], validation, 0, seed)
    nodes = torch.arange(len(y))
    in_train, in_validation = torch.isin(nodes, train), torch.isin(nodes, rest[chosen])
    in_test = ~(in_train | in_validation)
    return Graph(x, edges, y, train=in_train, validation=in_validation, test=in_test, classes=10)


# --- Python's manual as text --------------------------------------------------------------------------------

#: A fixed alphabet: newline and printable ASCII. So a model has the same shape under each Python release.
VOCABULARY = "\n" + "".join(map(chr, range(32, 127)))
_CODES = {character: code for code, character in enumerate(VOCABULARY)}
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


@dataclass(frozen=True, eq=False)
class Text:
    """A text as character codes, in three stretches without a character in common.

    train, validation, test (N,) int64, each code in 0 … len(vocabulary) - 1.
    `digest`: eight hex digits that change when the text does (Python's releases revise their manual).
    """

    train: Tensor
    validation: Tensor
    test: Tensor
    vocabulary: str
    digest: str

    def encode(self, text: str) -> Tensor:
        """text of N characters → (N,) int64. Raises `DataError` for a character outside the vocabulary."""
        strange = sorted(set(text) - set(self.vocabulary))
        if strange:
            raise DataError(
                f"The vocabulary (newline and printable ASCII) has no {strange[0]!r}: leave it out."
            )
        return torch.tensor([_CODES[character] for character in text], dtype=torch.int64)

    def decode(self, codes: Tensor) -> str:
        """(N,) int64 → text of N characters."""
        return "".join(self.vocabulary[code] for code in codes.tolist())

    def windows(self, steps: int) -> Splits:
        """Each stretch as windows of `steps` characters, for a model that predicts the next one.

        x (N, steps), y (N, steps) int64, y one character ahead of x: y[:, t] = x[:, t + 1].
        The x of two windows never overlap; what is left at the end is cut off.
        """
        train, validation, test = (_windows(part, steps) for part in (self.train, self.validation, self.test))
        return Splits(train, validation, test, len(self.vocabulary))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {len(getattr(self, name))}" for name in ("train", "validation", "test"))
        return f"Text({sizes} characters; {len(self.vocabulary)} in the vocabulary, digest {self.digest})"


def manual_text(characters: int | None = 200_000, validation: float = 0.1, test: float = 0.1) -> Text:
    """English prose: the language reference that every Python carries in `pydoc_data.topics`.

    `characters`: how many, from the start, topics in alphabetical order; None for all.
    `validation`, `test`: fractions, cut from the end in this order; the training stretch comes first.
    The manual repeats whole paragraphs under several topics. Each is kept once, at its first place;
    otherwise the test stretch would hold text of the training stretch.
    Raises `DataError` when the manual is shorter, or the fractions leave nothing to train on.
    """
    if min(validation, test) <= 0 or validation + test >= 1:
        raise DataError(
            f"validation = {validation} and test = {test} are fractions of the text: "
            "both above 0, together below 1."
        )
    text = _manual()
    if characters is not None and not 100 <= characters <= len(text):
        raise DataError(
            f"characters = {characters}, but this Python's manual gives 100 to {len(text)}: choose between, "
            "or None for all."
        )
    text = text[:characters]
    codes = torch.tensor([_CODES[character] for character in text], dtype=torch.int64)
    held_out = [round(fraction * len(text)) for fraction in (validation, test)]
    stretches = codes.split([len(text) - sum(held_out), *held_out])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return Text(stretches[0], stretches[1], stretches[2], VOCABULARY, digest)


# --- how it is done -----------------------------------------------------------------------------------------


def _load_digits() -> tuple[Tensor, Tensor]:
    """All digits: x (1797, 8, 8) float32 in [0, 1], y (1797,) int64."""
    bunch = need("sklearn.datasets", "scikit-learn").load_digits()
    x = torch.from_numpy(bunch.images.astype(np.float32)) / 16  # sixteen grey levels
    return x, torch.from_numpy(bunch.target.astype(np.int64))


def _stratified(y: Tensor, train: int, validation: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """The indices of three parts, each in the proportions of y; the third is what the others leave."""
    classes = len(y.unique())
    rest = len(y) - train - validation
    if train < classes or rest < classes or (validation < classes and validation != 0):
        raise DataError(
            f"{len(y)} examples cannot be split into train {train}, validation {validation}, rest {rest}: "
            f"each part needs at least {classes} examples, one for each class."
        )
    split = need("sklearn.model_selection", "scikit-learn").train_test_split
    rows = np.arange(len(y))
    first, rows = split(rows, train_size=train, stratify=y.numpy(), random_state=seed)
    second = rows[:0]
    if validation:
        second, rows = split(rows, train_size=validation, stratify=y.numpy()[rows], random_state=seed)
    return torch.from_numpy(first), torch.from_numpy(second), torch.from_numpy(rows)


def _nearest(x: Tensor, neighbours: int) -> Tensor:
    """Edges (2, E) int64 from and to the nearest neighbours of x (N, F); sorted by source, then target."""
    # Grey levels are whole numbers, so squared distances are exact, and many are equal. A stable sort gives
    # equal ones to the lower node; scikit-learn's `kneighbors_graph` does not say which of them it takes.
    grey = (16 * x).double().numpy()
    distances = need("sklearn.metrics.pairwise", "scikit-learn").euclidean_distances(grey, squared=True)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argsort(axis=1, kind="stable")[:, :neighbours]  # (N, neighbours)
    joined = np.zeros(distances.shape, dtype=bool)
    np.put_along_axis(joined, nearest, True, axis=1)
    return torch.from_numpy(np.stack((joined | joined.T).nonzero()))  # (2, E)


def _manual() -> str:
    """The manual in the alphabet of `VOCABULARY`, each paragraph once."""
    topics = need("pydoc_data.topics", "pydoc_data (Python's standard library)").topics
    paragraphs: dict[str, str] = {}  # a paragraph's words → the paragraph, in the order of reading
    for name in sorted(topics):
        for paragraph in re.split(r"\n\s*\n", topics[name].translate(_PLAIN).strip()):
            paragraphs.setdefault(" ".join(paragraph.split()), paragraph)
    return "".join(character for character in "\n\n".join(paragraphs.values()) if character in _CODES)


def _windows(codes: Tensor, steps: int) -> Split:
    """codes (N,) → x, y (⌊(N - 1) / steps⌋, steps)."""
    count = (len(codes) - 1) // steps if steps >= 1 else 0
    if count < 1:
        raise DataError(
            f"steps = {steps}: give a whole number from 1 to {len(codes) - 1}, this stretch's length."
        )
    end = count * steps
    return Split(codes[:end].reshape(count, steps), codes[1 : end + 1].reshape(count, steps))
