"""A platform's own CSV, read and given back in its own form; people found in it by name or number."""

from __future__ import annotations

import csv
import io
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons.grading.finding import NotFound


@dataclass
class Table:
    """Rows, the first with the columns' names, all of one length; and what stands between fields."""

    rows: list[list[str]]
    delimiter: str

    @property
    def head(self) -> list[str]:
        return self.rows[0]

    def text(self) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows(self.rows)
        return text.getvalue()


def read(path: Path) -> Table:
    """With commas or, where numbers have decimal commas, semicolons; with a byte-order mark or without.

    Raises `NotFound`: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        delimiter = max(",;\t", key=first.count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise NotFound(f"{path} cannot be read: {error}.") from None
    width = max(map(len, rows), default=0)
    return Table([row + [""] * (width - len(row)) for row in rows if row], delimiter)


def same(one: str, other: str) -> bool:
    """Whether two names are one: capitals, spaces around and ways to write an accent do not count."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip()).casefold()
