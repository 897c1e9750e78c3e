"""What differs on Windows and macOS in a function or two: paths, open files, letters, capitals."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from recdrop_lessons import checks
from recdrop_lessons.cli import console
from recdrop_lessons.course.lab import lab_command
from recdrop_lessons.grading import fork_server
from recdrop_lessons.grading.finding import lesson_of_file
from recdrop_lessons.support.files import write_whole

ROOT = Path(__file__).parents[2]

# ---------------------------------------------------------------- paths with drive letters


def test_jupyterlab_gets_an_address_and_not_a_path() -> None:
    folder = PureWindowsPath("D:\\Kurse\\Dropout")
    command = lab_command(folder / "notebooks" / "00 start.ipynb", folder, 8888, browser=False)  # type: ignore[arg-type]
    assert "--ServerApp.root_dir=D:\\Kurse\\Dropout" in command
    assert command[-1] == "--LabApp.default_url=/lab/tree/notebooks/00%20start.ipynb"


def test_libraries_are_found_on_a_drive(monkeypatch: pytest.MonkeyPatch) -> None:
    libraries = ["C:\\Kurs\\.venv\\Lib\\site-packages", "C:\\Kurs\\.venv\\Lib\\site-packages\\"]
    monkeypatch.setattr(sys, "path", ["", "C:\\Python313\\python313.zip", *libraries])
    assert fork_server.library_folders() == libraries


def test_a_lesson_is_known_by_its_path() -> None:
    assert checks.lesson("exercises\\01_cells\\01_cells.ipynb").name == "01_cells"


@pytest.mark.parametrize("name", ["01_CELLS.ipynb", "Anna_01_Cells (1).ipynb"])
def test_capitals_do_not_matter_in_a_lessons_name(tmp_path: Path, name: str) -> None:
    assert lesson_of_file(tmp_path / name, b"", checks.all_lessons()).name == "01_cells"


# ---------------------------------------------------------------- files that somebody has open


def test_a_file_that_is_open_elsewhere_is_replaced_once_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, refused = os.replace, [1, 2]

    def later(*paths: object) -> None:
        if refused:
            refused.pop()
            raise PermissionError(13, "open elsewhere")
        replace(*paths)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "replace", later)
    write_whole(tmp_path / "progress.json", "{}")
    assert (tmp_path / "progress.json").read_text() == "{}"


def test_a_file_that_stays_open_is_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*paths: object) -> None:
        raise PermissionError(13, "open elsewhere")

    (tmp_path / "progress.json").write_text("before")
    monkeypatch.setattr(os, "replace", never)
    with pytest.raises(PermissionError):
        write_whole(tmp_path / "progress.json", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
    assert (tmp_path / "progress.json").read_text() == "before"


# ---------------------------------------------------------------- consoles


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("cp1252", b"ok no -> sigma h1 \xd7 \xfc \\u5f20"),
        ("ascii", b"ok no -> sigma h1 \\xd7 u \\u5f20"),
        ("utf-8", "✓ ✗ → σ h₁ × ü 张".encode()),
    ],
)
def test_what_a_console_cannot_show_is_written_in_other_words(
    monkeypatch: pytest.MonkeyPatch, encoding: str, expected: bytes
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    console.show_all_letters()
    print("✓ ✗ → σ h₁ × ü 张", end="")
    assert raw.getvalue() == expected


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_half_a_letter_ends_no_command(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    console.show_all_letters()
    print("Gru\ud83d odd\udcff", end="")
    assert raw.getvalue() == rb"Gru\ud83d odd\udcff"


def test_half_a_letter_ends_no_file(tmp_path: Path) -> None:
    """In JSON its escape is the same half again."""
    write_whole(tmp_path / "kept.json", json.dumps({"answer": "Gru\ud83d"}, ensure_ascii=False))
    assert json.loads((tmp_path / "kept.json").read_text(encoding="utf-8")) == {"answer": "Gru\ud83d"}


def test_python_m_is_the_command() -> None:
    command = [sys.executable, "-m", "recdrop_lessons", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("recdrop_lessons ")


RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def test_windows_and_macos_can_make_each_file() -> None:
    """No two names differ in capitals alone; of 260 letters for a whole path 150 are for its folder."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not in a clone")
    known: dict[str, str] = {}
    for path in done.stdout.strip("\0").split("\0"):
        assert len(path) <= 110, path
        for part in (PurePosixPath(path), *PurePosixPath(path).parents):
            assert known.setdefault(str(part).casefold(), str(part)) == str(part)
        for name in path.split("/"):
            assert not re.search(r'[<>:"\\|?*\x00-\x1f]|[ .]$', name) and not RESERVED.fullmatch(name), path
