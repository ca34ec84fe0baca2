"""A generated module that needs keras alone: the runtime's definitions it uses, copied in."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from cbdsl.codegen.layout import imported
from cbdsl.codegen.module import RUNTIME, GeneratedModule

_FOLDER = Path(__file__).parent.parent / "runtime"
# In the order in which they build on each other.
_FILES = (
    "arithmetic",
    "functions",
    "memory",
    "series",
    "windows",
    "sums",
    "words",
    "keras_model",
    "saying",
    "places",
    "model_files",
    "effects",
    "shared",
    "rule",
    "spans",
    "phases",
    "timeline",
    "schedule",
    "rates",
    "tuning",
    "outside",
    "recorded",
    "keeping",
    "snapshots",
    "restoring",
    "failing",
    "notifying",
    "notices",
    "calling",
    "calls",
)

Import = tuple[str, str]
"""A module and what of it is imported; without a name the module itself."""


def standalone(module: GeneratedModule) -> str:
    """The text of `module` with what it imports from the runtime in the place of that import."""
    docstring, *statements = ast.parse(module.text).body
    head = [node for node in statements if isinstance(node, ast.Import | ast.ImportFrom)]
    imports = {each for node in head for each in _imports(node)}
    helpers = {name for origin, name in imports if origin == RUNTIME}
    if not helpers:
        return module.text
    runtime = _runtime()
    wanted = runtime.closure(helpers)
    standard = {each for each in imports if each[0] not in (RUNTIME, "keras")}
    lines = module.text.split("\n")
    groups = (
        ["from __future__ import annotations"],
        _sorted(standard | runtime.imports(wanted)),
        ["import keras"],
    )
    parts = [
        *lines[: docstring.end_lineno],
        *(line for group in groups if group for line in ("", *group)),
        *(f"\n\n{text}" for text in runtime.texts(wanted)),
        *lines[head[-1].end_lineno :],
    ]
    return "\n".join(parts)


def _imports(node: ast.Import | ast.ImportFrom) -> list[Import]:
    if isinstance(node, ast.Import):
        return [(alias.name, "") for alias in node.names]
    return [(node.module or "", alias.name) for alias in node.names]


def _sorted(imports: Iterable[Import]) -> list[str]:
    """Lines that import, in the order of import sorters: modules first, then what is of some."""
    modules: list[str] = []
    names: dict[str, list[str]] = {}
    for module, name in sorted(imports):
        if name:
            names.setdefault(module, []).append(name)
        else:
            modules.append(f"import {module}")
    return modules + [line for each in names.items() for line in imported(*each)]


class _Runtime:
    """The runtime's source, by definition."""

    def __init__(self) -> None:
        self.definitions: dict[str, tuple[ast.stmt, str]] = {}
        self.imported: dict[str, Import] = {}
        for name in _FILES:
            self._read((_FOLDER / f"{name}.py").read_text("utf-8"))

    def _read(self, text: str) -> None:
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                for module, name in _imports(node):
                    if not module.startswith(("cbdsl", "__future__")):
                        self.imported[name or module] = module, name
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.definitions[node.name] = node, _source(text, node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                source = ast.get_source_segment(text, node) or ""
                self.definitions[node.targets[0].id] = node, source

    def closure(self, names: set[str]) -> list[str]:
        """The definitions that `names` need, themselves included, in the order of the files."""
        needed: set[str] = set()
        waiting = set(names)
        while waiting:
            name = waiting.pop()
            needed.add(name)
            waiting |= (_names(self.definitions[name][0]) & set(self.definitions)) - needed
        return [name for name in self.definitions if name in needed]

    def imports(self, names: list[str]) -> set[Import]:
        """The imports that definitions need."""
        used = {used for name in names for used in _names(self.definitions[name][0])}
        return {each for name, each in self.imported.items() if name in used}

    def texts(self, names: list[str]) -> list[str]:
        return [self.definitions[name][1] for name in names]


@cache
def _runtime() -> _Runtime:
    return _Runtime()


def _source(text: str, node: ast.FunctionDef | ast.ClassDef) -> str:
    """The text of a definition with its decorators."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return "\n".join(text.split("\n")[first - 1 : node.end_lineno])


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
