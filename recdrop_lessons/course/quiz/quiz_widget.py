"""The quiz as a widget."""

from __future__ import annotations

import html
from typing import Any

from recdrop_lessons.course.quiz.answers_kept import keep, sittings
from recdrop_lessons.course.quiz.answers_shown import asked, comparison, greeting, question_html
from recdrop_lessons.course.quiz.quiz_questions import LETTERS, UNSURE
from recdrop_lessons.support.optional import need


def view(when: str = "opening") -> Any:
    """The quiz as a widget: one row of letters a question, and a button that keeps the answers.

    Raises `QuizError` for another `when`, `ImportError` where ipywidgets is not installed.
    """
    questions = asked(when)
    widgets = need("ipywidgets", "ipywidgets")
    choices = {
        question.name: widgets.ToggleButtons(
            options=[*LETTERS, UNSURE],
            value=None,
            style={"button_width": "6em"},
            tooltips=[*question.options, "an honest answer too"],
        )
        for question in questions
    }
    button = widgets.Button(description="Keep my answers", button_style="primary", layout={"width": "12em"})
    message = widgets.HTML(greeting(when, before=bool(sittings(when))))

    def on_click(_: Any) -> None:
        missing = [str(k) for k, q in enumerate(questions, 1) if choices[q.name].value is None]
        if missing:
            message.value = (
                f"<p>Still open: question {', '.join(missing)}. Choose a letter, or “{UNSURE}”.</p>"
            )
            return
        try:
            keep(when, {name: choice.value for name, choice in choices.items()})
        except OSError as error:
            message.value = (
                f"<p>The answers could not be kept: {html.escape(str(error))}. Is the folder writable?</p>"
            )
            return
        message.value = (
            comparison()._repr_html_() if when == "closing" else f"<p>Kept.</p>{greeting(when, before=True)}"
        )

    button.on_click(on_click)
    rows = [
        widgets.VBox([widgets.HTML(question_html(k, question)), choices[question.name]])
        for k, question in enumerate(questions, 1)
    ]
    return widgets.VBox([*rows, button, message], layout={"max_width": "48em"})
