"""A wrong idea that learners have: its name, what is said of it in steps, and how it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recdrop_lessons.checks.answer import Value
from recdrop_lessons.checks.in_steps import in_steps


@dataclass(frozen=True, init=False)
class Misconception:
    """A wrong idea that learners have, known by what it computes.

    `slug`: its stable name, kebab-case.
    `sentence`: one or two sentences to the learner: what was done, and what is meant. What is meant is
        said when the mistake comes again (in_steps.py), so the first statement stands by itself.
    `hint`: what to try or where to look, said with the first failure. It leads to what is meant and does not
        say it.
    `mistakes`: functions with the part's own signature that make this mistake. An answer that gives what
        one of them gives, wherever it gives something, holds the misconception. Empty where the part's
        check recognises it in another way (by distribution, say).
    """

    slug: str
    sentence: str
    hint: str
    mistakes: tuple[Callable[..., Value], ...]

    def __init__(self, slug: str, sentence: str, hint: str, *mistakes: Callable[..., Value]) -> None:
        for name, value in (("slug", slug), ("sentence", sentence), ("hint", hint), ("mistakes", mistakes)):
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
        return Misconception(self.slug, self.sentence, self.hint, *mistakes)
