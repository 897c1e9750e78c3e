"""`xray` names each fault of the faulty models at its line, and is silent on the right ones.

A mark `# FAULT slug` ends the line where the user has to look. If several lines have the same slug, one of
them suffices; `a|b` admits either slug. A mark in a helper above a model belongs to that model.
"""

import ast
import importlib
from importlib.util import find_spec
from pathlib import Path

import pytest

from recdrop_lessons.xray import xray

FILES = sorted(path for path in (Path(__file__).parent / "models").glob("*.py"))


def statement_lines(tree, line):
    """The lines of the innermost statement there; of a compound statement, its head."""
    inside = [s for s in ast.walk(tree) if isinstance(s, ast.stmt) and s.lineno <= line <= s.end_lineno]
    innermost = max(inside, key=lambda s: s.lineno)
    body = getattr(innermost, "body", None)
    return range(innermost.lineno, body[0].lineno if body else innermost.end_lineno + 1)


def models(path):
    """Each model of a file with its faults, {slug: lines}."""
    if path.stem == "graphs" and find_spec("torch_geometric") is None:
        return
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    marks = [
        (number, line.split("# FAULT ")[1].strip())
        for number, line in enumerate(source.splitlines(), 1)
        if "# FAULT " in line
    ]
    module, begin = importlib.import_module(f"xray.models.{path.stem}"), 0
    for node in tree.body:
        model = getattr(module, getattr(node, "name", ""), None)
        if not (hasattr(model, "example") and "forward" in vars(model)):
            continue
        faults = {}
        for line, slug in marks:
            if begin < line <= node.end_lineno:
                faults.setdefault(slug, set()).update(statement_lines(tree, line))
        begin = node.end_lineno
        yield pytest.param(model, faults, id=f"{path.stem}.{model.__name__}")


ALL = [case for path in FILES for case in models(path)]


def looked_through(model):
    return xray(model(), model.example(), axes=getattr(model, "axes", None), mc=getattr(model, "mc", False))


@pytest.mark.parametrize("model, faults", [case for case in ALL if case.values[1]])
def test_the_fault_is_named_at_its_line(model, faults):
    findings = looked_through(model).findings
    found = [(finding.slug, finding.line) for finding in findings]
    for slugs, lines in faults.items():
        assert any(slug in slugs.split("|") and line in lines for slug, line in found), (slugs, lines, found)


@pytest.mark.parametrize(
    "model", [pytest.param(case.values[0], id=case.id) for case in ALL if not case.values[1]]
)
def test_a_right_model_has_neither_errors_nor_warnings(model):
    findings = looked_through(model).findings
    assert not [finding for finding in findings if finding.severity in {"error", "warning"}], findings
