"""`python -m cbdsl`."""

import sys

# Python looks for modules where it was started. What lies there may be a stranger's, and only
# `--model` and `--allow call` ask for it.
if not sys.flags.safe_path:
    del sys.path[0]

from cbdsl.cli import main

main()
