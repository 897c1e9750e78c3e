"""Predictions: a question before a cell is run, answered and kept, and compared with what came out.

predict("05-survival")      asks, in one line of a notebook, and never stops what runs after it
reveal("05-survival")       the kept answer beside the right one
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recdrop_lessons.course.predictions.class_answers import class_count
from recdrop_lessons.course.predictions.prediction_file import (
    Answer,
    Prediction,
    PredictionError,
    find,
    predictions,
)
from recdrop_lessons.course.predictions.predictions_kept import (
    answers_in,
    keep,
    kept_answer,
    only_predictions,
)
from recdrop_lessons.course.predictions.predictions_shown import (
    answer_html,
    answer_text,
    page_html,
    question_text,
)

__all__ = [
    "Answer",
    "Prediction",
    "PredictionError",
    "answers_in",
    "find",
    "keep",
    "kept_answer",
    "only_predictions",
    "predict",
    "predictions",
    "reveal",
]

_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Asked:
    """A prediction that is asked: a widget in a notebook, else text with the answer folded."""

    prediction: Prediction

    def __repr__(self) -> str:
        return question_text(self.prediction)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/plain": repr(self), "text/html": page_html(self.prediction), **_widget(self.prediction)}


@dataclass(frozen=True)
class Revealed:
    """The learner's prediction beside the right answer, with what is easy to get wrong."""

    prediction: Prediction

    def __repr__(self) -> str:
        return answer_text(self.prediction, kept_answer(self.prediction), class_count(self.prediction))

    def _repr_html_(self) -> str:
        return answer_html(self.prediction, kept_answer(self.prediction), class_count(self.prediction))


def predict(name: str) -> Asked:
    """Ask for a prediction, as the only line of a cell. Raises `PredictionError` for an unknown name."""
    return Asked(find(name))


def reveal(name: str) -> Revealed:
    """The answer to a prediction, beside the learner's own. Raises `PredictionError` for an unknown name."""
    return Revealed(find(name))


def _widget(prediction: Prediction) -> dict[str, Any]:
    """The widget's view; nothing where widgets are not installed: then the question can still be read."""
    try:
        from recdrop_lessons.course.predictions.prediction_widget import PredictionWidget
    except ImportError:
        return {}
    bundle: Any = PredictionWidget(prediction)._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return {_WIDGET_VIEW: data[_WIDGET_VIEW]} if data and _WIDGET_VIEW in data else {}
