"""8.2 The layer with its three masks.

Longer than other parts: a layer with three masks has some thirty misconceptions, each beside the function
that makes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from recdrop_lessons.checks.cases import Case
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.exact import exact_part
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._graphs import (
    away_from_zero,
    extreme_graph,
    graphs,
    random_edges,
)
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout._shared import (
    renormalised,
    renormalised_safely,
    sums,
)
from recdrop_lessons.checks.lessons.lesson_08_graph_attention_dropout.attention_coefficients import (
    COEFFICIENT_MISCONCEPTIONS,
    DIRECTION,
    SELF_LOOPS_ADDED,
    SOFTMAX_UNSTABLE,
    UNSTABLE,
    attention_coefficients,
    coefficients_with_loops,
    merged,
    silent_on_extremes,
    with_loops,
)
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.recognise import Silent


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
    """A graph attention layer with masks on features, coefficients and projected features.

    Args:
        x: the nodes' features, (N, F).
        edges: source and target of each edge, int64, (2, E).
        W: the projection, (F', F).
        a_src: scores a projected node as a source, (F',).
        a_dst: scores a projected node as a target, (F',).
        slope: the leaky ReLU's slope below zero, a float between 0 and 1.
        m_x: the mask of the features, (N, F), scaled.
        m_alpha: the mask of the coefficients, (E,), scaled.
        m_proj: the mask of the projected features as they leave their node, (N, F'), scaled.

    Returns:
        The new features, (N, F'); zero for a node without incoming edges.
    """
    source, target = edges
    # z = (x∘m_x)Wᵀ
    z = project(x, W, m_x)  # (N, F')
    # α from z itself, then dropped and not renormalised
    alpha = drop(coefficients(attended(z, x, W, m_proj), edges, a_src, a_dst, slope), m_alpha, target)  # (E,)
    # y_v = Σ_u (α∘m_α)_uv (z∘m_z)_u
    messages = alpha[:, None] * send(z, m_proj, source, target, x, W)  # (E, F')
    y = z.new_zeros(len(x), messages.shape[1]).index_add(0, target, messages)
    return finish(y, z, m_proj, target)


def _very_low(alpha: Tensor, m: Tensor, target: Tensor) -> Tensor:
    """A softmax with -1e30 for the logits that are dropped: where all are, all get one coefficient."""
    equal = 1 / sums(torch.ones_like(alpha), target)
    return torch.where(sums(m, target) == 0, equal, renormalised_safely(alpha, m, target))


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
        edges=with_loops(edges, loops, instead), m_alpha=torch.cat([kept, m_alpha.new_ones(loops)]), **given
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
    return its.shown_by(
        *(
            partial(gat_layer, coefficients=lambda *given, m=m: m(*given))  # 8.1's names, by position
            for m in its.mistakes
        )
    )


LAYER_MISCONCEPTIONS = (
    Misconception(
        "attention-before-softmax",
        "You drop logits, before the softmax. A logit of 0 does not remove an edge: e⁰ = 1 still "
        "counts in the sum. The mask comes after the softmax, on the coefficients.",
        "Set a logit to 0 and take the softmax by hand. Is the edge gone?",
        partial(_on_the_logits, "before"),
        partial(_on_the_logits, "after"),
    ),
    Misconception(
        "attention-renormalised",
        "A dropped edge changes the coefficients of the others in your layer: you renormalise them, or take "
        "the dropped edges out before the softmax, which is the same. Here the others stay as they are, and "
        "a node's sum is 1 only on average.",
        "Two edges enter a node with 0.25 and 0.75, and the first is dropped. What is the coefficient of the "
        "second before it meets its mask, and what is it in your layer?",
        partial(gat_layer, drop=renormalised),
        partial(gat_layer, drop=renormalised_safely),
        partial(gat_layer, drop=_very_low),
        partial(gat_layer, drop=lambda alpha, m, target: renormalised_safely(alpha, m, target) * m),
        partial(gat_layer, drop=lambda alpha, m, target: renormalised(alpha, m, target) * m),
    ),
    Misconception(
        "coefficients-from-dropped",
        "You compute the coefficients from the dropped projections. They are read from z before m_proj: "
        "attention looks at whole features, the messages carry dropped ones.",
        "Two lines read the projections: the scores and the messages. Which of them should see m_proj?",
        partial(gat_layer, attended=lambda z, x, W, m_proj: z * m_proj),
        partial(
            gat_layer,
            attended=lambda z, x, W, m_proj: z * m_proj,
            send=lambda z, m_proj, source, target, x, W: z[source],
        ),
    ),
    Misconception(
        "coefficients-from-undropped",
        "You compute the coefficients from features without m_x. The feature mask comes first of all: one "
        "z = (x∘m_x)Wᵀ is both attended to and sent.",
        "What is the very first thing that happens to x? Is it what your scores are computed from?",
        partial(gat_layer, attended=lambda z, x, W, m_proj: x @ W.T),
    ),
    Misconception(
        "messages-from-undropped",
        "You send features without m_x. The feature mask comes first of all: one z = (x∘m_x)Wᵀ is both "
        "attended to and sent.",
        "What is the very first thing that happens to x? Is it what your messages are made of?",
        partial(gat_layer, send=lambda z, m_proj, source, target, x, W: ((x @ W.T) * m_proj)[source]),
    ),
    Misconception(
        "projection-mask-at-target",
        "You drop projected features at the target, or on the sum. m_proj acts at the source: on "
        "z_u, as it is summed.",
        "With which index do you read m_proj: the source's, or the target's?",
        partial(gat_layer, send=lambda z, m_proj, source, target, x, W: z[source] * m_proj[target]),
    ),
    Misconception(
        "masks-swapped",
        "You put m_proj on the input features and m_x on the projections: m_x (N, F) goes with x, m_proj "
        "(N, F') with z.",
        "Compare the sizes: which mask has F columns, which has F'?",
        _swapped,
    ),
    Misconception(
        "masks-forgotten",
        "Your layer uses none of the masks: m_x goes with x, m_alpha with the coefficients, m_proj with what "
        "is sent.",
        "Search your function for each of the three masks.",
        _ones("m_x", "m_alpha", "m_proj"),
    ),
    Misconception(
        "attention-mask-forgotten",
        "Your layer leaves out m_alpha: the coefficients are dropped, after the softmax. This is what "
        "`GATConv(dropout=)` does.",
        "Search your function for m_alpha. What does it multiply, and is the product used?",
        _ones("m_alpha"),
        _ones("m_alpha", "m_x"),
        _ones("m_alpha", "m_proj"),
    ),
    Misconception(
        "feature-mask-forgotten",
        "Your layer leaves out m_x: the input features are dropped before the projection. This is what "
        "F.dropout in front of the layer does.",
        "Search your function for m_x. What does it multiply, and is the product used?",
        _ones("m_x"),
        _ones("m_x", "m_proj"),
    ),
    Misconception(
        "projection-mask-forgotten",
        "Your layer leaves out m_proj: the projected features are dropped as they are summed.",
        "Search your function for m_proj. What does it multiply, and is the product used?",
        _ones("m_proj"),
    ),
    Misconception(
        "mask-after-product",
        "You use m_x after the projection. The input features are dropped before W mixes them.",
        "Does m_x have as many columns as x, or as the projection?",
        partial(gat_layer, project=lambda x, W, m_x: (x @ W.T) * m_x),
    ),
    Misconception(
        "no-rescale",
        "You use the masks as yes or no. They are scaled already: multiply by them as they are.",
        "Print a row of a mask. Which values does it hold, and what do you do with the larger one?",
        _binary,
    ),
    DIRECTION.shown_by(
        lambda edges, **given: gat_layer(edges=edges.flip(0), **given),
        partial(gat_layer, coefficients=lambda z, edges, *a: attention_coefficients(z, edges.flip(0), *a)),
        lambda edges, **given: gat_layer(
            edges=edges.flip(0),
            coefficients=lambda z, edges, *a: attention_coefficients(z, edges.flip(0), *a),
            **given,
        ),
    ),
    Misconception(
        "messages-from-target",
        "Each node sums its own features, weighted. What is summed is z of the source: a node receives "
        "features of its neighbours.",
        "An arrow goes from u to v. Whose features should arrive at v?",
        partial(gat_layer, send=lambda z, m_proj, source, target, x, W: (z * m_proj)[target]),
    ),
    Misconception(
        "sums-overwritten",
        "Of several messages into one node only one is left: `y[target] = …` and `y[target] += …` write "
        "each place once. `index_add` adds them all.",
        "Run `y = torch.zeros(2); y[torch.tensor([0, 0])] += 1` and look at y.",
        _overwritten,
    ),
    Misconception(
        "nodes-from-edges",
        "You take the number of nodes from the edges. A node may have no edge at all, so the "
        "number of nodes is that of x.",
        "Add a node without any edge. Does your result have a row for it?",
        lambda edges, **given: gat_layer(edges=edges, **given)[: int(edges.max()) + 1],
        lambda edges, **given: gat_layer(edges=edges, **given)[: int(edges[1].max()) + 1],
        lambda edges, **given: gat_layer(edges=edges, **given)[edges[1].unique()],
        lambda edges, **given: gat_layer(edges=edges, **given)[edges.unique()],
    ),
    Misconception(
        "mean-for-sum",
        "You divide by the number of incoming edges. The coefficients are the weights already: the messages "
        "are summed.",
        "What do the coefficients into a node sum to without a mask? Is another division needed?",
        partial(gat_layer, finish=_mean),
    ),
    Misconception(
        "activation-on-output",
        "You put an activation on the result. The layer's own output has none: it follows outside.",
        "Can your result be negative? The text has no activation at its end.",
        *(
            partial(gat_layer, finish=lambda y, z, m_proj, target, f=f: f(y))
            for f in (F.elu, torch.relu, F.leaky_relu, torch.tanh, torch.sigmoid)
        ),
    ),
    Misconception(
        "isolated-node-kept",
        "A node without incoming edges keeps features in your layer. It receives nothing, so its output is "
        "zero.",
        "Take a node that no edge enters. What is a sum of nothing?",
        partial(gat_layer, finish=_isolated_kept),
        partial(
            gat_layer, finish=lambda y, z, m_proj, target: _isolated_kept(y, z, torch.ones_like(z), target)
        ),
    ),
    SELF_LOOPS_ADDED.shown_by(
        partial(_layer_with_loops, False),
        partial(_layer_with_loops, True),
        partial(
            gat_layer, coefficients=lambda *given: coefficients_with_loops(*given, instead=False, cut=True)
        ),
    ),
    Misconception(
        "duplicate-edges-merged",
        "An edge that repeats counts once in your layer, as in a matrix of nodes by nodes. Each copy has a "
        "coefficient and a mask of its own, and all are summed.",
        "Give the layer the same edge twice with two different masks. Do both take part?",
        partial(_by_matrix, attention_coefficients),
        partial(_by_matrix, partial(merged, share=False)),
        partial(gat_layer, coefficients=partial(merged, share=False)),
        partial(gat_layer, coefficients=partial(merged, share=True)),
    ),
    *(
        _of_the_coefficients(slug)
        for slug in (
            "attention-vectors-swapped",
            "softmax-over-sources",
            "softmax-over-all-edges",
            "not-normalised",
            "denominator-overwritten",
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


MISCONCEPTIONS = (
    *map(silent_on_extremes, LAYER_MISCONCEPTIONS),
    SOFTMAX_UNSTABLE.shown_by(*(partial(gat_layer, coefficients=its) for its in UNSTABLE)),
)

PART = exact_part(
    "8.2",
    gat_layer,
    points=35,
    hints=(
        "Four lines: project, attend, drop the coefficients, sum. Which of the three masks belongs to "
        "which line?",
        "The coefficients and the messages both come from the projections. Which of the two sees m_proj, "
        "and at which end of the edge?",
        "z = (x∘m_x)·Wᵀ, and y_v = Σ (α∘m_α)_uv·(z∘m_proj)_u over the edges u→v. α comes from z before "
        "m_proj, and is not renormalised after m_alpha. Add the messages up at their targets.",
    ),
    cases=layer_cases,
    outputs=("the output",),
    gradients=("x", "W", "a_src", "a_dst"),
    misconceptions=MISCONCEPTIONS,
)
