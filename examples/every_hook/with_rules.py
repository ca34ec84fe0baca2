"""Be told of every hook in fit, evaluate and predict: with rules."""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import digits, network

HERE = Path(__file__).parent


def main():
    callbacks = cbdsl.callbacks(HERE / "rules.cbr")
    model = network()
    (images, labels), held_out = digits()
    # Of all images every twentieth, so that there are few batches.
    images, labels = images[::20], labels[::20]
    held_out = held_out[0][::10], held_out[1][::10]

    print("-- fit")
    model.fit(
        images,
        labels,
        batch_size=100,
        epochs=2,
        validation_data=held_out,
        validation_batch_size=50,
        callbacks=callbacks,
        verbose=0,
    )
    print("-- evaluate")
    model.evaluate(*held_out, batch_size=50, callbacks=callbacks, verbose=0)
    print("-- predict")
    model.predict(held_out[0], batch_size=50, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    main()
