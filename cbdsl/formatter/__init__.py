"""One canonical layout for every statement."""

from cbdsl.formatter.layout import expression, rule_text, statement

__all__ = ["expression", "rule_text", "statement"]
