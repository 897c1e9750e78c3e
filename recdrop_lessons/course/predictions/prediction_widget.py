"""A prediction as a widget: a form, then the kept answer, then what is right; see `prediction.js`."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from recdrop_lessons.course.predictions.class_answers import class_count
from recdrop_lessons.course.predictions.prediction_file import Prediction, PredictionError
from recdrop_lessons.course.predictions.predictions_kept import keep, kept_answer
from recdrop_lessons.course.predictions.predictions_shown import kept_form, open_form, told_page

HERE = Path(__file__).parent


class PredictionWidget(anywidget.AnyWidget):
    """`form` is what the page shows; a filled-in form comes back as a message with `do` and `answer`."""

    _esm = HERE / "prediction.js"
    _css = HERE / "prediction.css"
    name = traitlets.Unicode().tag(sync=True)
    form = traitlets.Unicode().tag(sync=True)

    def __init__(self, prediction: Prediction) -> None:
        self._prediction = prediction
        own = kept_answer(prediction)
        form = open_form(prediction) if own is None else kept_form(prediction, own)
        super().__init__(name=prediction.name, form=form)
        self.on_msg(lambda _, message, __: self.receive(message))

    def receive(self, message: dict[str, Any]) -> None:
        """Do what a button of the form asks: keep the answer, or show what is right."""
        prediction = self._prediction
        if message.get("do") == "show":
            own = kept_answer(prediction)
            self.form = told_page(prediction, own, class_count(prediction))
            return
        answer = message.get("answer")
        if not answer:
            wanted = (
                "Choose an answer first." if prediction.choices else "Write a number first; a guess will do."
            )
            self.form = open_form(prediction, wanted)
            return
        try:
            own = keep(prediction, answer)
        except PredictionError as error:
            self.form = open_form(prediction, str(error))
        except OSError as error:
            self.form = (
                f"<p>{escape(prediction.words(prediction.read_answer(answer)))} could not be kept "
                f"({escape(str(error))}). Is the folder writable?</p>" + told_page(prediction, None, None)
            )
        else:
            self.form = kept_form(prediction, own)
