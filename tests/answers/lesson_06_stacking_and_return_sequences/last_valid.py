"""Right and wrong answers to 6.2."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_06_stacking_and_return_sequences._shared import mask

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def indexed(outputs, lengths):
    return outputs[torch.arange(outputs.shape[0]), lengths - 1]


@bank.right
def gathered(outputs, lengths):
    index = (lengths - 1).view(-1, 1, 1) if lengths.is_contiguous() else (lengths - 1)[:, None, None]
    return outputs.gather(1, index.expand(-1, 1, outputs.size(2))).squeeze(1)


@bank.right
def row_by_row(outputs, lengths):
    return torch.stack([row[int(n) - 1] for row, n in zip(outputs, lengths, strict=True)])


@bank.right
def by_one_hot(outputs, lengths):
    weights = F.one_hot(lengths - 1, outputs.shape[1]).to(outputs.dtype)
    return torch.einsum("bth,bt->bh", outputs, weights)


@bank.right
def by_mask(outputs, lengths):
    return outputs[torch.arange(outputs.shape[1])[None, :] == lengths[:, None] - 1]


@bank.right
def filled_in_place(outputs, lengths):
    result = outputs.new_empty(outputs.shape[0], outputs.shape[2])
    for b, n in enumerate(lengths.tolist()):
        result[b] = outputs[b, :n][-1]
    return result


@bank.right
def flat_index(outputs, lengths):
    B, T, H = outputs.shape
    return outputs.reshape(B * T, H).index_select(0, torch.arange(B) * T + lengths - 1)


def _step(outputs, steps):
    return outputs[torch.arange(len(outputs)), steps]


for slug, answer in (
    ("last-from-padding", lambda y, n: y[:, -1]),
    ("last-from-padding", lambda y, n: y[:, y.shape[1] - 1, :]),
    ("last-from-padding", lambda y, n: y[:, -1:]),
    ("off-by-one", lambda y, n: _step(y, n)),
    ("off-by-one", lambda y, n: _step(y, n.clamp(max=y.shape[1] - 1))),
    ("off-by-one", lambda y, n: _step(y, (n - 2).clamp(min=0))),
    ("off-by-one", lambda y, n: _step(y, n - 2)),
    ("one-length-for-all", lambda y, n: y[:, n.max() - 1]),
    ("one-length-for-all", lambda y, n: y[:, int(n[0]) - 1]),
    ("one-length-for-all", lambda y, n: y[:, min(n.tolist()) - 1]),
    ("first-step", lambda y, n: y[:, 0]),
    ("counted-from-the-end", lambda y, n: _step(y, -n)),
    ("counted-from-the-end", lambda y, n: _step(y.flip(1), n)
     if int(n.max()) < y.shape[1] else _step(y, y.shape[1] - 1 - n)),
    ("pooled-steps", lambda y, n: (y * mask(y, n)).sum(1)),
    ("pooled-steps", lambda y, n: (y * mask(y, n)).sum(1) / n[:, None]),
    ("pooled-steps", lambda y, n: y.mean(dim=1)),
    ("pooled-steps", lambda y, n: y.masked_fill(~mask(y, n), -1e9).max(1).values),
    ("all-rows-for-each", lambda y, n: y[:, n - 1]),
    ("time-batch-swapped", lambda y, n: y[n - 1, torch.arange(len(n))]),
    ("gradient-cut", lambda y, n: indexed(y.detach(), n)),
    ("gradient-cut", lambda y, n: torch.tensor([row[k - 1].tolist() for row, k in zip(y, n, strict=True)],
     dtype=y.dtype)),
    ("axis-lost-or-added", lambda y, n: indexed(y, n).squeeze(0)),
    ("axis-lost-or-added", lambda y, n: indexed(y, n).squeeze(-1)),
    ("axis-lost-or-added", lambda y, n: indexed(y, n)[:, None]),
    ("edge-case", lambda y, n: indexed(y[:, :8], n.clamp(max=8))),
    (None, lambda y, n: indexed(y, n).tanh()),
    ("shapes-do-not-fit", lambda y, n: y[torch.arange(4), n - 1]),
    ("changes-input", lambda y, n: _step(y, n.sub_(1))),
    ("dtype-changed", lambda y, n: indexed(y.float(), n)),
):  # fmt: skip
    bank.wrong(slug)(lambda outputs, lengths, answer=answer: answer(outputs, lengths))
