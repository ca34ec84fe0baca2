"""Keys of rules, and names for the classes and functions they become."""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
from collections import Counter
from collections.abc import Iterable

from cbdsl.catalog.hooks import ALIASES
from cbdsl.catalog.units import PLURAL
from cbdsl.checks.actions import verb
from cbdsl.checks.context import Context
from cbdsl.checks.reach import first_epoch
from cbdsl.formatter import rule_text, statement
from cbdsl.plan.model import Named
from cbdsl.syntax import nodes as n


class Keys:
    """Gives each rule its key: its name and a hash of its formatted text, never its line."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seen: Counter[str] = Counter()
        self.given = 0

    def named(self, rule: n.Rule | n.Use | n.Metric) -> Named:
        """What a rule is called; they are asked for in the order of the file."""
        canonical = rule_text(rule) if isinstance(rule, n.Rule) else statement(rule)
        digest = hashlib.sha256(canonical.encode()).hexdigest()[:12]
        source = self.context.source
        place, text = source.place(rule.span), source.slice(rule.span)
        begins = first_epoch(self.context, rule) if isinstance(rule, n.Rule) else 1
        name = None if isinstance(rule, n.Use) or rule.name is None else rule.name.name
        if name is None:
            # Equal rules without a name are told apart by their order.
            self.seen[digest] += 1
            key = f"{digest}:{self.seen[digest]}"
        else:
            key = f"{'metric ' if isinstance(rule, n.Metric) else ''}{name}:{digest}"
        self.given += 1
        return Named(name, name or place, place, key, text, begins, self.given, rule.span)


# What generated modules use themselves: names of the runtime with what it imports (they are copied
# into a standalone module), and the attributes of a rule. Nothing from a file may hide them.
_RUNTIME = """
    Best Change Count Crosses Direct Ema Held Highest Improves Lowest Mean Median Memory Moves
    MAX_FAILURES NotSettable PerBatch Prev Quantile Rule Shared SinceBest Slope Stalls Std Zscore
    ceil cos divide exp float32 floor inside limited listed log log10 maximum minimum modulo names
    numbers power reported rounded say settable share sin span_text sqrt tanh text text32 time_text
    to_do write_whole clamp _copied
    Moments Series Sums Window _exact _ratio _root bisect_left deque insort
    Any Callable ClassVar Fraction Mapping Path Real annotations functools keras math os struct sys
    time warnings
    LearningRate Variables callbacks learning_rate
"""
_ATTRIBUTES = """
    advance batch batches begin begun clock effects elapsed epoch epochs fired fired_at firings key
    known lr memory model name note params place print progress reset rest run_dir save set
    set_model set_params setting start started state step steps stop take_up tick variables wait
    waiting warn
    before earlier logs self
    l I O
"""
RESERVED = frozenset((_RUNTIME + _ATTRIBUTES).split())


def argument(param: str) -> str:
    """A parameter as Python's arguments and attributes are called: `class` is `class_`."""
    # Python and Keras have their own ideas of names that begin with `_` or `on_`.
    if param.startswith(("_", "param_", "on_")):
        return f"param_{param}"
    # One underscore more for every one that is there keeps different names different.
    bare = param.rstrip("_")
    return param if usable(bare) and bare not in RESERVED else f"{param}_"


class Identifiers:
    """Python identifiers that are free, made from what a rule is called or does."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.taken = {*RESERVED, *taken}

    def free(self, wanted: str) -> str:
        """`wanted`, or with a number behind it where that name is taken."""
        name, number = wanted, 1
        while name in self.taken or not usable(name):
            number += 1
            name = f"{wanted}{number}"
        self.taken.add(name)
        return name


def usable(name: str) -> bool:
    """Whether a name may be a variable without hiding something of Python's."""
    return name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)


def snake(rule: n.Rule) -> str:
    """`good_enough`, or for a rule without a name what it does and when: `save_on_epoch_end`."""
    if rule.name:
        return rule.name.name
    return f"{verb(rule.actions[0])}_{_when(rule.trigger)}"


def camel(name: str) -> str:
    """`good_enough` as a class is called: `GoodEnough`."""
    words = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    return words if words[:1].isalpha() else f"Rule{words}"


def snake_case(name: str) -> str:
    """`CSVLogger` as a function is called: `csv_logger`."""
    words = name.replace("NaN", "Nan")
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", words).lower()


def variable(metric: str) -> str:
    """A metric's name as a Python variable: `top-5 accuracy` is `top_5_accuracy`."""
    name = re.sub(r"\W", "_", metric, flags=re.ASCII)
    if not name.isidentifier() or not name.strip("_"):
        name = f"metric_{name.strip('_')}"
    return name if usable(name) and not name.startswith("__") else f"{name}_"


def _when(trigger: n.Trigger) -> str:
    match trigger:
        case n.On():
            return f"on_{ALIASES.get(trigger.hook, trigger.hook)}"
        case n.Each():
            return f"every_{trigger.unit}"
        case n.Every(period=n.Duration(count=n.Number() as count, unit=str() as unit)):
            text = f"{count.value:g}".replace(".", "_")
            return f"every_{text}_{PLURAL[unit]}"
        case n.Every(period=n.Duration(count=count, unit=unit)):
            named = count.name if isinstance(count, n.Name) else count.text
            return f"every_{named}" if unit is None else f"every_{unit}"
        case n.At():
            return f"at_{trigger.unit}"
