"""People's names in any script: compared, shown on a page or in a terminal, put into a spreadsheet."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape

# Marks that turn the text after them round, U+202E among them: with one a name reads as another.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NO_LETTER = ("Cc", "Cs", "Zl", "Zp")  # control characters, halves of pairs, ends of lines and paragraphs
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")  # what a spreadsheet takes for the beginning of one


def same(one: str, other: str) -> bool:
    """Whether two names are one: see `key`."""
    return key(one) == key(other)


def key(name: str) -> str:
    """The name without what varies between systems: two names with one key are one name.

    Capitals, ways to write an accent (NFC, NFD), wide letters, spaces and invisible marks do not count. Nor
    does the dot of an i: Turkish İ and ı are its other case there.
    """
    text = unicodedata.normalize("NFKC", name).casefold()
    text = unicodedata.normalize("NFC", text).replace("i\u0307", "i").replace("ı", "i")
    return " ".join("".join(one for one in text if unicodedata.category(one) != "Cf").split())


def composed(name: str) -> str:
    """The name with its accents written in one way: macOS takes a letter and its accent apart."""
    return unicodedata.normalize("NFC", name)


def shown(text: str) -> str:
    """A name to be read, on one line: what is no letter of it is written as its number, as \\u202e."""
    text = with_odd_bytes_escaped(text)
    return "".join(one if _is_seen(one) else one.encode("unicode_escape").decode() for one in text)


def shown_code(source: str) -> str:
    """Code, or what it printed or raised, as Python reads it: a mark that turns text round as its number."""
    return "".join(one if one not in _TURNING else f"\\u{ord(one):04x}" for one in source)


def in_a_spreadsheet(text: str) -> str:
    """A name as text: an apostrophe before what a spreadsheet would run."""
    text = with_odd_bytes_escaped(text)
    return f"'{text}" if unicodedata.normalize("NFKC", text[:1]).startswith(_FORMULA) else text


def with_odd_bytes_escaped(text: str) -> str:
    """A file's name may hold bytes that are not UTF-8: those as \\xff, so that it can be written."""
    return "".join(one if unicodedata.category(one) != "Cs" else _byte(one) for one in text)


def _byte(half: str) -> str:
    """Python reads the byte 0xff of a name as U+DCFF; other halves of pairs are from Windows."""
    return f"\\x{ord(half) - 0xDC00:02x}" if "\udc80" <= half <= "\udcff" else f"\\u{ord(half):04x}"


def _is_seen(letter: str) -> bool:
    return letter not in _TURNING and unicodedata.category(letter) not in _NO_LETTER


@dataclass(frozen=True)
class Remark:
    """Something to look at by hand: names, as of a student and a file, and what is said of them.

    `names`: each on its own, since one from right to left must not turn the others round.
    `sentence`: with the space, slash or colon that it begins with.
    """

    names: tuple[str, ...]
    sentence: str

    def __str__(self) -> str:
        return "/".join(map(shown, self.names)) + shown(self.sentence)

    @property
    def html(self) -> str:
        names = "/".join(f"<bdi>{escape(shown(name))}</bdi>" for name in self.names)
        return names + escape(shown(self.sentence))
