"""Rules that save files and keep some of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from cbdsl.runtime.rule import Rule

Saved = tuple[str, float | None]
"""A path, and the value of the metric when it was saved."""


class Keeps(Rule):
    """A rule that keeps some of the files that it saved in this training.

    Attributes:
        kept: those that are there, in the order in which they were saved.
    """

    _counters = (*Rule._counters, "kept")

    def reset(self) -> None:
        super().reset()
        self.kept: tuple[Saved, ...] = ()

    def take_up(self, state: Mapping[str, Any]) -> None:
        super().take_up(state)
        # From a file each comes as a list.
        self.kept = tuple((path, value) for path, value in self.kept)

    def save_newest(self, path: str, count: float) -> None:
        """Save, and delete what this rule saved before the last `count` times."""
        files = [*self._others(path), (path, None)]
        self._save(path, files[-int(count) :])

    def save_best(
        self, path: str, count: float, value: float | None, better: Literal["lower", "higher"]
    ) -> None:
        """Save if `value` is among the best `count` of this rule's files; delete what is not.

        Of equal values the first stays; one that is missing or nan is among no best ones.
        """
        files = [*self.kept, (path, value)]
        known = [file for file in files if file[1] is not None and not math.isnan(file[1])]
        best: dict[str, float | None] = {}
        for name, each in sorted(known, key=lambda file: _rank(file[1], better)):
            best.setdefault(name, each)
        kept = list(best.items())[: int(count)]
        if (path, value) in kept and (path, value) not in self.kept:
            self._save(path, kept)
        else:
            self._place += 1

    def _others(self, path: str) -> list[Saved]:
        return [(name, value) for name, value in self.kept if name != path]

    def _save(self, path: str, files: list[Saved]) -> None:
        self._do("save", path, lambda rule, path: self._replace(path, files))

    def _replace(self, path: str, files: list[Saved]) -> None:
        # First what is new: whatever comes in between, nothing is lost.
        self.effects.save(self, path)
        before, self.kept = self.kept, tuple(files)
        names = {name for name, _ in files}
        for name, _ in before:
            if name not in names:
                self.effects.remove(self, name)


def _rank(value: float | None, better: str) -> float:
    assert value is not None
    return value if better == "lower" else -value
