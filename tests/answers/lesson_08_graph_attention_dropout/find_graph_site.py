"""Right and wrong answers to 8.5."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


def same(a, b):
    return torch.allclose(a, b, rtol=0, atol=1e-6)


@bank.right
def by_the_sums(plain, dropped, edges, nodes):
    if same(plain["alpha"], dropped["alpha"]):
        return "none" if same(plain["y"], dropped["y"]) else "projected"
    for node in range(nodes):
        into = dropped["alpha"][edges[1] == node]
        if len(into) and abs(into.sum().item() - 1) > 1e-4:
            return "attention"
    return "features"


@bank.right
def beside_the_plain_sums(plain, dropped, edges, nodes):
    before, after = (
        torch.zeros(nodes).double().index_add(0, edges[1], one["alpha"].double()) for one in (plain, dropped)
    )
    if not same(before, after):
        return "attention"
    if not same(plain["alpha"], dropped["alpha"]):
        return "features"
    return "projected" if not same(plain["y"], dropped["y"]) else "none"


def judged(slug, changed):
    """A wrong answer about changed coefficients."""

    @bank.wrong(slug)
    def wrong(plain, dropped, edges, nodes):
        if same(plain["alpha"], dropped["alpha"]):
            return by_the_sums(plain, dropped, edges, nodes)
        return "attention" if changed(dropped["alpha"], edges, nodes) else "features"

    wrong.__name__ = slug or changed.__name__


def summed(alpha, target, nodes):
    return torch.zeros(nodes, dtype=alpha.dtype).index_add(0, target, alpha)


judged("zero-means-dropped", lambda alpha, edges, nodes: (alpha == 0).any())
judged("changed-means-dropped", lambda alpha, edges, nodes: True)
judged(
    "nodes-without-edges",
    lambda alpha, edges, nodes: ((summed(alpha, edges[1], nodes) - 1).abs() > 1e-5).any(),
)
judged(
    "exact-comparison",
    lambda alpha, edges, nodes: any(alpha[edges[1] == v].sum() != 1 for v in edges[1].unique()),
)
judged(
    "all-sums-expected",
    lambda alpha, edges, nodes: all(abs(alpha[edges[1] == v].sum() - 1) > 1e-5 for v in edges[1].unique()),
)
judged(
    "edge-direction",
    lambda alpha, edges, nodes: any(abs(alpha[edges[0] == v].sum() - 1) > 1e-5 for v in edges[0].unique()),
)


def renamed(slug, **names):
    @bank.wrong(slug)
    def wrong(plain, dropped, edges, nodes):
        found = by_the_sums(plain, dropped, edges, nodes)
        return names.get(found, found)


renamed("features-for-projected", features="projected", projected="features")
renamed("none-forgotten", none="projected")
renamed(None, none=None)


@bank.wrong("changes-input")
def subtracts_in_place(plain, dropped, edges, nodes):
    found = by_the_sums(plain, dropped, edges, nodes)
    dropped["y"] -= plain["y"]
    return found


@bank.wrong("features-for-projected")
def changed_coefficients_called_projected_vectorised(plain, dropped, edges, nodes):
    target = edges[1]
    alpha = dropped["alpha"]
    sums = torch.zeros(nodes, dtype=alpha.dtype, device=alpha.device).index_add(0, target, alpha)
    receives = torch.bincount(target, minlength=nodes) > 0
    if ((sums[receives] - 1).abs() > 2e-5).any():
        return "attention"
    same_alpha = torch.allclose(plain["alpha"], alpha, rtol=0, atol=2e-5)
    same_y = torch.allclose(plain["y"], dropped["y"], rtol=1e-5, atol=2e-5)
    if same_alpha and same_y:
        return "none"
    return "projected"


@bank.wrong("features-for-projected")
def changed_coefficients_called_projected_loop(plain, dropped, edges, nodes):
    tolerance = 2e-5
    received = {}
    for node, coefficient in zip(edges[1].tolist(), dropped["alpha"].tolist(), strict=True):
        received[node] = received.get(node, 0.0) + coefficient
    for node in range(nodes):
        if node in received and abs(received[node] - 1.0) > tolerance:
            return "attention"
    for before, after in zip(plain["alpha"].tolist(), dropped["alpha"].tolist(), strict=True):
        if abs(before - after) > tolerance:
            return "projected"
    for before, after in zip(plain["y"].flatten().tolist(), dropped["y"].flatten().tolist(), strict=True):
        if abs(before - after) > tolerance + 1e-5 * abs(before):
            return "projected"
    return "none"
