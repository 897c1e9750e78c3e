"""Right and wrong answers to 7.4."""

import torch
from bank import Bank
from lesson_07_regularizers_and_normalization._shared import PLACE, column_slice, rows

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def both_by_slice(W, U, b, gate, l2):
    H = b.shape[0] // 4
    rows = slice(PLACE[gate] * H, (PLACE[gate] + 1) * H)
    return l2 * ((W[rows] ** 2).sum() + (U[rows] ** 2).sum())


@bank.right
def side_by_side(W, U, b, gate, l2):
    return l2 * torch.cat([W, U], dim=1).chunk(4)[PLACE[gate]].square().sum()


@bank.right
def in_a_loop(W, U, b, gate, l2):
    penalty = W.new_zeros(())
    for weights in (W, U):
        block = weights.unflatten(0, (4, U.shape[1]))[PLACE[gate]]
        penalty += l2 * torch.einsum("ij,ij->", block, block)
    return penalty


@bank.right
def squared_norms(W, U, b, gate, l2):
    return sum(l2 * rows(weights, gate).norm() ** 2 for weights in (W, U))


def _both(cut=rows, measure=lambda block: block.square().sum(), on=lambda W, U, b: (W, U)):
    return lambda W, U, b, gate, l2: l2 * sum(measure(cut(weights, gate)) for weights in on(W, U, b))


def _joined(W, U, gate):
    return torch.cat([rows(W, gate), rows(U, gate)], dim=1)


for slug, answer in (
    ("penalty-on-bias", _both(on=lambda W, U, b: (W, U, b))),
    ("penalty-on-bias", _both(on=lambda W, U, b: (b,))),
    ("penalty-on-bias", _both(on=lambda W, U, b: (U, b))),
    ("penalty-on-bias", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2) + l2 * b.square().sum()),
    ("input-weights-forgotten", _both(on=lambda W, U, b: (U,))),
    ("recurrent-weights-forgotten", _both(on=lambda W, U, b: (W,))),
    ("gate-order", _both(cut=lambda w, gate: rows(w, gate, "ifog"))),
    ("gate-order", _both(cut=lambda w, gate: rows(w, gate, "figo"))),
    ("whole-matrix", _both(cut=lambda w, gate: w)),
    ("gate-ignored", _both(cut=lambda w, gate: w.chunk(4)[1])),
    ("other-gates", lambda W, U, b, gate, l2: l2 * (
        W.square().sum() + U.square().sum()) - both_by_slice(W, U, b, gate, l2)),
    ("columns-for-rows", _both(cut=column_slice)),
    ("rows-beyond-gate", _both(cut=lambda w, gate: w[: (PLACE[gate] + 1) * len(w) // 4])),
    ("matrix-norm", _both(measure=lambda block: torch.linalg.matrix_norm(block, ord=2))),
    ("rows-interleaved", _both(cut=lambda w, gate: w[PLACE[gate] :: 4])),
    ("root-for-square", _both(measure=torch.norm)),
    ("root-for-square", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).norm()),
    ("mean-for-sum", _both(measure=lambda block: block.square().mean())),
    ("mean-for-sum", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).square().mean()),
    ("l1-for-l2", _both(measure=lambda block: block.abs().sum())),
    ("square-of-sum", _both(measure=lambda block: block.sum() ** 2)),
    ("square-of-sum", lambda W, U, b, gate, l2: l2 * _joined(W, U, gate).sum() ** 2),
    ("l2-halved", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2) / 2),
    ("l2-forgotten", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, 1)),
    ("axis-lost-or-added", lambda W, U, b, gate, l2: both_by_slice(W, U, b, gate, l2).unsqueeze(0)),
    (
        "kernels-not-alike",
        lambda W, U, b, gate, l2: l2 * rows(W, gate).square().sum() + rows(U, gate).square().sum(),
    ),
    (None, _both(cut=lambda w, gate: w[4 * PLACE[gate] : 4 * PLACE[gate] + 4])),
    (None, lambda W, U, b, gate, l2: l2 * rows(W @ W.T, gate).square().sum()),
    ("gradient-cut", lambda W, U, b, gate, l2: both_by_slice(W.detach(), U, b, gate, l2)),
    ("changes-input", _both(measure=lambda block: block.pow_(2).sum())),
):  # fmt: skip
    bank.wrong(slug)(lambda W, U, b, gate, l2, answer=answer: answer(W, U, b, gate, l2))


@bank.wrong("kernels-not-alike")
def width_of_W(W, U, b, gate, l2):
    H, k = (W.shape[1], "ifgo".index(gate))
    rows = slice(k * H, (k + 1) * H)
    return l2 * ((W[rows] ** 2).sum() + (U[rows] ** 2).sum())
