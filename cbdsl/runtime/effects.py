"""What actions do to the model, the terminal and the run directory."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Collection
from typing import Any

from cbdsl.runtime.arithmetic import float32
from cbdsl.runtime.keras_model import rate, set_rate, setting
from cbdsl.runtime.model_files import write_whole
from cbdsl.runtime.places import allowed_folders, inside
from cbdsl.runtime.saying import harmless, tell


class Direct:
    """Acts at once, and reports what fails on stderr: a callback picked by hand has this one.

    Args:
        run_dir: where files are saved.
        allow: what the caller allows; `path=DIR` is another folder where they may be saved.

    Attributes:
        summarized: whether somebody says at the end of training why it ended.
    """

    summarized = False

    def __init__(self, run_dir: str | os.PathLike[str] = ".", allow: Collection[str] = ()) -> None:
        self.run_dir = run_dir
        self.folders = allowed_folders(allow)

    def fired(self, rule: Any, values: dict[str, Any]) -> None:
        """A rule fires; `values` are those it saw."""

    def done(self, rule: Any, verb: str, detail: Any) -> None:
        """An action was done."""

    def failed(self, rule: Any, verb: str, detail: Any, error: Exception) -> None:
        """An action could not be done; training goes on."""
        shown = f" {detail!r}" if isinstance(detail, str) else ""
        tell(f"\n{rule.place}: could not {to_do(verb)}{shown}: {error}")

    def given_up(self, rule: Any, verb: str, detail: Any, first: bool) -> None:
        """An action that failed too often in a row is not tried; `first`: for the first time."""
        if first:
            told = f"{to_do(verb)} is given up for this training: it failed ten times in a row"
            tell(f"\n{rule.place}: {told}")

    def stop(self, rule: Any, why: str | None) -> None:
        rule.model.stop_training = True
        if why and not self.summarized:
            say(rule, f"{rule.name} ends the training: {why}", sys.stdout)

    def print(self, rule: Any, message: str) -> None:
        say(rule, message, sys.stdout)

    def warn(self, rule: Any, message: str) -> None:
        say(rule, f"warning: {message}", sys.stderr)

    def save(self, rule: Any, path: str) -> None:
        write_whole(rule.model, inside(self.run_dir, path, self.folders))

    def remove(self, rule: Any, path: str) -> None:
        inside(self.run_dir, path, self.folders).unlink(missing_ok=True)

    def reach(self, action: Callable[..., Any], *args: Any) -> Any:
        """Do something to the model, or outside: where there is neither, it is not done."""
        return action(*args)

    def ended(self, error: Exception) -> None:
        """A rule ended the training with an error."""
        raise error

    def elapsed(self, rule: Any) -> float:
        return time.monotonic() - float(rule.started)

    def setting(self, rule: Any, name: str) -> float | None:
        return setting(rule.model, name)

    def rate(self, rule: Any) -> float:
        return rate(rule.model)

    def set_rate(self, rule: Any, new: float | None) -> None:
        if new is None or not math.isfinite(float32(new)):
            raise ValueError(f"the learning rate would be {'missing' if new is None else new}")
        set_rate(rule.model, max(float(new), 0.0))

    def scale_rate(self, rule: Any, new: float, factor: float) -> None:
        """Set a rate, and the factor of the schedule that makes it."""
        self.set_rate(rule, new)
        rule.learning_rate.factor = factor


def writing_to(
    run_dir: str | os.PathLike[str], callbacks: list[Any], allow: Collection[str] = ()
) -> list[Any]:
    """The callbacks, whose rules save files below a directory, or where the caller allows it."""
    effects = Direct(run_dir, allow)
    for callback in callbacks:
        if hasattr(callback, "effects"):
            callback.effects = effects
    return callbacks


def to_do(verb: str) -> str:
    """An action's verb as it stands after `could not`."""
    words = {"lr": "set lr", "set": "set a variable", "optimizer": "set the optimizer"}
    return words.get(verb, verb)


def say(rule: Any, message: str, stream: Any) -> None:
    """Write a line without breaking the progress bar that Keras may be drawing."""
    bar = (rule.params or {}).get("verbose") in (1, "auto")
    before = "" if not bar else "\r\x1b[K" if stream.isatty() else "\n"
    stream.write(f"{before}{harmless(message)}\n")
    stream.flush()
