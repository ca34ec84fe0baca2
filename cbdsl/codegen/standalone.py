"""A generated module that needs keras alone: the runtime's definitions it uses, copied in."""

from __future__ import annotations

import ast
from pathlib import Path

from cbdsl.codegen.module import RUNTIME, GeneratedModule

_FOLDER = Path(__file__).parent.parent / "runtime"


def standalone(module: GeneratedModule) -> str:
    """The text of `module` with what it imports from the runtime in the place of that import."""
    tree = ast.parse(module.text)
    imported = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == RUNTIME
    ]
    if not imported:
        return module.text
    (statement,) = imported
    runtime = _Runtime()
    wanted = runtime.closure({alias.name for alias in statement.names})
    lines = module.text.split("\n")
    head = lines[: statement.lineno - 1]
    rest = lines[statement.end_lineno or statement.lineno :]
    standard = [
        line for line in head if line.startswith(("import ", "from ")) and "keras" not in line
    ]
    docstring = head[: _docstring_end(tree)]
    imports = sorted({*standard, *runtime.imports(wanted)} - {"from __future__ import annotations"})
    parts = [
        "\n".join(docstring),
        "from __future__ import annotations",
        "\n".join(imports),
        "import keras",
        *("\n" + text for text in runtime.texts(wanted)),
        "\n".join(rest),
    ]
    return "\n\n".join(parts)


def _docstring_end(tree: ast.Module) -> int:
    return tree.body[0].end_lineno or 1


class _Runtime:
    """The runtime's source, by definition."""

    def __init__(self) -> None:
        self.definitions: dict[str, tuple[ast.stmt, str]] = {}
        self.imported: dict[str, str] = {}
        # In the order in which they build on each other.
        for name in ("arithmetic", "memory", "words", "effects", "rule"):
            self._read((_FOLDER / f"{name}.py").read_text("utf-8"))

    def _read(self, text: str) -> None:
        for node in ast.parse(text).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                module = getattr(node, "module", None)
                if module is None or not module.startswith("cbdsl"):
                    for alias in node.names:
                        only = ast.unparse(_alone(node, alias))
                        self.imported[alias.asname or alias.name] = only
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self.definitions[node.name] = node, ast.get_source_segment(text, node) or ""
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

    def imports(self, names: list[str]) -> set[str]:
        """The imports that definitions need, one name a line."""
        used = {used for name in names for used in _names(self.definitions[name][0])}
        return {line for name, line in self.imported.items() if name in used}

    def texts(self, names: list[str]) -> list[str]:
        return [self.definitions[name][1] for name in names]


def _alone(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> ast.stmt:
    if isinstance(node, ast.Import):
        return ast.Import([alias])
    return ast.ImportFrom(node.module, [alias], 0)


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
