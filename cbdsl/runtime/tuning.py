"""Rules that change the optimizer's settings, and which layers are trained."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from cbdsl.runtime.keras_model import (
    freeze,
    prepare_layers,
    prepare_settings,
    release_settings,
    set_setting,
    unfreeze,
)
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.words import text


class SetsOptimizer(Rule):
    """A rule that changes settings of the optimizer.

    Attributes:
        settings: their names.
    """

    settings: ClassVar[tuple[str, ...]] = ()

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self.effects.reach(prepare_settings, self.model, self.settings)

    def on_train_end(self, logs: Any = None) -> None:
        super().on_train_end(logs)
        self.effects.reach(release_settings, self.model)

    def set_setting(self, name: str, value: float | None) -> None:
        """Change a setting, so that the next batch is trained with it."""
        self._do("optimizer", (name, value), self._set_setting)

    def _set_setting(self, rule: Any, change: tuple[str, float | None]) -> None:
        name, value = change
        if value is None:
            raise ValueError(f"`optimizer.{name}` would be missing, since it is off or not there")
        if not math.isfinite(value):
            raise ValueError(f"`optimizer.{name}` would be {text(value)}")
        self.effects.reach(set_setting, self.model, name, value)


class Freezes(Rule):
    """A rule that freezes layers, or unfreezes some.

    Attributes:
        frozen: the patterns of the layers that it freezes, as far as they are known.
        unfrozen: those of the layers that it unfreezes.
    """

    frozen: ClassVar[tuple[str, ...]] = ()
    unfrozen: ClassVar[tuple[str, ...]] = ()

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        self.effects.reach(prepare_layers, self.model, self.frozen, self.unfrozen)

    def freeze(self, pattern: str) -> None:
        """Keep the weights of layers as they are from the next batch on."""
        self._do("freeze", pattern, self._freeze)

    def _freeze(self, rule: Any, pattern: str) -> None:
        self.effects.reach(freeze, self.model, pattern)

    def unfreeze(self, pattern: str) -> None:
        """Train the weights of layers from the next batch on."""
        self._do("unfreeze", pattern, self._unfreeze)

    def _unfreeze(self, rule: Any, pattern: str) -> None:
        self.effects.reach(unfreeze, self.model, pattern)
