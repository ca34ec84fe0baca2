"""SIGINT and SIGTERM, while a training lasts whose rules answer them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, ParamSpec, TypeVar

from cbdsl.attach.running_fit import RunningFit, running_fit
from cbdsl.catalog.hooks import HOOKS
from cbdsl.plan import Plan
from cbdsl.runtime.saying import tell

P = ParamSpec("P")
R = TypeVar("R")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_EVENTS = tuple(HOOKS[name].method for name in ("batch_end", "epoch_end", "train_end"))
_IN_VALIDATION = HOOKS["test_batch_end"].method


class Interrupts:
    """Hears the two signals for the rules of a plan that answer them.

    The first one waits until the host comes to an event and asks `due`. A second one, whether the
    first has been answered or not, ends the training at once, as it would without rules: both
    signals go back to who had them before, and it is handed on there.

    Handlers that were there before are not called for the first signal, but for that of another
    training which this one is a part of. A signal that the process ignores stays ignored.

    Attributes:
        came: the first signal of this training; None if there was none.
        waits: whether it has not been answered yet.
    """

    events: tuple[str, ...]
    """The hooks at which an interrupt is answered."""

    def __init__(self, plan: Plan) -> None:
        self._ask(plan)
        self.came: signal.Signals | None = None
        self.waits = False
        self._hears = False
        self._before: dict[int, Any] = {}
        self._process = 0
        self._fit: RunningFit | None = None

    def _ask(self, plan: Plan) -> None:
        self._place = plan.answering[0].named.place if plan.answering else None
        # Within a validation the model stays as it is.
        validates = () if plan.answers_last else (_IN_VALIDATION,)
        self.events = (*_EVENTS, *validates) if plan.answering else ()

    # ------------------------------------------------------------------------------ the host

    def begin(self) -> None:
        """A training begins: hear the signals, if a rule answers them."""
        self.put_back()
        self.came, self.waits = None, False
        if self._place is None:
            return
        if threading.current_thread() is not threading.main_thread():
            self._cannot("the training does not run in the main thread, and Python hears signals")
            return
        before = {number: _living(number) for number in _SIGNALS}
        if None in before.values():
            self._cannot("something outside of Python hears a signal of this process, and stays")
        self._before = {n: b for n, b in before.items() if b not in (None, signal.SIG_IGN)}
        self._process, self._fit = os.getpid(), running_fit()
        for number in self._before:
            signal.signal(number, self._hear)
        self._hears = True

    def change(self, plan: Plan) -> None:
        """Other rules take over in a training that runs."""
        asked = self._place is not None
        self._ask(plan)
        if self._place is None:
            self.end()
        elif not asked:
            self.begin()

    def due(self, method: str) -> bool:
        """Whether an interrupt is to be answered at this event; asked once."""
        if not self.waits or method not in self.events:
            return False
        self.waits = False
        return True

    def put_back(self) -> None:
        """Give the signals back to who had them."""
        if not self._hears:
            return
        self._hears = False
        # Another thread cannot; what comes then is handed on.
        with contextlib.suppress(ValueError):
            for number, before in self._before.items():
                if signal.getsignal(number) == self._hear:
                    signal.signal(number, before)

    def end(self) -> None:
        """The training is over; a signal that came too late to be answered is handed on."""
        self.put_back()
        late, self.waits = self.waits, False
        if late and self.came is not None and self._outer(self.came) is None:
            self._hand_on(self.came, sys._getframe())

    def _cannot(self, why: str) -> None:
        tell(f"\nwarning: {self._place}: `on interrupt` does nothing here: {why} there")

    # --------------------------------------------------------------------------- the signals

    def _hear(self, number: int, frame: FrameType | None) -> None:
        forked = os.getpid() != self._process
        if not self._hears or not self._is_training(frame) or (forked and number == signal.SIGTERM):
            # The training failed, of which Keras tells nobody; or this is a process that it has
            # started, which would otherwise not end when it is told to.
            self.put_back()
            self._hand_on(number, frame)
        elif self.came is not None:
            self._end_at_once(number, frame)
        else:
            self.came, self.waits = signal.Signals(number), True
            if not forked:
                _say(self.came.name)
            outer = self._outer(number)
            if outer is not None:
                outer._hear(number, frame)

    def _end_at_once(self, number: int, frame: FrameType | None) -> None:
        self.put_back()
        outer = self._outer(number)
        if outer is not None:
            outer._end_at_once(number, frame)
        else:
            self._hand_on(number, frame)

    def _outer(self, number: int) -> Interrupts | None:
        """The training that this one is a part of."""
        theirs = getattr(self._before.get(number), "__self__", None)
        return theirs if isinstance(theirs, Interrupts) and theirs._hears else None

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        """Let happen what would have without rules."""
        before: Callable[[int, FrameType | None], Any] | int = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            signal.signal(number, before)
            signal.raise_signal(number)

    def _is_training(self, frame: FrameType | None) -> bool:
        """Whether the `fit` that the rules belong to still runs, as far as that is known."""
        return self._fit is None or self._fit.is_above(frame)


def gives_back(method: Callable[P, R]) -> Callable[P, R]:
    """What a host does within a training: where it fails, the training ends with it, in order."""

    @functools.wraps(method)
    def done(*args: P.args, **named: P.kwargs) -> R:
        try:
            return method(*args, **named)
        except BaseException as error:
            host: Any = args[0]
            # Keras tells nobody of it.
            host.close(error)
            raise

    return done


def _living(number: int) -> Any:
    """Who hears a signal, when those have given it back whose training failed."""
    handler = signal.getsignal(number)
    while isinstance(owner := getattr(handler, "__self__", None), Interrupts) and not (
        owner._hears and owner._is_training(sys._getframe())
    ):
        handler = owner._before[number]
        signal.signal(number, handler)
    return handler


def _say(name: str) -> None:
    """Tell that the signal was heard; a batch may take long."""
    told = "the rules answer it at the end of this batch or epoch; a second one ends the training"
    line = f"\n{name}: {told}\n"
    # Not through `sys.stderr`, in which the signal may have come.
    with contextlib.suppress(OSError):
        os.write(2, line.encode())
