"""The tool that asks many releases goes on where it was cut off, and writes down what cannot be installed."""

from __future__ import annotations

import importlib.util
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from recdrop_lessons.releases import matrix
from recdrop_lessons.releases.running import NAMES, Answers, ProbeError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """tools/releases.py, which writes its matrix into an empty folder."""
    spec = importlib.util.spec_from_file_location("releases_tool", ROOT / "tools" / "releases.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules["releases_tool"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    here = SimpleNamespace(
        read=partial(matrix.read, tmp_path),
        write=partial(matrix.write, folder=tmp_path),
        write_refusal=partial(matrix.write_refusal, folder=tmp_path),
    )
    monkeypatch.setattr(module, "matrix", here)
    return module


def answering(asked: list[str], refused: tuple[str, ...] = (), cut_off_at: int | None = None):
    """An `observe` that installs nothing."""

    def observe(run, cache: Path, facts: list[str]) -> Answers:
        if len(asked) == cut_off_at:
            raise KeyboardInterrupt
        asked.append(str(run))
        framework, release, backend = run.where
        if release in refused:
            raise ProbeError("pip: no wheel")
        texts = {"gates": "How many?"}, {"gates": "They have {observed}."}
        return Answers(
            framework, release.replace("newest", "3.99.0"), backend, "", "3.11", {"gates": "one"}, *texts
        )

    return observe


def test_a_run_that_was_cut_off_goes_on(tool: ModuleType, tmp_path: Path, monkeypatch) -> None:
    command, asked = ["--only", "keras-jax-0.4.35", "--cache", str(tmp_path)], list[str]()
    monkeypatch.setattr(tool, "observe", answering(asked, cut_off_at=2))
    with pytest.raises(KeyboardInterrupt):
        tool.main(command)
    assert asked == ["Keras 3.5.0, jax", "Keras 3.7.0, jax"]
    asked.clear()
    monkeypatch.setattr(tool, "observe", answering(asked))
    assert tool.main(command) == 0
    assert asked == ["Keras 3.8.0, jax"]
    assert tool.main([*command, "--again"]) == 0
    assert len(asked) == 4
    assert tool.matrix.read().releases("Keras") == ["3.5.0", "3.7.0", "3.8.0"]


def test_what_cannot_be_installed_is_written_down_and_tried_again(
    tool: ModuleType, tmp_path: Path, monkeypatch
) -> None:
    command, asked = ["--only", "keras-jax-0.4.35", "--cache", str(tmp_path)], list[str]()
    monkeypatch.setattr(tool, "observe", answering(asked, refused=("3.7.0",)))
    assert tool.main(command) == 1
    (why,) = tool.matrix.read().refusals()
    assert (why.release, why.backend, why.observed) == ("3.7.0", "jax", "no: pip: no wheel")
    asked.clear()
    monkeypatch.setattr(tool, "observe", answering(asked))
    assert tool.main(command) == 0
    assert asked == ["Keras 3.7.0, jax"] and tool.matrix.read().refusals() == []


def test_some_facts_are_asked_alone_where_the_release_has_the_others(tool: ModuleType, monkeypatch) -> None:
    """Of a release that was never asked, some facts alone would leave a hole in the table."""
    asked: list[tuple[str, ...]] = []

    def ask(_: Path, package: str, backend: str, facts: tuple[str, ...] = ()) -> Answers:
        asked.append(tuple(facts))
        texts = {"gates": "How many?"}, {"gates": "They have {observed}."}
        return Answers(NAMES[package], "3.8.0", backend, "", "3.11", {"gates": "one"}, *texts)

    monkeypatch.setattr(tool, "ask", ask)
    monkeypatch.setattr(tool, "make", lambda *_: Path("python"))
    monkeypatch.setattr(tool, "install", lambda *_: None)
    command = ["--only", "keras-numpy", "--fact", "gat*"]
    assert tool.main(command) == tool.main(command) == 0
    assert asked == [("gat*",), (), ("gat*",)]


def test_the_newest_are_asked_each_time(tool: ModuleType, tmp_path: Path, monkeypatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tool, "observe", answering(asked))
    command = ["--newest", "--only", "keras-torch", "--cache", str(tmp_path)]
    assert tool.main(command) == tool.main(command) == 0
    assert asked == ["Keras newest, torch"] * 2


def test_a_refusal_of_the_newest_goes_once_it_has_answered(
    tool: ModuleType, tmp_path: Path, monkeypatch
) -> None:
    command = ["--newest", "--only", "keras-torch", "--cache", str(tmp_path)]
    for refused in (("newest",), ()):
        monkeypatch.setattr(tool, "observe", answering([], refused))
        tool.main(command)
        assert len(tool.matrix.read().refusals()) == len(refused)


def test_environments_are_told_apart_and_share_only_what_there_is(tool: ModuleType) -> None:
    names = [one.name for one in tool.ENVIRONMENTS]
    assert len(set(names)) == len(names)
    assert {one.shares for one in tool.ENVIRONMENTS} - {""} <= set(names)
    assert {one.package for one in tool.ENVIRONMENTS} == set(NAMES)


def test_an_unknown_environment_is_refused_by_name(tool: ModuleType, capsys) -> None:
    with pytest.raises(SystemExit):
        tool.main(["--only", "theano"])
    assert "no environment theano; see --list" in capsys.readouterr().err


def test_a_python_that_is_not_there_is_named(tool: ModuleType, monkeypatch) -> None:
    monkeypatch.setattr(tool.shutil, "which", lambda _: None)
    with pytest.raises(ProbeError, match=r"no Python 3\.0"):
        tool.interpreter("3.0")
