"""The memory of a process from which many are forked, laid out so that a fork copies little."""

from __future__ import annotations

import ctypes
import gc
import sys

_HUGE = 1 << 21  # bytes of a huge page
_COLLAPSE = 25  # MADV_COLLAPSE, Linux 6.1


def settle() -> None:
    """When everything is loaded: a forked process's collector shall touch, and so copy, nothing of it."""
    gc.freeze()


def use_huge_pages() -> None:
    """Where many forks are to come: each copies an entry a page, 35 000 small or 50 huge and a few.

    It takes some tenths of a second.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    with open("/proc/self/maps") as maps:
        mappings = [line.split() for line in maps]
    for addresses, permissions, _, _, _, *name in mappings:
        if permissions.startswith("rw") and (not name or name == ["[heap]"]):
            start, end = (int(address, 16) for address in addresses.split("-"))
            # One by one: the kernel leaves off a range at the first page that it cannot make huge.
            for place in range(-(-start // _HUGE) * _HUGE, end // _HUGE * _HUGE, _HUGE):
                libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(_HUGE), _COLLAPSE)
