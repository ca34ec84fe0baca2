"""Triggers and windows to conditions on Keras's counters."""

from __future__ import annotations

import ast

from cbdsl.codegen.expressions import python
from cbdsl.codegen.scope import Scope
from cbdsl.plan.model import Count, Gate


def gate(asked: Gate, scope: Scope) -> list[ast.expr]:
    """What must all hold for a gate to be open."""
    conditions = _Gates(scope)
    shares = any(count.is_share for count in asked.counts)
    guard = [f"{scope.value('epochs')} is not None"] if shares else []
    return [python(code) for code in guard + conditions.of(asked)]


def _factor(count: str) -> str:
    """A count as the right side of a division."""
    return f"({count})" if "*" in count else count


class _Gates:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def of(self, asked: Gate) -> list[str]:
        counts = [self._count(count) for count in asked.counts]
        begins = self.scope.hook is None or self.scope.hook.begins
        match asked.kind:
            case "each":
                return ["step > before"]
            case "every" if asked.counter == "epoch":
                return self._every_epochs(counts[0], begins)
            case "every" if asked.counter == "time":
                return [f"elapsed // {_factor(counts[0])} > earlier // {_factor(counts[0])}"]
            case "every":
                return self._every_steps(counts[0], begins)
            case "at" if asked.counter == "epoch":
                return [self._at_epochs(asked.counts, counts, begins)]
            case "at":
                return [" or ".join(f"before < {count} <= step" for count in counts)]
            case _:
                return [self._window(asked, counts)]

    def _every_epochs(self, count: str, begins: bool) -> list[str]:
        # At its start Keras's epoch is the number of those done, at its end one less.
        if begins:
            return ["epoch > 0", f"epoch % {count} == 0"]
        return [f"(epoch + 1) % {count} == 0"]

    def _every_steps(self, count: str, begins: bool) -> list[str]:
        if begins:
            return ["step > 1", f"(step - 1) // {count} > (before - 1) // {count}"]
        return [f"step // {count} > before // {count}"]

    def _at_epochs(self, asked: tuple[Count, ...], counts: list[str], begins: bool) -> str:
        plain = [c for c, a in zip(counts, asked, strict=True) if not a.is_share]
        shares = [c for c, a in zip(counts, asked, strict=True) if a.is_share]
        choices = []
        if len(plain) == 1:
            choices.append(f"epoch + 1 == {plain[0]}")
        elif plain:
            choices.append(f"epoch + 1 in ({', '.join(plain)})")
        between = "epoch <= {} < epoch + 1" if begins else "epoch < {} <= epoch + 1"
        least = [a.value for a in asked if a.is_share and not a.param]
        if not begins and not (len(least) == len(shares) and all(least)):
            # The first epoch's end at or past 0 % is that of epoch 1.
            between = "epoch < max({}, 1) <= epoch + 1"
        choices += [between.format(share) for share in shares]
        return " or ".join(choices)

    def _window(self, asked: Gate, counts: list[str]) -> str:
        now = self.scope.now(asked.counter)
        # `after 2` begins with epoch 3, which Keras calls 2.
        keras = asked.counter == "epoch" and self.scope.has_epoch
        keras = keras and not any(count.is_share for count in asked.counts)
        match asked.kind:
            case "after":
                return f"epoch >= {counts[0]}" if keras else f"{now} > {counts[0]}"
            case "until":
                return f"epoch < {counts[0]}" if keras else f"{now} <= {counts[0]}"
            case _:
                return f"{counts[0]} <= {now} <= {counts[1]}"

    def _count(self, count: Count) -> str:
        plain = self.scope.amount(count)
        if not count.is_share:
            return plain
        self.scope.helpers.add("share")
        return f"share({plain}, {self.scope.value('epochs')})"
