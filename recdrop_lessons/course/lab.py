"""Opens the course in JupyterLab: what `make lab` and `recdrop lab` do."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from recdrop_lessons.course import workspace
from recdrop_lessons.course.folders import COURSE, WITHIN_CLONE, is_working_copy
from recdrop_lessons.course.lab_log import QUIET
from recdrop_lessons.support.errors import RecdropError
from recdrop_lessons.support.typed import quoted, recdrop

FIRST_LESSON = Path("notebooks") / "00_start_here.ipynb"
# Settings for JupyterLab: no question about news before the first lesson, no look-up where no network may be.
SETTINGS = Path(__file__).resolve().parents[1] / "jupyter"


def course_folder(start: Path | None = None) -> Path:
    """The nearest folder with the first lesson, or working copy: `start` (by default the working folder), one
    above it, or last the repository that this package was installed from.

    Raises RecdropError when none holds it.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / FIRST_LESSON).is_file() or is_working_copy(folder):
            return folder
    raise RecdropError(
        f"No {FIRST_LESSON} in {start} or above it: go to the folder of the course (where its README is), or "
        "make a working copy of it with `recdrop start FOLDER`."
    )


def _here() -> Path:
    """The course's folder; where there is none, this one: an installed library carries the course."""
    try:
        return course_folder()
    except RecdropError:
        if not (COURSE / FIRST_LESSON).is_file():
            raise
        return Path.cwd()


def _is_no_learners(folder: Path) -> bool:
    """Whether no learner has worked there: a clone, or a folder without the course."""
    is_copy, has_lessons = is_working_copy(folder), (folder / FIRST_LESSON).is_file()
    return not is_copy and (not has_lessons or (folder / "solutions").is_dir())


def _is_number_or_name(notebook: Path) -> bool:
    return not notebook.exists() and len(notebook.parts) == 1 and notebook.suffix != ".ipynb"


def lab_command(notebook: Path, folder: Path, port: int, browser: bool, verbose: bool = False) -> list[str]:
    """The command that serves `folder` and opens `notebook`, with this very Python behind its kernels."""
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--port={port}"]
    if not verbose:
        command += QUIET
    if not browser:
        command.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # a container, where Jupyter would refuse and send the learner away
    # As an address, and not as a file: so the link in the terminal leads there too where no browser opens.
    page = quote(notebook.relative_to(folder).as_posix())
    return [*command, f"--LabApp.default_url=/lab/tree/{page}"]


def lab_environment() -> dict[str, str]:
    """JupyterLab's environment: our settings, and this Python behind the kernel "python3" in every case.

    A terminal in it and `!` in a cell find `recdrop`, though the environment is not activated.
    """
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    paths = [str(SETTINGS), *filter(None, [os.environ.get("JUPYTER_CONFIG_PATH")])]
    return {
        **os.environ,
        "PATH": programs,
        "JUPYTER_PREFER_ENV_PATH": "1",
        "JUPYTER_CONFIG_PATH": os.pathsep.join(paths),
    }


def open_lab(
    notebook: Path | None = None, port: int = 8888, browser: bool = True, verbose: bool = False
) -> None:
    """Open JupyterLab at `notebook`, by default the first lesson; the next free port when `port` is taken.

    In a clone, and in a folder without the course, the learner gets a working copy there, without results.
    A notebook that is named by its path opens where it is, and one that is named by its number in the copy.
    `verbose`: print all that JupyterLab logs, and not only errors and the address to open.
    Returns when JupyterLab is closed (not at all on POSIX, where it takes this process's place). Raises
    RecdropError when JupyterLab or the notebook is missing.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise RecdropError("JupyterLab is not installed here: run `make lab`, or pip install '.[course]'.")
    lesson = FIRST_LESSON
    if notebook is not None and _is_number_or_name(notebook):
        notebook, lesson = None, Path("notebooks", f"{workspace.lesson_named(str(notebook))}.ipynb")
    folder = _here() if notebook is None else course_folder(notebook.absolute().parent)
    if notebook is None and _is_no_learners(folder):
        copy = workspace.start(folder / WITHIN_CLONE)
        folder = copy.folder
        if copy.started or copy.changes:
            print(copy)
    notebook = folder / lesson if notebook is None else notebook.resolve()
    if notebook.is_dir():
        notebook = notebook / f"{notebook.name}.ipynb"
    if not notebook.is_file() or not notebook.is_relative_to(folder):
        raise RecdropError(f"There is no notebook {notebook}; the lessons are in {folder / 'notebooks'}.")
    command, environment = lab_command(notebook, folder, port, browser, verbose), lab_environment()
    print(
        "To check an exercise, type in another terminal:\n"
        f"    cd {quoted(folder)}\n    {recdrop()} check 01\n"
        "JupyterLab starts now. To stop it, press Ctrl+C twice here.",
        flush=True,
    )
    if os.name == "posix":
        os.execve(command[0], command, environment)
    raise SystemExit(subprocess.call(command, env=environment))
