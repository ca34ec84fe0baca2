"""The input pipelines: normalise, cache, shuffle by epoch, batch, prefetch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["training", "validation"]

_SEEDS = 2**31 - 2


def training(
    pairs: tf.data.Dataset,
    *,
    examples: int,
    batch_size: int,
    seed: int,
    first_epoch: int,
    epochs: int,
) -> tf.data.Dataset:
    """Makes the batches of the epochs `first_epoch` to `epochs` - 1, one epoch after the other.

    The order of an epoch depends on `seed` and the epoch's number alone: not on the epochs before
    it, nor on `tf.random.set_seed`. So a later process can run an epoch again alike.

    Args:
        pairs: (image, label); images of one shape (h, w, c), integers from 0 to 255. They are
            read and mapped once, then kept in memory.
        examples: how many pairs there are.
        batch_size: how many of them a batch has; the last batch of an epoch has what remains.
        seed: any integer; taken modulo 2**31 - 2.
        first_epoch: the first epoch to make, counted from 0.
        epochs: the epoch to stop before.

    Returns:
        Batches (images, labels) of shapes (batch, h, w, c), float32 in [0, 1], and (batch,);
        ceil(examples / batch_size) of them an epoch.
    """
    import tensorflow as tf

    cached = pairs.map(_normalised, num_parallel_calls=tf.data.AUTOTUNE).cache()

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        # tf.data traces this function, and in there the call sets the seed of the function's own
        # graph. Otherwise the global seed would become part of the order. It must not be 0:
        # beside a 0 `shuffle` takes no tensor.
        tf.random.set_seed(1 + seed % _SEEDS)
        order = cached.shuffle(examples, seed=number, reshuffle_each_iteration=False)
        return order.batch(batch_size)

    numbers = tf.data.Dataset.range(first_epoch, epochs)
    return numbers.flat_map(epoch).prefetch(tf.data.AUTOTUNE)


def validation(pairs: tf.data.Dataset, *, batch_size: int) -> tf.data.Dataset:
    """Makes the batches of one pass in the order of `pairs`; types and shapes as in `training`."""
    import tensorflow as tf

    images = pairs.map(_normalised, num_parallel_calls=tf.data.AUTOTUNE)
    return images.batch(batch_size).cache().prefetch(tf.data.AUTOTUNE)


def _normalised(image: Any, label: Any) -> tuple[Any, Any]:
    """Maps pixels from 0 to 255 to float32 in [0, 1]."""
    import tensorflow as tf

    return tf.cast(image, tf.float32) / 255.0, label
