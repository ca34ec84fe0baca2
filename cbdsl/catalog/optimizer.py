"""The settings of Keras's optimizers that rules can read as `optimizer.NAME`."""

from __future__ import annotations

SETTINGS = frozenset(
    """
    weight_decay momentum beta_1 beta_2 rho epsilon clipnorm clipvalue global_clipnorm
    ema_momentum initial_accumulator_value l1_regularization_strength l2_regularization_strength
    learning_rate_power beta
    """.split()
)
