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
