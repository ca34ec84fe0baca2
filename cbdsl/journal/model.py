"""What a journal holds, as data (docs/journal.md says what each thing is)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

FORMAT = 1
"""The format that is written, and the one that is read."""

NAME = "journal.jsonl"
"""What the file is called in the folder of a run."""

Counted = Mapping[str, int]
"""How many firings were counted and not written, by the rule's key."""


class NoJournal(Exception):
    """A file that is no journal, or none that can be read.

    Attributes:
        path: the file.
        reason: what is wrong with it, for people.
    """

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


@dataclass(frozen=True)
class RuleText:
    """A rule as the journal lists it: what people call it, its key, its place and what it says."""

    rule: str
    key: str
    place: str
    text: str


@dataclass(frozen=True)
class Difference:
    """What became of rules, by their keys, where others took over."""

    kept: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """The beginning of a run.

    Attributes:
        version: that of cbdsl.
        at: date and time in UTC.
        epochs: how many were planned, None where nobody said it.
        batches: how many an epoch has; None where Keras does not know.
        lr: the learning rate when training began, before any rule acted.
        params: the parameters' values, by name.
        rules: in the order of the file.
        source: the text of the rules, one for all files; empty where the journal has none.
    """

    version: str
    at: str
    epochs: int | None
    batches: int | None
    lr: float | None
    params: Mapping[str, Any]
    rules: tuple[RuleText, ...]
    source: str


@dataclass(frozen=True)
class Action:
    """What a rule did: its verb, what it was given, and why it failed if it did."""

    verb: str
    detail: Any = None
    error: str | None = None


@dataclass(frozen=True)
class Firing:
    """A rule that fired, with the values it saw, by name, and its actions."""

    epoch: int
    batch: int | None
    step: int | None
    time: float
    rule: str
    key: str
    place: str
    values: Mapping[str, Any]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Epoch:
    """The end of an epoch: its logs by name, the rate it began with, firings only counted."""

    epoch: int
    time: float
    logs: Mapping[str, Any]
    lr: float | None
    counted: Counted


@dataclass(frozen=True)
class Failed:
    """An action that failed when its rule was done: a message that could not be sent."""

    time: float
    rule: str
    key: str
    verb: str
    error: str


@dataclass(frozen=True)
class Broken:
    """A rule that raised an error and was switched off."""

    epoch: int
    time: float
    rule: str
    key: str
    error: str


@dataclass(frozen=True)
class Fault:
    """Something that failed and is no rule's action: `what` says what it was."""

    epoch: int
    time: float
    what: str
    error: str


@dataclass(frozen=True)
class Resumed:
    """A run that was taken up again; `epoch` is the first to be trained then."""

    at: str
    epoch: int
    epochs: int | None
    batches: int | None
    params: Mapping[str, Any]
    rules: tuple[RuleText, ...]
    source: str
    difference: Difference


@dataclass(frozen=True)
class Reloaded:
    """Rules that took over from others in a running training."""

    epoch: int
    time: float
    params: Mapping[str, Any]
    rules: tuple[RuleText, ...]
    source: str
    difference: Difference


@dataclass(frozen=True)
class Refused:
    """An edited file that was not taken, since it has errors."""

    epoch: int
    time: float
    problems: tuple[str, ...]


@dataclass(frozen=True)
class End:
    """The end of the training.

    Attributes:
        epoch: the last that was trained to its end.
        time: in seconds of training.
        how: `done`, `stopped`, `failed`, `interrupted` or `error`.
        by: the rule or callback that ended it.
        why: its words.
        counted: firings of an epoch that has no end.
    """

    epoch: int
    time: float
    how: str
    by: str | None
    why: str | None
    counted: Counted


Entry = Firing | Epoch | Failed | Broken | Fault | Resumed | Reloaded | Refused | End
_E = TypeVar("_E", bound=Entry)


@dataclass(frozen=True)
class Journal:
    """What a journal holds.

    Attributes:
        path: the file it was read from.
        header: its first line.
        entries: the other lines, in their order.
        is_torn: whether the last line is cut off, as a crash leaves it; it is not among them.
    """

    path: Path
    header: Run
    entries: tuple[Entry, ...] = field(repr=False)
    is_torn: bool = False

    @property
    def firings(self) -> list[Firing]:
        return self._all(Firing)

    @property
    def epochs(self) -> list[Epoch]:
        """The epochs that were trained to their end."""
        return self._all(Epoch)

    @property
    def broken(self) -> list[Broken]:
        return self._all(Broken)

    @property
    def failed(self) -> list[Failed]:
        return self._all(Failed)

    @property
    def faults(self) -> list[Fault]:
        return self._all(Fault)

    @property
    def changes(self) -> list[Resumed | Reloaded]:
        """Where other rules may have taken over."""
        return [e for e in self.entries if isinstance(e, Resumed | Reloaded)]

    @property
    def end(self) -> End | None:
        """The end; None where the run was killed or still goes on."""
        last = self.entries[-1] if self.entries else None
        return last if isinstance(last, End) else None

    @property
    def rules(self) -> tuple[RuleText, ...]:
        """The rules that were in force last."""
        return self.changes[-1].rules if self.changes else self.header.rules

    @property
    def source(self) -> str:
        """The text of the rules that were in force last; empty where the journal has none."""
        return self.changes[-1].source if self.changes else self.header.source

    @property
    def params(self) -> Mapping[str, Any]:
        """The parameters' values that were in force last."""
        return self.changes[-1].params if self.changes else self.header.params

    @property
    def planned(self) -> int | None:
        """How many epochs were planned last."""
        resumed = self._all(Resumed)
        return resumed[-1].epochs if resumed else self.header.epochs

    @property
    def counted(self) -> dict[str, int]:
        """How often each rule fired that did, by its key: those only counted as well."""
        counts: dict[str, int] = {}
        for entry in self.entries:
            if isinstance(entry, Firing):
                counts[entry.key] = counts.get(entry.key, 0) + 1
            elif isinstance(entry, Epoch | End):
                for key, count in entry.counted.items():
                    counts[key] = counts.get(key, 0) + count
        return counts

    def _all(self, kind: type[_E]) -> list[_E]:
        return [entry for entry in self.entries if isinstance(entry, kind)]
