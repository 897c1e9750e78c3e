"""Right and wrong answers to 7.3."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def moments_over_axes(x, per_step, eps):
    dims = 0 if per_step else (0, 1)
    mean = x.mean(dims, keepdim=True)
    return (x - mean) / ((x - mean).square().mean(dims, keepdim=True) + eps).sqrt()


@bank.right
def step_by_step(x, per_step, eps):
    if not per_step:
        rows = x.reshape(-1, x.shape[2])
        return ((rows - rows.mean(0)) / torch.sqrt(rows.var(0, unbiased=False) + eps)).reshape(x.shape)
    steps = []
    for t in range(x.shape[1]):
        step = x[:, t]
        steps.append((step - step.mean(0)) / torch.sqrt(step.var(0, unbiased=False) + eps))
    return torch.stack(steps, dim=1)


@bank.right
def filled_in_place(x, per_step, eps):
    y = torch.empty_like(x)
    for n in range(x.shape[2]):
        for part in [slice(t, t + 1) for t in range(x.shape[1])] if per_step else [slice(None)]:
            column = x[:, part, n]
            centred = column - column.mean()
            y[:, part, n] = centred * torch.rsqrt(centred.pow(2).mean() + eps)
    return y


@bank.right
def by_torch_batch_norm(x, per_step, eps):
    B, T, N = x.shape
    flat = x.reshape(B, T * N) if per_step else x.reshape(B * T, N)
    if len(flat) == 1:  # batch_norm refuses a single row, whose norm is zero
        return x - x
    return F.batch_norm(flat, None, None, training=True, eps=eps).reshape(B, T, N)


@bank.right
def by_layer_norm_of_columns(x, per_step, eps):
    columns = x.permute(1, 2, 0) if per_step else x.permute(2, 0, 1)
    if per_step:
        return F.layer_norm(columns, (x.shape[0],), eps=eps).permute(2, 0, 1)
    return F.layer_norm(columns, tuple(x.shape[:2]), eps=eps).permute(1, 2, 0)


@bank.right
def by_std_mean(x, per_step, eps):
    variance, mean = torch.var_mean(x, dim=[0] if per_step else [0, 1], correction=0, keepdim=True)
    return torch.einsum("btf,xyf->btf", x - mean, (variance + eps) ** -0.5) if not per_step else (
        (x - mean).div(variance.add(eps).sqrt())
    )  # fmt: skip


def _batch(each, every, unbiased=False, scale=lambda variance, eps: (variance + eps).sqrt(), centre=True):
    def answer(x, per_step, eps):
        dims = each if per_step else every
        mean = x.mean(dims, keepdim=True) if centre else 0
        return (x - mean) / scale(x.var(dims, unbiased=unbiased, keepdim=True), eps)

    return answer


_right = _batch(0, (0, 1))


def _right_except(change):
    return lambda x, per_step, eps: change(_right(x, per_step, eps))


for slug, answer in (
    ("per-step-inverted", _batch((0, 1), 0)),
    ("per-step-inverted", lambda x, per_step, eps: _right(x, not per_step, eps)),
    ("per-step-ignored", _batch(0, 0)),
    ("per-step-ignored", _batch((0, 1), (0, 1))),
    ("time-batch-swapped", _batch(1, (0, 1))),
    ("time-batch-swapped", _batch(1, 1)),
    ("time-batch-swapped", _batch(0, 1)),
    ("time-batch-swapped", _right_except(lambda y: y.transpose(0, 1))),
    ("axis-one-kept", lambda x, per_step, eps: F.batch_norm(x, None, None, training=True, eps=eps)),
    ("axis-one-kept", _batch((0, 2), (0, 2))),
    ("axis-one-kept", _batch((0, 2), (0, 1))),
    ("axis-one-kept", _batch(0, (0, 2))),
    ("norm-over-features", _batch(-1, -1)),
    ("norm-over-features", _batch((0, 2), (0, 1, 2))),
    ("norm-over-features", _batch(0, (0, 1, 2))),
    ("norm-over-features", _batch(2, (1, 2))),
    (
        "norm-over-features",
        lambda x, per_step, eps: F.layer_norm(x, x.shape[2:] if per_step else x.shape[1:], eps=eps),
    ),
    ("unbiased-variance", _batch(0, (0, 1), unbiased=True)),
    ("eps-outside-root", _batch(0, (0, 1), scale=lambda variance, eps: variance.sqrt() + eps)),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: (variance + 1e-5).sqrt())),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: variance.sqrt())),
    ("eps-ignored", _batch(0, (0, 1), scale=lambda variance, eps: (variance + 1e-3).sqrt())),
    ("root-forgotten", _batch(0, (0, 1), scale=lambda variance, eps: variance + eps)),
    ("not-divided", _batch(0, (0, 1), scale=lambda variance, eps: 1)),
    ("mean-kept", _batch(0, (0, 1), centre=False)),
    ("mean-kept", lambda x, per_step, eps: x / (
        x.square().mean(0 if per_step else (0, 1), keepdim=True) + eps).sqrt()),
    ("eps-misused", _batch(0, (0, 1), scale=lambda variance, eps: (variance + eps**2).sqrt())),
    ("eps-misused", _batch(0, (0, 1), scale=lambda variance, eps: variance.clamp_min(eps).sqrt())),
    ("axis-lost-or-added", _right_except(lambda y: y.squeeze(0))),
    (None, _right_except(lambda y: y.clamp(-2, 2))),
    (None, _right_except(lambda y: y[:, -1])),
    (None, _right_except(lambda y: y.flatten(0, 1))),
    ("edge-case", lambda x, per_step, eps: _right(x, per_step, eps) if len(x) > 1 else x),
    ("edge-case", lambda x, per_step, eps: F.batch_norm(
        x.flatten(1) if per_step else x.flatten(0, 1), None, None, training=True, eps=eps).reshape(x.shape)),
    ("gradient-cut", lambda x, per_step, eps: (x - x.mean(0 if per_step else (0, 1), keepdim=True)) / (
        x.detach().var(0 if per_step else (0, 1), unbiased=False, keepdim=True) + eps).sqrt()),
    ("gradient-cut", _right_except(lambda y: y.detach())),
    ("changes-input", lambda x, per_step, eps: _right(x.sub_(x.mean((0, 1))), per_step, eps)),
    ("changes-input", lambda x, per_step, eps: x.copy_(_right(x, per_step, eps))),
):  # fmt: skip
    bank.wrong(slug)(lambda x, per_step, eps, answer=answer: answer(x, per_step, eps))
