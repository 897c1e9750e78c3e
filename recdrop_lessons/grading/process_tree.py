"""A process without locks: ended with all that it has started, and as soon as it takes too much memory.

psutil is at hand wherever the course's own packages are installed; without it memory is not watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import Any

try:
    import psutil
except ImportError:
    psutil = None

_KILL = getattr(signal, "SIGKILL", 9)  # what os.kill takes on Windows as well
_WATCH_SECONDS = 0.2


def end_with_children(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and what it has started, unless that has left it before.

    `process`: the first of its session, where there are sessions. Nothing is done once it was waited for,
    since its number may then be another's.
    """
    if process.returncode is not None:
        return
    children = _children(process.pid)
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, _KILL)
    elif psutil is None and sys.platform == "win32":
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False)
    process.kill()
    for child in children:
        with contextlib.suppress(OSError):
            os.kill(child.pid, _KILL)


def _children(pid: int) -> list[Any]:
    """Its children and theirs, as psutil knows them."""
    if psutil is None:
        return []
    try:
        found: list[Any] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return found


class MemoryWatch:
    """Ends a process that takes more than `allowed` bytes on top of what it has now.

    Memory is what lies in RAM, of the process and its children. It is looked at five times a second, so a
    machine with little can still run out of it between two looks.
    """

    def __init__(self, process: subprocess.Popen[bytes], allowed: int) -> None:
        self.exceeded = False
        self._process = process
        self._limit = _memory(process.pid) + allowed
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if psutil is not None:
            self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(_WATCH_SECONDS):
            if _memory(self._process.pid) > self._limit:
                self.exceeded = True
                end_with_children(self._process)
                return

    def close(self) -> None:
        """Call it before the process is waited for."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()


def _memory(pid: int) -> int:
    """Bytes in RAM, of a process and its children; 0 where it has ended."""
    if psutil is None:
        return 0
    total = 0
    for one in (pid, *(child.pid for child in _children(pid))):
        with contextlib.suppress(psutil.Error):
            total += psutil.Process(one).memory_info().rss
    return total
