"""A prediction as a widget: a form, then the kept answer, then what is right; see `prediction.js`.

What is right is shown when the cell that decides has run, if an answer is kept by then, and on a button.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from weakref import WeakSet

import anywidget
import traitlets
from IPython import get_ipython

from recdrop_lessons.course.predictions.class_answers import class_count
from recdrop_lessons.course.predictions.prediction_file import Prediction, PredictionError
from recdrop_lessons.course.predictions.predictions_kept import keep, kept_answer
from recdrop_lessons.course.predictions.predictions_shown import kept_form, open_form, told_page

HERE = Path(__file__).parent

_ASKED: WeakSet[PredictionWidget] = WeakSet()


def cell_has_run(result: Any) -> None:
    """Show the answers that this cell decides; `result` is what IPython says of a run."""
    cell = getattr(getattr(result, "info", None), "cell_id", None)
    if cell is not None and result.success:
        for widget in [one for one in _ASKED if one.decided_by == cell]:
            widget.cell_has_run()


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
        self.decided_by = prediction.cell
        _watch_cells()
        _ASKED.add(self)

    def cell_has_run(self) -> None:
        """Show what is right, if an answer is kept."""
        if kept_answer(self._prediction) is not None:
            self.receive({"do": "show"})

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


def _watch_cells() -> None:
    """From now on each run of a cell is heard of; once for each notebook."""
    shell = get_ipython()
    if shell is not None and cell_has_run not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", cell_has_run)
