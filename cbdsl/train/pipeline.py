"""The input pipelines: cache, shuffle by epoch, batch, normalise, prefetch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tensorflow as tf

__all__ = ["sample", "training", "validation"]

_SEEDS = 2**31 - 2

_GIB = 2**30
_MOST_CACHED = 2 * _GIB
"""What may be kept in memory of a split; a larger one is read from disk in every epoch."""

_MOST_SHUFFLED = 50_000
"""From how many images the next one is drawn; fewer where they would fill a GiB."""


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
            read once, then kept in memory, if they fit in 2 GiB.
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

    cached, buffer = _kept(pairs, examples)

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        # tf.data traces this function, and in there the call sets the seed of the function's own
        # graph. Otherwise the global seed would become part of the order. It must not be 0:
        # beside a 0 `shuffle` takes no tensor.
        tf.random.set_seed(1 + seed % _SEEDS)
        order = cached.shuffle(buffer, seed=number, reshuffle_each_iteration=False)
        return order.batch(batch_size)

    numbers = tf.data.Dataset.range(first_epoch, epochs)
    return _normalised(numbers.flat_map(epoch))


def validation(pairs: tf.data.Dataset, *, examples: int, batch_size: int) -> tf.data.Dataset:
    """Makes the batches of one pass in the order of `pairs`; arguments as in `training`."""
    cached, _ = _kept(pairs, examples)
    return _normalised(cached.batch(batch_size))


def sample(pairs: tf.data.Dataset, *, batch_size: int) -> tf.data.Dataset:
    """Makes the first batch of `validation`, read by itself.

    To look at a batch of `validation` and read no further would leave what it keeps in memory cut
    off there.
    """
    return _normalised(pairs.batch(batch_size).take(1))


def _kept(pairs: tf.data.Dataset, examples: int) -> tuple[tf.data.Dataset, int]:
    """The pairs, in memory if they fit; and how many of them `shuffle` may hold."""
    image = pairs.element_spec[0]
    size = math.prod(image.shape) * image.dtype.size
    if examples * size <= _MOST_CACHED:
        # What is shuffled is then in memory already.
        return pairs.cache(), min(examples, _MOST_SHUFFLED)
    return pairs, max(1, min(examples, _MOST_SHUFFLED, _GIB // size))


def _normalised(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Maps pixels from 0 to 255 to float32 in [0, 1]."""
    import tensorflow as tf

    def normalise(images: Any, labels: Any) -> tuple[Any, Any]:
        return tf.cast(images, tf.float32) / 255.0, labels

    return batches.map(normalise, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
