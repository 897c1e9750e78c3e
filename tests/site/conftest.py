"""The site, built once for all tests of this folder: as `make site` does, Sphinx without network."""

from __future__ import annotations

import fcntl
import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

for package in ("sphinx", "myst_nb", "pydata_sphinx_theme", "sphinx_copybutton", "math_core"):
    pytest.importorskip(package, reason=f"{package} is not installed: the extra `site`")

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))


def _line(pattern: str) -> str:
    found = re.search(pattern, (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert found is not None, f"The Makefile's target `site` has no line like {pattern}."
    return found[1]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The site's folder, and what Sphinx complains of; Python for the browser is fetched as make does.

    RECDROP_SITE=build/site takes one that is built already, while you work on a page.
    """
    if "RECDROP_SITE" in os.environ:
        return Path(os.environ["RECDROP_SITE"]).resolve(), ""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # the workers build one site between them
    home = shared / "site"
    home.mkdir(exist_ok=True)
    complaints = home / "complaints.txt"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complaints.exists():
            runtime = _line(r"^\t\$\(PY\) (tools/browser_runtime\.py) ")
            streams: dict[str, Any] = {"cwd": ROOT, "capture_output": True, "text": True}
            got = subprocess.run([sys.executable, runtime, "--out", home / "browser"], **streams)
            (home / "runtime.txt").write_text(got.stdout + got.stderr, encoding="utf-8")
            command = (
                _line(r"^\t\$\(PY\) (-m sphinx .*)$")
                .replace("$(QUIET)", "-q")
                .replace("build/", f"{home}/")
                .split()
            )
            nowhere = dict.fromkeys(
                ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9"
            )
            done = subprocess.run([sys.executable, *command], env={**os.environ, **nowhere}, **streams)
            complaints.write_text(done.stderr if done.returncode else "", encoding="utf-8")
    said = complaints.read_text(encoding="utf-8")
    assert (home / "site" / "index.html").is_file(), f"The site does not build:\n{said[-4000:]}"
    return home / "site", said


@pytest.fixture(scope="session")
def site(built: tuple[Path, str]) -> Path:
    return built[0]


@pytest.fixture(scope="session")
def live_site(site: Path) -> Path:
    """The site with Python for the browser; skipped with the reason where it could not be fetched."""
    if not (site / "runtime" / "manifest.json").exists():
        pytest.skip((site.parent / "runtime.txt").read_text(encoding="utf-8").strip())
    return site


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A static host that compresses nothing and writes no log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def address(live_site: Path) -> Iterator[str]:
    """Where the site is served as plain static files."""
    handler = functools.partial(Quiet, directory=str(live_site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


Visit = Callable[..., Any]


@pytest.fixture
def visit(address: str, chromium: Any) -> Iterator[Visit]:
    """Open a page of the served site; every other address is blocked, and asking for one fails the test.

    `page.asked` has the addresses that were asked for; `context=` opens the page where another one is open.
    """
    complaints: list[str] = []
    contexts: list[Any] = []

    def gate(route: Any) -> None:
        url = route.request.url
        if url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            complaints.append(f"asked for {url}")
            route.abort()

    def open_(
        name: str, width: int = 1280, scheme: str = "light", script: str = "", context: Any = None
    ) -> Any:
        if context is None:
            context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            context.route("**", gate)
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda said: said.type == "error" and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(error.message))
        if script:
            page.add_init_script(script)
        page.goto(f"{address}/{name}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not complaints, complaints
