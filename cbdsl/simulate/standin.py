"""As much of keras as generated code touches."""

from __future__ import annotations

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
    """A learning rate that is a 32-bit number, as Keras's is."""

    def __init__(self, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        return self._rate

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._rate = float32(rate)


class Model:
    """An optimizer, and the flag that ends training."""

    def __init__(self, learning_rate: float) -> None:
        self.optimizer = Optimizer(learning_rate)
        self.stop_training = False


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
