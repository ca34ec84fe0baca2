"""The hook of an `on` rule exists."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.hooks import ALIASES, HOOKS
from cbdsl.catalog.units import PLURAL, SINGULAR
from cbdsl.checks.context import Context, and_list
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        trigger = rule.trigger
        if not isinstance(trigger, n.On) or trigger.hook in HOOKS or trigger.hook in ALIASES:
            continue
        name = trigger.hook.removeprefix("on_")
        if name == "interrupt":
            message = "`on interrupt` is not in this version of cbdsl"
            yield context.problem("CBR115", message, trigger.hook_span)
            continue
        message, put = f"there is no hook `{trigger.hook}`", ""
        # `EpochEnd` and `epochend` are spelled as others spell them.
        spelled = name.replace("_", "").lower().replace("start", "begin")
        meant = _SPELLED.get(spelled.replace("validation", "test").replace("training", "train"))
        if meant:
            help, put = f"write `on {meant}`", meant
        elif name in SINGULAR or name in PLURAL:
            unit = SINGULAR.get(name, name)
            help = f"write `every {unit}` or `on {unit}_end`"
        else:
            help = did_you_mean(name, [*HOOKS, *ALIASES])
            put = only_slip(name, [*HOOKS, *ALIASES], help)
        why = "" if help else f"the hooks are {and_list(HOOKS)}"
        yield context.problem("CBR201", message, trigger.hook_span, why=why, help=help, put=put)


_SPELLED = {name.replace("_", ""): name for name in [*HOOKS, *ALIASES]}
