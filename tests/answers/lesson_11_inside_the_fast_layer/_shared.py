"""What answers to several parts of lesson 11 share."""

import torch


def gates(z):
    i, f, g, o = z.chunk(4, dim=-1)
    return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()


def backward(
    dh, dc, x, h, c, W, U, b, m_h,
    slopes=(lambda a, z: a * (1 - a), lambda a, z: 1 - a * a, lambda a, z: 1 - a * a),
    total=lambda dc, through_h: dc + through_h,
    met=lambda i, f, g, c, new: (g, c, i),
    order=(0, 1, 2, 3),
    forward_order=(0, 1, 2, 3),
    old_cell=lambda d_cell, dc, f: d_cell * f,
    mask_h=1,
    mask_u=1,
    squash=torch.tanh,
    bias=lambda dz: dz.sum(0),
):  # fmt: skip
    z = (x @ W.T + (h * m_h) @ U.T + b).chunk(4, dim=-1)
    z = [z[k] for k in forward_order]
    i, f, g, o = z[0].sigmoid(), z[1].sigmoid(), z[2].tanh(), z[3].sigmoid()
    new = f * c + i * g
    t = squash(new)
    d_cell = total(dc, dh * o * slopes[2](t, new))
    to_i, to_f, to_g = met(i, f, g, c, new)
    dz = [
        d_cell * to_i * slopes[0](i, z[0]),
        d_cell * to_f * slopes[0](f, z[1]),
        d_cell * to_g * slopes[1](g, z[2]),
        dh * t * slopes[0](o, z[3]),
    ]
    dz = torch.cat([dz[k] for k in order], dim=1)
    d_state = dz @ U
    return (
        dz @ W,
        d_state * m_h**mask_h,
        old_cell(d_cell, dc, f),
        dz.T @ x,
        dz.T @ (h * m_h**mask_u),
        bias(dz),
    )


RIGHT = (lambda a, z: a * (1 - a), lambda a, z: 1 - a * a, lambda a, z: 1 - a * a)


def slopes(**others):
    places = {"sigmoid": 0, "tanh": 1, "cell": 2}
    slopes = list(RIGHT)
    for name, slope in others.items():
        slopes[places[name]] = slope
    return tuple(slopes)


def pre_tanh(a, z):
    return 1 - z * z
