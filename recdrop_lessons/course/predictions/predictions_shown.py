"""A prediction to read, as text and as HTML: the question, the form that asks it, and the answer."""

from __future__ import annotations

from html import escape

from recdrop_lessons.course.marked_text import inline_html
from recdrop_lessons.course.predictions.class_answers import ClassCount
from recdrop_lessons.course.predictions.prediction_file import UNSURE, Answer, Prediction


def question_text(prediction: Prediction) -> str:
    """The question with its choices, without the answer."""
    choices = (f"   {prediction.words(letter)}" for letter in prediction.letters)
    return "\n".join([f"Predict: {prediction.question}", *choices])


def told(prediction: Prediction, own: Answer | None, count: ClassCount | None) -> list[tuple[str, str]]:
    """The answer, line by line: what the line is about, and what it says."""
    lines = []
    if own is not None:
        mark = "" if own == UNSURE else " ✔" if prediction.is_right(own) else " ✘"
        lines.append(("Your prediction", prediction.words(own) + mark))
    lines.append(("Right", prediction.right_in_words))
    lines.append(("Why", prediction.why))
    if own is not None and (fault := prediction.trap_of(own)):
        lines.append(("About your answer", fault))
    lines.append(("Easy to get wrong", prediction.trap))
    if count is not None:
        most = f"; most often with “{count.commonest[0]}” ({count.commonest[1]})" if count.commonest else ""
        lines.append(("Your class", f"{count}{most}."))
    return lines


def answer_text(prediction: Prediction, own: Answer | None, count: ClassCount | None) -> str:
    return "\n".join(f"{about}: {said}" for about, said in told(prediction, own, count))


def answer_html(prediction: Prediction, own: Answer | None, count: ClassCount | None) -> str:
    return "".join(
        f'<p style="margin:0.2em 0"><b>{about}:</b> {inline_html(said)}</p>'
        for about, said in told(prediction, own, count)
    )


def page_html(prediction: Prediction) -> str:
    """The question for a page without a kernel; the answer is folded."""
    return (
        '<div style="border-left:4px solid #0072b2;padding:0.2em 0 0.2em 0.8em;margin:0.4em 0">'
        f'<p style="margin:0.2em 0"><b>Predict.</b> {inline_html(prediction.question)}</p>'
        f"{choices_html(prediction)}"
        f"<details><summary>The answer</summary>{answer_html(prediction, None, None)}</details></div>"
    )


def choices_html(prediction: Prediction) -> str:
    """The choices with their letters written out: a page's style may number a list its own way."""
    return "".join(
        f'<p style="margin:0.1em 0 0.1em 1em">{inline_html(prediction.words(letter))}</p>'
        for letter in prediction.letters
    )


# ---- what the widget shows: forms, which prediction.js hands back filled in ----


def open_form(prediction: Prediction, fault: str = "") -> str:
    """The question with a place for the answer, and what was wrong with the last one."""
    if prediction.choices:
        options = [
            (letter, f"{letter}) {inline_html(prediction.choices[k])}")
            for k, letter in enumerate(prediction.letters)
        ]
        fields = "".join(_radio(value, label) for value, label in (*options, (UNSURE, UNSURE)))
    else:
        fields = (
            '<label>Your number: <input type="text" inputmode="decimal" name="answer" size="10" '
            'autocomplete="off"></label>'
        )
    said = f'<p role="alert">{escape(fault)}</p>' if fault else ""
    legend = f"<legend><b>Predict.</b> {inline_html(prediction.question)}</legend>"
    return f"<form><fieldset>{legend}{fields}</fieldset>{said}{_button('keep', 'Keep my prediction')}</form>"


def kept_form(prediction: Prediction, own: Answer) -> str:
    """The prediction that was made, and a button for those who want the answer at once."""
    return (
        f"<form><p><b>Predict.</b> {inline_html(prediction.question)}</p>"
        f"<p>Kept: <b>{inline_html(prediction.words(own))}</b></p>"
        "<p>Run the cells below. The answer appears here when the cell that decides it has run.</p>"
        f"{_button('show', 'Show the answer')}</form>"
    )


def told_page(prediction: Prediction, own: Answer | None, count: ClassCount | None) -> str:
    """The question and its answer."""
    question = f"<p><b>Predict.</b> {inline_html(prediction.question)}</p>"
    return question + answer_html(prediction, own, count)


def _radio(value: str, label: str) -> str:
    return f'<label><input type="radio" name="answer" value="{value}"> <span>{label}</span></label>'


def _button(name: str, label: str) -> str:
    return f'<button type="submit" name="do" value="{name}">{label}</button>'
