"""`make portable`: the unit tests and all notebooks with other vector units, threads, releases and Pythons.

.venv/bin/python tools/portable.py                       every setting
.venv/bin/python tools/portable.py scalar oldest         these settings
.venv/bin/python tools/portable.py --list                what each setting is
.venv/bin/python tools/portable.py --page                writes the results into docs/portability.md

A setting that is done for this commit is not repeated, so a run that was cut off goes on. Logs and results
are in build/portable/. Environments of other releases are made with uv, each once.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from xml.etree import ElementTree

import typer

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "build" / "portable"
RESULTS = HOME / "results.csv"
EXTRAS = "course,frameworks,cluster,campus,authoring,dev,test"
PAGE = ROOT / "docs" / "portability.md"
BEGIN, END = (f"<!-- written by tools/portable.py --page: {word} -->" for word in ("begin", "end"))
FIELDS = ("commit", "setting", "what", "passed", "failed", "seconds")

# What PyTorch, NumPy's OpenBLAS, MKL and oneDNN may use of a processor.
SCALAR = {
    "ATEN_CPU_CAPABILITY": "default", "OPENBLAS_CORETYPE": "Nehalem", "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}  # fmt: skip
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2", "OPENBLAS_CORETYPE": "Haswell", "MKL_CBWR": "AVX2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How one run differs from `make test`. `install`: what uv installs; without it, .venv is used."""

    about: str
    variables: dict[str, str] = field(default_factory=dict)
    threads: int = 1
    python: str = "3.11"
    install: tuple[str, ...] | None = None


SETTINGS = {
    "best": Setting("this processor's best vector units, one thread"),
    "scalar": Setting("no vector units beyond SSE, one thread", SCALAR),
    "avx2": Setting("AVX2, one thread", AVX2),
    "two-threads": Setting("two threads", threads=2),
    "scalar-two-threads": Setting("no vector units beyond SSE, two threads", SCALAR, threads=2),
    "shaken": Setting(
        "weights moved by 1e-4 after each optimiser step, as another processor's rounding ends",
        {"PYTHONPATH": str(ROOT / "tools" / "shaken")},
    ),
    "oldest": Setting(
        "the oldest release of each package that pyproject.toml admits, Python 3.11",
        install=("--resolution", "lowest-direct"),
    ),
    "torch-2.13": Setting("PyTorch 2.13, Python 3.11", install=("torch==2.13.*",)),
    "newest": Setting("the newest releases that the index has, Python 3.11", install=()),
    "python-3.13": Setting("the newest releases, Python 3.13", python="3.13", install=()),
}


def interpreter(name: str, setting: Setting) -> Path:
    """Return the Python of a setting; make its environment with uv where it is not there yet."""
    if setting.install is None:
        return ROOT / ".venv" / "bin" / "python"
    folder = HOME / name
    python = folder / "bin" / "python"
    if not (folder / "made").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--clear", "--python", setting.python, str(folder)], check=True)
        asked = ["--python", str(python), "--editable", f".[{EXTRAS}]", *setting.install]
        subprocess.run([*uv, "pip", "install", *asked], cwd=ROOT, check=True)
        (folder / "made").touch()
    return python


def commands(python: Path, setting: Setting) -> dict[str, list[str]]:
    """Return the commands of `make unit` and `make notebooks`, by what they run."""
    lines = (ROOT / "tests" / "weekly.txt").read_text(encoding="utf-8").splitlines()
    weekly = [line.partition("#")[0].strip() for line in lines]
    workers = str(max(1, (os.cpu_count() or 1) // setting.threads))
    pytest = [str(python), "-m", "pytest", "-n", workers, "--dist", "loadscope", "-q"]
    compared = ["--timeout", "0", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "600"]
    return {
        "unit": [*pytest, *(f"--ignore={path}" for path in weekly if path), "tests"],
        "notebooks": [*pytest, *compared, "notebooks", "solutions"],
    }


def counted(report: Path) -> tuple[int, int]:
    """Return what pytest's JUnit report counts: passed; failed with errors. A run without a report failed."""
    if not report.exists():
        return 0, 1
    suite = ElementTree.parse(report).getroot()[0]
    tests, failures, errors, skipped = (
        int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped")
    )
    return tests - failures - errors - skipped, failures + errors


def run(name: str, commit: str, done: set[tuple[str, str]]) -> None:
    setting = SETTINGS[name]
    for what, command in commands(interpreter(name, setting), setting).items():
        if (name, what) in done:
            typer.echo(f"{name}, {what}: done for this commit")
            continue
        log, report = HOME / f"{name}.{what}.log", HOME / f"{name}.{what}.xml"
        report.unlink(missing_ok=True)
        threads = {f"{library}_NUM_THREADS": str(setting.threads) for library in ("OMP", "MKL", "OPENBLAS")}
        environment = {**os.environ, **threads, **setting.variables}
        environment.pop("KERAS_BACKEND", None)
        began = time.monotonic()
        with log.open("w", encoding="utf-8") as out:
            asked = [*command, f"--junitxml={report}"]
            subprocess.run(asked, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
        passed, failed = counted(report)
        row = (commit, name, what, passed, failed, round(time.monotonic() - began))
        is_new = not RESULTS.exists()
        with RESULTS.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerows([FIELDS, row] if is_new else [row])
        typer.echo(f"{name}, {what}: {passed} passed, {failed} failed, {row[-1]} s; {log.relative_to(ROOT)}")


def main(
    names: Annotated[
        list[str] | None, typer.Argument(help="Settings to run; all of them by default.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="Show what each setting is, and run nothing.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Write the results into the page.")] = False,
) -> None:
    """Run the unit tests and the notebooks under other processors, threads, releases and Pythons."""
    if page:
        write_page()
        return
    if show:
        for name, setting in SETTINGS.items():
            typer.echo(f"{name:19} {setting.about}")
        return
    unknown = set(names or ()) - set(SETTINGS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: expected one of {', '.join(SETTINGS)}.")
    HOME.mkdir(parents=True, exist_ok=True)
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    for name in names or SETTINGS:
        run(name, commit, {(row["setting"], row["what"]) for row in results() if row["commit"] == commit})
    if any(int(row["failed"]) for row in results() if row["commit"] == commit):
        sys.exit(1)


def results() -> list[dict[str, str]]:
    """Return what has been run, by commit and setting."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_page() -> None:
    """Write the last result of each setting into docs/portability.md."""
    last = {(row["setting"], row["what"]): row for row in results()}
    lines = ["| setting | what it is | unit tests | notebooks |", "|---|---|---|---|"]
    for name, setting in SETTINGS.items():
        told = [
            f"{row['passed']} passed, {row['failed']} failed" if row else "not run"
            for row in (last.get((name, "unit")), last.get((name, "notebooks")))
        ]
        lines.append(f"| `{name}` | {setting.about} | {' | '.join(told)} |")
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    table = "\n".join(lines)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
