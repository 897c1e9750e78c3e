"""pip with one line that says what it does, how much of it is done, and since when. Standard library only.

pip itself writes some hundred lines, and before 25.1 nothing at all during the minutes in which it installs.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

LARGE = 20e6  # bytes of a download that has a line of its own in a log
_UNITS = {"bytes": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
_DOWNLOAD = re.compile(r"\s*Downloading (\S+) \(([\d.]+) (bytes|kB|MB|GB)\)")
_INSTALL = "Installing collected packages: "


def clock(seconds: float) -> str:
    """Minutes and seconds, as "2:07"."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


class Progress:
    """What pip is at, from its lines and from the folders that it fills.

    `downloads`: where files are while they come. `libraries`: the folder site-packages.
    """

    def __init__(self, downloads: Path, libraries: Path) -> None:
        self._downloads, self._libraries = downloads, libraries
        self._found = 0
        self._file, self._size, self._since = "", 0.0, 0.0
        self._wanted = self._before = 0

    def read(self, line: str) -> str:
        """Take in a line of pip's; what a log should say of it, or nothing."""
        if line.startswith("Collecting "):
            self._found, self._size = self._found + 1, 0.0
        elif match := _DOWNLOAD.match(line):
            self._file, self._size = match[1].rpartition("/")[2], float(match[2]) * _UNITS[match[3]]
            self._since = time.monotonic()
            return f"downloading {self._name}, {self._size / 1e6:.0f} MB" if self._size >= LARGE else ""
        elif line.startswith(_INSTALL):
            self._wanted, self._before = line.count(",") + 1, self._installed()
            return f"installing {self._wanted} packages"
        return ""

    def __str__(self) -> str:
        if self._wanted:
            return f"installing packages, {self._installed() - self._before} of {self._wanted}"
        if self._size >= 1e6:
            arrived = self._arrived()
            seconds = (time.monotonic() - self._since) * (self._size / arrived - 1) if arrived else 0.0
            left = f", {clock(seconds)} left" if seconds > 0 else ""
            return f"downloading {self._name}, {arrived / 1e6:.0f} of {self._size / 1e6:.0f} MB{left}"
        return f"looking for packages, {self._found} found"

    @property
    def _name(self) -> str:
        return self._file.split("-")[0]

    def _installed(self) -> int:
        return len(list(self._libraries.glob("*.dist-info")))

    def _arrived(self) -> float:
        """Bytes of the download that are here."""
        try:
            return next(path.stat().st_size for path in self._downloads.glob(f"*/{self._file}"))
        except (OSError, StopIteration):
            return 0.0


def install(command: Sequence[str], venv: Path, folder: Path, env: dict[str, str]) -> None:
    """Run pip's command in the folder. What it wrote is in VENV/install.log.

    Raises `subprocess.CalledProcessError`, after pip's last lines are shown.
    """
    downloads = venv / "downloads"  # not /tmp, which often is small, and in memory
    downloads.mkdir(exist_ok=True)
    libraries = next(venv.glob("lib/python*/site-packages"), venv / "Lib" / "site-packages")
    progress, log = Progress(downloads, libraries), venv / "install.log"
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            [*command, "--progress-bar", "off"],
            cwd=folder,
            env={**env, "TMPDIR": str(downloads), "TEMP": str(downloads), "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as pip,
        _Shown(progress) as shown,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            kept.write(line)
            shown.tell(progress.read(line))
    shutil.rmtree(downloads, ignore_errors=True)
    if pip.returncode:
        last = log.read_text(encoding="utf-8").splitlines()[-15:]
        print(*last, f"(all that pip wrote: {log})", sep="\n", file=sys.stderr)
        raise subprocess.CalledProcessError(pip.returncode, list(command))


class _Shown:
    """The line: in a terminal written anew each second, in a log once for each large thing."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._began = progress, time.monotonic()
        self._in_terminal = sys.stdout.isatty() and not os.environ.get("CI")
        self._over = threading.Event()
        self._clock = threading.Thread(target=self._tick, daemon=True)

    def __enter__(self) -> _Shown:
        if self._in_terminal:
            self._clock.start()
        return self

    def tell(self, text: str) -> None:
        if text and not self._in_terminal:
            print(f"  {text} ({self._elapsed()})", flush=True)

    def _tick(self) -> None:
        while not self._over.wait(1):
            self._write(f"  {self._progress} ({self._elapsed()})")

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{text[:width].ljust(width)}", end="", flush=True)

    def _elapsed(self) -> str:
        return clock(time.monotonic() - self._began)

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._in_terminal:
            self._clock.join()
            self._write("")
            print("\r", end="", flush=True)
