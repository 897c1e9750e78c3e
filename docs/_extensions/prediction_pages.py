"""Predictions on a lesson's page: asked where the notebook asks, and folded where no script runs.

    ```{prediction} 05-survival

is put below each cell that says `predict("05-survival")`; prediction.mjs asks it.
"""

from __future__ import annotations

import json
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.predictions import find
from recdrop_lessons.course.predictions.prediction_file import UNSURE, Prediction
from recdrop_lessons.course.predictions.predictions_shown import answer_html, open_form, page_html

ASKED = re.compile(r'^predict\("([\w-]+)"\)$')


def directive_of(last_line: str) -> str | None:
    """The directive for a cell that asks for a prediction; None for another cell."""
    found = ASKED.match(last_line)
    return f"```{{prediction}} {found[1]}\n```" if found else None


def asked(prediction: Prediction) -> dict[str, object]:
    """What a page needs to ask it, to keep the answer and to compare."""
    return {
        "name": prediction.name,
        "question": inline_html(prediction.question),
        "form": open_form(prediction),
        "words": {answer: inline_html(prediction.words(answer)) for answer in (*prediction.letters, UNSURE)},
        "right": prediction.right,
        "tolerance": prediction.tolerance,
        "told": answer_html(prediction, None, None),
        "faults": {answer: inline_html(fault) for answer, fault in prediction.traps.items()},
    }


class PredictionDirective(SphinxDirective):
    """The prediction of that name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        prediction = find(self.arguments[0])
        self.env.metadata[self.env.docname]["explorer"] = "yes"  # its scripts start with the same one
        data = json.dumps(asked(prediction)).replace("</", "<\\/")
        html = (
            f'<div class="recdrop-predict">{page_html(prediction)}'
            f'<script type="application/json">{data}</script></div>'
        )
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("prediction", PredictionDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
