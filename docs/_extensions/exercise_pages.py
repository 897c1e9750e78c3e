"""Each exercise can be solved on its page: what exercise.mjs needs to put editors there.

    ```{exercise} 02_noise

stands for the row above the parts: points, import and export. `course_pages` puts it on the exercise's page.
"""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from live import ROOT, runtime, runtime_size
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.course import outline
from recdrop_lessons.course.progress.answer_cells import source_of

EXERCISES = ROOT / "exercises"


def exercise(name: str) -> dict[str, Any]:
    """What a page knows of an exercise: its set-up, and each part's cells, stub, points and hints."""
    notebook = json.loads((EXERCISES / name / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = {cell["metadata"].get("nbgrader", {}).get("grade_id"): cell for cell in notebook["cells"]}
    (lesson,) = (one for one in outline.lessons() if one.name == name)
    parts = [
        {
            "number": part.number,
            "name": part.name,
            "points": part.points,
            "hints": list(part.hints),
            "cell": cells[part.name]["id"],
            "check": cells[f"check_{part.name}"]["id"],
            "stub": source_of(cells[part.name]),
        }
        for part in lesson.parts
    ]
    return {"name": name, "setup": source_of(cells["setup"]), "parts": parts}


class ExerciseDirective(SphinxDirective):
    """The exercise of that name; nothing where the site has no Python for the browser."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        app, name = self.env.app, self.arguments[0]
        size = runtime_size(runtime(app))
        if not size:
            return []
        self.env.metadata[self.env.docname]["explorer"] = "yes"  # its scripts start with the same one
        up = "../" * self.env.docname.count("/")
        editor = f"{up}runtime/codemirror.mjs" if (runtime(app) / "codemirror.mjs").exists() else ""
        data = json.dumps(exercise(name)).replace("</", "<\\/")
        html = (
            f'<div class="recdrop-exercise" data-size="{escape(size)}" data-editor="{editor}" '
            f'data-explorers="{up}docs/explorers/" data-notebook="{up}_static/exercises/{name}.ipynb">'
            f'<script type="application/json">{data}</script></div>'
        )
        return [nodes.raw("", html, format="html")]


def add_notebooks(app: Sphinx) -> None:
    """The exercises as they are given, for the export."""
    if app.builder.format != "html" or not runtime_size(runtime(app)):
        return
    folder = Path(app.outdir) / "_static" / "exercises"
    folder.mkdir(parents=True, exist_ok=True)
    for path in EXERCISES.glob("*/*.ipynb"):
        shutil.copy(path, folder)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("exercise", ExerciseDirective)
    app.connect("builder-inited", add_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
