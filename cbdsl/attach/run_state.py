"""What a host saves of a run at each epoch's end, and how another host goes on from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from cbdsl.attach.difference import difference, keys_of, params_changed
from cbdsl.attach.keras_private import begin_with, put_random_state, random_state
from cbdsl.attach.model_state import Another, arrays_of, check_model, facts_of, put_into
from cbdsl.journal import Difference
from cbdsl.loading import handed_on
from cbdsl.runtime.record import Done, Firing, Record
from cbdsl.runtime.saying import tell
from cbdsl.runtime.snapshots import WeightSnapshots
from cbdsl.saving import CannotResume, Finished, Saved, StateFolder

if TYPE_CHECKING:
    from cbdsl.attach.host import Rules

_FACTS = frozenset(
    "epoch over stopped elapsed rules params fit members model record broken missing stopped_by "
    "journal".split()
)
"""What every state says beside its arrays."""

_SNAPSHOTS = "snapshots/"
_RANDOM = "random/"


class RunState:
    """The state of a host's run in its folder.

    Args:
        host: the rules.
        run_dir: the run's directory.
        folder: the folder in it, or in one that the host's caller allows.

    Attributes:
        saved: what this training goes on from; None for one that begins afresh.
        is_over: whether that is the end of a training: nothing is left to be done.
        changed: the rules that are others than those of the state.
    """

    def __init__(self, host: Rules, run_dir: str | os.PathLike[str], folder: str) -> None:
        self.host = host
        self.folder = StateFolder(run_dir, folder, host.effects.folders)
        self.saved: Saved | None = None
        self.is_over = False
        self.changed: Difference | None = None
        self.fits = 0
        """Which training of this process this is."""
        self.settings: set[str] = set()
        """The settings of the optimizer that rules set, those of rules that are gone too."""
        self.freezes = False
        """Whether rules change which layers are trained, or did."""
        self._is_said = False
        """Whether it was said that it cannot be written."""

    # --------------------------------------------------------------------------- beginning

    def begin(self) -> bool:
        """Hold the folder and look what is there; whether there is something to go on from.

        Raises:
            CannotResume: it cannot be used, or what is there cannot be taken up.
        """
        check_model(self.host.model)
        self.folder.hold()
        self.fits += 1
        self.saved = self.changed = None
        self.settings, self.freezes, self.is_over = set(), False, False
        if self.folder.finished() is not None and not self.host.keeps_finished:
            tell("the run there is finished: this one begins afresh")
            self.folder.clear()
            return False
        self.saved = self.folder.read()
        if self.saved is None:
            return False
        facts, program = self.saved.facts, self.host.program
        if not facts.keys() >= _FACTS:
            raise CannotResume(
                f"the state in {self.folder.shown} does not hold all that a state does; "
                f"{self.folder.instead}"
            )
        self.is_over = facts["over"]
        if facts["fit"] != self.fits:
            raise CannotResume(
                f"the state in {self.folder.shown} is of training number {facts['fit']} with these "
                f"callbacks, and this is number {self.fits}: give each `fit` callbacks with a run "
                f"directory of their own; {self.folder.instead}"
            )
        self.changed = difference(facts["rules"], keys_of(program.plan))
        self.told = _told(self.changed, [*params_changed(facts["params"], program)])
        if self.host.strict and self.told:
            raise CannotResume(
                f"the rules are not those that {self.folder.shown} was saved with "
                f"({self.told}), and `strict` asks for the same: begin afresh"
            )
        return True

    def take_up(self) -> tuple[int | None, Difference]:
        """Go on from the state: rules, model and optimizer, and the epoch that `fit` begins with.

        Returns:
            Where the journal ended, and what became of the rules.

        Raises:
            CannotResume: it is of another model.
        """
        assert self.saved is not None
        assert self.changed is not None
        host, facts, arrays = self.host, self.saved.facts, self.saved.arrays
        try:
            put_into(host.model, host.program, facts["model"], arrays)
        except (Another, ValueError) as error:
            raise CannotResume(
                f"the state in {self.folder.shown} is not of this model: {error}; "
                f"{self.folder.instead}"
            ) from error
        self.settings |= set(facts["model"]["settings"])
        self.freezes |= facts["model"]["trained"] is not None
        state = handed_on(facts["members"], host.program.plan)
        host.members.take_up(state, elapsed=facts["elapsed"])
        for member in host.members.own:
            if isinstance(member, WeightSnapshots):
                member.take_up_arrays(_below(_SNAPSHOTS, arrays))
        put_random_state(host.model, _below(_RANDOM, arrays))
        host.effects.record = _record(facts["record"])
        host.broken = dict(facts["broken"])
        host.expected.missing = dict(facts["missing"])
        host.stopped_by = facts["stopped_by"]
        host.trained = facts["epoch"]
        host.clock.begin(facts["elapsed"])
        planned = (host.params or {}).get("epochs") or 0
        # What a rule has stopped trains no more: `fit` is left without epochs.
        is_done = facts["stopped"] or self.is_over
        begin_with(host.model, planned if is_done else min(facts["epoch"], planned))
        told = f"this training goes on behind epoch {facts['epoch']}, from {self.folder.shown}"
        if self.is_over:
            told = f"this training is over, as {self.folder.shown} has it: nothing is trained again"
        tell(f"{told}; changed since: {self.told}" if self.told else told)
        return facts["journal"], self.changed

    # ------------------------------------------------------------------------------ saving

    def save(self, position: int | None) -> None:
        """Replace the state by that at an epoch's end.

        That it cannot be written is said once, and training goes on; with `strict` it is raised.

        Args:
            position: where the journal ends.

        Raises:
            OSError: it cannot be written.
        """
        self._try(lambda: self._write(position, over=False))

    def finish(self, how: str) -> None:
        """Save the end of the training, mark the run as finished, and let go of its folder.

        Args:
            how: why it ended, as a sentence.

        Raises:
            OSError: see `save`.
        """
        journal = self.host.journal
        try:
            if not self.is_over:
                position = journal.position() if journal is not None else None
                self._try(lambda: self._write(position, over=True))
            if self.folder.finished() is None:
                self._try(lambda: self.folder.finish(Finished(how)))
        finally:
            self.folder.let_go()

    def _try(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if self.host.strict:
                raise
            self.host.fault("the state", error)
            if not self._is_said:
                tell(f"\n{self.folder.shown}: the state cannot be saved: {error.strerror or error}")
            self._is_said = True
        else:
            self._is_said = False

    def _write(self, position: int | None, *, over: bool) -> None:
        host, plan = self.host, self.host.program.plan
        self.settings |= plan.settings
        self.freezes |= plan.freezes
        facts = {
            "epoch": host.trained,
            "over": over,
            # An interrupt breaks a run off, and does not finish it.
            "stopped": bool(host.model.stop_training) and not host.interrupted,
            "elapsed": host.elapsed,
            "rules": keys_of(plan),
            "params": host.program.params,
            "fit": self.fits,
            "members": host.state(),
            "model": facts_of(host.model, self.settings, freezes=self.freezes),
            "record": _facts_of(host.record) | ({"stopped": None} if host.interrupted else {}),
            "broken": host.broken,
            "missing": host.expected.missing,
            "stopped_by": host.stopped_by,
            "journal": position,
        }
        arrays = arrays_of(host.model, host.program)
        arrays |= {_RANDOM + name: a for name, a in random_state(host.model).items()}
        for member in host.members.own:
            if isinstance(member, WeightSnapshots):
                arrays |= {_SNAPSHOTS + name: a for name, a in member.arrays().items()}
        self.folder.write(Saved(facts, arrays))


def _below(name: str, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays whose names begin so, without it."""
    return {key[len(name) :]: array for key, array in arrays.items() if key.startswith(name)}


def _told(changed: Difference, params: Sequence[str]) -> str:
    """What is another now; empty if all is the same."""
    parts = [("new", changed.new), ("dropped", changed.dropped)]
    told = [f"{what} {', '.join(keys)}" for what, keys in parts if keys]
    return "; ".join([*told, *params])


def _facts_of(record: Record) -> dict[str, Any]:
    """A record as plain data: counts, and of the firings those that a summary asks for."""
    failed = {f.key: f for f in record.firings if any(a.error for a in f.actions)}
    return {
        "counts": record.counts,
        "last": record.last,
        "firings": [asdict(firing) for firing in failed.values()],
        "stopped": record.stopped and asdict(record.stopped),
    }


def _record(facts: dict[str, Any]) -> Record:
    def firing(held: dict[str, Any]) -> Firing:
        return Firing(**held | {"actions": [Done(**action) for action in held["actions"]]})

    return Record(
        [firing(held) for held in facts["firings"]],
        dict(facts["counts"]),
        dict(facts["last"]),
        facts["stopped"] and firing(facts["stopped"]),
    )
