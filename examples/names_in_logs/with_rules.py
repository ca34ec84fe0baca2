"""Print the names in the logs after every epoch: with a rule."""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import train

HERE = Path(__file__).parent


def main():
    train(cbdsl.callbacks(HERE / "rules.cbr"), epochs=2)


if __name__ == "__main__":
    main()
