"""Compiles and executes generated source: the only place that does.

In memory the tree of the source gets the positions of the rules before it is compiled, so that
tracebacks, pdb and pytest show the rule with a caret.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
import os
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from cbdsl.codegen import GeneratedModule
from cbdsl.codegen.schedules import function_name
from cbdsl.plan import Plan, RulePlan, UsePlan
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.scheduled import Scheduled
from cbdsl.source import SourceFile, Span


def load(module: GeneratedModule, keras: Any = None) -> ModuleType:
    """The generated module, executed.

    Args:
        module: what `generate` made.
        keras: what stands in for keras there; without it the real one is imported.
    """
    tree = ast.parse(module.text)
    if keras is not None:
        tree.body = [node for node in tree.body if not _imports_keras(node)]
    _place(tree, module)
    filename = _remember(module.source)
    # It stays out of sys.modules: cloudpickle would store what is found there by name only.
    loaded = ModuleType("cbdsl_rules")
    if keras is not None:
        vars(loaded)["keras"] = keras
    exec(compile(tree, filename, "exec"), vars(loaded))
    return loaded


@dataclass(frozen=True)
class Members:
    """The loaded rules of a program: schedules, then callbacks, each in file order.

    Attributes:
        schedules: the rules that are functions of the epoch and the rate.
        callbacks: the other rules, and the callbacks of Keras that the file uses.
    """

    schedules: list[Scheduled]
    callbacks: list[Any]

    @property
    def rules(self) -> list[Rule]:
        """The callbacks that are rules."""
        return [callback for callback in self.callbacks if isinstance(callback, Rule)]

    @property
    def all(self) -> list[Rule]:
        """Everything that has a key and a memory."""
        return [*self.schedules, *self.rules]

    def rate(self, epoch: int, lr: float, epochs: int | None) -> float:
        """The rate of the epoch that begins, counted from 0, by all schedule rules in order."""
        for schedule in self.schedules:
            lr = schedule.rate(epoch, lr, epochs)
        return lr


def members(
    plan: Plan,
    module: GeneratedModule,
    *,
    run_dir: str | os.PathLike[str] = ".",
    keras: Any = None,
) -> Members:
    """One object a rule, with the parameters' values that the program was compiled with.

    Args:
        plan: the plan of a program.
        module: its generated source.
        run_dir: where callbacks of Keras write their files.
        keras: see `load`.
    """
    loaded = vars(load(module, keras))
    schedules = [
        Scheduled(
            s.named.label,
            s.named.place,
            s.named.key,
            loaded[function_name(plan.schedules, s)],
            s.needs_epochs,
        )
        for s in plan.schedules
    ]
    return Members(schedules, [_made(callback, loaded, run_dir) for callback in plan.callbacks])


def _made(
    planned: RulePlan | UsePlan, loaded: dict[str, Any], run_dir: str | os.PathLike[str]
) -> Any:
    if isinstance(planned, RulePlan):
        return loaded[planned.class_name]()
    make = loaded[planned.function]
    return make(os.fspath(run_dir)) if planned.paths else make()


def _imports_keras(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import) and node.names[0].name == "keras"


def _place(tree: ast.Module, module: GeneratedModule) -> None:
    """Give every node the position of the rule, or of its part, that it came from."""
    lines = module.source.lines
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.expr | ast.excepthandler | ast.arg | ast.keyword):
            continue
        span = module.places.get(node.lineno, Span(0, 0))
        start, end = lines.position(span.start), lines.position(span.end)
        node.lineno, node.end_lineno = start.line, end.line
        node.col_offset = lines.utf8_column(span.start)
        node.end_col_offset = lines.utf8_column(span.end)


def _remember(source: SourceFile) -> str:
    """The file name that tracebacks show, with its text where Python looks for it."""
    name = source.name
    if name.startswith("<"):
        digest = hashlib.sha256(source.text.encode()).hexdigest()[:8]
        name = f"<{name.strip('<>')} {digest}>"
    # Lines as `LineIndex` has them; traceback counts on their ends.
    lines = [f"{line}\n" for line in source.text.split("\n")]
    # No time of change: what was compiled is what is shown, also when the file has changed since.
    linecache.cache[name] = (len(source.text), None, lines, name)
    return name
