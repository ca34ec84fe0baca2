"""Data sets of which Keras does not know how many batches they have."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import cbdsl


def rate_after(rules: str) -> float:
    """The rate after two epochs of three batches, which began at 1."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    x = np.zeros((3, 1), "float32")
    data = tf.data.Dataset.from_tensor_slices((x, x)).batch(1).filter(lambda x, y: True)
    model.fit(data, epochs=2, shuffle=False, verbose=0, callbacks=cbdsl.callbacks(rules))
    return float(model.optimizer.learning_rate)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_batch_that_never_comes_is_not_acted_on_twice() -> None:
    # Keras finds the end of such data when it has begun one more batch.
    assert rate_after("every batch lr *= 0.5") in (0.5**6, 0.5**7)
    assert rate_after("every 2 batches lr *= 0.5") == 0.5**3
    assert rate_after("every batch until 4 batches lr *= 0.5") == 0.5**4
