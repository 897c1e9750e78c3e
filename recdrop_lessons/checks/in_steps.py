"""A misconception told in two steps: what was done, and, when it comes again, what is meant."""

from __future__ import annotations

import re

# The end of the first statement: a full stop, a colon or a semicolon before a space, not in its first words.
_END = re.compile(r"(?<=[^.]{12})[.:;] (?=\S)")
_HIDDEN = re.compile(r"`[^`]*`|\([^()]*\)")  # code and brackets end no statement


def in_steps(sentence: str) -> tuple[str, str]:
    """The first statement of a misconception's sentence, and the rest; "" where there is no more.

    "You squash the cell that you keep. tanh(c') is for the output alone." → its two sentences
    "Your gates have no bias: b is added once." → "Your gates have no bias.", "b is added once."
    """
    end = _END.search(_HIDDEN.sub(lambda found: "x" * len(found[0]), sentence))
    if end is None:
        return sentence, ""
    rest = sentence[end.end() :]
    if end[0] != ". " and re.match(r"[a-z]{2,} ", rest):
        rest = rest[0].upper() + rest[1:]
    return f"{sentence[: end.start()]}.", rest
