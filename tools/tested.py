"""Are the releases in .venv the tested ones, those of requirements/lock.txt?

.venv/bin/python tools/tested.py            prints the releases; exit code 1 if one is not the tested one
.venv/bin/python tools/tested.py --brief    prints one sentence if a release of SHOWN is not the tested one

Standard library only: `make` runs this with whatever .venv holds.
"""

from __future__ import annotations

import platform
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements" / "lock.txt"
SHOWN = ("torch", "numpy", "keras", "torch-geometric", "matplotlib", "ipywidgets", "jupyterlab")
_PIN = re.compile(r"([\w.-]+)==([^\s;]+)")


def normal(name: str) -> str:
    """The name as package indexes compare it: torch_geometric is torch-geometric."""
    return re.sub(r"[-_.]+", "-", name).lower()


def tested() -> dict[str, set[str]]:
    """The tested releases of each package: two where two versions of Python need different ones."""
    releases: dict[str, set[str]] = {}
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if pin := _PIN.match(line):
            releases.setdefault(normal(pin[1]), set()).add(pin[2])
    return releases


def installed() -> dict[str, str]:
    """The release of each installed package, without the name of a build: 2.15.0+cpu is 2.15.0."""
    return {normal(one.name): one.version.partition("+")[0] for one in distributions() if one.name}


def others(wanted: dict[str, set[str]], here: dict[str, str]) -> list[str]:
    """The packages whose release was not tested, as "torch 2.13.0 (tested: 2.15.0)"."""
    names = [name for name, release in here.items() if name in wanted and release not in wanted[name]]
    return [f"{name} {here[name]} (tested: {' or '.join(sorted(wanted[name]))})" for name in sorted(names)]


def cpu() -> str:
    """What the processor calls itself, where the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next(
        (line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine()
    )


def main(brief: bool) -> int:
    here = installed()
    different = others(tested(), here)
    if brief:
        known = [one for one in different if one.split()[0] in SHOWN]
        if known:
            print(
                f"Not the tested releases: {', '.join(known)}. The course may still work. "
                "`make clean env` installs the tested releases into a new .venv."
            )
        return 0
    print(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {cpu()}")
    print(", ".join(f"{name} {here.get(name, 'missing')}" for name in SHOWN))
    if different:
        print(f"Not the releases of requirements/lock.txt: {'; '.join(different)}.")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main("--brief" in sys.argv[1:]))
