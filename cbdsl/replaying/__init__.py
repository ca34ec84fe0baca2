"""What rules would have decided on past runs: reads training histories of all kinds."""

from cbdsl.replaying.history import Run, Unreadable
from cbdsl.replaying.read import read, read_each

__all__ = ["Run", "Unreadable", "read", "read_each"]
