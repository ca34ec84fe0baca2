"""Where cbdsl runs code, and that it reads nothing that could bring some along."""

from __future__ import annotations

import ast
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "cbdsl"

RUNS = {
    "exec": {"loading.py", "train/script.py"},
    "compile": {"loading.py", "train/script.py"},
    "import_module": {
        "__init__.py",
        "cli/main.py",
        "runtime/calling.py",
        "train/library.py",
        "train/user_model.py",
    },
}
"""What runs code, and the modules that may: rules that were compiled, a verb of the command, a
script, a model and functions that the caller names."""

NEVER = {
    "eval",
    "__import__",
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "load_model",
    "unsafe_load",
    "system",
    "popen",
    "Popen",
}


def used(path: Path) -> set[str]:
    """Names that are called, and modules that are imported."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                names.add(name)
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {module, *(alias.name for alias in aliases)}
    return names


MODULES = {path.relative_to(PACKAGE).as_posix(): used(path) for path in PACKAGE.rglob("*.py")}


def test_what_runs_code_is_where_it_is_meant_to_be() -> None:
    for name, allowed in RUNS.items():
        found = {module for module, names in MODULES.items() if name in names}
        # `re.compile`, and a public function of that name.
        found = {m for m in found if name != "compile" or "exec" in MODULES[m]}
        assert found <= allowed, name


def test_no_module_reads_what_could_bring_code() -> None:
    found = {module: names & NEVER for module, names in MODULES.items() if names & NEVER}
    assert found == {}


def test_arrays_are_read_without_pickle() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path
