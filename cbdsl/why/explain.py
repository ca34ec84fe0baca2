"""Why each rule of a run fired, or what kept it: the story that a journal tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cbdsl.formatter import expression
from cbdsl.journal import Broken, Failed, Firing, Journal
from cbdsl.runtime.words import time_text
from cbdsl.simulate import Probe
from cbdsl.simulate.places import Place
from cbdsl.why.acts import done
from cbdsl.why.again import is_same
from cbdsl.why.conditions import during, number, reasons
from cbdsl.why.kept import Kept
from cbdsl.why.replayed import Replayed
from cbdsl.why.segments import Stay, segments, stays

RULES = "rules.cbr"
"""The rules in the folder of a run, where the journal has none."""


@dataclass(frozen=True)
class Story:
    """What one rule did in a run, in words.

    Attributes:
        rule: what people call it.
        key: its key.
        place: where it stands.
        text: what it says.
        count: how often it fired.
        firings: for each firing that was written, the place and why, and its actions.
        notes: what else is to be said: it was switched off, or dropped.
        kept: for a rule that did not fire, what kept it, or how near it came.
        epochs: in which epochs it fired.
    """

    rule: str
    key: str
    place: str
    text: str
    count: int
    firings: tuple[tuple[str, tuple[str, ...]], ...]
    notes: tuple[str, ...]
    kept: str
    epochs: str

    @property
    def label(self) -> str:
        """`plateau (rules.cbr:16)`; without a name the place alone."""
        return self.rule if self.rule == self.place else f"{self.rule} ({self.place})"

    @property
    def paragraph(self) -> str:
        """All of it in some sentences."""
        notes = "".join(f"; {note}" for note in self.notes)
        if not self.count:
            return f"{self.label} did not fire: {self.kept}{notes}"
        often = "once" if self.count == 1 else f"{self.count:,} times"
        text = f"{self.label} fired {often}, {self.epochs}"
        if not self.firings:
            return text + notes
        why, actions = self.firings[-1]
        last = "" if self.count == 1 else "the last time "
        why = why.partition(": ")[2]
        because = f": {last}{why}" if why else (f": {last}".rstrip() if actions else "")
        told = f"; {', '.join(actions)}" if why and actions else f" {', '.join(actions)}"
        return f"{text}{because}{told if actions else ''}{notes}"


@dataclass(frozen=True)
class Explained:
    """What a journal tells.

    Attributes:
        ending: how the run ended.
        stories: of its rules, in the order of the file.
        notes: what is to be known of the explanation itself.
    """

    ending: str
    stories: tuple[Story, ...]
    notes: tuple[str, ...]


def explain(journal: Journal) -> Explained:
    """The story of a run. Reads its rules beside the journal, where that has none."""
    return _Telling(journal).explained()


class _Telling:
    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        parts = segments(journal)
        self.stays = stays(parts)
        beside = "" if all(part.source for part in parts) else _beside(journal.path)
        self.replayed = Replayed(journal, parts, beside)
        self.kept = Kept(journal, self.replayed)
        self.counts = journal.counted
        self.firings = _by_key(journal.firings)
        self.broken = _by_key(journal.broken)
        self.failed = _by_key(journal.failed)

    def explained(self) -> Explained:
        notes = [self.replayed.trouble] if self.replayed.trouble else []
        notes += [f"{f.what} failed in epoch {f.epoch}: {f.error}" for f in self.journal.faults]
        stories = tuple(self._story(stay) for stay in self.stays.values())
        return Explained(ending(self.journal), stories, tuple(notes))

    def _story(self, stay: Stay) -> Story:
        rule = stay.rule
        firings = self.firings[rule.key]
        count = self.counts.get(rule.key, 0)
        notes = [f"switched off in epoch {b.epoch}: {b.error}" for b in self.broken[rule.key]]
        notes += [f"could not {f.verb}: {f.error}" for f in self.failed[rule.key]]
        if stay.dropped is not None:
            notes.insert(0, f"dropped in epoch {stay.dropped}, when other rules took over")
        told = _Firings(self.replayed, rule.key)
        return Story(
            rule=rule.rule,
            key=rule.key,
            place=rule.place,
            text=rule.text,
            count=count,
            firings=tuple(map(told.told, firings)),
            notes=tuple(notes),
            kept="" if count else self.kept.words(stay),
            epochs=_epochs(firings, count),
        )


class _Firings:
    """Tells the firings of a rule.

    Args:
        replayed: what the rules saw.
        key: that of the rule.
    """

    def __init__(self, replayed: Replayed, key: str) -> None:
        past = replayed.past.get(key)
        self.rule = None if past is None else past.seen.rule
        self.saw: dict[Place, Probe] = {}
        """What it saw where it fired, where that is known."""
        if past is not None and not replayed.doubt(key):
            fired = (m for m in past.seen.moments if m.mark == "fired" and m.place[1] is None)
            self.saw = {m.place: m.probe for m in fired if m.probe is not None}

    def told(self, firing: Firing) -> tuple[str, tuple[str, ...]]:
        """Where it was and why, and its actions."""
        where = during([(firing.epoch, firing.batch)])
        if firing.step is not None:
            where += f" (step {firing.step:,})"
        why = self._why(firing)
        actions = tuple(done(action) for action in firing.actions)
        return f"{where}, after {time_text(firing.time)}" + (f": {why}" if why else ""), actions

    def _why(self, firing: Firing) -> str:
        """The condition with its numbers; else the values that the rule saw."""
        saw = ", ".join(f"{name} {number(value)}" for name, value in firing.values.items())
        if self.rule is None or self.rule.condition is None:
            return saw
        probe = self.saw.get((firing.epoch, firing.batch))
        if probe is not None and _agree(probe.values, firing.values):
            return reasons(self.rule, probe)
        said = expression(self.rule.condition)
        return f"{said} ({saw})" if saw else said


def _agree(here: Mapping[str, float | None], there: Mapping[str, Any]) -> bool:
    """Whether a rule saw here what it saw in the run, as far as the journal tells."""
    return all(is_same(here[name], there[name]) for name in here.keys() & there.keys())


_K = TypeVar("_K", Firing, Broken, Failed)


def _by_key(entries: Iterable[_K]) -> Mapping[str, list[_K]]:
    """Entries by the rule they are of."""
    found: defaultdict[str, list[_K]] = defaultdict(list)
    for entry in entries:
        found[entry.key].append(entry)
    return found


def _epochs(firings: Sequence[Firing], count: int) -> str:
    epochs = sorted({firing.epoch for firing in firings})
    told = during((epoch, None) for epoch in epochs)
    more = count - len(firings)
    return f"{told}, {more:,} of them only counted" if more else told


def _beside(path: Path) -> str:
    try:
        return (path.parent / RULES).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def ending(journal: Journal) -> str:
    """How a run ended, as a sentence."""
    planned = "" if journal.planned is None else f" of {journal.planned}"
    trained = max((epoch.epoch for epoch in journal.epochs), default=0)
    end = journal.end
    again = [change.epoch for change in journal.changes if hasattr(change, "at")]
    more = f"; it was taken up again with epoch {' and '.join(map(str, again))}" if again else ""
    if end is None:
        torn = ", and its last line is torn" if journal.is_torn else ""
        told = f"{trained}{planned} epochs are trained, and the journal has no end{torn}"
        return f"{told}: the run was killed, or still goes on{more}"
    behind = f"after epoch {end.epoch}{planned}"
    why = f": {end.why}" if end.why else ""
    by = f": {end.by} stopped it" if end.by else ""
    match end.how:
        case "done":
            told = f"The run is done: all {end.epoch} epochs are trained"
        case "failed":
            told = f"The run failed {behind}{by}{why}"
        case "interrupted":
            told = f"The run was interrupted {behind}{by}{why}"
        case "error":
            told = f"The run broke off {behind}{why}"
        case _:
            told = f"The run ended {behind}{by or '; no rule stopped it'}{why}"
    return told + more
