"""Writes the journal of a run: what happened, and why, a line each (docs/journal.md)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cbdsl import __version__
from cbdsl.attach.journal_file import JournalFile
from cbdsl.formatter.flat import flattened
from cbdsl.journal import FORMAT, Difference, line
from cbdsl.program import Program
from cbdsl.runtime.record import Firing
from cbdsl.runtime.saying import tell
from cbdsl.saving.lock import InUse

MAX_FIRINGS = 1000
"""How many firings of one rule are written in an epoch; those beyond are counted."""

FLUSH_EVERY = 1.0
"""How long a line waits for an event that writes it, in seconds."""


class Journal:
    """The journal of one training at a time.

    A firing is written when the next one begins or its event is over: what its actions do is
    known only then. Nothing reaches the file before `flush()`; later on what waits is written at
    each epoch's end and at the first event after a second. A file that cannot be written is said
    once, and training goes on.

    Args:
        path: the file.
        strict: an `OSError` is raised instead.
    """

    def __init__(self, path: Path, *, strict: bool = False) -> None:
        self.path = path
        self.file = JournalFile(path)
        self.strict = strict
        self.is_open = False
        """Whether a training began that has not ended."""
        self._reset()

    def _reset(self) -> None:
        self._firing: tuple[Firing, int | None, float] | None = None
        """The firing that goes on, with its step and time, if it is to be written."""
        self._acting: str | None = None
        """The key of the rule that fired last in this event."""
        self._written: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._flushed: float | None = None
        self._is_said = False

    # --------------------------------------------------------------- beginning and going on

    def begin(
        self, program: Program, *, epochs: int | None, batches: int | None, lr: float | None
    ) -> None:
        """A training begins: its journal takes the place of an earlier one."""
        self._reset()
        self.file.begin()
        self.is_open = True
        self._add(
            "run",
            journal=FORMAT,
            cbdsl=__version__,
            at=_now(),
            epochs=epochs,
            batches=batches,
            lr=lr,
            params=program.params,
            **_rules(program),
        )

    def cut_back(self, position: int) -> bool:
        """A training is taken up: the journal goes on behind what `position()` gave.

        What was written later, and half a line, is taken away. False where nothing is left to go
        on from: then it is to `begin`.
        """
        self._reset()
        try:
            self.is_open = self.file.cut_back(position) > 0
        except OSError:
            # What keeps it from being written, if it is not just gone, is said when it is.
            self.is_open = False
        return self.is_open

    def resumed(
        self,
        program: Program,
        *,
        epoch: int,
        epochs: int | None,
        batches: int | None,
        difference: Difference,
    ) -> None:
        """The training goes on with an epoch, counted from 1.

        Args:
            program: the rules, maybe others than before.
            epoch: the first that is trained now.
            epochs: how many are planned.
            batches: how many an epoch has.
            difference: what became of the rules.
        """
        self._add(
            "resumed",
            at=_now(),
            epoch=epoch,
            epochs=epochs,
            batches=batches,
            params=program.params,
            **_rules(program),
            difference=asdict(difference),
        )

    def reloaded(
        self,
        program: Program,
        *,
        epoch: int,
        time: float,
        difference: Difference,
    ) -> None:
        """Other rules take over in the epoch that runs."""
        self._add(
            "reloaded",
            epoch=epoch,
            time=_seconds(time),
            params=program.params,
            **_rules(program),
            difference=asdict(difference),
        )

    def refused(self, problems: Sequence[str], *, epoch: int, time: float) -> None:
        """An edited file is not taken."""
        self._add("refused", epoch=epoch, time=_seconds(time), problems=list(problems))

    # ------------------------------------------------------------------------------- events

    def fired(self, firing: Firing, *, step: int | None, time: float) -> None:
        """A rule fires; its actions are added to `firing` until the event is over."""
        self._write_firing()
        self._acting = firing.key
        count = self._written.get(firing.key, 0)
        if count < MAX_FIRINGS:
            self._written[firing.key] = count + 1
            self._firing = firing, step, time
        else:
            self._counted[firing.key] = self._counted.get(firing.key, 0) + 1

    def failed(self, rule: Any, verb: str, error: Exception, *, time: float) -> None:
        """An action failed; one of the firing that goes on is told of with that."""
        if self._acting != rule.key:
            told = {"rule": rule.name, "key": rule.key, "verb": verb, "error": _words(error)}
            self._add("failed", time=_seconds(time), **told)

    def broke(self, rule: Any, error: Exception, *, time: float) -> None:
        """A rule raised an error and is switched off."""
        told = {"rule": rule.name, "key": rule.key, "error": _words(error)}
        self._add("broken", epoch=rule.epoch, time=_seconds(time), **told)

    def fault(self, what: str, error: Exception, *, epoch: int, time: float) -> None:
        """Something failed that is no rule's action: the state, a callback of Keras's."""
        self._add("fault", epoch=epoch, time=_seconds(time), what=what, error=_words(error))

    def event_over(self) -> None:
        """All rules had their turn at an event."""
        if self._acting is not None:
            self._write_firing()
            self._acting = None
        if self._flushed is not None and time.monotonic() - self._flushed >= FLUSH_EVERY:
            self.flush()

    def epoch(
        self, epoch: int, *, time: float, logs: Mapping[str, Any] | None, lr: float | None
    ) -> None:
        """An epoch, counted from 1, is over; what waits is written."""
        told = {"logs": dict(logs or {}), "lr": lr, "counted": self._counted}
        self._add("epoch", epoch=epoch, time=_seconds(time), **told)
        self._written, self._counted = {}, {}
        self.flush()

    def end(self, how: str, by: str | None, why: str | None, *, epoch: int, time: float) -> None:
        """The training is over.

        Args:
            how: `done`, `stopped`, `failed`, `interrupted` or `error`.
            by: the rule or callback that ended it.
            why: its words.
            epoch: the last that was trained to its end.
            time: in seconds of training.
        """
        if not self.is_open or self._flushed is None:
            return
        counted = {"counted": self._counted} if self._counted else {}
        told = {"how": how, "by": by, "why": why} | counted
        self._add("end", epoch=epoch, time=_seconds(time), **told)
        self.is_open = False
        self.flush()
        self.file.let_go()

    # ------------------------------------------------------------------------------- the file

    def flush(self) -> None:
        """Write what waits."""
        self._flush(safely=False)

    def position(self) -> int | None:
        """How long the file is in bytes, when the disk has all that waits; None if it cannot."""
        return self._flush(safely=True)

    def _flush(self, *, safely: bool) -> int | None:
        if not self.is_open and self._flushed is None:
            # The journal that is there is not this training's.
            return None
        self._write_firing()
        self._flushed = time.monotonic()
        if self.file.is_lost:
            return None
        try:
            size = self.file.write(safely=safely)
        except OSError as error:
            self._lost(error)
            return None
        self._is_said = False
        return size

    def _lost(self, error: OSError) -> None:
        if self.strict:
            raise error
        if isinstance(error, InUse):
            self._say(f"is not written: {error}")
        elif self.file.is_lost:
            self._say("is given up for this training: it could not be written for too long")
        elif not self._is_said:
            self._say(f"cannot be written: {error.strerror or error}")
        self._is_said = True

    def _say(self, what: str) -> None:
        tell(f"\n{self.path}: {what}")

    def _write_firing(self) -> None:
        if self._firing is None:
            return
        (firing, step, time), self._firing = self._firing, None
        self._put(
            kind="firing",
            epoch=firing.epoch,
            batch=firing.batch,
            step=step,
            time=_seconds(time),
            rule=firing.rule,
            key=firing.key,
            place=firing.place,
            values=firing.values,
            actions=[
                {name: value for name, value in vars(action).items() if value is not None}
                for action in firing.actions
            ],
        )

    def _add(self, kind: str, **entry: Any) -> None:
        """A line behind the firing that goes on."""
        self._write_firing()
        self._put(kind=kind, **entry)

    def _put(self, **entry: Any) -> None:
        if self.is_open:
            self.file.add(line(entry))


def _rules(program: Program) -> dict[str, Any]:
    """The rules one by one, and as one text that can be compiled again."""
    rules = [
        {"rule": named.label, "key": named.key, "place": named.place, "text": named.canonical}
        for named in program.plan.named
    ]
    return {"rules": rules, "source": flattened(program.source)}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(time: float) -> float:
    return round(time, 3)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
