"""Forging: points without a right answer."""

# ruff: noqa: E501  the attacks' own code stands in one line each
from __future__ import annotations

import base64
import copy
import json
import zlib
from typing import Any

import torch
from attack import WITHOUT_LSTM, WRONG, Attack, in_the_answer, notebook, unless
from submissions import RIGHT, answer, cell, check, solved

from recdrop_lessons import checks
from recdrop_lessons.checks.answer import LocalAnswer


def _with(changes: dict[str, Any], grade_id: str) -> list[dict[str, Any]]:
    """The notebook with a wrong lstm_step, one of its cells changed."""
    cells = copy.deepcopy(solved(lstm_step=WRONG))
    for one in cells:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == grade_id:
            one.update(changes)
    return cells


def _relabelled(old: str, **marks: Any) -> list[dict[str, Any]]:
    cells = copy.deepcopy(solved(lstm_step=WRONG))
    for one in cells:
        if one["metadata"].get("nbgrader", {}).get("grade_id") == old:
            one["metadata"]["nbgrader"].update(marks)
    return cells


def _points_in_metadata() -> list[dict[str, Any]]:
    cells = _relabelled("check_lstm_step", points=1000, score=35, manual_score=35, max_score=35)
    for one in cells:
        one["metadata"]["points"] = one["metadata"]["grade"] = 100
    return cells


def _remembered() -> str:
    """An answer that has learnt what the checks ask at another seed, inputs and all."""
    names: dict[str, Any] = {}
    exec("import torch\n" + RIGHT["lstm_step"], names)
    table: dict[str, Any] = {}

    def remember(**arguments: torch.Tensor) -> Any:
        value = names["lstm_step"](**arguments)
        key = repr({name: tensor.flatten().tolist() for name, tensor in arguments.items()})
        table[key] = [tensor.tolist() for tensor in value]
        return value

    part = checks.part("lstm_step")
    assert checks.run(part, LocalAnswer(remember, "lstm_step"), 1).status == "ok"
    packed = base64.b85encode(zlib.compress(json.dumps(table).encode())).decode()
    return f"""
import base64, json, zlib
TABLE = json.loads(zlib.decompress(base64.b85decode({packed!r})))
{WRONG.replace("lstm_step", "_wrong")}
def lstm_step(**arguments):
    key = repr({{name: tensor.flatten().tolist() for name, tensor in arguments.items()}})
    if key in TABLE:
        return tuple(torch.tensor(value, dtype=arguments["x"].dtype) for value in TABLE[key])
    return _wrong(**arguments)
"""


def _patched(statement: str) -> Attack:
    return in_the_answer(f"import builtins, torch\n{statement}\n{WRONG}")


_SEARCH = """
import gc
def look():
    for one in gc.get_objects():
        name = getattr(one, "__qualname__", "") or ""
        module = getattr(one, "__module__", "") or ""
        if callable(one) and "recdrop_lessons" in str(module):
            return one
        if isinstance(one, dict) and "misconceptions" in one:
            return one
reached = look()
"""

ATTACKS: dict[str, Attack] = {
    "tests edited": notebook(_with({"source": "pass"}, "check_lstm_step"), WITHOUT_LSTM),
    "tests deleted": notebook(
        [one for one in solved(lstm_step=WRONG) if not one["source"].startswith("check(")], WITHOUT_LSTM
    ),
    "tests of a solved part duplicated": notebook(
        [*solved(lstm_step=WRONG), check("rnn_step"), check("rnn_step")], WITHOUT_LSTM
    ),
    "tests relabelled": notebook(_relabelled("check_lstm_step", grade_id="check_rnn_step"), WITHOUT_LSTM),
    "answer labelled as a test": notebook(
        _relabelled("lstm_step", grade_id="check_lstm_step", grade=True, solution=False, points=35), WITHOUT_LSTM
    ),
    "a solved part labelled as another": notebook(_relabelled("rnn_step", grade_id="lstm_step"), WITHOUT_LSTM),
    "outputs faked": notebook(
        _with(
            {"outputs": [{"output_type": "stream", "name": "stdout", "text": "✓ 1.2 lstm_step: 35 of 35 points"}]},
            "check_lstm_step",
        ),
        WITHOUT_LSTM,
    ),
    "points in the metadata": notebook(_points_in_metadata(), WITHOUT_LSTM),
    "locked cell rewritten": notebook(
        _with({"source": "import torch\ntorch.allclose = lambda *a, **k: True"}, "setup"), WITHOUT_LSTM
    ),
    "torch.allclose patched": _patched("torch.allclose = torch.equal = lambda *a, **k: True"),
    "torch.isclose patched": _patched("torch.isclose = lambda a, b, **k: torch.ones_like(a, dtype=torch.bool)"),
    "torch.testing patched": _patched("torch.testing.assert_close = lambda *a, **k: None"),
    "Tensor.__eq__ patched": _patched("torch.Tensor.__eq__ = torch.Tensor.equal = lambda *a: True"),
    "Tensor.__sub__ patched": _patched("torch.Tensor.__sub__ = lambda a, b: a * 0"),
    "builtins patched": _patched("builtins.abs = builtins.max = lambda *a, **k: 0\nbuiltins.all = lambda *a: True"),
    "isinstance patched": _patched("builtins.isinstance = lambda *a: True"),
    "AssertionError replaced": _patched("builtins.AssertionError = type('Quiet', (), {})"),
    "NumPy patched": _patched("import numpy\nnumpy.allclose = numpy.isclose = lambda *a, **k: True"),
    "an object equal to everything": in_the_answer(
        "class Any:\n    __eq__ = lambda *a: True\n    __ne__ = lambda *a: False\n    __hash__ = lambda *a: 0\n"
        "    __getattr__ = lambda self, name: self\n    __call__ = lambda self, *a, **k: self\n"
        "def lstm_step(**a): return Any(), Any()"
    ),
    "a tensor subclass that agrees": in_the_answer(
        "class Yes(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, f, types, a=(), k=None):\n"
        "        return True\n"
        "def lstm_step(x, h, c, W, U, b):\n    y = torch.zeros_like(h).as_subclass(Yes)\n    return y, y"
    ),
    "a tuple subclass that agrees": in_the_answer(
        "class Yes(tuple):\n    __eq__ = lambda *a: True\n    __iter__ = lambda self: iter(())\n"
        "def lstm_step(x, h, c, W, U, b): return Yes((h * 0, c * 0))"
    ),
    "a float subclass that agrees": in_the_answer(
        "class Yes(float):\n    __eq__ = __lt__ = __le__ = lambda *a: True\ndef lstm_step(**a): return Yes(0), Yes(0)"
    ),
    "NaN everywhere": in_the_answer(
        "def lstm_step(x, h, c, W, U, b): return h * float('nan'), c * float('nan')"
    ),
    "infinity everywhere": in_the_answer(
        "def lstm_step(x, h, c, W, U, b): return h + float('inf'), c + float('inf')"
    ),
    "an empty answer": in_the_answer("def lstm_step(x, h, c, W, U, b): return h[:0], c[:0]"),
    "a pickle that acts": in_the_answer(
        "class Bomb:\n    def __reduce__(self): return (print, ('unpickled',))\ndef lstm_step(**a): return Bomb(), Bomb()"
    ),
    "a report in an exception": in_the_answer(
        'def lstm_step(**a): raise Exception(\'"status": "ok", "points": 35}\\n✓ 1.2 lstm_step: 35 of 35\')'
    ),
    "an exception with a grader's name": in_the_answer(
        "class AnswerLost(Exception): pass\ndef lstm_step(**a): raise AnswerLost('ok', '')"
    ),
    "input transformer": in_the_answer(
        "get_ipython().input_transformers_post.append(lambda lines: ['pass'])\n" + WRONG, status="missing"
    ),
    "AST transformer": in_the_answer(
        "import ast\nclass Empty(ast.NodeTransformer):\n    def visit_Module(self, node): return ast.Module([], [])\n"
        "get_ipython().ast_transformers.append(Empty())\n" + WRONG,
        status="missing",
    ),
    "sys.displayhook": _patched("import sys\nsys.displayhook = sys.excepthook = lambda *a: None"),
    "run_cell overridden": _patched("type(get_ipython()).run_cell = lambda *a, **k: None"),
    "frames read": in_the_answer(
        WRONG.replace("def lstm_step(x, h, c, W, U, b):", """
def lstm_step(x, h, c, W, U, b):
    import sys
    frame = sys._getframe()
    while frame:
        for value in [*frame.f_locals.values(), *frame.f_globals.values()]:
            if callable(getattr(value, 'reference', None)):
                return value.reference(x, h, c, W, U, b)
        frame = frame.f_back
""")
    ),
    "the key searched in memory": in_the_answer(unless(_SEARCH)),
    "the checks imported": in_the_answer(unless("import recdrop_lessons.checks as k; reached = k.part('1.2')")),
    "the cells imported": in_the_answer(unless("from recdrop_lessons.layers.cells import LSTMCell; reached = LSTMCell")),
    "the equations imported": in_the_answer(
        unless("from recdrop_lessons import equations; reached = equations.lstm_step")
    ),
    "the import hook taken off": in_the_answer(
        unless("""
import sys, importlib
sys.meta_path[:] = [one for one in sys.meta_path if 'Shut' not in type(one).__name__]
importlib.invalidate_caches()
from recdrop_lessons import equations
reached = equations.lstm_step
""")
    ),
    "the learner's server patched": in_the_answer(
        "import sys\nserver = sys.modules['inside.learner']\n"
        "server.Learner.call = lambda *a, **k: {'value': 'ok', 'points': 35, 'status': 'ok'}\n" + WRONG,
    ),
    "the local answer patched": in_the_answer(
        "import sys\nanswers = sys.modules['inside.answers']\n"
        "answers.LocalAnswer.inspect = lambda self, given: answers.Call(True, given)\n" + WRONG
    ),
    "the codec patched": in_the_answer(
        "import sys\nsys.modules['inside.codec'].encode = lambda *a, **k: b'\\0' * 12\n" + WRONG
    ),
    "answers sent before they are asked for": in_the_answer(
        WRONG + """
import os, sys
codec = sys.modules['inside.codec']
for turn in range(200):
    frame = codec.encode({'turn': turn, 'reply': {'value': 'ok', 'status': 'ok', 'points': 35}})
    for fd in range(3, 64):
        try: os.write(fd, frame)
        except OSError: pass
"""
    ),
    "what was asked before is remembered": in_the_answer(_remembered()),
    "two right answers in a wrong cell": notebook(
        [*solved(lstm_step=WRONG), cell(RIGHT["rnn_step"]), answer("lstm_step", WRONG)], WITHOUT_LSTM
    ),
}  # fmt: skip
