"""The page of the learner's own progress: what your_progress.mjs needs to draw the board.

    ```{progress}

The board itself is in the reader's browser; where no script runs, the page says so.
"""

from __future__ import annotations

import json
from typing import Any

from docutils import nodes
from exercise_pages import exercise
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.course import outline
from recdrop_lessons.course.predictions import predictions

WITHOUT_SCRIPTS = (
    "<p>The board needs scripts, and a server: a page from a disk can store nothing. In a terminal, "
    "<code>recdrop progress</code> shows the board.</p>"
)


def course(up: str) -> list[dict[str, Any]]:
    """Each lesson with its parts and predictions, and where they are asked."""
    exercises = {lesson.name: exercise(lesson.name)["parts"] for lesson in outline.lessons()}
    return [
        {
            "title": f"{lesson.name[:2]} {lesson.title}",
            "page": f"{up}notebooks/{lesson.name}.html",
            "parts": [
                {
                    "number": part["number"],
                    "name": part["name"],
                    "points": part["points"],
                    "page": f"{up}exercises/{lesson.name}/{lesson.name}.html#{part['cell']}",
                }
                for part in exercises.get(lesson.name, ())
            ],
            "predictions": [
                {"name": one.name, "right": one.right, "tolerance": one.tolerance}
                for one in predictions().values()
                if one.lesson == lesson.name
            ],
        }
        for lesson in outline.notebooks()
    ]


class ProgressDirective(SphinxDirective):
    """The board, and the row that moves it."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname]["explorer"] = "yes"  # its scripts start with the same one
        data = json.dumps(course("../" * self.env.docname.count("/"))).replace("</", "<\\/")
        html = (
            f'<div class="recdrop-progress">{WITHOUT_SCRIPTS}'
            f'<script type="application/json">{data}</script></div>'
        )
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("progress", ProgressDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
