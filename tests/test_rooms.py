"""The rooms of cbdsl and the one way through them (docs/architecture.md)."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "cbdsl"

# A room may import itself and the rooms of the lines above; rooms of one line stand side by side.
ORDER = (
    ("source", "files", "journal"),
    ("diagnostics",),
    ("catalog",),
    ("syntax",),
    ("formatter",),
    ("checks",),
    ("plan",),
    ("codegen",),
    ("runtime",),
    ("loading",),
    ("simulate",),
    ("program",),
    ("ruletest", "replaying", "forecast", "why"),
    ("pytest_plugin",),
    ("saving",),
    ("attach",),
    ("report", "train"),
    ("cli", "lsp"),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

# What is neither cbdsl's nor the standard library's is imported only in the rooms named here.
LIBRARIES = {
    "apprise": {"runtime"},  # when messages are sent
    "lark": {"syntax"},
    "click": {"cli"},
    "pygls": {"lsp"},
    "lsprotocol": {"lsp"},
    "keras": {"attach", "train", "program"},  # program: for the type of what it returns
    "numpy": {"attach", "saving", "train"},
    "tensorflow": {"train"},
    "tensorflow_datasets": {"train"},
    "mlxtend": {"train"},
    "pytest": {"pytest_plugin"},
    "matplotlib": {"forecast", "replaying"},
}

FACADE = ""  # cbdsl/__init__.py: the public names, nothing else
FACADE_IMPORTS = {"program", "diagnostics", "runtime"}

MOST_LINES = 450


# ---------------------------------------------------------------- the checker


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `target` is absolute and dotted."""

    target: str
    line: int
    in_function: bool = False
    by_from: bool = False


class _Imports(ast.NodeVisitor):
    """Collects every import of a module, wherever it stands: functions, `if TYPE_CHECKING`, …"""

    def __init__(self, package: str) -> None:
        self.package = package
        self.found: list[Import] = []
        self._depth = 0

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node, by_from=False)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            parts = self.package.split(".")
            parts = parts[: len(parts) - node.level + 1]
            base = ".".join([*parts, base] if base else parts)
        for alias in node.names:
            self._add(f"{base}.{alias.name}", node, by_from=True)

    def visit_Call(self, node: ast.Call) -> None:
        """`importlib.import_module("x")` and `__import__("x")` are imports as well."""
        called = node.func
        name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", None)
        if name in {"import_module", "__import__"} and node.args:
            target = node.args[0]
            if isinstance(target, ast.Constant) and isinstance(target.value, str):
                self._add(target.value, node, by_from=False)
        self.generic_visit(node)

    def _add(self, target: str, node: ast.stmt | ast.expr, *, by_from: bool) -> None:
        self.found.append(Import(target, node.lineno, self._depth > 0, by_from))


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    """Every import in `source`, the text of `module`; relative ones are made absolute."""
    visitor = _Imports(module if is_package else module.rpartition(".")[0])
    visitor.visit(ast.parse(source))
    return visitor.found


def room_of(target: str) -> str:
    """The room that an absolute name of cbdsl lies in; `FACADE` for a public name."""
    parts = target.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in RANK else FACADE


def complaint(room: str, found: Import) -> str | None:
    """Why a module of `room` may not have this import, or None if it may."""
    top = found.target.split(".")[0]
    if top != "cbdsl":
        if top in sys.stdlib_module_names:
            return None
        allowed = LIBRARIES.get(top)
        if allowed is None:
            return f"{top} is no library that cbdsl uses"
        return None if room in allowed else f"{top} is imported only in {sorted(allowed)}"

    target = room_of(found.target)
    if target == room:
        return None
    if room == "runtime":
        return "runtime imports the standard library and itself only"
    if room == FACADE:
        return None if target in FACADE_IMPORTS else f"cbdsl/__init__.py imports {target!r}"
    if target == FACADE:
        # The public names are program's; the version is a constant that stands before them.
        if found.target == "cbdsl.__version__" or RANK[room] > RANK["program"]:
            return None
        return f"{room} comes before the public names"
    if RANK[target] < RANK[room]:
        return None
    if (room, target) == ("program", "attach") and found.in_function and found.by_from:
        return None  # it is attach that costs the import of keras
    if (room, target) == ("program", "replaying") and found.by_from:
        return None  # a public function that few scripts call, and the type of what it gives
    return f"{room} does not come after {target}"


def complaints(source: str, module: str, *, is_package: bool = False) -> list[str]:
    """What is wrong with the imports of one module, each as `line N: import of X: why`."""
    room = module.partition(".")[2].split(".")[0]
    if room != FACADE and room not in RANK:
        return [f"{module}: a room that is not in ORDER"]
    return [
        f"{module}, line {found.line}: import of {found.target}: {why}"
        for found in imports_of(source, module, is_package=is_package)
        if (why := complaint(room, found))
    ]


def modules() -> Iterator[tuple[str, bool, Path]]:
    """Name, whether it is a package, and file of every module of cbdsl."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        yield ".".join(parts[:-1] if is_package else parts), is_package, path


# ---------------------------------------------------------------- the checker, checked


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("cbdsl.checks.names", "from cbdsl.syntax import nodes"),
        ("cbdsl.checks.names", "from cbdsl.checks import base\nfrom .base import Check"),
        ("cbdsl.checks.names", "from ..catalog.hooks import HOOKS\nfrom .. import source"),
        ("cbdsl.checks.names", "import dataclasses, os.path\nfrom __future__ import annotations"),
        ("cbdsl.diagnostics.sarif", "def f():\n    from cbdsl import __version__"),
        ("cbdsl.syntax.parser", "import lark.exceptions\nfrom lark import Lark"),
        ("cbdsl.runtime.clocks", "import math\nfrom cbdsl.runtime.text import shown"),
        ("cbdsl.train.data", "def f():\n    import tensorflow_datasets as tfds\n    import keras"),
        ("cbdsl.program", "def callbacks():\n    from cbdsl.attach.host import Rules"),
        ("cbdsl.program", "def callbacks():\n    from .attach import Rules"),
        (
            "cbdsl.cli.train",
            "import click\nfrom cbdsl.train import run\nfrom cbdsl import CbrError",
        ),
        ("cbdsl.__main__", "from cbdsl.cli import main"),
    ],
)
def test_checker_lets_pass(module: str, source: str) -> None:
    assert complaints(source, module) == []


@pytest.mark.parametrize(
    ("module", "source", "why"),
    [
        ("cbdsl.syntax.nodes", "import cbdsl.checks.names", "syntax does not come after checks"),
        ("cbdsl.syntax.nodes", "from cbdsl import checks", "syntax does not come after checks"),
        ("cbdsl.syntax.nodes", "from ..checks import x", "syntax does not come after checks"),
        ("cbdsl.source", "from .syntax import nodes", "source does not come after syntax"),
        ("cbdsl.source", "from . import syntax", "source does not come after syntax"),
        ("cbdsl.plan.x", "def f():\n  def g():\n    import cbdsl.codegen", "after codegen"),
        ("cbdsl.plan.x", "async def f():\n  from cbdsl.codegen import emit", "after codegen"),
        ("cbdsl.plan.x", "if TYPE_CHECKING:\n    from cbdsl.codegen import emit", "after codegen"),
        ("cbdsl.plan.x", "try:\n    pass\nfinally:\n    import cbdsl.codegen", "after codegen"),
        ("cbdsl.plan.x", "class A:\n    import cbdsl.codegen", "after codegen"),
        ("cbdsl.plan.x", "importlib.import_module('cbdsl.codegen')", "after codegen"),
        ("cbdsl.plan.x", "k = __import__('keras')", "keras is imported only in"),
        ("cbdsl.replaying.x", "import cbdsl.ruletest", "replaying does not come after ruletest"),
        ("cbdsl.train.x", "from cbdsl.report import page", "train does not come after report"),
        ("cbdsl.checks.x", "from cbdsl import compile", "before the public names"),
        ("cbdsl.program", "import cbdsl", "before the public names"),
        ("cbdsl.program", "from cbdsl.attach import Rules", "after attach"),
        ("cbdsl.program", "def f():\n    import cbdsl.attach", "after attach"),
        ("cbdsl.program", "if TYPE_CHECKING:\n    from .attach import Rules", "after attach"),
        ("cbdsl.loading", "def f():\n    from cbdsl.attach import Rules", "after attach"),
        ("cbdsl.program", "def f():\n    from cbdsl.train import run", "after train"),
        ("cbdsl.runtime.clocks", "from cbdsl.source import Span", "standard library and itself"),
        ("cbdsl.runtime.clocks", "from cbdsl import __version__", "standard library and itself"),
        ("cbdsl.runtime.clocks", "import numpy", "numpy is imported only in"),
        ("cbdsl.simulate.drive", "import keras", "keras is imported only in"),
        ("cbdsl.attach.host", "import tensorflow as tf", "tensorflow is imported only in"),
        ("cbdsl.attach.host", "from tensorflow_datasets.core import x", "only in ['train']"),
        ("cbdsl.checks.x", "from lark import Token", "lark is imported only in ['syntax']"),
        ("cbdsl.program", "import click", "click is imported only in ['cli']"),
        ("cbdsl.report.page", "import jinja2", "jinja2 is no library that cbdsl uses"),
        ("cbdsl.helpers", "", "a room that is not in ORDER"),
    ],
)
def test_checker_refuses(module: str, source: str, why: str) -> None:
    (found,) = complaints(source, module)
    assert why in found


def test_checker_knows_the_facade() -> None:
    good = "from cbdsl.program import compile\nfrom .diagnostics import Diagnostic"
    assert complaints(good, "cbdsl", is_package=True) == []
    (found,) = complaints("def f():\n    from .attach import Rules", "cbdsl", is_package=True)
    assert "imports 'attach'" in found


def test_checker_resolves_relative_imports_of_a_package() -> None:
    source = "from . import names\nfrom .names import a\nfrom ..syntax import nodes"
    found = imports_of(source, "cbdsl.checks", is_package=True)
    assert [one.target for one in found] == [
        "cbdsl.checks.names",
        "cbdsl.checks.names.a",
        "cbdsl.syntax.nodes",
    ]
    assert [one.line for one in found] == [1, 2, 3]


# ---------------------------------------------------------------- the tree


def test_imports_go_one_way() -> None:
    found = [
        text
        for module, is_package, path in modules()
        for text in complaints(path.read_text("utf-8"), module, is_package=is_package)
    ]
    assert not found, "\n" + "\n".join(found)


def test_rooms_are_there() -> None:
    """Without it the test above would be content with an empty tree."""
    rooms = {module.split(".")[1] for module, _, _ in modules() if "." in module}
    later = {"lsp", "__main__"}
    assert set(RANK) - later <= rooms


@pytest.mark.parametrize(
    ("room", "library"),
    [("syntax", "lark"), ("cli", "click"), ("attach", "keras"), ("train", "keras")],
)
def test_libraries_are_seen_where_they_are_used(room: str, library: str) -> None:
    """The scan of the tree finds the imports that must be there."""
    seen = {
        found.target.split(".")[0]
        for module, is_package, path in modules()
        if module.split(".")[1:2] == [room]
        for found in imports_of(path.read_text("utf-8"), module, is_package=is_package)
    }
    assert library in seen


def test_modules_are_of_a_size_to_read() -> None:
    lines = {module: path.read_text("utf-8").count("\n") for module, _, path in modules()}
    assert {module: n for module, n in lines.items() if n > MOST_LINES} == {}


def test_importing_cbdsl_and_its_command_line_is_light() -> None:
    code = """
import sys, cbdsl, cbdsl.cli
heavy = {"keras", "tensorflow", "tensorflow_datasets", "numpy", "mlxtend"}
print(*sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_importing_cbdsl_reads_no_room() -> None:
    """Every pytest imports it for the plugin, and compiled rules for the runtime."""
    code = """
import sys, cbdsl, cbdsl.runtime
print(*sorted({"lark", "cbdsl.syntax", "cbdsl.program"} & set(sys.modules)))
assert set(cbdsl.__all__) <= set(dir(cbdsl))
assert cbdsl.Program is cbdsl.load.__globals__["Program"]
from cbdsl import *
assert (CbrError, compile) == (cbdsl.CbrError, cbdsl.compile)
assert not hasattr(cbdsl, "nothing")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
