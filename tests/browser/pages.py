"""Words for the browser tests: a server, a notebook open in a page, and the explorer in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from playwright.sync_api import TimeoutError

from recdrop_lessons.explorers.frame import Again, Choice, Control, Settings, Slider, Toggle

#: JupyterLab gets a workspace for each page: it would open the last one's notebooks again.
PAGES = {"lab": "lab/workspaces/{1}/tree/{0}", "notebook": "notebooks/{0}", "voila": "voila/render/{0}"}
#: What Jupyter's own pages complain of in a fresh folder, before any notebook of ours is open.
NOT_OURS = (
    "favicon", "status of 403", "status of 404", "filebrowser:open-path", "(reading 'schema')",
    "@jupyter-notebook/lab-extension", "@jupyterlab/docregistry",
)  # fmt: skip

#: Voila's page asks the net for an icon font and for MathJax; the explorers need neither.
VOILAS = ("cdn.jsdelivr.net", "cdnjs.cloudflare.com", "net::ERR_", "MathJax")


@dataclass(frozen=True)
class Server:
    """A running Jupyter server: its folder, its port, and the token that opens it."""

    folder: Path
    port: int
    token: str

    def address(self, page: str) -> str:
        """The address of one of its pages."""
        return f"http://127.0.0.1:{self.port}/{page}?token={self.token}"


class Notebook:
    """A notebook in a browser page."""

    def __init__(self, page: Any, server: Server, path: str, app: str) -> None:
        self.page, self.path, self.app, self.port = page, path, app, server.port
        self.errors: list[str] = []
        page.set_default_timeout(90_000)  # long for a person, short for a machine that has other work to do
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on("request", lambda request: self._asked(request.url))
        page.goto(server.address(PAGES[app].format(path, uuid4().hex)))

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self._note(message.text)

    def _asked(self, url: str) -> None:
        if not url.startswith((f"http://127.0.0.1:{self.port}/", "data:", "blob:")):
            self._note(f"asked the net for {url}")

    def _note(self, error: str) -> None:
        elsewhere = (*NOT_OURS, *VOILAS) if self.app == "voila" else NOT_OURS
        if not any(word in error for word in elsewhere):
            self.errors.append(error)

    def run_all(self, seconds: float = 180) -> None:
        """Run every cell and wait until none waits (Voila has run them already)."""
        if self.app == "voila":
            return
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        if self.app == "lab":  # asked to run without a kernel, it asks back
            self.page.locator("#jp-main-statusbar", has_text="| Idle").wait_for()
        for _ in range(10):
            self.page.get_by_role("menuitem", name="Run", exact=True).click()
            self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            if self._prompts(r"[*\d]", "some", seconds=4):
                break
            self.page.keyboard.press("Escape")  # its question, or nothing, where the kernel was not ready yet
        assert self._prompts(r"^[^*]*$", "every", seconds=seconds), f"{self.path} did not run to its end"

    def _prompts(self, pattern: str, quantity: str, *, seconds: float) -> bool:
        """Wait until some or every code cell's prompt fits a pattern; False when it takes longer."""
        prompts = "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]"
        condition = f"() => {prompts}.{quantity}(p => /{pattern}/.test(p.textContent))"
        try:
            self.page.wait_for_function(condition, timeout=seconds * 1000)
        except TimeoutError:
            return False
        return True

    def explorer(self, title: str) -> Explorer:
        """The explorer of this title, once it is on the page."""
        root = self.page.locator(f'section.recdrop[aria-label="{title}"]').first
        root.wait_for(state="attached")
        root.scroll_into_view_if_needed()
        return Explorer(self.page, root)

    def theme(self, name: str) -> None:
        """Change JupyterLab's theme, as its menu does."""
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name
        )
        light = str("Dark" not in name).lower()
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def close(self) -> list[str]:
        """Close the page; return the errors that its console heard."""
        self.page.close()
        return self.errors


class Explorer:
    """An explorer on a page: what it shows, and hands that move its controls."""

    def __init__(self, page: Any, root: Any) -> None:
        self.page, self.root, self.host = page, root, root.locator("xpath=..")
        self.milliseconds: list[float] = []  # of each change that `changes` waited for

    @property
    def status(self) -> str:
        return str(self.root.locator(".recdrop-status").text_content())

    @property
    def error(self) -> str:
        return str(self.root.locator(".recdrop-error").text_content())

    @property
    def serial(self) -> int:
        """The number of the frame on show."""
        return int(self.host.get_attribute("data-serial"))

    def control(self, name: str) -> Any:
        return self.root.locator(f'[data-control="{name}"]')

    def settings(self, controls: tuple[Control, ...]) -> Settings:
        """What the controls on the page say; a button to draw again says nothing."""
        found: Settings = {}
        for control in controls:
            place = self.control(control.name)
            if isinstance(control, Toggle):
                found[control.name] = place.is_checked()
            elif isinstance(control, Slider):
                found[control.name] = control.check(float(place.input_value()))
            elif isinstance(control, Choice):
                found[control.name] = place.input_value()
        return found

    @contextmanager
    def changes(self, seconds: float = 60) -> Iterator[None]:
        """Do something, and wait for the frame that it brings."""
        before = self.serial
        yield
        self.page.wait_for_function(
            "([host, before]) => Number(host.dataset.serial) > before",
            arg=[self.host.element_handle(), before],
            timeout=seconds * 1000,
        )
        self.milliseconds.append(float(self.host.get_attribute("data-milliseconds")))

    def by_mouse(self, control: Control) -> None:
        """Move a control with the pointer, to another value than it has."""
        place = self.control(control.name)
        if isinstance(control, Slider):
            box, high = place.bounding_box(), float(place.input_value()) > (control.low + control.high) / 2
            place.click(position={"x": box["width"] * (0.25 if high else 0.75), "y": box["height"] / 2})
        elif isinstance(control, Choice):
            others = [value for value in control.options if value != place.input_value()]
            place.select_option(others[0])
        else:
            place.click()

    def by_keyboard(self, control: Control) -> None:
        """Move a control with keys, to another value than it has."""
        place = self.control(control.name)
        place.focus()
        self.page.wait_for_timeout(300)  # Jupyter moves the focus once more when it has run the cells
        place.focus()
        if isinstance(control, Slider):
            at_end = float(place.input_value()) >= control.high
            self.page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
        elif isinstance(control, Choice):
            last = list(control.options)[-1] == place.input_value()
            self.page.keyboard.press("ArrowUp" if last else "ArrowDown")
        else:
            self.page.keyboard.press("Enter" if isinstance(control, Again) else "Space")

    def shows(self, svg: str) -> bool:
        """Whether the picture on the page is this one, as the browser reads both."""
        return bool(
            self.root.locator(".recdrop-picture").evaluate(
                "(shown, svg) => { const other = document.createElement('div'); other.innerHTML = svg;"
                " return shown.innerHTML === other.innerHTML; }",
                svg,
            )
        )
