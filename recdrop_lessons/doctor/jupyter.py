"""JupyterLab: its widgets, its kernel, its port."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import json
import os
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from recdrop_lessons.doctor.findings import COURSE, Finding
from recdrop_lessons.doctor.releases import unfit

# What draws the explorers in the page, by the name that JupyterLab knows it by.
_LAB_EXTENSIONS = (("@jupyter-widgets/jupyterlab-manager", "jupyterlab_widgets"), ("anywidget", "anywidget"))


def widgets() -> Iterator[Finding]:
    """Whether the widgets' two halves belong together, in Python and in JupyterLab's page."""
    if mismatch := unfit("ipywidgets", "jupyterlab_widgets"):
        yield mismatch
    if importlib.util.find_spec("jupyterlab") is None:
        return  # said elsewhere
    disabled = _disabled()
    for name, package in _LAB_EXTENSIONS:
        found = _extension(name)
        version = json.loads((found / "package.json").read_text(encoding="utf-8"))["version"] if found else ""
        off = [key for key, is_off in disabled.items() if is_off and key.split(":")[0] == name]
        if found is None:
            what, cure = "is not there", f"pip install --force-reinstall --no-deps {package}"
        elif not _is_of(package, found):
            what, cure = f"{version} is not this environment's", f"Remove {found}"
        elif off:
            what, cure = "is disabled", f"jupyter labextension enable {off[0]}"
        else:
            yield Finding(True, f"{name} {version} in JupyterLab")
            continue
        yield Finding(False, f"{name} {what} in JupyterLab, and the explorers need it", cure)


# JupyterLab's own functions for these two do the same, and take seconds to import.


def _extension(name: str) -> Path | None:
    """The folder that JupyterLab takes the extension from: the first on its path."""
    paths = importlib.import_module("jupyter_core.paths").jupyter_path("labextensions")
    return next((found for path in paths if ((found := Path(path, name)) / "package.json").is_file()), None)


def _disabled() -> dict[str, bool]:
    """What JupyterLab's settings say of extensions: the first place on their path has the last word."""
    places = importlib.import_module("jupyter_core.paths").jupyter_config_path()
    manager = importlib.import_module("jupyter_server.config_manager").BaseJSONConfigManager
    disabled: dict[str, bool] = {}
    for place in reversed(places):
        told = manager(config_dir=os.path.join(place, "labconfig")).get("page_config")
        said = told.get("disabledExtensions", {})
        disabled |= said if isinstance(said, dict) else dict.fromkeys(said, True)  # a list, in the old form
    return disabled


def _is_of(package: str, extension: Path) -> bool:
    """Whether the folder is the one that the installed package brought; where nothing says so, it is."""
    files = importlib.metadata.files(package) or []
    brought = [file.locate() for file in files if file.name == "package.json"]
    return not brought or extension.resolve() in {Path(file).resolve().parent for file in brought}


def kernel() -> Finding:
    """Whether the kernel that notebooks ask for, "python3", runs this very Python."""
    if importlib.util.find_spec("jupyter_client") is None or importlib.util.find_spec("ipykernel") is None:
        return Finding(False, 'no kernel "python3": ipykernel is not installed', COURSE)
    install = "python -m ipykernel install --sys-prefix --name python3"
    kernelspec = importlib.import_module("jupyter_client.kernelspec")
    try:
        spec = kernelspec.KernelSpecManager().get_kernel_spec("python3")
    except kernelspec.NoSuchKernel:
        return Finding(False, 'no kernel "python3"', install)
    command = spec.argv[0]
    if re.fullmatch(r"python[0-9.]*", command):  # Jupyter puts its own interpreter there
        command = sys.executable
    # A venv's interpreter is a link to the system's: compare the folders, not the files behind them.
    same = Path(command).parent.resolve() == Path(sys.executable).parent.resolve()
    cure = f"It is not this environment's {sys.executable}. Remove {spec.resource_dir}, then: {install}"
    return Finding(same, f'kernel "python3" runs {command}', cure)


def port(number: int = 8888) -> Finding:
    """Whether JupyterLab's port is free; `recdrop lab` takes the next one where it is not."""
    cure = (
        f"`recdrop lab` takes the next free one by itself. To choose one: recdrop lab --port {number + 100}"
    )
    with socket.socket() as probe:
        if os.name == "posix":  # as Jupyter does: a port that was just closed is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return Finding(
                False, f"port {number} is taken, by another JupyterLab perhaps", cure, needed=False
            )
    return Finding(True, f"port {number} is free")
