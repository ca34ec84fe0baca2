"""The settings of Keras's optimizers that rules can read and set as `optimizer.NAME`."""

from __future__ import annotations

DOCS = {
    "weight_decay": "how much of each weight a step takes away, beside the gradient",
    "momentum": "how much of the last step goes into the next",
    "beta_1": "how slowly the mean of the gradients forgets",
    "beta_2": "how slowly the mean of their squares forgets",
    "rho": "how slowly RMSprop's and Adadelta's mean of squares forgets",
    "epsilon": "what is added to a divisor, so that it is not zero",
    "clipnorm": "the longest that the gradient of one weight array may be",
    "clipvalue": "the largest that one number of a gradient may be",
    "global_clipnorm": "the longest that all gradients together may be",
    "ema_momentum": "how slowly the moving average of the weights forgets",
    "initial_accumulator_value": "where Adagrad's and Ftrl's sums of squares begin",
    "l1_regularization_strength": "Ftrl's penalty on the size of weights",
    "l2_regularization_strength": "Ftrl's penalty on the square of weights",
    "learning_rate_power": "how fast Ftrl's rate falls",
    "beta": "a number in Ftrl's rate",
}
"""What each is; which optimizers have it, Keras tells."""

SETTINGS = frozenset(DOCS)

LIVE = frozenset({"weight_decay", "beta_1", "beta_2"})
"""Those that change without Keras tracing its step again, which takes a fraction of a second."""

FRACTIONS = frozenset({"momentum", "beta_1", "beta_2", "rho", "ema_momentum"})
"""Those that are at least 0 and below 1; the others, but for one, are 0 or above."""


def may_be(name: str, value: float) -> bool:
    """Whether an optimizer takes a value of a setting."""
    if name == "learning_rate_power":
        return value <= 0
    return 0 <= value < 1 if name in FRACTIONS else value >= 0
