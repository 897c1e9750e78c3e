"""Mistakes of parts whose answer is a word: right, but for words that are taken for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def taken_for(function: Callable[..., str], **names: str) -> Callable[..., str]:
    """The function with some of its words taken for others."""

    def mistake(**given: Any) -> str:
        found = function(**given)
        return names.get(found, found)

    return mistake


def confused(function: Callable[..., str], one: str, other: str) -> tuple[Callable[..., str], ...]:
    """The function with two words exchanged, and with each of them for both."""
    ways = {one: other, other: one}, {one: other}, {other: one}
    return tuple(taken_for(function, **names) for names in ways)
