"""Right and wrong answers to 7.1."""

import math

import torch
from bank import Bank
from lesson_07_regularizers_and_normalization._shared import PLACE, column_slice, rows

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def rows_by_slice(U, gate, l2):
    H = U.size(1)
    start = PLACE[gate] * H
    return l2 * (U[start : start + H] ** 2).sum()


@bank.right
def rows_by_chunk(U, gate, l2):
    i, f, g, o = torch.chunk(U, 4)
    return {"i": i, "f": f, "g": g, "o": o}[gate].pow(2).sum().mul(l2)


@bank.right
def masked_rows(U, gate, l2):
    rows = torch.arange(U.shape[0]) // U.shape[1] == PLACE[gate]
    return l2 * torch.einsum("jk,jk,j->", U, U, rows.to(U.dtype))


@bank.right
def frobenius(U, gate, l2):
    return l2 * torch.linalg.matrix_norm(U.unflatten(0, (4, -1))[PLACE[gate]]) ** 2


@bank.right
def row_by_row(U, gate, l2):
    H = U.shape[1]
    total = torch.zeros((), dtype=U.dtype)
    for j in range("ifgo".index(gate) * H, "ifgo".index(gate) * H + H):
        total = total + l2 * U[j].dot(U[j])
    return total


@bank.right
def copied_and_squared_in_place(U, gate, l2):
    block = U.tensor_split(4)["ifgo".find(gate)].clone()
    block *= math.sqrt(l2)
    return torch.square(block).sum()


def _penalty_of(cut, measure=lambda block: block.square().sum()):
    return lambda U, gate, l2: l2 * measure(cut(U, gate))


def _keras_columns(U, gate):
    H = U.shape[0] // 4
    return U.reshape(H, 4 * H)[:, PLACE[gate] * H : (PLACE[gate] + 1) * H]


for slug, answer in (
    ("gate-order", _penalty_of(lambda U, gate: rows(U, gate, "ifog"))),
    ("gate-order", _penalty_of(lambda U, gate: rows(U, gate, "figo"))),
    ("gate-order", _penalty_of(lambda U, gate: rows(U, gate, "igfo"))),
    ("gate-order", _penalty_of(lambda U, gate: rows(U, gate, "fgoi"))),
    ("gate-order", _penalty_of(lambda U, gate: U.chunk(4)[sorted("ifgo").index(gate)])),
    ("whole-matrix", lambda U, gate, l2: l2 * U.pow(2).sum()),
    ("whole-matrix", lambda U, gate, l2: sum(l2 * block.square().sum() for block in U.chunk(4))),
    ("gate-ignored", lambda U, gate, l2: l2 * U[: U.shape[1]].square().sum()),
    ("gate-ignored", lambda U, gate, l2: l2 * U[U.shape[1] : 2 * U.shape[1]].square().sum()),
    ("other-gates", lambda U, gate, l2: l2 * (U.square().sum() - rows(U, gate).square().sum())),
    ("columns-for-rows", _penalty_of(column_slice)),
    ("rows-interleaved", _penalty_of(_keras_columns)),
    ("columns-for-rows", _penalty_of(lambda U, gate: U.T.chunk(4)[PLACE[gate]])),
    ("columns-for-rows", _penalty_of(lambda U, gate: U.chunk(4, dim=1)[PLACE[gate]])),
    ("rows-interleaved", _penalty_of(lambda U, gate: U[PLACE[gate] :: 4])),
    ("rows-interleaved", _penalty_of(lambda U, gate: U.reshape(-1, 4, U.shape[1])[:, PLACE[gate]])),
    ("rows-beyond-gate", _penalty_of(lambda U, gate: U[PLACE[gate]])),
    ("rows-beyond-gate", _penalty_of(lambda U, gate: rows(U, gate)[:1])),
    ("root-for-square", _penalty_of(rows, torch.norm)),
    ("root-for-square", _penalty_of(rows, lambda block: block.square().sum().sqrt())),
    ("mean-for-sum", _penalty_of(rows, lambda block: block.square().mean())),
    ("l1-for-l2", _penalty_of(rows, lambda block: block.abs().sum())),
    ("square-of-sum", _penalty_of(rows, lambda block: block.sum() ** 2)),
    ("l2-halved", lambda U, gate, l2: 0.5 * l2 * rows(U, gate).square().sum()),
    ("l2-forgotten", lambda U, gate, l2: rows(U, gate).square().sum()),
    ("gradient-cut", _penalty_of(lambda U, gate: rows(U.detach(), gate))),
    ("l2-squared", lambda U, gate, l2: l2**2 * rows(U, gate).square().sum()),
    ("sign-reversed", lambda U, gate, l2: -l2 * rows(U, gate).square().sum()),
    (None, lambda U, gate, l2: l2 * rows(U, gate).square().sum(0)),
    (None, lambda U, gate, l2: l2 * rows(U, gate).square()),
    ("axis-lost-or-added", lambda U, gate, l2: (l2 * rows(U, gate).square().sum()).reshape(1)),
    ("number-for-tensor", lambda U, gate, l2: float(l2 * rows(U, gate).square().sum())),
    ("edge-case", _penalty_of(lambda U, gate: rows(U, gate)[:8])),
    (None, _penalty_of(lambda U, gate: U[4 * PLACE[gate] : 4 * PLACE[gate] + 4])),
    (None, _penalty_of(lambda U, gate: rows(U, gate)[1:])),
    (None, _penalty_of(lambda U, gate: rows(U, gate).tril())),
    ("edge-case", lambda U, gate, l2: min(l2, 1.0) * rows(U, gate).square().sum()),
    ("changes-input", lambda U, gate, l2: l2 * rows(U, gate).pow_(2).sum()),
):
    bank.wrong(slug)(lambda U, gate, l2, answer=answer: answer(U, gate, l2))


@bank.wrong("l2-squared")
def factor_inside(U, gate, l2):
    block = torch.split(U, U.shape[1])["ifgo".index(gate)]
    return torch.sum((l2 * block) ** 2)


@bank.wrong("rows-beyond-gate")
def up_to_gate(U, gate, l2):
    hidden = U.size(-1)
    offset = {"i": 0, "f": 1, "g": 2, "o": 3}[gate] * hidden
    part = U[: offset + hidden, :]
    return l2 * torch.sum(part * part)


@bank.wrong("matrix-norm")
def matrix_product(U, gate, l2):
    hidden = U.size(-1)
    offset = {"i": 0, "f": 1, "g": 2, "o": 3}[gate] * hidden
    part = U[offset : offset + hidden, :]
    return l2 * torch.sum(part @ part)
