"""What a page of the site needs beyond its file: anchors, a word where a widget would be, the way in."""

from __future__ import annotations

import json
import re
import shutil
from typing import Any

import prediction_pages
import quiz_pages
from docutils import nodes
from live import directive_of, runtime, runtime_size
from sphinx.application import Sphinx

#: What is in which menu. GitHub would show these lines, so they are added as the page is read.
MENUS = {
    "README": """:hidden:

docs/site/lessons
docs/site/exercises
docs/explorers/index
Your progress <docs/site/progress>
Questions <docs/answers/index>
Claims <notebooks/claims>
Words <notebooks/glossary>
Releases <docs/site/releases>
docs/api/index
docs/instructors/index
In the browser <docs/site/in-the-browser>
At a glance <docs/at-a-glance>
Install <docs/install>
docs/site/development
""",
    "docs/instructors/index": """:hidden:
:glob:

*
""",
}
#: What the site's first page shows instead of README's picture: two ways in, and the picture with controls.
HOME = """\
<p class="recdrop-doors">
<a href="notebooks/00_start_here.html">Read lesson 00</a>
<a href="docs/site/exercises.html">Solve an exercise here</a>
</p>

```{explorer} masks_over_time units=4
```
"""
NO_KERNEL = (
    "> **Not on this page.** The cell above shows a widget, and a widget needs a running kernel: open the "
    "lesson with `make lab`. Its content, drawn or in words, is above it."
)
#: The last line of a cell whose value is a widget.
WIDGET = re.compile(r"^\w+\.view\(.*\)$")


def change_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Change a page as it is read; the file stays as it is."""
    text = source[0]
    if app.env.doc2path(docname).suffix == ".ipynb":
        live = bool(runtime_size(runtime(app)))
        notebook = with_notes(json.loads(text), live=live)
        if docname.startswith("exercises/"):
            row = f"```{{exercise}} {docname.rsplit('/', 1)[-1]}\n```"
            notebook["cells"].insert(1, markdown_cell("exercise-row", row))
        text = json.dumps(notebook)
    if docname == "README":
        text = re.sub(r"^\[!\[Tests\].*\n", "", text, flags=re.MULTILINE)  # badges are fetched from elsewhere
        text = re.sub(r"<p align=\"center\"><img [^>]*></p>", lambda _: HOME, text, count=1)
    # Inside HTML a picture is letters to MyST: alone in its line it is a picture.
    text = re.sub(r"<p align=\"center\">(<img [^>]*>)</p>", r"\1", text)
    if docname in MENUS:
        text += f"\n```{{toctree}}\n{MENUS[docname]}```\n"
    source[0] = text.replace("#cell-id=", "#")  # JupyterLab's way to point at a cell


def with_notes(notebook: dict[str, Any], *, live: bool = False) -> dict[str, Any]:
    """The notebook with each code cell's id where the next step finds it.

    Below each widget stands the explorer itself where the site is live, else a note.
    """
    cells = []
    code = "\n".join("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
    for cell in notebook["cells"]:
        cells.append(cell)
        if cell["cell_type"] != "code":
            continue
        cell["metadata"]["id"] = cell["id"]
        last = "".join(cell["source"]).splitlines()[-1:]
        if last and (asked := _asked(last[0])):
            cell["outputs"] = []  # the directive has what stands there
            cells.append(markdown_cell(f"{cell['id']}-asked", asked))
            continue
        if last and WIDGET.match(last[0]) and not cell["outputs"]:
            below = (directive_of(last[0], code) if live else None) or NO_KERNEL
            cells.append(markdown_cell(f"{cell['id']}-note", below))
    return {**notebook, "cells": cells}


def _asked(last_line: str) -> str | None:
    """The directive for a cell that asks the reader something; None for another cell."""
    return prediction_pages.directive_of(last_line) or quiz_pages.directive_of(last_line)


def markdown_cell(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def add_anchors(app: Sphinx, document: nodes.document) -> None:
    """Each code cell's id is an anchor, so that the page of claims can point at it."""
    slugs = app.env.metadata[app.env.docname].setdefault("myst_slugs", {})
    for cell in document.findall(nodes.container):
        anchor = cell.get("cell_metadata", {}).get("id")
        if anchor and anchor not in document.ids:
            cell["ids"].append(anchor)
            slugs.setdefault(anchor, (cell.line, anchor, anchor))


def add_front_door(app: Sphinx, error: Exception | None) -> None:
    """The README is the first page; a browser looks for index.html."""
    if error is None and app.builder.format == "html":
        shutil.copy(app.outdir / f"{app.config.root_doc}.html", app.outdir / "index.html")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", change_source)
    app.connect("doctree-read", add_anchors)
    app.connect("build-finished", add_front_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
