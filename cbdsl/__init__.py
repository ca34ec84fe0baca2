"""Training policy as text: rules for Keras, compiled to callbacks."""

__version__ = "0.1.0"

from cbdsl.diagnostics import CbrError, Diagnostic
from cbdsl.program import Program, callbacks, check, compile, format, load, replay

__all__ = [
    "CbrError",
    "Diagnostic",
    "Program",
    "__version__",
    "callbacks",
    "check",
    "compile",
    "format",
    "load",
    "replay",
]
