"""A platform's own CSV, read and given back in its own form; each student's row found in it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from recdrop_lessons.grading.finding import NotFound
from recdrop_lessons.grading.names import Remark, same, shown

_FIRST_FIELD = re.compile(r'(?:"(?:[^"]|"")*"|[^",;\t\r\n]*)([,;\t])')
Row = list[str]


@dataclass
class Table:
    """Rows, the first with the columns' names, all of one length; and in which form they were written.

    `delimiter`: what stands between fields. `marked`: whether a byte-order mark stands first; by it Excel
    knows UTF-8.
    """

    rows: list[Row]
    delimiter: str
    marked: bool

    @property
    def head(self) -> Row:
        return self.rows[0]

    def text(self) -> str:
        text = io.StringIO(newline="")
        csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n").writerows(self.rows)
        return "\ufeff" * self.marked + text.getvalue()


def read(path: Path) -> Table:
    """With commas or, where numbers have decimal commas, semicolons; with a byte-order mark or without.

    Raises `NotFound`: it cannot be read.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
        first = _FIRST_FIELD.match(text)
        delimiter = first[1] if first else ","
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except UnicodeDecodeError:
        raise NotFound(
            f"{path} is not in UTF-8, so its names cannot be read. Take the file as the platform gave it; "
            "in Excel, save it as “CSV UTF-8”."
        ) from None
    except (OSError, csv.Error) as error:
        raise NotFound(f"{path} cannot be read: {error}.") from None
    width = max(map(len, rows), default=0)
    marked = data.startswith(codecs.BOM_UTF8)
    return Table([row + [""] * (width - len(row)) for row in rows if row], delimiter, marked)


def own_rows(
    students: Iterable[str],
    rows: Sequence[Row],
    fits: Callable[[str, Row], bool],
    table: str,
) -> tuple[dict[str, Row], list[Remark]]:
    """The row of each student, and who has none or shares one: points never go into a row by guess.

    `fits`: whether a row is the student's. `table`: what the platform calls it.
    """
    fitting = {student: [row for row in rows if fits(student, row)] for student in dict.fromkeys(students)}
    holders: dict[int, list[str]] = {}
    for student, found in fitting.items():
        if len(found) == 1:
            holders.setdefault(id(found[0]), []).append(student)
    own: dict[str, Row] = {}
    remarks: list[Remark] = []
    for student, found in sorted(fitting.items()):
        others = [shown(one) for one in holders.get(id(found[0]), ()) if one != student] if found else []
        if not found:
            remarks.append(Remark((student,), f" is not on the {table}."))
        elif len(found) > 1:
            remarks.append(Remark((student,), f" fits {len(found)} rows of the {table}: none was filled."))
        elif others:
            told = f" has the same row of the {table} as {', '.join(others)}: it was not filled."
            remarks.append(Remark((student,), told))
        else:
            own[student] = found[0]
    return own, remarks


def stands_in(student: str, row: Row, places: Iterable[int]) -> bool:
    """Whether the student's name or number is what one of these columns has."""
    return any(same(student, row[at]) for at in places)
