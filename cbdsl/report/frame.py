"""The horizontal axis that all drawings share: a column an epoch, of the same width."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cbdsl.report import words
from cbdsl.report.model import TURNS, Run

WIDE = 1000
"""The width of a stretched drawing in its own units."""

_FEW = 40
"""So many epochs get a mark each; where there are more, marks that touch are one."""

_NARROW = 235
"""The width in pixels that labels must not overlap in: a small phone's."""

_LETTER = 6.2
"""About how wide a letter of a label is, in pixels."""


@dataclass(frozen=True)
class Frame:
    """The epochs from `first` to `last`."""

    first: int
    last: int

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def share(self, epoch: float) -> float:
        """Where the middle of an epoch's column is, from 0 to 1; before the first it is 0."""
        # First, since a whole number may be larger than those with a fraction can be.
        near = min(max(epoch, self.first - 1), self.last + 1)
        return min(max((near - self.first + 0.5) / self.count, 0.0), 1.0)

    def at(self, epoch: float) -> str:
        """The same in percent, as SVG takes it."""
        return f"{short(100 * self.share(epoch))}%"

    def x(self, epoch: float) -> str:
        """The same in units of a stretched drawing."""
        return short(WIDE * self.share(epoch))

    @property
    def is_dense(self) -> bool:
        """Whether there are so many epochs that each cannot have marks of its own."""
        return self.count > _FEW


def short(value: float) -> str:
    """A coordinate with two decimals at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


class Mark(NamedTuple):
    """Firings drawn as one mark: from which epoch to which, and how often each rule fired."""

    first: int
    last: int
    fired: Counter[str]


def marks(frame: Frame, fired: Sequence[tuple[int, str, int]]) -> list[Mark]:
    """The marks of firings, each an epoch, a rule and how often."""
    by_epoch: dict[int, Counter[str]] = {}
    for epoch, rule, count in fired:
        by_epoch.setdefault(max(epoch, frame.first - 1), Counter())[rule] += count
    reach = 1 + frame.count // 200 if frame.is_dense else 0
    found: list[Mark] = []
    for epoch in sorted(by_epoch):
        if found and epoch - found[-1].last <= reach:
            found[-1].fired.update(by_epoch[epoch])
            found[-1] = found[-1]._replace(last=epoch)
        else:
            found.append(Mark(epoch, epoch, by_epoch[epoch]))
    return found


class Turn(NamedTuple):
    """Where the course of a training changed: an epoch, and by which rules or what."""

    epoch: float
    names: tuple[str, ...]


def turns(run: Run, frame: Frame) -> list[Turn]:
    """Where rules changed the course, and where the run was resumed or its rules were edited.

    A rule that does so in every other epoch is routine and has no turns.
    """
    by_rule: dict[str, dict[int, str]] = {}
    final = set()
    for fired in run.firings:
        verbs = {action.verb for action in fired.actions if not action.error}
        if verbs & TURNS and fired.epoch > 0:
            by_rule.setdefault(fired.key, {})[fired.epoch] = fired.rule
            if verbs & {"stop", "fail"}:
                final.add((fired.key, fired.epoch))
    most = min(max(3, frame.count // 2 - 1), 12)
    by_epoch: dict[float, list[str]] = {}
    for key, epochs in by_rule.items():
        for epoch, rule in epochs.items():
            if len(epochs) <= most or (key, epoch) in final:
                by_epoch.setdefault(epoch, []).append(rule)
    for epoch, what in run.changes:
        by_epoch.setdefault(epoch - 0.5, []).append(what)
    return [Turn(epoch, tuple(by_epoch[epoch])) for epoch in sorted(by_epoch)]


def labels(frame: Frame, found: Sequence[Turn]) -> list[tuple[Turn, str, str]]:
    """The turns that there is room to name, the rare ones first: with text and anchor."""
    common = Counter(turn.names for turn in found)
    taken: list[tuple[float, float]] = []
    named = []
    for turn in sorted(found, key=lambda turn: (common[turn.names], -turn.epoch)):
        text = words.cut(", ".join(turn.names), 22)
        width, centre = len(text) * _LETTER, frame.share(turn.epoch) * _NARROW
        begins, anchor = centre - width / 2, "middle"
        if begins + width > _NARROW:
            begins, anchor = centre - width, "end"
        elif begins < 0:
            begins, anchor = centre, "start"
        ends = begins + width + _LETTER
        if begins >= 0 and all(ends <= start or begins >= end for start, end in taken):
            taken.append((begins, ends))
            named.append((turn, text, anchor))
    return named
