"""Moments as they are read and written: ISO 8601, never without a time zone on paper."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo


def moment(seconds: float) -> str:
    """A moment as this machine's clock shows it, with its distance from UTC: "2026-11-20 23:59+01:00".

    `seconds`: since 1970.
    """
    return datetime.fromtimestamp(seconds).astimezone().isoformat(sep=" ", timespec="minutes")


def read_due(text: str) -> float:
    """A date and a time, in this machine's zone where none is named, as seconds since 1970.

    Raises `ValueError`: it is none. A date alone is none: its first moment is a day early for most.
    """
    try:
        date.fromisoformat(text)
    except ValueError:
        return datetime.fromisoformat(text).timestamp()
    raise ValueError(f"{text} has no time of the day")


def read_stamp(text: str) -> float:
    """A moment as nbgrader notes it, "2026-11-20 12:00:00.123456 UTC", as seconds since 1970.

    Without a zone it is UTC, as nbgrader itself reads it.
    Raises `ValueError`: it is no moment, or of a zone that this machine does not know.
    """
    day, hour, zone = (*text.split(), "", "", "")[:3]
    if zone.startswith(("+", "-")):
        hour, zone = hour + zone, ""
    found = datetime.fromisoformat(f"{day} {hour}")
    if found.tzinfo is None and zone in time.tzname:
        # Of the hour that a clock shows twice in autumn, the first is in summer's time.
        found = found.replace(fold=int(zone == time.tzname[0]))
    elif found.tzinfo is None:
        found = found.replace(tzinfo=_zone(zone) if zone else UTC)
    return found.timestamp()


def _zone(name: str) -> tzinfo:
    if name in ("UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (OSError, KeyError, ValueError):
        raise ValueError(f"{name!r} is no time zone that this machine knows") from None
