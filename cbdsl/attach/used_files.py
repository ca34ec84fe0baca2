"""Where Keras's own callbacks write: below the run directory, and over nothing of another kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path

from cbdsl.plan import Plan, UsePlan
from cbdsl.runtime.model_files import must_be_replaceable
from cbdsl.runtime.places import inside

_FILLED_IN = re.compile(r"\{[^{}]*\}")


def check_used(plan: Plan, run_dir: Path, allowed: Collection[str]) -> None:
    """Look, before training, at what is in the places where Keras's callbacks will write.

    Args:
        plan: the rules'.
        run_dir: the run's directory.
        allowed: other folders in which they may write.

    Raises:
        ValueError: a link leads elsewhere, or there is something that is not theirs.
    """
    for use in plan.callbacks:
        if not isinstance(use, UsePlan):
            continue
        for name in sorted(use.paths):
            written = str(use.arguments[name])
            try:
                # What is filled in can be anything but a way out.
                target = inside(run_dir, _FILLED_IN.sub("x", written), allowed)
                if use.callback in _LOOKS and "{" not in written:
                    _LOOKS[use.callback](target)
                if use.callback == "ModelCheckpoint" and set("{}") & set(str(run_dir)):
                    raise ValueError(
                        "the run directory has braces in its name, which Keras fills in"
                    )
            except ValueError as error:
                raise ValueError(f"{use.named.place}: {use.callback}: {error}") from None


def _table(target: Path) -> None:
    """A file of CSVLogger begins with the column `epoch`."""
    if not target.exists():
        return
    begin = b"?"
    # A pipe would be waited for without end.
    if target.is_file():
        with target.open("rb") as file:
            begin = file.read(5)
    if begin and begin != b"epoch":
        raise ValueError(f"{target.name} is there, and is no log of epochs: it is left as it is")


def _holds_only(*names: str) -> Callable[[Path], None]:
    """A folder that a callback deletes, or deletes from, holds nothing but its own."""

    def check(target: Path) -> None:
        if not target.exists():
            return
        if not target.is_dir():
            raise ValueError(f"{target.name} is there, and is no folder")
        others = {path.name for path in target.iterdir()} - set(names)
        if others:
            raise ValueError(
                f"the folder {target.name} holds {sorted(others)[0]}, and the callback deletes in "
                "it: name a folder of its own"
            )

    return check


_BACKUP = ("latest.weights.h5", "training_metadata.json")

_LOOKS = {
    "CSVLogger": _table,
    "ModelCheckpoint": must_be_replaceable,
    "BackupAndRestore": _holds_only(*_BACKUP, *(f"{name}.bkp" for name in _BACKUP)),
    "OrbaxCheckpoint": _holds_only(),
}
