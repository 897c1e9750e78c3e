"""PyTorch's generator on the processor, rebuilt: the same seed gives the same numbers, bit for bit.

It is the Mersenne Twister MT19937, seeded as Matsumoto and Nishimura's init_genrand; NumPy has it. What
PyTorch makes of its 32-bit words is below.
"""

from __future__ import annotations

import secrets
import struct
from typing import Any

import numpy as np

from ._dtypes import CPU
from ._normals import fill
from ._tensor import Tensor

Array = np.ndarray
_SEED = 67280421310721  # c10's default_rng_seed_val
_WORDS = 624
#: torch's own layout of a state: seed, words left, seeded, next, the words, then what is left of a pair.
_LAYOUT = struct.Struct(f"<QiiQ{_WORDS}Qdddii" + "fi")


class Generator:
    """torch.Generator: where random numbers come from."""

    device = CPU

    def __init__(self, device: Any = "cpu") -> None:
        self._words = np.random.MT19937()
        self.manual_seed(_SEED)

    def manual_seed(self, seed: Any) -> Generator:
        if not hasattr(seed, "__index__"):
            raise TypeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        self._seed = seed.__index__()
        if not -(2**63) <= self._seed < 2**64:
            raise RuntimeError("Overflow when unpacking long long")
        self._words._legacy_seeding(self._seed & 0xFFFFFFFF)
        self._second: float | None = None  # of a pair of normals
        self._fresh = True  # nothing drawn yet
        return self

    def seed(self) -> int:
        self.manual_seed(secrets.randbits(53))
        return self._seed

    def initial_seed(self) -> int:
        return self._seed % 2**64

    def get_state(self) -> Tensor:
        state = self._words.state["state"]
        place = int(state["pos"])
        packed = _LAYOUT.pack(
            self._seed % 2**64,
            _WORDS + 1 - place,
            1,
            0 if self._fresh else place,
            *(int(word) for word in state["key"]),
            0.0,
            self._second or 0.0,
            0.0,
            int(self._second is not None),
            0,
            0.0,
            0,
        )
        return Tensor._of(np.frombuffer(packed, np.uint8).copy())

    def set_state(self, new_state: Tensor) -> Generator:
        if not isinstance(new_state, Tensor) or new_state._a.dtype != np.uint8:
            raise TypeError("expected a torch.ByteTensor")
        found = _LAYOUT.unpack(new_state._a.tobytes())
        self._seed, left, _, place = found[:4]
        key = np.array(found[4 : 4 + _WORDS], np.uint32)
        self._words.state = {
            "bit_generator": "MT19937",
            "state": {"key": key, "pos": _WORDS if left == 1 else place},
        }
        self._fresh = left == 1 and place == 0
        self._second = found[5 + _WORDS] if found[7 + _WORDS] else None
        return self

    def clone_state(self) -> Generator:
        return Generator().set_state(self.get_state())

    # ---- draws ----

    def words(self, n: int) -> Array:
        """n words of 32 bits."""
        self._fresh = self._fresh and n == 0
        return np.asarray(self._words.random_raw(n), np.uint64).reshape(n)

    def pairs(self, n: int) -> Array:
        """n words of 64 bits, the first draw on top."""
        drawn = self.words(2 * n)
        return (drawn[0::2] << np.uint64(32)) | drawn[1::2]

    def uniform(self, n: int, kind: Any) -> Array:
        """Uniform on [0, 1): 24 bits in float32, 53 in float64."""
        if np.dtype(kind) == np.float64:
            return (self.pairs(n) & np.uint64(2**53 - 1)).astype(np.float64) * 2.0**-53
        bits = 11 if np.dtype(kind) == np.float16 else 24
        return ((self.words(n) & np.uint64(2**bits - 1)).astype(np.float32) * np.float32(2.0**-bits)).astype(
            kind
        )

    def below(self, p: Array, kind: Any) -> Array:
        """Bernoulli: a uniform number below p."""
        return self.uniform(p.size, kind).reshape(p.shape) < p

    def integers(self, low: int, high: int, n: int) -> Array:
        """Integers from low to high - 1; 64 bits each where the range needs 28 or more."""
        width = high - low
        drawn = self.pairs(n) if width >= 2**28 else self.words(n)
        return (drawn % np.uint64(width)).astype(np.int64) + low

    def permutation(self, n: int) -> Array:
        """Fisher and Yates: place i is exchanged with one of those from i on."""
        order = np.arange(n)
        offsets = self.words(max(n - 1, 0)) % (n - np.arange(max(n - 1, 0), dtype=np.int64)).astype(np.uint64)
        for i, offset in enumerate(offsets.astype(np.int64).tolist()):
            if offset:
                order[i], order[i + offset] = order[i + offset], order[i]
        return order.astype(np.int64)

    def normal(self, n: int, kind: Any, mean: float = 0.0, std: float = 1.0) -> Array:
        """Normals: in pairs by Box and Muller, from 16 on in blocks (_normals.py)."""
        if n >= 16 and np.dtype(kind) in (np.float32, np.float64):
            return fill(n, lambda count: self.uniform(count, kind), mean, std)
        drawn = np.array([self._one_normal() for _ in range(n)])
        return (drawn * std + mean).astype(kind)

    def _one_normal(self) -> float:
        if self._second is not None:
            second, self._second = self._second, None
            return second
        u1, u2 = self.uniform(2, np.float64)
        radius, angle = np.sqrt(-2 * np.log1p(-u2)), 2 * np.pi * u1
        self._second = float(radius * np.sin(angle))
        return float(radius * np.cos(angle))


default_generator = Generator()
default_generator.seed()
