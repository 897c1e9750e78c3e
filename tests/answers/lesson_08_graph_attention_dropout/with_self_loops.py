"""Right and wrong answers to 8.4."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def loops_at_the_end(edges, nodes):
    others = edges[:, edges[0] != edges[1]]
    return torch.cat([others, torch.arange(nodes).repeat(2, 1)], dim=1)


@bank.right
def pair_by_pair(edges, nodes):
    pairs = [(u, v) for u, v in edges.T.tolist() if u != v] + [(v, v) for v in range(nodes)]
    return torch.tensor(pairs).T


@bank.right
def by_index(edges, nodes):
    keep = (edges[0] - edges[1]).nonzero().squeeze(1)
    own = torch.arange(nodes, dtype=edges.dtype)
    return torch.hstack([edges.index_select(1, keep), torch.vstack([own, own])])


@bank.wrong("self-loops-forgotten")
def as_they_are(edges, nodes):
    return edges


@bank.wrong("self-loops-forgotten")
def loops_out(edges, nodes):
    return edges[:, edges[0] != edges[1]]


@bank.wrong("self-loops-doubled")
def loops_appended(edges, nodes):
    return torch.cat([edges, torch.arange(nodes).expand(2, -1)], dim=1)


@bank.wrong("self-loops-doubled")
def loops_prepended(edges, nodes):
    return torch.cat([torch.arange(nodes).expand(2, -1), edges], dim=1)


@bank.wrong("repeated-loops-left")
def missing_loops(edges, nodes):
    have = set(edges[0][edges[0] == edges[1]].tolist())
    missing = torch.tensor([v for v in range(nodes) if v not in have], dtype=torch.int64)
    return torch.cat([edges, missing.expand(2, -1)], dim=1)


@bank.wrong("loops-in-front")
def in_front(edges, nodes):
    return torch.cat([torch.arange(nodes).repeat(2, 1), edges[:, edges[0] != edges[1]]], dim=1)


@bank.wrong("nodes-from-edges")
def to_the_highest(edges, nodes):
    return loops_at_the_end(edges, int(edges.max()) + 1)


@bank.wrong("duplicate-edges-merged")
def unique(edges, nodes):
    return torch.cat([edges, torch.arange(nodes).expand(2, -1)], dim=1).unique(dim=1)


@bank.wrong("dtype-changed")
def as_floats(edges, nodes):
    return loops_at_the_end(edges, nodes).float()


@bank.wrong("pairs-for-rows")
def transposed(edges, nodes):
    return loops_at_the_end(edges, nodes).T


@bank.wrong("number-for-tensor")
def as_lists(edges, nodes):
    return loops_at_the_end(edges, nodes).tolist()


@bank.wrong("shapes-do-not-fit")
def squeezes_one_edge(edges, nodes):
    keep = (edges[0] != edges[1]).nonzero().squeeze()
    return torch.cat([edges[:, keep], torch.arange(nodes).repeat(2, 1)], dim=1)


@bank.wrong("changes-input")
def loops_moved_in_place(edges, nodes):
    value = loops_at_the_end(edges, nodes)
    edges[:, edges[0] == edges[1]] = 0
    edges.add_(1).sub_(1)
    return value


@bank.wrong("edges-both-ways")
def both_directions(edges, nodes):
    keep = edges[0] != edges[1]
    loops = torch.arange(nodes)
    return torch.cat([edges[:, keep], edges[:, keep].flip(0), torch.stack([loops, loops])], dim=1)


@bank.wrong("loops-miscounted")
def one_loop_too_few(edges, nodes):
    keep = edges[0] != edges[1]
    loops = torch.arange(nodes - 1)
    return torch.cat([edges[:, keep], torch.stack([loops, loops])], dim=1)


@bank.wrong("pairs-for-rows")
def rows_of_pairs(edges, nodes):
    pairs = [(u, v) for u, v in edges.t().tolist() if u != v]
    pairs += [(v, v) for v in range(nodes)]
    return torch.tensor(pairs)


@bank.wrong("edges-sorted")
def by_target(edges, nodes):
    kept = edges[:, edges[0] != edges[1]]
    both = torch.cat([kept, torch.arange(nodes).repeat(2, 1)], dim=1)
    return both[:, both[1].argsort(stable=True)]
