"""Small requests between the checker and the fork server: JSON, with descriptors beside it. No torch."""

from __future__ import annotations

import array
import json
import socket
import sys
from typing import Any

# Whole messages and an end on Linux; elsewhere there is no such socket, so a message also ends in a newline.
SOCKET_KIND = socket.SOCK_STREAM
if sys.platform == "linux":
    SOCKET_KIND = getattr(socket, "SOCK_SEQPACKET", SOCKET_KIND)
_MESSAGE = 1 << 16
_DESCRIPTORS = 8


def send_request(sock: socket.socket, request: dict[str, Any], *descriptors: int) -> None:
    """One datagram with its descriptors."""
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    sock.sendmsg([json.dumps(request).encode() + b"\n"], ancillary)


def receive_request(sock: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """The next datagram and its descriptors; None at the end."""
    message, descriptors = b"", list[int]()
    while not message.endswith(b"\n"):
        data, ancillary, _, _ = sock.recvmsg(_MESSAGE, socket.CMSG_SPACE(4 * _DESCRIPTORS))
        if not data:
            return None, descriptors
        message += data
        for level, kind, raw in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors += array.array("i", raw[: len(raw) - len(raw) % 4]).tolist()
    return json.loads(message), descriptors
