"""A Jupyter server of the tests' own, for the Chromium of `tests/conftest.py` to look at."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: the extra `browser`")

from browser.pages import Notebook, Server

ROOT = Path(__file__).parents[2]
#: Extensions of other packages that complain in pages they were not made for; the widgets need none of them.
ELSEWHERE = ("@jupyter/nbgrader", "nbdime-jupyterlab")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start JupyterLab, and with it Notebook 7 and Voila, on a free port; stop it at the end."""
    home = tmp_path_factory.mktemp("jupyter")
    for folder in ("course", "config/labconfig"):
        (home / folder).mkdir(parents=True)
    # The check whether JupyterLab is built starts a program of node at each page.
    off = {"disabledExtensions": dict.fromkeys(ELSEWHERE, True), "buildCheck": False, "buildAvailable": False}
    (home / "config" / "labconfig" / "page_config.json").write_text(json.dumps(off), encoding="utf-8")
    quiet = home / "settings" / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    (quiet / "notification.jupyterlab-settings").write_text(json.dumps(news), encoding="utf-8")
    at = Server(home / "course", _free_port(), secrets.token_hex(16))
    command = [
        sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--ip=127.0.0.1",
        f"--port={at.port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={at.token}",
        f"--ServerApp.root_dir={at.folder}", "--LabApp.news_url=None", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--expose-app-in-browser",
        f"--LabApp.workspaces_dir={home / 'workspaces'}", f"--LabApp.user_settings_dir={home / 'settings'}",
    ]  # fmt: skip
    environment = {
        **os.environ, "OMP_NUM_THREADS": "1", "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "IPYTHONDIR": str(home / "ipython"),
        "RECDROP_FOLDER": str(at.folder),
    }  # fmt: skip
    log = home / "server.log"
    with log.open("wb") as out:
        streams = {"stdout": out, "stderr": subprocess.STDOUT}
        process = subprocess.Popen(command, cwd=at.folder, env=environment, **streams)
    try:
        _wait(at, process, log)
        yield at
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait(at: Server, process: subprocess.Popen[bytes], log: Path, seconds: float = 90) -> None:
    """Wait until the server answers; show its log where it does not."""
    for _ in range(int(seconds / 0.25)):
        try:
            urllib.request.urlopen(at.address("api/status"), timeout=5).close()
            return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                break
            time.sleep(0.25)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture
def opened(server: Server, chromium: Any) -> Iterator[Callable[..., Notebook]]:
    """Open a notebook of the server in a fresh page; errors in the page's console fail the test."""
    pages: list[Notebook] = []

    def open_(path: str, *, app: str = "lab", width: int = 1280, height: int = 1000) -> Notebook:
        page = chromium.new_page(viewport={"width": width, "height": height})
        pages.append(Notebook(page, server, path, app))
        return pages[-1]

    yield open_
    for page in pages:
        errors = page.close()
        assert not errors, f"{page.path} left errors in the console: {errors}"
