"""The other half of the programs, for a second worker; and runtimes made wrong are found out."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from agreement import differing
from test_agreement import test_compiled_rules_do_what_is_read

from cbdsl import runtime
from cbdsl.runtime.windows import Window

__all__ = ["test_compiled_rules_do_what_is_read"]

PROGRAMS = 600
"""Among so many programs a wrong runtime must show; with the right one they agree."""

Method = Callable[..., Any]


def _longer(method: Method) -> Method:
    return lambda self, span: method(self, span + 1)


def _never(method: Method) -> Method:
    return lambda self: None


def _no(method: Method) -> Method:
    return lambda self: False


def _missing_is_nan(method: Method) -> Method:
    return lambda self, x: method(self, math.nan if x is None else x)


def _twice(method: Method) -> Method:
    def fed(self: Any, x: float | None) -> Any:
        method(self, x)
        return method(self, x)

    return fed


def _at_once(method: Method) -> Method:
    def fed(self: Any, value: float | None, level: float | None) -> None:
        if self.past is None:
            self.past = False
        method(self, value, level)

    return fed


WRONG: dict[str, tuple[type, str, Callable[[Method], Method]]] = {
    "stalls holds one later": (runtime.Stalls, "holds_for", _longer),
    "stalls does not restart": (runtime.Stalls, "restart", _never),
    "for holds one later": (runtime.Held, "holds_for", _longer),
    "for does not restart": (runtime.Held, "restart", _never),
    "a missing value counts in a window": (Window, "feed", _missing_is_nan),
    "a value enters an average twice": (runtime.Ema, "feed", _twice),
    "the first value may cross a level": (runtime.Crosses, "feed", _at_once),
    "no rule waits": (runtime.Rule, "waiting", _no),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_runtime_is_found(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, wrong = WRONG[what]
    monkeypatch.setattr(where, name, wrong(getattr(where, name)))
    difference, _ = differing((f"1/{i}" for i in range(PROGRAMS)), cut=False)
    assert difference
    assert "raises" not in difference
