"""Stand-ins for packages in the browser give the values of the real ones, and explorers run on them alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from recdrop_lessons.explorers import LESSONS

BROWSER = Path(__file__).parents[2] / "docs" / "_browser"
#: In a process of its own, as in the browser: what it cannot import there must not be imported here.
ASK = """
import json, sys
for absent in ("torch", "networkx", "matplotlib", "IPython", "ipywidgets", "pandas"):
    sys.modules[absent] = None
import page_kernel
for name in json.loads(sys.argv[1]):
    print(json.dumps({name: json.loads(page_kernel.change(name, "{}"))}))
print(json.dumps(json.loads(page_kernel.change("where", '{"p": 7}'))["frame"]["error"]))
"""


def alone(code: str, *arguments: str, folder: Path) -> list[str]:
    """Run code with the stand-ins before the real packages; the lines that it printed."""
    path = os.pathsep.join([str(BROWSER), str(BROWSER / "standins"), str(BROWSER.parents[1])])
    environment = {**os.environ, "PYTHONPATH": path, "RECDROP_FOLDER": str(folder)}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_explorers_run_on_numpy_and_the_stand_ins_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECDROP_FOLDER", str(tmp_path))
    *frames, refused = alone(ASK, json.dumps(list(LESSONS)), folder=tmp_path)
    assert len(frames) == len(LESSONS)
    for line in frames:
        ((name, answer),) = json.loads(line).items()
        native = import_module(f"recdrop_lessons.explorers.{name}").view()
        assert answer == {"settings": native.settings, "frame": native.frame}, name
    assert "p was 7" in json.loads(refused)


STUDENT = """
import json, sys
from scipy import special, stats
cases = json.loads(sys.argv[1])
out = [[stats.t.ppf(q, df), special.stdtrit(df, q), stats.t.cdf(q * 6 - 3, df)] for q, df in cases]
test = stats.ttest_1samp([0.1, 0.4, 0.35, -0.2, 0.5], 0.0)
print(json.dumps([out, test.statistic, test.pvalue]))
"""


def test_students_t_is_scipys(tmp_path: Path) -> None:
    stats = pytest.importorskip("scipy.stats")
    cases = [(q, df) for q in (0.025, 0.2, 0.5, 0.75, 0.975, 0.9995) for df in (1, 2, 3, 4, 7, 10, 29, 100)]
    (line,) = alone(STUDENT, json.dumps(cases), folder=tmp_path)
    out, statistic, p_value = json.loads(line)
    for (q, df), (ppf, stdtrit, cdf) in zip(cases, out, strict=True):
        assert ppf == stdtrit == pytest.approx(stats.t.ppf(q, df), rel=1e-9, abs=1e-12)
        assert cdf == pytest.approx(stats.t.cdf(q * 6 - 3, df), rel=1e-12)
    real = stats.ttest_1samp([0.1, 0.4, 0.35, -0.2, 0.5], 0.0)
    assert (statistic, p_value) == pytest.approx((real.statistic, real.pvalue), rel=1e-9)


LEARNERS = """
import json, sys
from scipy import stats
import scipy.special
scores, others = [0.1, 0.4, 0.35, -0.2, 0.5], [0.2, 0.1, 0.3, 0.0, 0.1]
test = stats.ttest_rel(scores, others).confidence_interval(0.9)
statistic, p_value = stats.ttest_rel(scores, others)
low, high = stats.ttest_ind(scores, others).confidence_interval(0.9)
frozen = stats.t(df=4)
print(json.dumps([
    stats.t.interval(0.95, 4, loc=0.2, scale=0.1), stats.t.isf(0.025, 4), stats.t.sf(1.3, df=4),
    frozen.ppf(0.9), frozen.isf(0.1), stats.sem(scores), [test.low, test.high], stats.norm.ppf(0.975),
    stats.norm.interval(0.9), statistic, p_value, low, high,
    stats.ttest_1samp(scores, 0.0).confidence_interval(0.9).low, scipy.special.stdtr(4, 1.3),
    # equal scores: a width of 0
    stats.t.interval(0.95, 4, loc=0.2, scale=0.0), stats.t.cdf(1.0, 4, loc=0.2, scale=0.0),
    stats.ttest_1samp([0.5, 0.5, 0.5], 0.0).pvalue, stats.ttest_1samp([0.5, 0.5, 0.5], 0.5).statistic,
]))
"""


def test_what_learners_use_of_scipy_is_scipys(tmp_path: Path) -> None:
    pytest.importorskip("scipy.stats")
    (line,) = alone(LEARNERS, folder=tmp_path)
    told = subprocess.run([sys.executable, "-c", LEARNERS], capture_output=True, text=True, check=True)

    def flat(items: list[object]) -> list[float]:
        return [one for item in items for one in (flat(item) if isinstance(item, list) else [item])]

    assert flat(json.loads(line)) == pytest.approx(flat(json.loads(told.stdout)), rel=1e-9, nan_ok=True)
