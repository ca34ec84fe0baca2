"""One canonical layout for every statement, and for a whole file with its comments."""

from cbdsl.formatter.expressions import expression
from cbdsl.formatter.layout import rule_text, statement
from cbdsl.formatter.page import Unsafe, format_source

__all__ = ["Unsafe", "expression", "format_source", "rule_text", "statement"]
