"""`recdrop doctor` says what is there, what is missing and the cure; each test breaks one thing."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import jupyter_core.paths
import pytest

from recdrop_lessons import doctor
from recdrop_lessons.doctor import Finding, jupyter, machine, packages, releases
from recdrop_lessons.grading import isolation

WIDGETS = "@jupyter-widgets/jupyterlab-manager"


@pytest.fixture(autouse=True)
def quick_isolation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        isolation, "examine", lambda: iter([("landlock", ""), ("docker", "docker is not installed")])
    )


def ill(findings: Iterable[Finding]) -> Finding:
    """The one finding that is not well."""
    (found,) = [finding for finding in findings if not finding.well]
    return found


def test_this_environment_is_well() -> None:
    findings = list(doctor.examine(deep=True))
    assert all(finding.well for finding in findings if finding.needed), [str(f) for f in findings]
    text = "\n".join(map(str, findings))
    assert "✓ isolation for grading: landlock" in text
    assert "– isolation docker: docker is not installed" in text
    assert f"✓ torch {importlib.metadata.version('torch')}" in text
    assert re.search(rf"✓ {WIDGETS} 5[.\d]+ in JupyterLab", text)
    assert re.search(r"✓ anywidget [.\d]+ in JupyterLab", text)


# ---------------------------------------------------------------- Python and packages


def test_an_old_python_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert packages.python().well
    monkeypatch.setattr(packages.platform, "python_version", lambda: "3.10.14")
    found = packages.python()
    assert not found.well and found.needed
    assert ">=3.11" in found.cure and "new environment" in found.cure and sys.executable in found.cure


def test_what_is_missing_comes_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("ipywidgets", "keras"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    monkeypatch.setattr(isolation, "examine", lambda: iter([("landlock", "does not start")]))
    missing = {str(finding) for finding in doctor.examine(deep=True) if not finding.well}
    assert any("✗ ipywidgets" in one and "make env" in one for one in missing)
    assert any("– keras" in one and "frameworks" in one for one in missing)
    assert any("– isolation for grading: none" in one and "bubblewrap" in one for one in missing)


def install(site: Path, name: str, version: str) -> None:
    """What pip leaves of a package in that version, as far as its metadata goes."""
    info = site / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages before all others."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site"


@pytest.fixture
def no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that was installed knows no tested releases, and so tells of none that differ."""
    monkeypatch.setattr(releases, "LOCK", tmp_path / "lock.txt")


@pytest.mark.usefixtures("no_lock")
def test_a_version_that_the_course_does_not_take_is_told(site: Path) -> None:
    install(site, "ipywidgets", "7.8.1")
    found = ill(packages.installed())
    assert found.needed and "ipywidgets 7.8.1 does not fit recdrop_lessons" in found.what
    assert found.cure == "pip install 'ipywidgets<9,>=8.1'"


def test_other_releases_than_the_tested_ones_are_told_with_a_cure_that_keeps_them(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a clone, which has the lock; and only for what the learner's extras ask for."""
    name, here = "torch_geometric", importlib.metadata.version("torch_geometric")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"# made\n{name}=={here}\npytest==1.0\nkeras==1.0 ; python_version < '3.0'\n")
    monkeypatch.setattr(releases, "LOCK", lock)
    assert [finding.well for finding in releases.tested()] == [True]
    install(site, name, "2.7.99")  # inside the range
    found = ill(packages.installed())
    assert not found.needed and f"{name} 2.7.99 (tested: {here})" in found.what
    assert "new environment" in found.cure and str(lock) in found.cure
    lock.unlink()
    assert not list(releases.tested()), "a package that was installed knows no lock"


@pytest.mark.usefixtures("no_lock")
def test_what_no_line_is_for_is_told_if_it_does_not_fit(site: Path) -> None:
    install(site, "scipy", "0.1")
    assert "scipy 0.1 does not fit recdrop_lessons" in ill(packages.installed()).what


def test_halves_of_the_widgets_that_do_not_belong_together_are_told(site: Path) -> None:
    install(site, "jupyterlab_widgets", "1.1.7")  # of ipywidgets 7
    found = ill(jupyter.widgets())
    assert found.needed and "jupyterlab_widgets 1.1.7 does not fit ipywidgets 8" in found.what
    assert found.cure.startswith("pip install 'jupyterlab_widgets~=3.")


# ---------------------------------------------------------------- JupyterLab


@pytest.fixture
def jupyter_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Jupyter looks into before all others, and settings of nobody's."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    return tmp_path / "jupyter"


def brought(name: str) -> Path:
    """The real extension, as this environment has it."""
    folders = [Path(folder) / name for folder in jupyter_core.paths.jupyter_path("labextensions")]
    return next(folder for folder in folders if folder.is_dir())


@pytest.mark.parametrize("name, package", [(WIDGETS, "jupyterlab_widgets"), ("anywidget", "anywidget")])
def test_a_missing_lab_extension_is_told(
    jupyter_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str
) -> None:
    assert all(finding.well for finding in jupyter.widgets())
    (other,) = {WIDGETS, "anywidget"} - {name}
    monkeypatch.setattr(jupyter, "_is_of", lambda *_: True)  # the other one is a copy here
    shutil.copytree(brought(other), jupyter_path / "labextensions" / other)
    # An environment that has neither: the folders that every environment adds are empty ones.
    for places in ("ENV_JUPYTER_PATH", "SYSTEM_JUPYTER_PATH"):
        monkeypatch.setattr(jupyter_core.paths, places, [])
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(jupyter_path / "user"))
    found = ill(jupyter.widgets())
    assert found.needed and f"{name} is not there" in found.what
    assert found.cure == f"pip install --force-reinstall --no-deps {package}"


def test_a_lab_extension_of_another_environment_is_told(jupyter_path: Path) -> None:
    old = jupyter_path / "labextensions" / WIDGETS
    shutil.copytree(brought(WIDGETS), old)
    package = json.loads((old / "package.json").read_text(encoding="utf-8")) | {"version": "3.1.1"}
    (old / "package.json").write_text(json.dumps(package), encoding="utf-8")
    found = ill(jupyter.widgets())
    assert found.needed and f"{WIDGETS} 3.1.1 is not this environment's" in found.what
    assert found.cure == f"Remove {old}"


@pytest.mark.parametrize("key", [WIDGETS, f"{WIDGETS}:plugin"])
def test_a_disabled_lab_extension_is_told(jupyter_path: Path, tmp_path: Path, key: str) -> None:
    config = tmp_path / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "page_config.json").write_text(json.dumps({"disabledExtensions": {key: True}}))
    found = ill(jupyter.widgets())
    assert found.needed and f"{WIDGETS} is disabled" in found.what
    assert found.cure == f"jupyter labextension enable {key}"


def test_a_kernel_of_another_environment_is_told(jupyter_path: Path, tmp_path: Path) -> None:
    assert jupyter.kernel().well
    other = tmp_path / "other env" / "bin" / "python"
    other.parent.mkdir(parents=True)
    other.symlink_to(sys.executable)  # as a venv has it
    spec = jupyter_path / "kernels" / "python3"
    spec.mkdir(parents=True)
    argv = [str(other), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "x", "language": "python"}))
    found = jupyter.kernel()
    assert not found.well and found.needed and str(other) in found.what
    assert f"Remove {spec}" in found.cure and "ipykernel install --sys-prefix --name python3" in found.cure


def test_no_kernel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", None)  # as where it is not installed
    found = jupyter.kernel()
    assert not found.well and found.needed and "ipykernel is not installed" in found.what
    assert "recdrop_lessons[course]" in found.cure


def test_a_taken_port_is_told_and_no_reason_to_worry() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        found = jupyter.port(number)
        assert not found.well and not found.needed and f"port {number} is taken" in found.what
        assert "takes the next free one by itself" in found.cure and "recdrop lab --port" in found.cure


# ---------------------------------------------------------------- the machine


def test_no_isolation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = [("landlock", "the kernel\nhas no Landlock"), ("bubblewrap", "bwrap is not installed")]
    monkeypatch.setattr(isolation, "examine", lambda: iter(kinds))
    first, *rest = machine.isolation()
    assert not first.well and not first.needed and "isolation for grading: none" in first.what
    assert "install bubblewrap" in first.cure and "refuses" in first.cure
    assert [finding.what for finding in rest] == [
        "isolation landlock: has no Landlock",
        "isolation bubblewrap: bwrap is not installed",
    ]


def test_without_deep_no_isolation_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def tried() -> None:
        raise AssertionError

    monkeypatch.setattr(isolation, "examine", tried)
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}" if name == "bwrap" else None)
    monkeypatch.setattr("recdrop_lessons.grading.inside.sandbox.landlock_version", lambda: 0)
    *_, last = doctor.examine()
    assert last.well and "not tested: bubblewrap" in last.what and "--deep" in last.what
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert not machine.isolation_at_hand().well and "bubblewrap" in machine.isolation_at_hand().cure
    monkeypatch.delattr(os, "fork")
    assert "WSL" in machine.isolation_at_hand().cure


def test_without_deep_torch_is_not_loaded() -> None:
    code = (
        "import sys; from recdrop_lessons.doctor import examine; [*examine()]; print('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    (tmp_path / ".recdrop").mkdir()
    assert all(finding.well for finding in machine.folders(tmp_path))
    if os.geteuid() == 0:  # root may write wherever a mode forbids it, but not in a list of processes
        (tmp_path / ".recdrop").rmdir()
        (tmp_path / ".recdrop").symlink_to("/proc")
    else:
        (tmp_path / ".recdrop").chmod(0o555)
    found = ill(machine.folders(tmp_path))
    assert found.needed and f"{tmp_path / '.recdrop'} cannot be written to" in found.what
    assert "chmod -R u+w" in found.cure and "recdrop start FOLDER" in found.cure


def test_a_folder_without_the_course_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RECDROP_FOLDER", raising=False)
    found = machine.copy()
    assert not found.well and not found.needed and "recdrop start FOLDER" in found.cure
    (tmp_path / "01_cells.ipynb").touch()
    assert machine.copy().well and str(tmp_path) in machine.copy().what


def test_a_disk_that_is_nearly_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=int(machine.LOW_DISK) - 1))
    found = ill(machine.disks(tmp_path, tmp_path))
    assert found.needed and "200 MB free" in found.what
    assert "Less than 200 MB" in found.cure and "another disk" in found.cure


def test_a_read_only_mount_and_a_tiny_disk_are_told(tmp_path: Path) -> None:
    """The real things, in a mount namespace that ends with the process."""
    for name in ("read only", "tiny"):
        (tmp_path / name).mkdir()
    shell = (
        'mount -t tmpfs -o ro none "$1/read only" && mount -t tmpfs -o size=1m none "$1/tiny" || exit 77\n'
        'exec "$2" -c "$3" "$1"'
    )
    code = (
        "import sys; from pathlib import Path; from recdrop_lessons.doctor import machine\n"
        "here = Path(sys.argv[1])\n"
        "print(*machine.folders(here / 'read only'), *machine.disks(here / 'tiny'), sep='\\n')"
    )
    if shutil.which("unshare") is None:
        pytest.skip("unshare (of util-linux) is not here")
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", shell, "sh", tmp_path, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip(f"no mounts of one's own here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert "✗ " + str(tmp_path / "read only") + " cannot be written to (Read-only file system)" in done.stdout
    assert "✗ 1 MB free at " + str(tmp_path / "tiny") in done.stdout
