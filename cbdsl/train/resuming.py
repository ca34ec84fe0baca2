"""Where a run goes on that was broken off, and which run that is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cbdsl.program import Program
from cbdsl.saving import CannotResume, StateFolder
from cbdsl.train import rundir
from cbdsl.train.errors import TrainError

__all__ = ["AlreadyFinished", "Start", "find_start", "find_unfinished"]


class AlreadyFinished(Exception):
    """The run that would be taken up is finished; says how it ended."""


@dataclass(frozen=True)
class Start:
    """Where a run begins.

    Attributes:
        folder: the run's folder; None for a new one of `runs`.
        epochs: how many epochs are done.
        goes_on: whether the folder holds the run already.
    """

    folder: Path | None
    epochs: int = 0
    goes_on: bool = False


def find_start(program: Program, run_dir: Path | None, name: str, *, again: bool) -> Start:
    """The folder of a run and how far it is.

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
    folder = run_dir or next(_with_state(name, resume), None)
    if folder is None or (again and run_dir is None):
        return Start(None)
    return _in(folder, resume, program, again)


def find_unfinished(program: Program, run_dir: Path | None, name: str) -> Path | None:
    """The folder of a run of a script: one that goes on, or else what the user names, if anything.

    Raises:
        TrainError: the folder holds something else.
    """
    resume = program.plan.resume
    if run_dir is not None:
        if resume is None or not (run_dir / resume).is_dir():
            rundir.check_free(run_dir, program)
        return run_dir
    for folder in _with_state(name, resume) if resume else ():
        state = StateFolder(folder, resume or "")
        return folder if state.finished() is None else None
    return None


def _in(folder: Path, resume: str, program: Program, again: bool) -> Start:
    try:
        state = StateFolder(folder, resume)
        if not state.path.exists():
            rundir.check_free(folder, program)
            return Start(folder)
        # From here on, so that no other process changes what is decided on.
        state.hold()
        if again:
            state.clear()
            rundir.clear(folder)
            return Start(folder, goes_on=True)
        finished = state.finished()
        if finished is not None:
            raise AlreadyFinished(f"{folder} is finished: {finished.how}; --again begins afresh")
        saved = state.read()
    except (CannotResume, ValueError) as error:
        raise TrainError(str(error)) from error
    return Start(folder, 0 if saved is None else saved.facts["epoch"], goes_on=True)


def _with_state(name: str, resume: str, parent: Path = Path("runs")) -> Iterator[Path]:
    """The folders of runs of this name that hold a state, the newest first."""
    number = re.compile(rf"{re.escape(name)}-(\d+)")
    found = [
        (int(match[1]), path)
        for path in (parent.iterdir() if parent.is_dir() else ())
        if (match := number.fullmatch(path.name)) and (path / resume).is_dir()
    ]
    return (path for _, path in sorted(found, reverse=True))
