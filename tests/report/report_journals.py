"""Journals made by hand, as docs/journal.md has them."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Line = dict[str, Any]

RULES = {
    "good_enough": 'on epoch_end if val_accuracy > target stop "{val_accuracy:.1%} is enough"',
    "slower": "every epoch after 2 lr *= 0.99",
    "keep_best": 'on epoch_end if val_loss improves save "best.weights.h5"',
    "plateau": (
        "on epoch_end if val_loss stalls for patience epochs:\n"
        "    lr *= 0.5\n"
        '    print "no progress for {patience} epochs, the rate is now {lr:.2e}"'
    ),
}


HOSTILE = (
    "</title></style><script>alert(1)</script><img src=x onerror=alert(2)>\"'`&lt;\x00\u202e\n"
)


def rule(name: str, text: str = "every epoch lr *= 0.5", line: int = 1) -> Line:
    return {"rule": name, "key": f"{name}:0", "place": f"mnist.cbr:{line}", "text": text}


def run(rules: Mapping[str, str] | Sequence[Line] = RULES, **more: Any) -> Line:
    """The first line; `rules` are texts by name, or lines as `rule()` makes them."""
    if isinstance(rules, Mapping):
        rules = [rule(name, text, 3 * n) for n, (name, text) in enumerate(rules.items(), 1)]
    return {
        "kind": "run",
        "journal": 1,
        "cbdsl": "0.1.0",
        "at": "2025-11-03T09:12:44Z",
        "epochs": 10,
        "batches": 63,
        "params": {"target": 0.95, "patience": 2},
        "rules": list(rules),
    } | more


def epoch(number: int, logs: Mapping[str, Any], lr: Any = 0.001, **more: Any) -> Line:
    time = round(1.37 * number, 2)
    line = {"kind": "epoch", "epoch": number, "time": time, "logs": dict(logs), "lr": lr}
    return line | {"counted": {}} | more


def fired(number: int, name: str, *actions: Line, **more: Any) -> Line:
    line = {"kind": "firing", "epoch": number, "batch": None, "step": None, "rule": name}
    line |= {"time": round(1.37 * number - 0.01, 2), "key": f"{name}:0", "place": "mnist.cbr:1"}
    return line | {"values": {}, "actions": list(actions)} | more


def did(verb: str, detail: Any = None, error: str | None = None) -> Line:
    line = {"verb": verb, "detail": detail, "error": error}
    return {name: value for name, value in line.items() if value is not None}


def resumed(number: int, first: Line, **more: Any) -> Line:
    """A run that is taken up with the rules of its first line, or those given."""
    same = {name: first[name] for name in ("epochs", "batches", "params", "rules")}
    line = {"kind": "resumed", "at": "2025-11-04T10:00:00Z", "epoch": number} | same
    return line | {"difference": {"kept": [], "new": [], "dropped": []}} | more


def end(number: int, how: str = "done", by: Any = None, why: Any = None) -> Line:
    time = round(1.37 * number, 2)
    return {"kind": "end", "epoch": number, "time": time, "how": how, "by": by, "why": why}


def plain(epochs: int = 7) -> list[Line]:
    """A run like that of the README, ended by a rule."""
    lines, lr = [run()], 0.001
    for n in range(1, epochs + 1):
        if n > 2:
            lr *= 0.99
            lines.append(fired(n, "slower", did("lr", lr)))
        logs = {
            "accuracy": 1 - 0.19 / n,
            "loss": 0.75 / n**0.9,
            "val_accuracy": 0.955 - 0.06 / n**1.2 - 0.004 * (n == 5),
            "val_loss": 0.34 / n**0.4 + 0.02 * (n == 5),
        }
        if n != 5:
            seen = {"val_loss": logs["val_loss"]}
            lines.append(fired(n, "keep_best", did("save", "best.weights.h5"), values=seen))
        if n == epochs:
            seen = {"val_accuracy": logs["val_accuracy"], "target": 0.95}
            why = f"{logs['val_accuracy']:.1%} is enough"
            lines.append(fired(n, "good_enough", did("stop", why), values=seen))
        lines.append(epoch(n, logs, lr))
    return [*lines, end(epochs, "stopped", "good_enough, mnist.cbr:3", why)]


def long(epochs: int = 1000, seed: int = 1) -> list[Line]:
    """Many epochs, a schedule, noise, gaps, a resumption, and a rule that never stops firing."""
    chance = random.Random(seed)
    names = {
        "warmed": 'at epoch 50 print "warm"',
        "noisy": 'on batch_end if loss > 1 print "{loss}"',
        "plateau": RULES["plateau"],
        "calm": "on epoch_end if loss is nan roll back to last good",
        "never": "on epoch_end if loss > 1e9 fail",
    }
    lines = [run(names, epochs=epochs, batches=100)]
    lr = 0.1
    for n in range(1, epochs + 1):
        noise = chance.gauss(0, 0.05)
        loss: Any = 40 * math.exp(-n / 60) + 0.3 + abs(noise) + 3 * (n % 211 == 0)
        if n % 97 == 0:
            loss = "nan"
            lines.append(fired(n, "calm", did("roll back", "last good"), values={"loss": "nan"}))
        for batch in range(1, 4):
            seen = {"loss": chance.random() + 1}
            more = {"batch": batch, "step": 100 * (n - 1) + batch, "values": seen}
            lines.append(fired(n, "noisy", did("print", f"{seen['loss']:.3f}"), **more))
        if n in (300, 620, 870):
            lines.append(fired(n, "plateau", did("lr", lr / 10), did("print", "no progress")))
            lr /= 10
        if n == 500:
            lines.append(resumed(501, lines[0], epochs=epochs, batches=100))
        logs = {"loss": loss, "val_loss": 30 * math.exp(-n / 80) + 0.5 + noise / 2}
        logs |= {"top_k_accuracy": 1 - math.exp(-n / 200) / 2 + noise / 10, "norm": 1e5 * noise}
        counted = {"noisy:0": 97} if n > 900 else {}
        lines.append(epoch(n, logs, lr, counted=counted))
    return lines


def hostile() -> list[Line]:
    """A journal with markup wherever text may stand."""
    key = HOSTILE + "key"
    bad = {"rule": HOSTILE, "key": key, "place": HOSTILE, "text": HOSTILE}
    action = {"verb": HOSTILE, "detail": [HOSTILE, {HOSTILE: HOSTILE}], "error": HOSTILE}
    of = {"rule": HOSTILE, "key": key}
    change = {"kept": [HOSTILE], "new": [HOSTILE], "dropped": [HOSTILE]}
    pairs = [did(verb, [HOSTILE, HOSTILE]) for verb in ("set", "optimizer", "record", "wait")]
    logs = {HOSTILE: 1, "val_" + HOSTILE: 2, "</title><script>": "nan"}
    return [
        run([bad], cbdsl=HOSTILE, at=HOSTILE, params={HOSTILE: HOSTILE}),
        fired(1, HOSTILE, action, did("stop", HOSTILE), values={HOSTILE: HOSTILE}, **of),
        fired(1, HOSTILE, *pairs, place=HOSTILE),
        {"kind": "broken", "epoch": 1, "time": 1, "error": HOSTILE, **of},
        {"kind": "failed", "time": 1, "verb": HOSTILE, "error": HOSTILE, **of},
        {"kind": "refused", "epoch": 1, "time": 1, "problems": [HOSTILE]},
        {
            "kind": "reloaded",
            "epoch": 1,
            "time": 1,
            "params": {},
            "rules": [bad],
            "difference": change,
        },
        epoch(1, logs, counted={HOSTILE: 3}),
        end(1, HOSTILE, HOSTILE, HOSTILE),
    ]


def text(lines: Iterable[Line]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


def written(folder: Path, lines: Iterable[Line]) -> Path:
    """A folder of a run that holds the journal."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "journal.jsonl").write_text(text(lines), "utf-8")
    return folder
