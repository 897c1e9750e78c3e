"""Random mutations of frames: what a hostile process may send. Run as a program for a count of one's own.

python tests/grading/fuzz.py 1000000
"""

from __future__ import annotations

import random
import resource
import sys
import time
from dataclasses import dataclass

import torch

from recdrop_lessons.grading.inside import codec

_TOKENS = [
    b"-1", b"0", b"1", b"3", b"1e999", b"NaN", b"9" * 25, b"9" * 5000, b"true", b"null", b'""', b"[]", b"{}",
    b"[[[[", b"]", b"}", b'"', b",", b":", b'"tensor"', b'"generator"', b'"tuple"', b'"dict"', b'"bytes"',
    b"float64 ", b"bool ", b"int64 ", b" 2,3 3,1", b",2", b"1099511627775", b"16777217", b"\\ud800",
    b"\xff", b"\0",
]  # fmt: skip


@dataclass
class Count:
    """What came of the mutations."""

    tried: int = 0
    values: int = 0
    errors: int = 0
    slowest: float = 0.0  # seconds
    grown: int = 0  # peak memory over the start's, bytes


def frames(draw: random.Random) -> list[bytes]:
    """Frames as they cross when a notebook is graded."""
    generator = torch.Generator().manual_seed(draw.getrandbits(32))
    x = torch.randn(3, 4, generator=generator)
    values = [
        {"turn": 3, "reply": {"value": (x, x.T), "random": generator}},
        {"turn": 4, "reply": {"value": [x.double(), x > 0, torch.arange(5), 1, 2.5, None, "text", True]}},
        {"turn": 5, "reply": {"raised": ["ValueError", "text", '  File "<cell 3>"']}},
        {
            "turn": 6,
            "reply": {"gradients": {"x": x, "layers.0.1": None}, "arguments": {"x": x.expand(2, 3, 4)}},
        },
        {"cells": [{"source": "x = 1\n" * 9, "grade_id": None, "defines": ["x"], "plain": True}] * 5},
        x[:0],
        b"raw" * 40,
    ]
    return [codec.encode(value) for value in values]


def mutate(frame: bytes, draw: random.Random) -> bytes:
    """One to four changes: bits, tokens, pieces cut out or doubled; the sizes made to fit, or not."""
    header_size, _ = codec.SIZES.unpack(frame[: codec.SIZES.size])
    header = bytearray(frame[codec.SIZES.size : codec.SIZES.size + header_size])
    payload = bytearray(frame[codec.SIZES.size + header_size :])
    for _ in range(draw.randint(1, 4)):
        part = header if draw.random() < 0.8 or not payload else payload
        at = draw.randrange(len(part) + 1)
        kind = draw.randrange(6)
        if kind == 0 and at < len(part):
            part[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            part[at:at] = draw.choice(_TOKENS)
        elif kind == 2:
            part[at : at + draw.randrange(12)] = draw.choice(_TOKENS)
        elif kind == 3:
            del part[at : at + draw.randrange(1, 30)]
        elif kind == 4:
            part[at:at] = part[at : at + draw.randrange(1, 60)] * draw.choice((1, 1, 2, 50))
        else:
            del part[at:]
    sizes = codec.SIZES.pack(len(header), len(payload))
    if draw.random() < 0.05:
        sizes = bytes(draw.randrange(256) for _ in range(codec.SIZES.size))
    return sizes + bytes(header) + bytes(payload)


def run(count: int, seed: int = 0) -> Count:
    """Decode `count` mutations. Whatever else than a value or CodecError is raised comes through."""
    draw = random.Random(seed)
    found = Count()
    originals = frames(draw)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(count):
        frame = mutate(draw.choice(originals), draw)
        began = time.perf_counter()
        try:
            header, payload = codec.sizes(frame[: codec.SIZES.size])
            body = frame[codec.SIZES.size :][: header + payload]
            value = codec.decode(body[:header], body[header:])
        except codec.CodecError:
            found.errors += 1
        else:
            found.values += 1
            codec.encode(value)  # and a value that came in goes out again
        found.tried += 1
        found.slowest = max(found.slowest, time.perf_counter() - began)
    found.grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)
    return found


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
