"""Keras's own callbacks among the rules: what of theirs concerns a training that goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cbdsl.runtime.rule import MAX_FAILURES
from cbdsl.runtime.saying import tell

if TYPE_CHECKING:
    from cbdsl.attach.host import Rules


class Used:
    """One of them.

    An error of the system, such as a full disk, is said and written down, and training goes on;
    after ten in a row the callback is left out of this training. Before it has begun, and with
    `strict`, it is raised.

    Args:
        host: whose member it is.
        callback: the callback.
    """

    def __init__(self, host: Rules, callback: Any) -> None:
        self.host = host
        self.callback = callback
        self.name = f"Keras's {type(callback).__name__}"
        self.failures = 0
        """How often in a row it failed."""

    def hook(self, method: str) -> Callable[..., None]:
        """A hook of it, which also notes that it stops the training."""
        hook: Callable[..., None] = getattr(self.callback, method)
        host = self.host

        def noting(*args: Any, **named: Any) -> None:
            if self.failures >= MAX_FAILURES:
                return
            before = host._model is not None and host._model.stop_training
            try:
                hook(*args, **named)
            except OSError as error:
                if host.strict or method == "on_train_begin":
                    raise
                self._failed(error)
            else:
                # Hooks at batches mostly have nothing to do.
                self.failures = 0 if method == "on_epoch_end" else self.failures
            if host._model is not None and host._model.stop_training and not before:
                host.stopped_by = self.name

        return noting

    def _failed(self, error: OSError) -> None:
        self.failures += 1
        self.host.fault(self.name, error)
        tell(f"\n{self.name} failed, and training goes on: {error.strerror or error}")
        if self.failures == MAX_FAILURES:
            tell(f"{self.name} is given up for this training: it failed ten times in a row")
