"""`resume from "folder"`: the state of a run, saved at each epoch's end and taken up again."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass

from cbdsl.files import must_be_own, write_whole
from cbdsl.runtime.places import inside
from cbdsl.saving import lock, state_file
from cbdsl.saving.state_file import Saved, Unusable
from cbdsl.source import visible

_STATE = "state.npz"
_FINISHED = "finished.json"
_LOCK = "lock"


class CannotResume(ValueError):
    """A state that is there and cannot be taken up; says why, and how to go on."""


@dataclass(frozen=True)
class Finished:
    """How a run ended that is not to be taken up.

    Attributes:
        how: why it ended, as a sentence.
    """

    how: str


class StateFolder:
    """The folder that a run is taken up from.

    Args:
        run_dir: the run's directory.
        folder: the folder in it, as the rules name it.
        allowed: other folders, absolute, in which it may lie.
    """

    def __init__(
        self, run_dir: str | os.PathLike[str], folder: str, allowed: Collection[str] = ()
    ) -> None:
        self.path = inside(run_dir, folder, allowed)
        self.shown = os.path.join(run_dir, folder)
        """The same for people, as the run's directory was named."""

    def hold(self) -> None:
        """Make the folder, and keep others from training in it.

        Raises:
            CannotResume: another process does, it cannot be written, or holds something else.
        """
        for name in (_STATE, _FINISHED, _LOCK):
            try:
                must_be_own(self.path / name)
            except OSError as error:
                path = os.path.join(self.shown, name)
                raise CannotResume(f"cannot use {path}: {error}; {self.instead}") from error
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock.hold(self.path / _LOCK)
        except lock.InUse as error:
            raise CannotResume(f"{error}: wait for it, or choose another run directory") from error
        except OSError as error:
            reason = error.strerror or error
            raise CannotResume(f"cannot use {self.shown}: {reason}") from error
        with contextlib.suppress(OSError):
            for left in self.path.glob(f".{_STATE}.*"):
                # Of a process that was killed while it wrote.
                left.unlink(missing_ok=True)

    def let_go(self) -> None:
        lock.let_go(self.path / _LOCK)

    def finished(self) -> Finished | None:
        """How the run ended; None for one that goes on, or was never begun.

        Raises:
            CannotResume: what says so cannot be read.
        """
        path = self.path / _FINISHED
        try:
            held = json.loads(path.read_bytes())
            return Finished(visible(held["how"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise CannotResume(f"{path} cannot be read: {self.instead}") from error

    def read(self) -> Saved | None:
        """The state at the end of the last epoch; None if there is none.

        Raises:
            CannotResume: it cannot be read.
        """
        path = self.path / _STATE
        try:
            return state_file.read(path)
        except FileNotFoundError:
            return None
        except Unusable as error:
            raise CannotResume(f"{path} cannot be read: {error}; {self.instead}") from error
        except OSError as error:
            reason = error.strerror or error
            raise CannotResume(f"{path} cannot be read: {reason}; {self.instead}") from error

    @property
    def instead(self) -> str:
        """What to do about a state that cannot be taken up."""
        return f"to begin afresh, delete {self.shown} or choose another run directory"

    def write(self, saved: Saved) -> None:
        """Replace the state, also where its folder was taken away. Raises `OSError`."""
        self.path.mkdir(parents=True, exist_ok=True)
        state_file.write(self.path / _STATE, saved)

    def finish(self, finished: Finished) -> None:
        """Mark the run as one that is not to be taken up. Raises `OSError`."""
        write_whole(
            self.path / _FINISHED,
            json.dumps({"format": 1, **asdict(finished)}).encode(),
            follow=False,
        )

    def clear(self) -> None:
        """Forget the run, as before it began.

        Raises:
            CannotResume: it cannot be deleted.
        """
        # In this order: without its state it is still a finished one.
        for name in (_STATE, _FINISHED):
            try:
                (self.path / name).unlink(missing_ok=True)
            except OSError as error:
                reason = error.strerror or error
                raise CannotResume(f"cannot delete {self.path / name}: {reason}") from error
