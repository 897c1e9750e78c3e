"""recdrop_lessons: what dropout in recurrent and graph networks really does, in code that can be read.

One algebra, site × sharing × noise × fill, says every method; see `drops` and `variants`.
"""

import ast as _ast
from importlib import import_module as _import_module
from pathlib import Path as _Path

__version__ = "0.1.0"

# A public name is imported when it is first asked for: torch takes a second, which `recdrop` need not wait.
_stub = _ast.parse(_Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
_home = {
    name.name: f".{line.module or name.name}"
    for line in _stub.body
    if isinstance(line, _ast.ImportFrom)
    for name in line.names
}
__all__ = sorted(_home)


def __getattr__(name: str) -> object:
    if name not in _home:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _import_module(_home[name], __name__)
    value = globals()[name] = module if _home[name] == f".{name}" else getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
