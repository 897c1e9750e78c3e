"""Right and wrong answers of lesson 06."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


# ---------------------------------------------------------------- 6.1


@bank.right("6.1")
def if_by_if(layers, input_shape):
    shape = input_shape
    for k in range(len(layers)):
        name = layers[k][0]
        if name in ("LSTM", "Bidirectional"):
            if len(shape) != 3:
                raise ValueError(f"layer {k}: {name} needs (batch, time, features), got {shape}")
            width = layers[k][1] * (2 if name == "Bidirectional" else 1)
            shape = (shape[0], shape[1], width) if layers[k][2] else (shape[0], width)
        elif name == "RepeatVector":
            if len(shape) != 2:
                raise ValueError(f"layer {k}: RepeatVector expects 2 dimensions, found {len(shape)}")
            shape = (shape[0], layers[k][1], shape[1])
        else:
            if len(shape) < (3 if name == "TimeDistributed" else 2):
                raise ValueError(f"Input {shape} of layer #{k} is incompatible")
            shape = (*shape[:-1], layers[k][1])
    return shape


@bank.right("6.1")
def by_match(layers, input_shape):
    shape = list(input_shape)
    for index, spec in enumerate(layers):
        match spec[0], len(shape):
            case ("LSTM" | "Bidirectional") as kind, 3:
                del shape[2 if spec[2] else 1 :]
                shape.append(spec[1] << (kind == "Bidirectional"))
            case "Dense", rank if rank >= 2:
                shape[-1] = spec[1]
            case "TimeDistributed", rank if rank > 2:
                shape[-1] = spec[1]
            case "RepeatVector", 2:
                shape.insert(1, spec[1])
            case kind, rank:
                raise ValueError(index, kind, f"rank {rank}")
    return tuple(shape)


@bank.right("6.1")
def recursive(layers, input_shape, index=0):
    if not layers:
        return tuple(input_shape)
    (kind, size, *flag), *above = layers
    rank = len(input_shape)
    takes = {"Dense": range(2, 99), "RepeatVector": (2,), "TimeDistributed": range(3, 99)}
    if rank not in takes.get(kind, (3,)):
        raise ValueError(f"layers[{index}] cannot take rank {rank}")
    if kind == "RepeatVector":
        shape = (input_shape[0], size, input_shape[1])
    elif flag:
        kept = input_shape[:2] if flag[0] else input_shape[:1]
        shape = (*kept, size * (1 + (kind == "Bidirectional")))
    else:
        shape = (*input_shape[:-1], size)
    return recursive(above, shape, index + 1)


class ShapeError(ValueError):
    """As a learner may define it."""


@bank.right("6.1")
def own_error_and_size(layers, input_shape):
    shape = torch.Size([0 if size is None else size for size in input_shape])
    for k, (kind, size, *flag) in enumerate(layers):
        low, high = {"Dense": (2, 9), "TimeDistributed": (3, 9), "RepeatVector": (2, 2)}.get(kind, (3, 3))
        if not low <= len(shape) <= high:
            raise ShapeError(str(k))
        size *= 2 if kind == "Bidirectional" else 1
        if kind == "RepeatVector":
            shape = torch.Size([shape[0], size, shape[1]])
        else:
            shape = (shape[:1] if flag == [False] else shape[:-1]) + torch.Size([size])
    return (input_shape[0], *shape[1:])


class _Stack:
    """The rules, one method a layer, for answers that get some of them wrong."""

    named = staticmethod(lambda k: f"layer {k} cannot take it")
    error = ValueError

    def __call__(self, layers, input_shape):
        shape = tuple(input_shape)
        for k, (kind, *settings) in enumerate(layers):
            leaves = getattr(self, kind)(shape, *settings)
            if leaves is None:
                raise self.error(self.named(k))
            shape = leaves
        return shape

    def LSTM(self, shape, units, flag):
        if len(shape) != 3:
            return None
        return (*shape[:2], units) if flag else (shape[0], units)

    def Bidirectional(self, shape, units, flag):
        return self.LSTM(shape, 2 * units, flag)

    def Dense(self, shape, units):
        return (*shape[:-1], units) if len(shape) >= 2 else None

    def RepeatVector(self, shape, n):
        return (shape[0], n, shape[1]) if len(shape) == 2 else None

    def TimeDistributed(self, shape, units):
        return (*shape[:-1], units) if len(shape) >= 3 else None


def _but(**changes):
    """The right rules but for some."""
    functions = {k: v if k == "error" else staticmethod(v) for k, v in changes.items()}
    stack = type("Wrong", (_Stack,), functions)()
    return lambda layers, input_shape: stack(layers, input_shape)


def _lstm(flag=lambda s: s, ranks=(3,)):
    def rule(shape, units, sequences):
        if len(shape) not in ranks:
            return None
        return (*shape[:-1], units) if flag(sequences) else (shape[0], units)

    return rule


def _with_lstm(rule):
    return _but(LSTM=rule, Bidirectional=lambda shape, units, flag: rule(shape, 2 * units, flag))


def _next_flag(layers, input_shape):
    """return_sequences looked up at the recurrent layer above."""
    places = [k for k, spec in enumerate(layers) if spec[0] in ("LSTM", "Bidirectional")]
    changed = list(layers)
    for here, above in zip(places, [*places[1:], places[-1]] if places else [], strict=True):
        changed[here] = (*layers[here][:2], layers[above][2])
    return _Stack()(changed, input_shape)


def _previous_flag(layers, input_shape):
    before, changed = False, []
    for spec in layers:
        if len(spec) == 3:
            changed.append((spec[0], spec[1], before))
            before = spec[2]
        else:
            changed.append(spec)
    return _Stack()(changed, input_shape)


def _all_but_the_last(layers, input_shape):
    last = max((k for k, spec in enumerate(layers) if len(spec) == 3), default=None)
    changed = [(*s[:2], True) if len(s) == 3 and k != last else s for k, s in enumerate(layers)]
    return _Stack()(changed, input_shape)


def _everything_goes(layers, input_shape):
    shape = tuple(input_shape)
    for kind, size, *flag in layers:
        if kind == "RepeatVector":
            shape = (shape[0], size, *shape[1:])
        else:
            kept = shape[:1] if flag == [False] else shape[:-1]
            shape = (*kept, 2 * size if kind == "Bidirectional" else size)
    return shape


def _unpacks(layers, input_shape):
    """Lets Python complain where a shape does not unpack."""
    shape = tuple(input_shape)
    for kind, size, *flag in layers:
        if kind in ("LSTM", "Bidirectional"):
            batch, time, _ = shape
            width = 2 * size if kind == "Bidirectional" else size
            shape = (batch, time, width) if flag[0] else (batch, width)
        elif kind == "RepeatVector":
            batch, width = shape
            shape = (batch, size, width)
        elif kind == "TimeDistributed":
            batch, time, *rest, _ = shape
            shape = (batch, time, *rest, size)
        else:
            batch, *rest, _ = shape
            shape = (batch, *rest, size)
    return shape


def _asserts(layers, input_shape):
    try:
        return _Stack()(layers, input_shape)
    except ValueError as error:
        raise AssertionError(str(error)) from None


def _changes_the_list(layers, input_shape):
    shape = _Stack()(layers, input_shape)
    layers.clear()
    return shape


for slug, answer in (
    ("return-sequences-inverted", _with_lstm(_lstm(lambda s: not s))),
    ("return-sequences-wrong-layer", _next_flag),
    ("return-sequences-wrong-layer", _previous_flag),
    ("return-sequences-wrong-layer", _all_but_the_last),
    ("return-sequences-ignored", _with_lstm(_lstm(lambda s: True))),
    ("return-sequences-ignored", _with_lstm(_lstm(lambda s: False))),
    ("bidirectional-not-doubled", _but(Bidirectional=_lstm())),
    ("dense-drops-time", _but(Dense=lambda s, units: (s[0], units) if len(s) > 1 else None)),
    ("dense-refuses-time", _but(Dense=lambda s, units: (s[0], units) if len(s) == 2 else None)),
    ("dense-any-rank", _but(Dense=lambda s, units: (*s[:-1], units))),
    ("repeat-vector-any-rank", _but(RepeatVector=lambda s, n: (s[0], n, *s[1:]))),
    ("repeat-vector-any-rank", _but(RepeatVector=lambda s, n: (s[0], n, s[-1]))),
    ("repeat-axis-last", _but(RepeatVector=lambda s, n: (*s, n) if len(s) == 2 else None)),
    ("time-distributed-rank-2", _but(TimeDistributed=lambda s, u: (*s[:-1], u) if len(s) > 1 else None)),
    (
        "time-distributed-rank-3-only",
        _but(TimeDistributed=lambda s, u: (*s[:2], u) if len(s) == 3 else None),
    ),
    ("time-distributed-drops-time", _but(TimeDistributed=lambda s, u: (s[0], u) if len(s) > 2 else None)),
    ("recurrent-any-rank", _with_lstm(_lstm(ranks=(2, 3)))),
    ("recurrent-any-rank", _with_lstm(_lstm(ranks=(3, 4)))),
    ("recurrent-any-rank", _with_lstm(_lstm(ranks=(2, 3, 4)))),
    ("never-raises", _everything_goes),
    ("index-from-1", _but(named=lambda k: f"layer {k + 1} cannot take it")),
    ("index-from-1", _but(named=lambda k: k + 1)),
    ("culprit-named", _but(named=lambda k: f"layer {k - 1} has to return sequences")),
    ("batch-left-out", lambda layers, input_shape: _Stack()(layers, input_shape)[1:]),
    ("batch-left-out", lambda layers, input_shape: (None, *_Stack()(layers, input_shape)[1:])),
    ("not-a-value-error", _asserts),
    ("not-a-value-error", _but(error=IndexError)),
    ("not-a-value-error", _but(error=RuntimeError)),
    ("index-not-named", _but(named=lambda k: "a layer cannot take its input")),
    ("index-not-named", _but(named=lambda k: "this layer needs rank 3 and was given rank 2")),
    ("index-not-named", _but(named=lambda k: k // 2)),
    ("index-not-named", _but(named=lambda k: 10 * k + 1)),
    ("index-not-named", _unpacks),
    (None, _but(Dense=lambda s, u: (*s[:-1], u) if len(s) == 3 else None)),
    (None, _but(Bidirectional=lambda s, u, flag: _lstm(ranks=(3, 4))(s, 2 * u, flag))),
    (None, _but(RepeatVector=lambda s, n: (s[0], n, *s[1:]) if len(s) <= 2 else None)),
    (None, _but(Bidirectional=_lstm(), Dense=lambda s, u: (s[0], u))),
    (None, _but(LSTM=lambda s, u, flag: (s[0], s[1], u) if len(s) == 3 and s[0] is not None else None)),
    (None, lambda layers, input_shape: str(_Stack()(layers, input_shape))),
    (None, lambda layers, input_shape: torch.zeros([s or 1 for s in _Stack()(layers, input_shape)])),
    (None, lambda layers, input_shape: tuple(s or 1 for s in _Stack()(layers, input_shape))),
    (None, lambda layers, input_shape: _Stack()(layers[:6], input_shape)),
    (None, lambda layers, input_shape: None),
    ("changes-input", _changes_the_list),
):
    bank.wrong("6.1", slug)(lambda layers, input_shape, answer=answer: answer(layers, input_shape))


@bank.wrong("6.1")
def returns_the_error(layers, input_shape):
    try:
        return _Stack()(layers, input_shape)
    except ValueError as error:
        return error.args[0]


# ---------------------------------------------------------------- 6.2


@bank.right("6.2")
def indexed(outputs, lengths):
    return outputs[torch.arange(outputs.shape[0]), lengths - 1]


@bank.right("6.2")
def gathered(outputs, lengths):
    index = (lengths - 1).view(-1, 1, 1) if lengths.is_contiguous() else (lengths - 1)[:, None, None]
    return outputs.gather(1, index.expand(-1, 1, outputs.size(2))).squeeze(1)


@bank.right("6.2")
def row_by_row(outputs, lengths):
    return torch.stack([row[int(n) - 1] for row, n in zip(outputs, lengths, strict=True)])


@bank.right("6.2")
def by_one_hot(outputs, lengths):
    weights = F.one_hot(lengths - 1, outputs.shape[1]).to(outputs.dtype)
    return torch.einsum("bth,bt->bh", outputs, weights)


@bank.right("6.2")
def by_mask(outputs, lengths):
    return outputs[torch.arange(outputs.shape[1])[None, :] == lengths[:, None] - 1]


@bank.right("6.2")
def filled_in_place(outputs, lengths):
    result = outputs.new_empty(outputs.shape[0], outputs.shape[2])
    for b, n in enumerate(lengths.tolist()):
        result[b] = outputs[b, :n][-1]
    return result


@bank.right("6.2")
def flat_index(outputs, lengths):
    B, T, H = outputs.shape
    return outputs.reshape(B * T, H).index_select(0, torch.arange(B) * T + lengths - 1)


def _step(outputs, steps):
    return outputs[torch.arange(len(outputs)), steps]


def _mask(x, lengths):
    return (torch.arange(x.shape[1])[None] < lengths[:, None])[..., None]


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
    ("pooled-steps", lambda y, n: (y * _mask(y, n)).sum(1)),
    ("pooled-steps", lambda y, n: (y * _mask(y, n)).sum(1) / n[:, None]),
    ("pooled-steps", lambda y, n: y.mean(dim=1)),
    ("pooled-steps", lambda y, n: y.masked_fill(~_mask(y, n), -1e9).max(1).values),
    ("all-rows-for-each", lambda y, n: y[:, n - 1]),
    ("time-batch-swapped", lambda y, n: y[n - 1, torch.arange(len(n))]),
    ("gradient-cut", lambda y, n: indexed(y.detach(), n)),
    ("gradient-cut", lambda y, n: torch.tensor([row[k - 1].tolist() for row, k in zip(y, n, strict=True)],
     dtype=y.dtype)),
    (None, lambda y, n: indexed(y, n).squeeze(0)),
    (None, lambda y, n: indexed(y, n).squeeze(-1)),
    (None, lambda y, n: indexed(y, n)[:, None]),
    (None, lambda y, n: indexed(y[:, :8], n.clamp(max=8))),
    (None, lambda y, n: indexed(y, n).tanh()),
    (None, lambda y, n: y[torch.arange(4), n - 1]),
    ("changes-input", lambda y, n: _step(y, n.sub_(1))),
    ("dtype-changed", lambda y, n: indexed(y.float(), n)),
):  # fmt: skip
    bank.wrong("6.2", slug)(lambda outputs, lengths, answer=answer: answer(outputs, lengths))


# ---------------------------------------------------------------- 6.3


def _gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def _lstm_states(x, W, U, b, gates=_gates, squash=torch.tanh, start=None):
    """All states and the last cell."""
    h, c = start or (x.new_zeros(len(x), U.shape[1]),) * 2
    states = []
    for t in range(x.shape[1]):
        i, f, g, o = gates(F.linear(x[:, t], W, b) + h @ U.T)
        c = f * c + i * g
        h = o * squash(c)
        states.append(h)
    return torch.stack(states, 1), c


@bank.right("6.3")
def layer_by_layer(x, layers, return_sequences):
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
    return x if return_sequences else x[:, -1]


@bank.right("6.3")
def step_by_step(x, layers, return_sequences):
    states = [(x.new_zeros(x.size(0), U.size(1)), x.new_zeros(x.size(0), U.size(1))) for _, U, _ in layers]
    top = []
    for x_t in x.transpose(0, 1):
        for k, (W, U, b) in enumerate(layers):
            states[k] = torch.lstm_cell(x_t, states[k], W, U, b, torch.zeros_like(b))
            x_t = states[k][0]
        top.append(x_t)
    return torch.stack(top, dim=1) if return_sequences else top[-1]


@bank.right("6.3")
def recursive_stack(x, layers, return_sequences):
    if len(layers) > 1:
        x = recursive_stack(x, layers[:-1], True)
    W, U, b = layers[-1]
    H = U.shape[1]
    from_x = torch.einsum("btf,gf->btg", x, W) + b
    h = c = torch.zeros(x.shape[0], H, dtype=x.dtype)
    states = x.new_empty(x.shape[0], x.shape[1], H)
    for t in range(x.shape[1]):
        z = from_x[:, t] + torch.einsum("bh,gh->bg", h, U)
        i, f, g, o = z[:, :H], z[:, H : 2 * H], z[:, 2 * H : 3 * H], z[:, 3 * H :]
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        states[:, t] = h
    return states if return_sequences else h


def _wrong_gates(kind):
    def gates(z):
        i, f, g, o = z.chunk(4, dim=-1)
        if kind == "order":
            f, g, o = g, o, f
        if kind == "bias":
            f = f + 1
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        return i, f, g.sigmoid() if kind == "activation" else g.tanh(), o

    return gates


def _stack(
    between=lambda y, flag: y, out=lambda y, flag: y if flag else y[:, -1], pick=lambda ls: ls, **inner
):
    def answer(x, layers, return_sequences):
        for k, weights in enumerate(pick(layers)):
            below = between(x, return_sequences) if k else x
            x, _ = _lstm_states(below, *weights, **inner)
        return out(x, return_sequences)

    return answer


def _flag_on_every_layer(x, layers, return_sequences):
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
        if not return_sequences:
            x = x[:, -1]
    return x


def _states_handed_up(x, layers, return_sequences):
    start = None
    for weights in layers:
        x, c = _lstm_states(x, *weights, start=start)
        start = (x[:, -1], c)
    return x if return_sequences else x[:, -1]


def _joined(x, layers, return_sequences):
    every = []
    for weights in layers:
        x, _ = _lstm_states(x, *weights)
        every.append(x)
    y = torch.cat(every, dim=2)
    return y if return_sequences else y[:, -1]


def _residual(x, layers, return_sequences):
    for weights in layers:
        y, _ = _lstm_states(x, *weights)
        x = y + x if y.shape == x.shape else y
    return x if return_sequences else x[:, -1]


def _pops(x, layers, return_sequences):
    while layers:
        x, _ = _lstm_states(x, *layers.pop(0))
    return x if return_sequences else x[:, -1]


def _cell(x, layers, return_sequences):
    y = layer_by_layer(x, layers, True)
    below = layer_by_layer(x, layers[:-1], True) if len(layers) > 1 else x
    return y if return_sequences else _lstm_states(below, *layers[-1])[1]


def _loop_over_rows(x, layers, return_sequences):
    y = layer_by_layer(x.transpose(0, 1), layers, True).transpose(0, 1)
    return y if return_sequences else y[:, -1]


for slug, answer in (
    ("return-sequences-wrong-layer", _flag_on_every_layer),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y if flag else y[:, -1:])),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y[:, -1:])),
    ("return-sequences-wrong-layer", _stack(between=lambda y, flag: y[:, -1:].repeat(1, y.shape[1], 1))),
    ("return-sequences-inverted", _stack(out=lambda y, flag: y[:, -1] if flag else y)),
    ("return-sequences-ignored", _stack(out=lambda y, flag: y)),
    ("return-sequences-ignored", _stack(out=lambda y, flag: y[:, -1])),
    ("time-axis-kept", _stack(out=lambda y, flag: y if flag else y[:, -1:])),
    ("first-step", _stack(out=lambda y, flag: y if flag else y[:, 0])),
    ("state-handed-up", _states_handed_up),
    ("layers-reversed", _stack(pick=lambda layers: reversed(layers))),
    ("layers-left-out", _stack(pick=lambda layers: layers[:1])),
    ("layers-left-out", _stack(pick=lambda layers: layers[:2])),
    ("layers-left-out", _stack(pick=lambda layers: layers[-1:])),
    ("one-layers-weights", _stack(pick=lambda layers: [layers[0] for _ in layers])),
    ("layers-side-by-side", _joined),
    ("time-batch-swapped", _loop_over_rows),
    ("time-batch-swapped", _stack(out=lambda y, flag: y.transpose(0, 1) if flag else y[:, -1])),
    ("time-batch-swapped", _stack(out=lambda y, flag: y if flag else y[-1])),
    ("gate-order", _stack(gates=_wrong_gates("order"))),
    ("wrong-gate-activation", _stack(gates=_wrong_gates("activation"))),
    ("forget-bias", _stack(gates=_wrong_gates("bias"))),
    ("tanh-c-forgotten", _stack(squash=lambda c: c)),
    (None, _residual),
    (None, _cell),
    (None, _stack(out=lambda y, flag: (y if flag else y[:, -1]).squeeze(0))),
    (None, _stack(out=lambda y, flag: (y, y[:, -1]))),
    (None, _stack(out=lambda y, flag: y[:, :4] if flag else y[:, -1])),
    (None, _stack(out=lambda y, flag: y if flag else y.mean(1))),
    (None, _stack(between=lambda y, flag: y.relu())),
    (None, _stack(between=lambda y, flag: F.dropout(y, 0.1))),
    ("gradient-cut", _stack(between=lambda y, flag: y.detach())),
    ("changes-input", _pops),
):
    bank.wrong("6.3", slug)(
        lambda x, layers, return_sequences, answer=answer: answer(x, layers, return_sequences)
    )


@bank.wrong("6.3")
def two_layers_only(x, layers, return_sequences):
    first, second = layers
    return layer_by_layer(x, [first, second], return_sequences)


@bank.wrong("6.3", "dtype-changed")
def default_dtype(x, layers, return_sequences):
    y = layer_by_layer(x, layers, return_sequences)
    return y.to(torch.get_default_dtype())


# ---------------------------------------------------------------- 6.4


@bank.right("6.4")
def row_by_row_flipped(x, lengths):
    y = x.clone()
    for b, n in enumerate(lengths.tolist()):
        y[b, :n] = x[b, :n].flip(0)
    return y


@bank.right("6.4")
def by_gather(x, lengths):
    t = torch.arange(x.shape[1]).expand(x.shape[:2])
    n = lengths.unsqueeze(1)
    index = torch.where(t < n, n - 1 - t, t)
    return torch.gather(x, 1, index.unsqueeze(2).repeat(1, 1, x.shape[2]))


@bank.right("6.4")
def joined_parts(x, lengths):
    return torch.stack(
        [torch.cat([row[:n].flip(0), row[n:]]) for row, n in zip(x, lengths.tolist(), strict=True)]
    )


@bank.right("6.4")
def flipped_and_rolled(x, lengths):
    rows = []
    for row, n in zip(x.flip(1), lengths, strict=True):
        rows.append(row.roll(int(n) - len(row), 0))
    return torch.where(_mask(x, lengths), torch.stack(rows), x)


@bank.right("6.4")
def by_permutation_matrix(x, lengths):
    T = x.shape[1]
    i, j, n = torch.arange(T)[:, None], torch.arange(T)[None], lengths[:, None, None]
    P = ((i < n) & (i + j == n - 1)) | ((i >= n) & (i == j))
    return P.to(x.dtype) @ x


@bank.right("6.4")
def step_by_step_indexed(x, lengths):
    rows = torch.arange(len(x))
    steps = []
    for t in range(x.size(1)):
        steps.append(x[rows, torch.where(lengths > t, lengths - 1 - t, torch.full_like(lengths, t))])
    return torch.stack(steps, dim=1)


@bank.right("6.4")
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
    ("padding-overwritten", lambda x, n: by_gather(x, n) * _mask(x, n)),
    ("padding-overwritten", lambda x, n: by_gather(x, n).masked_fill(~_mask(x, n), 0)),
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
    ("gradient-cut", lambda x, n: torch.where(_mask(x, n), by_gather(x, n), x.detach())),
    (None, _rows(lambda row, n: torch.cat([row[:n].flip(0, 1), row[n:]]))),
    (None, lambda x, n: by_gather(x, n)[:, : int(n.max())]),
    (None, lambda x, n: by_gather(x, n).squeeze(0)),
    (None, lambda x, n: by_gather(x, n) if len(x) != 4 else x.flip(1)),
    (None, _rows(lambda row, n: _split(row, n) if n < len(row) else row)),
    (None, lambda x, n: by_gather(x, n.clamp(max=8))),
    ("changes-input", _rows(lambda row, n: _turn(row, n))),
    ("changes-input", lambda x, n: by_gather(x, n.sub_(1) + 1)),
    ("dtype-changed", lambda x, n: by_gather(x.float(), n)),
):  # fmt: skip
    bank.wrong("6.4", slug)(lambda x, lengths, answer=answer: answer(x, lengths))


def _turn(row, n):
    row[:n] = row[:n].flip(0)
    return row
