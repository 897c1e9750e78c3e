"""Changes in place: what may be written to, and where the gradient goes then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _graph
from ._dtypes import SPOKEN
from ._graph import Node, Pull, sum_to
from ._values import Values

if TYPE_CHECKING:
    from ._tensor import Tensor

_OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
    "Please clone() the tensor before performing the operation."
)


class WrittenTo(Values):
    """The part of Tensor that is written to."""

    __slots__ = ("_base", "_look", "_node", "_of_many")
    _node: Node | None
    _base: Tensor | None
    _look: Callable[[np.ndarray], np.ndarray]
    _of_many: str
    if TYPE_CHECKING:  # Tensor has them

        def _follow_base(self) -> None: ...

        def _graph_node(self) -> Node: ...

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

    def _become(self, made: Tensor, computed: bool = True) -> Any:
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
