"""Each function of the browser's torch against the real one: values, dtypes, gradients and errors."""

from __future__ import annotations

import numpy as np
import pytest
from browser_torch.side_by_side import same
from hypothesis import given, settings
from hypothesis import strategies as st

# ---- arrays: any shape, float32 and float64, in order in memory or not ----


@st.composite
def arrays(draw, least=1, most=3, dtypes=(np.float32, np.float64), low=-3.0, high=3.0):
    shape = draw(st.lists(st.integers(1, 4), min_size=least, max_size=most))
    rng = np.random.default_rng(draw(st.integers(0, 2**20)))
    values = rng.uniform(low, high, shape).astype(draw(st.sampled_from(dtypes)))
    return values.T.copy().T if draw(st.booleans()) else values


#: As `name`, or `expression`, of one tensor of any shape.
UNARY = {
    "anywhere": """tanh sigmoid exp expm1 square neg abs sign floor ceil trunc frac relu sin cos sinh cosh atan asinh
        erf erfc isnan isinf isfinite logical_not clone ravel t_or_self sum mean prod std var max min amax amin argmax
        argmin any all cumsum0 cumprod0 logsumexp softmax log_softmax norm flatten flip roll sort argsort median
        count_nonzero diff tril triu reciprocal exp2 nan_to_num""".split(),
    "between 0 and 1": "log log2 log10 log1p sqrt rsqrt logit asin acos atanh".split(),
}
SPELT = {
    "t_or_self": lambda t, x: x.t() if x.dim() < 3 else x.mT,
    "cumsum0": lambda t, x: x.cumsum(0),
    "cumprod0": lambda t, x: t.cumprod(x, -1),
    "logsumexp": lambda t, x: t.logsumexp(x, dim=-1, keepdim=True),
    "softmax": lambda t, x: x.softmax(-1),
    "log_softmax": lambda t, x: t.log_softmax(x, 0),
    "flip": lambda t, x: x.flip(0),
    "roll": lambda t, x: t.roll(x, 1, 0),
    "sort": lambda t, x: tuple(t.sort(x, -1, descending=True)),
    "diff": lambda t, x: x.diff(dim=0),
    "tril": lambda t, x: x.tril() if x.dim() > 1 else x,
    "triu": lambda t, x: x.triu(1) if x.dim() > 1 else x,
}


@pytest.mark.parametrize("name", UNARY["anywhere"])
@settings(max_examples=6)
@given(x=arrays())
def test_one_operand(name, x):
    same(SPELT.get(name, lambda t, x: [getattr(t, name)(x), getattr(x, name)()]), x)


@pytest.mark.parametrize("name", UNARY["between 0 and 1"])
@settings(max_examples=6)
@given(x=arrays(low=0.05, high=0.95))
def test_one_operand_between_0_and_1(name, x):
    same(lambda t, x: getattr(t, name)(x), x)


ALONG = """sum mean prod std var amax amin max min argmax argmin logsumexp any all median cumsum cumprod softmax
    log_softmax unbind sort argsort norm cummax cummin""".split()


@pytest.mark.parametrize("name", ALONG)
@settings(max_examples=5)
@given(x=arrays(), axis=st.integers(-4, 3))
def test_along_an_axis(name, x, axis):
    if name == "norm":
        same(lambda t, x: x.norm(dim=axis), x)
    else:
        same(lambda t, x: getattr(x, name)(axis) if name != "softmax" else t.softmax(x, axis), x)


KEEPING = {
    "sum": lambda t, x: x.sum(dim=-1, keepdim=True),
    "mean": lambda t, x: t.mean(x, (0,), keepdim=True),
    "axis": lambda t, x: t.sum(x, axis=0, keepdims=True),
    "var, biased": lambda t, x: x.var(0, unbiased=False),
    "var, correction": lambda t, x: t.var(x, dim=0, correction=0, keepdim=True),
    "std": lambda t, x: x.std(-1, keepdim=True),
    "var_mean": lambda t, x: t.var_mean(x, 0, unbiased=False),
    "max": lambda t, x: tuple(x.max(-1, keepdim=True)),
    "amax": lambda t, x: x.amax((0,), True),
    "quantile": lambda t, x: x.detach().quantile(0.3, 0),
    "sum in float64": lambda t, x: x.sum(dtype=t.float64),
    "clamp": lambda t, x: x.clamp(-1, 1),
    "clamp_min": lambda t, x: t.clamp_min(x, 0.5),
    "clip by a tensor": lambda t, x: x.clip(max=t.zeros_like(x)),
    "masked_fill": lambda t, x: x.masked_fill(x > 0, float("-inf")),
    "where": lambda t, x: t.where(x > 0, x, 0.0),
    "where of numbers": lambda t, x: t.where(x > 0, 1.0, 2.0),
    "pow": lambda t, x: x**2 + x**3,
    "rpow": lambda t, x: 2**x,
    "root": lambda t, x: (x * x) ** 0.5,
    "rdiv": lambda t, x: 1 / (x * x + 1) - 3 + 2 * x - (1 - x),
    "floor": lambda t, x: x // 0.7,
    "mod": lambda t, x: x % 0.7,
    "rounding": lambda t, x: t.div(x, 0.3, rounding_mode="trunc"),
    "round": lambda t, x: x.round(decimals=1),
    "topk": lambda t, x: tuple(x.topk(1, dim=0)),
    "comparison": lambda t, x: (x < 0) | ~(x > 1) & (x != 2),
    "new": lambda t, x: [x.new_zeros(2), x.new_ones(2, 3), x.new_full((2,), 3.0), t.full_like(x, 2)],
    "casts": lambda t, x: [
        x.double(),
        x.float(),
        x.long(),
        x.bool(),
        x.to(t.int32),
        x.type(t.float64),
        x.half(),
    ],
    "sizes": lambda t, x: [x.shape, x.size(0), x.dim(), x.ndim, x.numel(), x.is_contiguous(), x.stride()],
    "words": lambda t, x: [x.dtype, x.is_floating_point(), t.is_tensor(x), x.type()],
    "entr": lambda t, x: t.special.entr(x.abs() + 0.1),
    "ndtr": lambda t, x: t.special.ndtr(x),
    "layer_norm": lambda t, x: t.nn.functional.layer_norm(x, x.shape[-1:], eps=1e-3),
    "normalize": lambda t, x: t.nn.functional.normalize(x, dim=-1),
    "dropout off": lambda t, x: t.nn.functional.dropout(x, 0.3, training=False),
    "one axis more": lambda t, x: [x[None], x[..., None], x.unsqueeze(-1), x.unsqueeze(0).squeeze(0)],
    "repeat": lambda t, x: x.repeat(2, *(1,) * x.dim()),
    "tile": lambda t, x: x.tile(2),
    "repeat_interleave": lambda t, x: x.repeat_interleave(2, 0),
    "expand": lambda t, x: x.expand(3, *x.shape),
    "pad": lambda t, x: t.nn.functional.pad(x, (1, 2)),
    "chunks": lambda t, x: [*x.chunk(2, 0), *x.split(1, -1), *x.tensor_split(2, 0)],
    "movedim": lambda t, x: x.movedim(0, -1),
    "reshape": lambda t, x: x.reshape(-1, 1),
    "view": lambda t, x: x.view(-1),
    "unflatten": lambda t, x: x.flatten().unflatten(0, (-1, 1)),
    "stack": lambda t, x: t.stack([x, 2 * x], -1),
    "cat": lambda t, x: t.cat((x, x.double()), 0),
    "einsum": lambda t, x: t.einsum("...i,...j->...ij", x, x),
    "outer": lambda t, x: t.outer(x.flatten(), x.flatten()),
    "dot": lambda t, x: t.dot(x.flatten(), x.flatten()),
    "matrix": lambda t, x: x.reshape(1, -1) @ x.reshape(-1, 1),
    "diag": lambda t, x: t.diag(x.flatten()),
    "histc": lambda t, x: x.detach().histc(5, -3, 3),
    "unique": lambda t, x: t.unique((x > 0).long(), return_counts=True),
    "vector_norm": lambda t, x: [t.linalg.vector_norm(x), t.linalg.norm(x.flatten()), x.norm(1), x.norm(p=3)],
    "items": lambda t, x: [x.sum().item(), float(x.detach().mean()), x.tolist()],
}


@pytest.mark.parametrize("name", KEEPING)
@settings(max_examples=5)
@given(x=arrays())
def test_expression(name, x):
    same(KEEPING[name], x)


ACTIVATIONS = """relu leaky_relu elu celu relu6 hardtanh hardsigmoid hardswish silu softsign logsigmoid softplus selu
    mish tanhshrink gelu sigmoid tanh""".split()


@pytest.mark.parametrize("name", ACTIVATIONS)
@settings(max_examples=8)
@given(x=arrays(low=-5, high=5))
def test_activation(name, x):
    same(lambda t, x: getattr(t.nn.functional, name)(x), x)


BINARY = """add sub mul div pow maximum minimum atan2 xlogy logaddexp hypot eq ne lt le gt ge remainder fmod
    floor_divide isclose""".split()


@pytest.mark.parametrize("name", BINARY)
@settings(max_examples=7)
@given(
    x=arrays(most=2, low=0.2, high=3, dtypes=(np.float32, np.float64, np.int64)),
    y=arrays(most=2, low=0.2, high=3, dtypes=(np.float32, np.float64)),
)
def test_two_operands_that_broadcast_or_do_not(name, x, y):
    if name in ("isclose", "lerp"):
        y = y.astype(x.dtype)
    same(lambda t, x, y: getattr(t, name)(x, y), x, y)


NOT_FINITE = np.array([[1.0, np.nan, -2.0], [np.inf, 0.0, -np.inf]])
ANYWHERE = {
    name: SPELT.get(name, lambda t, x, name=name: getattr(t, name)(x))
    for names in UNARY.values()
    for name in names
}
ALONG_ROWS = {
    f"{name} along": lambda t, x, name=name: getattr(x, name)(1)
    for name in ALONG
    if name not in ("norm", "unbind")
}
ACTIVATED = {f"F.{name}": lambda t, x, name=name: getattr(t.nn.functional, name)(x) for name in ACTIVATIONS}
OF_ALL = ANYWHERE | ALONG_ROWS | KEEPING | ACTIVATED


@pytest.mark.parametrize("name", OF_ALL)
def test_nan_and_infinity(name):
    with np.errstate(all="ignore"):
        same(OF_ALL[name], NOT_FINITE, wants=False)


NUMBERS = (2, 2.5, True)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.bool_])
def test_the_dtype_of_a_tensor_with_a_number(dtype, number):
    x = np.array([[1, 0], [1, 1]], dtype)
    for expression in (
        lambda t, x: x + number,
        lambda t, x: number * x,
        lambda t, x: x / number,
        lambda t, x: x - number,
        lambda t, x: x**number,
        lambda t, x: x > number,
        lambda t, x: x.sum() * number,
        lambda t, x: t.where(x > 0, x, number),
    ):
        same(expression, x)


DTYPES = (np.bool_, np.uint8, np.int32, np.int64, np.float32, np.float64)


@pytest.mark.parametrize("b", DTYPES)
@pytest.mark.parametrize("a", DTYPES)
def test_the_dtype_of_two_tensors_and_of_one_without_axes(a, b):
    x, y = np.ones((2, 2), a), np.ones((2,), b)
    for one, other in ((x, y), (x, np.asarray(y[0]))):
        same(lambda t, x, y: x + y, one, other)
        same(lambda t, x, y: x * y, one, other)
        same(lambda t, x, y: x / y, one, other)
        same(lambda t, x, y: t.stack([x, y.expand(2, 2)]), one, other)


# ---- products ----


@st.composite
def factors(draw):
    """Two shapes whose product exists most of the time."""
    n, k, m = (draw(st.integers(1, 4)) for _ in range(3))
    j = draw(st.sampled_from([k, k, k, k + 1]))
    left = draw(st.sampled_from([(k,), (n, k), (2, n, k), (1, n, k)]))
    right = draw(st.sampled_from([(j,), (j, m), (2, j, m), (3, j, m)]))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    kind = draw(
        st.sampled_from([(np.float64, np.float64), (np.float32, np.float32), (np.float32, np.float64)])
    )
    return rng.standard_normal(left).astype(kind[0]), rng.standard_normal(right).astype(kind[1])


@settings(max_examples=40)
@given(pair=factors())
def test_products(pair):
    same(lambda t, x, y: x @ y, *pair)
    same(lambda t, x, y: t.mm(x, y), *pair)
    same(lambda t, x, y: t.bmm(x, y), *pair)


EINSUMS = ("bi,ij->bj", "bi,hi->bh", "bt,bt->", "bti,hi->bth", "...i,ji->...j", "ii->i", "ij->ji", "ij,jk,kl->il", "bi,i->b", "i,j", "ij->")  # fmt: skip


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum(equation):
    rng = np.random.default_rng(0)
    sizes = dict(zip("btihjkl", (2, 3, 3, 4, 3, 2, 2), strict=True))
    operands = [
        rng.standard_normal([n for c in one for n in ([2, 3] if c == "." else [sizes[c]])])
        for one in equation.split("->")[0].replace("...", ".").split(",")
    ]
    same(lambda t, *xs: t.einsum(equation, *xs), *operands)
    same(lambda t, *xs: t.einsum(equation, *xs), *(x[..., :1] for x in operands))


SEVERAL = {
    "addmm": (lambda t, b, x, W: t.addmm(b, x, W, beta=0.5, alpha=2), (3,), (2, 4), (4, 3)),
    "baddbmm": (lambda t, b, x, y: t.baddbmm(b, x, y), (2, 2, 2), (2, 2, 3), (2, 3, 2)),
    "lerp": (lambda t, a, b: t.lerp(a, b, 0.3), (2, 3), (2, 3)),
    "lerp by a tensor": (lambda t, a, b, w: t.lerp(a, b, w), (2, 3), (2, 3), (2, 3)),
    "addcmul": (lambda t, a, b, c: t.addcmul(a, b, c, value=0.5), (2, 3), (2, 3), (3,)),
    "addcdiv": (lambda t, a, b, c: t.addcdiv(a, b, c), (2, 3), (2, 3), (3,)),
    "linear": (lambda t, x, W, b: t.nn.functional.linear(x, W, b), (2, 5, 3), (4, 3), (4,)),
    "tensordot": (lambda t, a, b: t.tensordot(a, b, dims=([1], [0])), (2, 3), (3, 4)),
    "lstm_cell": (lambda t, x, h, W, U, b: t.lstm_cell(x, (h, h), W, U, b, b), (2, 3), (2, 4), (16, 3), (16, 4), (16,)),
    "gru_cell": (lambda t, x, h, W, U, b: t.gru_cell(x, h, W, U, b, b), (2, 3), (2, 4), (12, 3), (12, 4), (12,)),
    "rnn_tanh_cell": (lambda t, x, h, W, U, b: t.rnn_tanh_cell(x, h, W, U, b, b), (2, 3), (2, 4), (4, 3), (4, 4), (4,)),
    "cross_entropy": (lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 2])), (2, 3)),
    "mse_loss": (lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction="sum"), (2, 3), (2, 3)),
    "huber_loss": (lambda t, x, y: t.nn.functional.huber_loss(x, y), (2, 3), (2, 3)),
    "bce": (lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y.sigmoid()), (2, 3), (2, 3)),
    "native_layer_norm": (lambda t, x, w: t.native_layer_norm(x, (3,), w, w, 1e-5)[0], (2, 3), (3,)),
    "softmax without an axis": (lambda t, x: [t.nn.functional.softmax(x), t.nn.functional.log_softmax(x)], (2, 3)),
    "dropout by its own names": (lambda t, x: t.dropout(x, p=0.3, train=False), (2, 3)),
    "linspace": (lambda t, x: t.linspace(0, 1, t.tensor(3)), (2,)),
    "unique of NaN": (lambda t, x: t.unique((x * 0 / 0).detach(), return_counts=True), (2, 3)),
    "matrix_norm": (lambda t, x: [t.linalg.matrix_norm(x, one) for one in ("fro", "nuc", 2, 1, float("inf"))], (2, 3)),
    "linalg.norm": (lambda t, x: [t.linalg.norm(x), t.linalg.norm(x, 2), t.linalg.norm(x, 1, dim=0)], (2, 3)),
    "trace and heaviside": (lambda t, x: [t.trace(x), t.heaviside(x.detach(), t.zeros((), dtype=x.dtype))], (3, 3)),
    "group_norm": (lambda t, x: t.nn.functional.group_norm(x, 2), (2, 4, 3)),
    "batch_norm": (lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True), (4, 3, 2)),
    "attention": (lambda t, q, k, v: t.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True), (2, 3, 4), (2, 3, 4), (2, 3, 4)),
    "meshgrid": (lambda t, x, y: t.meshgrid(x, y, indexing="xy"), (2,), (3,)),
    "vstack": (lambda t, x, y: [t.vstack([x, y]), t.hstack([x, y])], (3,), (3,)),
    "hstack": (lambda t, x, y: t.hstack([x, y]), (2, 3), (2, 1)),
    "block_diag": (lambda t, x, y: t.block_diag(x, y), (2, 2), (1, 3)),
    "vjp": (lambda t, x, y: t.func.vjp(t.mul, x.detach(), y.detach())[1](t.ones(2)), (2,), (2,)),
    "jacobian": (lambda t, x: t.autograd.functional.jacobian(lambda z: z**2, x), (3,)),
    "vmap": (lambda t, x: t.func.vmap(lambda row: row.sum() * row)(x), (2, 3)),
    "categorical": (lambda t, x: t.distributions.Categorical(logits=x).entropy(), (2, 3)),
}  # fmt: skip


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_several_operands(name, dtype):
    expression, *shapes = SEVERAL[name]
    rng = np.random.default_rng(3)
    same(expression, *(rng.standard_normal(shape).astype(dtype) for shape in shapes))


# ---- indices ----

KEYS = {
    "one": lambda t: 1,
    "last": lambda t: -1,
    "slice": lambda t: slice(None, None, 2),
    "ellipsis": lambda t: (..., 0),
    "new axis": lambda t: (None, slice(1, 3)),
    "list": lambda t: [0, 2],
    "tensor": lambda t: t.tensor([2, 0, 0]),
    "two tensors": lambda t: (t.tensor([0, 1]), t.tensor([1, 1])),
    "tensor and slice": lambda t: (slice(None), t.tensor([[0], [1]])),
    "tensors apart": lambda t: (t.tensor([0, 1]), slice(None), t.tensor([0, 1])),
    "mask": lambda t: t.tensor([True, False, True]),
    "mask of all": lambda t: t.arange(24).reshape(3, 4, 2) % 3 == 0,
    "number in a tensor": lambda t: t.tensor(1),
    "beyond": lambda t: 3,
    "beyond in a tensor": lambda t: t.tensor([0, 5]),
    "floats": lambda t: t.tensor([0.5]),
    "too many": lambda t: (0, 0, 0, 0),
    "wrong mask": lambda t: t.tensor([True, False]),
    "backwards": lambda t: slice(None, None, -1),
    "word": lambda t: "a",
}


@pytest.mark.parametrize("name", KEYS)
def test_reading_by_a_key(name):
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    same(lambda t, x: x[KEYS[name](t)], x)


def _written(t, x, v, key):
    y = x * 2
    y[key] = v
    return y * y


@pytest.mark.parametrize("name", KEYS)
def test_writing_by_a_key(name):
    x, v = np.random.default_rng(0).standard_normal((3, 4, 2)), np.asarray(2.0)
    same(lambda t, x, v: _written(t, x, v, KEYS[name](t)), x, v)
    same(lambda t, x: _written(t, x, 0, KEYS[name](t)), x)


BY_INDEX = {
    "gather": lambda t, x, i: x.gather(1, i),
    "scatter_add": lambda t, x, i: t.zeros(3, 4, dtype=x.dtype).scatter_add(1, i, x),
    "scatter": lambda t, x, i: t.zeros(3, 4, dtype=x.dtype).scatter(1, i[:, :1], x),
    "scatter a number": lambda t, x, i: x.scatter(0, i[:2, :] % 3, 9.0),
    "amax": lambda t, x, i: t.full((3, 4), -9.0, dtype=x.dtype).scatter_reduce(1, i, x, "amax"),
    "amax alone": lambda t, x, i: t.zeros(3, 4, dtype=x.dtype).scatter_reduce(
        1, i, x, "amax", include_self=False
    ),
    "mean": lambda t, x, i: t.zeros(3, 4, dtype=x.dtype).scatter_reduce(1, i, x, "mean", include_self=False),
    "sum": lambda t, x, i: x.scatter_reduce(1, i, x, reduce="sum"),
    "index_add": lambda t, x, i: t.zeros(5, 4, dtype=x.dtype).index_add(0, i[:, 0], x),
    "index_add of numbers": lambda t, x, i: t.zeros(4, dtype=x.dtype).index_add(0, i[0], x[0], alpha=2),
    "index_select": lambda t, x, i: t.index_select(x, 1, i[0]),
    "index_copy": lambda t, x, i: x.index_copy(0, t.tensor([2, 0]), x[:2]),
    "index_fill": lambda t, x, i: x.index_fill(0, t.tensor([2, 0]), 5.0),
    "index_put": lambda t, x, i: x.index_put((i[:, 0] % 3,), x[0], accumulate=True),
    "take_along_dim": lambda t, x, i: t.take_along_dim(x, i[:, :1], 1),
    "masked_select": lambda t, x, i: x.masked_select(i > 1),
    "one_hot": lambda t, x, i: t.nn.functional.one_hot(i, 4),
    "bincount": lambda t, x, i: [t.bincount(i.flatten(), minlength=6), t.bincount(i[0], x[0].detach())],
    "bucketize": lambda t, x, i: t.bucketize(x.detach(), t.tensor([-1.0, 0.0, 1.0], dtype=x.dtype)),
    "embedding": lambda t, x, i: t.nn.functional.embedding(i % 3, x),
    "nonzero": lambda t, x, i: [i.nonzero(), *t.nonzero(i, as_tuple=True), *t.where(i > 1)],
    "isin": lambda t, x, i: t.isin(i, t.tensor([0, 3])),
    "index beyond": lambda t, x, i: x.gather(1, i + 9),
    "other dtype": lambda t, x, i: t.zeros(3, 4, dtype=t.float16).scatter_add(1, i, x),
    "too few": lambda t, x, i: t.zeros(5, 4, dtype=x.dtype).index_add(0, i[:2, 0], x),
}


@pytest.mark.parametrize("name", BY_INDEX)
@settings(max_examples=6)
@given(seed=st.integers(0, 999))
def test_by_index(name, seed):
    rng = np.random.default_rng(seed)
    same(BY_INDEX[name], rng.standard_normal((3, 4)), rng.integers(0, 4, (3, 4)))


# ---- what is refused ----

REFUSED = {
    "shapes": lambda t, x: x + t.ones(7),
    "product": lambda t, x: x @ x,
    "view": lambda t, x: x.t().view(-1),
    "reshape": lambda t, x: x.reshape(5, 5),
    "cat": lambda t, x: t.cat([x, x.t()]),
    "cat of one tensor": lambda t, x: t.cat(x),
    "stack": lambda t, x: t.stack([x, x.t()]),
    "axis": lambda t, x: x.sum(5),
    "ambiguous": lambda t, x: 1 if x > 0 else 2,
    "number for tensor": lambda t, x: t.tanh(2.0),
    "None for tensor": lambda t, x: t.sigmoid(None),
    "None as operand": lambda t, x: x * None,
    "list as operand": lambda t, x: x + [1],
    "word": lambda t, x: x.tahn(),
    "word of torch": lambda t, x: t.tahn(x),
    "argument": lambda t, x: t.tanh(x, foo=2),
    "item": lambda t, x: x.item(),
    "numpy": lambda t, x: x.numpy(),
    "leaf in place": lambda t, x: x.add_(1),
    "expanded in place": lambda t, x: x[:, :1].detach().expand(2, 3).add_(1),
    "mean of integers": lambda t, x: t.arange(3).mean(),
    "bool minus": lambda t, x: (x > 0) - (x > 1),
    "float index": lambda t, x: x[0.5],
    "dtype in place": lambda t, x: t.arange(3).add_(0.5),
    "shape in place": lambda t, x: t.ones(3).add_(t.ones(2, 3)),
    "scalar output": lambda t, x: (x * 2).backward(),
    "no gradient": lambda t, x: t.ones(2).sum().backward(),
    "unused": lambda t, x: t.autograd.grad(t.ones(1, requires_grad=True).sum(), x),
    "expand": lambda t, x: x.expand(4, 4),
    "split": lambda t, x: x.split([1, 5]),
    "squeeze and unpack": lambda t, x: [a for a, b, c in [x.shape]],
    "dropout": lambda t, x: t.nn.functional.dropout(x, 1.5),
    "layer_norm": lambda t, x: t.nn.functional.layer_norm(x, (7,)),
    "linear": lambda t, x: t.nn.functional.linear(x, t.ones(2, 9)),
    "one_hot": lambda t, x: t.nn.functional.one_hot(t.tensor([5]), 3),
    "einsum": lambda t, x: t.einsum("ij,jk->ik", x, x),
    "bernoulli": lambda t, x: t.empty(2).bernoulli_(1.5),
    "no list": lambda t, x: t.stack([]),
    "masked_fill": lambda t, x: x.masked_fill(x, 0),
    "where": lambda t, x: t.where(x, x, x),
    "ragged": lambda t, x: t.tensor([[1, 2], [3]]),
    "modified": lambda t, x: _modified(t, x),
    "second time": lambda t, x: _twice(t, x),
    "clamp": lambda t, x: x.clamp(),
    "empty max": lambda t, x: x[:0].max(),
    "dot": lambda t, x: t.dot(x, x),
    "negative size": lambda t, x: t.zeros(-1),
    "arange": lambda t, x: t.arange(x),
    "full": lambda t, x: t.full((2,), x),
    "softmax without an axis": lambda t, x: t.softmax(x),
    "dropout without a rate": lambda t, x: t.dropout(x),
    "len": lambda t, x: len(x.sum()),
    "iterate": lambda t, x: list(x.sum()),
}


def _modified(t, x):
    y = x.tanh()
    z = y.sum() * 2
    y.mul_(3)
    z.backward()


def _twice(t, x):
    y = (x * x).sum()
    y.backward()
    y.backward()


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused_alike(name):
    same(REFUSED[name], np.random.default_rng(0).standard_normal((2, 3)))
