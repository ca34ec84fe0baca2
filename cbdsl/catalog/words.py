"""The words of the language: what a rule or a parameter cannot be called."""

from __future__ import annotations

# Those of version 1 as a whole, so that a name chosen today is still free tomorrow. Functions are
# none of them: a parameter may be called `mean`. `value` and `sqrt` are words in one place only,
# where no name can stand.
WORDS = frozenset(
    """
    language param metric expects minimize maximize let variable limit include use resume schedule
    test set given expect
    on every at after until from to if then once most times time and or not no for by is
    improves stalls rises falls crosses above below nan finite missing true false none values
    stop fail print warn notify save keep best of restore roll back last good snapshot freeze
    unfreeze record wait call
    epoch epochs batch batches step steps lr elapsed progress optimizer metrics logs
    second seconds minute minutes hour hours
    linear cosine exponential polynomial hold decay inverse inverse_sqrt per cycle repeat
    phase phases scaling stretching over the rest
    """.split()
)

FOREIGN = {
    "when": "`if`",
    "while": "`if`",
    "where": "`if`",
    "unless": "`if not`",
    "elif": "a rule of its own",
    "else": "a second rule with the opposite condition",
    "do": "`then`",
    "before": "`until`, which is up to its bound and with it",
    "each": "`every`",
    "is_nan": "`is nan`",
    "increases": "`rises`",
    "decreases": "`falls`",
    "ifthen": "`if`",
    "def": "a rule",
    "True": "`true`",
    "False": "`false`",
    "None": "`missing`",
}
"""Words of other languages, and what to write instead."""

FOREIGN_SIGNS = {
    "&&": "write `and`",
    "&": "write `and`",
    "||": "write `or`",
    "|": "write `or`",
    "!": "write `not`",
    "~": "write `not`",
    "^": "write `**`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "×": "write `*`",
    "÷": "write `/`",
    "−": "write `-`",
    "–": "write `-`",
    "…": "write it out",
    "'": 'put texts in double quotes, `"`',
    "“": 'put texts in double quotes, `"`',
    "”": 'put texts in double quotes, `"`',
    "„": 'put texts in double quotes, `"`',
    "\u2018": 'put texts in double quotes, `"`',
    "\u2019": 'put texts in double quotes, `"`',
    ";": "begin a new line, or put a comma between actions",
    "//": "a comment begins with `#`",
    "{": "actions stand behind the condition, without braces",
    "}": "actions stand behind the condition, without braces",
    "[": "write `(`",
    "]": "write `)`",
    "\\": "a line goes on inside `( )`",
}
"""Signs of other languages, and what to do instead."""

FOREIGN_ACTIONS = {
    word: verb
    for verb, words in {
        "stop": "halt quit exit end break abort",
        "print": "log echo say show",
        "warn": "alert",
        "save": "checkpoint store dump export",
        "fail": "raise throw error crash panic fatal",
        "notify": "email mail sms slack telegram discord webhook ping send post message tell",
        "restore": "load load_weights reload",
        "roll back": "rollback roll_back rewind revert undo",
        "snapshot": "backup remember",
        "freeze": "lock",
        "unfreeze": "thaw unlock defreeze defrost",
        "record": "track append",
        "call": "run exec execute invoke eval python",
        "wait": "pause sleep rest cooldown",
        "lr": "learning_rate rate",
    }.items()
    for word in words.split()
}
"""Verbs that other tools have for what a rule does, and the one of cbr."""

FOREIGN_CHANGES = {
    "reduce": "*=",
    "decrease": "*=",
    "lower": "*=",
    "cut": "*=",
    "drop": "*=",
    "shrink": "*=",
    "multiply": "*=",
    "scale": "*=",
    "decay": "*=",
    "halve": "*= 0.5",
    "double": "*= 2",
    "increase": "*=",
    "raise": "*=",
    "divide": "/=",
    "change": "=",
    "put": "=",
    "update": "=",
    "reset": "=",
    "hold": "=",
}
"""Verbs that others have for setting something, before its name."""

FOREIGN_STATES = {
    "a": "`nan`",
    "inf": "`not finite`",
    "infinite": "`not finite`",
    "null": "`missing`",
    "none": "`missing`",
    "None": "`missing`",
    "undefined": "`missing`",
    "na": "`missing`",
    "true": "the condition alone",
    "True": "the condition alone",
    "false": "`not` and the condition",
    "False": "`not` and the condition",
    "above": "`>` instead of `is above`",
    "below": "`<` instead of `is below`",
    "over": "`>` instead of `is over`",
    "under": "`<` instead of `is under`",
    "greater": "`>` instead of `is greater than`",
    "higher": "`>` instead of `is higher than`",
    "less": "`<` instead of `is less than`",
    "lower": "`<` instead of `is lower than`",
    "equal": "`==`",
    "rising": "`rises` instead of `is rising`",
    "increasing": "`rises` instead of `is increasing`",
    "falling": "`falls` instead of `is falling`",
    "decreasing": "`falls` instead of `is decreasing`",
    "improving": "`improves` instead of `is improving`",
    "better": "`improves` instead of `is better`",
}
"""What others say behind `is`; `a` is that of `is not a number`."""

FOREIGN_PREDICATES = {
    "increase": "`rises`",
    "grows": "`rises`",
    "climbs": "`rises`",
    "decrease": "`falls`",
    "drops": "`falls`",
    "sinks": "`falls`",
    "improve": "`improves`",
    "improved": "`improves`",
    "stalled": "`stalls for 3 epochs`",
    "plateaus": "`stalls for 3 epochs`",
    "stagnates": "`stalls for 3 epochs`",
    "goes": "`crosses`",
    "gets": "`crosses`",
    "isnan": "`is nan`",
    "min_delta": "`by`",
    "exceeds": "`>`",
    "reaches": "`>=`",
    "greater": "`>`",
    "less": "`<`",
    "equals": "`==`",
    "does": "`not` before the whole condition, as in `not loss improves`",
    "doesn": "`not` before the whole condition, as in `not loss improves`",
    "isn": "`is not`",
    "over": "`for`, as in `for 3 epochs`",
    "during": "`for`, as in `for 3 epochs`",
    "since": "`for`, as in `for 3 epochs`",
}
"""What others say behind a value, in a condition."""

FOREIGN_TIMES = {
    "twice": "`at most 2 times`",
    "thrice": "`at most 3 times`",
    "only": "`once` or `at most 3 times`",
    "max": "`at most 3 times`",
}
"""How others say how often a rule may fire."""

FOREIGN_SIDES = {
    "over": "above",
    "up": "above",
    "upwards": "above",
    "past": "above",
    "beyond": "above",
    "under": "below",
    "down": "below",
    "downwards": "below",
    "beneath": "below",
}
"""What others say behind `crosses`."""

FOREIGN_UNITS = {
    "ep": (1, "epoch"),
    "step": (1, "batch"),
    "steps": (1, "batch"),
    "iteration": (1, "batch"),
    "iterations": (1, "batch"),
    "ms": (0.001, "second"),
    "milliseconds": (0.001, "second"),
    "s": (1, "second"),
    "sec": (1, "second"),
    "secs": (1, "second"),
    "m": (1, "minute"),
    "min": (1, "minute"),
    "mins": (1, "minute"),
    "h": (1, "hour"),
    "hr": (1, "hour"),
    "hrs": (1, "hour"),
    "d": (24, "hour"),
    "day": (24, "hour"),
    "days": (24, "hour"),
    "week": (168, "hour"),
    "weeks": (168, "hour"),
}
"""Units that others have, each as so many of one of cbr's."""

FOREIGN_STATEMENTS = {
    "const": "`param NAME = …`",
    "var": "`let NAME = …`",
    "metrics": "`metric NAME = …`",
    "expect": "`expects NAME, …`",
    "import": '`include "other.cbr"` for other rules',
    "class": "`on epoch_end if … stop`, or another rule",
    "monitor": "`on epoch_end if val_loss stalls for 3 epochs …`",
    "callback": "`use NAME()` for one of Keras's",
    "version": "`language 1`",
}
"""First words of other languages, and the statement of cbr."""

FOREIGN_PHASES = {
    word: phase
    for phase, words in {
        "linear": (
            "warmup warm warm_up ramp rampup line linearly lerp interpolate increase rise "
            "raise grow decrease fall reduce"
        ),
        "cosine": "cos sine anneal annealing cosine_annealing cosine_decay cool cooldown",
        "exponential": "exp expo exponentially geometric",
        "polynomial": "poly power quadratic cubic",
        "sqrt": "root square square_root",
        "hold": "constant const flat plateau fixed keep stay wait pause piecewise",
        "step": "steps stepwise staircase multistep step_decay drop multiply halve",
        "decay": "decays inverse inverse_sqrt inverse_time inv rsqrt noam",
        "cycle": "triangle triangular cyclic cycles onecycle zigzag",
        "repeat": "restart restarts warm_restart warm_restarts loop again",
    }.items()
    for word in words.split()
}
"""First words of phases in other tools, and the phase of cbr."""

FOREIGN_LAWS = {
    word: law
    for law, words in {
        "exponential": "exponentially exp geometric",
        "inverse": "inverse_time inv",
        "inverse_sqrt": "rsqrt noam",
    }.items()
    for word in words.split()
}
"""How others say by what law something decays, and the law of cbr."""

FOREIGN_FUNCTIONS = {
    "isnan": "`loss is nan`",
    "is_nan": "`loss is nan`",
    "isinf": "`loss is not finite`",
    "is_inf": "`loss is not finite`",
    "isfinite": "`loss is finite`",
    "is_finite": "`loss is finite`",
    "is_missing": "`loss is missing`",
    "improves": "`loss improves`",
    "stalls": "`loss stalls for 3 epochs`",
    "rises": "`loss rises`",
    "falls": "`loss falls`",
    "crosses": "`loss crosses above 3`",
    "avg": "`mean(loss, 3)`",
    "average": "`mean(loss, 3)`",
    "sma": "`mean(loss, 3)`",
    "ma": "`mean(loss, 3)`",
    "moving_average": "`mean(loss, 3)`",
    "rolling_mean": "`mean(loss, 3)`",
    "ewma": "`ema(loss, 0.1)`",
    "smooth": "`ema(loss, 0.1)`",
    "stddev": "`std(loss, 3)`",
    "stdev": "`std(loss, 3)`",
    "percentile": "`quantile(loss, 0.9, 3)`",
    "trend": "`slope(loss, 3)`",
    "gradient": "`slope(loss, 3)`",
    "diff": "`change(loss)`",
    "delta": "`change(loss)`",
    "previous": "`prev(loss)`",
    "lag": "`prev(loss)`",
    "last": "`loss` for the newest value, `prev(loss)` for the one before",
    "minimum": "`min(x, y)`, or `lowest(loss)` for that of a metric so far",
    "maximum": "`max(x, y)`, or `highest(loss)` for that of a metric so far",
    "clip": "`clamp(x, a, b)`",
    "ln": "`log(x)`",
    "pow": "`x ** y`",
    "int": "`floor(x)`",
    "len": "`epoch` for how many epochs there were",
}
"""Functions of other languages, and what cbr has for them, shown for the loss."""

FOREIGN_LINES = {
    "expects": "expect",
    "assert": "expect",
    "asserts": "expect",
    "should": "expect",
    "must": "expect",
    "except": "expect",
    "ensure": "expect",
    "check": "expect",
    "verify": "expect",
    "require": "expect",
    "want": "expect",
    "then": "expect",
    "when": "given",
    "with": "given",
    "where": "given",
    "assume": "given",
    "suppose": "given",
    "feed": "given",
    "input": "given",
    "mock": "given",
}
"""First words of lines in the tests of others, and those of cbr."""

FOREIGN_VALUES = {
    "none": "`_` for an epoch without a value",
    "null": "`_` for an epoch without a value",
    "missing": "`_` for an epoch without a value",
    "na": "`_` for an epoch without a value",
    "n/a": "`_` for an epoch without a value",
    "-": "`_` for an epoch without a value",
    "?": "`_` for an epoch without a value",
    "nan": "`nan`",
    "inf": "`inf`",
    "infinity": "`inf`",
    "-infinity": "`-inf`",
    "+infinity": "`inf`",
}
"""How others write values that are no numbers, in small letters."""

NEGATIONS = frozenset({"not", "never", "none", "nothing", "without"})
"""What others say for the `no` of `expect no stop`."""

_AT_EPOCH = "say when with `at epoch 3`, or `at epoch 3, 4`"
FOREIGN_PLACES = {
    "in": _AT_EPOCH,
    "on": _AT_EPOCH,
    "by": _AT_EPOCH,
    "during": _AT_EPOCH,
    "when": _AT_EPOCH,
    "if": _AT_EPOCH,
    "epoch": _AT_EPOCH,
    "after": f"{_AT_EPOCH}; `expect no …` says when not",
    "before": f"{_AT_EPOCH}; `expect no …` says when not",
    "until": f"{_AT_EPOCH}; `expect no …` says when not",
    "from": f"{_AT_EPOCH}; `expect no …` says when not",
    "within": f"{_AT_EPOCH}; `expect no …` says when not",
    "once": "name the epochs: `at epoch 3`, and with `expect no …` those where it does not",
    "twice": "name the epochs: `at epoch 3, 4`",
    "times": "name the epochs: `at epoch 3, 4`",
}
"""How others say when something is expected, and what to write."""
