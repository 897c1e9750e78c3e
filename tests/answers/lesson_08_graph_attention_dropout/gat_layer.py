"""Right and wrong answers to 8.2."""

import math

import torch
import torch.nn.functional as F
from bank import Bank
from lesson_08_graph_attention_dropout._shared import edge_logits, looped, softmax
from lesson_08_graph_attention_dropout.attention_coefficients import (
    denominators_added_in_place_by_index,
    edges_by_edges,
    exps_alone,
    logits_alone,
    loops_in_the_sum,
    loops_left_out,
    no_leaky_relu,
    no_maximum,
    nodes_by_edges,
    nodes_by_nodes,
    one_maximum_for_all,
    one_softmax,
    other_way_round,
    over_sources,
    over_sources_that_overflows,
    scattered,
    sorted_by_target,
    target_by_target,
    torchs_default_slope,
    vectors_swapped,
)

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


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


@bank.right
def layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    return _layer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj)


@bank.right
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


@bank.right
def as_a_matrix(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = torch.einsum("nf,nf,gf->ng", x, m_x, W)
    alpha = edges_by_edges(z, edges, a_src, a_dst, slope)
    N = len(x)
    A = torch.zeros(N * N, dtype=x.dtype).index_add(0, edges[1] * N + edges[0], alpha * m_alpha).view(N, N)
    return A @ (z * m_proj)


@bank.right
def in_place_on_fresh(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (W @ (x * m_x).t()).t()
    alpha = sorted_by_target(z, edges, a_src, a_dst, slope).mul(m_alpha)
    out = x.new_zeros(x.size(0), W.size(0))
    messages = (z * m_proj).index_select(0, edges[0]) * alpha[:, None]
    out.scatter_add_(0, edges[1].unsqueeze(1).expand_as(messages), messages)
    return out


@bank.right
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
        logits = edge_logits(z, edges, a_src, a_dst, slope).masked_fill(m_alpha == 0, value)
        alpha = softmax(logits, edges[1], len(x))
        alpha = alpha * m_alpha if scale else alpha
        return torch.zeros_like(z).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])

    return answer


def _dropped_logits(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = softmax(edge_logits(z, edges, a_src, a_dst, slope) * m_alpha, edges[1], len(x))
    return torch.zeros_like(z).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])


def _dropped_scores(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    score = (z @ a_src)[edges[0]] + (z @ a_dst)[edges[1]]
    alpha = softmax(F.leaky_relu(score * m_alpha, slope), edges[1], len(x))
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


def _reads_itself(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
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
        reads = torch.zeros(len(x), dtype=torch.bool)
        reads[edges[1]] = True
        return torch.where(reads[:, None], out, z)

    return answer


def _loops(instead):
    def answer(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
        m = m_alpha[edges[0] != edges[1]] if instead else m_alpha
        m = torch.cat([m, torch.ones(len(x), dtype=x.dtype)])
        return _layer(x, looped(edges, len(x), instead), W, a_src, a_dst, slope, m_x, m, m_proj)

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
    ("messages-from-undropped", _sends_undropped),
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
    ("messages-from-target", _reads_itself),
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
    ("denominator-overwritten", _part(coefficients=denominators_added_in_place_by_index)),
    ("leaky-relu-forgotten", _part(coefficients=no_leaky_relu)),
    ("slope-ignored", _part(coefficients=torchs_default_slope)),
    ("softmax-unstable", _part(coefficients=no_maximum)),
    ("softmax-unstable", _part(coefficients=one_maximum_for_all)),
    ("duplicate-edges-merged", _part(coefficients=nodes_by_nodes)),
    ("duplicate-edges-merged", _dense(nodes_by_nodes)),
    ("duplicate-edges-merged", _dense(scattered)),
    ("self-loops-removed", _part(coefficients=loops_left_out)),
    ("axis-lost-or-added", _then(lambda y: y.squeeze())),
    (None, _put(m_alpha=lambda given: given["m_alpha"][0])),
    (None, _put(m_proj=lambda given: given["m_proj"][:, :1])),
    (None, _put(m_x=lambda given: given["m_x"][:1])),
    (None, _put(m_alpha=lambda given: given["m_alpha"].flip(0))),
):
    bank.wrong(slug)(answer)


@bank.wrong("changes-input")
def masks_x_in_place(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    x *= m_x
    return _layer(x, edges, W, a_src, a_dst, slope, torch.ones_like(m_x), m_alpha, m_proj)


@bank.wrong("gradient-cut")
def coefficients_detached(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope).detach() * m_alpha
    return _scatter(alpha, z * m_proj, edges)


@bank.wrong("shapes-do-not-fit")
def adds_into_x(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    """Needs F' = F."""
    z = (x * m_x) @ W.T
    alpha = scattered(z, edges, a_src, a_dst, slope) * m_alpha
    return torch.zeros_like(x).index_add(0, edges[1], alpha[:, None] * (z * m_proj)[edges[0]])


@bank.wrong("nodes-from-edges")
def as_many_as_the_edges_name(x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj):
    z = (x * m_x) @ W.T
    source, target = edges
    logits = F.leaky_relu((z @ a_src)[source] + (z @ a_dst)[target], slope)
    same = target[:, None] == target
    alpha = (logits.expand_as(same).masked_fill(~same, -math.inf).softmax(1)).diagonal() * m_alpha
    return torch.stack(
        [
            (alpha[target == v, None] * (z * m_proj)[source[target == v]]).sum(0)
            for v in range(int(edges.max()) + 1)
        ]
    )
