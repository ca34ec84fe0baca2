"""Keys of rules, and names for the classes and functions they become."""

from __future__ import annotations

import builtins
import hashlib
import keyword
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

from cbdsl.catalog.hooks import ALIASES
from cbdsl.catalog.units import PLURAL
from cbdsl.checks.actions import verb
from cbdsl.checks.context import Context, target_name
from cbdsl.checks.when import first_epoch
from cbdsl.formatter import rule_text, statement
from cbdsl.plan.model import Named
from cbdsl.syntax import nodes as n


class Keys:
    """Gives each rule its key: its name and a hash of its formatted text, never its line."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.seen: Counter[str] = Counter()
        self.given = 0

    def named(self, rule: n.Rule | n.Use | n.Metric | n.Schedule) -> Named:
        """What a rule is called; they are asked for in the order of the file."""
        canonical = rule_text(rule) if isinstance(rule, n.Rule) else statement(rule)
        digest = hashlib.sha256((canonical + self._directions(canonical)).encode()).hexdigest()[:12]
        source = self.context.source
        place, text = source.place(rule.span), source.slice(rule.span)
        begins = first_epoch(self.context, rule) if isinstance(rule, n.Rule) else 1
        name = None
        if isinstance(rule, n.Schedule):
            # It is what it is by what it sets: there is one of each.
            name = f"schedule {target_name(rule.target)}"
        elif not isinstance(rule, n.Use) and rule.name is not None:
            name = rule.name.name
        if name is None:
            # Equal rules without a name are told apart by their order.
            self.seen[digest] += 1
            key = f"{digest}:{self.seen[digest]}"
        else:
            key = f"{'metric ' if isinstance(rule, n.Metric) else ''}{name}:{digest}"
        self.given += 1
        label = name or place
        return Named(name, label, place, key, text, canonical, begins, self.given, rule.span)

    def _directions(self, text: str) -> str:
        """Which direction of the metrics it names is better, where the file says so elsewhere."""
        told = sorted(self.context.directions.items())
        return "".join(f"\n{name} {better}" for name, better in told if name in text)


# What generated modules use themselves: names of the runtime with what it imports (they are copied
# into a standalone module), and the attributes of a rule. Nothing from a file may hide them.
_RUNTIME = """
    ARGUMENTS Any BEGINS BatchSnapshots Best Callable Calls Change ClassVar Collection Copy Cosine
    Count Crosses Curve Cycle DEVICE Decay Direct EXTRA Ema Empty EveryBatch Exponential FORBIDDEN
    Fails Failure Fraction Freezes Functions HTTPStatus Held Highest Hold Improves Iterable
    Iterator Keeps LAST_GOOD LIVE LONGEST LONGEST_NAME Linear Literal LiveNumber Lowest
    MAX_FAILURES MAX_ROLL_BACKS MAX_UNSENT MAX_WAITING Mapping Mean Median Memory ModuleType
    Moments Moves NO_MORE NotSettable Notices Notifier Notifies Number OutsideVariables Path
    PerBatch Phase Piece Polynomial Prev Quantile REST RateSchedule Real RecordedMetrics Records
    Repeat Rest Restores Rule Saved ScalesRate Schedule Sequence Series SetsOptimizer SetsRate
    SetsVariable SettingSchedule Shared SimpleQueue SinceBest Slope Span Sqrt Stalls Std Step Sums
    TABLE TIMEOUT Timeline TrainingFailed TrainingFailures Unit Units VariableSchedule
    WeightSnapshots Window Zscore
    _Address _CLIPS _COMMANDS _CONTROLS _Chain _FRACTIONS _FromTo _Message _QUIET _Quiet _Ramp
    _Repeated _Sending _Single _Stretched _TRAINERS _Worker _all_numbers _allow _can_hold
    _changeable _copied _exact _hold _inner _is_name _kind _limit _lives _loaded _module _must_fit
    _nobody _one_optimizer _open _operator _rank _ratio _reason _refusal _repeated _root _single
    _slots _train_others _width
    accumulate allowed_folders annotations backend beginning bisect_left bisect_right build
    build_anew ceil clamp contextlib copied cos dataclass deque divide errno exact exp finite
    float32 floor fnmatchcase freeze function functools get_close_matches glob harmless importlib
    inside insort inspect keras layers limited listed log log10 logging math maximum metric_values
    minimum modulo must_be_replaceable must_have_room names numbers one_rate optimizer_variables os
    own_variable power prepare_layers prepare_settings put_back put_metrics_back put_optimizer_back
    rate re release_settings remove_unfinished reported retrace rounded say scope set_rate
    set_setting settable setting share shutil sin size_of_weights span_text sqrt struct sync sys
    takewhile tanh tell text text32 threading time time_text to_do unfreeze warnings whole
    write_whole writing_to
    Failures LearningRate Messages Outside Recorded Snapshots Variables allow callbacks functions
    learning_rate made notices notify outside recorded snapshots
"""
_ATTRIBUTES = """
    advance base batch batches begin begun by call calls clock effects elapsed epoch epochs factor
    fail failure fired fired_at firings freeze frozen go_to kept key known left lr memory model name
    note notify params phases place print progress put record reset rest restore roll_back rolled
    run_dir save save_best save_newest scale_lr scaled set set_model set_outside set_params
    set_setting setting setting_name settings snapshot start started state step steps stop take_up
    tick timeline unfreeze unfrozen value variable_name variables wait waiting warn within
    before earlier logs self
    l I O
"""
RESERVED = frozenset((_RUNTIME + _ATTRIBUTES).split())


@lru_cache(4096)  # every rule of thousands asks for the parameters of the whole file
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
        self.numbers: dict[str, int] = {}
        """The last number behind each name, as thousands of rules may ask for the same."""

    def free(self, wanted: str) -> str:
        """`wanted`, or with a number behind it where that name is taken."""
        name, number = wanted, self.numbers.get(wanted, 1)
        while name in self.taken or not usable(name):
            number += 1
            name = f"{wanted}{number}"
        self.numbers[wanted] = number
        self.taken.add(name)
        return name


def usable(name: str) -> bool:
    """Whether a name may be a variable without hiding something of Python's."""
    return name.isidentifier() and not keyword.iskeyword(name) and not hasattr(builtins, name)


def snake(rule: n.Rule) -> str:
    """`good_enough`, or for a rule without a name what it does and when: `save_on_epoch_end`."""
    if rule.name:
        return rule.name.name
    return f"{verb(rule.actions[0]).replace(' ', '_')}_{_when(rule.trigger)}"


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
    if name.startswith("__"):
        # Python has its own ideas of these, such as `__class__`.
        name = f"_{name.lstrip('_')}"
    return name if usable(name) else f"{name}_"


def _when(trigger: n.Trigger) -> str:
    match trigger:
        case n.On():
            return f"on_{ALIASES.get(trigger.hook, trigger.hook)}"
        case n.Each():
            return f"every_{trigger.unit}"
        case n.Every(period=n.Duration(count=n.Number() as count, unit=str() as unit)):
            # `1e+15` has more signs than a point.
            text = re.sub(r"\W", "_", f"{count.value:g}")
            return f"every_{text}_{PLURAL[unit]}"
        case n.Every(period=n.Duration(count=count, unit=unit)):
            named = count.name if isinstance(count, n.Name) else count.text
            return f"every_{named}" if unit is None else f"every_{unit}"
        case n.At():
            return f"at_{trigger.unit}"
