"""A page of a run, made from its journal: the curves, what fired, and the rules."""

from cbdsl.report.page import page
from cbdsl.report.telling import told

__all__ = ["page", "told"]
