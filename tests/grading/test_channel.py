"""Checker and learner's process driven through every order of events: no wrong pairing, no endless wait.

The process is a thread here, with the grader's own code at its end of a socket or of two pipes; what
it sends can be anything.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from recdrop_lessons.checks import answer as answers
from recdrop_lessons.checks.answer import AnswerError, AnswerLost
from recdrop_lessons.grading.inside import codec
from recdrop_lessons.grading.inside.channel import Channel, ChannelClosed, ChannelTimeout
from recdrop_lessons.grading.inside.learner import Learner
from recdrop_lessons.grading.inside.transport import PipeTransport, SocketTransport, Transport
from recdrop_lessons.grading.learner_process import Budget, LearnerProcess, RemoteAnswer, Times
from recdrop_lessons.grading.spawner import Ending

LARGEST = 1 << 16
LONG, SHORT = 60.0, 0.1  # seconds for a reply that comes, and for one that does not
# What the process sends in the place of its reply; after each of these it is lost.
FATAL = ("die", "hang", "half, then hang", "half, then die", "oversize", "junk", "old", "no pair", "no dict")


class Unruly(Channel):
    """The learner's end of a channel, which sends what the last call has asked for."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport, LARGEST)
        self.does, self.junk = "value", b""
        self.ended = threading.Event()

    def call(self, token: int, does: str, junk: str) -> Any:
        """The notebook's function."""
        self.does, self.junk = does, bytes.fromhex(junk)
        if does == "raise":
            raise ValueError(str(token))
        return (
            object() if does == "no base type" else "x" * (codec.MAX_HEADER + 1) if does == "large" else token
        )

    def _send(self, frame: bytes, deadline: float | None) -> None:
        half, oversize = frame[: len(frame) // 2], codec.SIZES.pack(8, 1 << 40)
        sent = {
            "die": b"", "hang": b"", "half, then hang": half, "half, then die": half, "oversize": oversize,
            "junk": self.junk, "old": codec.encode([0, {"value": 0, "gradients": {}}]),
            "no pair": codec.encode({"value": 0}), "no dict": codec.encode([self._number, 3]),
            "twice": frame + frame,
        }.get(self.does, frame)  # fmt: skip
        super()._send(sent, deadline)
        if self.does.endswith(("hang", "junk")):  # junk may announce more than it holds
            self.ended.wait()
        if self.does.endswith(("die", "hang", "junk")):
            raise ChannelClosed

    def live(self) -> None:
        process = SimpleNamespace(_answers=answers, _names={"f": self.call})
        try:
            self.serve(
                lambda request: request.pop("do") and Learner.call(process, **request),  # type: ignore[arg-type]
                lambda error: {"raised": ["ValueError", f"too large: {error}", ""]},
            )
        except (ChannelClosed, codec.CodecError):
            self.close()


Ends = tuple[Transport, Transport]  # the checker's and the learner's


def sockets(end: Callable[[], None]) -> Ends:
    ours, theirs = socket.socketpair()
    return SocketTransport(ours), SocketTransport(theirs)


def pipes(end: Callable[[], None]) -> Ends:
    (their_read, our_write), (our_read, their_write) = os.pipe(), os.pipe()
    files = [open(one, "rb", 0) for one in (our_read, their_read)]  # noqa: SIM115
    more = [open(one, "wb", 0) for one in (our_write, their_write)]  # noqa: SIM115
    return PipeTransport(files[0], more[0], end), PipeTransport(files[1], more[1])


class Threads:
    """A spawner whose learners are threads."""

    last = Ending(status=1)

    def __init__(self, kind: type[Channel], connect: Callable[[Callable[[], None]], Ends]) -> None:
        self.kind, self.connect = kind, connect

    def learner(self, largest_request: int) -> Channel:
        ours, theirs = self.connect(lambda: self.unruly.ended.set())
        self.unruly = Unruly(theirs)
        threading.Thread(target=self.unruly.live, daemon=True).start()
        return self.kind(ours, largest_request)

    def end_learner(self) -> Ending:
        self.unruly.ended.set()
        return self.last


class Grading(RuleBasedStateMachine):
    """Requests to one process after another. A token in each says whether a reply belongs to it."""

    kind: type[Channel] = Channel
    connect = staticmethod(sockets)

    def __init__(self) -> None:
        super().__init__()
        self.token = 0
        self.waited = 0.0
        self.replace()

    @precondition(lambda self: self.process.lost is not None)
    @rule()
    def replace(self) -> None:
        self.spawner = Threads(self.kind, self.connect)
        self.process = LearnerProcess(self.spawner, Times(call=LONG), Budget(1e6), LARGEST)  # type: ignore[arg-type]
        self.answer = RemoteAnswer(self.process, "f")
        self.first_loss: AnswerLost | None = None
        self.doubled = False  # a reply too many is under way

    def ask(self, does: str, junk: bytes = b"") -> Any:
        """The value, or what was raised."""
        self.token += 1
        began = time.monotonic()
        self.process._times = Times(call=SHORT if does.endswith(("hang", "junk")) else LONG)
        try:
            return self.answer(token=self.token, does=does, junk=junk.hex())
        except (AnswerError, AnswerLost) as error:
            return error
        finally:
            self.waited = time.monotonic() - began

    def lost(self, found: Any) -> None:
        assert isinstance(found, AnswerLost), found
        self.first_loss = self.first_loss or found
        assert found.args == self.first_loss.args  # whatever is asked from now on, the first reason is given

    def expect(self, does: str, right: Any) -> None:
        found = self.ask(does)
        if self.first_loss is not None or isinstance(found, AnswerLost):
            assert self.first_loss is not None or self.doubled
            self.lost(found)
        else:
            assert (str(found) if isinstance(found, AnswerError) else found) == right(self.token)

    @rule()
    def value(self) -> None:
        self.expect("value", lambda token: token)

    @rule()
    def error(self) -> None:
        self.expect("raise", lambda token: f"ValueError: {token}")

    @rule(does=st.sampled_from(["no base type", "large"]))
    def refused(self, does: str) -> None:
        found = self.ask(does)
        if self.first_loss is not None or self.doubled:
            self.lost(found)
        else:
            assert isinstance(found, AnswerError) and (
                "return a" in found.message or "large" in found.message
            )

    @rule()
    def a_check_that_stops_early(self) -> None:
        """Of several questions the first reply is enough; the others are never asked."""
        asked = (self.ask("value") for _ in range(3))
        found = next(asked)
        if isinstance(found, AnswerLost):
            assert self.first_loss is not None or self.doubled
            self.lost(found)
        else:
            assert found == self.token

    @rule(does=st.sampled_from(FATAL), junk=st.binary(max_size=60))
    def fatal(self, does: str, junk: bytes) -> None:
        self.lost(self.ask(does, junk))

    @rule()
    def twice(self) -> None:
        """The reply too many may come with the first or after it."""
        found = self.ask("twice")
        if isinstance(found, AnswerLost):
            self.lost(found)
        else:
            assert found == self.token
        self.doubled = True

    @precondition(lambda self: self.process.lost is None)
    @rule(does=st.sampled_from(["value", "raise", "hang"]))
    def interrupt(self, does: str) -> None:
        """The checker's wait ends in between, and the reply comes all the same."""
        channel = self.process._channel

        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        channel._receive = interrupted  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            self.ask(does)
        del channel._receive  # type: ignore[attr-defined]
        self.lost(self.ask("value"))

    @invariant()
    def time_is_bounded(self) -> None:
        assert self.waited < LONG / 2

    @invariant()
    def a_lost_process_says_so(self) -> None:
        assert (self.process.lost is not None) == (self.first_loss is not None)

    def teardown(self) -> None:
        self.process.close()


SETTINGS = hypothesis.settings(max_examples=60, stateful_step_count=25)


@pytest.mark.parametrize("way", [sockets, pipes])
def test_no_order_of_events_pairs_wrongly_or_waits_for_ever(way: Callable[..., Ends]) -> None:
    class Over(Grading):
        connect = staticmethod(way)

    run_state_machine_as_test(Over, settings=SETTINGS)


def test_a_process_that_reads_nothing_is_left_at_the_deadline() -> None:
    ours, theirs = pipes(lambda: theirs.close())
    began = time.monotonic()
    with pytest.raises(ChannelTimeout):
        Channel(ours).ask(bytes(1 << 20), SHORT)  # more than a pipe holds
    assert time.monotonic() - began < LONG / 2


def test_a_pipe_that_somebody_else_holds_open_is_left_too() -> None:
    ours, theirs = pipes(lambda: None)  # the process has ended; a program that it had started has the pipe
    with pytest.raises(ChannelTimeout):
        Channel(ours).ask(0, SHORT)
    theirs.close()
