"""The quiz as a widget."""

from __future__ import annotations

import html
from typing import Any

from recdrop_lessons.course.quiz.answers_kept import keep, sittings
from recdrop_lessons.course.quiz.answers_shown import asked, comparison, question_html
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
    message = widgets.HTML(_greeting(when))

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
            comparison()._repr_html_() if when == "closing" else f"<p>Kept. {_greeting(when, kept=True)}</p>"
        )

    button.on_click(on_click)
    rows = [
        widgets.VBox([widgets.HTML(question_html(k, question)), choices[question.name]])
        for k, question in enumerate(questions, 1)
    ]
    return widgets.VBox([*rows, button, message], layout={"max_width": "48em"})


def _greeting(when: str, *, kept: bool = False) -> str:
    """What stands below the questions before, and after, the answers are kept."""
    if when == "closing":
        return "<p>Your answers from the opening are shown beside these once you keep them.</p>"
    if kept or sittings("opening"):
        return (
            "Your first answers wait for lesson 10 and stay as they are; later ones are kept beside them. "
            "Which were right, the lessons will show."
        )
    return "<p>No answer is wrong at this point. They are kept in your own folder and nowhere else.</p>"
