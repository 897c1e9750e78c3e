"""`make env` makes .venv once, repairs a broken-off one, and says in a sentence what is missing."""

import importlib.util
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
LOCK = "keras==3.15.0\nnumpy==2.2.0 ; python_version < '3.12'\nnumpy==2.5.0 ; python_version >= '3.12'\n"
PYPROJECT = "[project.optional-dependencies]\ncourse = []\nframeworks = []\ntest = []\n"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """make_env.py at work on a small project, in a folder with spaces and letters beyond ASCII."""
    monkeypatch.syspath_prepend(TOOLS)
    spec = importlib.util.spec_from_file_location("make_env", TOOLS / "make_env.py")
    assert spec is not None and spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "Köln é course"
    root.mkdir()
    (root / "pyproject.toml").write_text(PYPROJECT)
    (root / "lock.txt").write_text(LOCK)
    place(module, root, monkeypatch)
    module.calls, module.installers, module.constraints, module.settings = [], [], [], ""
    monkeypatch.delenv("RECDROP_INSTALLER", raising=False)
    monkeypatch.setattr(module.shutil, "which", lambda name: None)
    module.fail_with, module.only_the_lock_fails = None, False
    module.backends, module.no_cpu_build = [], False
    run = subprocess.run

    def install(command: list[Any], *_: Any) -> None:
        module.installers.append(Path(command[0]).name)
        module.calls.append(command[-1])
        files = [after for option, after in pairwise(command) if option == "--constraint"]
        module.constraints.append("".join(Path(file).read_text() for file in files))
        module.backends.append("--torch-backend" in command)
        if module.fail_with is not None and (files or not module.only_the_lock_fails):
            raise module.fail_with
        if module.backends[-1] and module.no_cpu_build:
            raise subprocess.CalledProcessError(2, command)

    def without_network(command: list[Any], **kwargs: Any) -> Any:
        """The real thing, except that installs are noted down and venv need not bring pip."""
        if "config" in command:
            return subprocess.CompletedProcess(command, 0, stdout=module.settings)
        if "pip" in command:
            install(command)
            return subprocess.CompletedProcess(command, 0)
        return run([*command, "--without-pip"] if "venv" in command else command, **kwargs)

    monkeypatch.setattr(module.subprocess, "run", without_network)
    monkeypatch.setattr(module.pip_progress, "install", install)
    return module


def place(module: Any, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venv = root / ".venv"
    paths = {"ROOT": root, "LOCK": root / "lock.txt", "VENV": venv, "PYTHON": venv / "bin" / "python"}
    paths |= {"STAMP": venv / "recdrop.json", "UNFINISHED": venv / "recdrop.unfinished"}
    for name, path in paths.items():
        monkeypatch.setattr(module, name, path)


def test_made_once_and_then_left_alone(tool: Any) -> None:
    assert tool.main([]) == 0
    assert tool.calls == [".[course,frameworks,test]"]
    assert tool.PYTHON.exists()
    assert tool.main([]) == 0
    assert tool.main(["course", "frameworks"]) == 0  # `make lab` after `make test`
    assert len(tool.calls) == 1


def test_more_extras_are_added_and_none_is_lost(tool: Any) -> None:
    tool.main(["course", "frameworks"])
    tool.main(["test"])
    assert tool.calls == [".[course,frameworks]", ".[course,frameworks,test]"]


def test_the_tested_releases_are_installed(tool: Any) -> None:
    assert tool.main([]) == 0
    assert tool.constraints == [LOCK]


def test_where_they_cannot_be_installed_the_ranges_decide(
    tool: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    tool.fail_with, tool.only_the_lock_fails = subprocess.CalledProcessError(1, "pip"), True
    assert tool.main([]) == 0
    assert tool.constraints == [LOCK, ""]
    assert "The tested releases, requirements/lock.txt, cannot be installed here" in capsys.readouterr().out
    assert tool.main([]) == 0
    assert len(tool.calls) == 2


def test_a_release_that_the_learner_has_is_kept(tool: Any) -> None:
    tool.main(["course"])
    libraries = next(tool.VENV.glob("lib/python*/site-packages"))
    (libraries / "numpy-2.1.0.dist-info").mkdir()
    tool.main(["test"])
    assert tool.constraints[1] == "keras==3.15.0\n"


def test_changed_pyproject_installs_again_into_the_same_venv(tool: Any) -> None:
    tool.main([])
    (tool.VENV / "kept").touch()
    (tool.ROOT / "pyproject.toml").write_text(PYPROJECT + "# a new range\n")
    tool.main([])
    assert len(tool.calls) == 2
    assert (tool.VENV / "kept").exists()


@pytest.mark.parametrize(
    "stop", [KeyboardInterrupt(), subprocess.CalledProcessError(1, "pip"), SystemError()]
)
def test_broken_off_install_begins_afresh(
    tool: Any, stop: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    tool.fail_with = stop
    if isinstance(stop, SystemError):  # stands for a kill: nothing of ours gets to run
        with pytest.raises(SystemError):
            tool.main([])
    else:
        assert tool.main([]) != 0
        assert "run make again" in capsys.readouterr().err
    (tool.VENV / "half").touch()
    tool.fail_with = None
    tool.calls.clear()
    assert tool.main([]) == 0
    assert not (tool.VENV / "half").exists()
    assert len(tool.calls) == 1
    assert tool.main([]) == 0
    assert len(tool.calls) == 1


def test_venv_whose_python_is_gone_is_made_again(tool: Any) -> None:
    tool.main([])
    tool.PYTHON.unlink()
    assert tool.main([]) == 0
    assert tool.PYTHON.exists()
    assert len(tool.calls) == 2


def test_moved_folder_is_made_again(tool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tool.main([])
    moved = tool.ROOT.rename(tool.ROOT.with_name("elsewhere"))
    place(tool, moved, monkeypatch)
    (tool.VENV / "stale").touch()
    assert tool.main([]) == 0
    assert not (tool.VENV / "stale").exists()


def test_venv_of_the_users_own_is_kept(tool: Any) -> None:
    subprocess.run([sys.executable, "-m", "venv", tool.VENV], check=True)
    (tool.VENV / "mine").touch()
    assert tool.main([]) == 0
    assert (tool.VENV / "mine").exists()


@pytest.mark.parametrize(
    ("settings", "asked", "expected"),
    [
        ("", "", "uv"),
        (":env:.timeout='60'\n", "", "uv"),
        ("global.find-links='/srv/wheels'\n", "", "python"),  # which uv would not find
        (":env:.index-url='https://mirror.example.org'\n", "", "python"),
        (":env:.index-url='https://mirror.example.org'\n", "uv", "uv"),
        ("", "pip", "python"),
    ],
)
def test_uv_installs_where_it_is_there_and_pip_was_told_nothing(
    tool: Any, monkeypatch: pytest.MonkeyPatch, settings: str, asked: str, expected: str
) -> None:
    tool.settings = settings
    monkeypatch.setattr(tool.shutil, "which", lambda name: "/usr/bin/uv")
    monkeypatch.setenv("RECDROP_INSTALLER", asked)
    assert tool.main(["course"]) == 0
    assert tool.installers == [expected]


@pytest.mark.parametrize("found", [True, False])
def test_linux_without_a_gpu_takes_pytorch_without_cuda_where_there_is_one(
    tool: Any, found: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tool.sys, "platform", "linux")
    monkeypatch.setattr(tool.shutil, "which", {"uv": "/usr/bin/uv"}.get)
    tool.no_cpu_build = not found
    assert tool.main([]) == 0
    assert tool.backends == ([True] if found else [True, False])
    assert all("keras==3.15.0" in constraints for constraints in tool.constraints)  # the lock holds in both
    assert ("Now the build with CUDA" in capsys.readouterr().out) is not found


def test_unknown_extra_is_named(tool: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["coarse"]) == 2
    assert "coarse" in capsys.readouterr().err


# ---------------------------------------------------------------- env.sh finds the Python


def fake_python(folder: Path, name: str, version: str, has_venv: bool) -> None:
    """A program that answers env.sh's questions as such a Python would, and says when it is chosen."""
    major_minor = tuple(map(int, version.split(".")))
    script = f"""#!/bin/sh
case "$2" in
    *print*) echo {version} ;;
    *version_info*) exit {int(major_minor < (3, 11))} ;;
    *ensurepip*) exit {int(not has_venv)} ;;
    *) echo "chosen $0 $*" ;;
esac
"""
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)


def env_sh(folder: Path, *extras: str, python: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "dirname").symlink_to("/usr/bin/dirname")
    return subprocess.run(
        ["/bin/sh", str(TOOLS / "env.sh"), *extras],
        env={"PATH": str(folder), "PYTHON": python},
        capture_output=True,
        text=True,
        check=False,
    )


def test_newest_suitable_python_is_chosen(tmp_path: Path) -> None:
    fake_python(tmp_path, "python3", "3.9", True)
    fake_python(tmp_path, "python3.13", "3.13", False)
    fake_python(tmp_path, "python3.12", "3.12", True)
    done = env_sh(tmp_path, "course", "frameworks")
    assert done.returncode == 0
    assert f"chosen {tmp_path}/python3.12" in done.stdout
    assert done.stdout.strip().endswith("make_env.py course frameworks")


def test_named_python_is_taken_even_with_a_space_in_its_path(tmp_path: Path) -> None:
    own = tmp_path / "my é pythons"
    own.mkdir()
    fake_python(own, "python", "3.14", True)
    fake_python(tmp_path, "python3", "3.12", True)
    assert f"chosen {own}/python" in env_sh(tmp_path, python=str(own / "python")).stdout


@pytest.mark.parametrize(
    ("pythons", "sentence"),
    [
        ([], "no Python is here"),
        ([("python3", "3.9", True), ("python", "2.7", True)], "only Python 3.9 2.7 is here"),
        ([("python3", "3.13", False)], "apt install python3.13-venv"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(
    tmp_path: Path, pythons: list[tuple[str, str, bool]], sentence: str
) -> None:
    for python in pythons:
        fake_python(tmp_path, *python)
    done = env_sh(tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
