"""The CI definitions: read as YAML, they call `make test` under each Python, and drift once a week."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
PYTHONS = ["3.11", "3.12", "3.13"]


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def github_lines(job: dict[str, Any]) -> list[str]:
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


def gitlab_lines(job: dict[str, Any]) -> list[str]:
    return [*job["before_script"], *job["script"]]


TEST = {
    "github": github_lines(read(WORKFLOWS / "test.yml")["jobs"]["test"]),
    "gitlab": gitlab_lines(read(ROOT / ".gitlab-ci.yml")["test"]),
}
DRIFT = {
    "github": github_lines(read(WORKFLOWS / "drift.yml")["jobs"]["drift"]),
    "gitlab": gitlab_lines(read(ROOT / ".gitlab-ci.yml")["drift"]),
}


@pytest.mark.parametrize("lines", [*TEST.values(), *DRIFT.values()])
def test_every_script_is_one_that_bash_reads(lines: list[str]) -> None:
    subprocess.run(["bash", "-n"], input="\n".join(lines), text=True, check=True)


@pytest.mark.parametrize("platform", TEST)
def test_ci_installs_what_the_bare_machine_gets_and_calls_make_test(platform: str) -> None:
    assert TEST[platform][-1] == "make test"
    (install,) = (line for line in TEST[platform] if "apt-get install" in line)
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    bare = {name for names in re.findall(r"packages\+=\(([^)]+)\)", script) for name in names.split()}
    assert bare
    assert set(install.partition("--no-install-recommends ")[2].split()) == bare


def test_every_supported_python_has_a_job() -> None:
    job = read(WORKFLOWS / "test.yml")["jobs"]["test"]
    lab = read(ROOT / ".gitlab-ci.yml")["test"]
    assert job["strategy"]["matrix"]["python"] == lab["parallel"]["matrix"][0]["PYTHON"] == PYTHONS
    assert "matrix.python" in job["container"]["image"] and "PYTHON" in lab["image"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = SpecifierSet(project["requires-python"])
    assert all(asked.contains(version) for version in PYTHONS) and not asked.contains("3.10")


@pytest.mark.parametrize("path", sorted(WORKFLOWS.glob("*.yml")), ids=lambda path: path.stem)
def test_actions_are_pinned_by_digest_and_say_their_version(path: Path) -> None:
    used = re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))
    assert used
    for one in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one), one


def test_one_action_has_one_digest() -> None:
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS.glob("*.yml")]
    used = {one for text in texts for one in re.findall(r"uses: (.+)", text)}
    assert len(used) == len({one.partition("@")[0] for one in used})


def test_each_system_and_python_that_learners_have_is_in_the_matrix() -> None:
    job = read(WORKFLOWS / "laptops.yml")["jobs"]["laptop"]
    matrix = job["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "windows", "macos"}
    assert matrix["python"] == [*PYTHONS, "3.14"]
    for line in github_lines(job):  # each is a line of its own, for PowerShell as for bash
        assert line.startswith("python -m ") and "&&" not in line
    (tests,) = [line.split()[3:] for line in github_lines(job) if "pytest" in line]
    assert all((ROOT / folder).is_dir() for folder in tests)


LOCK = (ROOT / "requirements" / "lock.txt").read_text(encoding="utf-8")


def test_the_lock_pins_all_that_the_ranges_ask_for_and_within_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    pinned: dict[str, list[str]] = {}
    for one in map(Requirement, (line for line in LOCK.splitlines() if not line.startswith("#"))):
        (pin,) = one.specifier
        assert pin.operator == "==", one
        pinned.setdefault(canonicalize_name(one.name), []).append(pin.version)
    for one in map(Requirement, asked):
        assert all(one.specifier.contains(version) for version in pinned[canonicalize_name(one.name)]), one


def test_the_lock_says_how_it_was_made_and_names_no_place() -> None:
    assert "uv pip compile pyproject.toml --all-extras --universal" in LOCK.splitlines()[1]
    assert "://" not in LOCK and "--index-url" not in LOCK.replace("--no-emit-index-url", "")


def test_the_laptops_lock_has_the_same_releases_each_with_its_hashes() -> None:
    """Without a hash: the course itself, and PyTorch for the CPU, which is not on PyPI."""
    lock = (ROOT / "requirements" / "laptops.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", lock[lock.index("\n", lock.index("uv pip compile")) + 1 :].strip())
    pins = {line.strip() for line in LOCK.splitlines()}
    for entry in entries:
        pin, *hashes = (line.strip(" \\") for line in entry.splitlines())
        assert pin.partition(";")[0].strip() in {one.partition(";")[0].strip() for one in pins}, pin
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), pin
    lines = github_lines(read(WORKFLOWS / "laptops.yml")["jobs"]["laptop"])
    assert any("--require-hashes --requirement requirements/laptops.txt" in line for line in lines)
    assert any("--no-deps --no-build-isolation ." in line for line in lines)  # so nothing else comes


def test_the_audit_reads_the_lock() -> None:
    lines = github_lines(read(WORKFLOWS / "supply.yml")["jobs"]["audit"])
    assert any(line.startswith("pip-audit") and "requirements/lock.txt" in line for line in lines)


def test_downloads_are_cached_until_the_lock_changes() -> None:
    job = read(WORKFLOWS / "test.yml")["jobs"]["test"]
    (cache,) = (step["with"] for step in job["steps"] if "actions/cache" in step.get("uses", ""))
    assert cache["path"] == job["env"]["PIP_CACHE_DIR"] and "requirements/lock.txt" in cache["key"]
    lab = read(ROOT / ".gitlab-ci.yml")
    assert lab["test"]["cache"]["key"]["files"] == ["requirements/lock.txt"]
    assert lab["variables"]["PIP_CACHE_DIR"].endswith(lab["test"]["cache"]["paths"][0])


@pytest.mark.parametrize("platform", DRIFT)
def test_drift_runs_the_tool_and_keeps_its_report(platform: str) -> None:
    assert any("python tools/drift.py --report drift.md" in line for line in DRIFT[platform])


def test_drift_runs_once_a_week_and_tells_somebody() -> None:
    workflow = read(WORKFLOWS / "drift.yml")
    (schedule,) = workflow["on"]["schedule"]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", schedule["cron"])
    assert workflow["permissions"]["issues"] == "write"
    assert any(line.startswith("gh issue create") and "drift.md" in line for line in DRIFT["github"])
    lab = read(ROOT / ".gitlab-ci.yml")
    assert lab["drift"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "schedule"'}]
    assert lab["test"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE != "schedule"'}]
    assert lab["drift"]["artifacts"] == {"when": "always", "paths": ["drift.md"]}
