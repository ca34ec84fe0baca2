"""As much of keras as generated code touches."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from cbdsl.runtime.arithmetic import float32


class Callback:
    """`keras.callbacks.Callback`: what it is given, and hooks that do nothing."""

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self.model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self.model = model


class LearningRateScheduler(Callback):
    """`keras.callbacks.LearningRateScheduler`: holds its function."""

    def __init__(self, schedule: Any) -> None:
        super().__init__()
        self.schedule = schedule


class Optimizer:
    """A learning rate that is a 32-bit number, as Keras's is, and settings.

    Args:
        learning_rate: the rate when training begins.
        settings: the other settings, by name; those that are not given are missing.
    """

    variables: tuple[Any, ...] = ()
    built = True

    def __init__(self, learning_rate: float, settings: Mapping[str, float] | None = None) -> None:
        self.learning_rate = learning_rate
        for name, value in (settings or {}).items():
            setattr(self, name, float32(value))

    @property
    def learning_rate(self) -> float:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._rate = float32(rate)


class Model:
    """An optimizer, and the flag that ends training; it has no weights."""

    weights: tuple[Any, ...] = ()
    metrics: tuple[Any, ...] = ()
    metrics_variables: tuple[Any, ...] = ()
    trainable_variables: tuple[Any, ...] = ()
    built = True

    def __init__(self, learning_rate: float, settings: Mapping[str, float] | None = None) -> None:
        self.optimizer = Optimizer(learning_rate, settings)
        self.stop_training = False


class Variable:
    """As much of a `keras.Variable` as rules touch: a 32-bit number, or None where it is not known.

    Args:
        value: what it is when training begins.
    """

    shape = ()
    dtype = "float32"

    def __init__(self, value: float | None = None) -> None:
        self.value = None if value is None else float32(value)

    def assign(self, value: float) -> None:
        self.value = float32(value)

    def numpy(self) -> float | None:
        return self.value


class Inert(Callback):
    """Any other callback of Keras: it is made, and does nothing."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__()


class _Callbacks:
    Callback = Callback
    LearningRateScheduler = LearningRateScheduler

    def __getattr__(self, name: str) -> type[Inert]:
        return Inert


keras = SimpleNamespace(callbacks=_Callbacks())
