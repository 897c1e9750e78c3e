"""Right and wrong answers of lesson 08."""

import math

import torch
import torch.nn.functional as F
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def _logits(h, edges, a_src, a_dst, slope):
    return F.leaky_relu((h @ a_src)[edges[0]] + (h @ a_dst)[edges[1]], slope)


def _softmax(logits, group, nodes):
    """Over the edges of the same group, which is the target."""
    highest = torch.full((nodes,), -math.inf, dtype=logits.dtype).scatter_reduce(
        0, group, logits.detach(), "amax"
    )
    exps = (logits - highest[group]).exp()
    return exps / torch.zeros_like(highest).scatter_add(0, group, exps)[group]


# ---------------------------------------------------------------- 8.1 right


@bank.right("8.1")
def scattered(h, edges, a_src, a_dst, slope):
    return _softmax(_logits(h, edges, a_src, a_dst, slope), edges[1], len(h))


@bank.right("8.1")
def target_by_target(h, edges, a_src, a_dst, slope):
    source, target = edges
    score = torch.cat([h[source], h[target]], dim=1) @ torch.cat([a_src, a_dst])
    score = torch.where(score > 0, score, slope * score)
    alpha = torch.zeros_like(score)
    for v in target.unique():
        into = target == v
        alpha[into] = score[into].softmax(0)
    return alpha


@bank.right("8.1")
def edge_by_edge(h, edges, a_src, a_dst, slope):
    logits = []
    for u, v in edges.T.tolist():
        logits.append(F.leaky_relu(torch.dot(a_src, h[u]) + torch.dot(a_dst, h[v]), slope))
    alpha = []
    for k, v in enumerate(edges[1].tolist()):
        into = torch.stack([logits[j] for j in range(len(logits)) if int(edges[1, j]) == v])
        alpha.append((logits[k] - into.logsumexp(0)).exp())
    return torch.stack(alpha)


@bank.right("8.1")
def edges_by_edges(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    same = edges[1].unsqueeze(1) == edges[1].unsqueeze(0)
    return torch.where(same, logits, torch.tensor(-math.inf, dtype=h.dtype)).softmax(1).diagonal()


@bank.right("8.1")
def nodes_by_edges(h, edges, a_src, a_dst, slope):
    E = edges.shape[1]
    logits = torch.einsum("ef,f->e", h[edges[0]], a_src) + torch.einsum("ef,f->e", h[edges[1]], a_dst)
    logits = torch.maximum(logits, slope * logits)
    table = torch.full((len(h), E), -1e30, dtype=h.dtype)
    table = table.index_put((edges[1], torch.arange(E)), logits)
    return table.softmax(1)[edges[1], torch.arange(E)]


@bank.right("8.1")
def with_a_tiny_epsilon(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    highest = torch.zeros(len(h), dtype=h.dtype).scatter_reduce(
        0, edges[1], logits, "amax", include_self=False
    )
    exps = (logits - highest[edges[1]]).exp()
    return exps / (torch.zeros_like(highest).index_add_(0, edges[1], exps)[edges[1]] + 1e-16)


@bank.right("8.1")
def sorted_by_target(h, edges, a_src, a_dst, slope):
    order = edges[1].argsort(stable=True)
    sizes = torch.bincount(edges[1])
    logits = _logits(h, edges[:, order], a_src, a_dst, slope)
    alpha = torch.cat([part.softmax(0) for part in logits.split(sizes.tolist())])
    return alpha[order.argsort()]


# ---------------------------------------------------------------- 8.1 wrong


@bank.wrong("8.1", "edge-direction")
def other_way_round(h, edges, a_src, a_dst, slope):
    return scattered(h, edges[[1, 0]], a_src, a_dst, slope)


@bank.wrong("8.1", "attention-vectors-swapped")
def vectors_swapped(h, edges, a_src, a_dst, slope):
    return target_by_target(h, edges, a_dst, a_src, slope)


@bank.wrong("8.1", "attention-vectors-swapped")
def one_vector(h, edges, a_src, a_dst, slope):
    return target_by_target(h, edges, a_src, a_src, slope)


@bank.wrong("8.1", "softmax-over-sources")
def over_sources(h, edges, a_src, a_dst, slope):
    return _softmax(_logits(h, edges, a_src, a_dst, slope), edges[0], len(h))


@bank.wrong("8.1", "softmax-over-sources")
def over_sources_that_overflows(h, edges, a_src, a_dst, slope):
    exps = _logits(h, edges, a_src, a_dst, slope).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[0], exps)[edges[0]]


@bank.wrong("8.1", "softmax-over-all-edges")
def one_softmax(h, edges, a_src, a_dst, slope):
    return F.softmax(_logits(h, edges, a_src, a_dst, slope), dim=-1)


@bank.wrong("8.1", "not-normalised")
def logits_alone(h, edges, a_src, a_dst, slope):
    return _logits(h, edges, a_src, a_dst, slope)


@bank.wrong("8.1", "not-normalised")
def exps_alone(h, edges, a_src, a_dst, slope):
    return _logits(h, edges, a_src, a_dst, slope).exp()


@bank.wrong("8.1", "not-normalised")
def ratio_without_exp(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    return logits / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], logits)[edges[1]]


@bank.wrong("8.1", "leaky-relu-forgotten")
def no_leaky_relu(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 1.0)


@bank.wrong("8.1", "slope-ignored")
def torchs_default_slope(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.01)


@bank.wrong("8.1", "slope-ignored")
def the_papers_slope(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.2)


@bank.wrong("8.1", "slope-ignored")
def plain_relu(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, 0.0)


@bank.wrong("8.1", "target-cancels")
def two_leaky_relus(h, edges, a_src, a_dst, slope):
    logits = F.leaky_relu(h @ a_src, slope)[edges[0]] + F.leaky_relu(h @ a_dst, slope)[edges[1]]
    return _softmax(logits, edges[1], len(h))


@bank.wrong("8.1", "target-cancels")
def source_only(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, torch.zeros_like(a_dst), slope)


@bank.wrong("8.1", "source-ignored")
def target_only(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, torch.zeros_like(a_src), a_dst, slope)


def _looped(edges, nodes, instead):
    edges = edges[:, edges[0] != edges[1]] if instead else edges
    loops = torch.arange(nodes)
    return torch.cat([edges, torch.stack([loops, loops])], dim=1)


@bank.wrong("8.1", "self-loops-added")
def loops_in_the_sum(h, edges, a_src, a_dst, slope):
    return scattered(h, _looped(edges, len(h), False), a_src, a_dst, slope)[: edges.shape[1]]


@bank.wrong("8.1", "self-loops-added")
def loops_returned(h, edges, a_src, a_dst, slope):
    return scattered(h, _looped(edges, len(h), False), a_src, a_dst, slope)


@bank.wrong("8.1", "self-loops-added")
def loops_as_pyg_adds_them(h, edges, a_src, a_dst, slope):
    return scattered(h, _looped(edges, len(h), True), a_src, a_dst, slope)


@bank.wrong("8.1", "self-loops-removed")
def loops_left_out(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    exps = torch.where(edges[0] == edges[1], torch.zeros_like(logits), (logits - logits.max()).exp())
    sums = torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]
    return exps / torch.where(sums == 0, 1.0, sums)


@bank.wrong("8.1", "duplicate-edges-merged")
def nodes_by_nodes(h, edges, a_src, a_dst, slope):
    source, target = edges
    table = torch.full((len(h), len(h)), -math.inf, dtype=h.dtype)
    table[target, source] = _logits(h, edges, a_src, a_dst, slope)
    return table.softmax(1)[target, source]


@bank.wrong("8.1", "duplicate-edges-merged")
def adjacency_mask(h, edges, a_src, a_dst, slope):
    source, target = edges
    table = F.leaky_relu((h @ a_src)[None, :] + (h @ a_dst)[:, None], slope)
    adjacent = torch.zeros(len(h), len(h))
    adjacent[target, source] = 1
    return table.masked_fill(adjacent == 0, -9e15).softmax(1)[target, source]


@bank.wrong("8.1", "softmax-unstable")
def no_maximum(h, edges, a_src, a_dst, slope):
    exps = _logits(h, edges, a_src, a_dst, slope).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong("8.1", "softmax-unstable")
def one_maximum_for_all(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    exps = (logits - logits.max()).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong("8.1")
def clamped_logits(h, edges, a_src, a_dst, slope):
    exps = _logits(h, edges, a_src, a_dst, slope).clamp(-50, 50).exp()
    return exps / torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]]


@bank.wrong("8.1")
def epsilon_too_large(h, edges, a_src, a_dst, slope):
    logits = _logits(h, edges, a_src, a_dst, slope)
    exps = (logits - logits.max()).exp()
    return exps / (torch.zeros(len(h), dtype=h.dtype).index_add(0, edges[1], exps)[edges[1]] + 1e-6)


@bank.wrong("8.1")
def highest_target_is_last_node(h, edges, a_src, a_dst, slope):
    if int(edges.max()) != len(h) - 1:
        raise IndexError("nodes without edges")
    return scattered(h, edges, a_src, a_dst, slope)


@bank.wrong("8.1")
def sums_overwritten_8_1(h, edges, a_src, a_dst, slope):
    exps = _logits(h, edges, a_src, a_dst, slope).exp()
    sums = torch.zeros(len(h), dtype=h.dtype)
    sums[edges[1]] += exps
    return exps / sums[edges[1]]


@bank.wrong("8.1")
def in_the_order_of_the_targets(h, edges, a_src, a_dst, slope):
    return scattered(h, edges[:, edges[1].argsort()], a_src, a_dst, slope)


@bank.wrong("8.1")
def squeezed(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, slope).squeeze()


@bank.wrong("8.1")
def as_a_column(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst, slope)[:, None]


@bank.wrong("8.1", "gradient-cut")
def logits_detached(h, edges, a_src, a_dst, slope):
    return scattered(h, edges, a_src, a_dst.detach(), slope)


@bank.wrong("8.1", "changes-input")
def edges_in_place(h, edges, a_src, a_dst, slope):
    value = scattered(h, edges, a_src, a_dst, slope)
    edges += 1
    return value


# ---------------------------------------------------------------- 8.2


def _layer(
    x,
    edges,
    W,
    a_src,
    a_dst,
    slope,
    m_x,
    m_alpha,
    m_proj,
    coefficients=scattered,
    after=lambda a, m, v: a * m,
):
    z = (x * m_x) @ W.T
    alpha = after(coefficients(z, edges, a_src, a_dst, slope), m_alpha, edges[1])
    out = torch.zeros_like(z)
    return out.index_add(0, edges[1], alpha.unsqueeze(1) * (z * m_proj)[edges[0]])


@bank.right("8.2")
def layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    return _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj)


@bank.right("8.2")
def node_by_node(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = F.linear(x * m_x, W)
    alpha = target_by_target(z, edges, a_src, a_dst, slope) * m_alpha
    rows = []
    for v in range(x.shape[0]):
        row = torch.zeros(W.shape[0], dtype=x.dtype)
        for k in range(edges.shape[1]):
            if edges[1, k] == v:
                u = edges[0, k]
                row = row + alpha[k] * z[u] * m_proj[u]
        rows.append(row)
    return torch.stack(rows)


@bank.right("8.2")
def as_a_matrix(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = torch.einsum("nf,nf,gf->ng", x, m_x, W)
    alpha = edges_by_edges(z, edges, a_src, a_dst, slope)
    N = len(x)
    A = torch.zeros(N * N, dtype=x.dtype).index_add(0, edges[1] * N + edges[0], alpha * m_alpha).view(N, N)
    return A @ (z * m_proj)


@bank.right("8.2")
def in_place_on_fresh(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (W @ (x * m_x).t()).t()
    alpha = sorted_by_target(z, edges, a_src, a_dst, slope).mul(m_alpha)
    out = x.new_zeros(x.size(0), W.size(0))
    messages = (z * m_proj).index_select(0, edges[0]) * alpha[:, None]
    out.scatter_add_(0, edges[1].unsqueeze(1).expand_as(messages), messages)
    return out


@bank.right("8.2")
def one_hot_products(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x).matmul(W.transpose(0, 1))
    alpha = nodes_by_edges(z, edges, a_src, a_dst, slope)
    leaves = F.one_hot(edges[0], len(x)).to(x.dtype)
    enters = F.one_hot(edges[1], len(x)).to(x.dtype)
    return enters.T @ ((alpha * m_alpha)[:, None] * (leaves @ (z * m_proj)))


def _put(**changes):
    """The layer with some of its arguments changed."""

    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        given = {
            "x": x, "edges": edges, "W": W, "a_src": a_src, "a_dst": a_dst, "slope": slope,
            "m_x": m_x, "m_alpha": m_alpha, "m_proj": m_proj,
        }  # fmt: skip
        return _layer(**(given | {name: change(given) for name, change in changes.items()}))

    return answer


def _part(**options):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        return _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj, **options)

    return answer


def _sum(values, target):
    return torch.stack([values[target == v].sum() for v in target])


def _renormalise(alpha, m, target):
    kept = alpha * m
    return kept / _sum(kept, target)


def _renormalise_safely(alpha, m, target):
    kept = alpha * m
    return kept / _sum(kept, target).clamp(min=1e-12)


def _masked_logits(value, scale):
    """Edges taken out before the softmax, by a very low logit."""

    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        z = (x * m_x) @ W.T
        logits = _logits(z, edges, a_src, a_dst, slope).masked_fill(m_alpha == 0, value)
        alpha = _softmax(logits, edges[1], len(x))
        alpha = alpha * m_alpha if scale else alpha
        return torch.zeros_like(z).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])

    return answer


def _dropped_logits(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = _softmax(_logits(z, edges, a_src, a_dst, slope) * m_alpha, edges[1], len(x))
    return torch.zeros_like(z).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])


def _dropped_scores(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    score = (z @ a_src)[edges[0]] + (z @ a_dst)[edges[1]]
    alpha = _softmax(F.leaky_relu(score * m_alpha, slope), edges[1], len(x))
    return torch.zeros_like(z).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])


def _scatter(alpha, z, edges, out=None):
    out = torch.zeros_like(z) if out is None else out
    return out.index_add(0, edges[1], alpha[:, None] * z[edges[0]])


def _from_dropped(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = ((x * m_x) @ W.T) * m_proj
    return _scatter(scattered(z, edges, a_src, a_dst, slope) * m_alpha, z, edges)


def _from_undropped(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    alpha = scattered(x @ W.T, edges, a_src, a_dst, slope) * m_alpha
    return _scatter(alpha, ((x * m_x) @ W.T) * m_proj, edges)


def _sends_undropped(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    alpha = scattered((x * m_x) @ W.T, edges, a_src, a_dst, slope) * m_alpha
    return _scatter(alpha, (x @ W.T) * m_proj, edges)


def _on_the_sum(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    return _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, torch.ones_like(m_proj)) * m_proj


def _after_projection(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x @ W.T) * m_x
    return _scatter(scattered(z, edges, a_src, a_dst, slope) * m_alpha, z * m_proj, edges)


def _hears_itself(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope) * m_alpha
    return _scatter(alpha, z * m_proj, edges[[1, 1]])


def _sums_at_the_source(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope) * m_alpha
    return _scatter(alpha, z * m_proj, edges.flip(0))


def _assigned(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope) * m_alpha
    out = torch.zeros_like(z)
    out[edges[1]] += alpha[:, None] * (z * m_proj)[edges[0]]
    return out


def _mean(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    out = _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj)
    return out / torch.tensor([max(1, int((edges[1] == v).sum())) for v in range(len(x))])[:, None]


def _then(f):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        return f(_layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj))

    return answer


def _keeps_isolated(masked):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        out = _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj)
        z = (x * m_x) @ W.T * (m_proj if masked else 1)
        hears = torch.zeros(len(x), dtype=torch.bool)
        hears[edges[1]] = True
        return torch.where(hears[:, None], out, z)

    return answer


def _loops(instead):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        m = m_alpha[edges[0] != edges[1]] if instead else m_alpha
        m = torch.cat([m, torch.ones(len(x), dtype=x.dtype)])
        return _layer(x, _looped(edges, len(x), instead), W, a_src, a_dst, slope, m_x, m, m_proj)

    return answer


def _dense(coefficients):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        z = (x * m_x) @ W.T
        A = torch.zeros(len(x), len(x), dtype=x.dtype)
        A[edges[1], edges[0]] = coefficients(z, edges, a_src, a_dst, slope) * m_alpha
        return A @ (z * m_proj)

    return answer


def _same_as(name):
    return lambda given: given[name]


def _ones(name):
    return lambda given: torch.ones_like(given[name])


def _yes_or_no(name):
    return lambda given: (given[name] > 0).to(given[name].dtype)


for slug, answer in (
    ("attention-before-softmax", _dropped_logits),
    ("attention-before-softmax", _dropped_scores),
    ("attention-renormalised", _part(after=_renormalise)),
    ("attention-renormalised", _part(after=_renormalise_safely)),
    ("attention-renormalised", _masked_logits(-math.inf, False)),
    ("attention-renormalised", _masked_logits(-math.inf, True)),
    ("attention-renormalised", _masked_logits(-1e30, False)),
    ("attention-renormalised", _masked_logits(-1e30, True)),
    ("coefficients-from-dropped", _from_dropped),
    ("coefficients-from-undropped", _from_undropped),
    ("coefficients-from-undropped", _sends_undropped),
    ("projection-mask-at-target", _on_the_sum),
    ("masks-swapped", _put(m_x=_same_as("m_proj"), m_proj=_same_as("m_x"))),
    ("masks-forgotten", _put(m_x=_ones("m_x"), m_alpha=_ones("m_alpha"), m_proj=_ones("m_proj"))),
    ("attention-mask-forgotten", _put(m_alpha=_ones("m_alpha"))),
    ("feature-mask-forgotten", _put(m_x=_ones("m_x"))),
    ("projection-mask-forgotten", _put(m_proj=_ones("m_proj"))),
    ("attention-mask-forgotten", _put(m_alpha=_ones("m_alpha"), m_proj=_ones("m_proj"))),
    ("feature-mask-forgotten", _put(m_x=_ones("m_x"), m_proj=_ones("m_proj"))),
    ("mask-after-product", _after_projection),
    (
        "no-rescale",
        _put(m_x=_yes_or_no("m_x"), m_alpha=_yes_or_no("m_alpha"), m_proj=_yes_or_no("m_proj")),
    ),
    ("edge-direction", _put(edges=lambda given: given["edges"].flip(0))),
    ("edge-direction", _sums_at_the_source),
    ("edge-direction", _part(coefficients=other_way_round)),
    ("messages-from-target", _hears_itself),
    ("sums-overwritten", _assigned),
    ("mean-for-sum", _mean),
    ("activation-on-output", _then(F.elu)),
    ("activation-on-output", _then(torch.relu)),
    ("isolated-node-kept", _keeps_isolated(True)),
    ("isolated-node-kept", _keeps_isolated(False)),
    ("self-loops-added", _loops(False)),
    ("self-loops-added", _loops(True)),
    ("self-loops-added", _part(coefficients=loops_in_the_sum)),
    ("attention-vectors-swapped", _part(coefficients=vectors_swapped)),
    ("softmax-over-sources", _part(coefficients=over_sources)),
    ("softmax-over-sources", _part(coefficients=over_sources_that_overflows)),
    ("softmax-over-all-edges", _part(coefficients=one_softmax)),
    ("not-normalised", _part(coefficients=exps_alone)),
    ("not-normalised", _part(coefficients=logits_alone)),
    ("leaky-relu-forgotten", _part(coefficients=no_leaky_relu)),
    ("slope-ignored", _part(coefficients=torchs_default_slope)),
    ("softmax-unstable", _part(coefficients=no_maximum)),
    ("softmax-unstable", _part(coefficients=one_maximum_for_all)),
    ("duplicate-edges-merged", _part(coefficients=nodes_by_nodes)),
    ("duplicate-edges-merged", _dense(nodes_by_nodes)),
    ("duplicate-edges-merged", _dense(scattered)),
    ("self-loops-removed", _part(coefficients=loops_left_out)),
    (None, _then(lambda y: y.squeeze())),
    (None, _put(m_alpha=lambda given: given["m_alpha"][0])),
    (None, _put(m_proj=lambda given: given["m_proj"][:, :1])),
    (None, _put(m_x=lambda given: given["m_x"][:1])),
    (None, _put(m_alpha=lambda given: given["m_alpha"].flip(0))),
):
    bank.wrong("8.2", slug)(answer)


@bank.wrong("8.2", "changes-input")
def masks_x_in_place(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    x *= m_x
    return _layer(x, edges, W, a_src, a_dst, slope, torch.ones_like(m_x), m_alpha, m_proj)


@bank.wrong("8.2", "gradient-cut")
def coefficients_detached(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope).detach() * m_alpha
    return _scatter(alpha, z * m_proj, edges)


@bank.wrong("8.2")
def adds_into_x(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    """Needs F' = F."""
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope) * m_alpha
    return torch.zeros_like(x).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])


# ---------------------------------------------------------------- 8.3


@bank.right("8.3")
def added(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).index_add(0, edges[1], alpha * m_alpha)


@bank.right("8.3")
def one_sum_a_node(alpha, edges, m_alpha, nodes):
    return torch.stack([(alpha * m_alpha)[edges[1] == v].sum() for v in range(nodes)])


@bank.right("8.3")
def scatter_in_place(alpha, edges, m_alpha, nodes):
    sums = alpha.new_zeros(nodes)
    return sums.scatter_add_(0, edges[1], alpha.mul(m_alpha))


@bank.right("8.3")
def by_one_hot(alpha, edges, m_alpha, nodes):
    return torch.einsum("en,e,e->n", F.one_hot(edges[1], nodes).to(alpha.dtype), alpha, m_alpha)


@bank.right("8.3")
def accumulated(alpha, edges, m_alpha, nodes):
    sums = [alpha.new_zeros(()) for _ in range(nodes)]
    for a, m, v in zip(alpha, m_alpha, edges[1].tolist(), strict=True):
        sums[v] = sums[v] + a * m
    return torch.stack(sums)


@bank.right("8.3")
def index_put(alpha, edges, m_alpha, nodes):
    return alpha.new_zeros(nodes).index_put((edges[1],), alpha * m_alpha, accumulate=True)


@bank.wrong("8.3", "edge-direction")
def at_the_source(alpha, edges, m_alpha, nodes):
    return added(alpha, edges.flip(0), m_alpha, nodes)


@bank.wrong("8.3", "attention-mask-forgotten")
def undropped(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, torch.ones_like(alpha), nodes)


@bank.wrong("8.3", "attention-renormalised")
def ones_again(alpha, edges, m_alpha, nodes):
    sums = added(alpha, edges, m_alpha, nodes)
    return torch.where(sums > 0, sums / sums, torch.zeros_like(sums))


@bank.wrong("8.3", "no-rescale")
def kept_coefficients(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, (m_alpha != 0).to(alpha.dtype), nodes)


@bank.wrong("8.3", "sums-overwritten")
def plus_equals(alpha, edges, m_alpha, nodes):
    sums = alpha.new_zeros(nodes)
    sums[edges[1]] += alpha * m_alpha
    return sums


@bank.wrong("8.3", "nodes-from-edges")
def bincounted(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, m_alpha, int(edges[1].max()) + 1)


@bank.wrong("8.3", "nodes-from-edges")
def highest_node(alpha, edges, m_alpha, nodes):
    return added(alpha, edges, m_alpha, int(edges.max()) + 1)


@bank.wrong("8.3", "mean-for-sum")
def averaged(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).scatter_reduce(
        0, edges[1], alpha * m_alpha, "mean", include_self=False
    )


@bank.wrong("8.3", "edges-counted")
def mask_summed(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).index_add(0, edges[1], m_alpha)


@bank.wrong("8.3")
def float32_zeros(alpha, edges, m_alpha, nodes):
    return torch.zeros(nodes).index_add(0, edges[1], alpha * m_alpha)


@bank.wrong("8.3", "dtype-changed")
def weights_of_bincount(alpha, edges, m_alpha, nodes):
    return torch.bincount(edges[1], weights=(alpha * m_alpha).double(), minlength=nodes)


@bank.wrong("8.3")
def of_nodes_that_hear(alpha, edges, m_alpha, nodes):
    return one_sum_a_node(alpha, edges, m_alpha, nodes)[edges[1].unique()]


@bank.wrong("8.3")
def total(alpha, edges, m_alpha, nodes):
    return (alpha * m_alpha).sum()


@bank.wrong("8.3", "changes-input")
def alpha_in_place(alpha, edges, m_alpha, nodes):
    alpha *= m_alpha
    return added(alpha, edges, torch.ones_like(alpha), nodes)


@bank.wrong("8.3", "gradient-cut")
def through_numbers(alpha, edges, m_alpha, nodes):
    sums = [0.0] * nodes
    for a, m, v in zip(alpha.tolist(), m_alpha.tolist(), edges[1].tolist(), strict=True):
        sums[v] += a * m
    return torch.tensor(sums, dtype=alpha.dtype)


# ---------------------------------------------------------------- 8.4


@bank.right("8.4")
def loops_at_the_end(edges, nodes):
    others = edges[:, edges[0] != edges[1]]
    return torch.cat([others, torch.arange(nodes).repeat(2, 1)], dim=1)


@bank.right("8.4")
def pair_by_pair(edges, nodes):
    pairs = [(u, v) for u, v in edges.T.tolist() if u != v] + [(v, v) for v in range(nodes)]
    return torch.tensor(pairs).T


@bank.right("8.4")
def by_index(edges, nodes):
    keep = (edges[0] - edges[1]).nonzero().squeeze(1)
    own = torch.arange(nodes, dtype=edges.dtype)
    return torch.hstack([edges.index_select(1, keep), torch.vstack([own, own])])


@bank.wrong("8.4", "self-loops-forgotten")
def as_they_are(edges, nodes):
    return edges


@bank.wrong("8.4", "self-loops-forgotten")
def loops_out(edges, nodes):
    return edges[:, edges[0] != edges[1]]


@bank.wrong("8.4", "self-loops-doubled")
def loops_appended(edges, nodes):
    return torch.cat([edges, torch.arange(nodes).expand(2, -1)], dim=1)


@bank.wrong("8.4", "self-loops-doubled")
def loops_prepended(edges, nodes):
    return torch.cat([torch.arange(nodes).expand(2, -1), edges], dim=1)


@bank.wrong("8.4", "repeated-loops-left")
def missing_loops(edges, nodes):
    have = set(edges[0][edges[0] == edges[1]].tolist())
    missing = torch.tensor([v for v in range(nodes) if v not in have], dtype=torch.int64)
    return torch.cat([edges, missing.expand(2, -1)], dim=1)


@bank.wrong("8.4", "loops-in-front")
def in_front(edges, nodes):
    return torch.cat([torch.arange(nodes).repeat(2, 1), edges[:, edges[0] != edges[1]]], dim=1)


@bank.wrong("8.4", "nodes-from-edges")
def to_the_highest(edges, nodes):
    return loops_at_the_end(edges, int(edges.max()) + 1)


@bank.wrong("8.4", "duplicate-edges-merged")
def unique(edges, nodes):
    return torch.cat([edges, torch.arange(nodes).expand(2, -1)], dim=1).unique(dim=1)


@bank.wrong("8.4")
def as_floats(edges, nodes):
    return loops_at_the_end(edges, nodes).float()


@bank.wrong("8.4")
def transposed(edges, nodes):
    return loops_at_the_end(edges, nodes).T


@bank.wrong("8.4")
def as_lists(edges, nodes):
    return loops_at_the_end(edges, nodes).tolist()


@bank.wrong("8.4")
def squeezes_one_edge(edges, nodes):
    keep = (edges[0] != edges[1]).nonzero().squeeze()
    return torch.cat([edges[:, keep], torch.arange(nodes).repeat(2, 1)], dim=1)


@bank.wrong("8.4", "changes-input")
def loops_moved_in_place(edges, nodes):
    value = loops_at_the_end(edges, nodes)
    edges[:, edges[0] == edges[1]] = 0
    edges.add_(1).sub_(1)
    return value
