"""`tools/tested.py` names a release that was not tested, in each spelling of the package's name."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
LOCK = (
    "keras==3.15.0\n"
    "numpy==2.2.0 ; python_version < '3.12'\n"
    "numpy==2.5.0 ; python_version >= '3.12'\n"
    "torch_geometric==2.8.1\n"
    "torch==2.15.0\n"
)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("tested", TOOLS / "tested.py")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "lock.txt").write_text(LOCK)
    monkeypatch.setattr(module, "LOCK", tmp_path / "lock.txt")
    return module


def test_either_release_of_a_package_with_two_is_tested(tool: Any) -> None:
    assert tool.others(tool.tested(), {"numpy": "2.2.0"}) == []
    assert tool.others(tool.tested(), {"numpy": "2.5.0", "black": "1.0"}) == []
    assert tool.others(tool.tested(), {"numpy": "2.3.0"}) == ["numpy 2.3.0 (tested: 2.2.0 or 2.5.0)"]


def test_another_release_is_named_and_is_a_failure(
    tool: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "installed", lambda: {"torch": "2.6.0", "torch-geometric": "2.8.1"})
    assert tool.main(brief=False) == 1
    assert "torch 2.6.0 (tested: 2.15.0)" in capsys.readouterr().out
    assert tool.main(brief=True) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and "torch 2.6.0 (tested: 2.15.0)" in said and "geometric" not in said


def test_the_name_of_a_build_is_no_other_release(tool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wheel:
        name, version = "torch", "2.15.0+cpu"

    monkeypatch.setattr(tool, "distributions", lambda: [Wheel])
    assert tool.others(tool.tested(), tool.installed()) == []


def test_tested_releases_are_worth_no_word(
    tool: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool, "installed", lambda: {"torch": "2.15.0"})
    assert tool.main(brief=True) == 0
    assert capsys.readouterr().out == ""
