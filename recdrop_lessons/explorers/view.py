"""The thin view that all explorers share: controls, a picture, a spoken line, and errors one can read.

The browser half is `view.js`. Its controls are native form elements, so that a keyboard and a screen reader
find what they know; the spoken line stays in the page and only its words change (`aria-live`).
While a slider moves, ipywidgets holds back every message but the latest until the kernel has answered:
frames are dropped, not queued.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from recdrop_lessons.explorers.frame import Control, Frame, Settings, complete

Draw = Callable[..., Frame]
#: From the settings before and the settings wished for to the settings that are meant.
Settle = Callable[[Settings, Settings], Settings]
HERE = Path(__file__).parent


class Explorer(anywidget.AnyWidget):
    """An explorer on the page: `settings` go in, `frame` comes out.

    `draw(**settings)` is the explorer's pure function. What it raises is shown in the widget, in words, and
    raised again, so that a notebook test sees it.
    """

    _esm = HERE / "view.js"
    _css = HERE / "view.css"
    title = traitlets.Unicode().tag(sync=True)
    controls: Any = traitlets.List().tag(sync=True)
    settings = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        title: str,
        controls: Sequence[Control],
        draw: Draw,
        settle: Settle | None = None,
        given: Settings | None = None,
    ) -> None:
        self._controls, self._draw, self._settle = controls, draw, settle
        self._drawn = complete(controls, given or {})  # the settings of the frame on show
        frame = _sent(draw(**self._drawn), 0)
        super().__init__(
            title=title, controls=[c.spec() for c in controls], settings=self._drawn, frame=frame
        )
        self.observe(self._changed, "settings")

    def _changed(self, change: Any) -> None:
        """Draw the frame for new settings; leave the last one standing, with the reason, where that fails."""
        if change["new"] == self._drawn and not self.frame["error"]:
            return
        serial = self.frame["serial"] + 1
        try:
            settings = complete(self._controls, change["new"])
            if self._settle is not None:
                settings = self._settle(self._drawn, settings)
            frame = _sent(self._draw(**settings), serial)
        except Exception as error:
            told = f"This setting could not be drawn. {type(error).__name__}: {error}"
            self.frame = {**self.frame, "serial": serial, "error": told}
            raise
        self._drawn = settings
        with self.hold_sync():
            self.frame = frame
            self.settings = settings


def _sent(frame: Frame, serial: int) -> dict[str, Any]:
    """What of a frame crosses to the browser."""
    return {
        "serial": serial,
        "picture": frame.svg,
        "alt": frame.alt,
        "caption": escape(frame.caption),
        "status": frame.status,
        "panel": frame.panel,
        "off": list(frame.off),
        "error": "",
    }
