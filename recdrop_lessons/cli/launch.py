"""A command run again in a process that has torch loaded, from which the learners' come as well.

    recdrop grade ── fork server ─┬─ recdrop grade ── workers
      (no torch)       (torch)    └─ spawner ── learner

So torch is imported once, for the checks and for the learners: `recdrop check` takes 1.3 s, and 3 s without.
Learners still find nothing of the checks in memory, since their processes are forked from one that never had
them. With the first process the fork server ends, and with that all others.
"""

from __future__ import annotations

import contextlib
import json
import os
import pkgutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from typing import Any, NoReturn

from recdrop_lessons.grading import fork_server
from recdrop_lessons.grading.inside.requests import receive_request, send_request


def run_again_warm(command: str, program: str) -> None:
    """Run the command that was typed in such a process, and leave with its exit code.

    `command`: its name, "check"; `program`: whose command it is, "module:name" of something to call.

    It returns without doing so where torch is loaded already, where another program calls the command, where
    a stream or the folder no longer exists, and where a process outlives the one it was forked from.
    """
    if "torch" in sys.modules or sys.argv[1:2] != [command]:
        return
    if sys.platform != "linux" or not fork_server.can_fork():
        return
    if sys.getfilesystemencoding() != "utf-8":  # the fork server's, and so how names of files cross
        return
    try:
        instructions = _instructions() | {"program": program}
        server = fork_server.ForkServer()
    except (AttributeError, OSError, fork_server.GradingError):
        return  # the command may not need it, or will say so
    try:
        code = _run(server, instructions)
    except (OSError, fork_server.GradingError):
        return
    finally:
        server.close()
    sys.exit(code)


def _run(server: fork_server.ForkServer, instructions: dict[str, Any]) -> int:
    """The exit code of this command when it runs again; an interrupt is handed on."""
    with (
        server.ask("program") as program,
        server.ask("control") as control,
        tempfile.TemporaryFile("w+", encoding="utf-8") as file,  # without a name: no learner can read it
    ):
        json.dump(instructions | {"workspace": server.workspace}, file)
        file.seek(0)
        settings = {"module": __name__, "path": sys.path}
        send_request(program, settings, 0, 1, 2, control.fileno(), file.fileno())
        reply, pid = None, 0
        while True:
            try:
                reply, _ = receive_request(program)
            except KeyboardInterrupt:
                if not pid:
                    raise
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGINT)
                continue
            if reply is None:
                print(f"recdrop: the grader itself has ended. {server.last_words()}", file=sys.stderr)
                return 1
            if "exit" in reply:
                return int(reply["exit"])
            pid = reply["pid"]


def _instructions() -> dict[str, Any]:
    """What the process needs to be as this one. Raises AttributeError or OSError where something is gone."""
    umask = os.umask(0)
    os.umask(umask)
    for descriptor in range(3):
        os.fstat(descriptor)
    return {
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "folder": os.getcwd(),
        "umask": umask,
        "writes_no_bytecode": sys.dont_write_bytecode,
        "streams": [(one.encoding, one.errors) for one in (sys.stdin, sys.stdout, sys.stderr)],
    }


def arrive(program: socket.socket, descriptors: list[int]) -> NoReturn:
    """In the forked process: become that command, and tell its exit code."""
    *standard, control, instructions = descriptors
    with open(instructions, encoding="utf-8") as file:
        told = json.load(file)
    os.umask(told["umask"])
    os.environ.clear()
    os.environ.update(told["environment"])
    time.tzset()  # TZ is read here: the fork server may know another zone
    os.chdir(told["folder"])
    sys.argv[:] = told["arguments"]
    sys.dont_write_bytecode = told["writes_no_bytecode"]
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, 1 if os.isatty(number) else -1, encoding, errors, closefd=False)  # noqa: SIM115
        for number, (mode, (encoding, errors)) in enumerate(zip("rww", told["streams"], strict=True))
    )
    fork_server.own = fork_server.OwnForkServer(socket.socket(fileno=control), told["workspace"])
    send_request(program, {"pid": os.getpid()})
    code = _outcome(told["program"])
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read it is gone
            stream.flush()
    send_request(program, {"exit": code})
    os._exit(0)


def _outcome(program: str) -> int:
    """The exit code of that program."""
    run = pkgutil.resolve_name(program)
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
