"""What to say when a training has ended: why, and a line a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cbdsl.plan.model import Named
from cbdsl.runtime.effects import to_do
from cbdsl.runtime.record import Record

if TYPE_CHECKING:
    from cbdsl.attach.host import Rules


def summary(host: Rules, *, planned: int, interrupted: bool = False) -> list[str]:
    """Lines for people: why training ended, then what each rule did, in the order of the file.

    Args:
        host: the rules.
        planned: how many epochs were planned.
        interrupted: whether Ctrl-C ended it.
    """
    rules = host.program.plan.named
    width = max((len(named.label) for named in rules), default=0)
    first = ending(host, planned, interrupted)
    lines = [f"{n.label:<{width}}  {_done(host, n)}" for n in rules]
    return [first, *lines]


def ending(host: Rules, planned: int, interrupted: bool = False) -> str:
    """Why training ended, as a sentence."""
    stopped, epoch = host.record.stopped, f"epoch {host.trained} of {planned}"
    if interrupted and not host.interrupted:
        return f"Training was interrupted after {epoch}"
    if stopped is not None:
        ends = [a for a in stopped.actions if a.verb in ("stop", "fail")]
        why = next((a.detail for a in ends if a.detail), None)
        verb = "was interrupted" if host.interrupted else "ended"
        verb = "failed" if any(a.verb == "fail" for a in ends) else verb
        name = (
            stopped.rule if stopped.rule == stopped.place else f"{stopped.rule}, {stopped.place},"
        )
        return f"Training {verb} after {epoch}: {name} stopped it{f': {why}' if why else ''}"
    if host.stopped_by:
        return f"Training ended after {epoch}: {host.stopped_by} stopped it"
    if host.trained < planned:
        return f"Training ended after {epoch}; no rule stopped it"
    return f"Training ended: all {planned} epochs are done"


def _done(host: Rules, named: Named) -> str:
    key = named.key
    if key in host.broken:
        return f"switched off: {host.broken[key]}"
    count = host.record.counts.get(key, 0)
    if count:
        times = "once, " if count == 1 else f"{count} times, last "
        epoch = host.record.last[key]
        when = f"in epoch {epoch}" if epoch else "before the first epoch"
        return f"fired {times}{when}{_trouble(host.record, key)}"
    return f"did not fire: {_kept(host, named)}"


def _trouble(record: Record, key: str) -> str:
    """The last action of a rule that failed, if one did."""
    actions = [a for f in record.firings if f.key == key for a in f.actions if a.error]
    return f"; could not {to_do(actions[-1].verb)}: {actions[-1].error}" if actions else ""


def _kept(host: Rules, named: Named) -> str:
    """What kept a rule from firing, as far as its trigger and its metrics tell."""
    if host.trained == 0:
        return "no epoch was trained to its end"
    if named.begins > host.trained:
        return f"it begins with epoch {named.begins}"
    missing = host.expected.missing.get(named.key)
    if missing:
        return "the logs never held " + ", ".join(missing)
    plan = host.program.plan
    if host.interrupts.came is None and any(rule.named == named for rule in plan.answering):
        return "nothing interrupted the training"
    conditions = {s.named.key: s.condition for s in plan.schedules}
    conditions |= {r.named.key: r.condition for r in plan.rules}
    return "its condition was never true" if conditions[named.key] else "its moment never came"
