"""The `fit` that a training runs in, and whether it still does: a failing one tells nobody."""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Iterator
from types import FrameType
from typing import Any


class RunningFit:
    """A call of `fit`, known again as long as it lasts.

    Args:
        frame: of the call. It is not held, since it holds the data that are trained on.
    """

    def __init__(self, frame: FrameType) -> None:
        self._frame = id(frame), frame.f_code
        # A later frame may get the same `id`, but not while this one's own objects are there.
        self._own: weakref.ref[Any] | None = None
        with contextlib.suppress(TypeError):
            self._own = weakref.ref(frame.f_locals.get("callbacks"))

    def is_above(self, frame: FrameType | None) -> bool:
        """Whether what happens in a frame happens within this call."""
        if self._own is not None and self._own() is None:
            return False
        return any((id(each), each.f_code) == self._frame for each in _frames(frame))


def running_fit() -> RunningFit | None:
    """The innermost `fit` that runs; None in a loop of the caller's own."""
    fits = (frame for frame in _frames(sys._getframe()) if frame.f_code.co_name == "fit")
    frame = next(fits, None)
    return None if frame is None else RunningFit(frame)


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back
