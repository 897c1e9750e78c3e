"""Right and wrong answers to 6.4."""

import torch
from bank import Bank
from lesson_06_stacking_and_return_sequences._shared import mask

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def row_by_row_flipped(x, lengths):
    y = x.clone()
    for b, n in enumerate(lengths.tolist()):
        y[b, :n] = x[b, :n].flip(0)
    return y


@bank.right
def by_gather(x, lengths):
    t = torch.arange(x.shape[1]).expand(x.shape[:2])
    n = lengths.unsqueeze(1)
    index = torch.where(t < n, n - 1 - t, t)
    return torch.gather(x, 1, index.unsqueeze(2).repeat(1, 1, x.shape[2]))


@bank.right
def joined_parts(x, lengths):
    return torch.stack(
        [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(x, lengths.tolist(), strict=True)]
    )


@bank.right
def flipped_and_rolled(x, lengths):
    rows = []
    for row, n in zip(x.flip(1), lengths, strict=True):
        rows.append(row.roll(int(n) - len(row), 0))
    return torch.where(mask(x, lengths), torch.stack(rows), x)


@bank.right
def by_permutation_matrix(x, lengths):
    T = x.shape[1]
    i, j, n = torch.arange(T)[:, None], torch.arange(T)[None], lengths[:, None, None]
    P = ((i < n) & (i + j == n - 1)) | ((i >= n) & (i == j))
    return P.to(x.dtype) @ x


@bank.right
def step_by_step_indexed(x, lengths):
    rows = torch.arange(len(x))
    steps = []
    for t in range(x.size(1)):
        steps.append(x[rows, torch.where(lengths > t, lengths - 1 - t, torch.full_like(lengths, t))])
    return torch.stack(steps, dim=1)


@bank.right
def by_sorting(x, lengths):
    t = torch.arange(x.shape[1])
    keys = torch.where(t < lengths[:, None], -t - 1, t)
    return x.gather(1, keys.argsort(dim=1, stable=True)[..., None].expand_as(x))


def _rows(change):
    """Each row changed by change(row, n)."""
    return lambda x, lengths: torch.stack(
        [change(row, n) for row, n in zip(x, lengths.tolist(), strict=True)]
    )


def _split(row, n):
    return torch.cat([row[:n].flip(0), row[n:]])


for slug, answer in (
    ("flipped-whole", lambda x, n: x.flip(1)),
    ("flipped-whole", lambda x, n: x[:, torch.arange(x.shape[1] - 1, -1, -1)]),
    ("padding-moved", _rows(lambda row, n: torch.cat([row[:n].flip(0), row[n:].flip(0)]))),
    ("padding-moved", _rows(lambda row, n: torch.cat([row[n:], row[:n].flip(0)]))),
    ("padding-moved", _rows(lambda row, n: torch.cat([row[n:], row[:n]]))),
    ("padding-overwritten", lambda x, n: by_gather(x, n) * mask(x, n)),
    ("padding-overwritten", lambda x, n: by_gather(x, n).masked_fill(~mask(x, n), 0)),
    ("off-by-one", _rows(lambda row, n: _split(row, n - 1))),
    ("off-by-one", _rows(lambda row, n: _split(row, n + 1))),
    ("off-by-one", _rows(lambda row, n: torch.stack([row[n - t if t < n else t] for t in range(len(row))]))),
    ("one-length-for-all", lambda x, n: by_gather(x, n.max().expand(len(n)))),
    ("one-length-for-all", lambda x, n: by_gather(x, n[:1].expand(len(n)))),
    ("padding-reversed-alone", _rows(lambda row, n: torch.cat([row[:n], row[n:].flip(0)]))),
    ("not-reversed", lambda x, n: x),
    ("not-reversed", lambda x, n: x.clone()),
    ("wrong-axis-flipped", lambda x, n: x.flip(0)),
    ("wrong-axis-flipped", lambda x, n: x.flip(-1)),
    ("wrong-axis-flipped", _rows(lambda row, n: torch.cat([row[:n].flip(0, 1), row[n:].flip(1)]))),
    ("time-batch-swapped", lambda x, n: by_gather(x, n).transpose(0, 1)),
    ("time-batch-swapped", lambda x, n: by_gather(x.transpose(0, 1), n).transpose(0, 1)),
    ("gradient-cut", lambda x, n: row_by_row_flipped(x.detach(), n)),
    ("gradient-cut", lambda x, n: torch.where(mask(x, n), by_gather(x, n), x.detach())),
    ("places-exchanged", _rows(lambda row, n: torch.cat([row[:n].flip(0, 1), row[n:]]))),
    ("wrong-shape", lambda x, n: by_gather(x, n)[:, : int(n.max())]),
    ("axis-lost-or-added", lambda x, n: by_gather(x, n).squeeze(0)),
    ("edge-case", lambda x, n: by_gather(x, n) if len(x) != 4 else x.flip(1)),
    ("places-exchanged", _rows(lambda row, n: _split(row, n) if n < len(row) else row)),
    ("edge-case", lambda x, n: by_gather(x, n.clamp(max=8))),
    ("changes-input", _rows(lambda row, n: _turn(row, n))),
    ("changes-input", lambda x, n: by_gather(x, n.sub_(1) + 1)),
    ("dtype-changed", lambda x, n: by_gather(x.float(), n)),
):  # fmt: skip
    bank.wrong(slug)(lambda x, lengths, answer=answer: answer(x, lengths))


def _turn(row, n):
    row[:n] = row[:n].flip(0)
    return row


@bank.wrong("examples-mixed")
def batch_flipped(x, lengths):
    t = torch.arange(x.shape[1])[None, :, None]
    return torch.where(t < lengths[:, None, None], x.flip(0), x)
