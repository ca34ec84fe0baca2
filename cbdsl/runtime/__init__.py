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
from cbdsl.runtime.calls import Calls, Functions
from cbdsl.runtime.effects import Direct, writing_to
from cbdsl.runtime.failing import Fails, TrainingFailures
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
from cbdsl.runtime.keeping import Keeps
from cbdsl.runtime.memory import Crosses, Held, Improves, Moves, Stalls
from cbdsl.runtime.notices import Notices, Notifies
from cbdsl.runtime.outside import OutsideVariables, SetsVariable
from cbdsl.runtime.phases import (
    Cosine,
    Cycle,
    Decay,
    Exponential,
    Hold,
    Linear,
    Polynomial,
    Repeat,
    Sqrt,
    Step,
)
from cbdsl.runtime.rates import ScalesRate, SetsRate
from cbdsl.runtime.recorded import RecordedMetrics, Records
from cbdsl.runtime.restoring import Restores
from cbdsl.runtime.rule import Rule
from cbdsl.runtime.schedule import EveryBatch, RateSchedule, SettingSchedule, VariableSchedule
from cbdsl.runtime.series import Change, Count, Ema, PerBatch, SinceBest
from cbdsl.runtime.shared import Shared
from cbdsl.runtime.snapshots import BatchSnapshots, WeightSnapshots
from cbdsl.runtime.spans import REST, Span
from cbdsl.runtime.sums import Mean, Slope, Std, Zscore
from cbdsl.runtime.tuning import Freezes, SetsOptimizer
from cbdsl.runtime.windows import Best, Highest, Lowest, Median, Prev, Quantile
from cbdsl.runtime.words import listed, names, span_text, text, text32, time_text

__all__ = [
    "REST",
    "BatchSnapshots",
    "Best",
    "Calls",
    "Change",
    "Cosine",
    "Count",
    "Crosses",
    "Cycle",
    "Decay",
    "Direct",
    "Ema",
    "EveryBatch",
    "Exponential",
    "Fails",
    "Freezes",
    "Functions",
    "Held",
    "Highest",
    "Hold",
    "Improves",
    "Keeps",
    "Linear",
    "Lowest",
    "Mean",
    "Median",
    "Moves",
    "Notices",
    "Notifies",
    "OutsideVariables",
    "PerBatch",
    "Polynomial",
    "Prev",
    "Quantile",
    "RateSchedule",
    "RecordedMetrics",
    "Records",
    "Repeat",
    "Restores",
    "Rule",
    "ScalesRate",
    "SetsOptimizer",
    "SetsRate",
    "SetsVariable",
    "SettingSchedule",
    "Shared",
    "SinceBest",
    "Slope",
    "Span",
    "Sqrt",
    "Stalls",
    "Std",
    "Step",
    "TrainingFailures",
    "VariableSchedule",
    "WeightSnapshots",
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
    "writing_to",
]
