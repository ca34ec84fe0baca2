"""Save the weights of the best epoch: with a rule."""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

HERE = Path(__file__).parent


def main(folder="runs/checkpoint_best/with_rules"):
    # With so high a rate, not every epoch is better than those before it.
    train(cbdsl.callbacks(HERE / "rules.cbr", run_dir=folder), epochs=6, learning_rate=0.06)
    list_files(folder)


if __name__ == "__main__":
    main()
