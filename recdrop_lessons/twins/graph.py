"""Graph convolution in NumPy, by its adjacency matrix: the independent side of each comparison.

The layer sums over a list of edges. The twin multiplies whole matrices, one for each feature, since a mask
may differ from feature to feature.
"""

from __future__ import annotations

import numpy as np

from recdrop_lessons.twins.equations import Array, drop


def with_self_loops(edges: Array, weight: Array, nodes: int) -> tuple[Array, Array]:
    """Return edges (2, E') and weights (E',) with a self-loop a node at the end, of weight 1 if added."""
    loops = dict.fromkeys(range(nodes), 1.0)
    plain = []
    for edge, (u, v) in enumerate(edges.T.tolist()):
        if u == v:
            loops[u] = weight[edge]
        else:
            plain.append(edge)
    own = np.arange(nodes)
    return (
        np.concatenate([edges[:, plain], np.stack([own, own])], axis=1).astype(int),
        np.concatenate([weight[plain], np.array(list(loops.values()))]),
    )


def graph_conv(
    x: Array, edges: Array, W: Array, b: Array | float = 0.0, *,
    edge_weight: Array | None = None, self_loops: bool = True, masks: dict[str, Array] | None = None,
) -> Array:  # fmt: skip
    """One graph convolution with dropout of features and of messages.

    Shapes: x (N, F), edges (2, E), W (F', F), b (F',); masks "input" (N, F) and "message" (E', F' or 1), the
        self-loops at the end → (N, F').
    Equation: Y_j = (D^-1/2 (M_j∘A) D^-1/2)ᵀ Z_j + b_j, Z = (m_x∘x) Wᵀ, D_vv = Σ_u A_uv. The degrees are
        those of the whole graph.
    Source: Kipf & Welling 2017, equation 2.
    """
    m, nodes = masks or {}, len(x)
    weight = np.ones(edges.shape[1]) if edge_weight is None else edge_weight
    if self_loops:
        edges, weight = with_self_loops(edges, weight, nodes)
    z = drop(x, m.get("input")) @ W.T  # (N, F')
    mask = np.broadcast_to(m.get("message", np.ones((1, 1))), (edges.shape[1], len(W)))  # (E', F')
    whole = np.zeros((nodes, nodes), np.result_type(weight, float))
    np.add.at(whole, tuple(edges), weight)
    degree = whole.sum(0)  # into each node
    scale = np.zeros_like(degree)
    scale[degree != 0] = degree[degree != 0] ** -0.5
    y = np.empty(z.shape, np.result_type(z, whole, mask))
    for j in range(z.shape[1]):
        masked = np.zeros((nodes, nodes), y.dtype)
        np.add.at(masked, tuple(edges), weight * mask[:, j])
        y[:, j] = (scale[:, None] * masked * scale).T @ z[:, j]
    return y + b
