"""The hook of an `on` rule exists."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.hooks import ALIASES, HOOKS
from cbdsl.checks.context import Context, and_list
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        trigger = rule.trigger
        if not isinstance(trigger, n.On) or trigger.hook in HOOKS or trigger.hook in ALIASES:
            continue
        name = trigger.hook.removeprefix("on_")
        help = did_you_mean(name, [*HOOKS, *ALIASES]) or _by_unit(name)
        yield context.problem(
            "CBR201",
            f"there is no hook `{trigger.hook}`",
            trigger.hook_span,
            why=f"the hooks are {and_list(HOOKS)}",
            help=f"write `on {name}`" if name in HOOKS or name in ALIASES else help,
        )


def _by_unit(name: str) -> str:
    return f"write `every {name}` or `on {name}_end`" if name in ("epoch", "batch") else ""
