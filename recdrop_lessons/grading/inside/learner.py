"""The learner's process: it runs a notebook's cells and answers calls of its functions in plain data."""

from __future__ import annotations

import ast
import builtins
import codeop
import importlib.abc
import linecache
import os
import sys
import tempfile
import traceback
import types
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from typing import Any

import torch

from . import codec, probe, reading
from .channel import Channel

Arguments = dict[str, Any]
Reply = dict[str, Any]

SHUT = "recdrop_lessons"
_MAX_TEXT = 2000


class ShutError(ImportError):
    """The library is not there while answers are graded."""


class _ShutFinder(importlib.abc.MetaPathFinder):
    """Refuses the library: its checks, cells and equations are the answers."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.split(".")[0] == SHUT:
            raise ShutError(
                f"{fullname} contains the answers and is not available while yours are graded: use torch"
            )
        return None


class _Shut:
    """Stands for a name imported from the library; any use of it says that it is shut."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, attribute: str) -> Any:
        raise ShutError(
            f"{object.__getattribute__(self, '_name')} is not available while your answers are graded"
        )

    def __call__(self, *_: Any, **__: Any) -> Any:
        raise ShutError(
            f"{object.__getattribute__(self, '_name')} is not available while your answers are graded"
        )


class _NoShell:
    """`get_ipython()` of a notebook that runs without a shell: everything does nothing."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


class Learner:
    """One notebook's names, and the operations on them that a checker asks for.

    `answers`: the module whose `LocalAnswer` calls a function on copies of plain values (checks/answer.py).
    """

    def __init__(self, answers: Any) -> None:
        self._answers = answers
        self._module = types.ModuleType("__main__")
        self._names = self._module.__dict__
        self._names.update(display=lambda *_, **__: None, get_ipython=_NoShell, __builtins__=builtins)
        sys.modules["__main__"] = self._module
        sys.meta_path.insert(0, _ShutFinder())
        self._compile = codeop.Compile()
        _let_matplotlib_in()
        tempfile.tempdir = os.environ["TMPDIR"]  # asked for by torch's late imports, which do not write there
        torch.compile = _compile_refused

    def read(self, notebook_bytes: bytes) -> dict[str, Any]:
        try:
            return {"cells": reading.read(notebook_bytes)}
        except reading.Unreadable as error:
            return {"unreadable": str(error)}
        except MemoryError:
            return {
                "unreadable": "The notebook is too large to be read: clear its outputs and save it again."
            }

    def run(self, source: str, name: str) -> dict[str, Any]:
        """Run one cell: what it raised, and the functions that there are now."""
        raised = self._run(source, name)
        functions = [
            one
            for one, its in list(self._names.items())
            if type(one) is str and callable(its) and not isinstance(its, _Shut)
        ]
        return {"raised": raised, "functions": functions}

    def _run(self, source: str, name: str) -> list[str] | None:
        """Statement by statement. Imports of the library, and their use, are passed over."""
        filename = f"<{name}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        try:
            tree = reading.parse_cell(source, filename)
        except SyntaxError as error:
            return _raised(error)
        for statement in tree.body:
            try:
                code = self._compile(ast.Module([statement], []), filename, "exec")  # type: ignore[arg-type]
                exec(code, self._names)
            except ShutError:
                self._bind_shut(statement)
            except BaseException as error:  # SystemExit and KeyboardInterrupt end a cell, not the grading
                return _raised(error)
        return None

    def _bind_shut(self, statement: ast.stmt) -> None:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            for alias in statement.names:
                name = alias.asname or alias.name.split(".")[0]
                self._names.setdefault(name, _Shut(alias.name))

    def call(
        self,
        name: str,
        arguments: Arguments,
        wrt: Sequence[str],
        cotangent: Any,
        random: torch.Generator | None = None,
    ) -> Reply:
        """What a call gives, or raised; and the states of the generators that it drew from.

        `random` is where torch's own generator stands at the checker, if not where the last call left it.
        """
        own = torch.default_generator
        if random is not None:
            own.set_state(random.get_state())
        given = [own, *self._answers.generators(arguments)]
        before = [generator.get_state() for generator in given]
        question = self._answers.Question(arguments, tuple(wrt), cotangent)
        try:
            call, gradients = self._answers.LocalAnswer(self._names[name], name).ask(question)
        except self._answers.AnswerError as error:
            reply: Reply = {"raised": list(error.args)}
        except BaseException as error:
            reply = {"raised": _raised(error)}
        else:
            pulled = list(gradients.args) if isinstance(gradients, self._answers.AnswerError) else gradients
            reply = {**_called(call, arguments), "gradients": pulled}
        if any(not torch.equal(one.get_state(), state) for one, state in zip(given, before, strict=True)):
            reply["generators"] = given
        return reply

    def serve(self, channel: Channel) -> None:
        """Answer one request after another, until the other side is gone."""
        operations: dict[str, Callable[..., Reply]] = {
            "read": self.read, "run": self.run, "call": self.call, "probe": _probe,
        }  # fmt: skip

        def refused(error: codec.CodecError) -> Reply:
            return {"raised": ["ValueError", f"your function's value: {error}", ""]}

        channel.serve(lambda request: operations[request.pop("do")](**request), refused)


def _probe(targets: dict[str, Any]) -> Reply:
    return {"succeeded": probe.attack(targets)}


def _called(call: Any, arguments: Arguments) -> Reply:
    """A call's value; the arguments too, if they changed."""
    if _same(call.arguments, arguments):
        return {"value": call.value}
    return {"value": call.value, "arguments": call.arguments}


def _same(one: Any, other: Any) -> bool:
    """Whether an argument is as it was. A NaN makes it seem changed, which costs a few bytes and no more."""
    if isinstance(one, torch.Tensor):
        return (
            isinstance(other, torch.Tensor)
            and one.dtype == other.dtype
            and one.shape == other.shape
            and one.stride() == other.stride()
            and torch.equal(one, other)
        )
    if isinstance(one, dict):
        return (
            type(other) is dict and one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
        )
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(_same, one, other))
    return one is other or (type(one) is type(other) and bool(one == other))


def _compile_refused(*_: Any, **__: Any) -> Any:
    raise RuntimeError(
        "torch.compile needs a compiler, which cannot be started while your answers are graded: "
        "hand the function in without it"
    )


def _let_matplotlib_in() -> None:
    """matplotlib refuses where it cannot write its cache; told that it can, it goes on without one."""
    access, cache = os.access, os.environ.get("MPLCONFIGDIR")

    def pretend(path: Any, mode: int, **named: Any) -> bool:
        return access(path, mode, **named) or (mode == os.W_OK and str(path) == cache)

    os.access = pretend


def _raised(error: BaseException) -> list[str]:
    """An exception as type, text and the last frames in the learner's cells."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith("<")]
    try:
        text = str(error)
    except BaseException:
        text = ""
    place = "".join(traceback.format_list(frames[-3:]))
    return [type(error).__name__, text[:_MAX_TEXT], place[-_MAX_TEXT:]]
