"""Ask the framework of any Python's environment: the probes as a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recdrop_lessons.support.errors import RecdropError

HERE = Path(__file__).resolve().parent
#: Which file of probes asks which framework, by the package that pip installs.
PROBES = {
    "keras": "keras",
    "tf_keras": "keras",
    "torch": "pytorch",
    "torch_geometric": "pyg",
    "fastai": "fastai",
    "dgl": "dgl",
}
#: How the course writes the frameworks' names.
NAMES = {
    "keras": "Keras",
    "tf_keras": "tf_keras",
    "torch": "PyTorch",
    "torch_geometric": "PyG",
    "fastai": "fastai",
    "dgl": "DGL",
}
_QUIET = {
    "OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "", "DGLBACKEND": "pytorch", "PYTHONWARNINGS": "ignore",
}  # fmt: skip


class ProbeError(RecdropError):
    """The probes could not be run in an environment; the message says what it printed last."""


@dataclass(frozen=True)
class Answers:
    """What one environment's framework answered; `questions` and `says` of every probe, asked or not."""

    framework: str  # as in NAMES' values
    release: str
    backend: str
    backend_release: str
    python: str
    observed: Mapping[str, str]
    questions: Mapping[str, str] = field(repr=False)
    says: Mapping[str, str] = field(repr=False)
    messages: Mapping[str, str] = field(default_factory=dict, repr=False)


def ask(
    python: str | Path, package: str, backend: str = "", facts: Sequence[str] = (), seconds: float = 900
) -> Answers:
    """Run the probes of `package` (a key of `PROBES`) under that Python.

    `backend` is Keras's: torch, jax, tensorflow or numpy. `facts` are patterns of the facts to ask, as
    "ConvLSTM*"; without any, all are asked.
    Raises `ProbeError` where the framework cannot be imported, or the probes take longer than `seconds`.
    """
    environment = {**os.environ, **_QUIET, "PROBED_KERAS": package}
    environment.pop("KERAS_BACKEND", None)
    environment.pop("PYTHONPATH", None)  # the environment's own packages and no others
    if backend:
        environment["KERAS_BACKEND"] = backend
    command = [str(python), "-m", "probes", PROBES[package], *facts]
    try:
        done = subprocess.run(
            command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise ProbeError(f"the probes of {package} ran longer than {seconds:.0f} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ProbeError(last)
    return Answers(framework=NAMES[package], **json.loads(done.stdout.strip().splitlines()[-1]))


def ask_here(package: str, backend: str = "") -> Answers:
    """Run the probes of `package` in this environment."""
    return ask(sys.executable, package, backend)
