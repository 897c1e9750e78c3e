"""Explorers on the site: each where its lesson shows it, on a page of its own, and without the frame.

    ```{explorer} where row=gal p=0.3
    row=zoneout: Units keep their old value

puts an explorer on a page, at these settings to begin with, and below it links to other settings. Its picture
is drawn as the page is built; where tools/browser_runtime.py has put Python for the browser into the folder
`browser_runtime`, it is live too.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.explorers import LESSONS
from recdrop_lessons.explorers.frame import complete

ROOT = Path(__file__).parents[2]
BROWSER = ROOT / "docs" / "_browser"
VIEW = ROOT / "recdrop_lessons" / "explorers"
FILES = (
    *("live.js", "live.css", "kernel.mjs", "worker.js", "progress.mjs", "element.mjs"),
    *("explorer.mjs", "exercise.mjs", "exercise.css", "plain_editor.mjs", "prediction.mjs", "number.mjs"),
    *("quiz.mjs", "your_progress.mjs", "claim.mjs"),
)
ASSETS = (
    *(BROWSER / name for name in FILES),
    *(VIEW / name for name in ("view.js", "view.css")),
    ROOT / "recdrop_lessons" / "course" / "predictions" / "prediction.css",
)
#: A cell that puts an explorer on the page: `masks.view(p=0.5)` in its last line.
WIDGET = re.compile(r"^(\w+)\.view\((.*)\)$")
IMPORTED = re.compile(r"from recdrop_lessons\.explorers import (\w+)(?: as (\w+))?")
WITHOUT_PYTHON = (
    "The picture does not move on this page, because the site was built without Python for the browser. Open "
    "the lesson with <code>make lab</code>."
)


def place(name: str, settings: Mapping[str, Any], *, page: str, own: bool, size: str) -> str:
    """The HTML of an explorer at these settings; `page` is its own page, as seen from here.

    `size` says what starting Python costs; without it nothing can be started, and the picture stays.
    """
    explorer = import_module(f"recdrop_lessons.explorers.{name}").view(**settings)
    frame = dict(explorer.frame)
    picture = frame.pop("picture")
    state = {
        "title": explorer.title,
        "controls": explorer.controls,
        "settings": explorer.settings,
        "frame": frame,
    }
    stored = (
        f'<p class="recdrop-title">{escape(explorer.title)}</p><p>{escape(frame["status"])}</p>'
        '<div class="recdrop-stored recdrop-picture" tabindex="0" role="group" aria-label="Picture">'
        f"{picture}</div>"
    )
    if not size:
        return f'<div class="recdrop">{stored}<p>{WITHOUT_PYTHON}</p></div>'
    data = json.dumps(state).replace("</", "<\\/")
    return (
        f'<div class="recdrop-live" data-explorer="{name}" data-page="{escape(page)}" '
        f'data-own="{str(own).lower()}" data-size="{escape(size)}">{stored}'
        f'<script type="application/json">{data}</script>'
        "<noscript><p>This browser runs no scripts, and shows the stored picture.</p></noscript></div>"
    )


@cache
def runtime_size(folder: Path) -> str:
    """What starting Python costs the reader, in words; "" where the site has none."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except OSError:
        return ""
    size = sum(entry["bytes"] for entry in manifest.values()) / 1e6
    return f"Python for the browser: a download of {size:.0f} MB, once for all pages."


def runtime(app: Sphinx) -> Path:
    """Where Python for the browser is, if it is there."""
    return Path(app.config.browser_runtime).resolve()


class ExplorerDirective(SphinxDirective):
    """An explorer by its module's name, then settings as name=value."""

    required_arguments = 1
    optional_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        name, *given = self.arguments
        settings = settings_of(" ".join(given))
        here, there = self.env.docname, f"docs/explorers/{name}"
        page = f"{'../' * here.count('/')}{there}.html"
        self.env.metadata[here]["explorer"] = "yes"
        if self.config.html_baseurl:  # page_meta.py makes the preview of links from it
            module = import_module(f"recdrop_lessons.explorers.{name}")
            self.env.metadata[here].setdefault("picture", module.figure(**settings).svg)
        html = place(name, settings, page=page, own=here == there, size=runtime_size(runtime(self.env.app)))
        return [nodes.raw("", html + tries(name, list(self.content), page), format="html")]


def tries(name: str, lines: list[str], page: str) -> str:
    """Links to settings of an explorer; each line is settings, a colon, and what is seen there."""
    module, items = import_module(f"recdrop_lessons.explorers.{name}"), []
    for line in filter(None, lines):
        given, words = line.split(": ", 1)
        settings = settings_of(given)
        complete(module.CONTROLS, settings)  # refuses what cannot be drawn: no page links to that
        query = urlencode({key: as_query(value) for key, value in settings.items()})
        said = re.sub("`([^`]+)`", r"<code>\1</code>", escape(words))
        items.append(f'<li><a href="{escape(page)}?{query}">{said}</a></li>')
    return f'<p>Settings to try:</p><ul class="recdrop-tries">{"".join(items)}</ul>' if items else ""


def as_query(value: Any) -> str:
    """A setting as explorer.mjs reads it in an address."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def settings_of(words: str) -> dict[str, Any]:
    """ "row=gal p=0.3" as settings."""
    return {key: literal(value) for key, value in (word.split("=", 1) for word in shlex.split(words))}


def literal(text: str) -> Any:
    """A setting as Python writes it; what is no literal is a text."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def directive_of(call: str, imports: str) -> str | None:
    """The directive for the cell's last line `call`, such as "masks.view(p=0.5)"; None for another widget."""
    found = WIDGET.match(call)
    if found is None:
        return None
    modules = {alias or module: module for module, alias in IMPORTED.findall(imports)}
    if found[1] not in modules:
        return None
    expression = ast.parse(call, mode="eval").body
    assert isinstance(expression, ast.Call)
    words = [f"{one.arg}={shlex.quote(str(ast.literal_eval(one.value)))}" for one in expression.keywords]
    return f"```{{explorer}} {' '.join([modules[found[1]], *words])}\n```"


# ---------------------------------------------------------------- files of the site


def add_files(app: Sphinx) -> None:
    """The scripts, the style, and Python where there is one."""
    if app.builder.format != "html":
        return
    folder = app.outdir / "_static" / "live"
    folder.mkdir(parents=True, exist_ok=True)
    for asset in ASSETS:
        shutil.copy(asset, folder)
    shutil.rmtree(app.outdir / "runtime", ignore_errors=True)
    if runtime_size(runtime(app)):
        shutil.copytree(runtime(app), app.outdir / "runtime")


def add_scripts(app: Sphinx, pagename: str, templatename: str, context: Any, doctree: Any) -> None:
    """Only pages with an explorer load its scripts."""
    if "explorer" in app.env.metadata.get(pagename, {}):
        app.add_css_file("live/view.css")
        app.add_css_file("live/prediction.css")
        app.add_css_file("live/live.css")
        app.add_css_file("live/exercise.css")
        app.add_js_file("live/live.js", loading_method="defer")


FRAMELESS = """<!doctype html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="../_static/favicon.svg">
<title>{title}</title>
<link rel="canonical" href="{page}">
<link rel="stylesheet" href="../_static/live/view.css">
<link rel="stylesheet" href="../_static/live/live.css">
<script defer src="../_static/live/live.js"></script>
</head>
<body class="recdrop-frameless">
<main>
<h1 class="recdrop-hidden">{title}</h1>
{place}
</main>
</body>
</html>
"""


def add_frameless(app: Sphinx, error: Exception | None) -> None:
    """Each explorer alone on a page, for an iframe on somebody else's site."""
    if error is not None or app.builder.format != "html":
        return
    folder = app.outdir / "embed"
    folder.mkdir(exist_ok=True)
    for name in LESSONS:
        page = f"../docs/explorers/{name}.html"
        html = place(name, {}, page=page, own=True, size=runtime_size(runtime(app)))
        title = escape(import_module(f"recdrop_lessons.explorers.{name}").TITLE)
        text = FRAMELESS.format(title=title, page=page, place=html)
        (folder / f"{name}.html").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("browser_runtime", str(ROOT / "build" / "browser"), "env")
    app.add_directive("explorer", ExplorerDirective)
    app.connect("builder-inited", add_files)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", add_frameless)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
