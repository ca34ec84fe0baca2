"""What a rule does fits when it does it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbdsl.catalog.actions import ACTIONS, SETTINGS
from cbdsl.catalog.hooks import Hook
from cbdsl.catalog.optimizer import LIVE
from cbdsl.catalog.optimizer import SETTINGS as OF_OPTIMIZER
from cbdsl.catalog.values import VALUES
from cbdsl.checks.context import Context, and_list, target_name
from cbdsl.checks.metrics import hook_of
from cbdsl.diagnostics import Diagnostic, did_you_mean, only_slip
from cbdsl.formatter import expression, rule_text
from cbdsl.syntax import nodes as n


def check(context: Context) -> Iterator[Diagnostic]:
    yield from _limits(context)
    for rule in context.file.rules:
        for action in rule.actions:
            if isinstance(action, n.Assign):
                yield from _assigned(context, action)
                yield from _scheduled(context, action)
            if isinstance(action, n.Notify):
                yield from _addressed(context, action)
            yield from _at_hook(context, rule, action)
            yield from _retraces(context, rule, action)
        if _by_count(context, rule):
            yield from _mixed(context, rule)
        yield from _waits(context, rule)
        yield from _stop_before(context, rule)


def _by_count(context: Context, rule: n.Rule) -> bool:
    """Whether a rule names epochs or batches, so that its settings act at their start."""
    return not isinstance(rule.trigger, n.On) and context.trigger_unit(rule.trigger) != "time"


def acts_at_start(context: Context, rule: n.Rule) -> bool:
    """Whether a rule acts at the start of the epoch or batch that its trigger names."""
    return _by_count(context, rule) and any(map(is_setting, rule.actions))


def verb(action: n.Action) -> str:
    """The catalog's name of an action."""
    match action:
        case n.Assign(target=n.Setting()):
            return "optimizer"
        case n.Assign(target=target):
            return target.name if target.name in SETTINGS else "set"
        case n.RollBack():
            return "roll back"
        case n.Invoke():
            return "call"
        case _:
            return type(action).__name__.lower()


def is_setting(action: n.Action) -> bool:
    return ACTIONS[verb(action)].setting


def _limits(context: Context) -> Iterator[Diagnostic]:
    """One limit a setting, its bounds constant and in order."""
    seen: set[str] = set()
    for limit in context.file.limits:
        name = limit.target.name
        if name not in SETTINGS:
            help = "write `limit lr from … to …`"
            yield context.problem("CBR207", f"`{name}` has no limit", limit.target, help=help)
        elif name in seen:
            yield context.problem("CBR202", f"the limit of `{name}` is given twice", limit)
        seen.add(name)
        for bound in (limit.low, limit.high):
            if not context.is_constant(bound):
                yield context.problem(
                    "CBR311",
                    "a bound of a limit changes",
                    bound,
                    why="it is made of numbers and parameters alone",
                )
        match limit:
            case n.Limit(low=n.Number() as low, high=n.Number() as high) if low.value > high.value:
                help = f"swap the two: `limit {name} from {high.text} to {low.text}`"
                yield context.problem("CBR307", "the limit's bounds are swapped", limit, help=help)


def _assigned(context: Context, action: n.Assign) -> Iterator[Diagnostic]:
    """What is assigned to is a setting or a variable; one that is true or false takes `=` only."""
    target = action.target
    if isinstance(target, n.Setting):
        return
    let = context.variables.get(target.name)
    if let is None and target.name not in (*SETTINGS, *context.outside):
        yield _no_setting(context, target)
    elif let is not None and isinstance(let.value, n.Truth) and action.op != "=":
        message = f"`{action.op}` is for numbers, and `{target.name}` is true or false"
        help = f"write `{target.name} = …`"
        yield context.problem("CBR301", message, action, help=help)


def _addressed(context: Context, action: n.Notify) -> Iterator[Diagnostic]:
    """A message that is an address."""
    text = "".join(part for part in action.text.parts if isinstance(part, str)).strip()
    if re.fullmatch(r"[^\s@]+@[^\s@]+\.\w+|(https?://|mailto:|slack:|tel:)\S*", text):
        why = "a file holds no addresses; the caller says who is notified"
        help = 'write the message, such as `notify "epoch {epoch}: the loss is {loss}"`'
        message = "an address is no message"
        yield context.problem("CBR109", message, action.text, why=why, help=help)


def _scheduled(context: Context, action: n.Assign) -> Iterator[Diagnostic]:
    """What a schedule sets is not set by a rule too; of the rate there can be a part."""
    name = target_name(action.target)
    if name not in context.scheduled or (name == "lr" and action.op in ("*=", "/=")):
        return
    where = context.source.place(context.scheduled[name].span)
    help = "delete one of the two"
    if name == "lr":
        help = "write `lr *= …`: what the schedule says is multiplied by it from then on"
    message = f"`{name} {action.op} …` beside a schedule of `{name}`"
    why = f"the schedule at {where} sets it again at each of its steps"
    yield context.problem("CBR413", message, action, why=why, help=help)


def _at_hook(context: Context, rule: n.Rule, action: n.Action) -> Iterator[Diagnostic]:
    """Weights change between the events of training, and metrics are recorded during it."""
    hook = hook_of(rule)
    if hook is None:
        return
    why = help = ""
    if ACTIONS[verb(action)].touches_model and not hook.trains:
        why = "weights and optimizer change between the events of training only"
        help = "write `on epoch_end`"
    elif isinstance(action, n.Record) and not _in_epochs(hook):
        why = "what is recorded goes into the logs at an epoch's end"
        help = "record it at an event of an epoch, such as `epoch_end`"
    else:
        return
    message = f"`{verb(action)}` can do nothing at `{hook.name}`"
    yield context.problem("CBR416", message, action, why=why, help=help)


def _in_epochs(hook: Hook) -> bool:
    return hook.name != "train_end" and not hook.name.startswith("predict_")


def _retraces(context: Context, rule: n.Rule, action: n.Action) -> Iterator[Diagnostic]:
    """What Keras traces into its step cannot change at every batch."""
    match action:
        case n.Assign(target=n.Setting(name=name)) if name not in LIVE:
            what = f"optimizer.{name}"
        case n.Freeze() | n.Unfreeze():
            what = verb(action)
        case _:
            return
    hook, trigger = hook_of(rule), rule.trigger
    batches = (
        hook.is_batch
        if hook
        else isinstance(trigger, n.Each | n.Every) and (context.trigger_unit(trigger) == "batch")
    )
    rests = rule.times or any(isinstance(a, n.Wait) for a in rule.actions)
    if batches and not rests:
        yield context.problem(
            "CBR414",
            f"`{what}` in a rule about batches",
            action,
            why="Keras traces its training step again after each such change",
            help="say how often with `then once` or `then at most N times`, or let the rule `wait`",
        )


def _waits(context: Context, rule: n.Rule) -> Iterator[Diagnostic]:
    for second in [action for action in rule.actions if isinstance(action, n.Wait)][1:]:
        help = "delete one of them"
        yield context.problem("CBR409", "a rule waits for one span", second, help=help)


def _no_setting(context: Context, target: n.Name) -> Diagnostic:
    what = context.kind_of(target)
    settable = [*SETTINGS, *context.variables, *context.outside]
    why = f"what a rule can set: {and_list(settable)}"
    if what == "param":
        why = "a parameter keeps its value for the whole training"
    elif target.name in VALUES:
        why = f"`{target.name}` counts what Keras does"
    elif target.name in context.derived:
        why = f"`{target.name}` is a derived metric, computed at every epoch's end"
    help = did_you_mean(target.name, settable)
    put = only_slip(target.name, settable, help)
    if not help and what == "metric" and target.name not in context.derived:
        help = f"for a variable write `let {target.name} = 0` above"
    if target.name.lower() in ("learning_rate", "rate"):
        help, put = "write `lr`", "lr"
    elif target.name in OF_OPTIMIZER:
        put = f"optimizer.{target.name}"
        why, help = "it is a setting of the optimizer", f"write `{put}`"
    message = f"`{target.name}` cannot be set"
    return context.problem("CBR207", message, target, why=why, help=help, put=put)


def _mixed(context: Context, rule: n.Rule) -> Iterator[Diagnostic]:
    """A setting acts at an epoch's start, a stop at its end: one rule cannot do both."""
    settings = [a for a in rule.actions if is_setting(a)]
    known = [(action, ACTIONS[verb(action)]) for action in rule.actions]
    late = [action for action, k in known if not (k.beside_setting or k.setting)]
    if not settings or not late:
        return
    beside = tuple(a for a in rule.actions if a not in late)
    one, two = (_with(rule, actions) for actions in (beside, tuple(late)))
    yield context.problem(
        "CBR401",
        f"`{verb(late[0])}` cannot stand beside `{_setting(settings[0])}` here",
        late[0],
        why="with `every` and `at`, settings act at the start and everything else at the end",
        help=f"write two rules: `{one}` and `{two}`",
    )


def _setting(action: n.Action) -> str:
    return expression(action.target) if isinstance(action, n.Assign) else verb(action)


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
        fails = isinstance(action, n.Fail) and hook.begins
        if isinstance(action, n.Stop) or fails:
            yield context.problem("CBR405", message, action, why=why, help=help)
