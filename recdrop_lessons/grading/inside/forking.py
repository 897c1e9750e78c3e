"""The fork server: it holds torch and nothing of ours, and learners' processes are forked from it.

    fork server ─┬─ spawner ── learner  (one learner at a time in a spawner)
                 └─ the grader itself   (where it shares the import of torch; launch.py)

The spawner lives in namespaces of its own where there are any, as the first process there: with it go all.
Requests come over sockets; a learner's end of its own socket comes as a descriptor beside them.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import torch

from . import learner, loading, requests, sandbox, seccomp
from .channel import Channel, ChannelClosed
from .requests import receive_request, send_request
from .transport import SocketTransport


class Forker:
    """Forks learners into a sandbox, one at a time.

    `sock`: the control socket.
    `settings`: `layers`, of "namespaces", "landlock" and "seccomp"; `readable` and `shut` paths; `limits`.
    `answers`: the module that holds `LocalAnswer`.
    """

    def __init__(self, sock: socket.socket, settings: dict[str, Any], answers: Any) -> None:
        self.sock = sock
        self.layers = settings["layers"]
        self.limits = sandbox.Limits(**settings["limits"])
        self.answers = answers
        self.private = settings["private"]  # the folder for a learner's own files
        self.mounted = False
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
        if "namespaces" in self.layers:
            self.mounted = sandbox.mount_private(self.private)
        self.learner = os.fork()
        if self.learner:
            return
        status = 70
        try:
            self._settle(descriptor)
            channel = Channel(SocketTransport(socket.socket(fileno=descriptor)), request["largest_request"])
            with contextlib.suppress(ChannelClosed):  # the checker needs no more of it
                learner.Learner(self.answers).serve(channel)
            status = 0
        finally:
            os._exit(status)

    def _settle(self, descriptor: int) -> None:
        """Lock this process; it keeps that descriptor alone."""
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
            self.landlock.restrict(self.private if self.mounted else None)
        if "seccomp" in self.layers:
            seccomp.refuse_calls()

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
        if self.mounted:
            sandbox.unmount_private(self.private)
            self.mounted = False
        return {
            "status": os.waitstatus_to_exitcode(status),
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_kilobytes": usage.ru_maxrss,
        }


def _start_spawner(sock: socket.socket, settings: dict[str, Any], answers: Any) -> NoReturn:
    """In the forked child: enter the namespaces, load what its learners import, become the spawner."""
    status = 1
    try:
        sandbox.die_with_parent()
        if "namespaces" in settings["layers"]:
            sandbox.enter_namespaces()
            first = os.fork()
            if first:  # this one only waits, so that the spawner can be the first process of its namespace
                sock.close()
                _, status = os.waitpid(first, 0)
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
            sandbox.die_with_parent()
        with contextlib.suppress(OSError):
            sandbox.hide_memory()
        loading.preload(settings["preload"])
        Forker(sock, settings, answers).serve()
        status = 0
    except Exception as error:
        with contextlib.suppress(OSError):
            send_request(sock, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def _start_program(sock: socket.socket) -> NoReturn:
    """In the forked child: become the program that the other end of the socket describes."""
    sandbox.die_with_parent()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    request, descriptors = receive_request(sock)
    if request is None:
        os._exit(1)
    sys.path[:] = request["path"]
    importlib.import_module(request["module"]).arrive(sock, descriptors)
    os._exit(1)


def main() -> None:
    """Arguments: the control socket's path, the file of `LocalAnswer`. With the socket all ends."""
    answers = loading.load_answers(sys.argv[3])
    torch.set_num_threads(1)
    loading.preload(("resource", "encodings.utf_8_sig", "torch.nn.functional"))
    gc.enable()  # off until here, since what is imported stays
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the checker decides when a run ends
    life = socket.socket(socket.AF_UNIX, requests.SOCKET_KIND)
    life.connect(sys.argv[2])
    controls = [life]
    programs: list[int] = []
    while True:
        for control in select.select(controls, [], [])[0]:
            _bury()
            request, descriptors = receive_request(control)
            if request is None and control is life:
                _end(programs)
                shutil.rmtree(os.path.dirname(sys.argv[2]), ignore_errors=True)  # who made it may be gone
                return
            if request is None:
                controls.remove(control)
                control.close()
            elif request["do"] == "control":  # another who may ask
                controls.append(socket.socket(fileno=descriptors[0]))
            else:
                child = _fork(controls, request, descriptors[0], answers)
                programs += [child] * (request["do"] == "program")


def _fork(controls: Sequence[socket.socket], request: dict[str, Any], descriptor: int, answers: Any) -> int:
    """A spawner or a program, which has that descriptor and none of the control sockets."""
    child = os.fork()
    if child == 0:
        for control in controls:
            control.close()
        if request["do"] == "program":
            _start_program(socket.socket(fileno=descriptor))
        _start_spawner(socket.socket(fileno=descriptor), request, answers)
    os.close(descriptor)
    return child


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass


def _end(programs: Sequence[int]) -> None:
    """Programs are killed; spawners end with those who ask them. Waiting for them counts their CPU time."""
    for program in programs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
