"""A tensor: an array, its place in the graph, and what it is a view of.

Functions and methods are added by `@operation` (_operation.py); here is what they stand on: how a result
enters the graph (`result`), how a view follows its base, and what a change in place does to both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _graph
from ._absent import missing_method
from ._dtypes import SPOKEN
from ._graph import Node, Pull, Version, sum_to
from ._values import Values

RESULT = "result"  # among what an operation saves: its own result
_OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)


class Tensor(Values):
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_a",
        "_back",
        "_base",
        "_base_node",
        "_grad",
        "_look",
        "_node",
        "_of_many",
        "_version",
        "_wants",
    )
    __array_priority__ = 1000
    __array_ufunc__ = None  # array * tensor asks the tensor

    def __new__(cls, *args: Any, **named: Any) -> Tensor:
        self = object.__new__(cls)
        self._a = np.empty(0, np.float32)
        self._clear()
        return self

    def __init__(self, *data: Any) -> None:
        if len(data) == 1 and isinstance(data[0], Tensor):
            self._a = data[0]._a
        elif len(data) == 1 and isinstance(data[0], (list, tuple, np.ndarray)):
            self._a = np.array(data[0], np.float32)
        elif data:
            self._a = np.zeros(data, np.float32)

    def _clear(self) -> None:
        self._node: Node | None = None
        self._wants = False  # a leaf that gradients are to reach
        self._grad: Tensor | None = None
        self._version = Version()
        self._of_many = ""  # as which output of which call, where that gave several views
        # A view: base._a → self._a, the gradient back, and the base's node that self._node was made from.
        self._base: Tensor | None = None
        self._look: Callable[[np.ndarray], np.ndarray] = lambda a: a
        self._back: Pull = lambda g: g
        self._base_node: Node | None = None

    @staticmethod
    def _of(array: Any) -> Tensor:
        made = Tensor.__new__(Tensor)
        made._a = array if isinstance(array, np.ndarray) else np.asarray(array)
        return made

    @staticmethod
    def _indices(array: Any) -> Tensor:
        """Indices are int64 here, whatever NumPy counts with: in WebAssembly it has 32 bits."""
        return Tensor._of(np.asarray(array).astype(np.int64))

    # ---- the graph ----

    def _follow_base(self) -> None:
        """A view's node is made anew where its base has been written to."""
        if self._base is None or self._base._node is self._base_node:
            return
        if self._base._node is None or self._base._node.leaf is None:
            self._base_node = self._base._node
            needs = self._base.requires_grad
            self._node = (
                Node([self._base._graph_node()], [self._back], name="ViewBackward0") if needs else None
            )

    def _graph_node(self) -> Node:
        self._follow_base()
        if self._node is None:
            self._node = Node(leaf=self, name="AccumulateGrad")
        return self._node

    @property
    def requires_grad(self) -> bool:
        self._follow_base()
        return self._wants or (self._node is not None and self._node.leaf is None)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        if requires_grad and self._a.dtype.kind != "f":
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        if not requires_grad and not self.is_leaf:
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        self._wants = requires_grad and self.is_leaf
        return self

    @property
    def is_leaf(self) -> bool:
        self._follow_base()
        return self._node is None or self._node.leaf is not None

    @property
    def grad_fn(self) -> Node | None:
        return None if self.is_leaf else self._node

    @property
    def grad(self) -> Tensor | None:
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and value._a.shape != self._a.shape:
            raise RuntimeError("assigned grad has data of a different size")
        self._grad = value

    @property
    def data(self) -> Tensor:
        return Tensor._of(self._a)

    @data.setter
    def data(self, value: Tensor) -> None:
        self._a = value._a

    def detach(self) -> Tensor:
        found = Tensor._of(self._a)
        found._version = self._version
        return found

    def detach_(self) -> Tensor:
        self._node, self._wants, self._base = None, False, None
        return self

    # ---- views and changes in place ----

    def _view(self, look: Callable[[np.ndarray], np.ndarray], back: Pull, array: Any = None) -> Tensor:
        """The same memory, seen otherwise: look(a) is a view of a; back(g) is the gradient before the view."""
        made = Tensor._of(look(self._a) if array is None else array)
        made._version, made._of_many = self._version, self._of_many
        if not _graph.is_grad_enabled() or made._a.dtype.kind != "f":
            return made
        self._follow_base()
        if self._base is None:
            made._base, made._look, made._back = self, look, back
        else:
            up_look, up_back = self._look, self._back
            made._base = self._base
            made._look = lambda a: look(up_look(a))
            made._back = lambda g: up_back(back(g))
        if made._base.requires_grad:
            made._base_node = made._base._graph_node()
            made._node = Node([made._base_node], [made._back], name="ViewBackward0")
        return made

    def _may_be_written(self, needs: bool) -> None:
        """Raises RuntimeError where a change in place is refused; `needs`: whether the graph takes part."""
        if _graph.is_grad_enabled():
            if self._wants and self.is_leaf:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation."
                )
            if self._base is not None and self._base._wants and self._base.is_leaf:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place operation."
                )
            if self._of_many and (needs or self.requires_grad):
                raise RuntimeError(
                    f"{self._of_many} is a view and is being modified inplace. This view is the output of a function that "
                    "returns multiple views. Such functions do not allow the output views to be modified inplace. You should "
                    "replace the inplace operation by an out-of-place one."
                )
        overlaps = any(n > 1 and step == 0 for n, step in zip(self._a.shape, self._a.strides, strict=True))
        if overlaps or not self._a.flags.writeable:
            raise RuntimeError(_OVERLAP)

    def _become(self, made: Tensor, computed: bool = True) -> Tensor:
        """Write a result into this tensor's memory; it takes the result's place in the graph.

        `computed`: whether the result was computed from this tensor, so that it holds what came before.
        """
        self._may_be_written(made.requires_grad)
        shape = made._a.shape
        if np.broadcast_shapes(self._a.shape, shape) != self._a.shape:
            raise RuntimeError(
                f"output with shape {list(self._a.shape)} doesn't match the broadcast shape "
                f"{list(np.broadcast_shapes(self._a.shape, shape))}"
            )
        if made.dtype.category > self.dtype.category:
            raise RuntimeError(
                f"result type {SPOKEN[made.dtype.name]} can't be cast to the desired output type "
                f"{SPOKEN[self.dtype.name]}"
            )
        kind = made._a.dtype
        node, pull = None, None
        if made.requires_grad and _graph.is_grad_enabled():
            node, pull = made._graph_node(), lambda g: sum_to(g, shape).astype(kind, copy=False)
        self._write(..., made._a, node, pull, computed)
        if node is not None and node.leaf is None:  # what was saved of the result is this tensor now
            node.saved = [
                (self._version, self._version.count, what)
                if version is made._version
                else (version, count, what)
                for version, count, what in node.saved
            ]
        return self

    def _write(
        self, key: Any, value: np.ndarray, node: Node | None, pull: Pull | None, whole: bool = False
    ) -> None:
        """self[key] = value, where `node` and `pull` say how a gradient reaches the value.

        `whole`: whether nothing of what was there before counts any more.
        """
        self._follow_base()
        needed = self.requires_grad
        before = self._base if self._base is not None else self
        old = before._graph_node() if needed and _graph.is_grad_enabled() else None
        self._a[key] = value
        self._version.count += 1
        if old is None and node is None:
            return
        shape, size = before._a.shape, before._a.size
        if self._base is None and whole:
            self._node = Node([node], [pull], name="CopyBackward0") if node and pull else None
            return
        # Where in the base the written elements lie: torch calls this CopySlices.
        where = self._look(np.arange(size).reshape(shape))[key] if self._base is not None else None
        parents: list[Node] = []
        pulls: list[Pull] = []

        def keep(g: np.ndarray) -> np.ndarray:
            g = np.array(g, order="C")
            if where is None:
                g[key] = 0
            else:
                g.reshape(-1)[where.reshape(-1)] = 0
            return g

        if old is not None:
            parents.append(old)
            pulls.append(keep)
        if node is not None and pull is not None:
            parents.append(node)
            onto: Pull = pull
            pulls.append(
                lambda g: onto(g[key] if where is None else np.ascontiguousarray(g).reshape(-1)[where])
            )
        before._node, before._wants = Node(parents, pulls, name="CopySlices"), False

    def _frozen(self) -> Tensor:
        """This tensor as it is now, for what is computed from it and then written over it."""
        if not _graph.is_grad_enabled():
            return self
        copied = Tensor._of(self._a.copy(order="K"))
        if self.requires_grad:
            copied._node, copied._wants = self._graph_node(), self._wants
        return copied

    def __getattr__(self, name: str) -> Any:
        raise missing_method(name)


def result(
    array: Any, parents: Sequence[Any] = (), pulls: Sequence[Pull] = (), saves: Sequence[Sequence[Any]] = ()
) -> Tensor:
    """What an operation gives, with its place in the graph.

    `array`: the value.
    `parents`: the operands; those that are no tensors, or need no gradient, are left out.
    `pulls`: for each operand, the gradient of the result → the gradient of the operand.
    `saves`: for each operand, the tensors that its pull reads; RESULT stands for the result itself.
    """
    made = Tensor._of(array)
    if not _graph.is_grad_enabled() or made._a.dtype.kind != "f":
        return made
    nodes: list[Node] = []
    kept: list[Pull] = []
    saved = []
    for k, (parent, pull) in enumerate(zip(parents, pulls, strict=True)):
        if isinstance(parent, Tensor) and parent.requires_grad:
            nodes.append(parent._graph_node())
            kept.append(pull)
            for one in saves[k] if saves else ():
                one = made if one is RESULT else one
                if isinstance(one, Tensor):
                    what = f"[torch.{SPOKEN[one.dtype.name]}Tensor {list(one._a.shape)}]"
                    saved.append((one._version, one._version.count, what))
    if nodes:
        made._node = Node(nodes, kept, saved)
    return made
