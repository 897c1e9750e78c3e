"""What `recdrop doctor` finds, one line each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line: whether it is right, what was found, how to fix it. What is not `needed` may be missing."""

    well: bool
    what: str
    cure: str = ""
    needed: bool = True

    def __str__(self) -> str:
        mark = "✓" if self.well else "✗" if self.needed else "–"
        return f"{mark} {self.what}" + (f"\n    {self.cure}" if self.cure and not self.well else "")


# What brings everything that a learner needs.
COURSE = "pip install 'recdrop_lessons[course]', or `make env` in a clone of the course."
