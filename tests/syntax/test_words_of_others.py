"""Every word and sign of others that the catalog knows: one error, on it, with what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from cbdsl.catalog import words
from cbdsl.catalog.values import VALUES
from cbdsl.program import check

GOOD = 'on epoch_end if loss > 100 print "x"'

Said = Callable[[Any], str]


class Table:
    """How the words of a table are put into sentences, and how its rows are read.

    `{}` is the word; `sentences` are those of the words that need another one. `said` is what must
    be in the help for a row's value; `caret` what is pointed at where that is not the word.
    """

    def __init__(
        self,
        name: str,
        sentence: str,
        sentences: Mapping[str, str] | None = None,
        said: Said = str,
        caret: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.sentence = sentence
        self.sentences = dict(sentences or {})
        self.said = said
        self.caret = dict(caret or {})

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Each word, its sentence, what is pointed at, and what the help must hold."""
        table = getattr(words, self.name)
        assert set(self.sentences) | set(self.caret) <= set(table)
        for word in sorted(table):
            value = table[word] if isinstance(table, dict) else ""
            sentence = self.sentences.get(word, self.sentence).replace("{}", word)
            yield word, sentence, self.caret.get(word, word), self.said(value)


def written(value: str) -> str:
    return f"write {value}"


def unit_of(value: tuple[float, str]) -> str:
    """Of two of a unit of others, in the unit of cbr."""
    factor, unit = value
    number = f"{2 * factor:g}"
    return f"write `{number} {unit}s`".replace("batchs", "batches")


IN_RULE = "on epoch_end if {} stop"
IN_TEST = GOOD + '\ntest "t":\n    given loss: 200 300\n    '
IN_SCHEDULE = "schedule lr:\n    "

TABLES = (
    Table(
        "FOREIGN",
        "on epoch_end {} loss > 3 stop",
        {
            "elif": "on epoch_end if loss > 3 stop {}",
            "else": "on epoch_end if loss > 3 stop {}",
            "do": "on epoch_end if loss > 3 {} stop",
            "before": "on epoch_end {} late stop",
            "each": "{} epoch stop",
            "is_nan": IN_RULE.replace("{}", "loss {}"),
            "increases": IN_RULE.replace("{}", "loss {}"),
            "decreases": IN_RULE.replace("{}", "loss {}"),
            "def": "{} on_epoch_end(self, epoch, logs)",
            "True": IN_RULE,
            "False": IN_RULE,
            "None": IN_RULE.replace("{}", "loss is {}"),
        },
        written,
    ),
    Table(
        "FOREIGN_SIGNS",
        "on epoch_end if loss {} 3 stop",
        {
            "!": "on epoch_end if {}(loss > 3) stop",
            "~": "on epoch_end if {}(loss > 3) stop",
            "&&": "on epoch_end if loss > 3 {} epoch > 2 stop",
            "&": "on epoch_end if loss > 3 {} epoch > 2 stop",
            "||": "on epoch_end if loss > 3 {} epoch > 2 stop",
            "|": "on epoch_end if loss > 3 {} epoch > 2 stop",
            "…": "every epoch {} stop",
            ";": 'on epoch_end print "x"{} stop',
            "//": "on epoch_end stop {} too high",
            "{": "on epoch_end if loss > 3 {} stop }",
            "}": "on epoch_end stop {}",
            "[": "on epoch_end if {}loss > 3] stop",
            "]": "on epoch_end if loss > 3{} stop",
            "\\": "on epoch_end {} stop",
            **dict.fromkeys("'“”„\u2018\u2019", "on epoch_end print {}x{}"),
        },
    ),
    Table(
        "FOREIGN_ACTIONS",
        "on epoch_end {}",
        {
            "learning_rate": "on epoch_end {} *= 0.5",
            "rate": "on epoch_end {} *= 0.5",
        },
        lambda verb: f"write `{verb}",
    ),
    Table(
        "FOREIGN_CHANGES",
        "on epoch_end {} lr by 0.5",
        said=lambda op: f"write `lr {op}",
    ),
    Table(
        "FOREIGN_STATES",
        IN_RULE.replace("{}", "loss is {} 3"),
        {
            "a": IN_RULE.replace("{}", "loss is not {} number"),
            **{
                word: IN_RULE.replace("{}", f"loss is {word} than 3")
                for word in ("greater", "higher", "less", "lower")
            },
            **dict.fromkeys(
                """inf infinite null none None undefined na true True false False rising increasing
                falling decreasing improving better""".split(),
                IN_RULE.replace("{}", "loss is {}"),
            ),
        },
        written,
    ),
    Table(
        "FOREIGN_PREDICATES",
        IN_RULE.replace("{}", "loss {}"),
        {
            **dict.fromkeys(
                ("exceeds", "reaches", "greater", "less", "equals"),
                IN_RULE.replace("{}", "loss {} 3"),
            ),
            **dict.fromkeys(("does", "doesn", "isn"), IN_RULE.replace("{}", "loss {} rise")),
            **dict.fromkeys(
                ("over", "during", "since"), IN_RULE.replace("{}", "loss > 3 {} 3 epochs")
            ),
            "min_delta": IN_RULE.replace("{}", "loss improves {} 0.1"),
        },
        written,
    ),
    Table("FOREIGN_TIMES", "on epoch_end if loss > 3 then {} stop", said=written),
    Table(
        "FOREIGN_SIDES", IN_RULE.replace("{}", "loss crosses {} 3"), said=lambda s: f"crosses {s}"
    ),
    Table("FOREIGN_UNITS", 'every 2 {} print "x"', said=unit_of),
    Table(
        "FOREIGN_STATEMENTS",
        "{} target = 3",
        {"import": "{} keras", "class": "{} Stop(Callback)"},
        written,
    ),
    Table(
        "FOREIGN_PHASES",
        IN_SCHEDULE + "{} from 0 to 0.1 over 3 epochs",
        {
            word: IN_SCHEDULE + "{} by 0.5 every 2 epochs for 9 epochs"
            for word, phase in words.FOREIGN_PHASES.items()
            if phase in ("step", "decay")
        },
        lambda phase: f"`{phase}",
    ),
    Table(
        "FOREIGN_LAWS",
        IN_SCHEDULE + "decay {} by 0.5 per 2 epochs for 9 epochs",
        said=lambda law: f"`decay {law} by 0.5",
    ),
    Table("FOREIGN_FUNCTIONS", IN_RULE.replace("{}", "{}(loss) > 3"), said=written),
    Table("FOREIGN_LINES", IN_TEST + "{} stop at epoch 3", said=lambda line: f"`{line} "),
    Table(
        "FOREIGN_VALUES",
        IN_TEST + "given accuracy: 0.5 {}",
        # In small letters these are values.
        {word: IN_TEST + f"given accuracy: 0.5 {word.title()}" for word in ("nan", "inf")},
        written,
        {"nan": "Nan", "inf": "Inf"},
    ),
    Table("NEGATIONS", IN_TEST + "expect {} stop", said=lambda _: "write `expect no stop`"),
    Table("FOREIGN_PLACES", IN_TEST + "expect stop {} 3"),
)

ROWS = [(table.name, *row) for table in TABLES for row in table.rows()]


@pytest.mark.parametrize(
    ("word", "sentence", "caret", "said"),
    [pytest.param(*row, id=f"{name}:{row[0]}") for name, *row in ROWS],
)
def test_a_word_of_others(word: str, sentence: str, caret: str, said: str) -> None:
    found = [d for d in check(f"{GOOD}\n{sentence}\n{GOOD}") if d.is_error]
    assert len(found) == 1, [str(d) for d in found]
    (problem,) = found
    assert problem.span is not None
    pointed = problem.source.slice(problem.span)
    assert re.search(rf"(?<!\w){re.escape(caret)}(?!\w)", pointed) or caret in pointed
    assert len(pointed) <= max(len(caret), 25)
    assert said in problem.help


def test_every_table_is_tested() -> None:
    tables = {
        name
        for name, value in vars(words).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, (dict, frozenset))
    }
    assert tables - {"WORDS"} == {table.name for table in TABLES}
    assert set(VALUES) <= words.WORDS
