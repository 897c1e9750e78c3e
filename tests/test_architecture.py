"""What `lint-imports` cannot see of who imports what."""

import ast
import sys
from pathlib import Path

import grimp
import networkx as nx
import pytest

ROOT = Path(__file__).parents[1]


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
