"""Stop above 90 % accuracy, on training, on validation or at a batch's end: with a rule.

python examples/stop_on_accuracy/with_rules.py [training | validation | batch]
"""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import train

HERE = Path(__file__).parent


def main(where="training"):
    train(cbdsl.callbacks(HERE / f"{where}.cbr"), epochs=10)


if __name__ == "__main__":
    main(*sys.argv[1:])
