"""Right and wrong answers to 8.1."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_08_graph_attention_dropout._shared import edge_logits, looped, softmax

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def scattered(h, edges, a_src, a_dst, slope):
    return softmax(edge_logits(h, edges, a_src, a_dst, slope), edges[1], len(h))


@bank.right
def target_by_target(h, edges, a_src, a_dst, slope):
    source, target = edges
    score = torch.cat([h[source], h[target]], dim=1) @ torch.cat([a_src, a_dst])
    score = torch.where(score > 0, score, slope * score)
    alpha = torch.zeros_like(score)
    for v in target.unique():
        into = target == v
        alpha[into] = score[into].softmax(0)
    return alpha


@bank.right
def edge_by_edge(h, edges, a_src, a_dst, slope):
    logits = []
    for u, v in edges.T.tolist():
        logits.append(F.leaky_relu(torch.dot(a_src, h[u]) + torch.dot(a_dst, h[v]), slope))
    alpha = []
    for k, v in enumerate(edges[1].tolist()):
        into = torch.stack([logits[j] for j in range(len(logits)) if int(edges[1, j]) == v])
        alpha.append((logits[k] - into.logsumexp(0)).exp())
    return torch.stack(alpha)


@bank.right
def edges_by_edges(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    same = edges[1].unsqueeze(1) == edges[1].unsqueeze(0)
    return torch.where(same, logits, torch.tensor(-math.inf, dtype=h.dtype)).softmax(1).diagonal()


@bank.right
def nodes_by_edges(h, edges, a_src, a_dst, slope):
    E = edges.shape[1]
    logits = torch.einsum("ef,f->e", h[edges[0]], a_src) + torch.einsum("ef,f->e", h[edges[1]], a_dst)
    logits = torch.maximum(logits, slope * logits)
    table = torch.full((len(h), E), -1e30, dtype=h.dtype)
    table = table.index_put((edges[1], torch.arange(E)), logits)
    return table.softmax(1)[edges[1], torch.arange(E)]


@bank.right
def with_a_tiny_epsilon(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    highest = torch.zeros(len(h), dtype=h.dtype).scatter_reduce(
        0, edges[1], logits, "amax", include_self=False
    )
    exps = (logits - highest[edges[1]]).exp()
    return exps / (torch.zeros_like(highest).index_add_(0, edges[1], exps)[edges[1]] + 1e-16)


@bank.right
def sorted_by_target(h, edges, a_src, a_dst, slope):
    order = edges[1].argsort(stable=True)
    sizes = torch.bincount(edges[1])
    logits = edge_logits(h, edges[:, order], a_src, a_dst, slope)
    alpha = torch.cat([part.softmax(0) for part in logits.split(sizes.tolist())])
    return alpha[order.argsort()]


@bank.wrong("edge-direction")
def other_way_round(h, edges, a_src, a_dst, slope):
    return scattered(h, edges[[1, 0]], a_src, a_dst, slope)


@bank.wrong("attention-vectors-swapped")
def vectors_swapped(h, edges, a_src, a_dst, slope):
    return target_by_target(h, edges, a_dst, a_src, slope)


@bank.wrong("attention-vectors-swapped")
def one_vector(h, edges, a_src, a_dst, slope):
    return target_by_target(h, edges, a_src, a_src, slope)


@bank.wrong("softmax-over-sources")
def over_sources(h, edges, a_src, a_dst, slope):
    return softmax(edge_logits(h, edges, a_src, a_dst, slope), edges[0], len(h))


@bank.wrong("softmax-over-sources")
def over_sources_that_overflows(h, edges, a_src, a_dst, slope):
    exps = edge_logits(h, edges, a_src, a_dst, slope).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[0], exps)[edges[0]]


@bank.wrong("softmax-over-all-edges")
def one_softmax(h, edges, a_src, a_dst, slope):
    return F.softmax(edge_logits(h, edges, a_src, a_dst, slope), dim=-1)


@bank.wrong("not-normalised")
def logits_alone(h, edges, a_src, a_dst, slope):
    return edge_logits(h, edges, a_src, a_dst, slope)


@bank.wrong("not-normalised")
def exps_alone(h, edges, a_src, a_dst, slope):
    return edge_logits(h, edges, a_src, a_dst, slope).exp()


@bank.wrong("not-normalised")
def ratio_without_exp(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    return logits / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], logits)[edges[1]]


@bank.wrong("leaky-relu-forgotten")
def no_leaky_relu(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 1.0)


@bank.wrong("slope-ignored")
def torchs_default_slope(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.01)


@bank.wrong("slope-ignored")
def the_papers_slope(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.2)


@bank.wrong("slope-ignored")
def plain_relu(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.0)


@bank.wrong("target-cancels")
def two_leaky_relus(h, edges, a_src, a_dst, slope):
    logits = F.leaky_relu(h @ a_src, slope)[edges[0]] + F.leaky_relu(h @ a_dst, slope)[edges[1]]
    return softmax(logits, edges[1], len(h))


@bank.wrong("target-cancels")
def source_only(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, torch.zeros_like(a_dst), slope)


@bank.wrong("source-ignored")
def target_only(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, torch.zeros_like(a_src), a_dst, slope)


@bank.wrong("self-loops-added")
def loops_in_the_sum(h, edges, a_src, a_dst, slope):
    return scattered(h, looped(edges, len(h), False), a_src, a_dst, slope)[: edges.shape[1]]


@bank.wrong("self-loops-added")
def loops_returned(h, edges, a_src, a_dst, slope):
    return scattered(h, looped(edges, len(h), False), a_src, a_dst, slope)


@bank.wrong("self-loops-added")
def loops_as_pyg_adds_them(h, edges, a_src, a_dst, slope):
    return scattered(h, looped(edges, len(h), True), a_src, a_dst, slope)


@bank.wrong("self-loops-removed")
def loops_left_out(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    exps = torch.where(edges[0] == edges[1], torch.zeros_like(logits), (logits - logits.max()).exp())
    sums = torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]
    return exps / torch.where(sums == 0, 1.0, sums)


@bank.wrong("duplicate-edges-merged")
def nodes_by_nodes(h, edges, a_src, a_dst, slope):
    source, target = edges
    table = torch.full((len(h), len(h)), -math.inf, dtype=h.dtype)
    table[target, source] = edge_logits(h, edges, a_src, a_dst, slope)
    return table.softmax(1)[target, source]


@bank.wrong("duplicate-edges-merged")
def adjacency_mask(h, edges, a_src, a_dst, slope):
    source, target = edges
    table = F.leaky_relu((h @ a_src)[None, :] + (h @ a_dst)[:, None], slope)
    adjacent = torch.zeros(len(h), len(h))
    adjacent[target, source] = 1
    return table.masked_fill(adjacent == 0, -9e15).softmax(1)[target, source]


@bank.wrong("softmax-unstable")
def no_maximum(h, edges, a_src, a_dst, slope):
    exps = edge_logits(h, edges, a_src, a_dst, slope).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong("softmax-unstable")
def one_maximum_for_all(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    exps = (logits - logits.max()).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong("edge-case")
def clamped_logits(h, edges, a_src, a_dst, slope):
    exps = edge_logits(h, edges, a_src, a_dst, slope).clamp(-50, 50).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong()
def epsilon_too_large(h, edges, a_src, a_dst, slope):
    logits = edge_logits(h, edges, a_src, a_dst, slope)
    exps = (logits - logits.max()).exp()
    return exps / (torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]] + 1e-6)


@bank.wrong("edge-case")
def highest_target_is_last_node(h, edges, a_src, a_dst, slope):
    if int(edges.max()) != len(h) - 1:
        raise IndexError("nodes without edges")
    return scattered(h, edges, a_src, a_dst, slope)


@bank.wrong("denominator-overwritten")
def sums_overwritten_8_1(h, edges, a_src, a_dst, slope):
    exps = edge_logits(h, edges, a_src, a_dst, slope).exp()
    sums = torch.zeros(len(h), dtype=h.dtype)
    sums[edges[1]] += exps
    return exps / sums[edges[1]]


@bank.wrong("places-exchanged")
def in_the_order_of_the_targets(h, edges, a_src, a_dst, slope):
    return scattered(h, edges[:, edges[1].argsort()], a_src, a_dst, slope)


@bank.wrong("axis-lost-or-added")
def squeezed(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, slope).squeeze()


@bank.wrong("axis-lost-or-added")
def as_a_column(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, slope)[:, None]


@bank.wrong("gradient-cut")
def logits_detached(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst.detach(), slope)


@bank.wrong("changes-input")
def edges_in_place(h, edges, a_src, a_dst, slope):
    value = scattered(h, edges, a_src, a_dst, slope)
    edges += 1
    return value


@bank.wrong("denominator-overwritten")
def denominators_added_in_place_by_index(h, edges, a_src, a_dst, slope):
    source, target = edges
    score = F.leaky_relu((h @ a_src)[source] + (h @ a_dst)[target], slope)
    top = torch.full((h.shape[0],), float("-inf"), dtype=score.dtype, device=score.device)
    top = top.scatter_reduce(0, target, score.detach(), reduce="amax")
    e = torch.exp(score - top[target])
    s = torch.zeros(h.shape[0], dtype=e.dtype, device=e.device)
    s[target] += e
    return e / s[target]


@bank.wrong("denominator-overwritten")
def denominators_set_edge_by_edge(h, edges, a_src, a_dst, slope):
    nodes = h.size(0)
    from_nodes, to_nodes = edges[0], edges[1]
    raw = h.matmul(a_src).index_select(0, from_nodes) + h.matmul(a_dst).index_select(0, to_nodes)
    score = torch.where(raw > 0, raw, slope * raw)

    shift = torch.zeros_like(score)
    for node in range(nodes):
        entering = to_nodes == node
        if entering.any():
            shift[entering] = score[entering].max().detach()
    weight = (score - shift).exp()

    total = weight.new_zeros(nodes)
    for k, node in enumerate(to_nodes.tolist()):
        total[node] = weight[k]
    return weight / total.index_select(0, to_nodes)
