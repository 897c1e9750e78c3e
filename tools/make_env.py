"""Makes .venv, or leaves it as it is when nothing has changed. Standard library only; called by env.sh.

A stamp in .venv says what was installed from which pyproject.toml. While the install runs, another file says
so: whoever finds it knows that an install was broken off, and begins again with an empty .venv.

The tested releases, those of requirements/lock.txt, are installed; where they do not fit, what the ranges of
pyproject.toml allow. A package that .venv already has keeps its release.

uv installs where it is on the path, else pip. uv does not read pip's settings: where pip has an index or
wheels of its own, pip installs. RECDROP_INSTALLER=pip or =uv decides otherwise.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pip_progress
import tested

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "lock.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "recdrop.json"
UNFINISHED = VENV / "recdrop.unfinished"

LOCK_DOES_NOT_FIT = (
    "The tested releases, requirements/lock.txt, cannot be installed here "
    f"(Python {sys.version.split()[0]}, {sys.platform}), for the reason above. "
    "Now the newest releases that pyproject.toml allows …"
)
NO_CPU_BUILD = "No build of PyTorch without CUDA was found, for the reason above. Now the build with CUDA …"


def digest() -> str:
    return hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()


def read_stamp() -> dict[str, Any]:
    """What was installed: the extras, from which pyproject.toml, in which folder."""
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def is_usable(stamp: dict[str, Any]) -> bool:
    """False when an install was broken off, the Python behind .venv is gone, or the folder was moved."""
    if UNFINISHED.exists() or not PYTHON.exists() or stamp.get("folder", str(ROOT)) != str(ROOT):
        return False
    return subprocess.run([PYTHON, "-c", ""], capture_output=True).returncode == 0


def make_venv() -> None:
    print(f"1 of 2: .venv with Python {sys.version.split()[0]} …", flush=True)
    print(
        "  What follows downloads much: PyTorch is 90 MB on a Mac, and 3 GB on Linux with CUDA.", flush=True
    )
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    for item in VENV.iterdir():  # by hand, since `venv --clear` would take UNFINISHED away too
        if item.is_dir() and not item.is_symlink():
            shutil.rmtree(item)
        elif item != UNFINISHED:
            item.unlink()
    subprocess.run([sys.executable, "-m", "venv", VENV], check=True)


def install(extras: set[str]) -> None:
    UNFINISHED.touch()
    pip = installer()
    with_uv = pip[0] != str(PYTHON)
    began = time.monotonic()
    print(
        f"2 of 2: the course with its extras {', '.join(sorted(extras))}, by {'uv' if with_uv else 'pip'} …",
        flush=True,
    )
    course = ["-e", f".[{','.join(sorted(extras))}]"]
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "lock.txt")
        constraints.write_text(lock_of_what_is_missing(), encoding="utf-8")
        lock = ["--constraint", str(constraints)]
        attempts = [(lock, LOCK_DOES_NOT_FIT), ([], None)]
        if with_uv and without_gpu():
            attempts.insert(0, (["--torch-backend", "cpu", *lock], NO_CPU_BUILD))
        for options, otherwise in attempts:
            try:
                run([*pip, *options, *course], with_uv)
                break
            except subprocess.CalledProcessError:
                if otherwise is None:
                    raise
                print(otherwise, flush=True)
    print(f".venv is ready, after {pip_progress.clock(time.monotonic() - began)} minutes.", flush=True)
    stamp = {"pyproject": digest(), "folder": str(ROOT), "extras": sorted(extras)}
    STAMP.write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    UNFINISHED.unlink()


def run(command: list[str], with_uv: bool) -> None:
    env = {**os.environ, "PIP_USER": "0"}
    if with_uv:  # which shows how far it is, in a terminal and in a log
        subprocess.run(command, check=True, cwd=ROOT, env=env)
    else:
        pip_progress.install(command, VENV, ROOT, env)


def without_gpu() -> bool:
    """Linux without NVIDIA's driver: PyTorch without CUDA does the same there, and is a tenth as large."""
    return sys.platform == "linux" and shutil.which("nvidia-smi") is None


def lock_of_what_is_missing() -> str:
    """The lock's lines without the packages that are in .venv: theirs is the release that the learner has."""
    libraries = next(VENV.glob("lib/python*/site-packages"), VENV / "Lib" / "site-packages")
    here = {tested.normal(path.name.split("-")[0]) for path in libraries.glob("*.dist-info")}
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if tested.normal(line.split("==")[0]) not in here) + "\n"


def installer() -> list[str]:
    """The command that installs into .venv. pip stays there in any case, for what a learner adds."""
    uv = shutil.which("uv")
    chosen = os.environ.get("RECDROP_INSTALLER") or ("uv" if uv and not pip_has_settings() else "pip")
    if chosen == "uv":
        return [uv or "uv", "pip", "install", "--python", str(PYTHON)]
    return [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


def pip_has_settings() -> bool:
    """Whether pip was told where packages come from, or which."""
    told = subprocess.run([PYTHON, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    names = {line.partition("=")[0].rpartition(".")[2] for line in told.splitlines()}
    return bool(names & {"constraint", "extra-index-url", "find-links", "index-url", "no-index", "proxy"})


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two makes at once do not install into one .venv: the second waits."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (ROOT / "pyproject.toml").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another make is at work on .venv; waiting for it …", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            pass  # a file system without locks
        yield


def ensure(extras: set[str], known: set[str]) -> None:
    """.venv with these extras and those it has; nothing is done when nothing has changed."""
    stamp = read_stamp()
    usable = is_usable(stamp)
    present = set(stamp.get("extras", [])) if usable else set()
    if usable and extras <= present and stamp.get("pyproject") == digest():
        return
    if not usable:
        make_venv()
    install(extras | present & known)


def main(asked: list[str]) -> int:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    known = set(pyproject["project"]["optional-dependencies"])
    if unknown := set(asked) - known:
        names = ", ".join(sorted(known))
        print(f"No extra is called {', '.join(sorted(unknown))}; there are {names}.", file=sys.stderr)
        return 2
    try:
        with one_at_a_time():
            ensure(set(asked) or known, known)
        subprocess.run([PYTHON, Path(__file__).with_name("tested.py"), "--brief"], check=True)
    except subprocess.CalledProcessError:
        free = shutil.disk_usage(ROOT).free / 1e9
        print(
            f"\n.venv is not finished, for the reason above (no network? {free:.1f} GB of disk are free, "
            "4 are wanted): fix it and run make again, which starts afresh by itself.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nBroken off; run make again and it starts afresh by itself.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
