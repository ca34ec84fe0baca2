"""Where a run goes on that was broken off, and which run that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cbdsl.program import Program
from cbdsl.saving import CannotResume, StateFolder
from cbdsl.train import begun, rundir
from cbdsl.train.begun import Begun
from cbdsl.train.errors import TrainError

__all__ = ["AlreadyFinished", "Start", "clear", "find_start", "find_unfinished"]


class AlreadyFinished(Exception):
    """The run that would be taken up is finished; says how it ended."""


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Attributes:
        folder: the run's folder; None for a new one of `runs`.
        epochs: how many epochs are done.
        begun: what the run was begun with that goes on; None for one that begins, or is older.
        again: whether the folder holds a run that is to be cleared away as this one begins.
    """

    folder: Path | None
    epochs: int = 0
    begun: Begun | None = None
    again: bool = False


def find_start(program: Program, run_dir: Path | None, name: str, *, again: bool) -> Start:
    """The folder of a run and how far it is. Nothing is changed.

    Args:
        program: the rules; without `resume` every run begins afresh.
        run_dir: the folder that the user names; else the newest `runs/NAME-N` with a state.
        name: what the run is called.
        again: whether to begin afresh all the same.

    Raises:
        AlreadyFinished: the run is.
        TrainError: the folder cannot be used, or its state not taken up.
    """
    resume = program.plan.resume
    if resume is None:
        if run_dir is not None:
            rundir.check_free(run_dir, program)
        return Start(run_dir)
    folder = run_dir or next(_with_state(name, resume, None), None)
    if folder is None or (again and run_dir is None):
        return Start(None)
    held = _begun(folder, None)
    try:
        state = StateFolder(folder, resume, program.leave.folders)
        if not state.path.exists():
            rundir.check_free(folder, program)
            return Start(folder)
        # From here on, so that no other process changes what is decided on.
        state.hold()
        if again:
            return Start(folder, again=True)
        finished = state.finished()
        if finished is not None:
            raise AlreadyFinished(f"{folder} is finished: {finished.how}; --again begins afresh")
        saved = state.read()
    except (CannotResume, ValueError) as error:
        raise TrainError(str(error)) from error
    if saved is None:
        return Start(folder)
    # What else is wrong with it is said when it is taken up.
    epoch = saved.facts.get("epoch")
    return Start(folder, epoch if isinstance(epoch, int) else 0, held)


def find_unfinished(program: Program, run_dir: Path | None, name: str, script: str) -> Start:
    """The folder of a run of a script: one whose script has not ended, or else a free one.

    Args:
        program: the rules; without `resume` every run begins afresh.
        run_dir: the folder that the user names; else the newest `runs/NAME-N` of this script.
        name: what the run is called.
        script: what the script is called.

    Raises:
        AlreadyFinished: the folder that the user names holds a run whose script has ended.
        TrainError: it holds something else.
    """
    resume = program.plan.resume
    folder = run_dir or (next(_with_state(name, resume, script), None) if resume else None)
    held = _begun(folder, script) if folder is not None and resume else None
    if held is None:
        if folder is not None and not (resume and (folder / resume).is_dir()):
            rundir.check_free(folder, program)
        return Start(folder)
    if not held.ended:
        return Start(folder, begun=held)
    if run_dir is None:
        return Start(None)
    raise AlreadyFinished(f"{folder} is finished: {script} ended; choose another --run-dir")


def clear(folder: Path, program: Program) -> None:
    """Forgets the run in a folder, as before it began; what its rules saved stays.

    Args:
        folder: the run's folder.
        program: rules that say where in it the state is.

    Raises:
        TrainError: it cannot be deleted.
    """
    try:
        if program.plan.resume is not None:
            state = StateFolder(folder, program.plan.resume, program.leave.folders)
            state.clear()
    except CannotResume as error:
        raise TrainError(str(error)) from error
    rundir.clear(folder)


def _begun(folder: Path, script: str | None) -> Begun | None:
    """What the run in a folder was begun with; raises a TrainError if it is of another script."""
    held = begun.read(folder)
    if held is not None and held.script != script:
        whose = f"of {held.script} under cbdsl run" if held.script else "of cbdsl train"
        raise TrainError(f"{folder} holds the run {whose}: choose another --run-dir")
    return held


def _with_state(name: str, resume: str, script: str | None) -> Iterator[Path]:
    """The folders of runs of this name and script that hold a state, the newest first."""
    parent = Path("runs")
    number = re.compile(rf"{re.escape(name)}-(\d+)")
    found = [
        (int(match[1]), path)
        for path in (parent.iterdir() if parent.is_dir() else ())
        if (match := number.fullmatch(path.name))
        and (path / resume).is_dir()
        and not path.is_symlink()
    ]
    for _, path in sorted(found, reverse=True):
        held = begun.read(path)
        if script == (held and held.script):
            yield path
