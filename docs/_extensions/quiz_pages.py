"""The quiz on a lesson's page: asked where the notebook asks, and scored as the course scores it.

    ```{quiz} opening

is put below a cell that says `quiz.view("opening")` or `quiz.comparison()`; quiz.mjs asks and compares.
"""

from __future__ import annotations

import json
import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from recdrop_lessons.course import quiz
from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.quiz.answers_shown import greeting
from recdrop_lessons.course.quiz.quiz_questions import QuizQuestion

ASKED = re.compile(r'^quiz\.(?:view\("(opening|closing)"\)|(comparison)\(\))$')
WITHOUT_SCRIPTS = (
    "<p>To answer here, the page needs scripts and a server: a page from a disk can store nothing.</p>"
)


def directive_of(last_line: str) -> str | None:
    """The directive for a cell that asks or compares; None for another cell."""
    found = ASKED.match(last_line)
    return f"```{{quiz}} {found[1] or found[2]}\n```" if found else None


def form(when: str) -> str:
    """The questions of one sitting with a choice of letters each."""
    asked = (_question(k, question) for k, question in enumerate(quiz.asked(when), 1))
    return f"<form>{''.join(asked)}<button type='submit'>Keep my answers</button></form>"


def _question(number: int, question: QuizQuestion) -> str:
    options = [
        *(
            (letter, f"{letter}) {inline_html(text)}")
            for letter, text in zip(quiz.LETTERS, question.options, strict=True)
        ),
        (quiz.UNSURE, quiz.UNSURE),
    ]
    choices = "".join(
        f'<label><input type="radio" name="{question.name}" value="{value}"> <span>{label}</span></label>'
        for value, label in options
    )
    return f"<fieldset><legend><b>{number}.</b> {inline_html(question.text)}</legend>{choices}</fieldset>"


def asked(kind: str) -> dict[str, object]:
    """What a page needs to ask, to keep and to compare."""
    compared = [
        {
            "name": late.name,
            "first": early.right,
            "right": late.right,
            "text": inline_html(late.text),
            "why": f"{inline_html(late.why)} (lesson {late.lesson})",
        }
        for early, late in zip(quiz.QUESTIONS, quiz.CLOSING, strict=True)
    ]
    if kind == "comparison":
        return {"kind": kind, "compared": compared}
    said = [
        greeting(kind, before=before).replace("your own folder", "this browser") for before in (False, True)
    ]
    return {"kind": kind, "compared": compared, "form": form(kind), "greeting": said}


class QuizDirective(SphinxDirective):
    """The opening or the closing quiz, or both compared."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        kind = self.arguments[0]
        self.env.metadata[self.env.docname]["explorer"] = "yes"  # its scripts start with the same one
        data = json.dumps(asked(kind)).replace("</", "<\\/")
        stored = WITHOUT_SCRIPTS if kind != "comparison" else quiz.Comparison(None, None)._repr_html_()
        html = f'<div class="recdrop-quiz">{stored}<script type="application/json">{data}</script></div>'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("quiz", QuizDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
