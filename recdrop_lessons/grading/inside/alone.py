"""A learner's process where none can be forked: a program of its own, asked over two pipes."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import sys

from .channel import Channel, ChannelClosed
from .transport import PipeTransport

LONGEST_SECONDS = 600  # of its life: nothing else ends an endless loop whose checker was killed


def main() -> None:
    """Arguments: settings in JSON, the file of `LocalAnswer`. With the pipes all ends."""
    settings, answers = json.loads(sys.argv[2]), sys.argv[3]
    transport = _take_pipes()
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True, file=open(os.devnull, "wb"))  # noqa: SIM115

    # Only now, since they take seconds, and may print.
    import torch

    from . import learner, loading, sandbox

    torch.set_num_threads(1)
    loading.preload(["torch.nn.functional", *settings["preload"]])
    gc.enable()
    _silence_errors()
    with contextlib.suppress(ImportError):  # Windows has no such limits
        sandbox.limit_resources(sandbox.Limits(**settings["limits"]))
    with contextlib.suppress(ChannelClosed):  # the checker needs no more of it
        channel = Channel(transport, settings["largest_request"])
        learner.Learner(loading.load_answers(answers)).serve(channel)
    os._exit(0)


def _take_pipes() -> PipeTransport:
    """What came as standard input and output; these lead nowhere from now on, and no child inherits them."""
    reader, writer = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return PipeTransport(open(reader, "rb", 0), open(writer, "wb", 0))


def _silence_errors() -> None:
    """What was written to stderr until now says why a start failed; what a notebook writes is not kept."""
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 2)
    os.close(null)
