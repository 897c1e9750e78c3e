"""Checks of lesson 08: attention coefficients, a graph attention layer with three masks, self-loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, AnswerError
from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import Exact
from recdrop_lessons.checks.parts import Lesson, Misconception, Outcome, Part
from recdrop_lessons.checks.recognise import Silent

# ---------------------------------------------------------------- graphs

EXTREME = 1e4


def random_edges(draw: Draw, nodes: int, count: int) -> Tensor:
    """`count` ≥ 4 edges (2, E) in no order: some node has two sources or more, some node no incoming edge."""
    order = torch.randperm(nodes, generator=draw.torch)
    targets = order[: max(1, nodes - 1)]  # the rest has no incoming edge
    pick = torch.randint(len(targets), (count,), generator=draw.torch)
    target = targets[pick]
    source = torch.randint(nodes, (count,), generator=draw.torch)
    if nodes >= 3:
        # Two sources of one target, and an edge of one of them to another target.
        source[:3] = torch.stack([order[1], order[2], order[1]])
        target[:3] = torch.stack([order[0], order[0], order[1]])
    shuffled = torch.randperm(count, generator=draw.torch)
    return torch.stack([source, target])[:, shuffled]


def graphs(draw: Draw) -> Iterator[tuple[str, int, int, Tensor]]:
    """What is special, the number of nodes, that of features, and the edges."""
    N, features = draw.integer(5, 7), draw.integer(2, 4)
    E = draw.integer(8, 12)
    for _ in range(2):
        yield f"N={N}, F={features}, E={E}", N, features, random_edges(draw, N, E)
    edges = random_edges(draw, N, E)
    again = torch.randint(E, (3,), generator=draw.torch)
    yield "edges that repeat", N, features, torch.cat([edges, edges[:, again]], dim=1)
    into_one = edges.clone()
    into_one[1] = draw.integer(0, N - 1)
    yield "all edges into one node", N, features, into_one
    loops = torch.arange(N).expand(2, N)
    yield "a self-loop at each node", N, features, torch.cat([loops, edges], dim=1)
    yield "the last node without any edge", N, features, random_edges(draw, N - 1, E)
    yield "E=1", N, features, torch.tensor([[2], [1]])
    yield "E=2", N, features, edges[:, :2]
    yield "N=1, E=3", 1, features, torch.zeros(2, 3, dtype=torch.int64)
    yield "F=1", N, 1, random_edges(draw, N, E)
    yield "N=4, F=4, E=4", 4, 4, random_edges(draw, 4, 4)


def extreme_graph(draw: Draw, a_src: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, F') and edges whose logits are ±1e4 and -5e3; one node hears nothing but low ones.

    The logits into a node are far apart, so that its coefficients are 0 or 1 and no rounding shows.
    """
    levels = torch.tensor([0.0, 0.0, 1.0, 0.5, -0.5, -1.0], dtype=torch.float64) * EXTREME
    h = draw.normal(6, len(a_src)) + levels[:, None] * a_src / (a_src @ a_src)
    edges = torch.tensor([[2, 3, 4, 5, 4, 5], [0, 0, 0, 0, 1, 1]])
    return h, edges[:, torch.randperm(6, generator=draw.torch)]


def away_from_zero(draw: Draw, *shape: int) -> Tensor:
    values = draw.normal(*shape)
    return values + 0.3 * values.sign()


# ---------------------------------------------------------------- 8.1 attention_coefficients

Normalise = Callable[[Tensor, Tensor], Tensor]


def softmax_within(logits: Tensor, group: Tensor) -> Tensor:
    """The softmax over the edges that share a group: both (E,) → (E,)."""
    same = group[:, None] == group[None, :]  # (E, E)
    # α_e = exp(l_e - log Σ exp l), the sum over the edges of the same group
    return (logits - logits.expand_as(same).masked_fill(~same, -torch.inf).logsumexp(1)).exp()


def attention_coefficients(
    h: Tensor,
    edges: Tensor,
    a_src: Tensor,
    a_dst: Tensor,
    slope: float,
    *,
    activation: Callable[[Tensor, float], Tensor] = F.leaky_relu,
    normalise: Normalise = softmax_within,
    group: int = 1,
) -> Tensor:
    source, target = edges
    # e_uv = leakyReLU(a_src·h_u + a_dst·h_v)
    logits = activation((h @ a_src)[source] + (h @ a_dst)[target], slope)  # (E,)
    return normalise(logits, edges[group])


def _naive(logits: Tensor, group: Tensor) -> Tensor:
    return logits.exp() / ((group[:, None] == group[None, :]) * logits.exp()[None, :]).sum(1)


def _one_maximum(logits: Tensor, group: Tensor) -> Tensor:
    return _naive(logits - logits.max(), group)


def _with_loops(edges: Tensor, nodes: int, instead: bool) -> Tensor:
    """A loop a node more; where `instead`, for those that were there."""
    edges = edges[:, edges[0] != edges[1]] if instead else edges
    return torch.cat([edges, torch.arange(nodes).expand(2, nodes)], dim=1)


def _coefficients_with_loops(
    h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float, *, instead: bool, cut: bool
) -> Tensor:
    alpha = attention_coefficients(h, _with_loops(edges, len(h), instead), a_src, a_dst, slope)
    return alpha[: edges.shape[1]] if cut else alpha


def _loops_removed(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float) -> Tensor:
    loop = edges[0] == edges[1]
    alpha = h.new_zeros(edges.shape[1])
    alpha[~loop] = attention_coefficients(h, edges[:, ~loop], a_src, a_dst, slope)
    return alpha


def _merged(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float, share: bool) -> Tensor:
    """As with a matrix of nodes by nodes, where an edge that repeats is there once."""
    once, where, count = edges.unique(dim=1, return_inverse=True, return_counts=True)
    alpha = attention_coefficients(h, once, a_src, a_dst, slope)
    return (alpha / count if share else alpha)[where]


def _each_end(h: Tensor, edges: Tensor, a_src: Tensor, a_dst: Tensor, slope: float) -> Tensor:
    source, target = edges
    logits = F.leaky_relu(h @ a_src, slope)[source] + F.leaky_relu(h @ a_dst, slope)[target]
    return softmax_within(logits, target)


DIRECTION = (
    "You read the edges the other way round. edges[0] is where an edge comes from, edges[1] where it goes: "
    "a node hears along its incoming edges."
)
SELF_LOOPS_ADDED = (
    "You add self-loops. GAT layers of libraries may do that, but here the edges are what they are: none is "
    "added, and a node without incoming edges hears nothing."
)

COEFFICIENT_MISCONCEPTIONS = (
    Misconception(
        "edge-direction",
        DIRECTION,
        (
            lambda h, edges, a_src, a_dst, slope: attention_coefficients(
                h, edges.flip(0), a_src, a_dst, slope
            ),
        ),
    ),
    Misconception(
        "attention-vectors-swapped",
        "You take a_src for the target and a_dst for the source. a_src belongs to the node that an edge "
        "leaves, a_dst to the one that it enters.",
        (
            lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_dst, a_src, slope),
            lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_src, a_src, slope),
            lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, a_dst, a_dst, slope),
        ),
    ),
    Misconception(
        "softmax-over-sources",
        "You normalise over the edges that leave a node. The softmax goes over the edges that enter it: what "
        "a node hears sums to 1, what it says need not.",
        (partial(attention_coefficients, group=0),),
    ),
    Misconception(
        "softmax-over-all-edges",
        "You take one softmax over all edges of the graph. Each target has a softmax of its own, over its "
        "incoming edges.",
        (partial(attention_coefficients, normalise=lambda logits, group: logits.softmax(0)),),
    ),
    Misconception(
        "not-normalised",
        "Your coefficients do not sum to 1 over a node's incoming edges: the softmax is missing, or its "
        "denominator.",
        (
            partial(attention_coefficients, normalise=lambda logits, group: logits),
            partial(attention_coefficients, normalise=lambda logits, group: logits.exp()),
            partial(
                attention_coefficients,
                normalise=lambda logits, group: (
                    logits / ((group[:, None] == group[None, :]) * logits[None, :]).sum(1)
                ),
            ),
        ),
    ),
    Misconception(
        "leaky-relu-forgotten",
        "Your logits go into the softmax as they are. The leaky ReLU comes in between: without it the "
        "target's part cancels in the softmax.",
        (partial(attention_coefficients, activation=lambda logits, slope: logits),),
    ),
    Misconception(
        "slope-ignored",
        "Your leaky ReLU has a slope of its own. Use the `slope` that is passed in (F.leaky_relu takes it as "
        "its second argument; alone it takes 0.01).",
        (
            partial(attention_coefficients, activation=lambda logits, slope: F.leaky_relu(logits, 0.01)),
            partial(attention_coefficients, activation=lambda logits, slope: F.leaky_relu(logits, 0.2)),
            partial(attention_coefficients, activation=lambda logits, slope: logits.relu()),
        ),
    ),
    Misconception(
        "target-cancels",
        "Your coefficients do not depend on the target: its score is left out, or the leaky ReLU is put on "
        "each score before the sum, and then the target's part cancels in the softmax. There is one leaky "
        "ReLU, around a_src·h_u + a_dst·h_v.",
        (_each_end,),
    ),
    Misconception(
        "source-ignored",
        "All edges into a node get the same coefficient: your logits leave out the source's score, "
        "a_src·h_u.",
        (lambda h, edges, a_src, a_dst, slope: attention_coefficients(h, edges, 0 * a_src, a_dst, slope),),
    ),
    Misconception(
        "self-loops-added",
        SELF_LOOPS_ADDED,
        (
            partial(_coefficients_with_loops, instead=False, cut=True),
            partial(_coefficients_with_loops, instead=False, cut=False),
            partial(_coefficients_with_loops, instead=True, cut=False),
        ),
    ),
    Misconception(
        "self-loops-removed",
        "You leave out the edges from a node to itself. They are edges like all others.",
        (_loops_removed,),
    ),
    Misconception(
        "duplicate-edges-merged",
        "An edge that repeats counts once in your softmax, as in a matrix of nodes by nodes. Each copy is an "
        "edge of its own.",
        (partial(_merged, share=False), partial(_merged, share=True)),
    ),
)

SOFTMAX_UNSTABLE = Misconception(
    "softmax-unstable",
    "Your softmax breaks on large logits: exp(1e4) overflows, and where you subtract one maximum for all "
    "edges, the edges of another node underflow to 0/0. Subtract each target's own maximum.",
)


def _silent_on_extremes(misconception: Misconception) -> Misconception:
    """The same, whatever happens on extreme logits: a learner may have this mistake and an overflow too."""

    def quiet(mistake: Callable[..., Any]) -> Callable[..., Any]:
        def its(**given: Any) -> Any:
            if any(isinstance(v, Tensor) and float(v.abs().max()) > EXTREME / 100 for v in given.values()):
                raise Silent
            return mistake(**given)

        return its

    return replace(misconception, mistakes=tuple(map(quiet, misconception.mistakes)))


def coefficient_arguments(draw: Draw, nodes: int, features: int, edges: Tensor) -> dict[str, Any]:
    return {
        "h": draw.normal(nodes, features),
        "edges": edges,
        "a_src": away_from_zero(draw, features),
        "a_dst": away_from_zero(draw, features),
        "slope": draw.uniform(0.25, 0.45),
    }


def coefficient_cases(draw: Draw) -> Iterator[Case]:
    for label, N, features, edges in graphs(draw):
        yield Case(label, coefficient_arguments(draw, N, features, edges))
    for slope in (0.05, 0.2):
        given = coefficient_arguments(draw, 6, 3, random_edges(draw, 6, 10))
        yield Case(f"slope={slope}", given | {"slope": slope}, False)
    given = coefficient_arguments(draw, 6, 3, torch.zeros(2, 6, dtype=torch.int64))
    h, edges = extreme_graph(draw, given["a_src"])
    yield Case("logits of 1e4 and -1e4", given | {"h": h, "edges": edges, "a_dst": 1e-3 * given["a_dst"]})


# ---------------------------------------------------------------- 8.2 gat_layer


def gat_layer(
    x: Tensor,
    edges: Tensor,
    W: Tensor,
    a_src: Tensor,
    a_dst: Tensor,
    slope: float,
    m_x: Tensor,
    m_alpha: Tensor,
    m_proj: Tensor,
    *,
    project: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda x, W, m_x: (x * m_x) @ W.T,
    coefficients: Callable[..., Tensor] = attention_coefficients,
    attended: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor] = lambda z, x, W, m_proj: z,
    drop: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda alpha, m_alpha, target: alpha * m_alpha,
    send: Callable[..., Tensor] = lambda z, m_proj, source, target, x, W: (z * m_proj)[source],
    finish: Callable[..., Tensor] = lambda y, z, m_proj, target: y,
) -> Tensor:
    """The layer; the keyword arguments say what a mistake does otherwise."""
    source, target = edges
    # z = (x∘m_x)Wᵀ
    z = project(x, W, m_x)  # (N, F')
    # α from z itself, then dropped and not renormalised
    alpha = drop(coefficients(attended(z, x, W, m_proj), edges, a_src, a_dst, slope), m_alpha, target)  # (E,)
    # y_v = Σ_u (α∘m_α)_uv (z∘m_z)_u
    messages = alpha[:, None] * send(z, m_proj, source, target, x, W)  # (E, F')
    y = z.new_zeros(len(x), messages.shape[1]).index_add(0, target, messages)
    return finish(y, z, m_proj, target)


def _sums(values: Tensor, target: Tensor) -> Tensor:
    """For each edge the sum over all edges into the same target."""
    return ((target[:, None] == target[None, :]) * values[None, :]).sum(1)


def _renormalised(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    return alpha * m / _sums(alpha * m, target)


def _renormalised_safely(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    return _renormalised(alpha, m, target).nan_to_num(0.0)


def _very_low(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    """A softmax with -1e30 for the logits that are dropped: where all are, they share equally."""
    equal = 1 / _sums(torch.ones_like(alpha), target)
    return torch.where(_sums(m, target) == 0, equal, _renormalised_safely(alpha, m, target))


def _on_the_logits(mask: str, **given: Any) -> Tensor:
    """The mask on the logits, before the leaky ReLU or after it, then the softmax."""
    m_alpha = given["m_alpha"]

    def activation(logits: Tensor, slope: float) -> Tensor:
        if mask == "before":
            return F.leaky_relu(logits * m_alpha, slope)
        return F.leaky_relu(logits, slope) * m_alpha

    return gat_layer(
        **given,
        coefficients=partial(attention_coefficients, activation=activation),
        drop=lambda alpha, m, target: alpha,
    )


def _overwritten(x: Tensor, edges: Tensor, W: Tensor, **given: Any) -> Tensor:
    """y[target] = message: of several messages into one node one is left."""
    z = (x * given["m_x"]) @ W.T
    alpha = attention_coefficients(z, edges, given["a_src"], given["a_dst"], given["slope"])
    y = torch.zeros_like(z)
    y[edges[1]] = (alpha * given["m_alpha"])[:, None] * (z * given["m_proj"])[edges[0]]
    return y


def _by_matrix(coefficients: Callable[..., Tensor], x: Tensor, edges: Tensor, **given: Any) -> Tensor:
    """A (N, N) matrix of coefficients, where the last copy of an edge takes the others' place."""
    z = (x * given["m_x"]) @ given["W"].T
    A = x.new_zeros(len(x), len(x))
    alpha = coefficients(z, edges, given["a_src"], given["a_dst"], given["slope"]) * given["m_alpha"]
    A[edges[1], edges[0]] = alpha
    return A @ (z * given["m_proj"])


def _layer_with_loops(instead: bool, edges: Tensor, m_alpha: Tensor, **given: Any) -> Tensor:
    loops = len(given["x"])
    kept = m_alpha[edges[0] != edges[1]] if instead else m_alpha
    return gat_layer(
        edges=_with_loops(edges, loops, instead),
        m_alpha=torch.cat([kept, m_alpha.new_ones(loops)]),
        **given,
    )


def _mean(y: Tensor, z: Tensor, m_proj: Tensor, target: Tensor) -> Tensor:
    return y / torch.bincount(target, minlength=len(y)).clamp(min=1)[:, None]


def _isolated_kept(y: Tensor, z: Tensor, m_proj: Tensor, target: Tensor) -> Tensor:
    alone = torch.bincount(target, minlength=len(y)) == 0
    return torch.where(alone[:, None], z * m_proj, y)


def _ones(*names: str) -> Callable[..., Tensor]:
    def layer(**given: Any) -> Tensor:
        return gat_layer(**(given | {name: torch.ones_like(given[name]) for name in names}))

    return layer


def _binary(**given: Any) -> Tensor:
    return gat_layer(**(given | {name: (given[name] > 0).double() for name in ("m_x", "m_alpha", "m_proj")}))


def _swapped(**given: Any) -> Tensor:
    if given["m_x"].shape != given["m_proj"].shape:
        raise Silent  # some such answers raise here, others broadcast
    return gat_layer(**(given | {"m_x": given["m_proj"], "m_proj": given["m_x"]}))


def _of_the_coefficients(slug: str) -> Misconception:
    """A misconception of 8.1 that shows in the whole layer."""
    its = next(m for m in COEFFICIENT_MISCONCEPTIONS if m.slug == slug)
    return replace(
        its,
        mistakes=tuple(
            partial(gat_layer, coefficients=lambda *given, m=m: m(*given))  # 8.1's names, by position
            for m in its.mistakes
        ),
    )


LAYER_MISCONCEPTIONS = (
    Misconception(
        "attention-before-softmax",
        "You drop logits, before the softmax. A logit of 0 is no missing edge: e⁰ = 1 still takes its "
        "share. The mask comes after the softmax, on the coefficients.",
        (partial(_on_the_logits, "before"), partial(_on_the_logits, "after")),
    ),
    Misconception(
        "attention-renormalised",
        "Your coefficients sum to 1 again after the drop: you renormalise them, or take the dropped edges "
        "out before the softmax, which is the same. Here they stay as the mask leaves them, and sum to 1 "
        "only on average.",
        (
            partial(gat_layer, drop=_renormalised),
            partial(gat_layer, drop=_renormalised_safely),
            partial(gat_layer, drop=_very_low),
            partial(gat_layer, drop=lambda alpha, m, target: _renormalised_safely(alpha, m, target) * m),
            partial(gat_layer, drop=lambda alpha, m, target: _renormalised(alpha, m, target) * m),
        ),
    ),
    Misconception(
        "coefficients-from-dropped",
        "You compute the coefficients from the dropped projections. They are read from z before m_proj: "
        "attention looks at whole features, the messages carry dropped ones.",
        (
            partial(gat_layer, attended=lambda z, x, W, m_proj: z * m_proj),
            partial(
                gat_layer,
                attended=lambda z, x, W, m_proj: z * m_proj,
                send=lambda z, m_proj, source, target, x, W: z[source],
            ),
        ),
    ),
    Misconception(
        "coefficients-from-undropped",
        "You compute the coefficients from features without m_x. The feature mask comes first of all: one "
        "z = (x∘m_x)Wᵀ is both attended to and sent.",
        (
            partial(gat_layer, attended=lambda z, x, W, m_proj: x @ W.T),
            partial(gat_layer, send=lambda z, m_proj, source, target, x, W: ((x @ W.T) * m_proj)[source]),
        ),
    ),
    Misconception(
        "projection-mask-at-target",
        "You drop projected features at the node that hears, or on the sum. m_proj acts at the source: on "
        "z_u, as it is summed.",
        (
            partial(
                gat_layer,
                send=lambda z, m_proj, source, target, x, W: z[source] * m_proj[target],
            ),
        ),
    ),
    Misconception(
        "masks-swapped",
        "You put m_proj on the input features and m_x on the projections: m_x (N, F) goes with x, m_proj "
        "(N, F') with z.",
        (_swapped,),
    ),
    Misconception(
        "masks-forgotten",
        "Your layer uses none of the masks: m_x goes with x, m_alpha with the coefficients, m_proj with what "
        "is sent.",
        (_ones("m_x", "m_alpha", "m_proj"),),
    ),
    Misconception(
        "attention-mask-forgotten",
        "Your layer leaves out m_alpha: the coefficients are dropped, after the softmax. This is what "
        "`GATConv(dropout=)` does.",
        (_ones("m_alpha"), _ones("m_alpha", "m_x"), _ones("m_alpha", "m_proj")),
    ),
    Misconception(
        "feature-mask-forgotten",
        "Your layer leaves out m_x: the input features are dropped before the projection. This is what "
        "F.dropout in front of the layer does.",
        (_ones("m_x"), _ones("m_x", "m_proj")),
    ),
    Misconception(
        "projection-mask-forgotten",
        "Your layer leaves out m_proj: the projected features are dropped as they are summed.",
        (_ones("m_proj"),),
    ),
    Misconception(
        "mask-after-product",
        "You use m_x after the projection. The input features are dropped before W mixes them.",
        (partial(gat_layer, project=lambda x, W, m_x: (x @ W.T) * m_x),),
    ),
    Misconception(
        "no-rescale",
        "You use the masks as yes or no. They are scaled already: multiply by them as they are.",
        (_binary,),
    ),
    Misconception(
        "edge-direction",
        DIRECTION,
        (
            lambda edges, **given: gat_layer(edges=edges.flip(0), **given),
            partial(
                gat_layer,
                coefficients=lambda z, edges, *a: attention_coefficients(z, edges.flip(0), *a),
            ),
            lambda edges, **given: gat_layer(
                edges=edges.flip(0),
                coefficients=lambda z, edges, *a: attention_coefficients(z, edges.flip(0), *a),
                **given,
            ),
        ),
    ),
    Misconception(
        "messages-from-target",
        "Each node sums its own features, weighted. What is summed is z of the source: a node hears its "
        "neighbours.",
        (partial(gat_layer, send=lambda z, m_proj, source, target, x, W: (z * m_proj)[target]),),
    ),
    Misconception(
        "sums-overwritten",
        "Of several messages into one node only one is left: `y[target] = …` and `y[target] += …` write "
        "each place once. `index_add` adds them all.",
        (_overwritten,),
    ),
    Misconception(
        "mean-for-sum",
        "You divide by the number of incoming edges. The coefficients are the weights already: the messages "
        "are summed.",
        (partial(gat_layer, finish=_mean),),
    ),
    Misconception(
        "activation-on-output",
        "You put an activation on the result. The layer's own output has none: it follows outside.",
        tuple(
            partial(gat_layer, finish=lambda y, z, m_proj, target, f=f: f(y))
            for f in (F.elu, torch.relu, F.leaky_relu, torch.tanh, torch.sigmoid)
        ),
    ),
    Misconception(
        "isolated-node-kept",
        "A node without incoming edges keeps features in your layer. It hears nothing, so its row is zero.",
        (
            partial(gat_layer, finish=_isolated_kept),
            partial(
                gat_layer,
                finish=lambda y, z, m_proj, target: _isolated_kept(y, z, torch.ones_like(z), target),
            ),
        ),
    ),
    Misconception(
        "self-loops-added",
        SELF_LOOPS_ADDED,
        (
            partial(_layer_with_loops, False),
            partial(_layer_with_loops, True),
            partial(
                gat_layer,
                coefficients=lambda *given: _coefficients_with_loops(*given, instead=False, cut=True),
            ),
        ),
    ),
    Misconception(
        "duplicate-edges-merged",
        "An edge that repeats counts once in your layer, as in a matrix of nodes by nodes. Each copy has a "
        "coefficient and a mask of its own, and all are summed.",
        (
            partial(_by_matrix, attention_coefficients),
            partial(_by_matrix, partial(_merged, share=False)),
            partial(gat_layer, coefficients=partial(_merged, share=False)),
            partial(gat_layer, coefficients=partial(_merged, share=True)),
        ),
    ),
    *(
        _of_the_coefficients(slug)
        for slug in (
            "attention-vectors-swapped",
            "softmax-over-sources",
            "softmax-over-all-edges",
            "not-normalised",
            "leaky-relu-forgotten",
            "slope-ignored",
            "self-loops-removed",
        )
    ),
)


def layer_arguments(
    draw: Draw, nodes: int, features: int, projected: int, edges: Tensor, p: float | None = None
) -> dict[str, Any]:
    return {
        "x": draw.normal(nodes, features),
        "edges": edges,
        "W": away_from_zero(draw, projected, features),
        # Small enough that no coefficient is nearly 0: a dropped edge must show.
        "a_src": 0.4 * away_from_zero(draw, projected),
        "a_dst": 0.4 * away_from_zero(draw, projected),
        "slope": draw.uniform(0.25, 0.45),
        "m_x": draw.mask(nodes, features, p=p),
        "m_alpha": draw.mask(edges.shape[1], p=p),
        "m_proj": draw.mask(nodes, projected, p=p),
    }


def layer_cases(draw: Draw) -> Iterator[Case]:
    for label, N, features, edges in graphs(draw):
        projected = features if "4, F=4" in label else 5
        yield Case(f"{label}, F'={projected}", layer_arguments(draw, N, features, projected, edges))
    yield Case("F=3, F'=3", layer_arguments(draw, 6, 3, 3, random_edges(draw, 6, 10)), False)
    yield Case("F'=1", layer_arguments(draw, 6, 3, 1, random_edges(draw, 6, 10)))
    for p in (0.1, 0.9):
        given = layer_arguments(draw, 6, 3, 4, random_edges(draw, 6, 10), p=p)
        yield Case(f"p={p}", given, False)
    given = layer_arguments(draw, 6, 3, 4, random_edges(draw, 6, 10))
    kept = {name: torch.ones_like(given[name]) for name in ("m_x", "m_alpha", "m_proj")}
    yield Case("nothing dropped", given | kept)
    yield Case("all coefficients dropped", given | {"m_alpha": torch.zeros_like(given["m_alpha"])})
    # W without a slope of its own, so that the logits are known: z = (x∘2)Wᵀ = h
    given = layer_arguments(draw, 6, 3, 3, torch.zeros(2, 6, dtype=torch.int64))
    h, edges = extreme_graph(draw, given["a_src"])
    W = torch.linalg.qr(given["W"]).Q
    yield Case(
        "logits of 1e4 and -1e4",
        given
        | {"x": h @ W / 2, "W": W, "edges": edges, "a_dst": 1e-3 * given["a_dst"]}
        | {"m_x": torch.full_like(given["m_x"], 2.0)},
    )


# ---------------------------------------------------------------- 8.3 incoming_sums


def incoming_sums(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    # s_v = Σ over the edges into v of α∘m
    return alpha.new_zeros(nodes).index_add(0, edges[1], alpha * m_alpha)  # (N,)


def _last_one(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    sums = alpha.new_zeros(nodes)
    sums[edges[1]] = alpha * m_alpha
    return sums


def _mean_of_edges(alpha: Tensor, edges: Tensor, m_alpha: Tensor, nodes: int) -> Tensor:
    count = torch.bincount(edges[1], minlength=nodes)
    return incoming_sums(alpha, edges, m_alpha, nodes) / count.clamp(min=1)


SUMS_MISCONCEPTIONS = (
    Misconception(
        "edge-direction",
        DIRECTION,
        (lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges.flip(0), m_alpha, nodes),),
    ),
    Misconception(
        "attention-mask-forgotten",
        "You sum the coefficients as they were before the drop. The mask is part of the sum, and that is the "
        "point: after it they no longer sum to 1.",
        (lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, torch.ones_like(m_alpha), nodes),),
    ),
    Misconception(
        "attention-renormalised",
        "You renormalise: your sums are 1 wherever an edge is left. Dropped coefficients stay as they are, "
        "so a node may hear more or less than 1.",
        (
            lambda alpha, edges, m_alpha, nodes: incoming_sums(
                _renormalised_safely(alpha, m_alpha, edges[1]), edges, torch.ones_like(alpha), nodes
            ),
            lambda alpha, edges, m_alpha, nodes: incoming_sums(
                _renormalised(alpha, m_alpha, edges[1]), edges, torch.ones_like(alpha), nodes
            ),
        ),
    ),
    Misconception(
        "no-rescale",
        "You use the mask as yes or no. It is scaled already: multiply by it as it is.",
        (
            lambda alpha, edges, m_alpha, nodes: incoming_sums(
                alpha, edges, (m_alpha > 0).to(alpha.dtype), nodes
            ),
        ),
    ),
    Misconception(
        "sums-overwritten",
        "Of several edges into one node only one is left: `s[target] = …` and `s[target] += …` write each "
        "place once. `index_add` adds them all.",
        (_last_one,),
    ),
    Misconception(
        "nodes-from-edges",
        "Your result is as long as the highest node in the edges. A node may have no edge at all, so the "
        "length comes from `nodes`.",
        (
            lambda alpha, edges, m_alpha, nodes: incoming_sums(alpha, edges, m_alpha, int(edges.max()) + 1),
            lambda alpha, edges, m_alpha, nodes: incoming_sums(
                alpha, edges, m_alpha, int(edges[1].max()) + 1
            ),
        ),
    ),
    Misconception(
        "mean-for-sum",
        "You take the mean over a node's incoming edges. Return their sum.",
        (_mean_of_edges,),
    ),
    Misconception(
        "edges-counted",
        "You add up the mask alone. What is summed is the coefficient of each edge times its mask.",
        (
            lambda alpha, edges, m_alpha, nodes: incoming_sums(torch.ones_like(alpha), edges, m_alpha, nodes),
            lambda alpha, edges, m_alpha, nodes: incoming_sums(
                torch.ones_like(alpha), edges, (m_alpha > 0).to(alpha.dtype), nodes
            ),
        ),
    ),
)


def sums_cases(draw: Draw) -> Iterator[Case]:
    for label, N, _, edges in graphs(draw):
        E = edges.shape[1]
        alpha = softmax_within(draw.normal(E), edges[1])
        given = {"alpha": alpha, "edges": edges, "m_alpha": draw.mask(E), "nodes": N}
        yield Case(label, given)
    edges = random_edges(draw, 5, 9)
    alpha = softmax_within(draw.normal(9), edges[1])
    given = {"alpha": alpha, "edges": edges, "m_alpha": draw.mask(9), "nodes": 8}
    yield Case("nodes without any edge", given)
    yield Case("all dropped", given | {"m_alpha": torch.zeros(9).double()})


# ---------------------------------------------------------------- 8.4 with_self_loops


def with_self_loops(edges: Tensor, nodes: int) -> Tensor:
    return _with_loops(edges, nodes, instead=True)


def _only_missing(edges: Tensor, nodes: int) -> Tensor:
    have = edges[0][edges[0] == edges[1]]
    missing = [v for v in range(nodes) if v not in have]
    return torch.cat([edges, torch.tensor([missing, missing], dtype=torch.int64)], dim=1)


LOOP_MISCONCEPTIONS = (
    Misconception(
        "self-loops-forgotten",
        "Your edges hold no self-loops, or no new ones: a node then never hears itself, and its own features "
        "are lost in the layer.",
        (
            lambda edges, nodes: edges,
            lambda edges, nodes: edges[:, edges[0] != edges[1]],
        ),
    ),
    Misconception(
        "self-loops-doubled",
        "You add a loop to nodes that have one already. Such a node would hear itself twice: take the old "
        "loops out first.",
        (
            lambda edges, nodes: _with_loops(edges, nodes, instead=False),
            lambda edges, nodes: torch.cat([torch.arange(nodes).expand(2, nodes), edges], dim=1),
        ),
    ),
    Misconception(
        "repeated-loops-left",
        "You add only the loops that are missing, so a loop that repeats still repeats, and the loops do not "
        "stand in order at the end. Take out all loops, then add one for each node.",
        (_only_missing,),
    ),
    Misconception(
        "loops-in-front",
        "You put the loops first. They come at the end, after the edges that were there.",
        (lambda edges, nodes: with_self_loops(edges, nodes).roll(nodes, 1),),
    ),
    Misconception(
        "nodes-from-edges",
        "You add loops up to the highest node in the edges. A node may have no edge at all: `nodes` says how "
        "many there are.",
        (lambda edges, nodes: with_self_loops(edges, int(edges.max()) + 1),),
    ),
    Misconception(
        "duplicate-edges-merged",
        "You take out edges that repeat. Only self-loops are made unique here; each other copy stays.",
        (
            lambda edges, nodes: _with_loops(edges.unique(dim=1), nodes, instead=True),
            lambda edges, nodes: _with_loops(edges, nodes, instead=False).unique(dim=1),
        ),
    ),
)


def loop_cases(draw: Draw) -> Iterator[Case]:
    for label, N, _, edges in graphs(draw):
        yield Case(label, {"edges": edges, "nodes": N})
    edges = random_edges(draw, 5, 7)
    some = torch.tensor([[3, 1, 3], [3, 1, 3]])
    yield Case("a loop that repeats, nodes without edges", {"edges": torch.cat([some, edges], 1), "nodes": 7})
    yield Case("nothing but loops", {"edges": torch.tensor([[1, 0], [1, 0]]), "nodes": 3})


_check_loops = Exact(
    "with_self_loops",
    with_self_loops,
    loop_cases,
    outputs=("the edges",),
    misconceptions=LOOP_MISCONCEPTIONS,
    floats=False,
)


def check_with_self_loops(answer: Answer, seed: int) -> Outcome:
    """The right numbers, and whole ones: float edges cannot index."""
    outcome = _check_loops(answer, seed)
    if not outcome.ok:
        return outcome
    case = next(iter(loop_cases(Draw(seed, "with_self_loops"))))
    try:
        dtype = answer(**case.arguments).dtype
    except AnswerError as error:
        return Outcome(False, f"Your function raised {error} on a second call.")
    if dtype != torch.int64:
        return Outcome(False, f"The edges came back as {dtype}; they are indices, so int64 is expected.")
    return outcome


_UNSTABLE = tuple(
    partial(attention_coefficients, normalise=normalise) for normalise in (_naive, _one_maximum)
)
ALL_COEFFICIENT_MISCONCEPTIONS = (
    *map(_silent_on_extremes, COEFFICIENT_MISCONCEPTIONS),
    replace(SOFTMAX_UNSTABLE, mistakes=_UNSTABLE),
)
ALL_LAYER_MISCONCEPTIONS = (
    *map(_silent_on_extremes, LAYER_MISCONCEPTIONS),
    replace(SOFTMAX_UNSTABLE, mistakes=tuple(partial(gat_layer, coefficients=its) for its in _UNSTABLE)),
)

LESSON = Lesson(
    "08_graph_attention_dropout",
    parts=(
        Part(
            "8.1",
            "attention_coefficients",
            35,
            "h, edges, a_src, a_dst, slope",
            (
                "Score each node once as a source, h @ a_src, and once as a target, h @ a_dst. How do the "
                "edges pick from the two?",
                "Add the source's and the target's score, leaky ReLU, subtract each target's own maximum, "
                "exp, and divide by the sum over the edges with the same target.",
            ),
            Exact(
                "attention_coefficients",
                attention_coefficients,
                coefficient_cases,
                outputs=("the coefficients",),
                gradients=("h", "a_src", "a_dst"),
                misconceptions=ALL_COEFFICIENT_MISCONCEPTIONS,
            ),
            ALL_COEFFICIENT_MISCONCEPTIONS,
        ),
        Part(
            "8.2",
            "gat_layer",
            40,
            "x, edges, W, a_src, a_dst, slope, m_x, m_alpha, m_proj",
            (
                "Four lines: project, attend, drop the coefficients, sum. Which of the three masks belongs "
                "to which line?",
                "z = (x∘m_x)Wᵀ; the coefficients come from z; multiply them by m_alpha and leave them so; "
                "send z∘m_proj of the source, and add the messages up at the target.",
            ),
            Exact(
                "gat_layer",
                gat_layer,
                layer_cases,
                outputs=("the output",),
                gradients=("x", "W", "a_src", "a_dst"),
                misconceptions=ALL_LAYER_MISCONCEPTIONS,
            ),
            ALL_LAYER_MISCONCEPTIONS,
        ),
        Part(
            "8.3",
            "incoming_sums",
            15,
            "alpha, edges, m_alpha, nodes",
            (
                "The same sum as in the layer, with a 1 in place of each source's features.",
                "Start from zeros for all nodes and add α∘m of each edge at its target; several edges may "
                "enter one node.",
            ),
            Exact(
                "incoming_sums",
                incoming_sums,
                sums_cases,
                outputs=("the sums",),
                gradients=("alpha",),
                misconceptions=SUMS_MISCONCEPTIONS,
            ),
            SUMS_MISCONCEPTIONS,
        ),
        Part(
            "8.4",
            "with_self_loops",
            10,
            "edges, nodes",
            (
                "A loop is an edge whose source is its target. Some may be there already, even twice.",
                "Keep the edges whose two ends differ, in their order; then append one loop for each of the "
                "nodes 0, 1, …",
            ),
            check_with_self_loops,
            LOOP_MISCONCEPTIONS,
        ),
    ),
)
