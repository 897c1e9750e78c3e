"""Moments are read and written with their time zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from recdrop_lessons.support.moments import moment, read_due, read_stamp

pytestmark = pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows has no TZ")
NOON = 1795172400.0  # 2026-11-20 11:00 UTC


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


READ = {
    read_due: ["2026-11-20T12:00", "2026-11-20 12:00:00", "2026-11-20T11:00Z", "2026-11-20T20:00+09:00"],
    read_stamp: [
        "2026-11-20 11:00:00.000000 UTC", "2026-11-20 11:00:00 GMT\n", "2026-11-20 11:00:00",
        "2026-11-20 12:00:00 CET", "2026-11-20 12:00:00 Europe/Paris", "2026-11-20 20:00:00+09:00",
        "2026-11-20 06:00:00 -0500", "2026-11-20 12:00:00 +0100",
    ],
}  # fmt: skip
REFUSED = {
    read_due: ["2026-11-20", "20261120", "20.11.2026 12:00", "11/20/2026", "12:00", "soon", ""],
    read_stamp: ["2026-11-20 12:00:00 XYZ", "2026-11-20 12:00 ../zone", "yesterday", "", "20.11.2026 12:00"],
}


@pytest.mark.usefixtures("berlin")
def test_a_moment_is_read_and_written_in_its_zone() -> None:
    assert moment(NOON) == "2026-11-20 12:00+01:00"
    assert {(read, text): read(text) for read in READ for text in READ[read]} == {
        (read, text): NOON for read in READ for text in READ[read]
    }
    # The hour that a clock shows twice is told apart by its zone.
    assert read_stamp("2026-10-25 02:30:00 CET") - read_stamp("2026-10-25 02:30:00 CEST") == 3600


def test_nbgraders_stamp_is_the_moment_that_nbgrader_reads() -> None:
    utils = pytest.importorskip("nbgrader.utils")
    for text in READ[read_stamp]:
        if text[-5] not in "+-":  # nbgrader itself takes "+0100" for a hundred seconds
            assert utils.parse_utc(text.strip()).isoformat() == "2026-11-20T11:00:00", text


@pytest.mark.parametrize("read", REFUSED)
def test_what_is_not_one_moment_is_refused(read: Callable[[str], float]) -> None:
    for text in REFUSED[read]:
        with pytest.raises(ValueError, match=r"Invalid isoformat|no time of the day|no time zone"):
            read(text)
