"""Python for the browser is put together from checked files; without them the site is built as it was."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, with small files in place of Pyodide's."""
    monkeypatch.syspath_prepend(ROOT / "tools")
    files = importlib.import_module("pyodide_files")
    core, numpy = ({name: files.sha256(data) for name, data in these.items()} for these in (CORE, NUMPY))
    for name, sums in (("CORE", core), ("NUMPY", numpy), ("WANTED", core | numpy)):
        monkeypatch.setattr(files, name, sums)
    return importlib.import_module("browser_runtime")


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/") + ".py", text)
    return out.getvalue()


CORE = {
    "pyodide.js": b"// a loader",
    "pyodide.asm.wasm": b"\0asm",
    "python_stdlib.zip": zipped(json="a = 1", tkinter__x=""),
}
NUMPY = {"numpy.whl": zipped(numpy__core="b = 2", numpy__tests__test_core="")}


@pytest.fixture
def distribution(tmp_path: Path) -> Path:
    folder = tmp_path / "distribution" / "pyodide"
    folder.mkdir(parents=True)
    for name, data in (CORE | NUMPY).items():
        (folder / name).write_bytes(data)
    return folder.parent


def offline(command: list[str], folder: str) -> bool:
    return False


def test_a_given_folder_is_taken_and_kept(
    tool: ModuleType, distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool.pyodide_files, "_ran", offline)
    assert tool.pyodide_files.gather(distribution, tmp_path / "cache") == CORE | NUMPY
    shutil.rmtree(distribution)
    assert tool.pyodide_files.gather(None, tmp_path / "cache") == CORE | NUMPY


def test_a_file_with_another_sum_is_refused_by_name(
    tool: ModuleType, distribution: Path, tmp_path: Path
) -> None:
    (distribution / "pyodide" / "numpy.whl").write_bytes(b"something else")
    with pytest.raises(
        tool.pyodide_files.UnavailableError, match=r"has no numpy\.whl with the expected sums"
    ):
        tool.pyodide_files.gather(distribution, tmp_path / "cache")


def test_what_is_broken_in_the_cache_is_fetched_again(
    tool: ModuleType, distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "pyodide.js").write_bytes(b"half a fi")
    monkeypatch.setattr(tool.pyodide_files, "_from_npm", lambda: tool.pyodide_files._files_of(distribution))
    assert tool.pyodide_files.gather(None, tmp_path / "cache") == CORE | NUMPY
    monkeypatch.setattr(tool.pyodide_files, "_ran", offline)
    assert (tmp_path / "cache" / "pyodide.js").read_bytes() == CORE["pyodide.js"]


def test_without_network_it_says_what_is_missing_and_leaves_nothing(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool.pyodide_files, "_ran", offline)
    out = tmp_path / "browser"
    out.mkdir()
    (out / "manifest.json").write_text("{}", encoding="utf-8")  # of an older build
    assert tool.main(["--out", str(out), "--cache", str(tmp_path / "cache")]) == 0
    said = capsys.readouterr().out
    assert "built without Python for the browser" in said and "numpy.whl" in said
    assert not out.exists()
    given = ["--pyodide", str(tmp_path), "--out", str(out), "--cache", str(tmp_path / "cache")]
    assert tool.main(given) == 1


def test_without_node_sources_are_packed_and_it_says_so(
    tool: ModuleType, distribution: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    monkeypatch.setattr(tool.pyodide_files, "_ran", offline)
    monkeypatch.setitem(tool.pyodide_files.CORE, "pyodide.asm.js", tool.pyodide_files.sha256(b"// code"))
    monkeypatch.setitem(tool.pyodide_files.WANTED, "pyodide.asm.js", tool.pyodide_files.sha256(b"// code"))
    (distribution / "pyodide.asm.js").write_bytes(b"// code")
    out = tmp_path / "browser"
    said = tool.build(distribution, out, tmp_path / "cache")
    assert "Not precompiled, which needs node" in said and "a plain text field" in said
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    for name, entry in manifest.items():
        packed = (out / entry["file"]).read_bytes()
        assert len(packed) == entry["bytes"]
        assert entry["file"].startswith(tool.pyodide_files.sha256(gzip.decompress(packed))[:16]), name
    packed = gzip.decompress((out / manifest["numpy.zip"]["file"]).read_bytes())
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == ["numpy/core.py"]


def test_what_no_page_uses_stays_out(tool: ModuleType) -> None:
    assert set(tool.stdlib_tree(CORE["python_stdlib.zip"])) == {"json.py"}
    tree = tool.course_tree()
    assert {"page_kernel.py", "anywidget.py", "scipy/stats.py"} <= set(tree)
    assert "recdrop_lessons/explorers/where.py" in tree
    assert "recdrop_lessons/data/outline.json" in tree and "recdrop_lessons/__init__.pyi" in tree
    for name in tree:
        assert not name.startswith(("recdrop_lessons/grading/", "recdrop_lessons/data/course/")), name
        assert "solutions" not in name
