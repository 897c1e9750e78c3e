"""The autograder archive in a container as Gradescope's documentation describes it, under Podman.

/autograder has source, submission and results; run_autograder is called once for each upload, under a time
limit, and leaves results.json. The image is this machine's own files, unchanged by what runs there; what
setup.sh installs is taken from here, since no network is given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from madeup import answers, dies, fill, gates_swapped, right
from test_exports import GRADESCOPE

from recdrop_lessons.grading.exports.gradescope import write_autograder

pytestmark = [
    pytest.mark.skipif(not os.environ.get("RECDROP_CAMPUS"), reason="make campus runs it"),
    pytest.mark.timeout(1200),
]
LESSON = "01_cells"
LIMIT = 600  # seconds; Gradescope's default is ten minutes
CONTAINER = ("podman", "run", "--rm", "--network", "none")


@pytest.fixture
def autograder(tmp_path: Path) -> Path:
    """/autograder as Gradescope makes it from the archive."""
    if os.geteuid() != 0 or shutil.which("podman") is None:
        pytest.skip("needs podman, and root for a container of this machine's own files")
    started = subprocess.run(
        [*CONTAINER, "--rootfs", "/:O", "true"], capture_output=True, text=True, timeout=120
    )
    if started.returncode:
        pytest.skip(
            f"podman starts no container of this machine's own files: {started.stderr.strip()[-300:]}"
        )
    room = tmp_path / "autograder"
    with zipfile.ZipFile(write_autograder(LESSON, tmp_path)) as archive:
        archive.extractall(room / "source")
    for folder in ("submission", "results", "env/bin"):
        (room / folder).mkdir(parents=True)
    shutil.copy(room / "source" / "run_autograder", room / "run_autograder")
    (room / "run_autograder").chmod(0o755)
    (room / "submission_metadata.json").write_text(json.dumps({"assignment": {"total_points": "100.0"}}))
    recdrop = room / "env" / "bin" / "recdrop"
    recdrop.write_text(
        "#!/bin/sh\nPYTHONPATH=/autograder/source/course "
        f"exec '{sys.executable}' -c 'from recdrop_lessons.cli import main; main()' \"$@\"\n"
    )
    recdrop.chmod(0o755)
    return room


@pytest.mark.parametrize(
    ("kind", "points", "statuses"),
    [
        (right, 100, ["passed"] * 4),
        (gates_swapped, 65, ["passed", "failed", "passed", "passed"]),
        (dies, None, ["passed", "passed", "failed", "passed"]),
    ],
)
def test_an_upload_becomes_results_json(autograder: Path, kind, points, statuses) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    (autograder / "submission" / "my homework.ipynb").write_text(fill(kind(answers())))
    volume, program = f"{autograder}:/autograder:rw", ["timeout", str(LIMIT), "/autograder/run_autograder"]
    command = [*CONTAINER, "--volume", volume, "--rootfs", "/:O", *program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT + 120)
    found = autograder / "results" / "results.json"
    assert found.is_file(), done.stdout + done.stderr
    result = json.loads(found.read_text(encoding="utf-8"))
    jsonschema.validate(result, GRADESCOPE)
    assert [test["status"] for test in result["tests"]] == statuses, result
    assert points in (None, result["score"])
    assert "isolation: none" not in result["output"]
