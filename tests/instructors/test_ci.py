"""The CI definitions: read as YAML, they call `make test` under each Python, and drift once a week."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.specifiers import SpecifierSet

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


def test_downloads_are_cached_until_the_ranges_change() -> None:
    job = read(WORKFLOWS / "test.yml")["jobs"]["test"]
    (cache,) = (step["with"] for step in job["steps"] if "actions/cache" in step.get("uses", ""))
    assert cache["path"] == job["env"]["PIP_CACHE_DIR"] and "pyproject.toml" in cache["key"]
    lab = read(ROOT / ".gitlab-ci.yml")
    assert lab["test"]["cache"]["key"]["files"] == ["pyproject.toml"]
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
