"""What generated code imports: the standard library and nothing else."""

from cbdsl.runtime.arithmetic import divide, float32, modulo, power, settable, share
from cbdsl.runtime.effects import Direct
from cbdsl.runtime.memory import Improves, Stalls
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.words import listed, names, text, text32

__all__ = [
    "Direct",
    "Improves",
    "Rule",
    "Stalls",
    "divide",
    "float32",
    "listed",
    "modulo",
    "names",
    "power",
    "settable",
    "share",
    "text",
    "text32",
]
