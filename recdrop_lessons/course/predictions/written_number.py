"""A number as people write it; docs/_browser/number.mjs has the same rules, and a test compares them."""

from __future__ import annotations

import math
import re
import unicodedata

_FORM = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)


def written_number(text: str) -> float | None:
    """With a decimal comma or point, digits of any script, a real minus; None where it is no number.

    Nothing stands between thousands: 1,000 is 1, as 1.000 is.
    """
    plain = "".join(str(unicodedata.decimal(letter, letter)) for letter in text.strip())
    plain = re.sub("[−－]", "-", re.sub("[,٫，．]", ".", plain, count=1))
    number = float(plain) if _FORM.fullmatch(plain) else math.nan
    return number if math.isfinite(number) else None
