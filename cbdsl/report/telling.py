"""From the journal of a run to what its page shows."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from cbdsl.journal import (
    Broken,
    End,
    Epoch,
    Failed,
    Fault,
    Firing,
    Journal,
    Refused,
    Reloaded,
    Resumed,
    RuleText,
)
from cbdsl.report import words
from cbdsl.report.model import Logged, Note, Rule, Run, Value
from cbdsl.runtime.effects import to_do

_FARTHEST = 10**9
"""An epoch beyond it is none that anybody trained."""


def told(journal: Journal, *, name: str, kept: Mapping[str, str] | None = None) -> Run:
    """The run of a journal.

    Args:
        journal: what was read.
        name: what the run is called.
        kept: what kept rules from firing, by their keys, where that is known.
    """
    teller = _Teller(journal)
    for key, rule in teller.rules.items():
        rule.kept = (kept or {}).get(key)
    return Run(
        name=name,
        journal=journal.path.name,
        version=journal.header.version,
        began=journal.header.at,
        planned=journal.planned,
        params=journal.params,
        rules=tuple(teller.rules.values()),
        epochs=tuple(teller.epochs[number] for number in sorted(teller.epochs)),
        entries=tuple(teller.entries),
        unwritten=teller.unwritten.total(),
        changes=tuple(
            (_near(change.epoch), "resumed" if isinstance(change, Resumed) else "edited")
            for change in journal.changes
        ),
        ending=journal.end,
    )


class _Teller:
    """Goes through the entries, one after the other."""

    def __init__(self, journal: Journal) -> None:
        self.rules: dict[str, Rule] = {}
        self.epochs: dict[int, Logged] = {}
        self.entries: list[Firing | Note] = []
        self.unwritten: Counter[str] = Counter()
        self.now = 0
        """The last epoch that is over."""
        self.params = journal.header.params
        self._take(journal.header.rules, None)
        for entry in journal.entries:
            self._hear(entry)

    def _hear(self, entry: object) -> None:
        match entry:
            case Firing():
                self._fired(entry)
            case Epoch():
                self._logged(entry)
            case End():
                self._count_unwritten(entry.counted, entry.epoch)
            case Failed():
                rule = self._rule(entry.key, entry.rule)
                rule.error = f"could not {to_do(entry.verb)}: {entry.error}"
                self._note(self.now, entry.time, rule.label, rule.error, bad=True)
            case Broken():
                rule = self._rule(entry.key, entry.rule)
                rule.broken = entry.error
                text = f"switched off: {entry.error}"
                self._note(entry.epoch, entry.time, rule.label, text, bad=True)
            case Fault():
                self._note(entry.epoch, entry.time, entry.what, f"failed: {entry.error}", bad=True)
            case Resumed():
                self._take(entry.rules, entry.epoch)
                text = f"from epoch {entry.epoch} on, {moment(entry.at)}"
                text += "; " + self._changed(entry)
                self._note(entry.epoch, None, "resumed", text)
            case Reloaded():
                self._take(entry.rules, entry.epoch)
                self._note(entry.epoch, entry.time, "rules edited", self._changed(entry))
            case Refused():
                text = "\n".join(entry.problems)
                self._note(entry.epoch, entry.time, "edited rules not taken", text, bad=True)

    def _note(
        self, epoch: int, time: float | None, about: str, text: str, *, bad: bool = False
    ) -> None:
        self.entries.append(Note(epoch, time, about, text, bad))

    def _fired(self, firing: Firing) -> None:
        rule = self._rule(firing.key, firing.rule, firing.place)
        self.entries.append(firing)
        self._count(rule, firing.epoch, 1)
        for action in firing.actions:
            if action.error:
                rule.error = f"could not {to_do(action.verb)}: {action.error}"

    def _logged(self, epoch: Epoch) -> None:
        self.now = number = _near(epoch.epoch)
        logs = {name: _number(value) for name, value in epoch.logs.items()}
        self.epochs[number] = Logged(number, epoch.time, logs, _number(epoch.lr))
        self._count_unwritten(epoch.counted, number)

    def _count_unwritten(self, counted: Mapping[str, int], epoch: int) -> None:
        for key, count in counted.items():
            self._count(self._rule(key, key), epoch, count)
            self.unwritten[key] += count

    def _count(self, rule: Rule, epoch: int, count: int) -> None:
        rule.count += count
        rule.last = max(rule.last, _near(epoch))
        rule.by_epoch[_near(epoch)] += count

    # ------------------------------------------------------------ rules

    def _rule(self, key: str, label: str, place: str = "") -> Rule:
        """The rule of a key; one that no list of rules has is made of what is told of it."""
        return self.rules.setdefault(key, Rule(label, key, place, ""))

    def _take(self, given: Sequence[RuleText], epoch: int | None) -> None:
        """Rules that are in force from an epoch on; those that are not any more are kept apart."""
        old, self.rules = self.rules, {}
        for one in given:
            rule = old.pop(one.key, None)
            if rule is None:
                rule = Rule(one.rule, one.key, one.place, one.text)
                rule.course = None if epoch is None else f"new in epoch {epoch}"
            elif rule.is_dropped:
                rule.is_dropped, rule.course = False, f"back in epoch {epoch}"
            rule.label, rule.place, rule.text = one.rule, one.place, one.text
            self.rules[one.key] = rule
        for rule in old.values():
            if not rule.is_dropped:
                rule.is_dropped, rule.course = True, f"dropped in epoch {epoch}"
        self.rules |= old

    def _changed(self, change: Resumed | Reloaded) -> str:
        """Which rules are new and which are gone, and which parameters are others, in words."""
        before, self.params = self.params, change.params
        params = [f"{n} = {v}" for n, v in change.params.items() if before.get(n, v) != v]
        said = (
            ("new", self._labels(change.difference.new)),
            ("dropped", self._labels(change.difference.dropped)),
            ("param", params),
        )
        told = [f"{what}: {words.listed(names)}" for what, names in said if names]
        return "; ".join(told) or "the rules are the same"

    def _labels(self, keys: Iterable[str]) -> list[str]:
        # A schedule, or a derived metric, is not among the rules.
        return [
            self.rules[key].label if key in self.rules else key.rpartition(":")[0] or key
            for key in keys
        ]


def _near(epoch: int) -> int:
    """An epoch as charts can show it; 0 is before the first."""
    return min(max(epoch, 0), _FARTHEST)


def _number(value: object) -> Value:
    """A value of the logs as a number, None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def moment(at: str) -> str:
    """A date and time in UTC as people write it."""
    day, _, clock = at.removesuffix("Z").partition("T")
    return f"{day} {clock[:5]} UTC" if clock else at
