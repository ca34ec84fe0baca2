"""The batches, and the order of each epoch."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from cbdsl.train import pipeline

N, BATCH = 50, 8


def pairs(counted: list[int] | None = None) -> object:
    """N images of one pixel; pixel and label are the image's number."""
    import tensorflow as tf

    numbers = np.arange(N)
    dataset = tf.data.Dataset.from_tensor_slices(
        (numbers.astype(np.uint8).reshape(-1, 1, 1, 1), numbers)
    )
    if counted is None:
        return dataset

    def count(label: object) -> object:
        counted.append(int(label))
        return label

    return dataset.map(
        lambda image, label: (image, tf.ensure_shape(tf.py_function(count, [label], tf.int64), ()))
    )


def training(
    seed: int = 3, first: int = 0, epochs: int = 4, counted: list[int] | None = None
) -> object:
    return pipeline.training(
        pairs(counted), examples=N, batch_size=BATCH, seed=seed, first_epoch=first, epochs=epochs
    )


def orders(dataset: object) -> list[list[int]]:
    """The numbers of the images, an epoch a list."""
    labels = [label for _, batch in dataset for label in batch.numpy().tolist()]
    assert len(labels) % N == 0
    return [labels[start : start + N] for start in range(0, len(labels), N)]


def test_each_epoch_has_every_image_once_in_an_order_of_its_own() -> None:
    found = orders(training())
    assert len(found) == 4
    assert all(sorted(order) == list(range(N)) for order in found)
    assert len({tuple(order) for order in found} | {tuple(range(N))}) == 5


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31 - 2, 2**31 - 1, 2**63, 10**30])
def test_orders_depend_on_the_seed_and_the_epoch_alone(seed: int) -> None:
    import tensorflow as tf

    whole = orders(training(seed))
    assert orders(training(seed)) == whole
    assert orders(training(seed, first=2)) == whole[2:]
    assert orders(training(seed, epochs=2)) == whole[:2]
    tf.random.set_seed(17)
    tf.random.uniform(())
    again = training(seed, first=1)
    tf.random.set_seed(18)
    assert orders(again) == whole[1:]
    assert orders(again) == whole[1:]  # a second pass


def test_another_seed_is_another_order() -> None:
    assert len({tuple(orders(training(seed, epochs=1))[0]) for seed in range(5)}) == 5


def test_the_global_seed_is_left_alone() -> None:
    import tensorflow as tf

    tf.random.set_seed(5)
    expected = tf.random.uniform(()).numpy()
    tf.random.set_seed(5)
    orders(training())
    assert tf.random.uniform(()).numpy() == expected


def test_batches() -> None:
    batches = list(training(epochs=2))
    assert len(batches) == 2 * math.ceil(N / BATCH)
    images, labels = batches[0]
    assert images.shape == (BATCH, 1, 1, 1)
    assert images.dtype == np.float32
    assert np.array_equal(np.round(images.numpy().ravel() * 255), labels)
    assert np.array_equal(
        images.numpy().ravel(), labels.numpy().astype(np.float32) / np.float32(255)
    )
    assert batches[6][1].shape == (N % BATCH,)  # the end of the first epoch


def test_images_are_read_once() -> None:
    counted: list[int] = []
    dataset = training(counted=counted)
    orders(dataset)
    orders(dataset)
    assert sorted(counted) == list(range(N))


def test_validation_keeps_the_order_and_is_read_once() -> None:
    counted: list[int] = []
    dataset = pipeline.validation(pairs(counted), examples=N, batch_size=BATCH)
    assert orders(dataset) == orders(dataset) == [list(range(N))]
    assert sorted(counted) == list(range(N))
    assert next(iter(dataset))[0].dtype == np.float32


@pytest.mark.parametrize("first", [0, 1])
def test_fit_finds_its_batches_without_a_warning(first: int) -> None:
    import keras

    seen: list[int] = []
    model = keras.Sequential(
        [keras.Input((1, 1, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(loss="mse")
    count = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append(batch)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = model.fit(
            training(first=first, epochs=3),
            steps_per_epoch=math.ceil(N / BATCH),
            initial_epoch=first,
            epochs=3,
            shuffle=False,
            verbose=0,
            validation_data=pipeline.validation(pairs(), examples=N, batch_size=BATCH),
            callbacks=[count],
        )
    assert history.epoch == list(range(first, 3))
    assert len(seen) == (3 - first) * math.ceil(N / BATCH)


@pytest.mark.parametrize("most_shuffled", [7, 50_000])
def test_what_does_not_fit_in_memory_is_read_every_epoch_in_orders_alike(
    monkeypatch: pytest.MonkeyPatch, most_shuffled: int
) -> None:
    monkeypatch.setattr(pipeline, "_MOST_CACHED", N - 1)
    monkeypatch.setattr(pipeline, "_MOST_SHUFFLED", most_shuffled)
    counted: list[int] = []
    found = orders(training(counted=counted))
    assert len(counted) == 4 * N
    assert all(sorted(order) == list(range(N)) for order in found)
    assert len({tuple(order) for order in found}) == 4
    assert orders(training(first=2)) == found[2:]


def test_memory_is_bounded_by_the_size_of_images() -> None:
    import tensorflow as tf

    def spec(*shape: int) -> object:
        return tf.data.Dataset.from_generator(
            lambda: iter(()),
            output_signature=(tf.TensorSpec(shape, tf.uint8), tf.TensorSpec((), tf.int64)),
        )

    def kept(examples: int, *shape: int) -> tuple[bool, int]:
        pairs = spec(*shape)
        dataset, buffer = pipeline._kept(pairs, examples)
        return dataset is not pairs, buffer

    assert kept(60_000, 28, 28, 1) == (True, 50_000)
    assert kept(4_000, 28, 28, 1) == (True, 4_000)
    assert kept(300_000, 96, 96, 3) == (False, 2**30 // (96 * 96 * 3))
    assert kept(3, 20_000, 20_000, 3) == (False, 1)
