"""What can be had without a network: the rows that every table of the comparison begins with.

Each is chosen on the validation part, as the networks are, and measured on the same test part.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recdrop_lessons.experiments.datasets import Graph, Split
from recdrop_lessons.experiments.tasks import BLOCK, Data
from recdrop_lessons.support.optional import need

Array = NDArray[np.float64]
C_VALUES = (0.1, 1.0, 10.0, 100.0)
ORDERS = (1, 2, 3, 4, 5, 6)


def nearest_neighbour(data: Data) -> Array:
    """Return 0 or 1 for each test example: the label of the nearest training example (Euclidean)."""
    return _fitted(data, lambda: need("sklearn.neighbors", "scikit-learn").KNeighborsClassifier(1))


def logistic_regression(data: Data) -> Array:
    """Return 0 or 1 for each test example; the penalty's C is chosen on validation."""
    made = need("sklearn.linear_model", "scikit-learn").LogisticRegression
    return _best(data, lambda c: made(C=c, max_iter=2000))


def support_vectors(data: Data) -> Array:
    """Return 0 or 1 for each test example, by an SVM with a Gaussian kernel; C is chosen on validation."""
    made = need("sklearn.svm", "scikit-learn").SVC
    return _best(data, lambda c: made(C=c))


def label_spreading(graph: Graph, neighbours: int = 5) -> Array:
    """Return 0 or 1 for each test node: each label spreads to its nearest neighbours in feature space.

    Source: Zhou et al. 2004, "Learning with local and global consistency", as scikit-learn has it.
    """
    made = need("sklearn.semi_supervised", "scikit-learn").LabelSpreading
    y = graph.y.numpy()
    known = np.where(graph.train.numpy(), y, -1)  # -1: no label is given
    spread = made(kernel="knn", n_neighbors=neighbours).fit(graph.x.numpy(), known).transduction_
    return np.asarray((spread == y)[graph.test.numpy()], dtype=float)


CLASSIFIERS: dict[str, Callable[[Data], Array]] = {
    "nearest neighbour": nearest_neighbour,
    "logistic regression": logistic_regression,
    "SVM, Gaussian kernel": support_vectors,
}


def n_gram(data: Data) -> Array:
    """Return nats a character for each block of the test streams; the order is chosen on validation."""
    codes = data.train.x.flatten().tolist()  # the streams of the training part follow each other in the text
    models = [WittenBell(codes, order) for order in ORDERS]
    best = min(models, key=lambda model: _of_streams(model, data.validation).mean())
    nats = _of_streams(best, data.test)  # (S, L)
    return nats[:, : nats.shape[1] // BLOCK * BLOCK].reshape(-1, BLOCK).mean(1)


def _of_streams(model: WittenBell, part: Split) -> Array:
    """Return the nats of each character to be predicted: (S, L)."""
    streams = [[int(x[0]), *y.tolist()] for x, y in zip(*part, strict=True)]
    return np.array([model.nats(codes)[1:] for codes in streams])


def _flat(part: Split) -> tuple[Array, Array]:
    return part.x.flatten(1).double().numpy(), part.y.numpy()


def _fitted(data: Data, made: Callable[[], object]) -> Array:
    model = made()
    model.fit(*_flat(data.train))  # type: ignore[attr-defined]
    x, y = _flat(data.test)
    return (model.predict(x) == y).astype(float)  # type: ignore[attr-defined]


def _best(data: Data, made: Callable[[float], object]) -> Array:
    x, y = _flat(data.validation)

    def right(c: float) -> float:
        model = made(c).fit(*_flat(data.train))  # type: ignore[attr-defined]
        return float((model.predict(x) == y).mean())

    best = max(C_VALUES, key=right)
    return _fitted(data, lambda: made(best))


class WittenBell:
    """An n-gram model of characters: long contexts where they were seen, shorter ones where they were not.

    Equation: p(y | c) = (n(c y) + t(c) · p(y | c')) / (n(c) + t(c)), with n(·) how often something was seen,
        t(c) how many different characters followed c, and c' the context c without its first character; an
        empty context falls back to 1 / V.
    Paper: Witten & Bell 1991, "The zero-frequency problem".
    """

    def __init__(self, codes: list[int], order: int, vocabulary: int = 96) -> None:
        self.order = order
        self.vocabulary = vocabulary
        self.counts: list[dict[tuple[int, ...], Counter[int]]] = [defaultdict(Counter) for _ in range(order)]
        for k, code in enumerate(codes):
            for length in range(min(order, k + 1)):
                self.counts[length][tuple(codes[k - length : k])][code] += 1

    def nats(self, codes: list[int]) -> Array:
        """Return -log p of each character, given those before it: codes of length N → (N,)."""
        return np.array(
            [-np.log(self._p(codes[max(0, k - self.order + 1) : k], code)) for k, code in enumerate(codes)]
        )

    def _p(self, context: list[int], code: int) -> float:
        p = 1.0 / self.vocabulary
        for length in range(len(context) + 1):
            seen = self.counts[length].get(tuple(context[len(context) - length :]))
            if seen is None:
                break
            n, t = seen.total(), len(seen)
            p = (seen[code] + t * p) / (n + t)
        return p


TEXT_MODELS: dict[str, Callable[[Data], Array]] = {"n-gram, Witten-Bell": n_gram}
