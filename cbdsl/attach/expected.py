"""Metrics that rules ask for and the logs never hold: said once, with the nearest names."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from cbdsl.diagnostics import did_you_mean
from cbdsl.plan import RulePlan
from cbdsl.program import Program


class Expected:
    """The names that rules read, until the logs of an epoch's end hold them or miss them.

    Keras cannot tell the names before the first epoch is over: compiled metrics are not built, and
    other callbacks may add some. Those of the validation are due with the first validation.

    Args:
        program: the rules.
        strict: a missing name is a ValueError instead of a warning.
    """

    def __init__(self, program: Program, *, strict: bool) -> None:
        self.program = program
        self.strict = strict
        self.due: dict[str, str] = {}
        self.known: list[str] = []
        self.missing: dict[str, list[str]] = {}
        """The names that never came, by the key of the rule that asks for them."""
        self.begin()

    def begin(self) -> None:
        """Expect everything again, as before training."""
        self.known = []
        self.missing = {}
        self.due = {
            name: rule.named.place
            for rule in reversed(self.program.plan.rules)
            for name in _asked(rule)
        }

    def seen(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Look at the logs of an epoch's end."""
        self.known = sorted(logs)
        for name in logs:
            self.due.pop(name, None)
        validated = any(name.startswith("val_") for name in logs)
        for name in list(self.due):
            if validated or not name.startswith("val_"):
                self._missed(name, f"the logs of epoch {epoch + 1} do not hold it")

    def finish(self) -> None:
        """Look at what never came."""
        if self.known:
            for name in list(self.due):
                self._missed(name, "there was no validation")

    def _missed(self, name: str, why: str) -> None:
        place = self.due.pop(name)
        for rule in self.program.plan.rules:
            if name in _asked(rule):
                self.missing.setdefault(rule.named.key, []).append(name)
        near = did_you_mean(name, self.known)
        message = (
            f"{place}: the metric `{name}` is missing: {why} "
            f"(they hold {', '.join(self.known)}){'; ' + near if near else ''}"
        )
        if self.strict:
            raise ValueError(message)
        sys.stderr.write(f"\nwarning: {message}\n")


def _asked(rule: RulePlan) -> list[str]:
    """The metrics that a rule reads, as the logs of an epoch call them."""
    prefix = "val_" if rule.acts.metrics == "validation" else ""
    return [prefix + name for name in rule.reads]
