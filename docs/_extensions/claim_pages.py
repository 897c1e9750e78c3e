"""A page for each claim on trial: verdict, reason, releases, source, and the claim tried with your own seed.

The pages are written into docs/claims/ before Sphinx looks for pages, from the lessons' stored verdicts and
data/claims.toml; git ignores them. On each, the directive

    ```{claim} keras-uses-semeniuta

says which of three it is: Keras itself in the page, what stands in for torch in the page, or a recorded run.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from live import ROOT, runtime, runtime_size
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.course import sources
from recdrop_lessons.course.claims import VERDICTS, ClaimRow, read
from recdrop_lessons.releases import matrix

PAGES = ROOT / "docs" / "claims"
PROBES = ROOT / "recdrop_lessons" / "releases" / "probes"
#: What a page can ask: the framework's name in facts.csv, and the package that page_kernel.py asks.
LIVE = {"Keras": "keras", "PyTorch": "torch"}


def slug(row: ClaimRow) -> str:
    return row.cell.removeprefix("claim-")


@cache
def rows() -> dict[str, ClaimRow]:
    """Each claim of the lessons by its slug."""
    return {slug(row): row for row in read((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))}


@cache
def known() -> matrix.Matrix:
    return matrix.read()


def source_of(name: str) -> sources.Source:
    return sources.read().get(f"claim-{name}", sources.Source())


def asked(name: str) -> dict[str, dict[str, dict[str, str]]]:
    """The claim's facts that a page can ask: package → fact → what was observed → the verdict then."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for fact, verdicts in source_of(name).facts.items():
        package = LIVE.get(known().facts[fact].framework)
        if package:
            found.setdefault(package, {})[fact] = dict(verdicts)
    return found


# ---------------------------------------------------------------- the pages


def page(name: str, row: ClaimRow) -> str:
    """The claim's page in Markdown."""
    source = source_of(name)
    releases = source.by_release(known())
    lines = [
        f"# “{row.claim}”",
        f"**{VERDICTS[row.verdict]} {row.verdict.capitalize()}.** {row.because}",
        f"**By release.** {releases}." if releases else "",
        f"**Said by:** {source.link()}. **Decided in** "
        f"[{row.lesson}](../../notebooks/{row.notebook}#cell-id={row.cell}), by code that a test runs again.",
        "## Try it with your own seed",
        f"```{{claim}} {name}\n```",
        "All claims: [claims on trial](../../notebooks/claims.md).",
    ]
    return "\n\n".join(filter(None, lines)) + "\n"


def write_pages(app: Sphinx) -> None:
    """Write what changed, and remove what is no claim any more."""
    PAGES.mkdir(exist_ok=True)
    texts = {PAGES / f"{name}.md": page(name, row) for name, row in rows().items()}
    for path in set(PAGES.glob("*.md")) - set(texts):
        path.unlink()
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


# ---------------------------------------------------------------- the part that is tried


@cache
def probe_sources() -> list[tuple[re.Pattern[str], str]]:
    """The code of each probe, by a pattern of the facts that it finds."""
    found = []
    for path in sorted(PROBES.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for call in node.decorator_list:
                if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
                    pattern = re.sub(r"\\\{\w+\\\}", ".+", re.escape(str(call.args[0].value)))
                    found.append((re.compile(pattern), ast.get_source_segment(text, node) or ""))
    return found


def code_of(fact: str) -> str:
    """The probe that finds a fact."""
    return next(code for pattern, code in probe_sources() if pattern.fullmatch(fact))


def recorded(row: ClaimRow) -> str:
    """What the lesson's cell printed when the course was built."""
    cells = json.loads((ROOT / "notebooks" / row.notebook).read_text(encoding="utf-8"))["cells"]
    (cell,) = (cell for cell in cells if cell["id"] == row.cell)
    printed = [output["text"] for output in cell["outputs"] if output["output_type"] == "stream"]
    text = "".join("".join(lines) for lines in printed)
    said = f"Claim: {row.claim}\nVerdict: {VERDICTS[row.verdict]} {row.verdict}\nBecause: {row.because}"
    return f"{text}{said}"


def why_recorded(name: str) -> str:
    """Why a page cannot try it."""
    frameworks = {known().facts[fact].framework for fact in source_of(name).facts} - set(LIVE)
    if frameworks:
        return f"the site has no {' and no '.join(sorted(frameworks))}"
    return "its cell needs the cells before it, so it runs only in the lesson"


KINDS = {
    "keras": "<strong>Live, on Keras itself.</strong> Keras 3.15.1 from PyPI runs in this page, on its NumPy "
    "backend.",
    "torch": "<strong>Live, on the browser’s stand-in for PyTorch.</strong> This page does not run "
    "PyTorch itself. The course’s tests compare the stand-in with PyTorch, function by function. The answers "
    "of PyTorch are above, by release.",
    "recorded": "<strong>A recorded run.</strong> This page computes nothing: {why}. The lesson’s cell "
    "printed this when the course was built.",
}


def place(name: str, packages: dict[str, Any], size: str, more: str) -> str:
    """The HTML of the part that is tried."""
    row = rows()[name]
    if not packages or not size:
        why = why_recorded(name) if not packages else "the site was built without Python for the browser"
        said = KINDS["recorded"].format(why=why)
        return f'<div class="recdrop-claim-recorded"><p>{said}</p><pre>{escape(recorded(row))}</pre></div>'
    kinds = "".join(f"<p>{KINDS[package]}</p>" for package in packages)
    facts = [(package, fact) for package, its in packages.items() for fact in its]
    codes = "".join(
        f"<pre>{escape(code)}</pre>" for code in dict.fromkeys(code_of(fact) for _, fact in facts)
    )
    data = json.dumps({"claim": row.claim, "verdict": row.verdict, "packages": packages}).replace(
        "</", "<\\/"
    )
    cost = f"{size} {more}" if "keras" in packages else size
    return (
        f'<div class="recdrop-claim" data-size="{escape(cost)}">{kinds}'
        f'<script type="application/json">{data}</script>'
        "<noscript><p>No scripts run here: the verdict above is the recorded one.</p></noscript></div>"
        f"<details><summary>The code of the test</summary>{codes}</details>"
    )


class ClaimDirective(SphinxDirective):
    """The claim of that name, tried or recorded."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        folder, packages = runtime(self.env.app), asked(self.arguments[0])
        extras = folder / "extras.json"
        if not extras.exists():
            packages.pop("keras", None)
        more = ""
        if "keras" in packages:
            extra = json.loads(extras.read_text(encoding="utf-8"))["keras.zip"]["bytes"] / 1e6
            more = f"Keras: {extra:.1f} MB more."
        self.env.metadata[self.env.docname]["explorer"] = "yes"  # its scripts start with the same one
        return [nodes.raw("", place(self.arguments[0], packages, runtime_size(folder), more), format="html")]


def link_claims(app: Sphinx, docname: str, source: list[str]) -> None:
    """On the page of all claims each leads to its own."""
    if docname != "notebooks/claims":
        return
    for name, row in rows().items():
        cell = row.claim.replace("|", r"\|")
        source[0] = source[0].replace(f"| {cell} (", f"| [{cell}](../docs/claims/{name}.md) (")
    source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n../docs/claims/*\n```\n"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("claim", ClaimDirective)
    app.connect("builder-inited", write_pages)
    app.connect("source-read", link_claims)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
