"""The plain records of a check: lessons, parts, misconceptions, outcomes and results."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from recdrop_lessons.checks.answer import Answer, Status, Value
from recdrop_lessons.checks.in_steps import in_steps

Details = dict[str, Any]  # JSON-serialisable; what report.py draws


@dataclass(frozen=True, init=False)
class Misconception:
    """A wrong idea that learners have, known by what it computes.

    `slug`: its stable name, kebab-case.
    `sentence`: one or two sentences to the learner: what was done, and what is meant. What is meant is
        said when the mistake comes again (in_steps.py), so the first statement stands by itself.
    `mistakes`: functions with the part's own signature that make this mistake. An answer that gives what
        one of them gives, wherever it gives something, holds the misconception. Empty where the part's
        check recognises it in another way (by distribution, say).
    """

    slug: str
    sentence: str
    mistakes: tuple[Callable[..., Value], ...]

    def __init__(self, slug: str, sentence: str, *mistakes: Callable[..., Value]) -> None:
        for name, value in (("slug", slug), ("sentence", sentence), ("mistakes", mistakes)):
            object.__setattr__(self, name, value)

    @property
    def done(self) -> str:
        """What was done: all that is said the first time."""
        return in_steps(self.sentence)[0]

    @property
    def meant(self) -> str:
        """What is meant: said when the mistake comes again; "" where there is no more to say."""
        return in_steps(self.sentence)[1]

    def shown_by(self, *mistakes: Callable[..., Value]) -> Misconception:
        """The same wrong idea, known by other functions."""
        return Misconception(self.slug, self.sentence, *mistakes)


@dataclass(frozen=True)
class Outcome:
    """What one check found. `message` is a sentence for the learner; `details` may hold the inputs."""

    ok: bool
    message: str
    misconception: str | None = None
    details: Details = field(default_factory=dict)


Check = Callable[[Answer, int], Outcome]


@dataclass(frozen=True)
class Part:
    """One graded part; each is stated by one file of checks/lessons/, which holds it as `PART`.

    `number`: "1.2".
    `function`: the right answer, under the part's own name and with the exercise's docstring. Its
        parameters after a bare `*` are switches by which a check makes mistakes, not the exercise's.
    `points`: out of the lesson's 100.
    `hints`: two or more, from the general to the particular: where to look first, what to do there last.
    `check`: the check itself, a function of an answer and a seed.
    `misconceptions`: the wrong ideas that it names.
    """

    number: str
    function: Callable[..., Value]
    points: int
    hints: tuple[str, ...]
    check: Check
    misconceptions: tuple[Misconception, ...] = ()

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
        return next(m for m in (*self.misconceptions, *GENERAL) if m.slug == slug)

    def result(
        self, status: Status, message: str, misconception: str | None = None, details: Details | None = None
    ) -> PartResult:
        """How it ended: all its points, or none and the first hint, where a hint can help.

        A message that is a misconception's of this part says what was done; what is meant is kept beside it.
        """
        told = [one for one in self.misconceptions if one.slug == misconception and one.sentence in message]
        return PartResult(
            part=self.number,
            name=self.name,
            points=self.points if status == Status.OK else 0,
            max_points=self.points,
            status=status,
            misconception=misconception,
            message=message.replace(told[0].sentence, told[0].done) if told else message,
            meant=told[0].meant if told else "",
            hint="" if status in (Status.OK, Status.UNREADABLE, Status.NOT_HERE) else self.hints[0],
            details=details or {},
        )


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

    def record(self) -> dict[str, Any]:
        """The result as JSON: as it is the first time, without the details."""
        return {key: value for key, value in asdict(self).items() if key not in ("details", "meant", "again")}


# Mistakes that any part can have.
CHANGES_INPUT = Misconception(
    "changes-input",
    "Your function changes what it is given. The caller still needs it: compute into new tensors "
    "(`a = a + b`, not `a += b`), and copy a list before you change it.",
)
GRADIENT_CUT = Misconception(
    "gradient-cut",
    "The values are right, but no gradient flows back through them: the path is cut by `.detach()`, `.data`, "
    "`.item()`, `torch.no_grad()`, NumPy or a tensor built anew from numbers.",
)
DTYPE_CHANGED = Misconception(
    "dtype-changed",
    "The result has the wrong dtype. Make new tensors with the dtype of the inputs (`torch.zeros_like(x)`, "
    "`x.new_zeros(...)`, `dtype=x.dtype`), or with torch's default where no tensor comes in.",
)
KEYWORDS_RENAMED = Misconception(
    "arguments-renamed",
    "The checks call your function by keyword, with the names of the exercise. Keep the `def` line as it "
    "was.",
)
GENERAL = (CHANGES_INPUT, GRADIENT_CUT, DTYPE_CHANGED, KEYWORDS_RENAMED)
