"""Moments are read and written with their time zone."""

from __future__ import annotations

import time
from collections.abc import Iterator

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


@pytest.mark.usefixtures("berlin")
def test_a_moment_says_its_zone() -> None:
    assert moment(NOON) == "2026-11-20 12:00+01:00"


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    "text", ["2026-11-20T12:00", "2026-11-20 12:00:00", "2026-11-20T11:00Z", "2026-11-20T20:00+09:00"]
)
def test_due_is_in_this_machines_zone_or_in_the_one_that_is_named(text: str) -> None:
    assert read_due(text) == NOON


@pytest.mark.parametrize(
    "text", ["2026-11-20", "20261120", "20.11.2026 12:00", "11/20/2026", "12:00", "soon", ""]
)
def test_what_is_not_one_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat|no time of the day"):
        read_due(text)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 11:00:00.000000 UTC",
        "2026-11-20 11:00:00 GMT\n",
        "2026-11-20 11:00:00",
        "2026-11-20 12:00:00 CET",
        "2026-11-20 12:00:00 Europe/Paris",
        "2026-11-20 20:00:00+09:00",
        "2026-11-20 06:00:00 -0500",
        "2026-11-20 12:00:00 +0100",
    ],
)
def test_nbgraders_stamp_is_the_moment_that_nbgrader_reads(text: str) -> None:
    assert read_stamp(text) == NOON
    if text[-5] not in "+-":  # nbgrader itself takes "+0100" for a hundred seconds
        utils = pytest.importorskip("nbgrader.utils")
        assert utils.parse_utc(text.strip()).isoformat() == "2026-11-20T11:00:00"


@pytest.mark.usefixtures("berlin")
def test_the_hour_that_a_clock_shows_twice_is_told_apart_by_its_zone() -> None:
    assert read_stamp("2026-10-25 02:30:00 CET") - read_stamp("2026-10-25 02:30:00 CEST") == 3600


@pytest.mark.parametrize(
    "text", ["2026-11-20 12:00:00 XYZ", "2026-11-20 12:00 ../zone", "yesterday", "", "20.11.2026 12:00"]
)
def test_a_stamp_of_no_known_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid isoformat|no time zone"):
        read_stamp(text)
