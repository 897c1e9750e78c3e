"""A tensor: an array, its place in the graph, and what it is a view of.

Functions and methods are added by `@operation` (_operation.py); here is what they stand on: how a result
enters the graph (`result`) and how a view follows its base. What a change in place does to both is in
_in_place.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _graph
from ._absent import missing_method
from ._attached import Attached
from ._dtypes import SPOKEN
from ._graph import Node, Pull, Version
from ._in_place import WrittenTo

RESULT = "result"  # among what an operation saves: its own result


class Tensor(WrittenTo, Attached):
    __slots__ = ("__dict__", "__weakref__", "_back", "_base_node", "_grad")
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
        self._node = None
        self._wants = False
        self._grad: Tensor | None = None
        self._version = Version()
        self._of_many = ""  # as which output of which call, where that gave several views
        # A view: base._a → self._a, the gradient back, and the base's node that self._node was made from.
        self._base = None
        self._look = lambda a: a
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

    # ---- views ----

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
