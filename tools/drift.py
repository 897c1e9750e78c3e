"""Which fact of the course did a release of Keras, PyTorch or PyTorch Geometric change?

    python tools/drift.py                      # in an environment of its own, with the newest releases
    python tools/drift.py --pre                # with their pre-releases too
    python tools/drift.py --here               # with what is installed here
    python tools/drift.py --report drift.md    # the report as a file; else it is printed

Runs the lessons, whose cells decide the claims, and tests/parity and tests/claims, and reports what fails:
the fact, its lesson, the verdict in the course, what the installed release does now. Then runs the probes of
recdrop_lessons/releases, and reports each answer that differs from the newest release in data/releases.csv.
With tests named, only those. Exit code 0: nothing changed; 1: some fact did; 2: the tests could not be run.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from recdrop_lessons.course.claims import VERDICTS, ClaimRow, read
from recdrop_lessons.releases import matrix, words
from recdrop_lessons.releases.running import NAMES, ProbeError, ask

ROOT = Path(__file__).resolve().parent.parent
TESTS = ("notebooks", "tests/parity", "tests/claims")
FRAMEWORKS = ("keras", "torch", "torch_geometric")
# What a lesson's code says where it runs the framework that a file of tests/parity is about.
SPEAKS_OF = {"keras": "keras", "torch": r"\bnn\.|torch\.nn", "pyg": "torch_geometric"}


@dataclass(frozen=True)
class Outcome:
    """A test, "tests/parity/test_x.py::test_y" or "notebooks/01_cells.ipynb::Cell 8", and what it met."""

    test: str
    status: str  # passed, failed or skipped
    message: str = ""


@dataclass(frozen=True)
class Fact:
    """What the course says, where, and with which verdict."""

    says: str
    lessons: str
    verdict: str


# --- running ----------------------------------------------------------------------------------------------


def newest(folder: Path, pre: bool) -> Path:
    """The Python of a new environment: the course, then the newest frameworks whatever its ranges say."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-e", f"{ROOT}[course,frameworks,test]"], check=True)
    subprocess.run([*pip, "--upgrade", *(["--pre"] if pre else []), *FRAMEWORKS], check=True)
    return python


def run_tests(python: Path, tests: Iterable[str]) -> list[Outcome]:
    """The outcomes of these tests; none where pytest itself did not start."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.xml")
        pytest = [str(python), "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", f"--junitxml={results}"]
        cells = ["--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=240", "--timeout=0"]
        subprocess.run([*pytest, *cells, *tests], cwd=ROOT, check=False, stdout=sys.stderr)
        return list(outcomes(results.read_text(encoding="utf-8"))) if results.is_file() else []


def outcomes(junit: str) -> Iterator[Outcome]:
    """The tests of a JUnit report, parameters left out; a file that could not be read has no test's name."""
    for case in ElementTree.fromstring(junit).iter("testcase"):
        module, name = case.get("classname", ""), case.get("name", "").partition("[")[0]
        lesson = module.endswith(".ipynb")
        path = module.replace(".", "/", 1) if lesson else (module or name).replace(".", "/") + ".py"
        test = f"{path}::{name}" if module else path
        found = {child.tag: child for child in case}
        bad = found.get("failure", found.get("error"))
        if bad is not None:
            yield Outcome(test, "failed", bad.get("message") or bad.text or "")
        else:
            yield Outcome(test, "skipped" if "skipped" in found else "passed")


# --- what the probes observe ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moved:
    """An answer of a probe that differs from the newest release in the matrix, or why there is none."""

    question: str
    before: str
    now: str


def moved(python: Path, known: matrix.Matrix) -> Iterator[Moved]:
    """Run the probes under that Python; Keras's on torch, as in the course."""
    for package in FRAMEWORKS:
        framework, backend = NAMES[package], "torch" if package == "keras" else ""
        try:
            answers = ask(python, package, backend)
        except ProbeError as error:
            yield Moved(f"What does {framework} do?", "the probes ran", f"they do not: {error}")
            continue
        newest = known.releases(framework)[-1]
        before = {fact.fact: said for fact, said in words.holds(known, framework, newest, answers.backend)}
        for fact, said in answers.observed.items():
            if before.get(fact, said) != said:
                was, now = f"{framework} {newest}: {before[fact]}", f"{framework} {answers.release}: {said}"
                yield Moved(answers.questions[fact], was, now)


# --- what the tests hold ----------------------------------------------------------------------------------


def facts_of(test: str, claims: Iterable[ClaimRow], root: Path = ROOT) -> list[Fact]:
    """The claims that name the test, else what its docstring or its own name says."""
    named = [
        Fact(row.claim, f"[{row.lesson}](notebooks/{row.notebook})", f"{VERDICTS[row.verdict]} {row.verdict}")
        for row in claims
        if f"`{test}`" in row.test
    ]
    return named or [Fact(_sentence(test, root), _lessons(test, root), "✔ true")]


def _sentence(test: str, root: Path) -> str:
    path, _, name = test.partition("::")
    if path.endswith(".ipynb"):
        return f"{name} of {Path(path).stem} stores what the frameworks do"
    tree = ast.parse((root / path).read_text(encoding="utf-8"))
    if not name:
        return f"All of {path}: {(ast.get_docstring(tree) or '').splitlines()[0]}"
    node = next((one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == name), None)
    text = ast.get_docstring(node) if node else None
    return " ".join(text.split("\n\n")[0].split()) if text else name.removeprefix("test_").replace("_", " ")


def _lessons(test: str, root: Path) -> str:
    """The lesson whose claims the file tries, or those that run the framework that it is about."""
    if number := re.match(r"(?:tests/claims/test|notebooks/)_?(\d\d)[_.]", test):
        return _links((root / "notebooks").glob(f"{number[1]}_*.ipynb"))
    spoken = next((word for name, word in SPEAKS_OF.items() if f"/test_{name}" in test), None)
    if spoken is None:
        return "no single lesson"
    lessons = (root / "notebooks").glob("[0-9]*.ipynb")
    return _links(path for path in lessons if re.search(spoken, _code(path)))


def _links(lessons: Iterable[Path]) -> str:
    return ", ".join(f"[{path.stem[:2]}](notebooks/{path.name})" for path in sorted(lessons))


def _code(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


# --- the report -------------------------------------------------------------------------------------------


def versions(python: Path) -> dict[str, str]:
    """The frameworks' versions under that Python."""
    program = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    command = [str(python), "-c", program, *FRAMEWORKS]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(zip(FRAMEWORKS, done.stdout.split(), strict=True))


def ranges() -> dict[str, str]:
    """What pyproject.toml asks of the frameworks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = map(Requirement, project["dependencies"] + project["optional-dependencies"]["frameworks"])
    return {one.name: str(one.specifier) for one in asked if one.name in FRAMEWORKS}


def report(
    found: list[Outcome], installed: dict[str, str], claims: list[ClaimRow], moves: Sequence[Moved] = ()
) -> str:
    """Markdown: how many facts hold, the versions, and a section for each fact that does not."""
    changed: dict[Fact, list[Outcome]] = {}
    for one in found:
        if one.status == "failed":
            for fact in facts_of(one.test, claims):
                changed.setdefault(fact, []).append(one)
    count = {status: sum(one.status == status for one in found) for status in ("passed", "failed", "skipped")}
    lines = [
        "# Facts and the newest frameworks",
        "",
        f"{count['passed']} tests hold, {count['failed']} fail, {count['skipped']} were skipped; "
        f"facts changed: {len(changed)}.",
        "",
        "| framework | installed | the course asks for |",
        "|---|---|---|",
        *(f"| {name} | {installed[name]} | {asked} |" for name, asked in ranges().items()),
    ]
    for fact, failed in changed.items():
        lines += ["", f"## {fact.says}", "", f"- Lesson: {fact.lessons}"]
        lines += [f"- Verdict in the course: {fact.verdict}"]
        for test, cases in itertools.groupby(failed, key=lambda one: one.test):
            first, *more = cases
            now = first.message.strip().splitlines()[:2] or ["no message"]
            lines += [f"- Now, says `{test}`{f' in {len(more) + 1} cases' if more else ''}:", "", "  ```"]
            lines += [*(f"  {line}" for line in now), "  ```"]
    for move in moves:
        lines += ["", f"## Probe: {move.question}", "", f"- Before, {move.before}", f"- Now, {move.now}"]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tests", nargs="*", help="by default all facts")
    parser.add_argument("--here", action="store_true", help="with what is installed here")
    parser.add_argument("--pre", action="store_true", help="with pre-releases too")
    parser.add_argument("--report", type=Path, help="a file; by default it is printed")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="recdrop-newest-") as folder:
        try:
            python = Path(sys.executable) if asked.here else newest(Path(folder), asked.pre)
            installed = versions(python)
        except subprocess.CalledProcessError as error:
            print(f"The environment could not be made: {error}", file=sys.stderr)
            return 2
        found = run_tests(python, asked.tests or TESTS)
        moves = [] if asked.tests else list(moved(python, matrix.read()))
    if not found:
        print("No test was run; pytest says above why.", file=sys.stderr)
        return 2
    text = report(found, installed, read((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")), moves)
    if asked.report:
        asked.report.write_text(text, encoding="utf-8")
    else:
        print(text)
    return 1 if moves or any(one.status == "failed" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())
