"""Right and wrong answers to 5.4."""

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_05_recurrent_dropout_family._shared import basics, gates, plain
from lesson_05_recurrent_dropout_family._zoneout_draws import WRONG as DRAWS
from lesson_05_recurrent_dropout_family._zoneout_draws import drawn as _draw
from lesson_05_recurrent_dropout_family.moon_step import no_mask

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None, gates=gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    new_c = f * c + i * g
    new_h = o * squash(new_c)
    if training:
        d_h = _draw(z_h, h) if d_h is None else d_h
        d_c = _draw(z_c, c) if d_c is None else d_c
    else:
        d_h, d_c = z_h, z_c
    return d_h * h + (1 - d_h) * new_h, d_c * c + (1 - d_c) * new_c


@bank.right
def zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.right
def by_where(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, new_c = torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))
    if not training:
        return torch.lerp(new_h, h, z_h), torch.lerp(new_c, c, z_c)
    keep_h = torch.bernoulli(torch.full_like(h, z_h)).bool() if d_h is None else d_h.bool()
    keep_c = torch.bernoulli(torch.full_like(c, z_c)).bool() if d_c is None else d_c.bool()
    return torch.where(keep_h, h, new_h), torch.where(keep_c, c, new_c)


@bank.right
def by_dropout_of_the_change(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, new_c = torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))

    def mix(old, new, z, d):
        change = new - old
        if not training:
            return old + (1 - z) * change
        if d is None:
            return old + F.dropout(change, z) * (1 - z)
        return old + (1 - d) * change

    return mix(h, new_h, z_h, d_h), mix(c, new_c, z_c, d_c)


basics(bank, _zoneout)


def _zone(mix, h_reads="new", evaluate=None):
    """Zoneout by another mixture of old and new."""

    def answer(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
        i, f, g, o = plain(x, h, W, U, b)
        new_c = f * c + i * g
        if training:
            d_h = _draw(z_h, h) if d_h is None else d_h
            d_c = _draw(z_c, c) if d_c is None else d_c
        elif evaluate is not None:
            new_h = o * new_c.tanh()
            return evaluate(h, new_h, z_h), evaluate(c, new_c, z_c)
        else:
            d_h, d_c = z_h, z_c
        kept_c = mix(d_c, c, new_c, z_c)
        new_h = o * (new_c if h_reads == "new" else kept_c).tanh()
        return mix(d_h, h, new_h, z_h), kept_c

    return answer


def _right_mix(d, old, new, z):
    return d * old + (1 - d) * new


for slug, answer in (
    ("zoneout-swapped", _zone(lambda d, old, new, z: (1 - d) * old + d * new)),
    (
        "zoneout-swapped",
        _zone(
            lambda d, old, new, z: (1 - d) * old + d * new,
            evaluate=lambda old, new, z: z * old + (1 - z) * new,
        ),
    ),
    (
        "zoneout-rescaled",
        _zone(
            lambda d, old, new, z: d * old + (1 - d) * new / (1 - z),
            evaluate=lambda old, new, z: z * old + (1 - z) * new,
        ),
    ),
    (
        "zoneout-rescaled",
        _zone(
            lambda d, old, new, z: (d * old + (1 - d) * new) / (1 - z),
            evaluate=lambda old, new, z: z * old + (1 - z) * new,
        ),
    ),
    ("h-from-zoned-cell", _zone(_right_mix, h_reads="kept")),
    ("no-expectation", _zone(_right_mix, evaluate=lambda old, new, z: new)),
    ("no-expectation", _zone(_right_mix, evaluate=lambda old, new, z: (1 - z) * new)),
    ("zero-for-previous", _zone(lambda d, old, new, z: (1 - d) * new)),
    (
        "zero-for-previous",
        _zone(lambda d, old, new, z: (1 - d) * new / (1 - z), evaluate=lambda old, new, z: new),
    ),
):
    bank.wrong(slug)(answer)


@bank.wrong("zoneout-at-evaluation")
def always_draws(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, True, d_h, d_c)


@bank.wrong("zoneout-at-evaluation")
def masks_count_at_evaluation(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    given = d_h is not None
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training or given, d_h, d_c)


@bank.wrong("masks-swapped")
def masks_swapped(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_c, d_h)


@bank.wrong("masks-swapped")
def rates_swapped(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_c, z_h, training, d_h, d_c)


@bank.wrong("one-mask-for-both")
def one_mask(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_c, d_c)


@bank.wrong("one-mask-for-both")
def one_uniform_draw(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    u = torch.rand_like(h)
    d_h = (u < z_h).to(h.dtype) if d_h is None else d_h
    d_c = (u < z_c).to(h.dtype) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


def _drawing(draw):
    """Right but for its draws."""

    def answer(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
        if training and (d_h is None or d_c is None):
            d_h, d_c = draw(h, z_h, z_c, d_h, d_c)
        return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)

    answer.__name__ = draw.__name__
    return answer


for slug, draw in DRAWS:
    bank.wrong(slug)(_drawing(draw))


@bank.wrong("one-state-only")
def cell_alone(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, _ = no_mask(x, h, c, W, U, b, None)
    return new_h, _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)[1]


@bank.wrong("one-mask-for-batch")
def one_row(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(z_h, h[:1]) if d_h is None else d_h
    d_c = _draw(z_c, c[:1]) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("same-mask-each-call")
def seeded(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    torch.manual_seed(0)
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("zoneout-swapped")
def rate_of_renewing(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(1 - z_h, h) if d_h is None else d_h
    d_c = _draw(1 - z_c, c) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("wrong-rate")
def rate_a_half(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(0.5, h) if d_h is None else d_h
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("given-mask-ignored")
def both_or_none(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    if d_h is None or d_c is None:
        d_h = d_c = None
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("given-mask-ignored")
def always_draws_both(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training)


@bank.wrong("given-mask-ignored")
def always_draws_the_cells(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h)


@bank.wrong()
def given_masks_flipped(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    # Other masks than those that are given, and none is drawn.
    d_h, d_c = (None if d is None else d.flip(0) for d in (d_h, d_c))
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("expectation-in-training")
def expectation_where_none(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h, d_c = (z if d is None else d for z, d in ((z_h, d_h), (z_c, d_c)))
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("none-not-handled")
def masks_needed(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, new_c = no_mask(x, h, c, W, U, b, None)
    if not training:
        return z_h * h + (1 - z_h) * new_h, z_c * c + (1 - z_c) * new_c
    return d_h * h + (1 - d_h) * new_h, d_c * c + (1 - d_c) * new_c


@bank.wrong("changes-input")
def mask_from_the_cell_in_place(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    value = _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)
    if d_h is not None:
        d_h.zero_().add_(0.25)
    return value


@bank.wrong("given-mask-ignored")
def draws_both_if_either_none(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):

    def plain(x, h, c, W, U, b):
        i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
        i, f, o = (torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o))
        c_new = f * c + i * torch.tanh(g)
        return (o * torch.tanh(c_new), c_new, o)

    h2, c2, _ = plain(x, h, c, W, U, b)
    if not training:
        return (z_h * h + (1 - z_h) * h2, z_c * c + (1 - z_c) * c2)
    if d_h is None or d_c is None:
        d_h = torch.bernoulli(torch.full_like(h, z_h))
        d_c = torch.bernoulli(torch.full_like(c, z_c))
    return (d_h * h + (1 - d_h) * h2, d_c * c + (1 - d_c) * c2)


def cell_step(x, h, c, W, U, b):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, dim=1)
    new_c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(new_c), new_c


@bank.wrong("zoneout-at-evaluation")
def evaluation_draws(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    nh, nc = cell_step(x, h, c, W, U, b)
    if d_h is None:
        d_h = torch.bernoulli(torch.full_like(h, z_h))
    if d_c is None:
        d_c = torch.bernoulli(torch.full_like(c, z_c))
    return d_h * h + (1 - d_h) * nh, d_c * c + (1 - d_c) * nc
