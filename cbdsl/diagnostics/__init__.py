"""What is wrong with a rule file, as data; prose and colour come later, in `text`."""

from cbdsl.diagnostics.codes import CODES, Code, Severity
from cbdsl.diagnostics.model import CbrError, Diagnostic, Fix
from cbdsl.diagnostics.suggest import did_you_mean, one_slip, only_slip
from cbdsl.diagnostics.text import render
from cbdsl.source import visible

__all__ = [
    "CODES",
    "CbrError",
    "Code",
    "Diagnostic",
    "Fix",
    "Severity",
    "did_you_mean",
    "one_slip",
    "only_slip",
    "render",
    "visible",
]
