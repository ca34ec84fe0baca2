"""Train under compiled rules: callbacks.py was made of rules.cbr and is imported like any module.

cbdsl compile examples/compiled/rules.cbr -o examples/compiled/callbacks.py
"""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from digits import list_files, train


def main(folder="runs/compiled/with_rules", module="callbacks"):
    compiled = importlib.import_module(module)
    train(compiled.callbacks(target=0.93, run_dir=folder), epochs=10)
    list_files(folder)


if __name__ == "__main__":
    main()
