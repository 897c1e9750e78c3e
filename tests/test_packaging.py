"""What a newcomer meets first: the ranges, the light import, the commands of README and Makefile."""

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


def test_environment_gets_the_compiled_libraries_from_conda() -> None:
    conda, _ = conda_and_pip()
    assert {"numpy", "pytorch"} <= set(conda)  # pip would bring another build beside conda's


def test_every_requirement_is_a_range_and_not_a_pin() -> None:
    every = PROJECT["dependencies"] + [
        one for extra in PROJECT["optional-dependencies"].values() for one in extra
    ]
    for requirement in map(Requirement, every):
        assert {spec.operator for spec in requirement.specifier} <= {">=", "<"}, str(requirement)
        assert any(spec.operator == ">=" for spec in requirement.specifier), str(requirement)


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


# ---------------------------------------------------------------- the commands


def makefile_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_readme_commands_and_links_exist(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    commands = set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE))
    assert commands, "no command was found, so nothing was checked"
    assert commands <= makefile_targets()
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    links += re.findall(r"""(?:src|href)=["']([^"']+)["']""", text)
    local = {link for link in links if link and "://" not in link}
    assert local, "no link was found, so nothing was checked"
    assert {link for link in local if not (ROOT / link).exists()} == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/instructors/ci.md"])
def test_what_a_page_gives_to_only_is_there(page: str) -> None:
    """`make unit ONLY="tests/… -k word"`: the file exists, and the word is in it."""
    text = (ROOT / page).read_text(encoding="utf-8")
    given = re.findall(r"make \w+ ONLY=\"?([\w/.]+)(?: -k (\w+))?", text)
    assert given, "no such command was found, so nothing was checked"
    for file, word in given:
        assert (ROOT / file).is_file(), file
        assert word in (ROOT / file).read_text(encoding="utf-8"), (file, word)


def test_the_lessons_page_has_every_lesson_and_exercise() -> None:
    command = [sys.executable, "tools/lesson_map.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    page = ROOT / "docs" / "site" / "lessons.md"
    text = page.read_text(encoding="utf-8")
    there = {*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "exercises").glob("*/*.ipynb")}
    rows = re.findall(r"^\| \d\d \|.*", text, re.MULTILINE)
    linked = {(page.parent / link).resolve() for row in rows for link in re.findall(r"\]\(([^)]+)\)", row)}
    assert linked == there


def test_code_of_the_course_at_a_glance_runs() -> None:
    page = (ROOT / "docs" / "at-a-glance.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert blocks
    python("\n".join(blocks))


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^target test ", script.read_text(encoding="utf-8"), re.MULTILINE)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_make_test_runs_every_kind_of_test() -> None:
    steps = subprocess.run(
        ["make", "-n", "test"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    lint = ("ruff check", "mypy recdrop_lessons", "codespell_lib")
    for step in (*lint, "pytest .* tests$", "pytest .* --nbval-lax"):
        assert re.search(step, steps, re.MULTILINE), step
