"""Put together what a browser needs to run the course: `make site` calls this before Sphinx.

    python tools/browser_runtime.py                      fetch with npm and pip, as they are configured
    python tools/browser_runtime.py --pyodide FOLDER     take an unpacked official distribution instead

Python for WebAssembly, its standard library, NumPy and the course go into build/browser, each file under its
digest and compressed, with a manifest. What was fetched stays in build/pyodide and is checked against the
sums below. Where something cannot be had, this says so and leaves nothing: the site is then built without it.

Long because what is fetched is listed here with its sums, and each tree is cut to what the course needs.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pyodide_files

ROOT = Path(__file__).resolve().parent.parent

#: Of the standard library, what no page can use: other programs' protocols, windows, databases.
NO_STDLIB = (
    *("pydoc_data", "lib2to3", "ensurepip", "venv", "xmlrpc", "wsgiref", "idlelib", "turtledemo", "tkinter"),
    *("dbm", "sqlite3", "curses", "turtle.py", "pydoc.py", "this.py", "antigravity.py", "imaplib.py"),
    *("nntplib.py", "ftplib.py", "poplib.py", "smtplib.py", "telnetlib.py", "mailbox.py", "cgi.py"),
)
#: Of NumPy, what compiles and what tests; `_multiarray_tests` stays, since NumPy imports it.
NO_NUMPY = (
    *("/f2py/", "/tests/", "/testing/_private/ext", "/_pyinstaller/", "/distutils/", "/doc/"),
    *("/_core/include/", "_umath_tests", "_struct_ufunc", "_operand_flag", "_rational_tests"),
)
NO_SUFFIXES = (".pyi", ".pxd", ".h", ".c", ".a", ".pyx")
#: Packages of the course that need a shell, a kernel or a framework.
NO_ROOMS = ("grading", "doctor", "jupyter", "cli", "releases")
#: Data that no explorer and no check reads.
NO_DATA = (
    "course",
    "releases.csv",
    "facts.csv",
    *(f"reference_{task}.csv" for task in ("digits", "memory", "copies", "text")),
)
#: Of Keras, what no layer on NumPy needs.
NO_KERAS = (
    *(
        "_tf_keras",
        "applications",
        "datasets",
        "wrappers",
        "src/applications",
        "src/datasets",
        "src/wrappers",
    ),
    *("src/backend/jax", "src/backend/openvino", "src/backend/tensorflow", "src/backend/torch"),
    *("src/testing", "src/distillation", "distillation", "src/visualization", "visualization"),
)
#: Probes of what a page cannot run.
NO_PROBES = ("__main__.py", "dgl_probes.py", "fastai_probes.py", "pyg_probes.py")
KEPT = (".py", ".pyi", ".json", ".csv", ".toml")


# ---------------------------------------------------------------- trees of files, then one archive each

Tree = dict[str, bytes]


def stdlib_tree(archive: bytes) -> Tree:
    """The standard library without what no page can use."""
    return {name: data for name, data in _unzipped(archive).items() if name.split("/")[0] not in NO_STDLIB}


def numpy_tree(wheel: bytes) -> Tree:
    """NumPy without its tests and its C sources."""
    return {
        name: data
        for name, data in _unzipped(wheel).items()
        if not any(part in f"/{name}" for part in NO_NUMPY) and not name.endswith(NO_SUFFIXES)
    }


def course_tree(root: Path = ROOT) -> Tree:
    """The course as a page imports it, the page's own side, and what stands in for packages it lacks."""
    library = root / "recdrop_lessons"
    tree = {}
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library).parts
        left_out = inside[0] in NO_ROOMS or (inside[0] == "data" and inside[1:2] and inside[1] in NO_DATA)
        if path.suffix in KEPT and not left_out:
            tree[path.relative_to(root).as_posix()] = path.read_bytes()
    pages = root / "docs" / "_browser"
    tree["page_kernel.py"] = (pages / "page_kernel.py").read_bytes()
    for home in (pages / "standins", root / "browser"):
        for path in sorted(home.rglob("*")):
            if path.suffix in (*KEPT, ".txt") and path.is_file():
                tree[path.relative_to(home).as_posix()] = path.read_bytes()
    return tree | probes_tree(root)


def probes_tree(root: Path = ROOT) -> Tree:
    """The probes of Keras and torch, which import nothing of the course."""
    home = root / "recdrop_lessons" / "releases" / "probes"
    files = sorted(path for path in home.glob("*.py") if path.name not in NO_PROBES)
    return {f"probes/{path.name}": path.read_bytes() for path in files}


def keras_tree(wheel: bytes, root: Path = ROOT) -> Tree:
    """Keras without tests and other backends, and what stands in for packages that it lacks."""
    of_keras = {
        name: data
        for name, data in _unzipped(wheel).items()
        if not name.endswith("_test.py")
        and not any(name.startswith(f"keras/{part}/") for part in NO_KERAS)
        and not name.startswith("keras-")
    }
    beside = {
        path.name: path.read_bytes() for path in sorted((root / "docs" / "_browser" / "keras").glob("*.py"))
    }
    return of_keras | beside


def _unzipped(archive: bytes) -> Tree:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {entry.filename: opened.read(entry) for entry in opened.infolist() if not entry.is_dir()}


def precompiled(tree: Tree, pyodide: dict[str, bytes], cache: Path, *, docstrings: bool) -> Tree | None:
    """The tree with each .py compiled by the same Python, kept in the cache; None without node."""
    node = shutil.which("node")
    if node is None:
        return None
    parts = [
        str(docstrings),
        *pyodide_files.WANTED.values(),
        *(f"{name} {pyodide_files.sha256(tree[name])}" for name in sorted(tree)),
    ]
    kept = cache / f"compiled-{pyodide_files.sha256(' '.join(parts).encode())[:16]}.zip"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            for folder, files in (
                ("pyodide", {n: pyodide[n] for n in pyodide_files.CORE}),
                ("sources", tree),
            ):
                for path, data in files.items():
                    target = home / folder / path
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
            lock = {"info": pyodide_files.LOCK_INFO, "packages": {}}
            (home / "pyodide" / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
            script = ROOT / "tools" / "precompile.cjs"
            command = [node, str(script), str(home), "0" if docstrings else "2"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            if done.returncode:
                print(f"  not precompiled: {done.stderr.strip()[:500]}", file=sys.stderr)
                return None
            sources = home / "sources"
            compiled = {
                path.relative_to(sources).as_posix(): path.read_bytes()
                for path in sorted(sources.rglob("*"))
                if path.is_file() and path.suffix != ".py"
            }
        kept.write_bytes(archived(compiled))
        for old in sorted(cache.glob("compiled-*.zip"), key=lambda path: path.stat().st_mtime)[:-9]:
            old.unlink()
    return _unzipped(kept.read_bytes())


def archived(tree: Tree) -> bytes:
    """One zip, the same for the same files; not compressed in itself, since the whole of it will be."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(tree):
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), tree[name])
    return out.getvalue()


# ---------------------------------------------------------------- what the site takes


def write(
    files: dict[str, bytes], out: Path, name_of_list: str = "manifest.json"
) -> dict[str, dict[str, str | int]]:
    """Each file compressed, under the digest of what it holds, and a manifest that a page reads first."""
    out.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, dict[str, str | int]] = {}
    for name, data in files.items():
        packed = gzip.compress(data, 9, mtime=0)
        # An ending of its own: servers send .gz in more than one way.
        stored = f"{pyodide_files.sha256(data)[:16]}.{name.replace('.', '-')}.packed"
        (out / stored).write_bytes(packed)
        manifest[name] = {"file": stored, "bytes": len(packed)}
    (out / name_of_list).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return manifest


def build(given: Path | None, out: Path, cache: Path) -> str:
    """Put all together in `out`; return what to tell. Raises `UnavailableError`."""
    pyodide = pyodide_files.gather(given, cache)
    (wheel,) = pyodide_files.NUMPY
    trees = {
        "stdlib.zip": (stdlib_tree(pyodide["python_stdlib.zip"]), False),
        "numpy.zip": (numpy_tree(pyodide[wheel]), True),  # NumPy reads its own docstrings when imported
        "course.zip": (course_tree(), True),
    }
    files = {name: pyodide[name] for name in ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm")}
    slow = ""
    for name, (tree, docstrings) in trees.items():
        compiled = precompiled(tree, pyodide, cache, docstrings=docstrings)
        if compiled is None:
            slow = " Not precompiled, which needs node: explorers start in twice the time."
        files[name] = archived(tree if compiled is None else compiled)
    files["lock.json"] = json.dumps({"info": pyodide_files.LOCK_INFO, "packages": {}}).encode()
    shutil.rmtree(out, ignore_errors=True)
    manifest = write(files, out)
    slow += add_keras(pyodide, out, cache)
    if (module := pyodide_files.editor(cache)) is not None:
        (out / "codemirror.mjs").write_bytes(module)
    else:
        slow += " Without CodeMirror: exercises have a plain text field."
    size = sum(int(entry["bytes"]) for entry in manifest.values())
    return f"Python for the browser: {size / 1e6:.1f} MB in {out}.{slow}"


def add_keras(pyodide: dict[str, bytes], out: Path, cache: Path) -> str:
    """Keras beside the runtime, in a list of its own: only a page that tries a claim fetches it."""
    wheel = pyodide_files.keras(cache)
    if wheel is None:
        return " Without Keras, which pip could not fetch: claims about it show a recorded run."
    tree = keras_tree(wheel)
    compiled = precompiled(tree, pyodide, cache, docstrings=True)  # its assertions stay too
    extras = write({"keras.zip": archived(tree if compiled is None else compiled)}, out, "extras.json")
    return f" Keras for the claims: {int(extras['keras.zip']['bytes']) / 1e6:.1f} MB more."


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pyodide", type=Path, help="an unpacked official distribution of Pyodide 0.27.7")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "browser")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "pyodide")
    asked = parser.parse_args(arguments)
    try:
        print(build(asked.pyodide, asked.out, asked.cache))
    except pyodide_files.UnavailableError as error:
        shutil.rmtree(asked.out, ignore_errors=True)
        print(f"The site is built without Python for the browser, with stored pictures only. {error}")
        return 1 if asked.pyodide else 0  # whoever names a folder wants it used
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
