"""The host: one Keras callback that owns all rules of a program and calls them in file order."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from cbdsl.attach import journaling
from cbdsl.attach.beginning import Refused, begin_late, begin_schedules, refused
from cbdsl.attach.clock import Clock
from cbdsl.attach.effects import Live
from cbdsl.attach.expected import Expected
from cbdsl.attach.keras_private import begin_with
from cbdsl.attach.reload import WatchedFile, look
from cbdsl.attach.run_state import RunState
from cbdsl.attach.signals import Interrupts, gives_back
from cbdsl.attach.summary import ending
from cbdsl.attach.used import Used
from cbdsl.attach.used_files import check_used
from cbdsl.catalog.hooks import EVENTS, INTERRUPT
from cbdsl.loading import Members, Options, members
from cbdsl.program import Program
from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.notices import Notices
from cbdsl.runtime.record import Record
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.saying import tell
from cbdsl.saving import CannotResume

# Hooks at which the host itself has something to do; the others are bound where a rule has them.
_OWN = {"on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"}
_BATCHES = {"on_train_batch_begin", "on_train_batch_end"}


class Rules(keras.callbacks.Callback):
    """All rules of a program as one callback.

    It travels by pickle, cloudpickle and deepcopy: the program is compiled again on arrival, and
    what the rules remember is taken along. Models and open files are not.

    Attributes:
        program: the compiled rules.
        record: what fired when, in the current or last training.
        trained: the last epoch that was trained to its end, counted from 1.
    """

    def __init__(
        self,
        program: Program,
        *,
        run_dir: str | os.PathLike[str] = ".",
        strict: bool = False,
        allow: Collection[str] = (),
        notify: Sequence[str] = (),
        journal: bool | str | os.PathLike[str] = False,
        watch: bool = False,
    ) -> None:
        super().__init__()
        self.run_dir = run_dir
        self.strict = strict
        self.effects = Live(run_dir, strict, allow)
        self.allow = allow
        self.notify = notify
        self.writes = journal
        self.journal = journaling.journal_of(journal, run_dir, strict=strict)
        self.effects.journal = self.journal
        self.interrupts = Interrupts(program.plan)
        self.began_with: float | None = None
        """The rate that the running epoch began with, where there is a journal."""
        self.file = WatchedFile(program) if watch else None
        """The file of the rules, where an edit of it takes over."""
        self.on_edit: Callable[[Program], object] = lambda program: None
        """Called with rules that have taken over."""
        self.trained = 0
        self.began = False
        """Whether a training began, and was not refused."""
        self.clock = Clock()
        self.stopped_by: str | None = None
        """The callback of Keras, among those the rules use, that ended the training."""
        self.broken: dict[str, str] = {}
        """Rules that raised an error and are switched off for this training, by key."""
        self._epoch = 0
        folder = program.plan.resume
        self.run_state = None if folder is None else RunState(self, run_dir, folder)
        """The state that is saved at each epoch's end, where the rules ask for it."""
        self.keeps_finished = False
        """Whether a finished run is taken up, with no epochs left, and not begun afresh."""
        self._answered_at: str | None = None
        """The hook at which rules answered an interrupt last."""
        self._rule_by(program, self.made(program))

    def made(self, program: Program) -> Members:
        """The rules of a program, as this host makes them."""
        # A function that rules call may change the working directory.
        run_dir = os.path.abspath(self.run_dir)
        options = Options(run_dir, program.outside, self.notify, self.allow)
        return members(program.plan, program.module, options)

    def _rule_by(self, program: Program, made: Members) -> None:
        self.program = program
        self.members = made
        self.members.act_by(self.effects)
        self.expected = Expected(program, strict=self.strict, fault=self.fault)
        self._tells_time = program.plan.reads_clock or self.journal is not None
        self._bind()

    def change_to(self, program: Program, made: Members) -> None:
        """Let other rules take over, that are begun."""
        self._rule_by(program, made)
        self.interrupts.change(program.plan)
        self.on_edit(program)

    @property
    def record(self) -> Record:
        return self.effects.record

    @property
    def interrupted(self) -> bool:
        """Whether a rule that answered an interrupt has stopped the training."""
        stopped = self.record.stopped
        return stopped is not None and stopped.key in {
            rule.named.key for rule in self.program.plan.answering
        }

    @property
    def cut_short(self) -> bool:
        """Whether the epoch was broken off that will be trained again from its beginning."""
        return self.run_state is not None and self.interrupted and self._answered_at in _BATCHES

    @property
    def elapsed(self) -> float:
        """The time in training, in seconds."""
        return self.clock.elapsed

    def fault(self, what: str, error: Exception) -> None:
        """Write down that something failed which is no rule's action."""
        if self.journal is not None:
            self.journal.fault(what, error, epoch=self._epoch + 1, time=self.elapsed)

    def close(self, error: BaseException | None = None) -> None:
        """Let go of what works beside the training; of use where Keras tells of no end.

        Args:
            error: what ended the training, if that did.
        """
        self.interrupts.put_back()
        # What fails now is reported: no training is left that it could end.
        strict, self.effects.strict = self.effects.strict, False
        for member in self.members.own:
            if isinstance(member, Notices):
                member.close()
        if self.journal is not None and self.began:
            self.journal.strict = False
            journaling.over(self, error)
            self.journal.strict = strict
        if self.journal is not None:
            self.journal.file.let_go()
        if self.run_state is not None:
            self.run_state.folder.let_go()
        self.effects.strict = strict

    # ------------------------------------------------------------------------ travel and state

    def state(self) -> dict[str, Any]:
        """What every rule remembers, as plain data, by its key."""
        return self.members.state()

    def take_up(self, state: Mapping[str, Any]) -> None:
        """Let the rules go on from what `state()` gave; those it does not hold begin afresh."""
        self.members.take_up(state)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "run_dir": self.run_dir,
            "strict": self.strict,
            "allow": self.allow,
            "notify": self.notify,
            "journal": self.writes,
            "watch": self.file is not None,
            "state": self.state(),
            "record": self.record,
            "trained": self.trained,
            "broken": self.broken,
            "elapsed": self.elapsed,
            "missing": self.expected.missing,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(  # type: ignore[misc]
            state["program"],
            **{n: state[n] for n in ("run_dir", "strict", "allow", "notify", "journal", "watch")},
        )
        self.take_up(state["state"])
        self.effects.record = state["record"]
        self.trained = state["trained"]
        self.broken = state["broken"]
        self.clock.begin(state["elapsed"])
        self._bind()
        self.expected.missing = state["missing"]

    # ----------------------------------------------------------------------------- dispatch

    def _bind(self) -> None:
        """One function a hook that calls the members having it; none where no member has it."""
        theirs = [member for member in self.members.callbacks if not hasattr(member, "key")]
        self.used = {id(member): Used(self, member) for member in theirs}
        self._calls: dict[str, list[tuple[Any, Callable[..., None]]]] = {
            hook.method: [
                (member, self._hook(member, hook.method))
                for member in self.members.callbacks
                if not _is_default(member, hook.method)
                and getattr(member, "key", None) not in self.broken
            ]
            for hook in EVENTS.values()
        }
        for method, calls in self._calls.items():
            # Keras asks once which there are, and an edit may need any.
            asked = calls or method in self.interrupts.events or self.file is not None
            if asked and method not in _OWN:
                setattr(self, method, self._dispatcher(method))

    def _dispatcher(self, method: str) -> Callable[..., None]:
        # Keras gives the logs by position to some hooks and by name to others.
        def dispatch(*args: Any, **named: Any) -> None:
            self._call(method, *args, **named)

        def at_batch(batch: int, *args: Any, **named: Any) -> None:
            self.effects.at_batch(batch, self._epoch, (self.params or {}).get("steps"))
            try:
                self._call(method, batch, *args, **named)
            finally:
                self.effects.batch = self.effects.step = None

        return at_batch if method in _BATCHES else dispatch

    @gives_back
    def _call(self, method: str, *args: Any, **named: Any) -> None:
        if self.cut_short and method != "on_train_end":
            # Keras still validates. What rules then do to files is not to be undone.
            return
        logs = named.get("logs", args[-1] if args else None)
        if isinstance(logs, dict):
            _make_plain(logs)
        if self._tells_time:
            # Once an event: every rule sees the same time.
            self.effects.now = self.elapsed
        due = self.interrupts.due(method)
        self._answered_at = method if due else self._answered_at
        for member, hook in self._interrupted(method) if due else self._calls[method]:
            try:
                hook(*args, **named)
            except Exception as error:
                if method == "on_train_begin" and hasattr(member, "key"):
                    raise refused(member, error) from error
                # What a callback of Keras raises, but for files, it raises on purpose.
                if not isinstance(member, Rule):
                    raise
                self._broke(member, error)
        if self.journal is not None:
            self.journal.event_over()

    def _interrupted(self, method: str) -> list[tuple[Any, Callable[..., None]]]:
        """What is called at an event at which rules answer an interrupt."""
        hooks = {
            (id(member), each): hook
            for each in (method, INTERRUPT.method)
            for member, hook in self._calls[each]
        }
        asked = self.members.interrupted(method, last=self.program.plan.answers_last)
        return [(m, hooks[id(m), each]) for m, each in asked if (id(m), each) in hooks]

    def _hook(self, member: Any, method: str) -> Callable[..., None]:
        """A member's hook."""
        if id(member) in self.used:
            return self.used[id(member)].hook(method)
        hook: Callable[..., None] = getattr(member, method)
        if method == INTERRUPT.method:
            # It is called with what its event is told of.
            return lambda *args, **named: hook()
        return hook

    def _broke(self, rule: Rule, error: Exception) -> None:
        """A rule that raises is switched off and reported; training goes on."""
        if self.strict:
            error.add_note(f"in the rule {rule.name} ({rule.place})")
            raise error
        self.broken[rule.key] = f"{type(error).__name__}: {error}"
        if self.journal is not None:
            self.journal.broke(rule, error, time=self.effects.now)
        tell(
            f"\n{rule.place}: the rule is switched off for this training, since it failed: "
            f"{self.broken[rule.key]}"
        )
        for method, calls in self._calls.items():
            self._calls[method] = [call for call in calls if call[0] is not rule]

    # ----------------------------------------------------------------------- Keras's hooks

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for member in self.members.callbacks:
            member.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for member in self.members.callbacks:
            member.set_model(model)

    @gives_back
    def look(self) -> None:
        """Let an edit of the rules' file take over, as an epoch begins and before all else."""
        if self.file is not None:
            look(self, self.file)

    @gives_back
    def rate(self, epoch: int, lr: float) -> float:
        """The schedule: the rate of the epoch that begins, counted from 0."""
        epochs = (self.params or {}).get("epochs")
        self.effects.now = self.elapsed
        for schedule in self.members.schedules:
            if schedule.key not in self.broken:
                try:
                    lr = float32(schedule.rate(epoch, lr, epochs))
                except Exception as error:
                    self._broke(schedule, error)
        return lr

    @gives_back
    def on_train_begin(self, logs: Any = None) -> None:
        self.began = False
        try:
            self._begin(logs)
        except BaseException:
            if self.run_state is not None:
                self.run_state.folder.let_go()
            raise
        self.began = True

    def _begin(self, logs: Any) -> None:
        self.effects.record = Record()
        self.effects.failure = None
        self.trained = 0
        self.stopped_by = None
        self.broken = {}
        self.expected.begin()
        self._bind()
        self.clock.begin()
        run_dir = self.effects.run_dir = Path(self.run_dir).absolute()
        resumed = self._takes_up()
        begin_schedules(self.members.schedules, self.model)
        if self.program.plan.needs_run_dir:
            used = [one.callback for one in self.used.values()]
            try:
                check_used(self.program.plan, used, run_dir, self.effects.folders)
            except (OSError, RuntimeError, ValueError) as error:
                raise Refused(str(error)) from error
            run_dir.mkdir(parents=True, exist_ok=True)
        if resumed:
            self._go_on(logs)
        else:
            journaling.begin(self)
            self._call("on_train_begin", logs)
        if self.journal is not None:
            self.journal.flush()
        self.interrupts.begin()

    def _takes_up(self) -> bool:
        """Whether this training goes on from a saved state."""
        try:
            return self.run_state is not None and self.run_state.begin()
        except CannotResume as error:
            raise Refused(str(error)) from error

    def _go_on(self, logs: Any) -> None:
        """Begin as far as a training that goes on does: what rules do at its beginning is done."""
        assert self.run_state is not None
        # A file that a callback of Keras would begin anew is left as it is, if nothing follows.
        over = self.run_state.is_over
        for member in self.members.own if over else self.members.callbacks:
            begin_late(member, logs)
        try:
            position, difference = self.run_state.take_up()
        except CannotResume as error:
            raise Refused(str(error)) from error
        self._bind()
        if not over:
            journaling.go_on(self, position, epoch=self.trained + 1, difference=difference)

    @gives_back
    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.run_state is not None:
            begin_with(self.model, None)
        self._epoch = epoch
        self._call("on_epoch_begin", epoch, logs)
        if self.journal is not None:
            self.began_with = journaling.learning_rate(self)
            # The epoch may be long, and no rule act in it.
            self.journal.flush()

    @gives_back
    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.cut_short:
            return
        self.expected.seen(epoch, logs or {})
        self._call("on_epoch_end", epoch, logs)
        # Now, and not before: what fails at an epoch's end fails in that epoch.
        self.trained = epoch + 1
        position = journaling.epoch_over(self, logs)
        if self.run_state is not None:
            # Last of all, so that no change of this event is lost.
            self.run_state.save(position)

    @gives_back
    def on_train_end(self, logs: Any = None) -> None:
        if self.run_state is None or not self.run_state.is_over:
            self._call("on_train_end", logs)
            self.expected.finish()
            journaling.over(self)
        if self.run_state is not None:
            begin_with(self.model, None)
            if self.interrupted:
                self.run_state.folder.let_go()
            else:
                self.run_state.finish(ending(self, (self.params or {}).get("epochs") or 0))
        self.interrupts.end()
        if self.effects.failure is not None:
            raise self.effects.failure


def _make_plain(logs: dict[str, Any]) -> None:
    """Numbers that other callbacks took from NumPy or a backend become Python's, as Keras's are."""
    for name, value in logs.items():
        if type(value) not in (float, int) and getattr(value, "shape", None) == ():
            logs[name] = float(value)


def _is_default(member: Any, method: str) -> bool:
    """Whether a rule or a callback of Keras leaves a hook as Keras has it."""
    # Some of Keras's own still go by the older names of the batch hooks, which the others call.
    names = (method, method.replace("_train_batch_", "_batch_"))
    kind = keras.callbacks.Callback
    return all(getattr(type(member), n, None) is getattr(kind, n, None) for n in names)
