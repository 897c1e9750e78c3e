"""The library's docstrings, which are written to be read in a terminal, as reStructuredText.

`name`: what it is          a paragraph of its own, and so are Shapes, Equation, Raises …
an indented paragraph       code, letter for letter
* _ |                       letters, since mathematics and names are full of them
`LSTM`                      code, and a link where it is a public name
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from textwrap import dedent, indent
from typing import Any

from sphinx.application import Sphinx

import recdrop_lessons

ITEM = re.compile(r"(`[^`]+`(, `[^`]+`)*( and `[^`]+`)?:|[A-Z][a-z]+s?:|Raises |Returns )")
CODE = re.compile(r"(`[^`]*`)")


def restructured(docstring: str) -> Iterator[str]:
    """The paragraphs of a docstring, each as reStructuredText."""
    for blank, block in groupby(docstring.splitlines(), lambda line: not line.strip()):
        lines = list(block)
        if blank:
            continue
        if all(line.startswith("    ") for line in lines):
            yield "::\n\n" + indent(dedent("\n".join(lines)), "    ")
        else:
            yield from map(_escaped, _items(lines))


def _items(lines: list[str]) -> Iterator[str]:
    """A paragraph, taken apart where a line begins a new item."""
    item: list[str] = []
    for line in lines:
        if item and ITEM.match(line):
            yield " ".join(item)
            item = []
        item.append(line.strip())
    yield " ".join(item)


def _escaped(text: str) -> str:
    code = CODE.split(text)
    text = "".join(_linked(part) if k % 2 else _letters(part) for k, part in enumerate(code))
    return re.sub(r"(`[^`]+`)(?=\w)", r"\1\\ ", text)  # `Drop`s: the markup must end before the s


def _linked(code: str) -> str:
    """A public name is looked for in every module of ours, other code in the module at hand."""
    public = code.strip("`").split(".")[0] in recdrop_lessons.__all__
    return f"`.{code[1:]}" if public else code


def _letters(text: str) -> str:
    """Signs as letters, except around a word that is *meant*."""
    return re.sub(r"(?<!\w)(\*\w+\*)(?!\w)|([\\*_|])", lambda m: m[1] or f"\\{m[2]}", text)


def _process(app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]) -> None:
    if lines[:1] and lines[0].startswith("Alias for field number"):  # what a NamedTuple says of itself
        lines.clear()
    lines[:] = [*"\n\n".join(restructured("\n".join(lines))).splitlines(), ""]


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("autodoc-process-docstring", _process)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
