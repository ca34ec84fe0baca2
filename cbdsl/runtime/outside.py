"""The caller's variables that rules read and set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from cbdsl.runtime.keras_model import backend, sync
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.words import text


class OutsideVariables:
    """Mixed in before `keras.callbacks.Callback`: a `keras.Variable` a name.

    One that is not passed is looked for among the attributes of the model.

    Args:
        passed: what the caller gives, by name; None for what is to be looked for.

    Attributes:
        names: what the rules call them.
    """

    names: ClassVar[tuple[str, ...]]
    key: ClassVar[str] = "variable"

    model: Any

    def __init__(self, passed: Mapping[str, Any]) -> None:
        super().__init__()
        self.passed = passed
        self.variables: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        # A copy of a variable would be another one, which no model reads.
        return vars(self) | {"passed": {}, "variables": {}}

    def on_train_begin(self, logs: Any = None) -> None:
        for name in self.names:
            variable = self.passed.get(name)
            if variable is None:
                variable = getattr(self.model, name, None)
            if variable is None:
                raise ValueError(
                    f"the rules set the variable `{name}`, and nobody passed it (a pickle leaves "
                    f"it behind): give a keras.Variable, as in params={{{name!r}: weight}}, "
                    f"or make it the attribute `{name}` of the model"
                )
            if not hasattr(variable, "assign"):
                kind = type(variable).__name__
                raise ValueError(f"`{name}` is of type {kind}, and rules set a keras.Variable")
            own_variable(self.model, variable)
            self.variables[name] = variable

    def value(self, name: str) -> float | None:
        """What a variable is, None where nobody knows."""
        if name not in self.variables:
            return None
        sync(self.model)
        value = self.variables[name].numpy()
        return None if value is None else float(value)

    def assign(self, name: str, value: float | None) -> None:
        """Set a variable."""
        if value is None or not math.isfinite(value):
            raise ValueError(f"`{name}` would be {text(value)}")
        sync(self.model)
        self.variables[name].assign(value)


def own_variable(model: Any, variable: Any) -> None:
    """Raise ValueError if training would not see what a variable is set to."""
    name = getattr(variable, "name", "")
    if backend(model) == "jax" and model.jit_compile:
        own = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
        if not any(each is variable for each in own):
            raise ValueError(
                f"the model has no variable {name!r}: on JAX a variable that is none of the "
                "model's is a constant of the training step; make it an attribute of a layer"
            )
    if "float" not in str(variable.dtype):
        raise ValueError(
            f"the variable {name!r} is of type {variable.dtype}, and rules set numbers with digits "
            "behind the point: make it a float32"
        )
    if tuple(variable.shape):
        raise ValueError(
            f"the variable {name!r} is no single number: its shape is {variable.shape}"
        )


class SetsVariable(Rule):
    """A rule that sets a variable of the caller's.

    Attributes:
        outside: the variables.
    """

    outside: Any

    def set_outside(self, name: str, value: float | None) -> None:
        """Set one of the caller's variables."""
        self._do("set", (name, value), self._set_outside)

    def _set_outside(self, rule: Any, change: tuple[str, float | None]) -> None:
        self.outside.assign(*change)
