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

VALUES_TO_COME = frozenset({"elapsed", "progress"})
"""Names of values that this version does not have yet; a metric of that name needs backticks."""

FOREIGN = {
    "&&": "`and`",
    "&": "`and`",
    "||": "`or`",
    "|": "`or`",
    "!": "`not`",
    "^": "`**`",
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
"""Words and signs of other languages, and what cbr says instead."""
