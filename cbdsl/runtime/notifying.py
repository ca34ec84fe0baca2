"""Messages to the addresses that the caller configured, sent beside the training."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from queue import Empty, SimpleQueue
from typing import Any

EXTRA = 'pip install "cbdsl[notify]"'
"""What installs the package that this needs beyond the base install."""

TIMEOUT = 10.0
"""After so many seconds a message that has not been sent counts as failed."""

MAX_WAITING = 100
"""How many messages may wait to be sent."""

MAX_UNSENT = 10
"""After so many failures in a row an address is given up for this training."""


@dataclass(frozen=True)
class Failure:
    """A message that was not sent: its text, why, and what `send` was given as its source."""

    message: str
    why: str
    source: Any = None


class Notifier:
    """Sends messages through apprise, and never makes wait whoever asks for it.

    A thread takes the messages one after the other and sends each to all addresses at once. It
    begins with the first message and ends with `close`; a message after that begins another. It
    does not keep Python from ending: what then still waits is lost.

    Addresses hold passwords. They are named by number and kind, `address 2 (json)`, and are in no
    text that this class gives, nor does anything reach the log while apprise handles them. Only a
    pickle or a copy takes them along, in the clear, and neither thread nor messages with them.

    Args:
        addresses: URLs that apprise knows, such as `mailto://…` and `ntfy://…`.
        timeout: the seconds that sending one message may take.
        room: how many messages may wait.

    Raises:
        ImportError: apprise is not installed.
        ValueError: apprise refuses some of the addresses, or there is none.
    """

    def __init__(
        self, addresses: Sequence[str], *, timeout: float = TIMEOUT, room: int = MAX_WAITING
    ) -> None:
        if isinstance(addresses, str):
            raise TypeError("addresses are given as a list of strings")
        if not addresses:
            raise ValueError("there is no address to send messages to")
        self.timeout = timeout
        self.room = room
        self._given = tuple(addresses)
        self._addresses = _loaded(self._given, timeout)
        self._worker: _Worker | None = None

    def send(self, message: str, title: str = "", source: Any = None) -> None:
        """Have a message sent; what comes of it is told by `failures`, with its `source`.

        Raises:
            RuntimeError: too many messages wait, or every address is given up.
        """
        if self._worker is None or not self._worker.is_alive():
            self._worker = _Worker(self._addresses, self.timeout)
            self._worker.start()
        if all(address.is_given_up for address in self._addresses):
            raise RuntimeError("every address is given up for this training")
        if self._worker.waiting.qsize() >= self.room:
            raise RuntimeError(f"{self.room} messages wait to be sent already")
        self._worker.waiting.put(_Message(message, title, source))

    def failures(self) -> list[Failure]:
        """The messages found not to be sent since the last call."""
        return self._worker.failed() if self._worker is not None else []

    def close(self, timeout: float = TIMEOUT) -> list[Failure]:
        """Wait until all is sent, though no longer than `timeout` seconds.

        Returns:
            The failures that `failures` has not told, and what was not sent in that time.
        """
        worker, self._worker = self._worker, None
        return worker.end(timeout) if worker is not None else []

    def __getstate__(self) -> dict[str, Any]:
        return {"addresses": self._given, "timeout": self.timeout, "room": self.room}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def __repr__(self) -> str:
        return f"<Notifier: {', '.join(address.name for address in self._addresses)}>"


# -------------------------------------------------------------------------------- sending


@dataclass(frozen=True)
class _Message:
    text: str
    title: str
    source: Any


class _Address:
    """Where messages go, and how that went so far."""

    def __init__(self, name: str, service: Any) -> None:
        self.name = name
        self.service = service
        """An `apprise.Apprise` that holds this address alone."""
        self.failures = 0
        """How many messages in a row it did not get."""
        self.sending: _Sending | None = None
        """What was sent last."""

    @property
    def is_given_up(self) -> bool:
        return self.failures >= MAX_UNSENT

    @property
    def is_busy(self) -> bool:
        """Whether a sending that was given up goes on: a thread cannot be told to end."""
        return self.sending is not None and self.sending.is_alive()


class _Sending(threading.Thread):
    """One message on its way to one address.

    Attributes:
        why: why it was not sent; None if it was.
    """

    def __init__(self, service: Any, message: _Message) -> None:
        super().__init__(name="cbdsl notify", daemon=True)
        self.service = service
        self.message = message
        self.why: str | None = None

    def run(self) -> None:
        with _QUIET.keeping() as logged:
            try:
                if not self.service.notify(
                    body=self.message.text, title=self.message.title, body_format="text"
                ):
                    self.why = _reason(logged)
            except BaseException as error:  # Threading would print it, and it may say anything.
                self.why = f"apprise failed with {type(error).__name__}"


class _Worker(threading.Thread):
    """Sends what waits, in order, until it finds a None."""

    def __init__(self, addresses: Sequence[_Address], timeout: float) -> None:
        super().__init__(name="cbdsl notify", daemon=True)
        self.addresses = addresses
        self.timeout = timeout
        self.waiting: SimpleQueue[_Message | None] = SimpleQueue()
        self._sending: _Message | None = None
        self._failures: deque[Failure] = deque()
        for address in addresses:
            address.failures = 0

    def run(self) -> None:
        while (message := self.waiting.get()) is not None:
            self._sending = message
            self._send(message)
            self._sending = None

    def failed(self) -> list[Failure]:
        return [self._failures.popleft() for _ in range(len(self._failures))]

    def end(self, timeout: float) -> list[Failure]:
        self.waiting.put(None)
        self.join(timeout)
        unsent = []
        with contextlib.suppress(Empty):
            while True:
                unsent.append(self.waiting.get_nowait())
        unsent.insert(0, self._sending)
        self.waiting.put(None)  # It may just have been taken out.
        why = "not sent before the training ended"
        return self.failed() + [Failure(m.text, why, m.source) for m in unsent if m is not None]

    def _send(self, message: _Message) -> None:
        deadline = time.monotonic() + self.timeout
        begun = []
        for address in self.addresses:
            if address.is_given_up:
                continue
            if address.is_busy:
                self._fail(message, address, "it is busy with an earlier message")
                continue
            address.sending = _Sending(address.service, message)
            try:
                address.sending.start()
            except RuntimeError:
                self._fail(message, address, "no thread can be started")
            else:
                begun.append((address, address.sending))
        for address, sending in begun:
            sending.join(max(deadline - time.monotonic(), 0))
            # A server that answers drop by drop is waited for no longer.
            late = f"it was not sent within {self.timeout:g} seconds"
            why = late if sending.is_alive() else sending.why
            address.failures = address.failures + 1 if why else 0
            if why:
                if address.is_given_up:
                    why += f"; it failed {MAX_UNSENT} times in a row and is given up"
                self._fail(message, address, why)

    def _fail(self, message: _Message, address: _Address, why: str) -> None:
        self._failures.append(Failure(message.text, f"{address.name}: {why}", message.source))


# ------------------------------------------------------------------------------- addresses


def _loaded(given: Sequence[str], timeout: float) -> list[_Address]:
    """The addresses as apprise reads them."""
    try:
        import apprise
    except ImportError as error:
        raise ImportError(f"notify needs apprise ({error}): {EXTRA}", name="apprise") from error
    try:
        # Without a time-out of its own, since that takes threads which Python waits for at its
        # end. Older ones have none.
        asset = apprise.AppriseAsset(async_mode=False, service_timeout=0)
    except AttributeError:
        asset = apprise.AppriseAsset(async_mode=False)
    addresses, refused = [], []
    with _QUIET.keeping():
        for number, address in enumerate(given, start=1):
            kind = _kind(address)
            name = f"address {number} ({kind})" if kind else f"address {number}"
            plugin = None
            with contextlib.suppress(Exception):
                plugin = apprise.Apprise.instantiate(address, asset=asset)
            if plugin is None:
                refused.append(f"{name}: {_refusal(kind)}")
                continue
            _limit(plugin, timeout)
            service = apprise.Apprise(asset=asset)
            service.add(plugin)
            addresses.append(_Address(name, service))
    # Not where an error that may quote the address would become its context.
    if refused:
        raise ValueError("; ".join(refused))
    return addresses


def _kind(address: str) -> str | None:
    """The scheme of an address, if it is one that is known: any other may be a secret."""
    from apprise.manager_plugins import NotificationManager

    found = re.match(r"\s*(\w+)://", address) if isinstance(address, str) else None
    kind = found[1].lower() if found else None
    return kind if kind in ("http", "https") or kind in NotificationManager() else None


def _refusal(kind: str | None) -> str:
    """Why apprise gave nothing for an address of this kind."""
    from apprise.manager_plugins import NotificationManager

    services = NotificationManager()
    if kind not in services:
        return "apprise knows no service with such an address"
    if services[kind].enabled:
        return "apprise cannot read it"
    needed = services[kind].requirements["packages_required"]
    packages = [needed] if isinstance(needed, str) else needed
    return f"it needs {' and '.join(packages) or 'what this computer lacks'}"


def _limit(plugin: Any, timeout: float) -> None:
    """Hold a service to the time-out, and keep warnings from naming its host."""
    # A little less, so that of a silent server it ends by itself, and its thread with it.
    limit = 0.9 * timeout
    for name in ("socket_connect_timeout", "socket_read_timeout"):
        # What the address itself says may be shorter.
        setattr(plugin, name, min(vars(plugin).get(name, limit), limit))
    if not plugin.verify_certificate:
        host = re.escape(str(plugin.host))
        warnings.filterwarnings("ignore", f"Unverified HTTPS request .* host '{host}'")


# ---------------------------------------------------------------------------------- quiet


class _Quiet(logging.Filter):
    """Keeps from the log what is logged while addresses are handled, by the thread that does."""

    _LOGGERS = ("apprise", "oauthlib", "requests", "requests_oauthlib", "urllib3")

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.local()

    @contextlib.contextmanager
    def keeping(self) -> Iterator[list[str]]:
        """Gives the list that is filled with what this thread logs inside the block."""
        for name in list(logging.root.manager.loggerDict):
            if name.split(".")[0] in self._LOGGERS:
                logging.getLogger(name).addFilter(self)
        logged: list[str] = []
        self._thread.logged = logged
        try:
            yield logged
        finally:
            self._thread.logged = None

    def filter(self, record: logging.LogRecord) -> bool:
        logged: list[str] | None = getattr(self._thread, "logged", None)
        if logged is None:
            return True
        with contextlib.suppress(Exception):
            logged.append(record.getMessage())
        return False


_QUIET = _Quiet()


def _reason(logged: Sequence[str]) -> str:
    """Why a message was not sent, without anything of what apprise wrote but a number."""
    text = "\n".join(logged)
    if found := re.search(r"\berror=([1-5]\d\d)\b", text):
        status = int(found[1])
        known = status in set(HTTPStatus)
        return f"the server answered {status}" + (f" {HTTPStatus(status).phrase}" if known else "")
    if "onnection error" in text:
        return "no connection, or no answer in time"
    return "apprise could not send it"
