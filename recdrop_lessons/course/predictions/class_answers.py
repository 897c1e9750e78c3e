"""How a class answered the predictions: counted by `recdrop insights`, shown beside the answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from recdrop_lessons.course.folders import learners_folder
from recdrop_lessons.course.predictions.prediction_file import UNSURE, Answer, Prediction, find

# Where a learner's copy has it: beside the notebooks, as the instructor handed it out.
CLASS_FILE = "class_predictions.json"


@dataclass(frozen=True)
class ClassCount:
    """One prediction over a class: how many answered, how many wrongly, how many were not sure.

    `commonest`: the wrong answer given most often, in words, and how many gave it.
    """

    answered: int
    wrong: int
    unsure: int
    commonest: tuple[str, int] | None = None

    @property
    def fraction_wrong(self) -> float:
        """Of those who answered, "not sure" included; 0 where nobody did."""
        return self.wrong / self.answered if self.answered else 0.0

    def __str__(self) -> str:
        said = (
            f"{self.wrong} of {self.answered} ({100 * self.fraction_wrong:.0f} %) of the class got it wrong"
        )
        return f"{said}, {self.unsure} were not sure" if self.unsure else said


def count(prediction: Prediction, answers: Iterable[Answer]) -> ClassCount:
    """The answers of a class to one prediction."""
    given = list(answers)
    wrong = [one for one in given if one != UNSURE and not prediction.is_right(one)]
    commonest = Counter(map(prediction.words, wrong)).most_common(1)
    return ClassCount(len(given), len(wrong), given.count(UNSURE), commonest[0] if commonest else None)


def count_class(learners: Iterable[Mapping[str, Answer]]) -> dict[str, ClassCount]:
    """Each prediction that somebody answered, by name, from the answers of each learner."""
    given: dict[str, list[Answer]] = {}
    for answers in learners:
        for name, answer in answers.items():
            given.setdefault(name, []).append(answer)
    return {name: count(find(name), given[name]) for name in sorted(given)}


def as_file(counts: Mapping[str, ClassCount]) -> str:
    """The counts as the learners' copies read them; no name of anybody is in it."""
    return (
        json.dumps({name: asdict(one) for name, one in counts.items()}, indent=1, ensure_ascii=False) + "\n"
    )


def class_count(prediction: Prediction, folder: Path | None = None) -> ClassCount | None:
    """What the class's file in the learner's folder says; None where there is none that can be read."""
    try:
        found = json.loads(((folder or learners_folder()) / CLASS_FILE).read_text(encoding="utf-8-sig"))
        one = found[prediction.name]
        answered, wrong, unsure = (int(one[key]) for key in ("answered", "wrong", "unsure"))
        commonest = (str(one["commonest"][0]), int(one["commonest"][1])) if one["commonest"] else None
        return ClassCount(answered, wrong, unsure, commonest)
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
