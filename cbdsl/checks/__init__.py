"""Everything that is looked at between the tree and the plan.

One check a module; each is a function of the context that yields diagnostics, and what it looks
for stands in its module's docstring.
"""

from cbdsl.checks.program import CheckedProgram, check

__all__ = ["CheckedProgram", "check"]
