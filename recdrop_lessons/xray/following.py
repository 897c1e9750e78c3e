"""Follow the random values through one pass, below autograd: where one meets data, there is a site.

A `TorchDispatchMode` sees every operation, and the parts of fused layers on the CPU. A tensor that a random
operation made is random, and what is computed from random values and constants stays random: a mask, whatever
was done to it. Inputs and weights are data. The first operation that joins the two is a site; each site's
mark travels on with the data, to the outputs or nowhere.

Above 300 lines, since it is one class: what becomes of a mark at each kind of operation.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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


@dataclass
class Step:
    """One operation of a pass: its function, its arguments, the tensors and marks among them, its results.

    `before`: what an operation in place has written over, if that matters.
    """

    func: Any
    args: tuple[Any, ...]
    tensors: list[Tensor]
    known: Known = field(default_factory=list)
    outs: list[Tensor] = field(default_factory=list)
    before: Tensor | None = None
    name: str = ""
    written: bool = False

    def __post_init__(self) -> None:
        name = getattr(self.func, "overloadpacket", self.func).__name__
        self.written = name.endswith("_") and not name.endswith("__")
        self.name = name.removesuffix("_") if self.written else name

    @property
    def data(self) -> Known:
        return [(one, mark) for one, mark in self.known if mark.data]

    @property
    def random(self) -> Known:
        return [(one, mark) for one, mark in self.known if mark.random]

    def number(self) -> float | None:
        """The number that the operation multiplies its one value by, else None."""
        multiplies, data = self.name in ops.MULTIPLIES, self.data
        if not (multiplies or self.name in ops.DIVIDES) or len(data) != 1 or len(self.args) < 2:
            return None
        value = data[0][0]
        if not multiplies and self.args[0] is not value:
            return None
        other = self.args[1] if self.args[0] is value else self.args[0]
        if isinstance(other, Tensor):
            if other is value or other.is_complex() or not other.numel():
                return None
            first = other.detach().flatten()[0]
            if other.numel() > 1 and not bool((other == first).all()):
                return None
            other = first.item()
        if not isinstance(other, (int, float)) or other == 0:
            return None
        return float(other) if multiplies else 1 / float(other)


class Following(TorchDispatchMode):
    """One pass of a model. Afterwards `sites` has its sites, in the order of the pass.

    `example`: what the model is given. `earlier`: the pass before, if the model was left as that pass left
        it.
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
        self._clock = 0
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
        """Within it the stack of modules is known, also of those that no module registers."""

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
        step = Step(func, args, [one for one in _flat((args, *kwargs.values())) if isinstance(one, Tensor)])
        step.known = [(one, mark) for one in step.tensors if (mark := self.ledger.get(one)) is not None]
        if step.written and step.name in ops.INDEXES and any(mark.random for _, mark in step.known):
            step.before = step.tensors[0].detach().clone()
        out = func(*args, **kwargs)
        step.outs = [one for one in _flat((out,)) if isinstance(one, Tensor)]
        mark = self._mark(step)
        if mark is not None:
            for one in step.outs:
                if step.written or step.name not in ops.VIEWS or not self.ledger.knows(one):
                    self.ledger.put(one, mark, written=step.written)
        if step.name in ("stack", "cat") and step.known:
            self._mark_parts(step)
        return out

    def _mark(self, step: Step) -> Mark | None:
        """What is known of the results now; None if nothing is, or if they have their marks already."""
        name, known = step.name, step.known
        if name in ops.DRAWS:
            chances = [m for one, m in known if one is not step.outs[0] and not name.endswith("_like")]
            sites, given = join(chances).sites, any(mark.data for mark in chances)
            return replace(self._draw(), apart=name not in ops.JOINT_DRAWS, sites=sites, padded=given)
        if name in ops.MAKES:
            return Mark() if any(self.ledger.get(one) for one in step.outs) else None
        if name == "native_dropout" and known and step.args[2] is not False and step.args[1]:
            return self._fused_dropout(step)
        if not known:
            return None
        if name in ops.READS:
            if known[0][1].random:
                self._site("decision", step, None, Mark(), known[0][1])
            return None
        if name == "copy" and len(step.tensors) == 2:
            return self.ledger.get(step.tensors[1]) or Mark()
        if step.data and step.random:
            return self._met(step)
        if step.random:
            return self._still_random(step)
        return self._only_data(step) if step.data else Mark()

    def _mark_parts(self, step: Step) -> None:
        """What was stacked keeps its own mark where it is read again, as one of several states."""
        axis, start, whole = (*step.args, 0)[1], 0, step.outs[0]
        for part in step.tensors:
            mark = self.ledger.get(part)
            size = 1 if step.name == "stack" else part.shape[axis]
            if mark is not None and size:
                there = whole.select(axis, start) if step.name == "stack" else whole.narrow(axis, start, size)
                self.ledger.put(there, mark)
            start += size

    def _draw(self) -> Mark:
        self.drawn_in.append(self.path)
        return Mark(draws=1 << len(self.drawn_in) - 1)

    def _still_random(self, step: Step) -> Mark:
        """A mask after another step. What is zero anyway, as a first state, does not become random."""
        constants = [one for one in step.tensors if all(one is not other for other, _ in step.known)]
        if step.name in ops.MULTIPLIES and constants and not constants[0].any():
            return Mark()
        mark = join([mark for _, mark in step.known])
        return mark if step.name in ops.ELEMENTWISE else replace(mark, apart=False)

    # Data without a mask.

    def _only_data(self, step: Step) -> Mark:
        """What data is multiplied by belongs to the site before, or to the value."""
        marks, name = [mark for _, mark in step.data], step.name
        mark = join(marks)
        number = step.number()
        if number is not None and marks[0].origin is not None:
            for site in self._of(marks[0].near):
                site.scale *= number
            return replace(marks[0], factor=marks[0].factor * number, indicator=False)
        if name in ops.VIEWS and len(marks) == 1:
            return marks[0]
        self._consume(step.data)
        if name not in ops.CARRIES and len(marks) > 1:
            self._carry(marks)
        if rate := _rate_inside(step.func, step.args):
            self.unseen.add(f"{name} drops inside its own kernel, with p = {rate:g}.")
            return self._result(mark, self._site("fused", step, None, marks[0], Mark()), marks[0])
        near = 0
        if name in ops.CARRIES:
            near = join([replace(one, sites=one.near) for one in marks]).sites
        elif name in ops.ADDS and len(marks) == 2:
            self._completed(marks[0].near, marks[1].near)
        if constant := self._constant_mask(step):
            near = marks[0].near | constant
        self._made[self.path, name] += 1
        indicator = name in ops.COMPARES or all(m.indicator for m in marks) and name in ops.ELEMENTWISE
        origin = self.path, name, self._made[self.path, name]
        self._clock += 1
        return replace(
            mark, near=near, sites=mark.sites | constant, origin=origin, indicator=indicator, born=self._clock
        )

    def _consume(self, data: Known) -> None:
        """Something else than a number uses a value: its factor is final. Weights meet masked values here."""
        pure = join([mark for _, mark in data if not mark.inputs]).params
        for _, mark in data:
            if mark.origin is not None:
                self.factors[mark.origin].add(round(mark.factor, 6))
            if pure and mark.inputs:
                for site in self._of(mark.near):
                    fed = self.named(pure)
                    again = bool(site.value.params & pure)
                    site.carried |= again and not any("weight_ih" in name for name in fed)
                    site.feeds |= set(fed)

    def _carry(self, marks: list[Mark]) -> None:
        """A masked value meets what its own weights have made since: it was carried to the next step."""
        for mark in marks:
            for site in self._of(mark.near):
                site.carried |= any(
                    other.inputs and other.born > site.born and bool(other.params & site.value.params)
                    for other in marks
                    if other is not mark
                )

    def _completed(self, one: int, other: int) -> None:
        """Two masked values are added, and their masks are complements: m ∘ a + (1 - m) ∘ b."""
        for a in self._of(one):
            for b in self._of(other):
                if a.draws & b.draws and a.mask is not None and b.mask is not None and a is not b:
                    total = a.mask + b.mask
                    if torch.allclose(total, total.flatten()[:1]):
                        a.completed = b.completed = True

    def _constant_mask(self, step: Step) -> int:
        """A constant of zeros and one other value that multiplies data: a site to be judged later."""
        if step.name not in ops.MULTIPLIES | ops.DIVIDES or len(step.tensors) != 2 or len(step.data) != 1:
            return 0
        value, mark = step.data[0]
        other = step.tensors[1] if step.tensors[0] is value else step.tensors[0]
        kept = other[other != 0]
        if kept.numel() == other.numel() or not bool((kept == kept.flatten()[:1]).all()):
            return 0
        if other.numel() == 1 and "drop" in here()[1]:  # F.dropout(x, 1) multiplies by a zero
            return self._site("multiply", step, other, mark, self._draw())
        if other.numel() < 4 or not kept.numel():
            return 0
        bit = self._site("constant", step, other, mark, Mark())
        self.sites[-1].drawn_before = self.ledger.place(other) in self.drawn_before
        return bit

    # Where random meets data.

    def _met(self, step: Step) -> Mark:
        """A site, a mask that stays a mask, or one more step at the same site."""
        name, mark, (noise, drawn) = step.name, step.data[0][1], step.random[0]
        if name in ops.INDEXES:
            return self._indexed(step)
        if name in ops.COMPARES or all(one.indicator for _, one in step.data):
            # a mask that spares the padding is still a mask, and so is one with probabilities from the data
            still = [replace(m, data=False, indicator=False, inputs=False, params=0) for _, m in step.data]
            return replace(join([m for _, m in step.random] + still), padded=True)
        after = join([m for _, m in step.data] + [replace(m, params=0) for _, m in step.random])
        same = [site for site in self._of(mark.near) if not drawn.draws & ~site.draws]
        scales = name in ops.MULTIPLIES | ops.DIVIDES and len(step.tensors) == 2
        if same and scales and step.tensors[1] is noise:
            for site in same:  # the mask's own normaliser, as in DropBlock
                by = without_copies(noise) if name in ops.MULTIPLIES else 1 / without_copies(noise)
                site.mask = None if site.mask is None else site.mask * by
            return mark
        if same and (name in ops.ADDS or name == "addcmul"):
            for site in same:  # a · m ∘ x + b, as in alpha dropout
                site.completed = True
            return replace(after, near=mark.near, origin=mark.origin)
        kind, factor = "noise", None
        if scales and (name in ops.MULTIPLIES or step.tensors[1] is noise):
            kind, factor = "multiply", without_copies(noise)
            factor = factor if name in ops.MULTIPLIES else 1 / factor
        elif name in ops.PICKS:
            kind, factor = self._picked(step)
        if not scales:
            self._consume(step.data)
        bit = self._site(kind, step, factor, mark, drawn)
        self.sites[-1].completed = kind == "pick"
        return self._result(after, bit, mark, near=kind == "multiply")

    def _result(self, after: Mark, bit: int, value: Mark, *, near: bool = True) -> Mark:
        """The mark of the result of a site."""
        near_bits = bit if near else 0
        return replace(
            after, sites=after.sites | bit, near=near_bits, origin=value.origin, factor=value.factor
        )

    def _picked(self, step: Step) -> tuple[str, Tensor | None]:
        """The mask of `where` or `masked_fill`: it multiplies if the other value is zero; else it chooses."""
        random = [one for one, _ in step.random]
        data = [one for one, _ in step.data]
        args = step.args
        chooser = args[0] if step.name == "where" else args[1] if step.name == "masked_fill" else args[2]
        if not any(chooser is one for one in random):
            return "noise", None
        if step.name == "lerp":
            return "pick", None
        if step.name == "where" and any(args[1] is one for one in data):
            keep, other = chooser, args[2]
        else:
            keep, other = ~chooser.bool(), args[1] if step.name == "where" else args[2]
        zero = not any(other is one for one in data) and not bool(torch.as_tensor(other).any())
        return "multiply" if zero else "pick", without_copies(keep)

    def _indexed(self, step: Step) -> Mark:
        """Random places, or a mask read at places of the data (a mask of nodes for each edge)."""
        table, result = step.tensors[0], step.outs[0].detach()
        own = self.ledger.get(table)
        drawn = join([mark for _, mark in step.random])
        if own is not None and own.random:
            return replace(drawn, apart=False)
        value = own if own is not None and own.data else step.data[0][1]
        kind, mask = "select", None
        before = table.detach() if step.before is None else step.before
        if before.shape == result.shape and step.name in (
            "index_put",
            "_index_put_impl",
            "index_fill",
            "scatter",
        ):
            kept = (result == before) | (before == 0)
            if not bool(result[~kept].any()):
                kind, mask = "multiply", kept
        bit = self._site(kind, step, mask, value, drawn)
        return self._result(join([value, *(mark for _, mark in step.data)]), bit, value)

    def _fused_dropout(self, step: Step) -> Mark | None:
        """A dropout that is one kernel, as on a GPU: it gives the mask as its second result."""
        drawn, keep, mark = self._draw(), 1 - float(step.args[1]), step.known[0][1]
        self.ledger.put(step.outs[1], drawn)
        if not mark.data:
            self.ledger.put(step.outs[0], join([mark, drawn]))
            return None
        mask = without_copies(step.outs[1]) / (keep or 1)
        self.ledger.put(
            step.outs[0], self._result(mark, self._site("multiply", step, mask, mark, drawn), mark)
        )
        return None

    def _site(self, kind: str, step: Step, mask: Tensor | None, value: Mark, drawn: Mark) -> int:
        """Note a site of the step, and give its bit."""
        line, function = here()
        out = next(iter(step.outs), None)
        site = MaskSite(
            number=len(self.sites), kind=kind, operation=step.name, function=function,
            mask=None if mask is None else without_copies(mask),
            shape=() if out is None else tuple(out.shape), value=value, draws=drawn.draws, line=line,
            born=self._clock, path=self.path, module=self._types.get(self.path, ""),
            made_in=frozenset(path for bit, path in enumerate(self.drawn_in) if drawn.draws >> bit & 1),
            apart=drawn.apart, padded=drawn.padded, whole=out is not None and not out.is_floating_point(),
        )  # fmt: skip
        self.sites.append(site)
        return 1 << len(self.sites) - 1

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


def _flat(values: tuple[Any, ...]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from _flat(tuple(value))
        else:
            yield value


@lru_cache(maxsize=4096)
def _is_composite(func: Callable[..., Any]) -> bool:
    name = getattr(func, "name", None)
    if name is None or not hasattr(func, "decompose"):
        return False
    return bool(torch._C._dispatch_has_kernel_for_dispatch_key(name(), "CompositeImplicitAutograd"))


@lru_cache(maxsize=4096)
def _argument_names(func: Any) -> list[str]:
    return [argument.name for argument in getattr(getattr(func, "_schema", None), "arguments", ())]


def _rate_inside(func: Any, args: Any) -> float:
    """The rate of a kernel that drops inside itself, as cuDNN's recurrent layers do; 0 for any other."""
    given = dict(zip(_argument_names(func), args, strict=False))
    rate = given.get("dropout_p") or given.get("dropout")
    acts = given.get("train", True) and given.get("num_layers") != 1
    return float(rate) if acts and isinstance(rate, float) else 0.0
