"""Right and wrong answers to 12.2."""

import torch
from bank import Bank

bank = Bank()
RIGHT, WRONG = bank.RIGHT, bank.WRONG


@bank.right
def by_dictionaries(y_plain, y_dropped, edges):
    targets = edges[1].tolist()
    by_source = {}
    for source, target in edges.T.tolist():
        if targets.count(target) == 1:
            ratio = (y_dropped[target] / y_plain[target]).double()
            by_source.setdefault(source, []).append(ratio)
    every = torch.cat([torch.stack(rows) for rows in by_source.values()])
    left = every[every != 0]
    if len(left) == every.numel() and (left - 1).abs().max() < 1e-4:
        return "none"
    if left.max() - left.min() > 1e-4 or left.max() < 1.001:
        return "removed"
    alike = all((row - row[0]).abs().max() < 1e-4 for row in every)
    together = all((row - rows[0]).abs().max() < 1e-4 for rows in by_source.values() for row in rows)
    if together:
        return "node" if alike else "feature"
    return "edge" if alike else "message"


@bank.right
def by_what_is_gone(y_plain, y_dropped, edges):
    count = torch.zeros(len(y_plain)).index_add(0, edges[1], torch.ones(edges.shape[1]))
    once = count[edges[1]] == 1
    source, target = edges[:, once]
    gone = y_dropped[target].abs() < 1e-7  # (leaves, F)
    scale = (y_dropped[target] / y_plain[target])[~gone]
    if not gone.any() and torch.allclose(scale, torch.ones_like(scale), atol=1e-4):
        return "none"
    one_scale = torch.allclose(scale, scale[:1].expand_as(scale), atol=1e-4)
    if not one_scale or scale[0] < 1.01:
        return "removed"
    whole = bool((gone.all(1) | ~gone.any(1)).all())
    apart = [gone[source == node] for node in source.unique()]
    together = all(bool((rows == rows[0]).all()) for rows in apart)
    names = {(True, True): "node", (True, False): "edge", (False, True): "feature", (False, False): "message"}
    return names[whole, together]


def renamed(slug, **names):
    @bank.wrong(slug)
    def wrong(y_plain, y_dropped, edges):
        found = by_dictionaries(y_plain, y_dropped, edges)
        return names.get(found, found)


renamed("removed-for-masked", removed="edge")
renamed("removed-for-masked", removed="node")
renamed("edge-for-node", node="edge")
renamed("edge-for-node", edge="node")
renamed("message-for-feature", feature="message")
renamed("message-for-feature", feature="message", message="feature")
renamed("features-not-compared", message="edge", feature="node")
renamed("features-not-compared", edge="message")
renamed("none-forgotten", none="message")
renamed("none-forgotten", none="removed")
renamed(None, none=None)


def judged(slug, chosen, end=1, tolerance=1e-4):
    """An answer that looks at other nodes, or compares otherwise."""

    @bank.wrong(slug)
    def wrong(y_plain, y_dropped, edges):
        count = torch.bincount(edges[end], minlength=len(y_plain))
        which = chosen(count[edges[end]])
        source, target = edges[1 - end][which], edges[end][which]
        ratio = y_dropped[target] / y_plain[target]
        left = ratio[ratio.abs() > 1e-4]
        if left.numel() == ratio.numel() and (left - 1).abs().max() <= tolerance:
            return "none"
        if left.max() - left.min() > tolerance or (left - 1).abs().max() <= tolerance:
            return "removed"
        alike = bool(((ratio - ratio[:, :1]).abs() <= tolerance).all())
        rows = [ratio[source == node] for node in source.unique()]
        together = all(bool(((one - one[0]).abs() <= tolerance).all()) for one in rows)
        if together:
            return "node" if alike else "feature"
        return "edge" if alike else "message"

    wrong.__name__ = slug


judged("all-nodes-compared", lambda count: count >= 1)
judged("exact-comparison", lambda count: count == 1, tolerance=0.0)


@bank.wrong("edge-direction")
def the_other_end(y_plain, y_dropped, edges):
    return by_what_is_gone(y_plain, y_dropped, edges.flip(0))


@bank.wrong("changes-input")
def subtracts_in_place(y_plain, y_dropped, edges):
    found = by_dictionaries(y_plain, y_dropped, edges)
    y_dropped -= y_plain
    return found
