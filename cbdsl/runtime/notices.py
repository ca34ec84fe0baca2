"""Rules that send messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cbdsl.runtime.effects import Direct
from cbdsl.runtime.notifying import Failure, Notifier
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.saying import tell


class Notices:
    """Mixed in before `keras.callbacks.Callback`; it stands behind the rules that send messages.

    Args:
        addresses: URLs that apprise knows; the caller's, since a rule file holds none.
    """

    key: ClassVar[str] = "notify"
    effects: Any = Direct()

    def __init__(self, addresses: Sequence[str] = ()) -> None:
        super().__init__()
        self.notifier = Notifier(addresses) if addresses else None

    def on_train_begin(self, logs: Any = None) -> None:
        if self.notifier is None:
            self.effects.reach(_nobody)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.notifier is not None:
            self._tell(self.notifier.failures())

    def on_train_end(self, logs: Any = None) -> None:
        self.close()

    def close(self) -> None:
        """Wait until messages are sent, some seconds at most."""
        if self.notifier is not None:
            self._tell(self.notifier.close())

    def send(self, rule: Any, message: str) -> None:
        """Have a rule's message sent."""
        if self.notifier is None:
            raise ValueError("the caller gave no addresses")
        self.notifier.send(message, f"cbdsl: {rule.name}", rule)

    def _tell(self, failures: Sequence[Failure]) -> None:
        for failure in failures:
            rule = failure.source
            error = RuntimeError(failure.why)
            error.add_note(f"in the rule {rule.name} ({rule.place})")
            rule.effects.failed(rule, "notify", failure.message, error)


def _nobody() -> None:
    tell("warning: nobody is notified: no addresses are given")


class Notifies(Rule):
    """A rule that sends messages.

    Attributes:
        notices: who sends them.
    """

    notices: Any

    def notify(self, message: str) -> None:
        """Send a message to the addresses that the caller gave."""
        self._do("notify", message, self._notify)

    def _notify(self, rule: Any, message: str) -> None:
        self.effects.reach(self.notices.send, rule, message)
