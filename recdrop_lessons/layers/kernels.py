"""The fast step through time: LSTM and GRU, with the backward pass written by hand.

The equations of `cells`, with the same masks and the same values; only the order of the work is another:

    forward    W reads a block of steps in one product; the loop writes into memory set aside before it
    backward   the slope of a gate depends on no gradient, so a block of steps has its slopes computed at
               once; only da → dh stays in the loop; the weights' gradients are one product a block

Inside, time comes first, (T, B, ·), so that a step is one piece of memory. Lesson 11 explains every line; its
names for what belongs to a block are those of `blockwise`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.algebra.drops import Masks
from recdrop_lessons.layers.blockwise import Gradients, Products, backwards, blocks, during, each_step
from recdrop_lessons.support.errors import RecdropError


def gradient_of_h(
    grad_out: Tensor, da: Tensor, U: Tensor, m: Tensor | None, scratch: Tensor, out: Tensor
) -> None:
    """dh = grad_out + m ∘ (da U), summed over the gates where each has a mask of its own."""
    if da.dim() == 3:
        torch.bmm(da, U, out=scratch)
        torch.sum(scratch if m is None else scratch.mul_(m), dim=0, out=out)
        out.add_(grad_out)
    elif m is None:
        torch.addmm(grad_out, da, U, out=out)
    else:
        torch.addcmul(grad_out, torch.mm(da, U, out=scratch), m, out=out)


def time_first(x: Tensor, batch: int, steps: int, units: int) -> Tensor:
    """Return new memory (B, T, H) in which each step is one piece."""
    return x.new_empty_strided((batch, steps, units), (units, batch * units, 1))


def leave(h_new: Tensor, h: Tensor, m: Tensor, zoneout: bool) -> None:
    """h' = m∘h', or with zoneout d∘h + (1-d)∘h'."""
    torch.lerp(h_new, h, m, out=h_new) if zoneout else h_new.mul_(m)


def refuse_second_derivative() -> None:
    if torch.is_grad_enabled():
        raise RecdropError(
            "The fast layer was asked for a gradient that can be differentiated again (create_graph=True); "
            "its backward pass is written by hand and has no derivative. Set layer.fast = False for this."
        )


class LSTMOverTime(torch.autograd.Function):
    """h_t (B, T, H) and c_t (T, B, H) of all steps.

    Shapes: x = [m_x∘x, 1] (T, B, F+1), or (4, T, B, F+1) if x or h has one mask per gate; h, c (B, H); W,
    with the bias as its last column, (4H, F+1); U (4H, H). The rows of a: i, f, g, o.
    """

    #: The sites that the loop computes, in the order in which `forward` takes their masks.
    sites = ("recurrent", "candidate", "cell", "hidden")

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, c: Tensor, W: Tensor, U: Tensor, masks: Masks, zoneout: frozenset[str]
    ) -> tuple[Tensor, Tensor]:
        by, T, B, H = Products(x, W, U), x.shape[-3], *h.shape
        m_h, m_g, m_c, m_s = (each_step(masks, site, T) for site in LSTMOverTime.sites)
        U_t, a, into = by.U.mT.contiguous(), by.empty_gates(T, B, 4, H), by.inputs(H)
        cells, out, tanh_c = x.new_empty(T + 1, B, H), time_first(x, B, T, H), x.new_empty(B, H)
        cells[0] = c
        with torch.inference_mode():
            for block in blocks(T, B, H):
                # a = W x + b
                by.input_projection(block, a[block])
                gates = by.fold(a[block]), a[block, :, :2], *a[block].unbind(2)  # (steps, B, ·) each
                written = into[..., block, :, :].unbind(-3), cells[1:][block], out[:, block].unbind(1)
                steps = zip(*gates, *written, strict=True)
                for t, (a_t, i_f, i, f, g, o, v, c_new, h_new) in enumerate(steps, block.start):
                    # a = W x + b + U (m_h∘h)
                    v.copy_(h) if m_h[t] is None else torch.mul(h, m_h[t], out=v)
                    by.add(a_t, v, U_t)
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
                    # zoneout: c' = d∘c + (1-d)∘c', once h' has read the new cell
                    if m_c[t] is not None and "cell" in zoneout:
                        torch.lerp(c_new, c, m_c[t], out=c_new)
                    if m_s[t] is not None:
                        leave(h_new, h, m_s[t], "hidden" in zoneout)
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
        by, (T, B, _, H) = Products(x, W, U), gates.shape
        learned = Gradients(by, into, ctx.needs_input_grad[0])
        m_h, m_c, m_s = (each_step(masks, site, T) for site in ("recurrent", "cell", "hidden"))
        grad_h = x.new_zeros(B, T, H) if grad_h is None else grad_h
        dh, dc, dc_kept = (x.new_zeros(B, H) for _ in range(3))
        da_next, m_next, d_next = by.fold(x.new_zeros(B, 4, H)), m_h[-1], m_s[-1]
        scratch = x.new_empty(da_next.shape if by.by_gate else dh.shape)
        with torch.inference_mode():
            dc_each = dc.unsqueeze(1)  # (B, 1, H), for i, f and g
            for block in reversed(blocks(T, B, H)):
                i, f, g, o = gates[block].unbind(2)  # (steps, B, H) each, as all slopes
                da = x.new_empty(gates[block].shape)  # first the slopes, then the gradients
                da_i, da_f, da_g, da_o = da.unbind(2)
                # σ' = σ - σ², tanh' = 1 - tanh²
                f_c = f * cells[block]
                torch.addcmul(f_c, f_c, f, value=-1, out=da_f)  # c f (1-f)
                i_g = torch.mul(i, g, out=None if zoned_c else f_c)
                torch.addcmul(i_g, i_g, i, value=-1, out=da_i)  # g i (1-i)
                torch.addcmul(i, i_g, g, value=-1, out=da_g)  # i (1-g²)
                if "candidate" in masks:
                    for v in (da_i, da_g, i_g):
                        v.mul_(during(masks, "candidate", block))
                tanh_c = (f_c + i_g if zoned_c else cells[1:][block]).tanh()
                o_c = torch.mul(o, tanh_c, out=i_g)
                torch.addcmul(o_c, o_c, o, value=-1, out=da_o)  # tanh(c') o (1-o)
                dh_dc = torch.addcmul(o, o_c, tanh_c, value=-1, out=tanh_c)  # o (1-tanh²(c'))
                if "cell" in masks and not zoned_c:
                    f = f * during(masks, "cell", block)
                    da[:, :, :3].mul_(during(masks, "cell", block).unsqueeze(2))
                if "hidden" in masks:
                    m = during(masks, "hidden", block)
                    for v in (da_o, dh_dc):
                        v.mul_(1 - m if zoned_h else m)
                steps = by.fold(da), da[:, :, :3], da_o, dh_dc, f, grad_h[:, block].transpose(0, 1)
                for t, da_t, da_ifg, da_o_t, dh_dc_t, f_t, grad_out in backwards(block, *steps):
                    # dh = grad + m_h ∘ (da_{t+1} U); zoneout: + d ∘ dh_{t+1}
                    grad_out = torch.addcmul(grad_out, dh, d_next) if zoned_h else grad_out
                    gradient_of_h(grad_out, da_next, by.U, m_next, scratch, dh)
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
                    da_next, m_next, d_next = da_t, m_h[t], m_s[t]
                learned.add(block, da)
            grad_out = dh * d_next if zoned_h else torch.zeros_like(dh)
            gradient_of_h(grad_out, da_next, by.U, m_next, scratch, dh)
        return learned.dx, dh, dc, learned.dW.view_as(W), learned.dU.view_as(U), None, None


class GRUOverTime(torch.autograd.Function):
    """h_t (B, T, H) of all steps.

    Shapes: as for the LSTM. The rows of a: n, r, z, and u, which r multiplies before n takes it in. So
    W (4H, F+1) holds [W b] of n, r and z, and for u its bias alone; U (3H, H) adds to r, z and u.
    """

    #: The sites that the loop computes, in the order in which `forward` takes their masks.
    sites = ("recurrent", "candidate", "hidden")

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, W: Tensor, U: Tensor, masks: Masks, zoneout: frozenset[str]
    ) -> Tensor:
        by, T, B, H = Products(x, W, U), x.shape[-3], *h.shape
        m_h, m_n, m_s = (each_step(masks, site, T) for site in GRUOverTime.sites)
        U_t, a, into = by.U.mT.contiguous(), by.empty_gates(T, B, 4, H), by.inputs(H)
        difference, out = x.new_empty(T, B, H), time_first(x, B, T, H)
        with torch.inference_mode():
            for block in blocks(T, B, H):
                # a = W x + b
                by.input_projection(block, a[block])
                gates = by.fold(a[block, :, 1:]), a[block, :, 1:3], *a[block].unbind(2)  # (steps, B, ·) each
                written = into[..., block, :, :].unbind(-3), difference[block], out[:, block].unbind(1)
                steps = zip(*gates, *written, strict=True)
                for t, (rzu, r_z, n, r, z, u, v, difference_t, h_new) in enumerate(steps, block.start):
                    # r, z, u = W x + b + U (m_h∘h)
                    v.copy_(h) if m_h[t] is None else torch.mul(h, m_h[t], out=v)
                    by.add(rzu, v, U_t)
                    # r, z = σ(·), n = tanh(· + r∘u)
                    r_z.sigmoid_()
                    n.addcmul_(r, u).tanh_()
                    # h' = m_n∘n + z∘(h - m_n∘n)
                    masked_n = n if m_n[t] is None else n * m_n[t]
                    torch.addcmul(masked_n, z, torch.sub(h, masked_n, out=difference_t), out=h_new)
                    if m_s[t] is not None:
                        leave(h_new, h, m_s[t], "hidden" in zoneout)
                    h = h_new
        ctx.save_for_backward(x, a, into, difference, W, U, *masks.values())
        ctx.sites, ctx.zoneout = tuple(masks), zoneout & masks.keys()
        return out

    @staticmethod
    def backward(ctx: Any, grad_h: Tensor) -> tuple[Tensor | None, ...]:
        refuse_second_derivative()
        x, gates, into, difference, W, U, *saved = ctx.saved_tensors
        masks = dict(zip(ctx.sites, saved, strict=True))
        by, (T, B, _, H) = Products(x, W, U), gates.shape
        learned = Gradients(by, into, ctx.needs_input_grad[0])
        m_h = each_step(masks, "recurrent", T)
        dh, dh_kept = x.new_zeros(B, H), x.new_zeros(B, H)
        da_next, m_next = by.fold(x.new_zeros(B, 3, H)), m_h[-1]
        scratch = x.new_empty(da_next.shape if by.by_gate else dh.shape)
        with torch.inference_mode():
            dh_each = dh.unsqueeze(1)  # (B, 1, H), for n, r, z and u
            for block in reversed(blocks(T, B, H)):
                n, r, z, u = gates[block].unbind(2)  # (steps, B, H) each, as all slopes
                da = x.new_empty(gates[block].shape)  # first the slopes, then the gradients
                da_n, da_r, da_z, da_u = da.unbind(2)
                torch.mul(1 - z, 1 - n * n, out=da_n)  # (1-z) (1-n²)
                torch.mul(difference[block], z - z * z, out=da_z)  # (h-n) z (1-z)
                if "candidate" in masks:
                    da_n.mul_(during(masks, "candidate", block))
                if "hidden" in masks:
                    m = during(masks, "hidden", block)
                    new, old = (1 - m, m) if "hidden" in ctx.zoneout else (m, torch.zeros_like(m))
                    z = z * new + old
                    for v in (da_z, da_n):
                        v.mul_(new)
                torch.mul(da_n, r, out=da_u)
                torch.mul(da_u * u, 1 - r, out=da_r)
                steps = by.fold(da[:, :, 1:]), da, z, grad_h[:, block].transpose(0, 1)
                for t, da_rzu, da_t, z_t, grad in backwards(block, *steps):
                    # dh = grad + z ∘ dh_{t+1} + m_h ∘ (da_{t+1} U)
                    gradient_of_h(dh_kept.add_(grad), da_next, by.U, m_next, scratch, dh)
                    da_t.mul_(dh_each)
                    torch.mul(dh, z_t, out=dh_kept)
                    da_next, m_next = da_rzu, m_h[t]
                learned.add(block, da)
            gradient_of_h(dh_kept, da_next, by.U, m_next, scratch, dh)
        return learned.dx, dh, learned.dW.view_as(W), learned.dU.view_as(U), None, None
