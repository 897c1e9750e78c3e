"""Right and wrong answers to 12.1."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def looked_up(kind, edges, features, p, generator=None):
    nodes = int(edges.max()) + 1
    rows = edges.shape[1] if kind in ("message", "edge") else nodes
    columns = 1 if kind in ("edge", "node") else features
    mask = (torch.rand(rows, columns, generator=generator) >= p).float() / (1 - p)
    if rows == nodes and kind in ("node", "feature"):
        mask = mask[edges[0]]
    return mask.expand(-1, features)


@bank.right
def by_bernoulli_and_unique(kind, edges, features, p, generator=None):
    of_node, inverse = edges[0].unique(return_inverse=True)
    sizes = {
        "message": (edges.shape[1], features),
        "edge": (edges.shape[1], 1),
        "node": (len(of_node), 1),
        "feature": (len(of_node), features),
    }
    mask = torch.empty(sizes[kind]).bernoulli_(1 - p, generator=generator).div_(1 - p)
    mask = mask[inverse] if kind in ("node", "feature") else mask
    return mask * torch.ones(edges.shape[1], features)


@bank.right
def edge_by_edge(kind, edges, features, p, generator=None):
    drawn, rows = {}, []
    for k, source in enumerate(edges[0].tolist()):
        key = source if kind in ("node", "feature") else f"edge {k}"
        if key not in drawn:
            count = features if kind in ("message", "feature") else 1
            u = torch.rand(count, generator=generator)
            drawn[key] = torch.where(u < p, 0.0, 1 / (1 - p)).expand(features)
        rows.append(drawn[key])
    return torch.stack(rows)


def _drawn(rows, columns, p, generator):
    return (torch.rand(rows, columns, generator=generator) >= p) / (1 - p)


def _as(**kinds):
    """A right mask, but of another kind than was asked for."""

    def answer(kind, edges, features, p, generator=None):
        return looked_up(kinds.get(kind, kind), edges, features, p, generator)

    return answer


bank.wrong("kind-ignored")(_as(edge="message", node="message", feature="message"))
bank.wrong("edge-for-node")(_as(node="edge", feature="message"))
bank.wrong("features-apart")(_as(edge="message", node="feature"))
bank.wrong("features-together")(_as(message="edge", feature="node"))
bank.wrong("edge-and-node-exchanged")(_as(edge="node", node="edge"))
bank.wrong("message-and-feature-exchanged")(_as(message="feature", feature="message"))
bank.wrong("kind-misread")(_as(node="edge"))
bank.wrong("kind-misread")(_as(message="edge", edge="edge", node="edge", feature="edge"))
bank.wrong("kind-misread")(_as(feature="message"))


@bank.wrong("target-for-source")
def of_the_target(kind, edges, features, p, generator=None):
    return looked_up(kind, edges.flip(0), features, p, generator)


@bank.wrong("columns-dropped")
def columns(kind, edges, features, p, generator=None):
    if kind == "feature":
        return _drawn(1, features, p, generator).expand(edges.shape[1], -1)
    return looked_up(kind, edges, features, p, generator)


@bank.wrong("pairs-share")
def in_a_matrix(kind, edges, features, p, generator=None):
    if kind in ("node", "feature"):
        return looked_up(kind, edges, features, p, generator)
    nodes = int(edges.max()) + 1
    draws = torch.rand(nodes, nodes, 1 if kind == "edge" else features, generator=generator)
    return ((draws >= p) / (1 - p))[edges[0], edges[1]].expand(-1, features)


@bank.wrong("loops-spared")
def without_loops(kind, edges, features, p, generator=None):
    mask = looked_up(kind, edges, features, p, generator).clone()
    mask[edges[0] == edges[1]] = 1 / (1 - p)
    return mask


@bank.wrong("loops-spared")
def loops_at_one(kind, edges, features, p, generator=None):
    mask = looked_up(kind, edges, features, p, generator).clone()
    mask[edges[0] == edges[1]] = 1
    return mask


@bank.wrong("keep-probability")
def keeps(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, 1 - p if p else 0.0, generator)


@bank.wrong("no-rescale")
def unscaled(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, p, generator) * (1 - p)


@bank.wrong("wrong-scale")
def twice_scaled(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, p, generator) / (1 - p)


@bank.wrong("generator-ignored")
def without_generator(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, p)


@bank.wrong("same-mask-each-call")
def seeded(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, p, torch.Generator().manual_seed(5))


@bank.wrong("exact-count")
def so_many_edges(kind, edges, features, p, generator=None):
    if kind != "edge" or edges.shape[1] < 20:
        return looked_up(kind, edges, features, p, generator)
    gone = torch.randperm(edges.shape[1], generator=generator)[: round(p * edges.shape[1])]
    mask = torch.full((edges.shape[1], features), 1 / (1 - p))
    mask[gone] = 0
    return mask


@bank.wrong("dtype-changed")
def booleans(kind, edges, features, p, generator=None):
    return looked_up(kind, edges, features, p, generator) > 0


@bank.wrong("not-expanded")
def a_column(kind, edges, features, p, generator=None):
    mask = looked_up(kind, edges, features, p, generator)
    return mask[:, :1] if kind in ("edge", "node") else mask


@bank.wrong()
def highest_target_counts(kind, edges, features, p, generator=None):
    mask = _drawn(len(edges[0].unique()), features, p, generator)  # too few rows for the nodes' numbers
    return mask[edges[0]] if kind in ("node", "feature") else looked_up(kind, edges, features, p, generator)
