"""Why each rule of a run fired, or what kept it: the story that a journal tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cbdsl.formatter import expression
from cbdsl.journal import Firing, Journal, Reloaded, Resumed, RuleText
from cbdsl.runtime.words import time_text
from cbdsl.simulate.places import Place
from cbdsl.simulate.seen import Moment, Seen
from cbdsl.why.acts import done
from cbdsl.why.conditions import during, number, reasons
from cbdsl.why.kept import Kept
from cbdsl.why.replayed import MOST_EPOCHS, Replayed

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
        self.source = journal.source or _beside(journal.path)
        self.replayed = Replayed(journal, self.source)
        self.kept = Kept(journal, self.replayed)
        self.counts = journal.counted

    def explained(self) -> Explained:
        notes = []
        if self.replayed.program is None:
            why = "do not compile with this version of cbdsl" if self.source else "are not there"
            notes.append(f"the rules of this run {why}: how near they came is not known")
        elif not self.replayed.has_numbers:
            what = f"epochs that are not between 1 and {MOST_EPOCHS:,}"
            notes.append(f"the journal has {what}: how near its rules came is not known")
        stories = [self._story(rule, ()) for rule in self.journal.rules]
        return Explained(ending(self.journal), (*stories, *self._dropped()), tuple(notes))

    def _dropped(self) -> Iterator[Story]:
        """The stories of rules that others have taken the place of, as far as they go."""
        known = {rule.key for rule in self.journal.rules}
        for place, entry in enumerate(self.journal.entries):
            if not isinstance(entry, Resumed | Reloaded):
                continue
            before = replace(self.journal, entries=self.journal.entries[:place])
            stay = known.union(rule.key for rule in entry.rules)
            gone = [rule for rule in before.rules if rule.key not in stay]
            known.update(rule.key for rule in gone)
            note = f"dropped in epoch {entry.epoch}, when other rules took over"
            telling = _Telling(before) if gone else self
            yield from (telling._story(rule, (note,)) for rule in gone)

    def _story(self, rule: RuleText, notes: tuple[str, ...]) -> Story:
        firings = [firing for firing in self.journal.firings if firing.key == rule.key]
        count = self.counts.get(rule.key, 0)
        seen = self.replayed.seen.get(rule.key)
        broken = [b for b in self.journal.broken if b.key == rule.key]
        notes += tuple(f"switched off in epoch {b.epoch}: {b.error}" for b in broken)
        late = [f for f in self.journal.failed if f.key == rule.key]
        notes += tuple(f"could not {f.verb}: {f.error}" for f in late)
        return Story(
            rule=rule.rule,
            key=rule.key,
            place=rule.place,
            text=rule.text,
            count=count,
            firings=tuple(self._firing(firing, seen) for firing in firings),
            notes=notes,
            kept="" if count else self.kept.words(rule),
            epochs=_epochs(firings, count),
        )

    def _firing(self, firing: Firing, seen: Seen | None) -> tuple[str, tuple[str, ...]]:
        where = during([(firing.epoch, firing.batch)])
        if firing.step is not None:
            where += f" (step {firing.step:,})"
        why = self._why(firing, seen)
        actions = tuple(done(action) for action in firing.actions)
        return f"{where}, after {time_text(firing.time)}" + (f": {why}" if why else ""), actions

    def _why(self, firing: Firing, seen: Seen | None) -> str:
        """The condition with its numbers; else the values that the rule saw."""
        saw = ", ".join(f"{name} {number(value)}" for name, value in firing.values.items())
        if seen is None or seen.rule.condition is None:
            return saw
        moment = _moment(seen, (firing.epoch, firing.batch))
        if moment is not None and moment.probe is not None and firing.batch is None:
            return reasons(seen.rule, moment.probe)
        said = expression(seen.rule.condition)
        return f"{said} ({saw})" if saw else said


def _moment(seen: Seen, place: Place) -> Moment | None:
    return next((m for m in seen.moments if m.place == place and m.mark == "fired"), None)


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
