"""The plain records of a check: lessons, parts, misconceptions, outcomes and results."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from recdrop_lessons.checks.answer import Answer, Status, Value
from recdrop_lessons.checks.general import GENERAL
from recdrop_lessons.checks.masks import ANY_MASK
from recdrop_lessons.checks.misconceptions import Misconception
from recdrop_lessons.checks.of_errors import ERRORS

Details = dict[str, Any]  # JSON-serialisable; what report.py draws
PictureData = dict[str, Any]  # the same of a picture: counterexample.py makes it, plots/beside.py draws it


@dataclass(frozen=True)
class Outcome:
    """What one check found. `message` is a sentence for the learner; `details` may hold the inputs."""

    ok: bool
    message: str
    misconception: str | None = None
    details: Details = field(default_factory=dict)


Check = Callable[[Answer, int], Outcome]
#: The picture of a wrong answer, from the answer and the name of its mistake; None where there is none.
Picturing = Callable[[Answer, "str | None"], "PictureData | None"]


@dataclass(frozen=True)
class Part:
    """One graded part; each is stated by one file of checks/lessons/, which holds it as `PART`.

    `number`: "1.2".
    `function`: the right answer, under the part's own name and with the exercise's docstring. Its
        parameters after a bare `*` are switches by which a check makes mistakes, not the exercise's.
    `points`: out of the lesson's 100; 0 where the part is for practice.
    `hints`: three, from the general to the particular: where to look, what to do there, how. A misconception
        that was recognised has its own.
    `check`: the check itself, a function of an answer and a seed.
    `misconceptions`: the wrong ideas that it names.
    `picture`: how a wrong answer is drawn; None for a part of which there are no pictures.
    """

    number: str
    function: Callable[..., Value]
    points: int
    hints: tuple[str, ...]
    check: Check
    misconceptions: tuple[Misconception, ...] = ()
    picture: Picturing | None = None

    @property
    def name(self) -> str:
        """The function's name, and its answer cell's grade_id."""
        return self.function.__name__

    @property
    def signature(self) -> str:
        """The arguments as they stand in the exercise: "x, p, training, generator=None"."""
        stated = inspect.signature(self.function).parameters.values()
        return ", ".join(
            str(one.replace(annotation=inspect.Parameter.empty)).replace(" = ", "=")
            for one in stated
            if one.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        )

    @property
    def docstring(self) -> str:
        """What the exercise says of arguments and result, without indentation."""
        return inspect.getdoc(self.function) or ""

    def misconception(self, slug: str) -> Misconception:
        return next(m for m in (*self.misconceptions, *GENERAL, *ERRORS) if m.slug == slug)

    def result(
        self, status: Status, message: str, misconception: str | None = None, details: Details | None = None
    ) -> PartResult:
        """How it ended: all its points, or none and a hint, where one can help: the misconception's own.

        A message that is a misconception's of this part says what was done; what is meant is kept beside it.
        """
        told = [one for one in self.misconceptions if one.slug == misconception and one.sentence in message]
        named = (*self.misconceptions, *GENERAL, *ERRORS, *ANY_MASK)
        hint = next((one.hint for one in named if one.slug == misconception), self.hints[0])
        return PartResult(
            part=self.number,
            name=self.name,
            points=self.points if status == Status.OK else 0,
            max_points=self.points,
            status=status,
            misconception=misconception,
            message=message.replace(told[0].sentence, told[0].done) if told else message,
            meant=told[0].meant if told else "",
            hint="" if status in (Status.OK, Status.UNREADABLE, Status.NOT_HERE) else hint,
            details=details or {},
        )


def scored(points: int, most: int) -> str:
    """ "20 of 35 points"; a part for practice has none."""
    return f"{points} of {most} points" if most else "for practice, no points"


@dataclass(frozen=True)
class Lesson:
    """The graded parts of one lesson; its name is that of its notebook."""

    name: str
    parts: tuple[Part, ...]

    @property
    def points(self) -> int:
        return sum(part.points for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class PartResult:
    """A part's result as it is shown and stored. Without `details` it holds no input of the check.

    `meant`: what the misconception's message leaves for the second time; `again`: this is such a time, as the
    learner's own store knows and a grader does not.
    """

    part: str
    name: str
    points: int
    max_points: int
    status: Status
    misconception: str | None
    message: str
    hint: str
    meant: str = ""
    again: bool = False
    details: Details = field(default_factory=dict)

    @property
    def picture(self) -> PictureData | None:
        """The smallest input on which the answer fails, yours beside the right result; counterexample.py."""
        return self.details.get("picture")

    def record(self) -> dict[str, Any]:
        """The result as JSON: as it is the first time, without the details, and with its picture if any."""
        told = {key: value for key, value in asdict(self).items() if key not in ("details", "meant", "again")}
        return told | ({"picture": self.picture} if self.picture else {})
