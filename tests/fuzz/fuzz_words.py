"""Pieces of rule files, good and hostile, and how texts are made of them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random

from corpus_files import FOLDER
from hypothesis import strategies as st
from strategies import METRICS

from cbdsl.catalog import words
from cbdsl.catalog.functions import FUNCTIONS, SERIES
from cbdsl.catalog.hooks import EVENTS
from cbdsl.catalog.keras_callbacks import KERAS_CALLBACKS
from cbdsl.catalog.values import VALUES
from cbdsl.catalog.words import WORDS
from cbdsl.checks.params import Given, Literal

ROOT = Path(__file__).resolve().parents[2]

HOSTILE = (
    "'", '"', '"""', "'''", '\\"', "\\", "\\\\", '\\"\\', "\\x41", "\\N{DIGIT ONE}", "\\n", "{",
    "}", "{{", "}}", "\\{", "\\}", "{loss}", "{loss!r}", "{loss:{lr}}", "{loss.__class__}",
    "{__import__}", "{0}", "{}", "{loss=}", "%s", "%(loss)s", "${loss}", "`", "`` `",
    "`__import__('os')`", "`a`", "`\\`", "`{`", '`"`', "`'`", "`#`", "`self`", "`None`",
    "`__class__`", "`a-b`", "`a.b`", "`0`", "`_`", "`keras`", "`é`", "`漢字`",
    "`a" + "b" * 200 + "`", "__import__('os')", "__import__", "__class__", "__name__", "eval",
    "exec", "open", "lambda", "self", "cls", "super", "keras", "os", "math", "functools", "logs",
    "Rule", "None", "True", "import os", "\nimport os\n", ";import os", "#", "# x", "#!x", "#\n",
    '"#"', "\ud800", "\udfff", "\u202e", "\u2066", "\u200f", "\u2028", "\x85", "\x00", "\x1b[31m",
    "\r", "\r\n", "\t", "\x0b", "\x0c", "\ufeff", "\u00a0", "\u0660", "\u00b2", "\u2460",
    "\U0001d7d9", "\ufb01", "\u212a", "\u017f", "\u0130", "e\u0301", "\u0301", "\uff19",
    "\U0001d425\U0001d428\U0001d42c", "a" * 300, "9" * 400, "9" * 5000, "0." + "3" * 400, "1e999",
    "1e-999", "1e308", "5e-324", "9**9**9**9", "-9**9**9**9", "1000000000000", "1000000000",
    "1e15", "1e16", "100001", "99999999999999999999", "0", "-0", "00", "-1", "0.0", "1.", ".5",
    "1e3", "1%", "1000%", "0%", "0.1%", "1e308%", "2**53", "9007199254740993", "1e400%", "nan",
    "inf", "-inf", "_", "_x3", "1x1000000000", "0.7+0.05x5", "_x1000000000", "1+1e308x9",
    "1e-5000+1x3", "1x" + "9" * 5000, "(" * 30, ")" * 30, "((", "))", "(" * 70, "not " * 20,
    "-" * 20, "not (" * 30, "mean(" * 20, ":" + "9" * 20, "{loss:1000000000}",
    "{loss:.1000000000f}", "{loss:" + "9" * 5000 + "}", "{loss:>9}", "{loss:{}}", "{loss:%}",
    "{lr:.3e}", "{epoch:d}", "{logs}", "{metrics}", "../x", "/etc/passwd", "C:\\x", "~", "a/b",
    "x.keras", "x.weights.h5", ".", "..", "\n\n\n", "\n    ", "\n  ", "\n\t", "    ", "\n        ",
)  # fmt: skip
"""What might end a text of Python's, hide in one, be taken for code, or cost time or memory."""

_LONGER = (
    "on epoch_end if loss > 1 stop", "every epoch", "every 5 epochs", "every 100 batches",
    "every 10 minutes", "at epoch 3, 5", "at batch 500", "at 50%", "on batch_end", "on interrupt",
    "if loss > 1", "then", "once", "at most 3 times", "after 2", "until 10", "from 3 to 8",
    "from 10% to 80%", "after 30 minutes", "improves by 0.1", "stalls for 3 epochs",
    "for 3 epochs", "crosses above", "is nan", "is not finite", "stop", 'stop "x"',
    'print "{loss:.2f}"', 'warn "x"', 'notify "x"', 'fail "x"', 'save "x.keras" keep 3',
    'save "x.keras"', 'save "x{epoch}.weights.h5" keep best 3 of val_loss',
    "restore best of val_loss", "roll back to last good", "roll back to best of val_loss",
    "snapshot", "lr *= 0.5", "lr = 0.1", "optimizer.momentum = 0.9", 'freeze "block_*"',
    'unfreeze "x"', "unfreeze", "seen += 1", "record x = loss", "call my.function",
    "wait 3 epochs", "param p = 3", 'param t = "x"', "param s = 3 epochs", "let seen = 0",
    "let warm = false", "variable v", "metric m = loss * 2", "metric `a b` = loss",
    "expects energy", "minimize m", "maximize m", "limit lr from 1e-6 to 0.1", 'include "x.cbr"',
    'resume from "state"', 'use CSVLogger(filename="x.csv")', "language 1", "schedule lr:\n    ",
    "schedule lr every batch:\n    ", "linear from 0 to 0.01 over 5 epochs",
    "cosine to 1e-5 over the rest", "exponential from 1 to 2 over 10%", "hold for 3 epochs",
    "hold at 0.1 for 20 batches", "step by 0.5 every 2 epochs for 9 epochs", "polynomial(2) to 0",
    "decay inverse_sqrt by 2 per epoch for 5 epochs",
    "cycle from 0 to 1 every 4 epochs for 8 epochs",
    "repeat last 2 phases 3 times scaling by 0.5 stretching by 2", "repeat", "repeat 1000 times",
    'test "t":\n    ', "given loss: 1 2 3", "given batch loss: 1 2", "given lr: 0.1",
    "given optimizer.momentum: 0.9", "given epochs: 3", "given batches: 4", "set p = 4",
    "given epoch takes 10 minutes", "given interrupt at epoch 2 batch 1", "expect stop at epoch 2",
    "expect no r", 'expect print "x"', "expect lr 0.1 at epoch 3", "r: ", "mean(loss, 5)",
    "quantile(loss, 0.5, 9)", "ema(loss, 0.1)", "count(loss > 1)", "per_batch(loss)",
    "clamp(loss, 0, 1)",
)  # fmt: skip

_FOREIGN = sorted(
    {word for name in vars(words) if name.startswith("FOREIGN") for word in vars(words)[name]}
)

TOKENS = (
    *sorted(WORDS), *_FOREIGN, *sorted(EVENTS), *METRICS, *VALUES, *FUNCTIONS, *SERIES,
    *KERAS_CALLBACKS, *_LONGER, *_LONGER, *"()+-*/%<>=,:.!&|{}[];'\"`#^~@$?", "**", "<=", ">=",
    "==", "!=", "+=", "*=", "/=", "->", "//", "3", "0.5", "90%", "1e-3", '"text"', "optimizer.",
    "is not", "stalls for", "2h", "1h30m", "3rd", " ", "  ", "\n", "\n", "\n    ", "\n    ",
    "\n\t",
)  # fmt: skip
"""Words of the language and of others, signs, and phrases that belong together."""

_PIECE = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`\n]*`|\w+|\n[ ]*|[ ]+|.', re.DOTALL)

LONGEST = 600
"""How long a text is that is taken as a seed, in characters: short ones are read quickly."""


randoms = st.randoms(use_true_random=False)


@cache
def seeds() -> tuple[str, ...]:
    """Statements with their blocks, of the corpus, the examples and all mistakes that are known."""
    paths = sorted({*FOLDER.rglob("*.cbr"), *(ROOT / "examples").rglob("*.cbr")})
    paths.append(ROOT / "cbdsl" / "cli" / "init.cbr")
    texts = [path.read_bytes().decode("utf-8", "replace") for path in paths]
    texts.append((FOLDER / "mistakes.txt").read_text("utf-8"))
    whole = [text for text in texts if len(text) <= LONGEST]
    statements = [part for text in texts for part in re.split(r"(?m)^(?=[^\s#])", text)]
    return tuple(dict.fromkeys([*whole, *(s for s in statements if 0 < len(s) <= LONGEST)]))


def mutated(text: str, random: Random) -> str:
    """A text in which a few things are other ones: words, phrases, characters, whole statements."""
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 5))):
        pieces = _PIECE.findall(text)
        at = random.randint(0, len(pieces))
        until = min(len(pieces), at + random.choice((1, 1, 1, 2, 3, 8)))
        here = pieces[at:until]
        match random.randint(0, 11):
            case 0 | 1:
                pieces[at:until] = [random.choice(TOKENS)]
            case 2 | 3:
                pieces[at:at] = [" ", random.choice(TOKENS), " "]
            case 4:
                pieces[at:until] = [random.choice(HOSTILE)]
            case 5:
                pieces[at:at] = [random.choice(HOSTILE)]
            case 6:
                del pieces[at:until]
            case 7:
                pieces[at:until] = here * random.choice((2, 2, 3, 40))
            case 8:
                other = _PIECE.findall(random.choice(seeds()))
                begin = random.randint(0, len(other))
                pieces[at:until] = other[begin : begin + random.choice((1, 2, 5, 20))]
            case 9:
                pieces = [*pieces, "\n", random.choice(seeds())]
            case 10 if here and here[0][:1] in ('"', "`"):
                pieces[at:until] = [_inside(here[0], random), *here[1:]]
            case _:
                return _by_character("".join(pieces), random)
        text = "".join(pieces)
    return text


def _inside(quoted: str, random: Random) -> str:
    """A text or a metric's name with something hostile between its quotes."""
    at = random.randint(1, max(1, len(quoted) - 1))
    return quoted[:at] + random.choice(HOSTILE) + quoted[at:]


def _by_character(text: str, random: Random) -> str:
    at = random.randint(0, len(text))
    put = random.choice(("", chr(random.randint(0, 127)), chr(random.randint(0, 0x2FFF))))
    return text[:at] + put + text[at + random.randint(0, 2) :]


def spliced(one: str, other: str, random: Random) -> str:
    """The beginning of one text and the end of another, or both."""
    a, b = one.splitlines(keepends=True), other.splitlines(keepends=True)
    if random.randint(0, 2):
        return "".join([*a[: random.randint(0, len(a))], *b[random.randint(0, len(b)) :]])
    at, to = random.randint(0, len(one)), random.randint(0, len(other))
    return one[:at] + other[to:]


def value(random: Random) -> Given:
    """What a caller may give for a parameter."""
    text = random.choice(HOSTILE)
    return random.choice(
        (text, Literal(text), Literal(f'"{text}"'), True, 3, -1, 0.5, 10**400, 1e308, float("nan"))
    )
