"""Views, changes in place and the backward pass: the graph is torch's."""

from __future__ import annotations

import numpy as np
import pytest
from browser_torch.side_by_side import mini, same
from hypothesis import given, settings
from hypothesis import strategies as st

X = np.random.default_rng(0).standard_normal((3, 4))


def _filled_by_step(t, x):
    out = t.zeros(3, 4, dtype=x.dtype)
    for k in range(3):
        out[k] = x[k] * (k + 1)
    return out.tanh()


def _view_of_what_is_written_later(t, x):
    y = x.clone()
    row = y[1]
    y.mul_(2)
    return row * row


def _write_through_a_view(t, x):
    y = x * 1
    y.t()[0].mul_(3)
    y.view(-1)[::2].add_(x.reshape(-1)[::2])
    return y**2


def _write_through_a_chain(t, x):
    y = x.clone()
    y.view(2, 6)[0].view(3, 2)[1:].copy_(x[1, :4].view(2, 2) * 5)
    return y.sin()


def _masked_write(t, x):
    y = x * 2
    y[y > 0] = 0
    return y


def _gates(t, x):
    y = x @ t.ones(4, 8, dtype=x.dtype)
    y[:, :4].sigmoid_()
    y[:, 4:].tanh_()
    return y[:, :4] * y[:, 4:]


def _swap(t, x):
    y = x.clone()
    y[[0, 1]] = y[[1, 0]]
    return y * x


def _detached_shares_memory(t, x):
    y = x * 1
    y.detach().zero_()
    return y


def _no_grad_write(t, x):
    with t.no_grad():
        x.mul_(2)
    return x * x


def _data_write(t, x):
    y = x * x
    x.data.mul_(2)
    return y


def _saved_then_written(t, x):
    y = x.exp()
    z = y * 2
    y.add_(1)
    return z


def _saved_then_written_through_a_view(t, x):
    y = x * 1
    z = y * y
    y[0] = 0
    return z


def _saved_result_written(t, x):
    y = x.clone().tanh_()
    y.mul_(2)
    return y


def _operand_written_after_a_sum(t, x):
    y = x * 1
    z = y + 1  # a sum saves nothing
    y.zero_()
    return z


def _with_hook(t, x):
    y = x * 2
    y.register_hook(lambda g: g * 10)
    return y * 3


def _custom(t, x):
    class Cube(t.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            ctx.save_for_backward(x)
            ctx.scale = scale
            return scale * x**3, x.sign()

        @staticmethod
        def backward(ctx, g, g_sign):
            (x,) = ctx.saved_tensors
            return g * 3 * ctx.scale * x**2 + g_sign, None

    a, b = Cube.apply(x, 2.0)
    return a + b, Cube.apply(x * x, 1.0)[0]


def _custom_wrong_count(t, x):
    class Two(t.autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x * y

        @staticmethod
        def backward(ctx, g):
            return g

    return Two.apply(x, x)


def _diamond(t, x):
    y = x.tanh()
    return (y * y + y.sum(0) * x).sum() + y[0].sum()


def _accumulated(t, x):
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    grad = x.grad.clone()
    x.grad = None
    return grad * x


def _retained(t, x):
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    return y.grad


def _flags(t, x):
    y = x * 2
    with t.no_grad():
        z = x * 2
    with t.enable_grad(), t.inference_mode(False):
        w = x[0]
    return [
        x.is_leaf,
        y.is_leaf,
        y.requires_grad,
        z.requires_grad,
        w.requires_grad,
        y.detach().requires_grad,
        (x > 0).requires_grad,
    ]


@pytest.mark.parametrize(
    "expression",
    [
        one
        for name, one in sorted(globals().items())
        if name.startswith("_") and callable(one) and getattr(one, "__module__", "") == __name__
    ],
    ids=lambda one: one.__name__.strip("_"),
)
def test_the_graph_is_torchs(expression):
    same(expression, X)


# ---- any order of views and writes ----

VIEWS = {
    "t": lambda t, y: y.t(),
    "row": lambda t, y: y[0],
    "part": lambda t, y: y[1:],
    "flat": lambda t, y: y.reshape(-1),
    "axis": lambda t, y: y.unsqueeze(0),
    "first": lambda t, y: y[..., :1],
    "diagonal": lambda t, y: y.diagonal() if y.dim() == 2 else y,
    "chunk": lambda t, y: y.chunk(2, -1)[-1],
    "base": None,
}
WRITES = {
    "double": lambda t, v, x: v.mul_(2),
    "tanh": lambda t, v, x: v.tanh_(),
    "times x": lambda t, v, x: v.mul_(x.sum()),
    "add itself": lambda t, v, x: v.add_(v),
    "zero": lambda t, v, x: v.zero_(),
    "set": lambda t, v, x: v.__setitem__(..., x.sum() * 2),
    "set one": lambda t, v, x: v.__setitem__(0, 3.0),
    "read": lambda t, v, x: v * v,
}


@settings(max_examples=100)
@given(
    plan=st.lists(
        st.tuples(st.sampled_from(sorted(VIEWS)), st.sampled_from(sorted(WRITES))), min_size=1, max_size=6
    )
)
def test_any_order_of_views_and_changes_in_place(plan):
    """As a learner writes them: each step takes a view of the last one and changes it, or reads it."""

    def run(t, x):
        base = view = x * 1.0
        read = []
        for look, write in plan:
            view = base if VIEWS[look] is None or view.dim() == 0 else VIEWS[look](t, view)
            if view.dim() == 0:
                view = base
            got = WRITES[write](t, view, x)
            if write == "read":
                read.append(got.sum())
        return (base * x).sum() + view.sum() + sum(read)

    same(run, X)


def test_a_leaf_that_is_used_twice_gets_one_gradient():
    x = mini.tensor([2.0], requires_grad=True)
    (x * x + x).backward()
    assert x.grad.tolist() == [5.0]


def test_gradcheck_finds_a_wrong_gradient():
    class Wrong(mini.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x = mini.randn(3, dtype=mini.float64, requires_grad=True)
    assert mini.autograd.gradcheck(lambda y: (y * y).tanh(), (x,))
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        mini.autograd.gradcheck(Wrong.apply, (x,))
