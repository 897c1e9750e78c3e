"""`recdrop doctor` says what is there, what is missing and the cure."""

from __future__ import annotations

import importlib.metadata

import pytest

from recdrop_lessons import doctor
from recdrop_lessons.grading import isolation


@pytest.fixture(autouse=True)
def quick_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        isolation, "examine", lambda: iter([("landlock", ""), ("docker", "docker is not installed")])
    )


def test_this_environment_is_well() -> None:
    findings = list(doctor.examine())
    assert all(finding.well for finding in findings if finding.needed), [str(f) for f in findings]
    text = "\n".join(map(str, findings))
    assert "✓ isolation for grading: landlock" in text
    assert "– isolation docker: docker is not installed" in text
    assert f"✓ torch {importlib.metadata.version('torch')}" in text


def test_what_is_missing_comes_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("ipywidgets", "keras"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(isolation, "examine", lambda: iter([("landlock", "does not start")]))
    missing = {str(finding) for finding in doctor.examine() if not finding.well}
    assert any("✗ ipywidgets" in one and "make env" in one for one in missing)
    assert any("– keras" in one and "frameworks" in one for one in missing)
    assert any("– isolation for grading: none" in one and "bubblewrap" in one for one in missing)
