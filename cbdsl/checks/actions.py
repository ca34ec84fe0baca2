"""What a rule does fits when it does it."""

from __future__ import annotations

from collections.abc import Iterator

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context, and_list
from cbdsl.checks.metrics import hook_of
from cbdsl.diagnostics import Diagnostic, did_you_mean
from cbdsl.formatter import expression, rule_text
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Assign) and action.target.name not in SETTINGS:
                yield _no_setting(context, action.target)
        if not isinstance(rule.trigger, n.On):
            yield from _mixed(context, rule)
        yield from _stop_before(context, rule)


def verb(action: n.Action) -> str:
    """The catalog's name of an action."""
    match action:
        case n.Assign():
            return action.target.name
        case _:
            return type(action).__name__.lower()


def is_setting(action: n.Action) -> bool:
    known = ACTIONS.get(verb(action))
    return known is not None and known.setting


def _no_setting(context: Context, target: n.Name) -> Diagnostic:
    what = context.kind_of(target)
    why = f"what a rule can set: {and_list(SETTINGS)}"
    if what == "param":
        why = "a parameter keeps its value for the whole training"
    elif target.name in VALUES:
        why = f"`{target.name}` counts what Keras does"
    help = did_you_mean(target.name, SETTINGS)
    if target.name.lower() in ("learning_rate", "rate"):
        help = "write `lr`"
    return context.problem("CBR207", f"`{target.name}` cannot be set", target, why=why, help=help)


def _mixed(context: Context, rule: n.Rule) -> Iterator[Diagnostic]:
    """A setting acts at an epoch's start, a stop at its end: one rule cannot do both."""
    settings = [a for a in rule.actions if is_setting(a)]
    late = [a for a in rule.actions if verb(a) in ACTIONS and not ACTIONS[verb(a)].beside_setting]
    late = [a for a in late if not is_setting(a)]
    if not settings or not late:
        return
    beside = tuple(a for a in rule.actions if a not in late)
    one, two = (_with(rule, actions) for actions in (beside, tuple(late)))
    yield context.problem(
        "CBR401",
        f"`{verb(late[0])}` cannot stand beside `{expression(_target(settings[0]))}` here",
        late[0],
        why="with `every` and `at`, settings act at the start and everything else at the end",
        help=f"write two rules: `{one}` and `{two}`",
    )


def _target(action: n.Action) -> n.Name:
    assert isinstance(action, n.Assign)
    return action.target


def _with(rule: n.Rule, actions: tuple[n.Action, ...]) -> str:
    return rule_text(
        n.Rule(None, rule.trigger, rule.window, rule.condition, rule.times, actions, span=rule.span)
    )


def _stop_before(context: Context, rule: n.Rule) -> Iterator[Diagnostic]:
    hook = hook_of(rule)
    if hook is None or not hook.trains or not (hook.begins or hook.name == "train_end"):
        return
    message = f"a stop at `{hook.name}` comes one batch late"
    why = "Keras looks whether to stop only after a batch or an epoch"
    help = f"stop at `{hook.name.replace('begin', 'end')}`"
    if hook.name == "train_end":
        message, why, help = f"a stop at `{hook.name}` changes nothing", "training has ended", ""
    elif hook.name == "train_begin":
        help = ""
    for action in rule.actions:
        if isinstance(action, n.Stop):
            yield context.problem("CBR405", message, action, why=why, help=help)
