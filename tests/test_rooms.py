"""Imports point one way between the rooms, and no file is too long to be one idea."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "rnntool"
# As rnntool/__init__.py lists them: a room imports from those before it.
ROOMS = (
    "base", "cells", "text", "formats", "data", "embeddings", "models", "inference", "generation",
    "training", "runs", "tasks", "inspection", "reports", "api", "sklearn",
    "commands",
)  # fmt: skip
# A task may build on another: a biLM reads as a language model, a captioning model is one, and a
# decoder writes as one.
TASKS_USE = {"bilm": {"lm"}, "caption": {"lm"}, "lm": {"caption"}, "seq2seq": {"lm"}}
FILES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name_of(path): path for path in FILES}


def imports(module: str) -> set[str]:
    """The project's modules that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rnntool"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in MODULES else str(node.module))
    return found - {"rnntool", module}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (ROOT / parts[1]).is_dir() else "base"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_one_way(module):
    if module in ("rnntool", "rnntool.__main__"):
        return
    for other in imports(module):
        assert ROOMS.index(room(other)) <= ROOMS.index(room(module)), f"{module} imports {other}"
        own, theirs = module.split("."), other.split(".")
        if room(module) == room(other) == "tasks" and len(theirs) > 2 and own[2:3] != theirs[2:3]:
            assert theirs[2] in TASKS_USE.get(own[2], ()), f"{module} imports {other}"


def test_no_circle():
    graph = {module: imports(module) for module in MODULES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for other in graph[module]:
                visit(other, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


def test_every_room_stands_on_the_map():
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ROOMS) - {"base"}
    page = ast.get_docstring(ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))) or ""
    places = [page.index(f"{name}/") for name in ROOMS[1:]]
    assert places == sorted(places)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_300_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300


def test_cells_need_numpy_alone():
    for module in MODULES:
        if room(module) == "cells":
            assert all(room(other) == "cells" for other in imports(module)), module
