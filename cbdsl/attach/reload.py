"""A rule file that is edited while a training runs: checked, then taken over as a whole or not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cbdsl.attach.beginning import begin_late, begin_schedules
from cbdsl.attach.difference import difference, keys_of, params_changed
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.diagnostics import CbrError, Diagnostic, render
from cbdsl.loading import Members, handed_on
from cbdsl.plan import Plan, UsePlan
from cbdsl.program import Program, read_file
from cbdsl.runtime.keras_model import release_settings
from cbdsl.runtime.notices import Notices
from cbdsl.runtime.saying import tell
from cbdsl.runtime.snapshots import WeightSnapshots
from cbdsl.source import SourceFile

if TYPE_CHECKING:
    from cbdsl.attach.host import Rules

_SETTLES = 0.05
"""How long a file stays as it is that nobody writes just now, in seconds."""

_LOOKS = 20
"""How often it is looked at for that; it is taken with the next epoch if it has not settled."""


@dataclass(frozen=True)
class Unusable:
    """An edit that is not taken, and why: diagnostics, or a sentence."""

    problems: tuple[Diagnostic, ...] = ()
    why: str = ""


class WatchedFile:
    """The file that rules came from.

    Args:
        program: the rules.

    Raises:
        ValueError: they came from no file.
    """

    def __init__(self, program: Program) -> None:
        source = program.source
        if source.path is None:
            raise ValueError("watch needs the rules of a file, and these are a text: pass a Path")
        self.path: Path = source.path
        self.name = source.name
        self._refused: SourceFile | Unusable | None = None
        """What the file held when it was refused last."""

    def edited(self, program: Program) -> Program | Unusable | None:
        """The rules of the file if they are others than those that run; an edit is refused once."""
        found = self._read()
        for _ in range(_LOOKS):
            if found == program.source:
                self._refused = None
            if found in (program.source, self._refused):
                return None
            time.sleep(_SETTLES)
            earlier, found = found, self._read()
            if found == earlier:
                break
        else:
            return None
        self._refused = found
        if isinstance(found, Unusable):
            return found
        try:
            return program.edited(found)
        except CbrError as error:
            return Unusable(tuple(error.diagnostics))

    def _read(self) -> SourceFile | Unusable:
        try:
            return read_file(self.path, self.name)
        except CbrError as error:
            return Unusable(tuple(error.diagnostics))
        except OSError as error:
            return Unusable(why=f"{self.name}: cannot be read: {error.strerror or error}")


def look(host: Rules, file: WatchedFile) -> None:
    """Let an edit of the file take over, all of it or nothing; called as an epoch begins.

    Rules that are as they were go on with what they remember, the others begin afresh. Callbacks of
    Keras that the rules use are not touched.
    """
    edit = file.edited(host.program)
    if isinstance(edit, Program):
        edit = _trouble(host, edit) or _take_over(host, edit)
    if edit is not None:
        _refuse(host, edit)


def _trouble(host: Rules, new: Program) -> Unusable | None:
    """Why rules cannot take over in a running training, as far as the rules tell."""
    old, file = host.program, new.source.name
    if used := _uses(old.plan) ^ _uses(new.plan):
        name = min(used)[0]
        instead = KERAS_CALLBACKS[name].instead if name in KERAS_CALLBACKS else ""
        rule = f"; a rule can be changed: `{instead}`" if instead else ""
        return Unusable(
            why=f"{file}: a callback that the rules `use` stays as it is while a training runs, "
            f"and {name} was changed{rule}"
        )
    if old.plan.resume != new.plan.resume:
        return Unusable(why=f"{file}: `resume` stays as it is while a training runs")
    if host.strict and (
        keys_of(old.plan) != keys_of(new.plan) or [*params_changed(old.params, new)]
    ):
        return Unusable(why=f"{file}: with `strict` the rules stay those that training began with")
    return None


def _uses(plan: Plan) -> set[tuple[str, str]]:
    """The callbacks of Keras, each with its arguments."""
    used = (each for each in plan.callbacks if isinstance(each, UsePlan))
    return {(each.callback, repr((place, each.arguments))) for place, each in enumerate(used)}


def _refuse(host: Rules, edit: Unusable) -> None:
    """Say why an edit is not taken; the rules that run go on."""
    said = [render(problem) for problem in edit.problems] or [edit.why]
    end = f"the rules of {host.program.source.name} go on as they were before this edit"
    _say([*(each + "\n" for each in said), end])
    if host.journal is not None:
        problems = [str(problem) for problem in edit.problems] or [edit.why]
        host.journal.refused(problems, epoch=host.trained + 1, time=host.elapsed)


def _take_over(host: Rules, program: Program) -> Unusable | None:
    """Let other rules take over; why they cannot, where they fail to begin."""
    old = host.program
    try:
        made = _begun(host, program)
    except BaseException as error:
        release_settings(host.model, but=old.plan.settings)
        if not isinstance(error, Exception):
            raise
        return Unusable(why=f"{program.source.name}: {error}")
    release_settings(host.model, but=program.plan.settings)
    replaced = host.members
    host.change_to(program, made)
    for member in replaced.own:
        if isinstance(member, Notices):
            member.close()
    epoch = host.trained + 1
    for warning in program.diagnostics:
        _say([render(warning)])
    _say([f"{program.source.name} was edited: its rules take over with epoch {epoch}"])
    for line in _changes(old, program):
        tell(f"  {line}")
    if host.journal is not None:
        changed = difference(keys_of(old.plan), keys_of(program.plan))
        host.journal.reloaded(program, epoch=epoch, time=host.elapsed, difference=changed)
    return None


def _begun(host: Rules, program: Program) -> Members:
    """The rules of a program, as far as if training had begun with them."""
    old, made = host.members, host.made(program)
    # Those of Keras are the same, in the same order.
    theirs = iter([member for member in old.callbacks if member not in old.own])
    own = made.own
    made = replace(made, callbacks=[m if m in own else next(theirs) for m in made.callbacks])
    begin_schedules(made.schedules, host.model)
    for member in own:
        member.set_params(host.params)
        member.set_model(host.model)
        begin_late(member)
    made.take_up(handed_on(host.state(), program.plan), elapsed=host.elapsed)
    arrays = [member.arrays() for member in old.own if isinstance(member, WeightSnapshots)]
    for member in own:
        if isinstance(member, WeightSnapshots) and arrays:
            member.take_up_arrays(arrays[0])
    return made


def _changes(old: Program, new: Program) -> Iterator[str]:
    """What became another: a line each."""
    before, now = old.statements, new.statements
    lines = [f"- {statement}" for statement in before if statement not in now]
    lines += [f"+ {statement}" for statement in now if statement not in before]
    yield from lines or ["no rule is another one"]


def _say(lines: list[str]) -> None:
    tell("\n" + "\n".join(lines))
