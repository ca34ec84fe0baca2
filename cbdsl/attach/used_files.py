"""Where Keras's own callbacks write: below the run directory, and over nothing of another kind."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from cbdsl.attach.keras_private import look_at_paths
from cbdsl.plan import Plan, UsePlan
from cbdsl.runtime.model_files import beginning, must_be_replaceable
from cbdsl.runtime.places import inside

_FILLED_IN = re.compile(r"\{\w+(?::[^{}]*)?\}")


def check_used(
    plan: Plan, callbacks: Sequence[Any], run_dir: Path, allowed: Collection[str]
) -> None:
    """Look, before training, at what is in the places where Keras's callbacks will write.

    A ModelCheckpoint, which fills in its path, looks at each one again.

    Args:
        plan: the rules'.
        callbacks: those of Keras that they use, in their order.
        run_dir: the run's directory, absolute.
        allowed: other folders in which they may write.

    Raises:
        ValueError: a link leads elsewhere, or there is something that is not theirs.
        OSError: the system does not let one look.
    """
    used = [each for each in plan.callbacks if isinstance(each, UsePlan)]
    for use, callback in zip(used, callbacks, strict=True):
        for name in sorted(use.paths):
            try:
                _check(use.callback, str(use.arguments[name]), run_dir, allowed)
            except ValueError as error:
                raise ValueError(f"{use.named.place}: {use.callback}: {error}") from None
        if use.callback == "ModelCheckpoint":
            look_at_paths(callback, lambda path: _look(path, run_dir, allowed))


def _check(callback: str, path: str, run_dir: Path, allowed: Collection[str]) -> None:
    target = inside(run_dir, _FILLED_IN.sub("x", path), allowed)
    if callback != "ModelCheckpoint":
        _LOOKS.get(callback, _holds_no_links)(target)
        return
    if set("{}") & set(str(run_dir)):
        raise ValueError("the run directory has braces in its name, which Keras fills in")
    if "{" not in path:
        must_be_replaceable(target)


def _look(path: str, run_dir: Path, allowed: Collection[str]) -> None:
    """Raise OSError where a path that is filled in leads elsewhere, or to another kind of file."""
    try:
        below = os.path.relpath(path, run_dir).replace(os.sep, "/")
        must_be_replaceable(inside(run_dir, path if below.startswith("..") else below, allowed))
    except ValueError as error:
        raise PermissionError(str(error)) from error


def _table(target: Path) -> None:
    """A file of CSVLogger begins with the column `epoch`."""
    begin = beginning(target)
    if begin and not re.match(rb"epoch(\W|$)", begin):
        raise ValueError(f"{target.name} is there, and is no log of epochs: it is left as it is")


def _holds_no_links(target: Path) -> None:
    for path in target.rglob("*"):
        if path.is_symlink():
            raise ValueError(f"the folder {target.name} holds a link, {path.name}: take it away")


def _holds_only(is_its_own: Callable[[Path], bool]) -> Callable[[Path], None]:
    """A folder that a callback deletes, or deletes from, holds nothing but its own."""

    def check(target: Path) -> None:
        if not target.exists():
            return
        if not target.is_dir():
            raise ValueError(f"{target.name} is there, and is no folder")
        _holds_no_links(target)
        others = sorted(path.name for path in target.iterdir() if not is_its_own(path))
        if others:
            raise ValueError(
                f"the folder {target.name} holds {others[0]}, and the callback deletes in it: "
                "name a folder of its own"
            )

    return check


_BACKUP = ("latest.weights.h5", "training_metadata.json")

_LOOKS = {
    "CSVLogger": _table,
    "BackupAndRestore": _holds_only(lambda path: path.name.removesuffix(".bkp") in _BACKUP),
    # Orbax says of each of its checkpoints that it is one.
    "OrbaxCheckpoint": _holds_only(lambda path: (path / "_CHECKPOINT_METADATA").is_file()),
}
