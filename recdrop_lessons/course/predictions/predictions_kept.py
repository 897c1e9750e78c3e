"""A learner's predictions, kept in the learner's own folder as the quiz is; the first answer counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from recdrop_lessons.course import progress
from recdrop_lessons.course.predictions.prediction_file import Answer, Prediction, predictions

_PREFIX = "prediction "


def keep(prediction: Prediction, given: object) -> Answer:
    """Keep an answer; returns the one that counts, which is the first that was kept.

    Raises `PredictionError` for an answer that the prediction does not take, OSError where the folder cannot
    be written.
    """
    answer = prediction.read_answer(given)
    before = kept_answer(prediction)
    if before is not None:
        return before
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    progress.keep(_PREFIX + prediction.name, {"at": moment, "answer": answer})
    return answer


def kept_answer(prediction: Prediction) -> Answer | None:
    """The learner's prediction, None before there is one."""
    return _answer(progress.kept(_PREFIX + prediction.name), prediction)


def answers_in(store: Mapping[str, Any]) -> dict[str, Answer]:
    """The predictions in a learner's stored progress, by name; what this release does not ask is left out."""
    kept = store.get("kept")
    if not isinstance(kept, dict):
        return {}
    found = {name: _answer(kept.get(_PREFIX + name), one) for name, one in predictions().items()}
    return {name: answer for name, answer in found.items() if answer is not None}


def only_predictions(store: Mapping[str, Any]) -> dict[str, Any]:
    """The stored progress with nothing in it but the predictions: what a learner may hand in."""
    kept = {name: value for name, value in store["kept"].items() if name.startswith(_PREFIX)}
    return {"version": store["version"], "kept": kept}


def _answer(value: Any, prediction: Prediction) -> Answer | None:
    """The answer of a stored entry; None where it is not one that this release can read."""
    try:
        return prediction.read_answer(value["answer"])
    except (TypeError, KeyError, ValueError):
        return None
