"""The attack that a sandbox is probed with, from inside it: what succeeds is named."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any


def attack(targets: dict[str, Any]) -> list[str]:
    """Try to reach what no learner's code may reach.

    `targets`: `read`: files that must stay unread; `write`: a folder that must stay unwritten; `tcp` and
        `udp`: ports of loopback at which the checker listens; `parent`: a process that must not be
        signalled.
    Returns a sentence for each attempt that succeeded; none where the sandbox holds.
    """
    succeeded: list[str] = []

    def attempt(what: str, action: Callable[[], object]) -> None:
        with contextlib.suppress(OSError, ImportError):
            action()
            succeeded.append(what)

    for path in targets["read"]:
        attempt(f"read {os.path.basename(path)}", partial(_read_byte, path))
    spoiled = os.path.join(targets["write"], "written-by-the-probe")
    attempt("write to the results", partial(_write_byte, spoiled))
    attempt("change a mode in the results", lambda: os.chmod(targets["write"], 0o700))
    attempt("open a TCP connection", lambda: socket.create_connection(("127.0.0.1", targets["tcp"]), 0.5))
    attempt("send a UDP packet", lambda: _send_datagram(targets["udp"]))
    attempt("signal the grader", lambda: os.kill(targets["parent"], 0))
    attempt("leave a process behind", _leave_child)
    attempt("run a program", lambda: os.posix_spawn("/bin/true", ["true"], {}))
    return succeeded


def _read_byte(path: str) -> None:
    with open(path, "rb") as file:
        file.read(1)


def _write_byte(path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"!")


def _send_datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"probe", ("127.0.0.1", port))


def _leave_child() -> None:
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        time.sleep(2)
        os._exit(0)
