"""The driver calls the hooks as Keras does: its calls beside those of a real fit."""

from importlib.util import find_spec

import pytest

from cbdsl.catalog.hooks import HOOKS

if find_spec("tensorflow") is None:
    pytest.skip("needs the extra `train`", allow_module_level=True)

BATCHES = 3
METHODS = {hook.method: name for name, hook in HOOKS.items()}

# Each hook is a rule, so that the record holds the driver's calls.
WATCH = "\n".join(f'{name}_: on {name} print "{{epoch}} {{batch}}"' for name in HOOKS)


@pytest.fixture(scope="module")
def keras_calls():
    """`keras_calls(epochs=…)`: the hooks of a real fit, in their order, and the rates."""
    from cbdsl.train.quiet import quiet

    quiet()
    import keras
    import numpy as np

    x, y = np.ones((2 * BATCHES, 1), "float32"), np.ones((2 * BATCHES, 1), "float32")
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse")

    def run(*, epochs, stop_at=None, validation=True, act=lambda *_: None):
        calls, rates = [], []
        model.optimizer.learning_rate = 0.5

        class Recorder(keras.callbacks.Callback):
            """Written by hand: counts epochs and batches from 1."""

            epoch = 0

        def hook(method):
            name = METHODS[method]

            def call(self, *args, **named):
                if name == "epoch_begin":
                    self.epoch = args[0] + 1
                at = args[0] + 1 if HOOKS[name].is_batch else None
                calls.append((name, self.epoch, at))
                act(self.model, name, self.epoch, at)
                if (name, self.epoch, at) == stop_at:
                    self.model.stop_training = True
                if name == "epoch_begin":
                    rates.append(float(self.model.optimizer.learning_rate))

            return call

        for method in METHODS:
            setattr(Recorder, method, hook(method))
        model.fit(
            x,
            y,
            batch_size=2,
            epochs=epochs,
            validation_data=(x[:2], y[:2]) if validation else None,
            shuffle=False,
            verbose=0,
            callbacks=[Recorder()],
        )
        return calls, rates

    return run


def driver_calls(done):
    """The same of a simulated run."""
    calls = []
    for firing in done.record.firings:
        name = firing.rule.removesuffix("_")
        if name in HOOKS:
            epoch, batch = map(int, firing.actions[0].detail.split())
            calls.append((name, epoch, batch if HOOKS[name].is_batch else None))
    return calls


SERIES = {"loss": [1.0] * 3, "val_loss": [1.0] * 3}


def test_a_whole_training(simulated, keras_calls):
    done = simulated(WATCH, SERIES, batches=BATCHES)
    calls, _ = keras_calls(epochs=3)
    assert driver_calls(done) == calls
    assert len(calls) == 2 + 3 * (2 + 2 * BATCHES + 4)


def test_without_validation(simulated, keras_calls):
    done = simulated(WATCH, {"loss": [1.0] * 2}, batches=BATCHES)
    assert driver_calls(done) == keras_calls(epochs=2, validation=False)[0]


@pytest.mark.parametrize(
    ("rule", "stop_at"),
    [
        ("on train_begin stop", ("train_begin", 0, None)),
        ("on epoch_begin after 1 stop", ("epoch_begin", 2, None)),
        ("on batch_begin if epoch == 2 and batch == 2 stop", ("batch_begin", 2, 2)),
        ("at batch 5 stop", ("batch_end", 2, 2)),
        (
            "on test_begin after 1 stop".replace(" after 1", " if epoch == 2"),
            ("test_begin", 2, None),
        ),
        ("on test_end if epoch == 2 stop", ("test_end", 2, None)),
        ("at epoch 2 stop", ("epoch_end", 2, None)),
    ],
)
def test_after_a_stop(simulated, keras_calls, rule, stop_at):
    done = simulated(f"{WATCH}\n{rule}", SERIES, batches=BATCHES)
    calls, _ = keras_calls(epochs=3, stop_at=stop_at)
    assert driver_calls(done) == calls
    assert len([name for name, *_ in calls if name == "epoch_end"]) == done.epochs < 3


def test_rates(simulated, keras_calls):
    def by_hand(model, name, epoch, at):
        optimizer = model.optimizer
        if name == "epoch_begin" and epoch > 1:
            optimizer.learning_rate = float(optimizer.learning_rate) * 0.9
        if (name, at) == ("batch_begin", 2):
            optimizer.learning_rate = float(optimizer.learning_rate) + 0.01
        if (name, epoch) == ("epoch_end", 2):
            optimizer.learning_rate = float(optimizer.learning_rate) / 3

    rules = (
        "every epoch after 1 lr *= 0.9\n"
        "on batch_begin if batch == 2 lr += 0.01\n"
        "on epoch_end if epoch == 2 lr /= 3\n"
    )
    done = simulated(rules, SERIES, batches=BATCHES, lr=0.5)
    assert done.rates == keras_calls(epochs=3, act=by_hand)[1]
    assert len(set(done.rates)) == 3
