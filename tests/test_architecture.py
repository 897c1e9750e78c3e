"""The arrows of docs/architecture.md hold, the page names every room, and a name is one thing."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import grimp
import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SOURCES = sorted((ROOT / "recdrop_lessons").rglob("*.py"))
TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
ROOMS = sorted(
    path.name
    for path in (ROOT / "recdrop_lessons").iterdir()
    if (path.suffix == ".py" or (path / "__init__.py").exists()) and not path.name.startswith("_")
)


def test_arrows_point_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    told = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_the_page_names_every_room(room):
    assert f"`{room}`" in PAGE or f"`{room}/`" in PAGE


def test_the_picture_shows_the_imports_there_are():
    tool = ROOT / "tools" / "architecture_picture.py"
    told = subprocess.run([sys.executable, tool, "--check"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr


# ---- one name, one thing ----

#: `python -m` looks for `__main__.py`. `_shared.py` begins each exercise's parts.
#: A part's file is named after the learner's function; 5.7 asks for what twins/influence.py computes.
FILES_TWICE = {"__init__.py", "__main__.py", "_shared.py", "influence.py"}


def twice(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def test_no_two_files_share_a_name():
    assert twice(path.name for path in SOURCES) - FILES_TWICE == set()


def test_no_two_classes_share_a_name():
    classes = (node.name for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    assert twice(classes) == set()


LISTS = {"Misconception"}  # it takes any number of mistakes after its two fields


def test_no_record_is_made_from_more_than_six_positions():
    # A value in the wrong place would be read as another one: field names say which is which.
    calls = (node for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Call))
    named = ((getattr(call.func, "attr", getattr(call.func, "id", "")), call) for call in calls)
    records = [(name, call) for name, call in named if name.lstrip("_")[:1].isupper() and name not in LISTS]
    assert not [name for name, call in records if len(call.args) > 6]


LENGTHY = [
    path
    for room in ("recdrop_lessons", "tools", "benchmarks")
    for path in sorted((ROOT / room).rglob("*.py"))
    if len(path.read_text(encoding="utf-8").splitlines()) > 300
]


@pytest.mark.parametrize("path", LENGTHY, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_above_300_lines_says_why_at_its_top(path):
    top = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert re.search(r"^Long", top, re.MULTILINE), "Cut it by subject, or write a line 'Long because …'."


def test_no_two_test_files_share_a_name():
    assert twice(path.name for path in (ROOT / "tests").rglob("test_*.py")) == set()


def test_no_two_rooms_import_each_other():
    code = grimp.build_graph("recdrop_lessons", exclude_type_checking_imports=True)
    room = {module: module.split(".")[1] for module in code.modules if "." in module}
    rooms = nx.DiGraph()
    for user in room:
        for used in code.find_modules_directly_imported_by(user):
            if used in room and room[used] != room[user]:
                rooms.add_edge(room[user], room[used])
    assert not list(nx.simple_cycles(rooms))


def test_the_browsers_torch_imports_numpy_and_itself_alone():
    for path in (ROOT / "browser").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.append(node.module)
            for name in names:
                assert name.split(".")[0] in {"numpy", *sys.stdlib_module_names}, (
                    f"{path.name} imports {name}"
                )


@pytest.mark.parametrize("face", sorted((ROOT / "recdrop_lessons").rglob("__init__.pyi")))
def test_no_public_name_is_also_a_file_beside_it(face):
    # Importing the file would put the module in the place of the function.
    files = {path.stem for path in face.parent.glob("*.py")}
    for line in ast.parse(face.read_text(encoding="utf-8")).body:
        if isinstance(line, ast.ImportFrom) and line.module:
            assert not files & {name.asname or name.name for name in line.names}
