"""The hook of an `on` rule exists."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.hooks import ALIASES, EVENTS, HOOKS
from cbdsl.catalog.units import PLURAL, SINGULAR
from cbdsl.checks.context import Context, and_list
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        trigger = rule.trigger
        if not isinstance(trigger, n.On) or trigger.hook in EVENTS or trigger.hook in ALIASES:
            continue
        name = trigger.hook.removeprefix("on_")
        message, put = f"there is no hook `{trigger.hook}`", ""
        # `EpochEnd` and `epochend` are spelled as others spell them.
        spelled = name.replace("_", "").lower().replace("start", "begin")
        meant = _SPELLED.get(spelled.replace("validation", "test").replace("training", "train"))
        if name in _INTERRUPTS:
            help, put = "write `on interrupt`", "interrupt"
        elif meant:
            help, put = f"write `on {meant}`", meant
        elif name in SINGULAR or name in PLURAL:
            unit = SINGULAR.get(name, name)
            help = f"write `every {unit}` or `on {unit}_end`"
        else:
            help = did_you_mean(name, [*EVENTS, *ALIASES])
            put = only_slip(name, [*EVENTS, *ALIASES], help)
        why = "" if help else f"the hooks are {and_list(HOOKS)}"
        yield context.problem("CBR201", message, trigger.hook_span, why=why, help=help, put=put)


_INTERRUPTS = frozenset(
    """interrupt interrupted interruption sigint SIGINT sigterm SIGTERM signal kill killed
    KeyboardInterrupt keyboard_interrupt ctrl_c preemption preempted""".split()
)
"""What others call an interrupt."""

_SPELLED = {name.replace("_", ""): name for name in [*HOOKS, *ALIASES]}
