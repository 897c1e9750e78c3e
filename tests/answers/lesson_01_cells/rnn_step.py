"""Right and wrong answers to 1.1."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def linear(x, h, W, U, b):
    return torch.tanh(F.linear(x, W, b) + F.linear(h, U))


@bank.right
def library_cell(x, h, W, U, b):
    return torch.rnn_tanh_cell(x, h, W, U, b, torch.zeros_like(b))


@bank.right
def einsum(x, h, W, U, b):
    return torch.tanh(torch.einsum("bf,hf->bh", x, W) + torch.einsum("bk,hk->bh", h, U) + b)


@bank.right
def one_product(x, h, W, U, b):
    return torch.tanh(torch.cat([x, h], dim=1) @ torch.cat([W, U], dim=1).T + b)


@bank.right
def loops(x, h, W, U, b):
    rows = []
    for k in range(x.shape[0]):
        units = []
        for j in range(W.shape[0]):
            total = b[j]
            for i in range(x.shape[1]):
                total = total + W[j, i] * x[k, i]
            for i in range(h.shape[1]):
                total = total + U[j, i] * h[k, i]
            units.append(torch.tanh(total))
        rows.append(torch.stack(units))
    return torch.stack(rows)


@bank.right
def in_place_on_a_new_tensor(x, h, W, U, b):
    out = x @ W.t()
    out += h @ U.t()
    out += b
    return out.tanh_()


@bank.right
def by_sigmoid(x, h, W, U, b):
    return 2 * torch.sigmoid(2 * (x @ W.T + h @ U.T + b)) - 1


@bank.wrong("bias-forgotten")
def no_bias(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T)


@bank.wrong("bias-after-tanh")
def bias_outside(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T) + b


@bank.wrong("weights-transposed")
def u_as_it_lies(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U + b)


@bank.wrong("weights-transposed")
def both_as_they_lie(x, h, W, U, b):
    return (x @ W + h @ U + b).tanh()


@bank.wrong("weights-swapped")
def swapped(x, h, W, U, b):
    return torch.tanh(h @ W.T + x @ U.T + b)


@bank.wrong("activation-forgotten")
def no_tanh(x, h, W, U, b):
    return x @ W.T + h @ U.T + b


@bank.wrong("wrong-activation")
def sigmoid(x, h, W, U, b):
    return torch.sigmoid(F.linear(x, W, b) + F.linear(h, U))


@bank.wrong("wrong-activation")
def relu(x, h, W, U, b):
    return (x @ W.T + h @ U.T + b).clamp(min=0)


@bank.wrong("activation-before-sum")
def tanh_of_each(x, h, W, U, b):
    return torch.tanh(x @ W.T) + torch.tanh(h @ U.T) + b


@bank.wrong("activation-before-sum")
def tanh_of_the_input_alone(x, h, W, U, b):
    return torch.tanh(x @ W.T + b) + h @ U.T


@bank.wrong("old-state-ignored")
def no_memory(x, h, W, U, b):
    return torch.tanh(F.linear(x, W, b))


@bank.wrong("old-state-added")
def residual(x, h, W, U, b):
    return h + torch.tanh(x @ W.T + h @ U.T + b)


@bank.wrong("old-state-added")
def residual_inside(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T + b + h)


@bank.wrong("recurrent-weights-forgotten")
def without_u(x, h, W, U, b):
    return torch.tanh(x @ W.T + h + b)


@bank.wrong("bias-twice")
def two_biases(x, h, W, U, b):
    return torch.rnn_tanh_cell(x, h, W, U, b, b)


@bank.wrong("axis-lost-or-added")
def squeezed(x, h, W, U, b):
    return torch.tanh(x @ W.T + h @ U.T + b).squeeze()


@bank.wrong("gradient-cut")
def old_state_detached(x, h, W, U, b):
    return torch.tanh(x @ W.T + h.detach() @ U.T + b)


@bank.wrong("gradient-cut")
def by_numpy(x, h, W, U, b):
    import numpy as np

    z = (
        x.detach().numpy() @ W.detach().numpy().T
        + h.detach().numpy() @ U.detach().numpy().T
        + b.detach().numpy()
    )
    return torch.from_numpy(np.tanh(z))


@bank.wrong("changes-input")
def writes_into_h(x, h, W, U, b):
    new = torch.tanh(x @ W.T + h @ U.T + b)
    h.data.copy_(new)
    return new


@bank.wrong("one-example-for-all")
def first_row_only(x, h, W, U, b):
    return torch.tanh(x[:1] @ W.T + h[:1] @ U.T + b).expand(len(x), -1)


@bank.wrong()
def unwritten(x, h, W, U, b):
    raise NotImplementedError


@bank.wrong("one-example-for-all")
def last_example(x, h, W, U, b):
    for row, state in zip(x, h, strict=True):
        new = torch.tanh(W @ row + U @ state + b)
    return new.repeat(len(x), 1)


@bank.wrong("argument-misused")
def elementwise_h(x, h, W, U, b):
    return torch.tanh(x @ W.T + h * U.diagonal() + b)
