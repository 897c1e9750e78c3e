"""Follow the random values through one pass, below autograd: where one meets data, there is a site.

A `TorchDispatchMode` sees every operation, and the parts of fused layers on the CPU. A tensor that a random operation
made is random, and what is computed from random values and constants stays random: a mask, whatever was done to it.
Inputs and weights are data. The first operation that joins the two is a site; each site's mark travels on with the
data, to the outputs or nowhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from recdrop_lessons.xray import operations as ops
from recdrop_lessons.xray.examples import tensors_in
from recdrop_lessons.xray.lines import here
from recdrop_lessons.xray.marks import Ledger, Mark, join
from recdrop_lessons.xray.masked import MaskSite, without_copies

Known = list[tuple[Tensor, Mark]]


class Following(TorchDispatchMode):
    """One pass of a model. Afterwards `sites` has its sites, in the order of the pass.

    `example`: what the model is given. `earlier`: the pass before, if the model was left as that pass left it.
    """

    def __init__(self, model: nn.Module, example: object, earlier: Following | None = None) -> None:
        super().__init__()
        self.ledger = Ledger()
        self.sites: list[MaskSite] = []
        self.drawn_in: list[str] = []  # by the bit of the draw: the path of the module
        self.called: dict[int, nn.Module] = {}
        self.factors: dict[Any, set[float]] = defaultdict(
            set
        )  # by origin: the factors of what was made of it
        self.generators: dict[torch.Generator, Tensor] = {}
        self.unseen: set[str] = set()
        self.weights: list[str] = []
        self.drawn_before: frozenset[int] = frozenset()
        self._paths = {id(module): path for path, module in model.named_modules()}
        self._stack: list[tuple[int, str]] = [(id(model), "")]
        self._types = {path: type(module).__name__ for path, module in model.named_modules()}
        self._made: Counter[tuple[str, str]] = Counter()
        self._start(model, example, earlier)

    def _start(self, model: nn.Module, example: object, earlier: Following | None) -> None:
        for number, (name, weight) in enumerate(model.named_parameters()):
            self.weights.append(name)
            self.ledger.put(weight, Mark(data=True, params=1 << number, origin=("", name, 0)))
        for name, buffer in model.named_buffers():
            if buffer.is_floating_point() and buffer.numel() > 2 and buffer.unique().numel() > 2:
                self.ledger.put(buffer, Mark(data=True, origin=("", name, 0)))
        for number, tensor in enumerate(tensors_in(example)):
            self.ledger.put(tensor, Mark(data=True, inputs=True, origin=("", "input", number)))
        if earlier is not None:
            for place, mark in earlier.ledger.whole.items():
                if mark.data and place not in self.ledger.whole:
                    self.ledger.whole[place] = Mark(data=True, inputs=mark.inputs)
            drawn = {place for place, mark in earlier.ledger.whole.items() if mark.random}
            self.drawn_before = earlier.drawn_before | drawn
            self.ledger.kept.update(earlier.ledger.kept)

    # The module that runs now.

    @contextmanager
    def modules(self) -> Iterator[None]:
        """Within it the stack of modules is known. Hooks on all modules also see one that no module registers."""

        def enter(module: nn.Module, _: object) -> None:
            path = self._paths.get(id(module))
            if path is None:
                path = f"({type(module).__name__})"
                self._types[path] = type(module).__name__
            self.called[id(module)] = module
            self._stack.append((id(module), path))

        def leave(module: nn.Module, *_: object) -> None:
            while len(self._stack) > 1 and self._stack.pop()[0] != id(module):
                pass

        handles = [
            register_module_forward_pre_hook(enter),
            register_module_forward_hook(leave, always_call=True),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @property
    def path(self) -> str:
        return self._stack[-1][1]

    # Each operation.

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if _is_composite(func):  # in inference mode layers come whole
            with self:
                parts = func.decompose(*args, **kwargs)
            if parts is not NotImplemented:
                return parts
        generator = kwargs.get("generator")
        if generator is not None:
            self.generators.setdefault(generator, generator.get_state())
        name = getattr(func, "overloadpacket", func).__name__
        tensors = [one for one in (*_flat(args), *_flat(tuple(kwargs.values()))) if isinstance(one, Tensor)]
        known = [(one, mark) for one in tensors if (mark := self.ledger.get(one)) is not None]
        before = None
        if name in ops.INDEXES and name.endswith("_") and any(mark.random for _, mark in known[1:]):
            before = tensors[0].detach().clone()
        out = func(*args, **kwargs)
        self._learn(func, name, args, tensors, known, out, before)
        return out

    def _learn(
        self,
        func: Any,
        name: str,
        args: tuple[Any, ...],
        tensors: list[Tensor],
        known: Known,
        out: Any,
        before: Any,
    ) -> None:
        """Give the results their marks."""
        outs = [one for one in _flat((out,)) if isinstance(one, Tensor)]
        written = name.endswith("_") and not name.endswith("__")
        if name in ops.DRAWS:
            mark = replace(self._draw(), apart=name not in ops.JOINT_DRAWS)
            chances = [m for one, m in known if one is not outs[0] and not name.endswith("_like")]
            mark = replace(mark, sites=join(chances).sites, padded=any(m.data for m in chances))
        elif name in ops.MAKES:
            mark = Mark()
            if not any(self.ledger.get(one) for one in outs):
                return
        elif name == "native_dropout" and known and args[2] is not False and args[1]:
            self._fused_dropout(known, args, outs)
            return
        elif not known:
            return
        elif name in ops.READ_BY_PYTHON:
            if known[0][1].random:
                self._site("decision", name, None, None, Mark(), known[0][1])
            return
        else:
            if name == "copy_" and len(tensors) == 2:
                source = self.ledger.get(tensors[1])
                known = [(tensors[1], source or Mark())]
            mark = self._joined(func, name, args, tensors, known, outs, before)
        for one in outs:
            self.ledger.put(one, mark, written=written)

    def _draw(self) -> Mark:
        self.drawn_in.append(self.path)
        return Mark(draws=1 << len(self.drawn_in) - 1)

    def _joined(
        self,
        func: Any,
        name: str,
        args: Any,
        tensors: list[Tensor],
        known: Known,
        outs: list[Tensor],
        before: Any,
    ) -> Mark:
        """The mark of what an operation computes from values that are known."""
        random = [(one, mark) for one, mark in known if mark.random]
        data = [(one, mark) for one, mark in known if mark.data]
        if data and random:
            if name in ops.INDEXES:
                return self._indexed(name, tensors, data, random, outs, before)
            if name in ops.COMPARES or all(mark.indicator for _, mark in data):
                # a mask that spares the padding is still a mask, and so is one with probabilities from the data
                marks = [
                    replace(mark, data=False, indicator=False, inputs=False, params=0) for _, mark in data
                ]
                return replace(join([m for _, m in random] + marks), padded=True)
            return self._met(name, args, tensors, data, random, outs)
        if random:
            return self._still_random(name, tensors, known)
        if not data:
            return Mark()
        if opaque := _drops_inside(func, args):
            self.unseen.add(f"{name} drops inside its own kernel, with p = {opaque:g}: not seen inside.")
            bit = self._site("fused", name, None, outs[0], data[0][1], Mark())
            return replace(join([m for _, m in data]), sites=join([m for _, m in data]).sites | bit, near=bit)
        return self._only_data(name, args, tensors, data, outs)

    def _still_random(self, name: str, tensors: list[Tensor], known: Known) -> Mark:
        """A mask after another step. What is zero anyway, as a first state, does not become random."""
        constants = [one for one in tensors if all(one is not other for other, _ in known)]
        if name in ops.MULTIPLIES and constants and not constants[0].any():
            return Mark()
        mark = join([m for _, m in known])
        return mark if name in ops.ELEMENTWISE else replace(mark, apart=False)

    def _only_data(
        self, name: str, args: Any, tensors: list[Tensor], data: Known, outs: list[Tensor]
    ) -> Mark:
        """Data without a mask: what it is multiplied by belongs to the site before, or to the value."""
        marks = [mark for _, mark in data]
        mark = join(marks)
        number = _number(name, args, tensors, data)
        if number is not None and data[0][1].origin is not None:
            for site in self._of(marks[0].near):
                site.scale *= number
            return replace(marks[0], factor=marks[0].factor * number, indicator=False)
        if name in ops.VIEWS and len(data) == 1:
            return replace(marks[0], data=True)
        self._consume(data)
        near = 0
        if name in ops.CARRIES:
            near = join([replace(m, sites=m.near) for m in marks]).sites
        elif name in ops.ADDS and len(data) == 2:
            self._completed(marks[0].near, marks[1].near)
        constant = self._constant_mask(name, tensors, data, outs)
        if constant:
            near = marks[0].near | constant
        self._made[self.path, name] += 1
        origin = self.path, name, self._made[self.path, name]
        indicator = name in ops.COMPARES or all(m.indicator for m in marks) and name in ops.ELEMENTWISE
        return replace(mark, near=near, sites=mark.sites | constant, origin=origin, indicator=indicator)

    def _consume(self, data: Known) -> None:
        """A value is used by something else than a number: its factor is final. Its weights meet masked values."""
        pure = join([mark for _, mark in data if not mark.inputs]).params
        for _, mark in data:
            if mark.origin is not None:
                self.factors[mark.origin].add(round(mark.factor, 6))
            if pure and mark.inputs:
                for site in self._of(mark.near):
                    fed = self.named(pure)
                    site.carried |= bool(site.value.params & pure) and not any("weight_ih" in name for name in fed)
                    site.feeds |= set(fed)

    def _completed(self, one: int, other: int) -> None:
        """Two masked values are added, and their masks are complements: m ∘ a + (1 - m) ∘ b."""
        for a in self._of(one):
            for b in self._of(other):
                if a.draws & b.draws and a.mask is not None and b.mask is not None and a is not b:
                    total = a.mask + b.mask
                    if torch.allclose(total, total.flatten()[:1]):
                        a.completed = b.completed = True

    def _constant_mask(self, name: str, tensors: list[Tensor], data: Known, outs: list[Tensor]) -> int:
        """A constant of zeros and one other value that multiplies data: a site to be judged later."""
        if name not in ops.MULTIPLIES | ops.DIVIDES or len(tensors) != 2 or len(data) != 1:
            return 0
        other = tensors[1] if tensors[0] is data[0][0] else tensors[0]
        kept = other[other != 0]
        if kept.numel() == other.numel() or not bool((kept == kept.flatten()[:1]).all()):
            return 0
        function = here()[1]
        if other.numel() == 1 and "drop" in function:  # F.dropout(x, 1) multiplies by a zero
            return self._site("multiply", name, other, outs[0], data[0][1], self._draw())
        if other.numel() < 4 or not kept.numel():
            return 0
        bit = self._site("constant", name, other, outs[0], data[0][1], Mark())
        self.sites[-1].drawn_before = self.ledger.place(other) in self.drawn_before
        return bit

    # Where random meets data.

    def _met(
        self, name: str, args: Any, tensors: list[Tensor], data: Known, random: Known, outs: list[Tensor]
    ) -> Mark:
        (value, mark), (noise, drawn) = data[0], random[0]
        after = join([m for _, m in data] + [replace(m, params=0) for _, m in random])
        same = [site for site in self._of(mark.near) if drawn.draws and not drawn.draws & ~site.draws]
        self._consume(data) if name not in ops.MULTIPLIES | ops.DIVIDES else None
        if same and len(data) == 1 and name in ops.MULTIPLIES | ops.DIVIDES and tensors[-1] is not value:
            by = without_copies(noise)
            for site in same:  # the mask's own normaliser, as in DropBlock
                if site.mask is not None:
                    site.mask = site.mask * by if name in ops.MULTIPLIES else site.mask / by
            return mark
        if same and name in ops.ADDS | {"addcmul"}:
            for site in same:  # a · m ∘ x + b, as in alpha dropout
                site.completed = True
            return replace(after, near=mark.near, origin=mark.origin)
        kind, factor = "noise", None
        if name in ops.MULTIPLIES and len(tensors) == 2:
            kind, factor = "multiply", without_copies(noise)
        elif name in ops.DIVIDES and len(tensors) == 2 and tensors[1] is noise:
            kind, factor = "multiply", 1 / without_copies(noise)
        elif name in ops.PICKS:
            kind, factor = self._picked(name, args, tensors)
        bit = self._site(kind, name, factor, next(iter(outs), None), mark, drawn)
        if kind == "pick":
            self.sites[-1].completed = True
        return replace(
            after,
            sites=after.sites | bit,
            near=bit if kind == "multiply" else 0,
            origin=mark.origin,
            factor=mark.factor,
        )

    def _picked(self, name: str, args: Any, tensors: list[Tensor]) -> tuple[str, Tensor | None]:
        """The mask of `where` and `masked_fill`: a multiplication if the other value is zero, else a choice."""
        if name == "where" and len(args) == 3:
            condition, first, second = args
            if not self._is_random(condition):
                return "noise", None
            keep, other = (condition, second) if self._is_data(first) else (~condition, first)
            both = self._is_data(first) and self._is_data(second)
        elif name.startswith("masked_fill"):
            if not self._is_random(args[1]):
                return "noise", None
            keep, other, both = ~args[1].bool(), args[2], False
        else:
            return ("pick", None) if self._is_random(args[2]) else ("noise", None)
        zero = not both and not bool(torch.as_tensor(other).any())
        return "multiply" if zero else "pick", without_copies(keep)

    def _indexed(
        self, name: str, tensors: list[Tensor], data: Known, random: Known, outs: list[Tensor], before: Any
    ) -> Mark:
        """Random places, or a mask read at places of the data (a mask of nodes for each edge)."""
        table = tensors[0]
        own = self.ledger.get(table)
        if own is not None and own.random:
            return replace(join([m for _, m in random]), apart=False)
        value = own if own is not None and own.data else data[0][1]
        after = join([value, *(m for _, m in data)])
        apart = all(m.apart for _, m in random)
        kind, mask = "select", None
        changed = before if before is not None else table.detach()
        if changed.shape == outs[0].shape and name.startswith(
            ("index_put", "_index_put", "index_fill", "scatter")
        ):
            kept = (outs[0].detach() == changed) | (changed == 0)
            if not bool(outs[0].detach()[~kept].any()):
                kind, mask = "multiply", without_copies(kept)
        drawn = replace(join([m for _, m in random]), apart=apart)
        bit = self._site(kind, name, mask, outs[0], value, drawn)
        return replace(after, sites=after.sites | bit, near=bit, origin=value.origin, factor=value.factor)

    def _fused_dropout(self, known: Known, args: Any, outs: list[Tensor]) -> None:
        """A dropout that is one kernel, as on a GPU: it gives the mask as its second result."""
        drawn, keep = self._draw(), 1 - float(args[1])
        self.ledger.put(outs[1], drawn)
        mark = known[0][1]
        if not mark.data:
            self.ledger.put(outs[0], join([mark, drawn]))
            return
        mask = without_copies(outs[1]) / keep if keep else without_copies(outs[1])
        bit = self._site("multiply", "native_dropout", mask, outs[0], mark, drawn)
        self.ledger.put(outs[0], replace(mark, sites=mark.sites | bit, near=bit))

    def _site(
        self, kind: str, name: str, mask: Tensor | None, out: Tensor | None, value: Mark, drawn: Mark
    ) -> int:
        line, function = here()
        made_in = frozenset(path for bit, path in enumerate(self.drawn_in) if drawn.draws >> bit & 1)
        site = MaskSite(
            number=len(self.sites), kind=kind, operation=name, function=function,
            mask=None if mask is None else without_copies(mask), shape=() if out is None else tuple(out.shape),
            value=value, draws=drawn.draws,
            line=line, path=self.path, module=self._types.get(self.path, ""), made_in=made_in,
            apart=drawn.apart, padded=drawn.padded, whole=out is not None and not out.is_floating_point(),
        )  # fmt: skip
        self.sites.append(site)
        return 1 << site.number

    # The end of the pass.

    def arrive(self, out: object) -> None:
        """Say of each site whether the outputs depend on it."""
        for tensor in tensors_in(out):
            mark = self.ledger.get(tensor)
            if mark is None:
                continue
            if mark.origin is not None:
                self.factors[mark.origin].add(round(mark.factor, 6))
            for site in self._of(mark.sites):
                site.reaches = True
            for site in self._of(mark.near):
                site.final = True
        for site in self.sites:
            site.reaches |= site.kind == "decision"

    def named(self, params: int) -> list[str]:
        """The names of the weights in a set."""
        return [name for bit, name in enumerate(self.weights) if params >> bit & 1]

    def _of(self, bits: int) -> Iterator[MaskSite]:
        while bits:
            low = bits & -bits
            yield self.sites[low.bit_length() - 1]
            bits ^= low

    def _is_random(self, value: Any) -> bool:
        mark = self.ledger.get(value) if isinstance(value, Tensor) else None
        return mark is not None and mark.random

    def _is_data(self, value: Any) -> bool:
        mark = self.ledger.get(value) if isinstance(value, Tensor) else None
        return mark is not None and mark.data


def _flat(values: tuple[Any, ...]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from _flat(tuple(value))
        else:
            yield value


def _number(name: str, args: Any, tensors: list[Tensor], data: Known) -> float | None:
    """The number that an operation multiplies its one value by, else None."""
    if name not in ops.MULTIPLIES | ops.DIVIDES or len(data) != 1 or len(args) < 2:
        return None
    value = data[0][0]
    other = args[1] if args[0] is value else args[0]
    if name in ops.DIVIDES and args[0] is not value:
        return None
    if isinstance(other, Tensor):
        if other is value or other.is_complex() or not other.numel():
            return None
        first = other.detach().flatten()[0]
        if other.numel() > 1 and not bool((other == first).all()):
            return None
        other = first.item()
    if not isinstance(other, (int, float)) or other == 0:
        return None
    return float(other) if name in ops.MULTIPLIES else 1 / float(other)


@lru_cache(maxsize=4096)
def _is_composite(func: Callable[..., Any]) -> bool:
    name = getattr(func, "name", None)
    if name is None or not hasattr(func, "decompose"):
        return False
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(name(), "CompositeImplicitAutograd"))


@lru_cache(maxsize=4096)
def _rate_argument(func: Any) -> int | None:
    arguments = getattr(getattr(func, "_schema", None), "arguments", ())
    names = [argument.name for argument in arguments]
    return next((names.index(name) for name in ("dropout_p", "dropout") if name in names), None)


def _drops_inside(func: Any, args: Any) -> float:
    """The rate of a kernel that drops inside itself, as cuDNN's recurrent layers do; 0 for any other."""
    place = _rate_argument(func)
    return float(args[place]) if place is not None and place < len(args) and args[place] else 0.0
