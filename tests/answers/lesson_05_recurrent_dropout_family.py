"""Right and wrong answers of lesson 05."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def _plain(x, h, W, U, b):
    return _gates(x @ W.T + h @ U.T + b)


def _reorder(W, U, b, order=(0, 2, 1, 3)):
    return tuple(torch.cat([w.chunk(4)[k] for k in order]) for w in (W, U, b))


def _wrong_gates(kind):
    """The gates with a mistake of any LSTM."""

    def gates(z):
        i, f, g, o = z.chunk(4, dim=-1)
        if kind == "order":
            f, i = i, f
        if kind == "bias":
            f = f + 1
        i, f, o = i.sigmoid(), f.sigmoid(), o.sigmoid()
        return i, f, g.sigmoid() if kind == "activation" else g.tanh(), o

    return gates


BASICS = {
    "gate-order": {"gates": _wrong_gates("order")},
    "wrong-gate-activation": {"gates": _wrong_gates("activation")},
    "forget-bias": {"gates": _wrong_gates("bias")},
    "tanh-c-forgotten": {"squash": lambda c: c},
}


def _basics(part, answer):
    """The four mistakes of any LSTM inside a part's right answer, which takes `gates` and `squash`."""
    for slug, options in BASICS.items():

        def wrong(options=options, **given):
            return answer(**given, **options)

        wrong.__name__ = slug
        bank.wrong(part, slug)(wrong)


# ---------------------------------------------------------------- 5.1


def _moon(x, h, c, W, U, b, m_c, gates=_gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    c = m_c * (f * c + i * g)
    return o * squash(c), c


@bank.right("5.1")
def moon(x, h, c, W, U, b, m_c):
    return _moon(x, h, c, W, U, b, m_c)


@bank.right("5.1")
def moon_distributed(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * (m_c * c) + i * (m_c * g)
    return o * new.tanh(), new


@bank.right("5.1")
def moon_of_the_library(x, h, c, W, U, b, m_c):
    new = torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))[1] * m_c
    o = (F.linear(x, W, b) + F.linear(h, U))[:, -h.shape[1] :].sigmoid()
    return [o * torch.tanh(new), new]


_basics("5.1", _moon)


@bank.wrong("5.1", "mask-on-candidate")
def moon_candidate(x, h, c, W, U, b, m_c):
    return semeniuta(x, h, c, W, U, b, m_c)


@bank.wrong("5.1", "mask-before-activation")
def moon_before_tanh(x, h, c, W, U, b, m_c):
    return before_tanh(x, h, c, W, U, b, m_c)


@bank.wrong("5.1", "mask-on-old-cell")
def old_cell(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * (m_c * c) + i * g
    return o * new.tanh(), new


@bank.wrong("5.1", "mask-not-kept")
def stored_unmasked(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * c + i * g
    return o * (m_c * new).tanh(), new


@bank.wrong("5.1", "output-reads-undropped")
def read_unmasked(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * c + i * g
    return o * new.tanh(), m_c * new


@bank.wrong("5.1", "mask-on-hidden")
def on_h(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * c + i * g
    return m_c * o * new.tanh(), new


@bank.wrong("5.1", "mask-on-recurrence")
def on_old_h(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h * m_c, W, U, b)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.wrong("5.1", "mask-after-product")
def on_the_product(x, h, c, W, U, b, m_c):
    i, f, g, o = _gates(x @ W.T + (h @ U.T) * torch.cat([m_c] * 4, dim=1) + b)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.wrong("5.1", "mask-forgotten")
def no_mask(x, h, c, W, U, b, m_c):
    return torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))


@bank.wrong("5.1")
def mask_as_boolean(x, h, c, W, U, b, m_c):
    return _moon(x, h, c, W, U, b, (m_c > 0).to(c.dtype))


@bank.wrong("5.1", "changes-input")
def cell_in_place(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    c.mul_(f).add_(i * g).mul_(m_c)
    return o * c.tanh(), c


@bank.wrong("5.1", "gradient-cut")
def masked_fill(x, h, c, W, U, b, m_c):
    i, f, g, o = _plain(x, h, W, U, b)
    new = (f * c.detach() + i * g) * m_c
    return o * new.tanh(), new


# ---------------------------------------------------------------- 5.2


def _gal(x, h, c, W, U, b, m_x, m_h, gates=_gates, squash=torch.tanh):
    B, H = h.shape
    m_x = m_x.expand(4, *x.shape)
    m_h = m_h.expand(4, *h.shape)
    W, U = W.reshape(4, H, -1), U.reshape(4, H, H)
    z = torch.einsum("gbf,ghf->bgh", x * m_x, W) + torch.einsum("gbk,ghk->bgh", h * m_h, U)
    i, f, g, o = gates(z.reshape(B, 4 * H) + b)
    c = f * c + i * g
    return o * squash(c), c


@bank.right("5.2")
def gal_einsum(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, m_x, m_h)


@bank.right("5.2")
def gal_loop(x, h, c, W, U, b, m_x, m_h):
    blocks = []
    for k, (w, u, bias) in enumerate(zip(W.chunk(4), U.chunk(4), b.chunk(4), strict=True)):
        mx = m_x[k] if m_x.ndim == 3 else m_x
        mh = m_h[k] if m_h.ndim == 3 else m_h
        blocks.append(F.linear(x * mx, w, bias) + F.linear(h * mh, u))
    i, f, g, o = blocks
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


@bank.right("5.2")
def gal_batched(x, h, c, W, U, b, m_x, m_h):
    masks = [m if len(m.shape) == 3 else torch.stack([m] * 4) for m in (m_x, m_h)]
    H = h.size(1)
    z = torch.bmm(x * masks[0], W.unflatten(0, (4, H)).transpose(1, 2))
    z = (
        z + torch.bmm(h * masks[1], U.unflatten(0, (4, H)).transpose(1, 2)) + b.view(4, 1, H)
        if b.is_contiguous()
        else (z + torch.bmm(h * masks[1], U.unflatten(0, (4, H)).transpose(1, 2)) + b.unflatten(0, (4, 1, H)))
    )
    new = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * new.tanh(), new


_basics("5.2", _gal)


def _gal_by(per_gate_x, per_gate_h, pick=lambda m, k: m[k], after=False):
    def answer(x, h, c, W, U, b, m_x, m_h):
        blocks = []
        for k, (w, u, bias) in enumerate(zip(W.chunk(4), U.chunk(4), b.chunk(4), strict=True)):
            mx = pick(m_x, k) if per_gate_x(m_x, m_h) else m_x
            mh = pick(m_h, k) if per_gate_h(m_x, m_h) else m_h
            from_h = (h @ u.T) * mh if after else (h * mh) @ u.T
            blocks.append((x * mx) @ w.T + from_h + bias)
        i, f, g, o = blocks
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    return answer


def _x3(m_x, m_h):
    return m_x.dim() == 3


def _h3(m_x, m_h):
    return m_h.dim() == 3


for slug, answer in (
    ("mask-after-product", _gal_by(_x3, _h3, after=True)),
    ("masks-told-by-size", _gal_by(lambda m_x, m_h: len(m_x) == 4, lambda m_x, m_h: len(m_h) == 4)),
    ("masks-not-independent", _gal_by(_x3, _x3)),
    ("masks-not-independent", _gal_by(_h3, _h3)),
    ("one-mask-for-all-gates", _gal_by(_x3, _h3, lambda m, k: m[0])),
    ("one-mask-for-all-gates", _gal_by(_x3, _h3, lambda m, k: m.mean(0))),
    ("mask-gate-order", _gal_by(_x3, _h3, lambda m, k: m[3 - k])),
    ("mask-gate-order", _gal_by(_x3, _h3, lambda m, k: m[(0, 2, 1, 3)[k]])),
    (None, _gal_by(lambda m_x, m_h: False, lambda m_x, m_h: False)),
    (None, _gal_by(lambda m_x, m_h: True, lambda m_x, m_h: True)),
):
    bank.wrong("5.2", slug)(answer)


@bank.wrong("5.2", "state-mask-forgotten")
def gal_input_only(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, m_x, torch.ones_like(m_h))


@bank.wrong("5.2", "input-mask-forgotten")
def gal_state_only(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W, U, b, torch.ones_like(m_x), m_h)


@bank.wrong("5.2", "masks-forgotten")
def gal_neither(x, h, c, W, U, b, m_x, m_h):
    return no_mask(x, h, c, W, U, b, None)


@bank.wrong("5.2", "masked-state-carried")
def gal_masked_out(x, h, c, W, U, b, m_x, m_h):
    new_h, new_c = _gal(x, h, c, W, U, b, m_x, m_h)
    return new_h * (m_h if m_h.dim() == 2 else m_h[3]), new_c


@bank.wrong("5.2", "mask-on-cell")
def gal_on_the_cell(x, h, c, W, U, b, m_x, m_h):
    new_h, new_c = _gal(x, h, c, W, U, b, m_x, torch.ones_like(m_h))
    return new_h, new_c * (m_h if m_h.dim() == 2 else m_h[1])


@bank.wrong("5.2", "changes-input")
def gal_in_place(x, h, c, W, U, b, m_x, m_h):
    x_, h_ = x.clone(), h
    if m_h.dim() == 2:
        h_ *= m_h
        return _gal(x_, h_, c, W, U, b, m_x, torch.ones_like(m_h))
    return _gal(x_, h_, c, W, U, b, m_x, m_h)


@bank.wrong("5.2")
def gal_views(x, h, c, W, U, b, m_x, m_h):
    return _gal(x, h, c, W.view(4, -1, W.shape[1]).reshape(W.shape), U.view(-1).view(U.shape), b, m_x, m_h)


# ---------------------------------------------------------------- 5.3


def _semeniuta(x, h, c, W, U, b, m_g, gates=_gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    c = f * c + i * (m_g * g)
    return o * squash(c), c


@bank.right("5.3")
def semeniuta(x, h, c, W, U, b, m_g):
    return _semeniuta(x, h, c, W, U, b, m_g)


@bank.right("5.3")
def gate_masked(x, h, c, W, U, b, m_g):
    i, f, g, o = _plain(x, h, W, U, b)
    new = torch.addcmul(f * c, i * m_g, g)
    return o * new.tanh(), new


@bank.right("5.3")
def by_subtraction(x, h, c, W, U, b, m_g):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * c + i * g - (1 - m_g) * i * g
    return o * new.tanh(), new


_basics("5.3", _semeniuta)


@bank.wrong("5.3", "mask-on-cell")
def semeniuta_cell(x, h, c, W, U, b, m_g):
    return _moon(x, h, c, W, U, b, m_g)


@bank.wrong("5.3", "mask-before-activation")
def before_tanh(x, h, c, W, U, b, m_g):
    i, f, g, o = (x @ W.T + h @ U.T + b).chunk(4, 1)
    new = f.sigmoid() * c + i.sigmoid() * (m_g * g).tanh()
    return o.sigmoid() * new.tanh(), new


for slug, moons in (
    ("mask-on-old-cell", old_cell),
    ("mask-not-kept", stored_unmasked),
    ("output-reads-undropped", read_unmasked),
    ("mask-on-hidden", on_h),
    ("mask-on-recurrence", on_old_h),
    ("mask-after-product", on_the_product),
    ("mask-forgotten", no_mask),
):
    bank.wrong("5.3", slug)(lambda x, h, c, W, U, b, m_g, moons=moons: moons(x, h, c, W, U, b, m_g))


@bank.wrong("5.3")
def squeezed(x, h, c, W, U, b, m_g):
    new_h, new_c = _semeniuta(x, h, c, W, U, b, m_g)
    return new_h.squeeze(0), new_c.squeeze(0)


@bank.wrong("5.3", "gradient-cut")
def candidate_detached(x, h, c, W, U, b, m_g):
    i, f, g, o = _plain(x, h, W, U, b)
    new = f * c + i * (m_g * g.detach())
    return o * new.tanh(), new


# ---------------------------------------------------------------- 5.4


def _draw(z, like):
    return (torch.rand_like(like) < z).to(like.dtype)


def _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None, gates=_gates, squash=torch.tanh):
    i, f, g, o = gates(x @ W.T + h @ U.T + b)
    new_c = f * c + i * g
    new_h = o * squash(new_c)
    if training:
        d_h = _draw(z_h, h) if d_h is None else d_h
        d_c = _draw(z_c, c) if d_c is None else d_c
    else:
        d_h, d_c = z_h, z_c
    return d_h * h + (1 - d_h) * new_h, d_c * c + (1 - d_c) * new_c


@bank.right("5.4")
def zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.right("5.4")
def by_where(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, new_c = torch.lstm_cell(x, (h, c), W, U, b, torch.zeros_like(b))
    if not training:
        return torch.lerp(new_h, h, z_h), torch.lerp(new_c, c, z_c)
    keep_h = torch.bernoulli(torch.full_like(h, z_h)).bool() if d_h is None else d_h.bool()
    keep_c = torch.bernoulli(torch.full_like(c, z_c)).bool() if d_c is None else d_c.bool()
    return torch.where(keep_h, h, new_h), torch.where(keep_c, c, new_c)


@bank.right("5.4")
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


_basics("5.4", _zoneout)


def _zone(mix, h_reads="new", evaluate=None):
    """Zoneout by another mixture of old and new."""

    def answer(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
        i, f, g, o = _plain(x, h, W, U, b)
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
    bank.wrong("5.4", slug)(answer)


@bank.wrong("5.4", "zoneout-at-evaluation")
def always_draws(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, True, d_h, d_c)


@bank.wrong("5.4", "zoneout-at-evaluation")
def masks_count_at_evaluation(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    given = d_h is not None
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training or given, d_h, d_c)


@bank.wrong("5.4", "masks-swapped")
def masks_swapped(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_c, d_h)


@bank.wrong("5.4", "masks-swapped")
def rates_swapped(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_c, z_h, training, d_h, d_c)


@bank.wrong("5.4", "one-mask-for-both")
def one_mask(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_c, d_c)


@bank.wrong("5.4", "one-mask-for-both")
def one_uniform_draw(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    u = torch.rand_like(h)
    d_h = (u < z_h).to(h.dtype) if d_h is None else d_h
    d_c = (u < z_c).to(h.dtype) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4", "one-state-only")
def cell_alone(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, _ = no_mask(x, h, c, W, U, b, None)
    return new_h, _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)[1]


@bank.wrong("5.4", "one-mask-for-batch")
def one_row(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(z_h, h[:1]) if d_h is None else d_h
    d_c = _draw(z_c, c[:1]) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4", "same-mask-each-call")
def seeded(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    torch.manual_seed(0)
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4", "zoneout-swapped")
def rate_of_renewing(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(1 - z_h, h) if d_h is None else d_h
    d_c = _draw(1 - z_c, c) if d_c is None else d_c
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4")
def rate_a_half(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    d_h = _draw(0.5, h) if d_h is None else d_h
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4")
def both_or_none(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    if d_h is None or d_c is None:
        d_h = d_c = None
    return _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)


@bank.wrong("5.4")
def masks_needed(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    new_h, new_c = no_mask(x, h, c, W, U, b, None)
    if not training:
        return z_h * h + (1 - z_h) * new_h, z_c * c + (1 - z_c) * new_c
    return d_h * h + (1 - d_h) * new_h, d_c * c + (1 - d_c) * new_c


@bank.wrong("5.4", "changes-input")
def mask_from_the_cell_in_place(x, h, c, W, U, b, z_h, z_c, training, d_h=None, d_c=None):
    value = _zoneout(x, h, c, W, U, b, z_h, z_c, training, d_h, d_c)
    if d_h is not None:
        d_h.zero_().add_(0.25)
    return value


# ---------------------------------------------------------------- 5.5


def _weight_drop(x, h, c, W, U, b, m_U, gates=_gates, squash=torch.tanh):
    i, f, g, o = gates(F.linear(x, W, b) + F.linear(h, U * m_U))
    c = f * c + i * g
    return o * squash(c), c


@bank.right("5.5")
def weight_drop(x, h, c, W, U, b, m_U):
    return _weight_drop(x, h, c, W, U, b, m_U)


@bank.right("5.5")
def library_weight_drop(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U * m_U, b, torch.zeros_like(b))


@bank.right("5.5")
def weight_drop_transposed(x, h, c, W, U, b, m_U):
    z = x.mm(W.t()) + h.mm(U.t().mul(m_U.t())) + b
    i, f, g, o = _gates(z)
    new = f * c + i * g
    return o * new.tanh(), new


@bank.right("5.5")
def gate_by_gate(x, h, c, W, U, b, m_U):
    H = h.shape[1]
    z = []
    for k in range(4):
        rows = slice(k * H, (k + 1) * H)
        masked = U[rows] * m_U[rows]
        z.append(x @ W[rows].T + (h.unsqueeze(1) * masked).sum(-1) + b[rows])
    new = z[1].sigmoid() * c + z[0].sigmoid() * z[2].tanh()
    return z[3].sigmoid() * new.tanh(), new


_basics("5.5", _weight_drop)


def _weights(change):
    def answer(x, h, c, W, U, b, m_U):
        return torch.lstm_cell(x, (h, c), W, U * change(m_U), b, torch.zeros_like(b))

    return answer


def _some(m, blocks):
    return torch.cat([p if k in blocks else torch.ones_like(p) for k, p in enumerate(m.chunk(4))])


for slug, change in (
    ("mask-forgotten", lambda m: 1),
    ("mask-on-some-gates", lambda m: _some(m, (2,))),
    ("mask-on-some-gates", lambda m: _some(m, (0, 1, 3))),
    ("one-mask-for-all-gates", lambda m: m[: m.shape[1]].repeat(4, 1)),
    ("weight-mask-transposed", lambda m: torch.cat([p.T for p in m.chunk(4)])),
    ("units-not-weights", lambda m: m[:1]),
    ("units-not-weights", lambda m: m.mean(0)),
    (None, lambda m: (m > 0).to(m.dtype)),
    (None, lambda m: m.flip(0)),
):
    bank.wrong("5.5", slug)(_weights(change))


@bank.wrong("5.5", "mask-on-input-weights")
def input_weights(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W * m_U, U, b, torch.zeros_like(b))


@bank.wrong("5.5", "mask-on-input-weights")
def both_weights(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W * m_U, U * m_U, b, torch.zeros_like(b))


@bank.wrong("5.5", "changes-input")
def weights_in_place(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U.mul_(m_U), b, torch.zeros_like(b))


@bank.wrong("5.5", "gradient-cut")
def weights_data(x, h, c, W, U, b, m_U):
    return torch.lstm_cell(x, (h, c), W, U.data * m_U, b, torch.zeros_like(b))
