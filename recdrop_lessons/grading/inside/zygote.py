"""The warm parent: it holds torch and nothing of ours, and learners' processes are forked from it.

    zygote ── nursery ── learner        (one nursery a worker, one learner at a time in it)

The nursery lives in namespaces of its own where there are any, as the first process there: with it go all.
Requests come over a socket as frames; a learner's end of its own socket comes as a descriptor beside them.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import sys
from typing import Any

import torch

from . import probe, sandbox
from .channel import Channel
from .learner import Learner

# Whole messages and an end where there is such a socket; macOS has none, so a message also ends in a newline.
SOCKET_KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_STREAM
_MESSAGE = 1 << 16


def send_request(sock: socket.socket, request: dict[str, Any], *descriptors: int) -> None:
    """One datagram with its descriptors."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    sock.sendmsg([json.dumps(request).encode() + b"\n"], ancillary)


def receive_request(sock: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next datagram and its descriptors; None at the end."""
    message, descriptors = b"", list[int]()
    while not message.endswith(b"\n"):
        data, ancillary, _, _ = sock.recvmsg(_MESSAGE, socket.CMSG_SPACE(4 * 4))
        if not data:
            return None, descriptors
        message += data
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors += array.array("i", raw[: len(raw) - len(raw) % 4]).tolist()
    return json.loads(message), descriptors


class Nursery:
    """Forks learners into a sandbox, one at a time.

    Args:
        sock: the control socket.
        settings: `layers`, of "namespaces", "landlock" and "seccomp"; `readable` and `shut` paths; `limits`.
        answers: the module that holds `LocalAnswer`.
    """

    def __init__(self, sock: socket.socket, settings: dict[str, Any], answers: Any) -> None:
        self.sock = sock
        self.layers = settings["layers"]
        self.limits = sandbox.Limits(**settings["limits"])
        self.answers = answers
        self.learner = 0
        self.landlock = None
        if "landlock" in self.layers:
            self.landlock = sandbox.Landlock(settings["readable"], settings["shut"])

    def serve(self) -> None:
        send_request(self.sock, {"ready": True})
        while True:
            request, descriptors = receive_request(self.sock)
            if request is None or request["do"] == "end":
                self.kill()
                return
            if request["do"] == "learner":
                self.kill()
                self._fork(request, descriptors[0])
                os.close(descriptors[0])
                send_request(self.sock, {"pid": self.learner})
            else:
                send_request(self.sock, self.kill())

    def _fork(self, request: dict[str, Any], descriptor: int) -> None:
        self.learner = os.fork()
        if self.learner:
            return
        status = 70
        try:
            channel = self._settle(descriptor)
            if "probe" in request:
                # As `Channel.send` may fail once the limits are on, the answer is small.
                channel.send({"succeeded": probe.attack(request["probe"])})
            else:
                channel.receives = request["receives"]
                Learner(self.answers).serve(channel)
            status = 0
        finally:
            os._exit(status)

    def _settle(self, descriptor: int) -> Channel:
        """Lock this process, and give its channel."""
        sandbox.die_with_parent()
        os.setsid()
        keep = [descriptor]
        if self.landlock is not None:
            keep.append(self.landlock.fd)
        sandbox.keep_descriptors(keep)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        sandbox.limit_resources(self.limits)
        if "seccomp" in self.layers or self.landlock is not None:
            sandbox.drop_privileges()
        if self.landlock is not None:
            self.landlock.restrict()
        if "seccomp" in self.layers:
            sandbox.refuse_calls()
        return Channel(socket.socket(fileno=descriptor))

    def kill(self) -> dict[str, Any]:
        """End the learner and whatever it left; how it ended, and what it used."""
        if not self.learner:
            return {"status": None}
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.learner, signal.SIGKILL)
        if "namespaces" in self.layers:  # the first process of its namespace reaches all others and only them
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        _, status, usage = os.wait4(self.learner, 0)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        self.learner = 0
        return {
            "status": os.waitstatus_to_exitcode(status),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_kilobytes": usage.ru_maxrss,
        }


def _start_nursery(sock: socket.socket, settings: dict[str, Any], answers: Any) -> None:
    """In the forked child: enter the namespaces, become the nursery, never return."""
    status = 1
    try:
        sandbox.die_with_parent()
        if "namespaces" in settings["layers"]:
            sandbox.enter_namespaces()
            first = os.fork()
            if first:  # this one only waits, so that the nursery can be the first process of its namespace
                sock.close()
                _, status = os.waitpid(first, 0)
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
            sandbox.die_with_parent()
        with contextlib.suppress(OSError):
            sandbox.hide_memory()
        Nursery(sock, settings, answers).serve()
        status = 0
    except Exception as error:
        with contextlib.suppress(OSError):
            send_request(sock, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def main() -> None:
    """Arguments: the control socket's path, the file of `LocalAnswer`, modules to load. Ends with it."""
    answers = _load(sys.argv[3])
    torch.set_num_threads(1)
    for name in filter(None, sys.argv[4].split(",")):
        with contextlib.suppress(Exception):  # a learner's own import of it will say what is wrong
            importlib.import_module(name)
    os.umask(0o077)
    gc.collect()
    gc.freeze()  # so that the learners' collector does not touch, and so copy, the pages it shares
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the checker decides when a run ends
    control = socket.socket(socket.AF_UNIX, SOCKET_KIND)
    control.connect(sys.argv[2])
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass
        settings, descriptors = receive_request(control)
        if settings is None:
            control.close()
            with contextlib.suppress(ChildProcessError):  # the nurseries end with their checkers
                while True:
                    os.wait()
            return
        if os.fork() == 0:
            control.close()
            _start_nursery(socket.socket(fileno=descriptors[0]), settings, answers)
        os.close(descriptors[0])


def _load(path: str) -> Any:
    spec = importlib.util.spec_from_file_location("inside.answers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
