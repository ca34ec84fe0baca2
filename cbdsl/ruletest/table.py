"""What rules saw in the epochs around an expectation that was not met, as a table."""

from __future__ import annotations

from collections.abc import Iterable

from cbdsl.formatter import expression
from cbdsl.plan import RulePlan
from cbdsl.ruletest.run import Failure, Outcome
from cbdsl.runtime.words import text
from cbdsl.simulate import Probe
from cbdsl.syntax import nodes as n

COLUMNS = 10
"""How many epochs, or batches, a table shows."""

_BEFORE = 7
"""How many of them stand before the one that was expected."""

Row = tuple[str, list[str]]


def table(outcome: Outcome, failure: Failure) -> list[str]:
    """Lines of text: the epochs, what was given, and for each rule in question what it saw."""
    rows = _Rows(outcome, failure).rows()
    width = max(len(name) for name, _ in rows)
    widths = [max(map(len, column)) for column in zip(*(cells for _, cells in rows), strict=True)]
    return [
        "  ".join(
            [f"{name:<{width}}", *(f"{c:>{w}}" for c, w in zip(cells, widths, strict=True))]
        ).rstrip()
        for name, cells in rows
    ]


class _Rows:
    def __init__(self, outcome: Outcome, failure: Failure) -> None:
        self.outcome = outcome
        self.done = outcome.done
        self.line = failure.line
        where = failure.line.where if isinstance(failure.line, _EXPECTS) else None
        self.in_epoch = int(where.epochs[0].value) if where and where.batch else None
        wanted = int((where.batch or where.epochs[0]).value) if where else self._first_firing()
        last = self._last()
        first = max(1, min((wanted or last) - _BEFORE, last - COLUMNS + 1))
        self.shown = range(first, min(last, first + COLUMNS - 1) + 1)

    def rows(self) -> list[Row]:
        """One a line: a name, and a cell an epoch (or a batch of the epoch in question)."""
        unit = "epoch" if self.in_epoch is None else f"batch of epoch {self.in_epoch}"
        rows: list[Row] = [(unit, [str(number) for number in self.shown])]
        if self.in_epoch is None:
            rows += [(name, self._logged(name)) for name in self._metrics()]
            if self.outcome.program.plan.sets_rate:
                rates = self.done.rates
                shown = [_number(rates[e - 1]) if e <= len(rates) else "" for e in self.shown]
                rows.append(("lr", shown))
        for rule in self._rules():
            rows += self._of_rule(rule)
        return rows

    def _metrics(self) -> list[str]:
        derived = [metric.metric for metric in self.outcome.program.plan.metrics]
        return [*self.outcome.given, *derived]

    def _logged(self, name: str) -> list[str]:
        logs = self.done.logs
        return [_number(logs[e - 1].get(name)) if e <= len(logs) else "" for e in self.shown]

    def _of_rule(self, rule: RulePlan) -> Iterable[Row]:
        """What a rule saw, what the parts of its condition were, and whether it fired."""
        probes = self._probes(rule.named.key)
        known = {*self.outcome.given, *(m.metric for m in self.outcome.program.plan.metrics)}
        names = dict.fromkeys(name for probe in probes.values() for name in probe.values)
        for name in names:
            if name not in known or self.in_epoch is not None:
                yield name, [_value(probes.get(at), name) for at in self.shown]
        parts = n.parts(rule.condition) if rule.condition is not None else ()
        for place, part in enumerate(parts):
            yield expression(part), [_truth(probes.get(at), place) for at in self.shown]
        fired = self._fired(rule.named.key)
        yield rule.named.label, ["fired" if at in fired else "" for at in self.shown]

    def _rules(self) -> list[RulePlan]:
        """The rules that an expectation is about; none that is a schedule or has its own table."""
        rules = self.outcome.program.plan.rules
        match self.line:
            case n.ExpectRule():
                return [rule for rule in rules if rule.named.name == self.line.rule.name]
            case n.ExpectAction():
                verb = self.line.verb
                return [r for r in rules if any(_verb(a) == verb for a in r.actions)]
            case _:
                fired = self.done.record.counts
                return [r for r in rules if r.named.key in fired and _sets(r, self.line)]

    def _probes(self, key: str) -> dict[int, Probe]:
        """The last probe of each epoch, or of each batch of the epoch in question."""
        probes = [probe for probe in self.done.probes if probe.rule == key]
        if self.in_epoch is None:
            return {probe.epoch: probe for probe in probes}
        return {p.batch: p for p in probes if p.epoch == self.in_epoch and p.batch is not None}

    def _fired(self, key: str) -> set[int | None]:
        firings = [f for f in self.done.record.firings if f.key == key]
        if self.in_epoch is None:
            return {firing.epoch for firing in firings}
        return {firing.batch for firing in firings if firing.epoch == self.in_epoch}

    def _first_firing(self) -> int | None:
        if isinstance(self.line, n.ExpectRule):
            name = self.line.rule.name
            return next((f.epoch for f in self.done.record.firings if f.rule == name), None)
        return None

    def _last(self) -> int:
        if self.in_epoch is None:
            return max(self.outcome.planned, 1)
        batches = [p.batch or 0 for p in self.done.probes if p.epoch == self.in_epoch]
        return max(batches, default=1)


_EXPECTS = (n.ExpectRule, n.ExpectAction, n.ExpectValue)


def _verb(action: n.Action) -> str:
    return type(action).__name__.lower()


def _sets(rule: RulePlan, line: n.Line) -> bool:
    """Whether a rule sets what a value is expected of."""
    return isinstance(line, n.ExpectValue) and any(
        isinstance(action, n.Assign) and action.target.name == line.name.name
        for action in rule.actions
    )


def _value(probe: Probe | None, name: str) -> str:
    return "" if probe is None else _number(probe.values.get(name))


def _number(value: float | None) -> str:
    """A value in as many digits as tell people something."""
    return text(value if value is None else float(f"{value:.6g}"))


def _truth(probe: Probe | None, place: int) -> str:
    if probe is None or not probe.asked:
        return ""
    return {True: "true", False: "false", None: "?"}[probe.parts[place]]
