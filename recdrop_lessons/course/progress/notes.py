"""What the learner is told: a short answer, or why there is none and what to do about it."""

from __future__ import annotations

import html
from dataclasses import dataclass

from recdrop_lessons.course import outline
from recdrop_lessons.course.outline import PartOutline
from recdrop_lessons.support.errors import RecdropError


class ProgressError(RecdropError):
    """Something that cannot be shown or restored, and what to do about it."""


@dataclass(frozen=True)
class Note:
    """A short answer to the learner, perhaps with code; shows itself as text and as HTML."""

    text: str
    code: str = ""

    def __str__(self) -> str:
        return f"{self.text}\n\n{self.code}" if self.code else self.text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        shown = f"<p>{html.escape(self.text)}</p>"
        return shown + (f"<pre><code>{html.escape(self.code)}</code></pre>" if self.code else "")


def find_part(part: str) -> PartOutline:
    try:
        return outline.part(part)
    except KeyError as error:
        raise ProgressError(str(error.args[0])) from None
