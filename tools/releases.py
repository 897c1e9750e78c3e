"""Ask many releases of Keras, PyTorch, PyG, fastai and DGL what they do, and write it down.

    python tools/releases.py                        # what is missing in recdrop_lessons/data/releases.csv
    python tools/releases.py --only keras-jax       # one environment
    python tools/releases.py --newest               # the newest releases alone (the weekly job's column)
    python tools/releases.py --again --only pyg     # once more, though the rows are there
    python tools/releases.py --fact 'ConvLSTM*'     # these facts alone, in each release; the others stay
    python tools/releases.py --list                 # what would be run

Each environment is a virtual one in a folder outside the repository (`--cache`), made once; the releases of
a framework are installed into it one after the other and asked by recdrop_lessons/releases/probes. A run that
was cut off goes on where it stopped. What cannot be installed stands in the CSV too, as the fact `installs`,
and is tried again by the next run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from recdrop_lessons.releases import matrix
from recdrop_lessons.releases.running import NAMES, Answers, ProbeError, ask

CACHE = Path.home() / ".cache" / "recdrop-releases"
NEWEST = matrix.NEWEST


@dataclass(frozen=True)
class Environment:
    """A virtual environment, and the releases of one package that are asked in it."""

    name: str
    base: str  # what is installed once, as pip reads it
    package: str
    releases: tuple[str, ...]
    backend: str = ""  # Keras's
    python: str = "3.11"
    shares: str = ""  # the folder of another environment


# A release is the last patch of its line. The backends are of the same year as the Keras that they carry:
# an old one uses functions that new backends no longer have.
TORCH = "torch>=2.6,<3"
DGL_TOO = "numpy<2 setuptools<70 packaging pandas<3"  # what DGL imports and does not ask for
ENVIRONMENTS = (
    Environment(
        "keras-torch", f"{TORCH} packaging", "keras",
        ("3.0.5", "3.1.1", "3.2.0", "3.3.3", "3.5.0", "3.7.0", "3.8.0", "3.12.4", NEWEST), "torch",
    ),
    # Keras's NumPy backend imports jax.
    Environment("keras-numpy", "jax scipy", "keras", (NEWEST,), "numpy", shares="keras-jax"),
    Environment(
        "keras-jax-0.4.26", "jax==0.4.26 jaxlib==0.4.26 numpy<2 packaging", "keras",
        ("3.0.5", "3.1.1", "3.2.0", "3.3.3"), "jax",
    ),
    Environment(
        "keras-jax-0.4.35", "jax==0.4.35 jaxlib==0.4.35", "keras", ("3.5.0", "3.7.0", "3.8.0"), "jax"
    ),
    Environment("keras-jax", "jax", "keras", ("3.12.4", NEWEST), "jax"),
    Environment("keras-tensorflow-2.15", "tensorflow-cpu==2.15.1", "keras", ("2.15.0",), "tensorflow"),
    Environment(
        "keras-tensorflow-2.16", "tensorflow-cpu==2.16.2 numpy<2", "keras",
        ("3.0.5", "3.1.1", "3.2.0", "3.3.3", "3.5.0"), "tensorflow",
    ),
    Environment("keras-tensorflow-2.18", "tensorflow-cpu==2.18.1", "keras", ("3.7.0", "3.8.0"), "tensorflow"),
    Environment("keras-tensorflow", "tensorflow-cpu", "keras", ("3.12.4", NEWEST), "tensorflow"),
    Environment("tf_keras", "tensorflow-cpu", "tf_keras", (NEWEST,), "tensorflow", shares="keras-tensorflow"),
    Environment("torch-cpu", TORCH, "torch", ("",), shares="keras-torch"),
    Environment("torch-2.2", "numpy<2", "torch", ("2.2.2",)),
    Environment("torch-2.6", "numpy", "torch", ("2.6.0",)),
    Environment("torch-newest", "numpy", "torch", (NEWEST,), python="3.12"),
    Environment(
        "pyg", TORCH, "torch_geometric", ("2.3.1", "2.4.0", "2.5.3", "2.6.1", NEWEST), shares="keras-torch"
    ),
    Environment("fastai", TORCH, "fastai", (NEWEST,)),
    Environment("dgl-1.1", f"{TORCH} {DGL_TOO}", "dgl", ("1.1.3",)),
    Environment("dgl", f"torch==2.2.1 {DGL_TOO}", "dgl", (NEWEST,)),
)  # fmt: skip


# --- environments ------------------------------------------------------------------------------------------


def interpreter(version: str) -> str:
    """A Python of that version: this one, pyenv's, or the one on the path."""
    if version == ".".join(map(str, sys.version_info[:2])):
        return getattr(sys, "_base_executable", sys.executable)
    if shutil.which("pyenv"):
        found = subprocess.run(["pyenv", "prefix", version], capture_output=True, text=True, check=False)
        if not found.returncode:
            return str(Path(found.stdout.strip(), "bin", "python"))
    if on_path := shutil.which(f"python{version}"):
        return on_path
    raise ProbeError(f"there is no Python {version} on this machine")


def make(environment: Environment, cache: Path) -> Path:
    """The Python of the environment, made where it is not there yet."""
    folder = cache / (environment.shares or environment.name)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        subprocess.run([interpreter(environment.python), "-m", "venv", folder], check=True)
    done = folder / ".built"
    if not done.exists():
        install(python, *environment.base.split())
        done.touch()
    return python


def install(python: Path, *requirements: str) -> None:
    """pip install; raises `ProbeError` with pip's reason."""
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        errors = [line.removeprefix("ERROR: ") for line in said if line.startswith("ERROR: ")]
        raise ProbeError("pip: " + (errors or said[-1:])[0])


# --- one run -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """A release to ask in an environment."""

    environment: Environment
    release: str

    @property
    def where(self) -> tuple[str, str, str]:
        """Framework, release and backend, as the matrix writes them."""
        return NAMES[self.environment.package], self.release, self.environment.backend

    def __str__(self) -> str:
        framework, release, backend = self.where
        return f"{framework} {release}".strip() + (f", {backend}" if backend else "")


def runs(only: list[str], newest: bool) -> Iterator[Run]:
    """The runs asked for, in the order of `ENVIRONMENTS`."""
    for environment in ENVIRONMENTS:
        if not only or environment.name in only:
            for release in environment.releases:
                if release == NEWEST or not newest:
                    yield Run(environment, release)


def observe(run: Run, cache: Path, facts: Sequence[str] = ()) -> Answers:
    """Install the release and ask it, all or some facts; a release "" is the one that the base brought."""
    python = make(run.environment, cache)
    if run.release:
        wanted = run.environment.package + (f"=={run.release}" if run.release != NEWEST else "")
        install(python, *(["--upgrade"] if run.release == NEWEST else []), wanted, *_pins(run.environment))
    answers = ask(python, run.environment.package, run.environment.backend, facts)
    if facts and not matrix.read().has(answers.framework, answers.release, answers.backend):
        return ask(python, run.environment.package, run.environment.backend)  # it has no other facts yet
    return answers


def _pins(environment: Environment) -> list[str]:
    """What must not move while another release of the framework is installed."""
    return [one for one in environment.base.split() if environment.package not in one]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="an environment's name; may be repeated")
    parser.add_argument("--newest", action="store_true", help="the newest releases alone")
    parser.add_argument("--again", action="store_true", help="though the rows are there")
    parser.add_argument(
        "--fact", action="append", default=[], help="a pattern of facts to ask; may be repeated"
    )
    parser.add_argument("--list", action="store_true", help="show the runs and stop")
    parser.add_argument("--cache", type=Path, default=CACHE, help=f"by default {CACHE}")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.only) - {one.name for one in ENVIRONMENTS}:
        parser.error(f"no environment {', '.join(sorted(unknown))}; see --list")
    wanted = list(runs(asked.only, asked.newest))
    if asked.list:
        print(*(f"{run.environment.name}: {run}" for run in wanted), sep="\n")
        return 0
    cache: Path = asked.cache.expanduser()
    cache.mkdir(parents=True, exist_ok=True)
    failed = 0
    for run in (bar := tqdm(wanted, unit="release", disable=None)):
        bar.set_postfix_str(str(run))
        environment = run.environment
        again = asked.again or asked.fact or run.release in ("", NEWEST)
        if not again and matrix.read().has(*run.where):
            continue
        try:
            answers = observe(run, cache, asked.fact)
        except (ProbeError, subprocess.CalledProcessError, OSError) as error:
            failed += 1
            tqdm.write(f"{run}: {error}")
            matrix.write_refusal(run.where, environment.python, error)
            continue
        matrix.write(answers)
        for fact, message in answers.messages.items():
            tqdm.write(f"  {run}: {fact}: {answers.observed[fact]}: {message[:150]}")
    return 1 if failed else 0


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(10)
    sys.exit(main())
