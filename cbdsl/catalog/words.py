"""The words of the language: what a rule or a parameter cannot be called."""

from __future__ import annotations

# Those of version 1 as a whole, so that a name chosen today is still free tomorrow.
WORDS = frozenset(
    """
    language param metric expects minimize maximize let variable limit include use resume schedule
    test set given expect
    on every at after until from to if then once most times time and or not for by is
    improves stalls rises falls crosses above below nan finite missing true false none values
    stop fail print warn notify save keep best of restore roll back last good snapshot freeze
    unfreeze record wait call
    epoch epochs batch batches step steps lr elapsed progress optimizer metrics logs
    second seconds minute minutes hour hours
    linear cosine exponential sqrt polynomial hold decay inverse inverse_sqrt per cycle repeat
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
    "before": "`until`",
    "each": "`every`",
    "is_nan": "`is nan`",
    "increases": "`improves`",
    "decreases": "`improves`",
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
    "[": "write `(`; a value before this one cannot be asked for",
    "]": "write `)`; a value before this one cannot be asked for",
    "\\": "a line goes on inside `( )`",
}
"""Signs of other languages, and what to do instead."""

FOREIGN_ACTIONS = {
    "halt": "stop",
    "quit": "stop",
    "exit": "stop",
    "end": "stop",
    "break": "stop",
    "abort": "stop",
    "log": "print",
    "echo": "print",
    "say": "print",
    "show": "print",
    "alert": "warn",
    "checkpoint": "save",
    "store": "save",
    "learning_rate": "lr",
    "rate": "lr",
}
"""Verbs that other tools have for what a rule does, and the one of cbr."""

FOREIGN_STATES = {
    "a": "`nan`",
    "inf": "`not finite`",
    "infinite": "`not finite`",
    "null": "`missing`",
    "none": "`missing`",
    "None": "`missing`",
    "undefined": "`missing`",
    "na": "`missing`",
}
"""What others say behind `is`; `a` is that of `is not a number`."""

FOREIGN_FUNCTIONS = {
    "isnan": "`loss is nan`",
    "is_nan": "`loss is nan`",
    "isinf": "`loss is not finite`",
    "isfinite": "`loss is finite`",
}
"""Functions of other languages that are a predicate in cbr, shown for the loss."""
