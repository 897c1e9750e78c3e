"""The fast step through time: LSTM and GRU, with the backward pass written by hand.

The equations of `cells`, with the same masks and the same values; only the order of the work is another:

    forward    W reads a block of steps in one product; the loop writes into memory set aside before it
    backward   the slope of a gate depends on no gradient, so a block of steps has its slopes computed at
               once; only da → dh stays in the loop; the weights' gradients are one product a block

Inside, time comes first, (T, B, ·), so that a step is one piece of memory. Lesson 11 explains every line.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from .drops import Masks
from .errors import RecdropError

#: The gates of a block of steps are about so many numbers, what a core's cache holds in float32.
NUMBERS = 600_000
#: And a block has at least so many rows (steps · batch), without which a product is slow.
ROWS = 256


def blocks(steps: int, batch: int, units: int) -> list[slice]:
    """Cut T steps into blocks."""
    size = max(1, max(ROWS, NUMBERS // (4 * units)) // max(1, batch))
    return [slice(start, min(start + size, steps)) for start in range(0, steps, size)]


def each_step(masks: Masks, site: str, steps: int) -> Sequence[Any]:
    """Return a site's mask of each step, or None: (B, H), or (G, B, H) with one per gate."""
    if site not in masks:
        return [None] * steps
    mask = masks[site].transpose(1, 2) if masks[site].dim() == 4 else masks[site]
    return mask.unbind(0) * (steps // len(mask))


def during(mask: Tensor, block: slice) -> Tensor:
    """Return the masks of a block of steps."""
    return mask[block] if len(mask) > 1 else mask


def rows(v: Tensor, block: slice) -> Tensor:
    """Lay the steps of a block one below the other: v ([G,] T, B, F) → ([G,] N, F)."""
    return v[..., block, :, :].flatten(-3, -2)


def backwards(block: slice, *arrays: Tensor) -> Iterator[Any]:
    """Walk through a block from its last step to its first, and through arrays (steps, …) of the block."""
    return zip(range(block.stop - 1, block.start - 1, -1), *(a.unbind(0)[::-1] for a in arrays), strict=True)


class Weight:
    """A weight M (G·H, F) as the loop multiplies by it: whole, or gate by gate where v differs by gate.

    Shapes: v (N, F), or (G, N, F); a (N, G, H) is folded to (N, G·H), or (G, N, H).
    Equation: a = v Mᵀ, so dv = da M and dM = daᵀ v.
    """

    def __init__(self, M: Tensor, gates: int, by_gate: bool) -> None:
        self.M = M.unflatten(0, (gates, -1)) if by_gate else M
        self.by_gate = by_gate
        self.multiply: Any = torch.bmm if by_gate else torch.mm
        self.add: Any = Tensor.baddbmm_ if by_gate else Tensor.addmm_

    def fold(self, a: Tensor) -> Tensor:
        return a.transpose(-3, -2) if self.by_gate else a.flatten(-2)

    def room(self, v: Tensor, *shape: int) -> Tensor:
        """Memory for gates (…, B, G, H) in the order in which a step's product writes it in one go."""
        *before, B, G, H = shape
        return v.new_empty(*before, G, B, H).transpose(-3, -2) if self.by_gate else v.new_empty(shape)

    def product(self, v: Tensor, M_t: Tensor, a: Tensor) -> None:
        """a = v Mᵀ for a block: a (steps, B, G, H), in either order of memory."""
        if not self.by_gate and a.is_contiguous():
            torch.mm(v, M_t, out=a.flatten(0, 1).flatten(1))
        elif self.by_gate:
            a.copy_(torch.bmm(v, M_t).unflatten(1, a.shape[:2]).movedim(0, 2))
        else:
            a.copy_(torch.mm(v, M_t).view_as(a))


class Gradients:
    """The gradients of W, U and x, gathered block by block."""

    def __init__(self, x: Tensor, into: Tensor, W: Weight, U: Weight, of_x: bool) -> None:
        self.x, self.into, self.W, self.U = x, into, W, U
        self.dW, self.dU = torch.zeros_like(W.M), torch.zeros_like(U.M)
        self.dx = torch.empty_like(x) if of_x else None

    def add(self, block: slice, da: Tensor, du: Tensor) -> None:
        """Take in da and du (steps, B, G, H), what W and U have added to the gates of a block."""
        da, du = self.W.fold(da.flatten(0, 1)), self.U.fold(du.flatten(0, 1))
        self.W.add(self.dW, da.mT, rows(self.x, block))
        self.U.add(self.dU, du.mT, rows(self.into, block))
        if self.dx is not None:
            self.W.multiply(da, self.W.M, out=rows(self.dx, block))


def gradient_of_h(onto: Tensor, da: Tensor, U: Tensor, m: Tensor | None, room: Tensor, out: Tensor) -> None:
    """dh = onto + m ∘ (da U), summed over the gates where each has a mask of its own."""
    if m is None:
        torch.addmm(onto, da, U, out=out)
    elif m.dim() == 2:
        torch.addcmul(onto, torch.mm(da, U, out=room), m, out=out)
    else:
        torch.sum(torch.bmm(da, U, out=room).mul_(m), dim=0, out=out)
        out.add_(onto)


def refuse_second_derivative() -> None:
    if torch.is_grad_enabled():
        raise RecdropError(
            "The fast layer was asked for a gradient that can be differentiated again (create_graph=True); "
            "its backward pass is written by hand and has no derivative. Set layer.fast = False for this."
        )


class LSTMOverTime(torch.autograd.Function):
    """h_t (B, T, H) and c_t (T, B, H) of all steps.

    Shapes: x = [m_x∘x, 1] (T, B, F+1), or (4, T, B, F+1) with one mask per gate; h, c (B, H); W, with the
    bias as its last column, (4H, F+1); U (4H, H).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, masks: Masks, zoneout: frozenset[str]
    ) -> tuple[Tensor, Tensor]:
        T, B, H = x.shape[-3], *h.shape
        sites = ("recurrent", "candidate", "cell", "hidden")
        m_h, m_g, m_c, m_out = (each_step(masks, site, T) for site in sites)
        by_x, by_h = Weight(W, 4, x.dim() == 4), Weight(U, 4, m_h[0] is not None and m_h[0].dim() == 3)
        W_t, U_t = by_x.M.mT.contiguous(), by_h.M.mT.contiguous()
        a, into = by_h.room(x, T, B, 4, H), x.new_empty((4, T, B, H) if by_h.by_gate else (T, B, H))
        cells, out, tanh_c = x.new_empty(T + 1, B, H), x.new_empty(B, T, H), x.new_empty(B, H)
        cells[0] = c
        with torch.inference_mode():
            for block in blocks(T, B, H):
                # a = W x + b
                by_x.product(rows(x, block), W_t, a[block])
                gates = by_h.fold(a[block]), a[block, :, :2], *a[block].unbind(2)  # (steps, B, ·) each
                written = into[..., block, :, :].unbind(-3), cells[1:][block], out[:, block].unbind(1)
                steps = zip(*gates, *written, strict=True)
                for t, (a_t, i_f, i, f, g, o, v, c_new, h_new) in enumerate(steps, block.start):
                    # a = W x + b + U (m_h∘h)
                    v.copy_(h) if m_h[t] is None else torch.mul(h, m_h[t], out=v)
                    by_h.add(a_t, v, U_t)
                    # i, f, o = σ(·), g = tanh(·)
                    i_f.sigmoid_()
                    g.tanh_()
                    o.sigmoid_()
                    # c' = m_c∘(f∘c + i∘(m_g∘g))
                    torch.mul(f, c, out=c_new)
                    c_new.addcmul_(i, g if m_g[t] is None else g * m_g[t])
                    if m_c[t] is not None and "cell" not in zoneout:
                        c_new.mul_(m_c[t])
                    # h' = o∘tanh(c')
                    torch.mul(o, torch.tanh(c_new, out=tanh_c), out=h_new)
                    # zoneout: c' = d∘c + (1-d)∘c', and h' likewise
                    if m_c[t] is not None and "cell" in zoneout:
                        torch.lerp(c_new, c, m_c[t], out=c_new)
                    if m_out[t] is not None:
                        torch.lerp(h_new, h, m_out[t], out=h_new) if "hidden" in zoneout else h_new.mul_(
                            m_out[t]
                        )
                    h, c = h_new, c_new
        ctx.save_for_backward(x, a, into, cells, W, U, *masks.values())
        ctx.sites, ctx.zoneout = tuple(masks), zoneout & masks.keys()
        ctx.set_materialize_grads(False)
        return out, cells[1:]

    @staticmethod
    def backward(ctx: Any, grad_h: Tensor | None, grad_c: Tensor | None) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        x, gates, into, cells, W, U, *saved = ctx.saved_tensors
        masks = dict(zip(ctx.sites, saved, strict=True))
        zoned_c, zoned_h = "cell" in ctx.zoneout, "hidden" in ctx.zoneout
        T, B, _, H = gates.shape
        m_h, m_c, m_out = (each_step(masks, site, T) for site in ("recurrent", "cell", "hidden"))
        by_h = Weight(U, 4, into.dim() == 4)
        learned = Gradients(x, into, Weight(W, 4, x.dim() == 4), by_h, ctx.needs_input_grad[0])
        grad_h = gates.new_zeros(B, T, H) if grad_h is None else grad_h
        dh, dc, dc_kept = (gates.new_zeros(B, H) for _ in range(3))
        da_next, m_next, d_next = by_h.fold(gates.new_zeros(B, 4, H)), m_h[-1], m_out[-1]
        room = gates.new_empty((4, B, H) if by_h.by_gate else (B, H))
        with torch.inference_mode():
            dc_each = dc.unsqueeze(1)  # (B, 1, H), for i, f and g
            for block in reversed(blocks(T, B, H)):
                i, f, g, o = gates[block].unbind(2)  # (steps, B, H) each, as all slopes
                da = gates.new_empty(gates[block].shape)  # first the slopes, then the gradients
                da_i, da_f, da_g, da_o = da.unbind(2)
                # σ' = σ - σ², tanh' = 1 - tanh²
                i_g, f_c = i * g, f * cells[block]
                torch.addcmul(i_g, i_g, i, value=-1, out=da_i)  # g i (1-i)
                torch.addcmul(f_c, f_c, f, value=-1, out=da_f)  # c f (1-f)
                torch.addcmul(i, i_g, g, value=-1, out=da_g)  # i (1-g²)
                if "candidate" in masks:
                    for v in (da_i, da_g, i_g):
                        v.mul_(during(masks["candidate"], block))
                tanh_c = (f_c + i_g if zoned_c else cells[1:][block]).tanh()
                o_c = o * tanh_c
                torch.addcmul(o_c, o_c, o, value=-1, out=da_o)  # tanh(c') o (1-o)
                dh_dc = torch.addcmul(o, o_c, tanh_c, value=-1)  # o (1-tanh²(c'))
                if "cell" in masks and not zoned_c:
                    f = f * during(masks["cell"], block)
                    da[:, :, :3].mul_(during(masks["cell"], block).unsqueeze(2))
                if "hidden" in masks:
                    m = during(masks["hidden"], block)
                    for v in (da_o, dh_dc):
                        v.mul_(1 - m if zoned_h else m)
                steps = by_h.fold(da), da[:, :, :3], da_o, dh_dc, f, grad_h[:, block].transpose(0, 1)
                for t, da_t, da_ifg, da_o_t, dh_dc_t, f_t, onto in backwards(block, *steps):
                    # dh = grad + m_h ∘ (da_{t+1} U); zoneout: + d ∘ dh_{t+1}
                    onto = torch.addcmul(onto, dh, d_next) if zoned_h else onto
                    gradient_of_h(onto, da_next, by_h.M, m_next, room, dh)
                    if grad_c is not None:
                        dc.add_(grad_c[t])
                    if zoned_c:
                        torch.mul(dc, m_c[t], out=dc_kept)
                        dc.sub_(dc_kept)
                    # dc = f ∘ dc_{t+1} + dh ∘ dh/dc
                    dc.addcmul_(dh, dh_dc_t)
                    # da = slope ∘ dc; for o: slope ∘ dh
                    da_ifg.mul_(dc_each)
                    da_o_t.mul_(dh)
                    dc.mul_(f_t)
                    if zoned_c:
                        dc.add_(dc_kept)
                    da_next, m_next, d_next = da_t, m_h[t], m_out[t]
                learned.add(block, da, da)
            onto = dh * d_next if zoned_h else torch.zeros_like(dh)
            gradient_of_h(onto, da_next, by_h.M, m_next, room, dh)
        return learned.dx, dh, dc, learned.dW.view_as(W), learned.dU.view_as(U), None, None


class GRUOverTime(torch.autograd.Function):
    """h_t (B, T, H) of all steps.

    Shapes: as for the LSTM, with 3 gates; W and U both have their bias as the last column.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, W: Tensor, U: Tensor, masks: Masks, zoneout: frozenset[str]
    ) -> Tensor:
        T, B, H = x.shape[-3], *h.shape
        m_h, m_n, m_out = (each_step(masks, site, T) for site in ("recurrent", "candidate", "hidden"))
        by_x, by_h = Weight(W, 3, x.dim() == 4), Weight(U, 3, m_h[0] is not None and m_h[0].dim() == 3)
        W_t, U_t = by_x.M.mT.contiguous(), by_h.M.mT.contiguous()
        into = x.new_ones((3, T, B, H + 1) if by_h.by_gate else (T, B, H + 1))  # [m_h∘h, 1]
        a, u, u_n = x.new_empty(T, B, 3, H), by_h.room(x, B, 3, H), x.new_empty(T, B, H)
        left, out = x.new_empty(T, B, H), x.new_empty(B, T, H)
        with torch.inference_mode():
            u_folded, u_rz, u_new = by_h.fold(u), u[:, :2], u[:, 2]
            for block in blocks(T, B, H):
                # a = W x + b_w
                by_x.product(rows(x, block), W_t, a[block])
                v = into[..., block, :, :]
                gates = a[block, :, :2], *a[block].unbind(2)  # (steps, B, ·) each
                written = (
                    v.unbind(-3),
                    v[..., :H].unbind(-3),
                    u_n[block],
                    left[block],
                    out[:, block].unbind(1),
                )
                steps = zip(*gates, *written, strict=True)
                for t, (r_z, r, z, n, v1, v, u_t, left_t, h_new) in enumerate(steps, block.start):
                    # u = U (m_h∘h) + b_u
                    v.copy_(h) if m_h[t] is None else torch.mul(h, m_h[t], out=v)
                    by_h.multiply(v1, U_t, out=u_folded)
                    # r, z = σ(a + u)
                    r_z.add_(u_rz).sigmoid_()
                    # n = tanh(a + r∘u)
                    n.addcmul_(r, u_t.copy_(u_new)).tanh_()
                    # h' = m_n∘n + z∘(h - m_n∘n)
                    masked_n = n if m_n[t] is None else n * m_n[t]
                    torch.addcmul(masked_n, z, torch.sub(h, masked_n, out=left_t), out=h_new)
                    if m_out[t] is not None:
                        torch.lerp(h_new, h, m_out[t], out=h_new) if "hidden" in zoneout else h_new.mul_(
                            m_out[t]
                        )
                    h = h_new
        ctx.save_for_backward(x, a, into, u_n, left, W, U, *masks.values())
        ctx.sites, ctx.zoneout = tuple(masks), zoneout & masks.keys()
        return out

    @staticmethod
    def backward(ctx: Any, grad_h: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        x, gates, into, u_n, left, W, U, *saved = ctx.saved_tensors
        masks = dict(zip(ctx.sites, saved, strict=True))
        T, B, _, H = gates.shape
        m_h = each_step(masks, "recurrent", T)
        by_h = Weight(U, 3, into.dim() == 4)
        learned = Gradients(x, into, Weight(W, 3, x.dim() == 4), by_h, ctx.needs_input_grad[0])
        dh, dh_kept = gates.new_zeros(B, H), gates.new_zeros(B, H)
        du_next, m_next = by_h.fold(gates.new_zeros(B, 3, H)), m_h[-1]
        room = gates.new_empty((3, B, H) if by_h.by_gate else (B, H))
        with torch.inference_mode():
            dh_each = dh.unsqueeze(1)  # (B, 1, H), for r, z and n
            for block in reversed(blocks(T, B, H)):
                r, z, n = gates[block].unbind(2)  # (steps, B, H) each, as all slopes
                da, du = torch.empty_like(gates[block]), torch.empty_like(gates[block])
                (du_r, du_z, du_n), da_n = du.unbind(2), da[:, :, 2]
                torch.mul(left[block], z - z * z, out=du_z)  # (h-n) z (1-z)
                torch.mul(1 - z, 1 - n * n, out=da_n)  # (1-z) (1-n²)
                if "candidate" in masks:
                    da_n.mul_(during(masks["candidate"], block))
                if "hidden" in masks:
                    m = during(masks["hidden"], block)
                    share, old = (1 - m, m) if "hidden" in ctx.zoneout else (m, torch.zeros_like(m))
                    z = z * share + old
                    for v in (du_z, da_n):
                        v.mul_(share)
                torch.mul(da_n, r, out=du_n)
                torch.mul(du_n * u_n[block], 1 - r, out=du_r)
                steps = by_h.fold(du), du, da_n, z, grad_h[:, block].transpose(0, 1)
                for t, du_t, du_rzn, da_n_t, z_t, grad in backwards(block, *steps):
                    # dh = grad + z ∘ dh_{t+1} + m_h ∘ (du_{t+1} U)
                    gradient_of_h(dh_kept.add_(grad), du_next, by_h.M[..., :H], m_next, room, dh)
                    du_rzn.mul_(dh_each)
                    da_n_t.mul_(dh)
                    torch.mul(dh, z_t, out=dh_kept)
                    du_next, m_next = du_t, m_h[t]
                da[:, :, :2] = du[:, :, :2]
                learned.add(block, da, du)
            gradient_of_h(dh_kept, du_next, by_h.M[..., :H], m_next, room, dh)
        return learned.dx, dh, learned.dW.view_as(W), learned.dU.view_as(U), None, None
