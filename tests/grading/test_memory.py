"""The warm parent's memory on huge pages: the same bytes, and a fork that has less to copy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from recdrop_lessons.grading.inside import memory

PROGRAM = """
import importlib.util, mmap, re, sys
spec = importlib.util.spec_from_file_location("memory", sys.argv[1])
memory = importlib.util.module_from_spec(spec)
spec.loader.exec_module(memory)

def huge():
    return int(re.search(r"AnonHugePages: *([0-9]+)", open("/proc/self/smaps_rollup").read())[1])

room = mmap.mmap(-1, 16 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(0, len(room), 4096):
    room[page : page + 8] = page.to_bytes(8, "little")
before = huge()
memory.settle()
memory.use_huge_pages()
assert all(int.from_bytes(room[page : page + 8], "little") == page for page in range(0, len(room), 4096))
print(huge() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="huge pages are asked for on Linux alone")
def test_huge_pages_hold_the_same() -> None:
    program = [sys.executable, "-c", PROGRAM, memory.__file__]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    if not int(done.stdout) and not _collapses():
        pytest.skip("this kernel does not collapse pages when asked (Linux 6.1 does)")
    assert int(done.stdout) >= 12 << 10  # kB, of 16 MB of which the ends may stay small


def _collapses() -> bool:
    release = Path("/proc/sys/kernel/osrelease").read_text().split(".")
    enabled = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    return (int(release[0]), int(release[1])) >= (6, 1) and enabled.exists()
