"""The checker and the running training agree on what an optimizer takes."""

import pytest

from cbdsl.catalog.optimizer import FRACTIONS, SETTINGS, may_be
from cbdsl.runtime import keras_model


def test_the_same_settings_are_fractions() -> None:
    # The runtime imports nothing of the catalog, so both have the list.
    assert keras_model._FRACTIONS == FRACTIONS


@pytest.mark.parametrize("value", [-1.0, -0.0, 0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_the_same_values_are_taken(name: str, value: float) -> None:
    if may_be(name, value):
        keras_model._allow(name, value)
    else:
        with pytest.raises(ValueError, match=f"`optimizer.{name}` would be"):
            keras_model._allow(name, value)
