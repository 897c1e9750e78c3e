"""Right and wrong answers to 6.1."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
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


@bank.right
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


@bank.right
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


@bank.right
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
    (
        "bidirectional-not-doubled",  # and another mistake, which is named once this one is gone
        _but(Bidirectional=_lstm(), TimeDistributed=lambda s, u: (*s[:-1], u) if len(s) > 1 else None),
    ),
    ("bidirectional-not-doubled", _but(Bidirectional=_lstm(), RepeatVector=lambda s, n: (s[0], n, s[-1]))),
    (
        "repeat-axis-last",
        _but(
            RepeatVector=lambda s, n: (*s, n) if len(s) == 2 else None,
            TimeDistributed=lambda s, u: (*s[:-1], u) if len(s) > 1 else None,
        ),
    ),
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
    ("recurrent-any-rank", _but(Bidirectional=lambda s, u, flag: _lstm(ranks=(3, 4))(s, 2 * u, flag))),
    (None, _but(RepeatVector=lambda s, n: (s[0], n, *s[1:]) if len(s) <= 2 else None)),
    (None, _but(Bidirectional=_lstm(), Dense=lambda s, u: (s[0], u))),
    (None, _but(LSTM=lambda s, u, flag: (s[0], s[1], u) if len(s) == 3 and s[0] is not None else None)),
    (None, lambda layers, input_shape: str(_Stack()(layers, input_shape))),
    (
        None,
        lambda layers, input_shape: torch.zeros([s or 1 for s in _Stack()(layers, input_shape)]),
    ),
    (None, lambda layers, input_shape: tuple(s or 1 for s in _Stack()(layers, input_shape))),
    (None, lambda layers, input_shape: _Stack()(layers[:6], input_shape)),
    ("nothing-returned", lambda layers, input_shape: None),
    ("changes-input", _changes_the_list),
):
    bank.wrong(slug)(lambda layers, input_shape, answer=answer: answer(layers, input_shape))


@bank.wrong()
def returns_the_error(layers, input_shape):
    try:
        return _Stack()(layers, input_shape)
    except ValueError as error:
        return error.args[0]


@bank.wrong("last-error-named")
def last_bad_layer(layers, input_shape):
    shape, bad = (tuple(input_shape), None)
    for i, layer in enumerate(layers):
        kind, n = layer[:2]
        low, high = {
            "LSTM": (3, 3),
            "Bidirectional": (3, 3),
            "Dense": (2, 99),
            "RepeatVector": (2, 2),
            "TimeDistributed": (3, 99),
        }[kind]
        if not low <= len(shape) <= high:
            bad = i
            continue
        if kind == "RepeatVector":
            shape = (shape[0], n, shape[1])
        elif kind in ("LSTM", "Bidirectional"):
            n *= 1 + (kind == "Bidirectional")
            shape = (shape[0], shape[1], n) if layer[2] else (shape[0], n)
        else:
            shape = (*shape[:-1], n)
    if bad is not None:
        raise ValueError(f"layer {bad} does not fit")
    return shape


@bank.wrong("position-of-equal-layer")
def index_of_equal_layer(layers, input_shape):
    shape = tuple(input_shape)
    for layer in layers:
        k = layers.index(layer)
        kind = layer[0]
        if kind == "LSTM":
            if len(shape) != 3:
                raise ValueError(f"layer {k}: LSTM needs three axes, got {shape}")
            shape = (shape[0], shape[1], layer[1]) if layer[2] else (shape[0], layer[1])
        elif kind == "Bidirectional":
            if len(shape) != 3:
                raise ValueError(f"layer {k}: Bidirectional needs three axes, got {shape}")
            shape = (shape[0], shape[1], 2 * layer[1]) if layer[2] else (shape[0], 2 * layer[1])
        elif kind == "Dense":
            if len(shape) < 2:
                raise ValueError(f"layer {k}: Dense needs two axes or more, got {shape}")
            shape = (*shape[:-1], layer[1])
        elif kind == "RepeatVector":
            if len(shape) != 2:
                raise ValueError(f"layer {k}: RepeatVector needs two axes, got {shape}")
            shape = (shape[0], layer[1], shape[1])
        elif kind == "TimeDistributed":
            if len(shape) < 3:
                raise ValueError(f"layer {k}: TimeDistributed needs three axes or more, got {shape}")
            shape = (*shape[:-1], layer[1])
    return shape


@bank.wrong("list-for-tuple")
def returns_list(layers, input_shape):
    shape = tuple(input_shape)
    for k, layer in enumerate(layers):
        kind = layer[0]
        if kind == "LSTM":
            if len(shape) != 3:
                raise ValueError(f"layer {k}: LSTM needs three axes, got {shape}")
            shape = (shape[0], shape[1], layer[1]) if layer[2] else (shape[0], layer[1])
        elif kind == "Bidirectional":
            if len(shape) != 3:
                raise ValueError(f"layer {k}: Bidirectional needs three axes, got {shape}")
            shape = (shape[0], shape[1], 2 * layer[1]) if layer[2] else (shape[0], 2 * layer[1])
        elif kind == "Dense":
            if len(shape) < 2:
                raise ValueError(f"layer {k}: Dense needs two axes or more, got {shape}")
            shape = (*shape[:-1], layer[1])
        elif kind == "RepeatVector":
            if len(shape) != 2:
                raise ValueError(f"layer {k}: RepeatVector needs two axes, got {shape}")
            shape = (shape[0], layer[1], shape[1])
        elif kind == "TimeDistributed":
            if len(shape) < 3:
                raise ValueError(f"layer {k}: TimeDistributed needs three axes or more, got {shape}")
            shape = (*shape[:-1], layer[1])
    return list(shape)


@bank.wrong("never-raises")
def shapes_without_any_check_chain(layers, input_shape):
    shape = tuple(input_shape)
    for layer in layers:
        kind = layer[0]
        if kind == "LSTM":
            _, units, return_sequences = layer
            shape = (shape[0], shape[1], units) if return_sequences else (shape[0], units)
        elif kind == "Bidirectional":
            _, units, return_sequences = layer
            shape = (shape[0], shape[1], 2 * units) if return_sequences else (shape[0], 2 * units)
        elif kind == "RepeatVector":
            shape = (shape[0], layer[1], shape[-1])
        else:
            shape = (*shape[:-1], layer[1])
    return shape


@bank.wrong("never-raises")
def shapes_without_any_check_table(layers, input_shape):
    def recurrent(shape, units, sequences):
        batch, *middle, _ = shape
        return (batch, *middle, units) if sequences else (batch, units)

    rules = {
        "LSTM": recurrent,
        "Bidirectional": lambda shape, units, sequences: recurrent(shape, units * 2, sequences),
        "Dense": lambda shape, units: (*shape[:-1], units),
        "TimeDistributed": lambda shape, units: (*shape[:-1], units),
        "RepeatVector": lambda shape, n: (shape[0], n, *shape[1:]),
    }
    shape = tuple(input_shape)
    for kind, *settings in layers:
        shape = rules[kind](shape, *settings)
    return shape


@bank.wrong("recurrent-any-rank")
def recurrent_rank_unchecked_others_checked(layers, input_shape):
    shape = tuple(input_shape)
    for index, (kind, *settings) in enumerate(layers):
        rank = len(shape)
        if kind in ("LSTM", "Bidirectional"):
            units, return_sequences = settings
            if kind == "Bidirectional":
                units = 2 * units
            shape = (shape[0], shape[1], units) if return_sequences else (shape[0], units)
        elif kind == "RepeatVector":
            if rank != 2:
                raise ValueError(f"layer {index}: RepeatVector takes rank 2")
            shape = (shape[0], settings[0], shape[1])
        elif kind == "TimeDistributed":
            if rank < 3:
                raise ValueError(f"layer {index}: TimeDistributed takes rank 3 or more")
            shape = (*shape[:-1], settings[0])
        else:
            if rank < 2:
                raise ValueError(f"layer {index}: Dense takes rank 2 or more")
            shape = (*shape[:-1], settings[0])
    return shape


@bank.wrong("repeat-vector-any-rank")
def only_dense_ranks_checked(layers, input_shape):
    least_rank = {"Dense": 2, "TimeDistributed": 3}
    sizes = list(input_shape)
    for k in range(len(layers)):
        name, size = layers[k][0], layers[k][1]
        if len(sizes) < least_rank.get(name, 0):
            raise ValueError("layer " + str(k) + " cannot take what it is given")
        if name in least_rank:
            sizes[-1] = size
        elif name == "RepeatVector":
            sizes = [sizes[0], size, sizes[-1]]
        else:
            width = size if name == "LSTM" else size + size
            if layers[k][2]:
                sizes = [sizes[0], sizes[1], width]
            else:
                sizes = [sizes[0], width]
    return tuple(sizes)
