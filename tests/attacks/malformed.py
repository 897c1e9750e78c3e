"""Malformed: what is no notebook, no file, or no name."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import submissions
from attack import Attack, notebook, raw
from submissions import LESSON, RIGHT, cell, solved, write

UNREADABLE = dict.fromkeys(RIGHT, "unreadable")
RIGHT_BYTES = submissions.notebook(solved())
_V3 = {
    "metadata": {},
    "nbformat": 3,
    "nbformat_minor": 0,
    "worksheets": [
        {"cells": [{("input" if k == "source" else k): v for k, v in one.items()} for one in solved()]}
    ],
}


def _instead(make: Callable[[Path], object], points: int = 0, status: str = "unreadable") -> Attack:
    """Something else in the notebook's place."""

    def hand_in(folder: Path) -> None:
        (folder / LESSON).mkdir(parents=True)
        make(folder / LESSON / f"{LESSON}.ipynb")

    return Attack(points, hand_in, dict.fromkeys(RIGHT, status) if not points else None)


def _folder_is_a_link(folder: Path) -> None:
    folder.mkdir()
    (folder / LESSON).symlink_to(folder.parent / "aa-victim" / LESSON)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        path.symlink_to("/dev/zero")


def _with_outputs(size: int) -> bytes:
    cells = solved()
    cells[3]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * size}]
    return submissions.notebook(cells)


ATTACKS: dict[str, Attack] = {
    "empty": raw(b"", 0, UNREADABLE),
    "not JSON": raw(b"\x89PNG\r\n" + bytes(1000), 0, UNREADABLE),
    "truncated": raw(RIGHT_BYTES[: len(RIGHT_BYTES) // 2], 0, UNREADABLE),
    "not UTF-8": raw(RIGHT_BYTES.replace(b"tanh", b"t\xe4nh", 1), 0, UNREADABLE),
    "a byte-order mark": raw(b"\xef\xbb\xbf" + RIGHT_BYTES, 100),
    "nbformat 3": raw(json.dumps(_V3).encode(), 100),
    "no metadata": notebook([cell(one["source"], kind=one["cell_type"]) for one in solved()], 100),
    "a wrong nbformat": raw(RIGHT_BYTES.replace(b'"nbformat": 4', b'"nbformat": "x"'), 100),
    "renamed": Attack(100, lambda folder: write(folder, solved(), "my homework.ipynb")),
    "a symbolic link to another's": _instead(
        lambda path: path.symlink_to("../../aa-victim/01_cells/01_cells.ipynb")
    ),
    "a folder that is a link": Attack(0, _folder_is_a_link, UNREADABLE),
    "a link to itself": _instead(lambda path: path.symlink_to(path.name)),
    "a link to a device": _instead(lambda path: path.symlink_to("/dev/zero")),
    "a named pipe": _instead(os.mkfifo),
    "a device": _instead(_device),
    "a folder with the notebook's name": _instead(lambda path: path.mkdir()),
    "200 MB of outputs": raw(_with_outputs(200_000_000), 100),
    "a sparse terabyte": _instead(lambda path: (path.write_bytes(b""), os.truncate(path, 1 << 40))),
    "deep nesting": raw(b'{"cells": ' + b"[" * 500_000 + b"]" * 500_000 + b"}", 0, UNREADABLE),
    "deep nesting in the metadata": raw(
        RIGHT_BYTES.replace(
            b'"metadata": {}', b'"metadata": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 1
        ),
        0,
        UNREADABLE,
    ),
    "forty million objects": raw(b'{"cells": [' + b"{}," * 40_000_000 + b"{}]}", 0, UNREADABLE),
    "an integer of 10,000 digits": raw(b'{"cells": [], "x": ' + b"9" * 10_000 + b"}", 0, UNREADABLE),
    "cells that are no cells": raw(
        b'{"cells": [1, null, [], "x", {"cell_type": "code", "source": {"a": 1}}]}', 0
    ),
    "keys given twice": raw(RIGHT_BYTES.replace(b'"cells"', b'"cells": [], "cells"', 1), 100),
    "lone surrogates": notebook([*solved(), cell("x = '\ud800'")], 100),
    "null bytes": notebook([*solved(), cell("x = '\0'")], 100),
    "a cell of 100,000 brackets": notebook([*solved(), cell("(" * 100_000)], 100),
    "a cell of a long sum": notebook([*solved(), cell("x = " + "1+" * 50_000 + "1")], 100),
}

# What a student may be called. Each hands in a right notebook.
NAMES = [
    "..hidden", "a b", "-rf", "=cmd|' C calc'!A0", "@SUM(1)", "quo'te\"s", "semi;colon", "new\nline",
    "ünïcödé",
    "x" * 200, "<script>alert(1)", "%2e%2e%2f", "back\\slash", "$(reboot)", "con",
    "😀", "tab\tulator", "run.json", "records",
]  # fmt: skip
