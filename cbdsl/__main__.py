"""`python -m cbdsl`."""

from cbdsl.cli import main

main()
