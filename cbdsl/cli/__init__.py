"""The command line: one module a verb."""

from cbdsl.cli.main import main

__all__ = ["main"]
