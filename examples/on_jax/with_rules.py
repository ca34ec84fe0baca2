"""Train on JAX: with the same rules as on TensorFlow."""

import os

os.environ["KERAS_BACKEND"] = "jax"  # before anything imports keras

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

HERE = Path(__file__).parent


def main(folder="runs/on_jax/with_rules"):
    train(cbdsl.callbacks(HERE / "rules.cbr", run_dir=folder), epochs=10)
    list_files(folder)


if __name__ == "__main__":
    main()
