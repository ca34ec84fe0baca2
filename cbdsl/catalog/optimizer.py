"""The settings of Keras's optimizers that rules can read and set as `optimizer.NAME`."""

from __future__ import annotations

SETTINGS = frozenset(
    """
    weight_decay momentum beta_1 beta_2 rho epsilon clipnorm clipvalue global_clipnorm
    ema_momentum initial_accumulator_value l1_regularization_strength l2_regularization_strength
    learning_rate_power beta
    """.split()
)

LIVE = frozenset({"weight_decay", "beta_1", "beta_2"})
"""Those that change without Keras tracing its step again, which takes a fraction of a second."""

FRACTIONS = frozenset({"momentum", "beta_1", "beta_2", "rho", "ema_momentum"})
"""Those that are at least 0 and below 1; the others, but for one, are 0 or above."""


def may_be(name: str, value: float) -> bool:
    """Whether an optimizer takes a value of a setting."""
    if name == "learning_rate_power":
        return value <= 0
    return 0 <= value < 1 if name in FRACTIONS else value >= 0
