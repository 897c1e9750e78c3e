"""What a terminal or a file cannot take is written in other words: cp1252 on Windows has no ✓ and no σ."""

from __future__ import annotations

import codecs
import io
import sys
import unicodedata

_WORDS = {
    "✓": "ok",
    "✗": "no",
    "◐": "half",
    "→": "->",
    "←": "<-",
    "−": "-",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
}


def show_all_letters() -> None:
    """No text ends a command with an error of encoding. In UTF-8 that is half of a pair alone, as \\ud83d."""
    codecs.register_error("recdrop", _in_other_words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="recdrop")


def takes_all(encoding: str | None) -> bool:
    """Whether every letter can be written in it."""
    return encoding is not None and codecs.lookup(encoding).name.startswith("utf")


def _in_other_words(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_word, error.object[error.start : error.end])), error.end


def _word(letter: str) -> str:
    """A sign's own word, a Greek letter's name, a letter without its marks, or its number."""
    if letter in _WORDS:
        return _WORDS[letter]
    name = unicodedata.name(letter, "")
    if name.startswith("GREEK SMALL LETTER "):
        return name.removeprefix("GREEK SMALL LETTER ").split()[0].lower()
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    return plain or letter.encode("ascii", "backslashreplace").decode()
