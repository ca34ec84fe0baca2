"""Save the weights after every epoch: with a rule."""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

HERE = Path(__file__).parent


def main(folder="runs/checkpoint_every_epoch/with_rules"):
    train(cbdsl.callbacks(HERE / "rules.cbr", run_dir=folder), epochs=3)
    list_files(folder)


if __name__ == "__main__":
    main()
