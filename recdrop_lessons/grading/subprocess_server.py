"""Learners' processes where none can be forked: each is a program of its own, without isolation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import IO, cast

from recdrop_lessons.grading import fork_server
from recdrop_lessons.grading.fork_server import GradingError, Sandbox
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed, ChannelTimeout
from recdrop_lessons.grading.inside.codec import MAX_PAYLOAD, CodecError
from recdrop_lessons.grading.inside.sandbox import Limits
from recdrop_lessons.grading.inside.transport import PipeTransport
from recdrop_lessons.grading.process_tree import MemoryWatch, end_with_children
from recdrop_lessons.grading.spawner import Ending

# An interrupt in the terminal is for the checker, which ends its learners. (Elsewhere a new session does it.)
_APART_ON_WINDOWS: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@dataclass(frozen=True)
class SubprocessServer:
    """Gives spawners whose learners have no locks; it keeps nothing, so any process can have a copy.

    `limits`: what one learner's process may use, as far as the system knows limits. Memory is watched.
    """

    sandbox: Sandbox
    limits: Limits

    @property
    def alive(self) -> bool:
        return True

    def start(self) -> None:
        """Nothing: each learner's process starts when it is asked for."""

    def spawner(self, preload: Sequence[str] = ()) -> SubprocessSpawner:
        return SubprocessSpawner(preload, self.limits)

    def close(self) -> None:
        """Nothing: spawners are closed by whoever has them."""

    def __enter__(self) -> SubprocessServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SubprocessSpawner:
    """Starts learners' processes, one at a time, each in a second or two.

    `preload`: the modules to load in each beside torch.
    `limits`: what each may use.
    """

    def __init__(self, preload: Sequence[str], limits: Limits) -> None:
        self._preload, self._limits = list(preload), limits
        self._workspace = tempfile.mkdtemp(prefix="recdrop-")
        fork_server.copy_font_list(self._workspace)
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._process: subprocess.Popen[bytes] | None = None
        self._watch: MemoryWatch | None = None
        self.last = Ending()

    def learner(self, largest_request: int = MAX_PAYLOAD) -> Channel:
        """A fresh learner's process that has torch loaded. Raises GradingError where it does not start."""
        self.end_learner()
        private = os.path.join(self._workspace, "private")
        shutil.rmtree(private, ignore_errors=True)
        os.makedirs(private, exist_ok=True)
        settings = json.dumps(
            {"largest_request": largest_request, "preload": self._preload, "limits": asdict(self._limits)}
        )
        boot = fork_server.BOOT.format(program="alone")
        program = [sys.executable, "-I", "-X", "utf8", "-c", boot, str(fork_server.INSIDE), settings]
        process = self._process = subprocess.Popen(
            [*program, str(fork_server.ANSWERS), *fork_server.library_folders()],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | fork_server.learners_environment(self._workspace, private),
            cwd=self._workspace,
            creationflags=_APART_ON_WINDOWS,
            start_new_session=True,
        )
        reader, writer = cast("tuple[IO[bytes], IO[bytes]]", (process.stdout, process.stdin))
        channel = Channel(PipeTransport(reader, writer, lambda: end_with_children(process)), largest_request)
        try:
            channel.ask({"do": "run", "source": "", "name": "start"}, fork_server.START_SECONDS)
        except (ChannelClosed, ChannelTimeout, CodecError):
            self.end_learner()
            raise GradingError(f"The learners' process does not start. {self._last_words()}") from None
        self._watch = MemoryWatch(process, self._limits.memory_bytes)
        return channel

    def end_learner(self) -> Ending:
        """End the learner's process with what it has started."""
        if self._process is not None:
            if self._watch is not None:
                self._watch.close()
            end_with_children(self._process)
            exceeded = self._watch is not None and self._watch.exceeded
            self.last = Ending(self._process.wait(), too_much_memory=exceeded)
            self._process = self._watch = None
        return self.last

    def require(self) -> None:
        """Nothing: the next learner's process needs none before it."""

    def _last_words(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-1000:].decode(errors="replace").strip()

    def close(self) -> None:
        self.end_learner()
        self._errors.close()
        shutil.rmtree(self._workspace, ignore_errors=True)
