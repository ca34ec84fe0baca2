"""What generated code imports: the standard library and nothing else."""

from cbdsl.runtime.arithmetic import (
    divide,
    float32,
    limited,
    modulo,
    power,
    reported,
    settable,
    share,
)
from cbdsl.runtime.effects import Direct
from cbdsl.runtime.functions import (
    ceil,
    clamp,
    cos,
    exp,
    floor,
    log,
    log10,
    maximum,
    minimum,
    rounded,
    sin,
    sqrt,
    tanh,
)
from cbdsl.runtime.memory import Crosses, Held, Improves, Moves, Stalls
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.series import Change, Count, Ema, PerBatch, SinceBest
from cbdsl.runtime.shared import Shared
from cbdsl.runtime.sums import Mean, Slope, Std, Zscore
from cbdsl.runtime.windows import Best, Highest, Lowest, Median, Prev, Quantile
from cbdsl.runtime.words import listed, names, span_text, text, text32, time_text

__all__ = [
    "Best",
    "Change",
    "Count",
    "Crosses",
    "Direct",
    "Ema",
    "Held",
    "Highest",
    "Improves",
    "Lowest",
    "Mean",
    "Median",
    "Moves",
    "PerBatch",
    "Prev",
    "Quantile",
    "Rule",
    "Shared",
    "SinceBest",
    "Slope",
    "Stalls",
    "Std",
    "Zscore",
    "ceil",
    "clamp",
    "cos",
    "divide",
    "exp",
    "float32",
    "floor",
    "limited",
    "listed",
    "log",
    "log10",
    "maximum",
    "minimum",
    "modulo",
    "names",
    "power",
    "reported",
    "rounded",
    "settable",
    "share",
    "sin",
    "span_text",
    "sqrt",
    "tanh",
    "text",
    "text32",
    "time_text",
]
