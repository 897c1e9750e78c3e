"""What every test starts from: one thread, one seed, Keras on its torch backend, no screen."""

from __future__ import annotations

import os

# Before anything imports Keras or matplotlib.
os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")

import random
import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import numpy as np
import pytest
import torch

# The same examples in every run; a slow shared machine is no failure.
hypothesis.settings.register_profile("course", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("course")

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Tests do not hang on one another's draws. A test about draws passes its own generator."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  sklearn and others draw from the global state
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium under playwright, the system's own: playwright's download is not needed."""
    sync_api = pytest.importorskip("playwright.sync_api")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        message = "No Chromium on this machine (Debian, Ubuntu: apt install chromium)."
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    flags = [
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    if os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses root
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
