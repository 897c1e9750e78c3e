"""What a newcomer meets first: ranges and tested releases, the light import, the wheel, the README's code."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
CONDA_TO_PIP = {"pytorch": "torch", "matplotlib-base": "matplotlib"}


def ranges(requirements: list[str]) -> dict[str, SpecifierSet]:
    return {parsed.name: parsed.specifier for parsed in map(Requirement, requirements)}


# ---------------------------------------------------------------- environment.yml


def conda_and_pip() -> tuple[dict[str, SpecifierSet], list[str]]:
    conda = [entry for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
    (pip,) = [entry["pip"] for entry in ENVIRONMENT["dependencies"] if isinstance(entry, dict)]
    return ranges(conda), pip


def test_environment_ranges_are_those_of_pyproject() -> None:
    conda, pip = conda_and_pip()
    assert ENVIRONMENT["name"] == "recdrop"
    assert pip == ["-e .[course,frameworks]"]
    assert conda.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert conda.pop("pip") == SpecifierSet()
    extras = PROJECT["optional-dependencies"]
    ours = ranges(PROJECT["dependencies"] + extras["course"] + extras["frameworks"])
    assert len(conda) >= 5
    for name, specifier in conda.items():
        assert specifier == ours[CONDA_TO_PIP.get(name, name)], name


def test_every_requirement_is_a_range_and_not_a_pin() -> None:
    every = PROJECT["dependencies"] + [
        one for extra in PROJECT["optional-dependencies"].values() for one in extra
    ]
    for requirement in map(Requirement, every):
        assert {spec.operator for spec in requirement.specifier} <= {">=", "<"}, str(requirement)
        assert any(spec.operator == ">=" for spec in requirement.specifier), str(requirement)


LOCK = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")


def test_the_lock_pins_all_that_the_ranges_ask_for_and_within_them() -> None:
    extras = PROJECT["optional-dependencies"].values()
    pinned: dict[str, list[str]] = {}
    for one in map(Requirement, (line for line in LOCK.splitlines() if not line.startswith("#"))):
        (pin,) = one.specifier
        assert pin.operator == "==", one
        pinned.setdefault(canonicalize_name(one.name), []).append(pin.version)
    for one in map(Requirement, PROJECT["dependencies"] + [one for extra in extras for one in extra]):
        assert all(one.specifier.contains(version) for version in pinned[canonicalize_name(one.name)]), one


def test_the_laptops_lock_has_the_same_releases_each_with_its_hashes() -> None:
    """Without a hash: the course itself, and PyTorch for the CPU, which is not on PyPI."""
    lock = (ROOT / "requirements" / "laptops.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock[lock.index("\n", lock.index("uv pip compile")) + 1 :].strip())
    pins = {line.partition(";")[0].strip() for line in LOCK.splitlines()}
    for entry in entries:
        pin, *hashes = (line.strip(" \\") for line in entry.splitlines())
        assert pin.partition(";")[0].strip() in pins, pin
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), pin


def test_every_file_that_names_the_version_names_the_same() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    described = json.loads((ROOT / "codemeta.json").read_text(encoding="utf-8"))
    assert cited["version"] == described["version"] == PROJECT["version"]


# ---------------------------------------------------------------- the import


def python(code: str, folder: Path = ROOT, **env: str) -> str:
    """Standard output of a fresh interpreter in that folder."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_needs_torch_and_numpy_only() -> None:
    loaded = set(
        python(
            "import sys\nfrom recdrop_lessons import *\nprint(*{name.split('.')[0] for name in sys.modules})"
        ).split()
    )
    by_torch = set(
        python("import sys, torch, numpy; print(*{name.split('.')[0] for name in sys.modules})").split()
    )
    assert "torch" in loaded
    assert loaded - by_torch <= {"recdrop_lessons"} | set(sys.stdlib_module_names)


def test_public_names_come_when_they_are_asked_for() -> None:
    python(
        "import sys, recdrop_lessons as r\n"
        "assert {'LSTM', 'Drop', 'variants', 'ShapeError'} <= set(r.__all__) <= set(dir(r))\n"
        "from recdrop_lessons import doctor\nfrom recdrop_lessons.course import lab\n"
        "assert 'torch' not in sys.modules\n"
        "star = {}; exec('from recdrop_lessons import *', star)\n"
        "assert star.keys() - {'__builtins__'} == set(r.__all__)\n"
        "assert r.LSTM is star['LSTM'] is sys.modules['recdrop_lessons.layers.recurrent'].LSTM\n"
        "assert r.variants is sys.modules['recdrop_lessons.algebra.variants']"
    )


def test_an_unknown_name_is_refused_as_by_any_module() -> None:
    said = python(
        "try:\n    from recdrop_lessons import LSTMM\nexcept ImportError as error:\n    print(error)\n"
        "import recdrop_lessons as r\nprint(hasattr(r, 'lstm'))"
    )
    assert "cannot import name 'LSTMM' from 'recdrop_lessons'" in said
    assert said.endswith("False\n")


@pytest.mark.parametrize("command", ["--help", "check --help", "lab --help"])
def test_help_does_not_wait_for_torch(command: str) -> None:
    python(
        "import sys\nfrom recdrop_lessons.cli import app\n"
        f"try:\n    app({command.split()!r})\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules and 'numpy' not in sys.modules"
    )


def test_import_works_where_the_extras_are_not_installed() -> None:
    extras = [one for extra in PROJECT["optional-dependencies"].values() for one in extra]
    shut = {"sklearn" if one.name == "scikit-learn" else one.name for one in map(Requirement, extras)}
    by_torch = {"networkx", "scipy"}  # torch itself may ask for these
    python(
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({sorted(shut - by_torch)!r}))\n"  # None: the import is refused
        "import torch, recdrop_lessons as r\n"
        "assert r.LSTM(3, 4, dropout=0.5, recurrent_dropout=0.5)(torch.zeros(2, 5, 3)).shape == (2, 4)"
    )


def test_a_wheel_carries_the_notebooks_and_starts_a_working_copy(tmp_path: Path) -> None:
    lib = tmp_path / "lib"
    steps = ["egg_info", "--egg-base", str(tmp_path), "build_py", "--build-lib", str(lib)]
    subprocess.run([sys.executable, "setup.py", "--quiet", *steps], cwd=ROOT, check=True, capture_output=True)
    shown = python(
        "import recdrop_lessons\n"
        "from recdrop_lessons.course.workspace import start, update\n"
        "from pathlib import Path\n"
        "print(recdrop_lessons.__file__)\n"
        "assert start(Path('mine')).all_done and not update(Path('mine')).changes\n"
        "from recdrop_lessons.course.progress import solution\n"
        "assert 'def rnn_step' in solution('1.1', force=True).code",
        tmp_path,
        PYTHONPATH=str(lib),
    )
    assert shown.startswith(str(lib)), "the wheel's library was tried, and not the clone's"
    for room in ("notebooks", "exercises"):
        assert notebooks(tmp_path / "mine" / room) == notebooks(ROOT / room) != set()


def notebooks(room: Path) -> set[Path]:
    found = {path.relative_to(room) for path in room.rglob("*.ipynb")}
    return {path for path in found if ".ipynb_checkpoints" not in path.parts}


def test_code_of_the_course_at_a_glance_runs() -> None:
    page = (ROOT / "docs" / "at-a-glance.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert blocks
    python("\n".join(blocks))
