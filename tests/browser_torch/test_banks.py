"""The checks say the same of an answer on the browser's torch as on the real one: status and misconception.

`make unit` looks at a sample of the banks, `make answers` at all of them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: (every, first): which answers of the banks.
SLICES = [(4, k) for k in range(4)] if os.environ.get("RECDROP_ANSWERS") == "all" else [(37, 5)]


def _asked(every: int, first: int, mine: bool) -> subprocess.Popen[str]:
    paths = [str(ROOT / "browser")] * mine + [str(ROOT)]
    return subprocess.Popen(
        [sys.executable, ROOT / "tests" / "browser_torch" / "bank_results.py", "7", str(every), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
    )


def _results(process: subprocess.Popen[str]) -> tuple[str, dict[int, list[str | None]]]:
    lines, _ = process.communicate()
    assert process.returncode == 0
    version, *found = [json.loads(line) for line in lines.splitlines() if line.startswith(("[", '"'))]
    return version, {place: rest for place, *rest in found}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("every, first", SLICES)
def test_an_answer_is_judged_as_on_torch(every, first):
    both = [_asked(every, first, mine) for mine in (False, True)]
    (version, real), (of_mine, mine) = map(_results, both)
    assert of_mine == "0+numpy" and version != of_mine
    assert len(real) > 20 and list(real) == list(mine)
    differs = [(real[k], mine[k]) for k in real if real[k][:4] != mine[k][:4]]
    assert not differs, f"{len(differs)} of {len(real)}, first {differs[0]}"
