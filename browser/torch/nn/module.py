"""Parameter, Module and the containers of modules."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .._dtypes import dtype, float32, float64
from .._tensor import Tensor


class Parameter(Tensor):
    """A tensor that a module lists and a training changes."""

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Any:
        made = Tensor.__new__(cls)
        if data is not None:
            made._a = data._a
        made._wants = requires_grad
        return made

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        pass

    def __repr__(self) -> str:
        return f"Parameter containing:\n{Tensor.__repr__(self)}"


class Buffer(Tensor):
    __slots__ = ()


class RemovableHandle:
    def __init__(self, hooks: dict[int, Any], key: int) -> None:
        self.hooks, self.id = hooks, key

    def remove(self) -> None:
        self.hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Module:
    """Holds parameters, buffers and other modules; `forward` is what it computes."""

    training: bool

    def __init__(self, *args: Any, **named: Any) -> None:
        self.__dict__.update(
            training=True,
            _parameters={},
            _modules={},
            _buffers={},
            _forward_hooks={},
            _forward_pre_hooks={},
            _non_persistent_buffers_set=set(),
        )

    def forward(self, *args: Any, **named: Any) -> Any:
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **named: Any) -> Any:
        for hook, with_named in list(self._forward_pre_hooks.values()):
            got = hook(self, args, named) if with_named else hook(self, args)
            if got is not None and with_named:
                args, named = got
            elif got is not None:
                args = got if isinstance(got, tuple) else (got,)
        out = self.forward(*args, **named)
        for hook, with_named in list(self._forward_hooks.values()):
            got = hook(self, args, named, out) if with_named else hook(self, args, out)
            out = out if got is None else got
        return out

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        self._forward_hooks[id(hook)] = (hook, with_kwargs)
        return RemovableHandle(self._forward_hooks, id(hook))

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        self._forward_pre_hooks[id(hook)] = (hook, with_kwargs)
        return RemovableHandle(self._forward_pre_hooks, id(hook))

    # ---- what it holds ----

    def _shelves(self) -> tuple[dict[str, Any], ...]:
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameters before Module.__init__() call")
        return self._parameters, self._modules, self._buffers

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Parameter, Module)):
            parameters, modules, buffers = self._shelves()
            for shelf in (parameters, modules, buffers):
                shelf.pop(name, None)
            self.__dict__.pop(name, None)
            (parameters if isinstance(value, Parameter) else modules)[name] = value
            return
        for shelf in (self.__dict__.get(one, {}) for one in ("_parameters", "_modules", "_buffers")):
            if name in shelf:
                if shelf is self.__dict__["_parameters"] and value is not None:
                    raise TypeError(
                        f"cannot assign '{type(value).__name__}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                    )
                shelf[name] = value
                return
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        for shelf in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(shelf, {}):
                return self.__dict__[shelf][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for shelf in ("_parameters", "_buffers", "_modules"):
            if name in self.__dict__.get(shelf, {}):
                del self.__dict__[shelf][name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._parameters, *self._buffers, *self._modules})

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        self._buffers[name] = tensor
        if not persistent:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        self._modules[name] = module

    register_module = add_module

    def named_modules(
        self, memo: Any = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        memo = set() if memo is None else memo
        if self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name)

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        return iter([(name, one) for name, one in self._modules.items() if one is not None])

    def children(self) -> Iterator[Module]:
        return (one for _, one in self.named_children())

    def _named(self, shelf: str, prefix: str, recurse: bool) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
            for name, one in module.__dict__[shelf].items():
                if one is not None and id(one) not in seen:
                    seen.add(id(one))
                    yield (f"{path}.{name}" if path else name), one

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (one for _, one in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        return self._named("_buffers", prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        return (one for _, one in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> Module:
        module = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
        return module

    def get_parameter(self, target: str) -> Parameter:
        path, _, name = target.rpartition(".")
        return getattr(self.get_submodule(path), name)

    # ---- what is done to all of it ----

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, Tensor]:
        kept = OrderedDict()
        for path, module in self.named_modules(prefix=prefix.rstrip(".")):
            shelves = list(module._parameters.items()) + [
                (name, one)
                for name, one in module._buffers.items()
                if name not in module._non_persistent_buffers_set
            ]
            for name, one in shelves:
                if one is not None:
                    kept[f"{path}.{name}" if path else name] = one if keep_vars else one.detach()
        return kept

    def load_state_dict(self, state_dict: Any, strict: bool = True, assign: bool = False) -> str:
        own = self.state_dict(keep_vars=True)
        wrong = []
        if strict and set(own) - set(state_dict):
            wrong.append(f"Missing key(s) in state_dict: {', '.join(sorted(set(own) - set(state_dict)))}.")
        if strict and set(state_dict) - set(own):
            wrong.append(f"Unexpected key(s) in state_dict: {', '.join(sorted(set(state_dict) - set(own)))}.")
        for name, one in own.items():
            if name not in state_dict:
                continue
            if state_dict[name]._a.shape != one._a.shape:
                wrong.append(
                    f"size mismatch for {name}: copying a param with shape {state_dict[name].shape} from checkpoint, "
                    f"the shape in current model is {one.shape}."
                )
            else:
                np.copyto(one._a, state_dict[name]._a)
        if wrong:
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(wrong)
            )
        return "<All keys matched successfully>"

    def train(self, mode: bool = True) -> Any:
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Any:
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        for one in self.parameters():
            one.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        for one in self.parameters():
            one._grad = None

    def apply(self, fn: Callable[[Module], Any]) -> Any:
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *target: Any, **named: Any) -> Any:
        for kind in (*target, *named.values()):
            if isinstance(kind, dtype):
                for one in (*self.parameters(), *self.buffers()):
                    if one._a.dtype.kind == "f":
                        one._a = one._a.astype(kind.np)
        return self

    def double(self) -> Any:
        return self.to(float64)

    def float(self) -> Any:
        return self.to(float32)

    def cpu(self) -> Any:
        return self

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        inner = [f"  ({name}): " + repr(one).replace("\n", "\n  ") for name, one in self._modules.items()]
        if not inner:
            return f"{type(self).__name__}({self.extra_repr()})"
        return f"{type(self).__name__}(\n" + "\n".join(inner) + "\n)"
