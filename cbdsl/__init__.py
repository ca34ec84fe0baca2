"""Training policy as text: rules for Keras, compiled to callbacks."""

__version__ = "0.1.0"

from importlib import import_module as _import_module

# Not from `typing`: `python -m cbdsl` still looks for modules in the working directory here, and
# of those that are imported already there is none to be found.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from cbdsl.diagnostics import CbrError, Diagnostic
    from cbdsl.program import Program, callbacks, check, compile, format, load, replay
    from cbdsl.runtime.failing import TrainingFailed

__all__ = [
    "CbrError",
    "Diagnostic",
    "Program",
    "TrainingFailed",
    "__version__",
    "callbacks",
    "check",
    "compile",
    "format",
    "load",
    "replay",
]

_ROOMS = {
    "CbrError": "diagnostics",
    "Diagnostic": "diagnostics",
    "TrainingFailed": "runtime.failing",
}

if not TYPE_CHECKING:  # Else a type checker would believe in any name.

    def __getattr__(name: str) -> object:
        """A public name, whose room is read when it is first asked for.

        Every pytest imports this package for its plugin, and compiled rules for their runtime.
        """
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(_import_module(f"cbdsl.{_ROOMS.get(name, 'program')}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
