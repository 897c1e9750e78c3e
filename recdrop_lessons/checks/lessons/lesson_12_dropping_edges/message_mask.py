"""12.1 The mask of every graph dropout.

Every way to share a draw has a mistake of its own. Two graphs tell them apart: each source joined to each of
many targets, and each source joined to one target many times. Put in order, their masks have the axes source,
target (or repetition) and feature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from recdrop_lessons.checks.answer import Answer, Value
from recdrop_lessons.checks.draw import Draw
from recdrop_lessons.checks.masks import EXACT_COUNT, GENERAL_MASK, counts_vary, judge
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.parts import Part
from recdrop_lessons.checks.steps import Drawing, Failed, Reply, Step, Steps, fail, kept, stepwise


def message_mask(
    kind: str,
    edges: Tensor,
    features: int,
    p: float,
    generator: torch.Generator | None = None,
) -> Tensor:
    """An inverted Bernoulli mask of all messages of a graph layer.

    Args:
        kind: "message", "edge", "node" or "feature". Each number of a message has its own draw; or all
            numbers of a message share one; or all numbers of all messages that a node sends share one; or
            each feature of a node has one draw, which serves all messages that the node sends.
        edges: source and target of each edge, int64, (2, E), E ≥ 1, in any order. An edge may be there twice;
            its two messages are two. Self-loops are edges like others.
        features: the numbers of a message F, an int of at least 1.
        p: the rate of dropping, a float, 0 ≤ p < 1.
        generator: a torch.Generator to draw from; None for torch's own.

    Returns:
        The mask, (E, F), of torch's default dtype, each element 0 or 1/(1-p). An expanded view will do.
    """
    source = edges[0]
    by_node = kind in ("node", "feature")
    rows = int(source.max()) + 1 if by_node else len(source)
    columns = features if kind in ("message", "feature") else 1
    mask = (torch.rand(rows, columns, generator=generator) >= p) / (1 - p)
    return (mask[source] if by_node else mask).expand(len(source), features)


Pattern = tuple[
    bool, ...
]  # for source, target or repetition, and feature: does one draw serve the whole axis?
WANTED: dict[str, Pattern] = {
    "message": (False, False, False),
    "edge": (False, False, True),
    "node": (False, True, True),
    "feature": (False, True, False),
}
TO_EACH, REPEATED = "each source to each target", "each edge many times"
Found = dict[tuple[str, str], Pattern]  # by graph and kind


def _instead(
    graphs: tuple[str, ...] = (TO_EACH, REPEATED), **kinds: Pattern
) -> Callable[[str, str], Pattern]:
    """What a mistake makes of each kind, on these graphs; the others are right."""
    return lambda graph, kind: kinds.get(kind, WANTED[kind]) if graph in graphs else WANTED[kind]


# What a mistake makes of each graph and kind; the first that explains all of them is named.
SHARING: tuple[tuple[Misconception, Callable[[str, str], Pattern]], ...] = (
    (
        Misconception(
            "kind-ignored",
            "Each number has its own draw, whatever `kind` says. `kind` decides which numbers share one.",
            "Search your function for `kind`. Does the size of what you draw depend on it?",
        ),
        lambda graph, kind: WANTED["message"],
    ),
    (
        Misconception(
            "target-for-source",
            "All messages *into* a node share your draw. A node is dropped as a sender: the messages that "
            "leave it share one.",
            "Which row of `edges` do you index with? Which of the two ends has sent the message?",
        ),
        _instead((TO_EACH,), node=(True, False, True), feature=(True, False, False)),
    ),
    (
        Misconception(
            "edge-for-node",
            "Two messages of one node have different draws where `kind` asks for one draw for the node. Draw "
            "for each node, then look up each edge's source.",
            "Take a node that sends two messages and p = 0.5. Is one of them sometimes dropped without the "
            "other?",
        ),
        _instead(node=WANTED["edge"], feature=WANTED["message"]),
    ),
    (
        Misconception(
            "features-apart",
            "The numbers of one message have different draws where `kind` drops it as a whole.",
            'Print one row of the mask for kind="edge". Are its numbers alike? Should they be?',
        ),
        _instead(edge=WANTED["message"], node=WANTED["feature"]),
    ),
    (
        Misconception(
            "features-together",
            "All numbers of a message share one draw where `kind` gives each feature its own.",
            'Print one row of the mask for kind="message". Are its numbers alike? Should they be?',
        ),
        _instead(message=WANTED["edge"], feature=WANTED["node"]),
    ),
    (
        Misconception(
            "edge-and-node-exchanged",
            'You share as for a node where `kind` is "edge", and the other way round.',
            "A node sends three messages. Under which of the two kinds do they fall together?",
        ),
        _instead(edge=WANTED["node"], node=WANTED["edge"]),
    ),
    (
        Misconception(
            "message-and-feature-exchanged",
            'You share as for a feature where `kind` is "message", and the other way round.',
            "A node sends its feature 0 to three others. Under which of the two kinds does that number fall "
            "for all three at once?",
        ),
        _instead(message=WANTED["feature"], feature=WANTED["message"]),
    ),
    (
        Misconception(
            "columns-dropped",
            "Where a feature is dropped, you drop it for all nodes. Each node has its own draws: another may "
            "keep that feature.",
            'Print the mask for kind="feature". Do two nodes lose the same columns?',
        ),
        _instead(feature=(True, True, False)),
    ),
    (
        Misconception(
            "pairs-share",
            "An edge that is there twice has one draw for both. They are two messages, with two draws.",
            "Give an edge twice and p = 0.5. Is one of its messages sometimes dropped without the other?",
        ),
        _instead((REPEATED,), message=WANTED["feature"], edge=WANTED["node"]),
    ),
)
MISREAD = Misconception(
    "kind-misread",
    "For some kinds other numbers share a draw than `kind` says. Ask two questions: do the numbers of one "
    "message share a draw, and do all messages of one node?",
    "Write down the two answers for each of the four kinds, then the size of what you draw for each.",
)
LOOPS_SPARED = Misconception(
    "loops-spared",
    "Self-loops are kept in your mask, whatever p is. They are messages like the others here.",
    "Give edges from each node to itself and a large p. How many of them are dropped?",
)


@dataclass(frozen=True)
class _Grid:
    """Edges in any order, whose mask in order has the axes source, target or repetition, feature."""

    edges: Tensor  # (2, N·K)
    order: Tensor  # (N·K,)
    sizes: tuple[int, int]

    def of(self, mask: Tensor) -> Tensor:
        return mask[self.order].unflatten(0, self.sizes)  # (N, K, F)


def _grid(draw: Draw, graph: str, sources: int, times: int) -> _Grid:
    """One of the two graphs, its nodes numbered at random: the highest node only receives, and so does 0."""
    targets = times if graph == TO_EACH else sources
    numbers = torch.randperm(sources + targets - 2, generator=draw.torch) + 1
    source, ends = numbers[:sources], numbers[sources:]
    target = torch.cat([ends, torch.tensor([0, sources + targets - 1])])
    rows, columns = torch.arange(sources).repeat_interleave(times), torch.arange(times).repeat(sources)
    edges = torch.stack([source[rows], target[columns if graph == TO_EACH else rows]])
    shuffled = torch.randperm(sources * times, generator=draw.torch)
    return _Grid(edges[:, shuffled], shuffled.argsort(), (sources, times))


@kept
def _masks(seed: int) -> tuple[Steps, Steps, Steps, Drawing, Steps]:
    """Every kind on both graphs; other rates; nothing but loops; generators and none; what is small."""
    draw = Draw(seed, "message_mask")
    # An axis that alone has its own draws is long: 0.7^90 is the chance that all of it is kept.
    sharing = [
        _on_grid(draw, graph, kind, draw.integer(90, 95) if kind == "node" else 26, draw.uniform(0.3, 0.35))
        for graph in (TO_EACH, REPEATED)
        for kind in WANTED
    ]
    rates = [
        _on_grid(draw, TO_EACH, "message", 28, draw.uniform(low, high))
        for low, high in ((0.65, 0.75), (0.95, 0.98), (0.02, 0.05), (0.0035, 0.0049))
    ]
    loops = [_loops(draw, kind) for kind in WANTED]
    edges = _grid(draw, TO_EACH, 20, 32).edges
    drawing = Drawing(draw, _arguments("edge", edges, 5, draw.uniform(0.3, 0.35)), _tensor, others=3)
    return Steps(sharing), Steps(rates), Steps(loops), drawing, Steps(_edges(draw))


@stepwise
def check_message_mask(answer: Answer, seed: int) -> str:
    sharing, rates, loops, drawing, edges = _masks(seed)
    keys = [(graph, kind) for graph in (TO_EACH, REPEATED) for kind in WANTED]
    found = dict(zip(keys, sharing.ask(answer), strict=True))
    if any(its != WANTED[kind] for (_, kind), its in found.items()):
        raise _named(found)
    for its in rates.ask(answer):
        if its != WANTED["message"]:
            raise _named({(TO_EACH, "message"): its})
    loops.ask(answer)
    if not counts_vary(drawing.ask(answer)):
        raise fail(EXACT_COUNT, "seven calls", drawing.arguments)
    edges.ask(answer)
    count = len(sharing) + len(rates) + len(loops) + len(drawing) + len(edges)
    return f"Right on {count} inputs: every kind, rate, scale, independence and generator."


def _arguments(kind: str, edges: Tensor, features: int, p: float) -> dict[str, Value]:
    return {"kind": kind, "edges": edges, "features": features, "p": p}


def _step(draw: Draw, arguments: dict[str, Value], judged: Callable[[Reply], Any], special: str = "") -> Step:
    label = f"kind={arguments['kind']!r}, E={arguments['edges'].shape[1]}, F={arguments['features']}"
    label += f", p={arguments['p']:.2f}" + (f", {special}" if special else "")
    return Step(label, arguments | {"generator": draw.generator()}, judged)


def _tensor(reply: Reply) -> Tensor:
    """The mask, of the size and dtype that were asked for."""
    size = (reply.arguments["edges"].shape[1], reply.arguments["features"])
    return reply.tensor(size, torch.get_default_dtype())


def _on_grid(draw: Draw, graph: str, kind: str, sources: int, p: float) -> Step:
    """One mask. The judge gives its sharing, and fails where something else is wrong with it."""
    grid, features = _grid(draw, graph, sources, draw.integer(24, 27)), draw.integer(24, 27)

    def judge_mask(reply: Reply) -> Pattern:
        problem = judge(grid.of(_tensor(reply)), p, WANTED[kind])
        if problem is None:
            return WANTED[kind]
        if problem.kind in {"sharing", "constant"}:
            return problem.shared
        raise reply.fail(problem.misconception or problem.sentence, problem.measured)

    return _step(draw, _arguments(kind, grid.edges, features, p), judge_mask, graph)


def _loops(draw: Draw, kind: str) -> Step:
    """Each of many nodes to itself: one message each, dropped at the same rate."""
    nodes, p = draw.integer(90, 95), draw.uniform(0.3, 0.35)
    loops = torch.randperm(nodes, generator=draw.torch).expand(2, nodes)
    wanted = WANTED[kind][0], WANTED[kind][2]

    def judge_mask(reply: Reply) -> None:
        mask = _tensor(reply)
        if bool((mask != 0).all()):
            raise reply.fail(LOOPS_SPARED)
        problem = judge(mask, p, wanted)
        if problem is not None:
            raise reply.fail(problem.misconception or problem.sentence, problem.measured)

    return _step(draw, _arguments(kind, loops, 20, p), judge_mask, "nothing but self-loops")


def _named(found: Found) -> Failed:
    """The failure of a mask whose draws are shared otherwise than they should be."""

    def say(pattern: Pattern) -> str:
        axes = [name for name, one in zip(("sources", "messages", "features"), pattern, strict=True) if one]
        return f"shared by {' and '.join(axes)}" if axes else "each number by itself"

    wrong = next((graph, kind) for graph, kind in found if found[graph, kind] != WANTED[kind])
    rows = [[f'kind="{kind}", {graph}', say(its)] for (graph, kind), its in found.items()]
    label = f"kind={wrong[1]!r}, {wrong[0]}"
    for misconception, makes in SHARING:
        if all(its == makes(graph, kind) for (graph, kind), its in found.items()):
            return fail(misconception, label, measured=rows)
    return fail(MISREAD, label, measured=rows)


def _edges(draw: Draw) -> Iterator[Step]:
    """One edge, one feature, rate zero, and edges and loops mixed, at every kind."""
    mixed = torch.tensor([[2, 0, 2, 1, 1], [0, 0, 1, 1, 1]])
    for kind in WANTED:
        for edges, features in ((torch.tensor([[3], [0]]), draw.integer(2, 5)), (mixed, 1), (mixed, 4)):
            yield _step(draw, _arguments(kind, edges, features, 0.5), _kept_or_dropped)
        yield _step(draw, _arguments(kind, mixed, 3, 0.0), _all_ones)


def _kept_or_dropped(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.where(mask == 0, 0.0, 2.0), "mask", 1e-4)


def _all_ones(reply: Reply) -> None:
    mask = _tensor(reply)
    reply.compare(mask, torch.ones(mask.shape), "mask", 1e-4, ": nothing is dropped")


MISCONCEPTIONS = (*GENERAL_MASK, *(one for one, _ in SHARING), MISREAD, LOOPS_SPARED)

PART = Part(
    "12.1",
    message_mask,
    points=60,
    hints=(
        "Two questions decide: do the numbers of one message share a draw, and do all messages that one node "
        "sends? What are the two answers for each kind?",
        'For "message" and "edge" you need a row of draws for each edge. For "node" and "feature" you need a '
        "row for each node; how does each edge find the row of its source?",
        "Draw uniform numbers of size (rows, F or 1), keep where they are at least p, divide by 1-p. For the "
        "two kinds of nodes index that mask with `edges[0]`. Then expand to (E, F).",
    ),
    check=check_message_mask,
    misconceptions=MISCONCEPTIONS,
)
