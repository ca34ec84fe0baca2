"""What Hypothesis makes: trees of rule files, rules that mean something, and texts that may not."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from cbdsl.catalog import words
from cbdsl.catalog.functions import DIRECTED, FUNCTIONS, SERIES
from cbdsl.catalog.hooks import EVENTS
from cbdsl.catalog.units import COUNTS, PLURAL, SECONDS
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import FOREIGN, WORDS
from cbdsl.formatter import expression
from cbdsl.source import Span
from cbdsl.syntax import nodes as n

NOWHERE = Span(0, 0)

METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def bounded(examples: int) -> settings:
    """The same examples in every run, whatever the machine is busy with."""
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# ---------------------------------------------------------------------------- names and numbers

_PRINTABLE = st.characters(
    codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cf"), exclude_characters="`"
)
identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,6}", fullmatch=True)
free_names = st.one_of(st.sampled_from(METRICS), identifiers).filter(
    lambda name: name not in WORDS and name not in FOREIGN
)
plain_names = st.builds(
    n.Name, st.one_of(free_names, st.sampled_from(sorted(VALUES))), span=st.just(NOWHERE)
)
# Behind `stalls for p` stands `value` for what is counted.
targets = st.builds(
    n.Name,
    st.one_of(free_names.filter(lambda name: name not in PLURAL), st.just("lr")),
    span=st.just(NOWHERE),
)
params = st.builds(n.Name, free_names, span=st.just(NOWHERE))
_quoted_text = st.text(_PRINTABLE, min_size=1, max_size=8)
quoted_names = st.builds(n.Name, _quoted_text, st.just(True), span=st.just(NOWHERE))
metrics = st.one_of(params, quoted_names)


def _number(text: str) -> n.Number:
    value = float(f"{text[:-1]}e-2") if text.endswith("%") else float(text)
    return n.Number(value, text, span=NOWHERE)


def _negative(number: n.Number) -> n.Number:
    return n.Number(-number.value, "-" + number.text, span=NOWHERE)


_DIGITS = r"([0-9]{1,4}(\.[0-9]{0,3})?|\.[0-9]{1,3})"
plain_numbers = st.from_regex(_DIGITS + r"([eE][+-]?[0-9]{1,2})?", fullmatch=True).map(_number)
percents = st.from_regex(_DIGITS + "%", fullmatch=True).map(_number)
numbers = st.one_of(st.integers(0, 20).map(str).map(_number), plain_numbers, percents)
counts = st.one_of(st.integers(0, 20).map(str).map(_number), plain_numbers, params)
units = st.sampled_from([*COUNTS, *SECONDS])

# ---------------------------------------------------------------------------- spans

_parts = st.builds(n.Duration, plain_numbers, st.sampled_from([*SECONDS]), span=st.just(NOWHERE))
times = st.builds(
    lambda first, more: n.Duration(first.count, first.unit, tuple(more), span=NOWHERE),
    _parts,
    st.lists(_parts, max_size=2),
)
"""Times of several parts: `1 hour 30 minutes`."""

spans = st.one_of(st.builds(n.Duration, plain_numbers, units, span=st.just(NOWHERE)), times)
"""Spans that are written out."""

durations = st.one_of(
    spans,
    st.builds(n.Duration, params, units, span=st.just(NOWHERE)),
    st.builds(n.Duration, params, st.none(), span=st.just(NOWHERE)),
)
"""Spans, of which a parameter may be the number or the whole."""

_patience = st.one_of(
    durations, st.builds(n.Duration, counts, st.just("value"), span=st.just(NOWHERE))
)

# ---------------------------------------------------------------------------- texts

_spec_text = st.text(
    st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), max_size=5
)
specs = _spec_text.filter(lambda spec: not set(spec) & set('{}"\\'))
_words = st.text(_PRINTABLE | st.sampled_from('`"\\{}\n\t'), min_size=1, max_size=8)


def texts(inside: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Text]:
    """Texts that fill in the expressions of `inside`, or nothing."""
    listed = st.builds(
        n.Placeholder, st.sampled_from(["metrics", "logs"]), st.just(""), span=st.just(NOWHERE)
    )
    filled = st.one_of(listed, st.builds(n.Placeholder, inside, specs, span=st.just(NOWHERE)))
    # A word and a placeholder take turns: two words that touch are one.
    pairs = st.lists(st.tuples(st.one_of(st.none(), _words), filled), max_size=2)
    return st.builds(
        lambda pairs, last: n.Text(
            tuple(p for pair in [*pairs, (last, None)] for p in pair if p is not None),
            span=NOWHERE,
        ),
        pairs,
        st.one_of(st.none(), _words),
    )


# ---------------------------------------------------------------------------- expressions


def _compounds(inner: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    nowhere = st.just(NOWHERE)
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    by = st.one_of(st.none(), inner)
    return st.one_of(
        st.builds(n.Minus, inner, span=nowhere),
        st.builds(n.Not, inner, span=nowhere),
        st.builds(
            n.Binary, st.sampled_from(["+", "-", "*", "/", "%", "**"]), inner, inner, span=nowhere
        ),
        st.builds(n.All, several, span=nowhere),
        st.builds(n.Any, several, span=nowhere),
        several.flatmap(
            lambda operands: st.builds(
                n.Compare,
                st.tuples(
                    *[st.sampled_from(["<", "<=", ">", ">=", "==", "!="])] * (len(operands) - 1)
                ),
                st.just(operands),
                span=nowhere,
            )
        ),
        st.builds(
            n.State,
            inner,
            st.sampled_from(["nan", "finite", "missing"]),
            st.booleans(),
            span=nowhere,
        ),
        st.builds(n.Improves, inner, by, span=nowhere),
        st.builds(n.Stalls, inner, _patience, by, span=nowhere),
        st.builds(n.Held, inner, durations, span=nowhere),
        st.builds(n.Moves, inner, st.sampled_from(["rises", "falls"]), span=nowhere),
        st.builds(n.Crosses, inner, st.sampled_from(["above", "below"]), inner, span=nowhere),
        st.builds(
            n.Call,
            st.one_of(st.sampled_from([*FUNCTIONS, *SERIES]), free_names),
            nowhere,
            st.lists(inner, max_size=3).map(tuple),
            span=nowhere,
        ),
    )


_settings = st.builds(n.Setting, free_names, span=st.just(NOWHERE))
_truths = st.builds(n.Truth, st.booleans(), span=st.just(NOWHERE))
_leaves: st.SearchStrategy[n.Expr] = st.one_of(numbers, _truths, plain_names, spans, _settings)
# A quote ends the text that a template stands in, so its names have none.
_template_names = quoted_names.filter(lambda name: not set(name.name) & set('"\\'))
templates = st.recursive(st.one_of(_leaves, _template_names), _compounds, max_leaves=4)
expressions = st.recursive(
    st.one_of(_leaves, quoted_names, texts(templates)), _compounds, max_leaves=8
)

# ---------------------------------------------------------------------------- statements


def _rules() -> st.SearchStrategy[n.Rule]:
    nowhere = st.just(NOWHERE)
    hooks = st.one_of(st.sampled_from(sorted(EVENTS)), free_names)
    bounds = st.one_of(
        durations, st.builds(n.Duration, st.one_of(counts, percents), st.none(), span=nowhere)
    )
    positions = st.lists(st.one_of(counts, percents), min_size=1, max_size=3).map(tuple)
    text = texts(templates)
    actions = st.one_of(
        st.builds(n.Stop, st.one_of(st.none(), text), span=nowhere),
        st.builds(n.Print, text, span=nowhere),
        st.builds(n.Warn, text, span=nowhere),
        st.builds(n.Save, text, span=nowhere),
        st.builds(n.Wait, durations, span=nowhere),
        st.builds(
            n.Assign,
            targets,
            st.sampled_from(["=", "+=", "-=", "*=", "/="]),
            expressions,
            span=nowhere,
        ),
    )
    return st.builds(
        n.Rule,
        st.one_of(st.none(), params),
        st.one_of(
            st.builds(n.On, hooks, nowhere, span=nowhere),
            st.builds(n.Each, st.sampled_from(COUNTS), span=nowhere),
            st.builds(n.Every, durations, span=nowhere),
            st.builds(n.At, st.sampled_from(COUNTS), positions, span=nowhere),
        ),
        st.one_of(
            st.none(),
            st.builds(n.Window, st.just("after"), bounds, st.none(), span=nowhere),
            st.builds(n.Window, st.just("until"), st.none(), bounds, span=nowhere),
            st.builds(n.Window, st.just("from"), bounds, bounds, span=nowhere),
        ),
        st.one_of(st.none(), st.builds(n.Condition, expressions, st.booleans(), span=nowhere)),
        st.one_of(st.none(), st.builds(n.Times, st.one_of(st.none(), counts), span=nowhere)),
        st.lists(actions, min_size=1, max_size=3).map(tuple),
        span=nowhere,
    )


def _others() -> st.SearchStrategy[n.Statement]:
    nowhere = st.just(NOWHERE)
    states = st.one_of(numbers, st.one_of(plain_numbers, percents).map(_negative), _truths)
    given = st.one_of(st.none(), _literals)
    arguments = st.builds(n.Argument, params, given, nowhere, span=nowhere)
    return st.one_of(
        st.builds(n.Language, plain_numbers, span=nowhere),
        st.builds(n.Param, params, _literals, span=nowhere),
        st.builds(n.Metric, metrics, expressions, span=nowhere),
        st.builds(n.Expects, st.lists(metrics, min_size=1, max_size=3).map(tuple), span=nowhere),
        st.builds(n.Let, params, states, span=nowhere),
        st.builds(n.Limit, targets, expressions, expressions, span=nowhere),
        st.builds(n.Include, texts(templates), span=nowhere),
        st.builds(n.Resume, texts(templates), span=nowhere),
        st.builds(n.Direction, metrics, st.sampled_from(["lower", "higher"]), span=nowhere),
        st.builds(n.Use, params, st.lists(arguments, max_size=3).map(tuple), span=nowhere),
    )


_literals = st.one_of(
    numbers, st.one_of(plain_numbers, percents).map(_negative), _truths, texts(templates), spans
)
_value = r"([-+]?([0-9]{1,3}(\.[0-9]{0,2})?|\.[0-9]{1,2})(e-?[0-9])?%?|nan|[-+]?inf|_)"
series_items = st.one_of(
    st.from_regex(_value + r"(x[0-9]{1,2})?", fullmatch=True),
    st.from_regex(r"[0-9]\.[0-9][-+](0\.[0-9]{1,2}|[0-9]%)x[0-9]{1,2}", fullmatch=True),
).map(lambda text: n.Item(text, span=NOWHERE))
"""Values of a metric in a test: `0.5`, `0.7+0.05x5`, `_x3`, `nan`."""


def _tests() -> st.SearchStrategy[n.Test]:
    nowhere = st.just(NOWHERE)
    places = st.builds(
        n.Where,
        st.lists(plain_numbers, min_size=1, max_size=3).map(tuple),
        st.one_of(st.none(), plain_numbers),
        span=nowhere,
    )
    place = st.one_of(st.none(), places)
    no = st.booleans()
    verbs = st.sampled_from(["stop", "print", "warn", "save"])
    text = st.one_of(st.none(), texts(templates))
    values = st.lists(series_items, min_size=1, max_size=3).map(tuple)
    lines = st.one_of(
        st.builds(n.Set, params, _literals, span=nowhere),
        st.builds(n.Given, metrics, values, no, span=nowhere),
        st.builds(n.GivenSize, st.sampled_from(["epochs", "batches"]), series_items, span=nowhere),
        st.builds(n.GivenTime, times, span=nowhere),
        st.builds(n.GivenInterrupt, places, span=nowhere),
        st.builds(n.ExpectRule, no, params, place, span=nowhere),
        st.builds(n.ExpectAction, no, verbs, text, place, verb_span=nowhere, span=nowhere),
        st.builds(n.ExpectValue, st.one_of(targets, metrics), series_items, places, span=nowhere),
    )
    several = st.lists(lines, min_size=1, max_size=4).map(tuple)
    return st.builds(n.Test, texts(templates), several, span=nowhere)


rules = _rules()
tests = _tests()
statements = st.one_of(rules, rules, tests, _others())

# ---------------------------------------------------------------------------- what means something

_nowhere = st.just(NOWHERE)
_small = st.integers(1, 5).map(str).map(_number)
_metric = st.sampled_from(METRICS).map(lambda name: n.Name(name, span=NOWHERE))
_lasting = st.builds(n.Duration, _small, units, span=_nowhere)


def _called(name: str, *arguments: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    return st.builds(lambda *given: n.Call(name, NOWHERE, given, span=NOWHERE), *arguments)


def _functions(inner: st.SearchStrategy[n.Expr]) -> st.SearchStrategy[n.Expr]:
    """Functions of numbers, and of a number's history."""
    share = st.sampled_from(["0", "0.5", "90%", "1"]).map(_number)
    weight = st.sampled_from(["0.1", "50%", "1"]).map(_number)
    window = st.integers(2, 4).map(str).map(_number)
    given: dict[str, st.SearchStrategy[n.Expr]] = {
        "number": inner, "window": window, "lag": _small, "quantile": share, "weight": weight,
    }  # fmt: skip
    found = []
    for function in (*FUNCTIONS.values(), *SERIES.values()):
        kinds = [kind for _, kind in function.arguments]
        if not set(kinds) <= set(given):
            continue
        for count in {function.least, len(kinds)}:
            arguments = [given[kind] for kind in kinds[:count]]
            if function.name in DIRECTED:
                arguments[0] = _metric
            found.append(_called(function.name, *arguments))
    return st.one_of(found)


_known = [*METRICS, *sorted(set(VALUES) - {"elapsed"}), "gap", "seen"]


def _numbers_from(known: list[str]) -> st.SearchStrategy[n.Expr]:
    return st.recursive(
        st.one_of(
            numbers,
            st.sampled_from(known).map(lambda name: n.Name(name, span=NOWHERE)),
            st.just(n.Setting("momentum", span=NOWHERE)),
        ),
        lambda inner: st.one_of(
            st.builds(n.Minus, inner, span=_nowhere),
            st.builds(
                n.Binary,
                st.sampled_from(["+", "-", "*", "/", "%", "**"]),
                inner,
                inner,
                span=_nowhere,
            ),
            _functions(inner),
        ),
        max_leaves=5,
    )


_numeric = _numbers_from(_known)
_derived = _numbers_from([name for name in _known if name != "gap"])


def _meaningful() -> st.SearchStrategy[n.Expr]:
    pairs = st.tuples(_numeric, _numeric)
    times_passed = st.tuples(st.just(n.Name("elapsed", span=NOWHERE)), times)
    basic = st.one_of(
        _truths,
        st.just(n.Name("warm", span=NOWHERE)),
        st.builds(
            n.Compare,
            st.sampled_from(["<", "<=", ">", ">="]).map(lambda op: (op,)),
            st.one_of(pairs, times_passed),
            span=_nowhere,
        ),
        st.builds(
            n.State,
            _numeric,
            st.sampled_from(["nan", "finite", "missing"]),
            st.booleans(),
            span=_nowhere,
        ),
        st.builds(n.Improves, _metric, st.none(), span=_nowhere),
        st.builds(
            n.Stalls,
            _metric,
            st.one_of(_lasting, st.builds(n.Duration, _small, st.just("value"), span=_nowhere)),
            st.one_of(st.none(), _small),
            span=_nowhere,
        ),
        st.builds(n.Moves, _numeric, st.sampled_from(["rises", "falls"]), span=_nowhere),
        st.builds(
            n.Crosses, _numeric, st.sampled_from(["above", "below"]), _numeric, span=_nowhere
        ),
    )
    return st.recursive(
        basic,
        lambda inner: st.one_of(
            st.builds(n.Not, inner, span=_nowhere),
            st.builds(n.Held, inner, _lasting, span=_nowhere),
            st.builds(n.All, st.tuples(inner, inner), span=_nowhere),
            st.builds(n.Any, st.tuples(inner, inner), span=_nowhere),
            st.builds(
                n.Compare,
                st.just((">",)),
                st.tuples(_called("count", inner), _small),
                span=_nowhere,
            ),
        ),
        max_leaves=4,
    )


_conditions = _meaningful()
_HEADS = (
    *(f"on {hook}" for hook in EVENTS),
    "every epoch", "every 2 epochs", "every epoch after 2", "every epoch from 2 to 80%",
    "every 3 epochs until 6", "on epoch_end after 20%", "on epoch_begin until share",
    "at epoch 2, 5", "at epoch 3, share", "at 50%, 80%", "at epoch 4 after 1", "at share",
    "every batch", "every 7 batches", "at batch 4, 9", "every batch after 5 batches",
    "every 5 batches until 3 epochs", "on batch_begin from 2 epochs to 70%",
    "every 10 minutes", "every pause", "every 1 hour 30 minutes until 6 hours",
    "every 20 minutes after 2 epochs", "every epoch after pause", "on batch_end until 50 minutes",
)  # fmt: skip
_PREAMBLE = (
    "param rate = 0.01", "param share = 30%", "param pause = 40 minutes", "expects energy",
    "minimize energy", "let seen = 0", "let warm = false",
)  # fmt: skip


@st.composite
def _acts(draw: st.DrawFn) -> str:
    """One or two actions that may stand beside each other."""
    op = draw(st.sampled_from(["=", "+=", "-=", "*=", "/="]))
    value = draw(st.one_of(_numeric.map(expression), st.just("rate")))
    shown = expression(draw(_numeric))
    known = (
        f"lr {op} {value}",
        f'print "{{{shown}}}"',
        f"seen {op} {value}",
        f"warm = {expression(draw(_conditions))}",
        f"wait {draw(st.sampled_from(['2 epochs', '5 batches', '90 minutes', 'pause']))}",
    )
    return ", ".join(draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True)))


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A file of a few rules that the checks have nothing against."""
    lines = [*_PREAMBLE, f"metric gap = {expression(draw(_derived))}"]
    if draw(st.booleans()):
        lines.append("limit lr from 1e-6 to rate * 2")
    for _ in range(draw(st.integers(1, 3))):
        line = draw(st.sampled_from(_HEADS))
        if draw(st.booleans()):
            per_batch = line.startswith("on batch_end") and draw(st.booleans())
            test = "per_batch(loss) > 0.5" if per_batch else expression(draw(_conditions))
            line += f" if {test} then"
        line += draw(st.sampled_from(["", "", "", " once", " at most 2 times"]))
        lines.append(f"{line} {draw(_acts())}")
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------------ what may mean nothing

_FOREIGN = sorted(
    {word for name in vars(words) if name.startswith("FOREIGN") for word in vars(words)[name]}
)
_WORDS = (
    *sorted(WORDS), *_FOREIGN, *sorted(EVENTS), *METRICS, *"()+-*/%<>=,:.!&|{}[];'\"`#^~@$?",
    "**", "<=", ">=", "==", "!=", "=>", "+=", "3", "0.5", "90%", "1e999", "3epochs", '"text"',
    "mean", "mean(", "best(", "prev(loss", "optimizer.", "value", "2h", "1h30m", "3rd", "at most",
    "30 minutes", "for 3", "stalls for", "is not", "limit lr from", "let x =", "metric x",
    '"{loss:.3f}"', '"{', '}"', "`a b`", "``", "\n", "\n    ", "\n\t", "  ", "é", "\u00a0", "漢",
)  # fmt: skip

token_soups = st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join)
"""Words of the language and of others, in any order."""

random_texts = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from('on epoch_end if loss>3stop:\n \t"{}`()#%,=é\x00'), max_size=60),
)


@st.composite
def mutations(draw: st.DrawFn, originals: list[str]) -> str:
    """A text with a few words cut out, put in, doubled or moved."""
    text = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        put = draw(st.one_of(st.just(""), st.sampled_from(_WORDS), st.just(text[start:end] * 2)))
        text = text[:start] + put + text[end:]
    return text
