"""Right and wrong answers to 8.3."""

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def added(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).index_add(0, edges[1], alpha * m_alpha)


@bank.right
def one_sum_a_node(alpha, edges, m_alpha, nodes):
    return torch.stack([(alpha * m_alpha)[edges[1] == v].sum() for v in range(nodes)])


@bank.right
def scatter_in_place(alpha, edges, m_alpha, nodes):
    sums = alpha.new_zeros(nodes)
    return sums.scatter_add_(0, edges[1], alpha.mul(m_alpha))


@bank.right
def by_one_hot(alpha, edges, m_alpha, nodes):
    return torch.einsum("en,e,e->n", F.one_hot(edges[1], nodes).to(alpha.dtype), alpha, m_alpha)


@bank.right
def accumulated(alpha, edges, m_alpha, nodes):
    sums = [alpha.new_zeros(()) for _ in range(nodes)]
    for a, m, v in zip(alpha, m_alpha, edges[1].tolist(), strict=True):
        sums[v] = sums[v] + a * m
    return torch.stack(sums)


@bank.right
def index_put(alpha, edges, m_alpha, nodes):
    return alpha.new_zeros(nodes).index_put((edges[1],), alpha * m_alpha, accumulate=True)


@bank.wrong("edge-direction")
def at_the_source(alpha, edges, m_alpha, nodes):
    return added(alpha, edges.flip(0), m_alpha, nodes)


@bank.wrong("attention-mask-forgotten")
def undropped(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, torch.ones_like(alpha), nodes)


@bank.wrong("attention-renormalised")
def ones_again(alpha, edges, m_alpha, nodes):
    sums = added(alpha, edges, m_alpha, nodes)
    return torch.where(sums > 0, sums / sums, torch.zeros_like(sums))


@bank.wrong("no-rescale")
def kept_coefficients(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, (m_alpha != 0).to(alpha.dtype), nodes)


@bank.wrong("sums-overwritten")
def plus_equals(alpha, edges, m_alpha, nodes):
    sums = alpha.new_zeros(nodes)
    sums[edges[1]] += alpha * m_alpha
    return sums


@bank.wrong("nodes-from-edges")
def bincounted(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, m_alpha, int(edges[1].max()) + 1)


@bank.wrong("nodes-from-edges")
def highest_node(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, m_alpha, int(edges.max()) + 1)


@bank.wrong("mean-for-sum")
def averaged(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).scatter_reduce(
        0, edges[1], alpha * m_alpha, "mean", include_self=False
    )


@bank.wrong("edges-counted")
def mask_summed(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).index_add(0, edges[1], m_alpha)


@bank.wrong("dtype-changed")
def float32_zeros(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes).index_add(0, edges[1], alpha * m_alpha)


@bank.wrong("dtype-changed")
def weights_of_bincount(alpha, edges, m_alpha, nodes):
    return torch.bincount(edges[1], weights=(alpha * m_alpha).double(), minlength=nodes)


@bank.wrong("nodes-from-edges")
def of_nodes_that_hear(alpha, edges, m_alpha, nodes):
    return one_sum_a_node(alpha, edges, m_alpha, nodes)[edges[1].unique()]


@bank.wrong()
def total(alpha, edges, m_alpha, nodes):
    return (alpha * m_alpha).sum()


@bank.wrong("changes-input")
def alpha_in_place(alpha, edges, m_alpha, nodes):
    alpha *= m_alpha
    return added(alpha, edges, torch.ones_like(alpha), nodes)


@bank.wrong("gradient-cut")
def through_numbers(alpha, edges, m_alpha, nodes):
    sums = [0.0] * nodes
    for a, m, v in zip(alpha.tolist(), m_alpha.tolist(), edges[1].tolist(), strict=True):
        sums[v] += a * m
    return torch.tensor(sums, dtype=alpha.dtype)


@bank.wrong("isolated-node-kept")
def lonely_one(alpha, edges, m_alpha, nodes):
    sums = torch.zeros(nodes, dtype=alpha.dtype)
    s = sums.index_add(0, edges[1], alpha * m_alpha)
    s[torch.bincount(edges[1], minlength=nodes) == 0] = 1
    return s


@bank.wrong("both-ends")
def both_ends(alpha, edges, m_alpha, nodes):
    kept = alpha * m_alpha
    out = alpha.new_zeros(nodes)
    return out.scatter_add(0, edges[1], kept).scatter_add(0, edges[0], kept)


@bank.wrong("maximum-for-sum")
def maximum(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).scatter_reduce(0, edges[1], alpha * m_alpha, "amax")


@bank.wrong("self-loops-added")
def loops_added(alpha, edges, m_alpha, nodes):
    kept = alpha * m_alpha
    out = alpha.new_ones(nodes)
    return out.scatter_add(0, edges[1], kept)
