"""Which tensors PyTorch Geometric's layers and models drop, and how its functions that drop edges behave.

All sizes differ: nodes, edges, heads, and the features that come in, lie between layers, and go out. So the
shape of what goes through PyTorch's dropout in a training pass says what it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
import torch_geometric.nn
import torch_geometric.utils
from torch import Tensor

from .asking import Probes, Unexplained

PROBES = Probes()
N, E, IN, HIDDEN, OUT, HEADS, P = 13, 31, 10, 14, 6, 2, 0.5
PAIRS = torch.cartesian_prod(torch.arange(N), torch.arange(N)).T
EDGES = PAIRS[:, PAIRS[0] != PAIRS[1]][:, ::5][:, :E]  # no self-loops, none twice
X = torch.linspace(-1, 1, N * IN).view(N, IN)
TYPES = torch.arange(E) % 2

Pass = Callable[[], Tensor]


def _layer(name: str, *sizes: Any, **more: Any) -> Any:
    return getattr(torch_geometric.nn, name)(*sizes, **more).train()


def _on_graph(name: str, *sizes: Any, **more: Any) -> Pass:
    layer = _layer(name, *sizes, **more, dropout=P)
    return lambda: layer(X, EDGES)


def _model(name: str, **more: Any) -> Pass:
    return _on_graph(name, IN, HIDDEN, 2, OUT, **more)


def _rgat() -> Pass:
    layer = _layer("RGATConv", IN, OUT, num_relations=2, heads=HEADS, dropout=P)
    return lambda: layer(X, EDGES, TYPES)


def _hypergraph() -> Pass:
    layer = _layer("HypergraphConv", IN, OUT, use_attention=True, heads=HEADS, dropout=P)
    return lambda: layer(X, EDGES, hyperedge_attr=X)


def _appnp() -> Pass:
    layer = _layer("APPNP", K=3, alpha=0.1, dropout=P)
    return lambda: layer(X, EDGES)


def _gps() -> Pass:
    layer = _layer("GPSConv", IN, None, heads=HEADS, dropout=P)
    return lambda: layer(X, EDGES)


def _fa() -> Pass:
    layer = _layer("FAConv", IN, dropout=P)
    return lambda: layer(X, X, EDGES)


def _dna() -> Pass:
    layer = _layer("DNAConv", IN, heads=HEADS, dropout=P)
    return lambda: layer(torch.stack([X, X, X], dim=1), EDGES)


def _heat() -> Pass:
    sizes = {"num_node_types": 2, "num_edge_types": 2, "edge_type_emb_dim": 3, "edge_dim": 4}
    layer = _layer("HEATConv", IN, OUT, edge_attr_emb_dim=5, heads=HEADS, dropout=P, **sizes)
    return lambda: layer(X, EDGES, torch.arange(N) % 2, TYPES, torch.ones(E, 4))


def _han() -> Pass:
    layer = _layer("HANConv", IN, OUT, (["n"], [("n", "to", "n")]), heads=HEADS, dropout=P)
    return lambda: layer({"n": X}, {("n", "to", "n"): EDGES})["n"]


def _mlp() -> Pass:
    layer = _layer("MLP", [IN, HIDDEN, OUT], dropout=P)
    return lambda: layer(X)


def _linkx() -> Pass:
    layer = _layer("LINKX", N, IN, HIDDEN, OUT, 2, dropout=P)
    return lambda: layer(X, EDGES)


def _pna() -> Pass:
    degrees = torch.bincount(torch.bincount(EDGES[1], minlength=N))
    return _model("PNA", aggregators=["mean"], scalers=["identity"], deg=degrees)


def _attentive() -> Pass:
    layer = _layer("AttentiveFP", IN, HIDDEN, OUT, edge_dim=4, num_layers=2, num_timesteps=1, dropout=P)
    return lambda: layer(X, EDGES, torch.ones(E, 4), torch.zeros(N, dtype=torch.long))


MAKERS: dict[str, Callable[[], Pass]] = {
    "SuperGATConv": lambda: _on_graph("SuperGATConv", IN, OUT, heads=HEADS),
    "RGATConv": _rgat,
    "HypergraphConv": _hypergraph,
    "APPNP": _appnp,
    "GPSConv": _gps,
    "ARMAConv": lambda: _on_graph("ARMAConv", IN, OUT),
    "DNAConv": _dna,
    "FAConv": _fa,
    "HEATConv": _heat,
    "HANConv": _han,
    **{name: partial(_model, name) for name in ("GCN", "GraphSAGE", "GIN", "EdgeCNN")},
    "GAT": lambda: _model("GAT", heads=HEADS),
    "PNA": _pna,
    "PMLP": lambda: _model("PMLP", norm=False),
    "MLP": _mlp,
    "LINKX": _linkx,
    "AttentiveFP": _attentive,
}
KINDS = tuple(MAKERS)


@contextmanager
def _watched() -> Iterator[list[Tensor]]:
    """What goes through PyTorch's dropout while it drops, in order."""
    seen: list[Tensor] = []
    real = F.dropout

    def spy(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
        if training and p:
            seen.append(input.detach().clone())
        return real(input, p, training, inplace)

    F.dropout = spy
    try:
        yield seen
    finally:
        F.dropout = real


#: What a tensor is whose shape begins with the number of nodes, by the rest of its shape.
OF_NODES: dict[tuple[int, ...], str] = {
    (IN,): "node features of the input's width",
    (HIDDEN,): "node features between layers",
    (OUT,): "node features of the output's width",
    (2 * IN,): "node features inside the feed-forward block",
    (1,): "a node's weight in the readout",
}


def _named(shape: tuple[int, ...]) -> str:
    """What a tensor of this shape is."""
    count, *rest = shape
    if count in (E, E + N):
        of_edges: dict[tuple[int, ...], str] = {
            (): "one number of each edge",
            (1,): "one number of each edge",
            (HEADS,): "coefficients of the edges, for each head",
            (HEADS, 1, 3): "attention over the layers, for each edge and head",
        }
        return of_edges[tuple(rest)]
    if count == N:
        return OF_NODES[tuple(rest)]
    if rest == [HIDDEN]:
        return "features of the whole graph"
    if len(rest) == 2 and rest[0] == N:
        return OF_NODES[tuple(rest[1:])] + ", for each stack"
    raise KeyError(shape)


@PROBES.ask(
    "PyG_{kind}_dropout",
    "What goes through dropout in PyG's `{kind}(dropout=p)`?",
    "`{kind}(dropout=p)` drops {observed}.",
    kind=KINDS,
)
@torch.no_grad()
def dropped(kind: str) -> str:
    run = MAKERS[kind]()
    with _watched() as seen:
        run()
    try:
        return ", and ".join(dict.fromkeys(_named(tuple(one.shape)) for one in seen)) or "nothing"
    except KeyError as error:
        raise Unexplained(f"a tensor of shape {error.args[0]}") from None


@PROBES.ask(
    "APPNP_steps",
    "Does each of the K steps of PyG's `APPNP(dropout=p)` drop edges of the whole graph?",
    "`APPNP(dropout=p)`: {observed}.",
)
@torch.no_grad()
def steps() -> str:
    run = _appnp()
    with _watched() as seen:
        run()
    first, second = seen[:2]
    if torch.equal(first, second):
        return "each step drops edge weights of the whole graph"
    if bool((second == 0).any()) and bool((second[second != 0] > first[second != 0]).all()):
        return "each step drops from what the step before has left, and scales it again"
    raise Unexplained("the second step drops from other weights")


FUNCTIONS = ("dropout_edge", "dropout_node", "dropout_path")


@PROBES.ask(
    "{kind}_training",
    "Does PyG's `{kind}(edges, p)` drop if nobody says whether it is training?",
    "`{kind}(edges, p)` without `training=` {observed}.",
    kind=FUNCTIONS,
)
def by_default(kind: str) -> str:
    default = inspect.signature(getattr(torch_geometric.utils, kind)).parameters["training"].default
    return "drops" if default is True else "does not drop"


@PROBES.ask(
    "dropout_edge_scale",
    "Does PyG's `dropout_edge` before `GCNConv` scale the messages that are left?",
    "`dropout_edge` before `GCNConv`: {observed}.",
)
@torch.no_grad()
def scale() -> str:
    layer: Any = torch_geometric.nn.GCNConv(IN, OUT)
    torch.manual_seed(0)
    left, kept = torch_geometric.utils.dropout_edge(EDGES, P)
    alike = torch.equal(layer(X, left), layer(X, EDGES[:, kept]))
    if alike:
        return "nothing is scaled, and the edges that are left are normalised again"
    raise Unexplained("the output is not that of the edges that are left")


@PROBES.ask(
    "GCNConv_cached",
    "Which graph does PyG's `GCNConv(cached=True)` use if the edges change?",
    "`GCNConv(cached=True)` uses {observed}.",
)
@torch.no_grad()
def cached() -> str:
    layer: Any = torch_geometric.nn.GCNConv(IN, OUT, cached=True)
    first = layer(X, EDGES[:, ::2])
    return "the first graph that it was given" if torch.equal(first, layer(X, EDGES)) else "the graph given"
