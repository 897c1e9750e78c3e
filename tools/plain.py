"""Count the sentences that a reader must read twice: more than 25 words, or a word to avoid.

    python tools/plain.py              # a line for each surface; exit 1 if a gated surface has too many
    python tools/plain.py --show docs  # each such sentence of a surface, with the reason

README, the pages of docs/ and the help of `recdrop` have a limit; notebooks and docstrings are only counted.
Headings, tables, code and formulas are not read.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import nbformat
import typer
from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
#: The share of marked sentences, in per cent, above which the check fails; None: a report only.
LIMITS: dict[str, float | None] = {"README": 8, "docs": 10, "help": 5, "notebooks": None, "docstrings": None}
LONGEST = 25  # words
AVOID = re.compile(
    r"\b(alone|anew|else|beside|stands?|lies|held|hear(?:s)?|whoever|brings?|once more|by itself|at hand"
    r"|as it is|there remain|(?:was|were) asked|of (?:its|their|your) own|so (?:is|are|does|do)"
    r"|what (?:it|they|that|stands|holds|came)|from [\d.]+ on)\b",
    re.IGNORECASE,
)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def sentences(markdown: str) -> Iterator[str]:
    """The sentences of its paragraphs and list items; `code` and $formulas$ count as one word each."""
    tokens = MARKDOWN.parse(re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", "`formula`", markdown, flags=re.DOTALL))
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open":
            words = {"text": None, "code_inline": "code", "softbreak": " ", "hardbreak": " "}
            parts = [words[part.type] or part.content for part in token.children or () if part.type in words]
            yield from filter(None, re.split(r"(?<=[.!?])[\"”)]*\s+(?=[A-Z\"“(0-9]|code)", "".join(parts)))


def reasons(sentence: str) -> list[str]:
    """Why a reader must read it twice; empty for a plain sentence."""
    words = len(sentence.split())
    found = sorted({word.lower() for word in AVOID.findall(sentence)})
    return [f"{words} words"] * (words > LONGEST) + found


def texts(surface: str) -> Iterator[tuple[str, str]]:
    """(where, Markdown) of each text of a surface."""
    if surface == "help":
        yield from _help()
    elif surface == "docstrings":
        for path in sorted((ROOT / "recdrop_lessons").rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    yield f"{_name(path)}:{getattr(node, 'lineno', 1)}", ast.get_docstring(node) or ""
    elif surface == "notebooks":
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "markdown":
                    yield f"{_name(path)} {cell.id}", cell.source
    else:
        pages = ["README.md"] if surface == "README" else ["docs/**/*.md", "CONTRIBUTING.md"]
        for path in sorted(found for page in pages for found in ROOT.glob(page)):
            if not _name(path).startswith("docs/claims/"):  # made from the lessons by `make site`
                yield _name(path), path.read_text(encoding="utf-8")


def _help() -> Iterator[tuple[str, str]]:
    from recdrop_lessons.cli import app

    group = typer.main.get_command(app)
    yield "recdrop", group.help or ""
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield f"recdrop {name}", command.help or ""
        for parameter in command.params:
            yield f"recdrop {name} {parameter.name}", getattr(parameter, "help", None) or ""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def main(
    show: Annotated[str, typer.Option(help=f"Print the marked sentences of: {', '.join(LIMITS)}.")] = "",
) -> None:
    """Count the sentences that a reader must read twice."""
    failed = False
    for surface, limit in LIMITS.items():
        read = [(where, sentence) for where, text in texts(surface) for sentence in sentences(text)]
        marked = [(where, why, sentence) for where, sentence in read if (why := reasons(sentence))]
        share = 100 * len(marked) / max(len(read), 1)
        above = limit is not None and share > limit
        failed = failed or above
        allowed = "" if limit is None else f", at most {limit} %"
        typer.echo(f"{surface}: {len(marked)} of {len(read)} sentences marked, {share:.1f} %{allowed}")
        if surface == show:
            for where, why, sentence in marked:
                typer.echo(f"  {where}: {', '.join(why)}: {sentence}")
        elif above:
            typer.echo(f"  Too many: see them with `python tools/plain.py --show {surface}`.")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
