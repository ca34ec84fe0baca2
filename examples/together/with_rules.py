"""A checkpoint, a schedule and a reason to stop, together: as rules in the script."""

import sys
from pathlib import Path

import cbdsl

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train

RULES = """
    # Enough is enough.
    param target = 93%
    on epoch_end if accuracy > target:
        print "Epoch {epoch}: accuracy {accuracy:.1%} is enough"
        stop

    # The same rate for two epochs, then a little less in each.
    every epoch after 2 lr *= 0.99

    # Keep the weights of the best epoch.
    on epoch_end if val_loss improves save "best.weights.h5"
"""


def main(folder="runs/together/with_rules"):
    train(cbdsl.callbacks(RULES, run_dir=folder), epochs=10)
    list_files(folder)


if __name__ == "__main__":
    main()
