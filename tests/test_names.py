"""One class a name, one idea a file: laws about the source itself."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "logdepth"
FILES = sorted(SOURCE.rglob("*.py"))
MOST_LINES = 500
ABOUT_K_HOP = (  # Corollary 4.3 is a statement about hop_k
    "simulation/reductions.py",
    "tasks/khop/",
    "programs/khop",
    "protocols/khop.py",
    "theory/khop.py",
    "experiments/",
)
REGISTRIES = ("tasks/registry.py", "programs/__init__.py", "protocols/__init__.py", "theory/__init__.py")


def public_classes(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def test_no_two_public_classes_have_one_name() -> None:
    places = defaultdict(list)
    for path in FILES:
        for name in public_classes(ast.parse(path.read_text(encoding="utf-8"))):
            places[name].append(str(path.relative_to(SOURCE)))
    assert len(places) > 100
    assert {name: there for name, there in places.items() if len(there) > 1} == {}


def test_files_are_short() -> None:
    lengths = {str(path.relative_to(SOURCE)): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 120


def test_no_file_is_called_after_nothing() -> None:
    names = {part for path in FILES for part in path.relative_to(SOURCE).with_suffix("").parts}
    assert names.isdisjoint({"utils", "util", "common", "core", "base", "helpers", "misc"})


def code_names(tree: ast.AST) -> set[str]:
    """Names in the code, imported modules' too; text (docstrings, messages) does not count."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {node.module or "", *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Compare | ast.Dict | ast.match_case):  # a switch on a name is code, too
            found |= {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
    return found


def test_no_code_but_its_own_knows_k_hop() -> None:
    knowing = set()
    for path in FILES:
        place = str(path.relative_to(SOURCE))
        if not place.startswith((*ABOUT_K_HOP, *REGISTRIES)):
            names = code_names(ast.parse(path.read_text(encoding="utf-8")))
            knowing |= {f"{place}: {name}" for name in names if "khop" in name.lower() and len(name) < 40}
    assert knowing == set()
