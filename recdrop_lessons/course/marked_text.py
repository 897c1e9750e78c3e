"""Plain text with `code` and subscripts (x_t, h_{t-1}) as HTML."""

from __future__ import annotations

import html
import re


def inline_html(text: str) -> str:
    """The text with its `code` and subscripts marked up, and everything else escaped."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        f"<code>{html.escape(part[1:-1])}</code>"
        if part.startswith("`")
        else re.sub(r"\b([xhcg])_(?:\{([^}]+)\}|(\w))", r"<i>\1</i><sub>\2\3</sub>", html.escape(part))
        for part in parts
    )
