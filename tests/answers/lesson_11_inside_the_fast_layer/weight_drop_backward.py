"""Right and wrong answers to 11.3."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def dropped_weights(dz, h, U, m_U):
    V = U * m_U
    return dz @ V, (dz.T @ h) * m_U


@bank.right
def weights_by_autograd(dz, h, U, m_U):
    with torch.enable_grad():
        h, U = h.detach().requires_grad_(), U.detach().requires_grad_()
        return torch.autograd.grad(F.linear(h, U * m_U), [h, U], dz)


@bank.right
def weights_einsum(dz, h, U, m_U):
    return [torch.einsum("bg,gh,gh->bh", dz, U, m_U), torch.einsum("bg,bh,gh->gh", dz, h, m_U)]


@bank.right
def weights_row_by_row(dz, h, U, m_U):
    dU = torch.zeros_like(U)
    for d, its in zip(dz, h, strict=True):
        dU = dU + torch.outer(d, its) * m_U
    return torch.stack([(U * m_U).T @ d for d in dz]), dU


for slug, answer in (
    ("mask-forgotten-in-u", lambda dz, h, U, m: (dz @ (U * m), dz.T @ h)),
    ("mask-forgotten-in-h", lambda dz, h, U, m: (dz @ U, (dz.T @ h) * m)),
    ("mask-forgotten", lambda dz, h, U, m: (dz @ U, dz.T @ h)),
    ("no-rescale", lambda dz, h, U, m: (dz @ (U * (m > 0)), (dz.T @ h) * (m > 0))),
    ("no-rescale", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * (m > 0))),
    ("mask-twice", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m * m)),
    ("weight-for-gradient", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * (U * m))),
    ("gradient-transposed", lambda dz, h, U, m: (dz @ (U * m), (h.T @ dz) * m.T)),
    ("mean-over-batch", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m / dz.shape[0])),
    ("outputs-swapped", lambda dz, h, U, m: dropped_weights(dz, h, U, m)[::-1]),
    ("values-missing", lambda dz, h, U, m: dropped_weights(dz, h, U, m)[0]),
    ("some-outputs-wrong", lambda dz, h, U, m: (dz @ (U * m), (dz.T @ h) * m[:, :1])),
    ("some-outputs-wrong", lambda dz, h, U, m: (dz @ (U * m), (dz[:1].T @ h[:1]) * m)),
    ("axis-lost-or-added", lambda dz, h, U, m: tuple(its.squeeze() for its in dropped_weights(dz, h, U, m))),
    ("changes-input", lambda dz, h, U, m: (dz @ U.mul_(m), (dz.T @ h) * m)),
):
    bank.wrong(slug)(lambda dz, h, U, m_U, answer=answer: answer(dz, h, U, m_U))


@bank.wrong("mask-divided-out")
def inverse_mask(dz, h, U, m_U):
    dropped = U * m_U
    dh = dz @ dropped
    dU = torch.where(m_U > 0, dz.T @ h / m_U, torch.zeros_like(m_U))
    return (dh, dU)


@bank.wrong("mask-averaged")
def mask_on_h(dz, h, U, m_U):
    U * m_U
    dh = dz @ U * m_U.mean(0)
    dU = dz.T @ h * m_U
    return (dh, dU)
