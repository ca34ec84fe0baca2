"""Metrics that rules ask for and the logs never hold: said once, with the nearest names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cbdsl.diagnostics import did_you_mean
from cbdsl.plan import MetricPlan, RulePlan
from cbdsl.program import Program
from cbdsl.runtime.saying import tell


class Expected:
    """The names that rules read, until the logs of an epoch's end hold them or miss them.

    Keras cannot tell the names before the first epoch is over: compiled metrics are not built, and
    other callbacks may add some. Those of the validation are due with the first validation.

    Args:
        program: the rules.
        strict: a missing name is a ValueError instead of a warning.
        fault: called with what is missing, and an error that says so.
    """

    def __init__(
        self, program: Program, *, strict: bool, fault: Callable[[str, Exception], None]
    ) -> None:
        self.program = program
        self.strict = strict
        self.fault = fault
        self.due: dict[str, str] = {}
        self.there: dict[str, str] = {}
        """Those that came, each with the place of the rule that reads it."""
        self.known: list[str] = []
        self.missing: dict[str, list[str]] = {}
        """The names that never came, by the key of the rule that asks for them."""
        self.begin()

    def begin(self) -> None:
        """Expect everything again, as before training."""
        self.known = []
        self.missing = {}
        self.there = {}
        self.due = {
            name: rule.named.place
            for rule in reversed(self.program.plan.classes)
            for name in self._asked(rule)
        }

    def seen(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Look at the logs of an epoch's end."""
        self.known = sorted(logs)
        for name in logs:
            if name in self.due:
                self.there[name] = self.due.pop(name)
        validated = any(name.startswith("val_") for name in logs)
        elsewhere = self.program.plan.expected
        for name in [n for n in self.there if n not in logs and n not in elsewhere]:
            if validated or not name.startswith("val_"):
                self._gone(name, epoch)
        for name in list(self.due):
            if name not in elsewhere and (validated or not name.startswith("val_")):
                self._missed(name, f"the logs of epoch {epoch + 1} do not hold it")

    def finish(self) -> None:
        """Look at what never came."""
        if self.known:
            for name in list(self.due):
                elsewhere = name in self.program.plan.expected
                self._missed(name, "it never came" if elsewhere else "there was no validation")

    def _gone(self, name: str, epoch: int) -> None:
        place = self.there.pop(name)
        error = ValueError(f"the logs of epoch {epoch + 1} do not hold it any more")
        if self.strict:
            raise ValueError(f"{place}: the metric `{name}` is gone: {error}")
        self.fault(f"the metric `{name}`", error)
        tell(f"\nwarning: {place}: the metric `{name}` is gone: {error}")

    def _missed(self, name: str, why: str) -> None:
        place = self.due.pop(name)
        for rule in self.program.plan.classes:
            if name in self._asked(rule):
                self.missing.setdefault(rule.named.key, []).append(name)
        near = did_you_mean(name, self.known)
        message = (
            f"{place}: the metric `{name}` is missing: {why} "
            f"(they hold {', '.join(self.known)}){'; ' + near if near else ''}"
        )
        if self.strict:
            raise ValueError(message)
        tell(f"\nwarning: {message}")

    def _asked(self, rule: MetricPlan | RulePlan) -> list[str]:
        """The metrics that a rule reads and the file does not make, as the logs name them."""
        made = self.program.plan.made
        validates = isinstance(rule, RulePlan) and rule.acts.metrics == "validation"
        prefix = "val_" if validates else ""
        return [prefix + name for name in rule.reads if name not in made]
