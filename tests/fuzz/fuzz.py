"""Coverage-guided fuzzing with atheris: `make fuzz`.

    python tests/fuzz/fuzz.py FOLDER [-runs=N] [more of libFuzzer's options]

Inputs that reach something new are kept in FOLDER/corpus, and those for which something does not
hold in FOLDER/found, one for each place it goes wrong at, with what was raised; it does not stop at
them. What has been found there is not reported again before its file is deleted.
"""

from __future__ import annotations

import re
import sys
import traceback
import zlib
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "fuzz")]

import atheris  # noqa: E402

with atheris.instrument_imports(include=["cbdsl"]):
    import cbdsl.cli
    import cbdsl.program  # noqa: F401

from fuzz_properties import Asked, assert_formatted, assert_holds  # noqa: E402
from fuzz_words import mutated, seeds, spliced, value  # noqa: E402

from cbdsl import CbrError  # noqa: E402
from cbdsl.syntax import read_source  # noqa: E402

MOST_BYTES = 400
"""How long an input is: short ones are many."""

WHOLE = 400
FORMATTED = 6
"""One input in so many is looked at with everything, and one is formatted; all others with what
costs little."""


def read(data: bytes) -> str:
    # A lone surrogate can stand in text that a script passes.
    return data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")


def written(text: str, most: int) -> bytes:
    data = text.encode("utf-8", "surrogatepass")[:most]
    return data.decode("utf-8", "ignore").encode() if len(data) == most else data


def asked_of(number: int) -> Asked:
    """What a caller says beside a text; it follows from the text."""
    random = Random(number)
    if random.randint(0, 3):
        return Asked()
    names = ("p", "target", "patience", "rate", "t", "s")
    return Asked(
        name=random.choice(("rules.cbr", 'a"b.cbr', "a\nb.cbr", "\x1b[31m.cbr", "\udc80.cbr", "")),
        params={random.choice(names): value(random)} if random.randint(0, 1) else {},
        metrics=random.choice((None, ["loss", "val_loss", "a b"])),
        epochs=random.choice((None, 1, 10, 10**12)),
    )


def is_promise(error: Exception) -> bool:
    return isinstance(error, AssertionError)


class Fuzzer:
    """Looks at inputs, and keeps what it finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.places: set[str] = {path.stem for path in folder.glob("*.txt")}

    def look(self, data: bytes) -> None:
        try:
            text = read(data)
        except UnicodeDecodeError:
            return
        number = zlib.crc32(data)
        try:
            assert_holds(text, asked_of(number), whole=number % WHOLE == 0)
            if number % FORMATTED == 1:
                assert_formatted(read_source(text, "rules.cbr"))
        except CbrError:
            # It cannot be read at all, which is looked at above.
            pass
        except Exception as e:
            self.keep(data, e)

    def keep(self, data: bytes, error: Exception) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        # A promise is broken in many ways, of which the message tells.
        kind = re.sub(r"[^A-Za-z]+", "-", str(error))[:24] if is_promise(error) else last.lineno
        place = f"{type(error).__name__}-{Path(last.filename).stem}-{kind}"
        if place in self.places:
            return
        self.places.add(place)
        (self.folder / f"{place}.cbr").write_bytes(data)
        said = "".join(traceback.format_exception(error, limit=-12))
        (self.folder / f"{place}.txt").write_text(said, "utf-8", "backslashreplace")
        print(f"found: {place}: {ascii(error)[:200]}", flush=True)


def mutator(data: bytes, most: int, seed: int) -> bytes:
    random = Random(seed)
    if random.randint(0, 15) == 0:
        return atheris.Mutate(data, most)
    return written(mutated(data.decode("utf-8", "replace"), random), most)


def crossed(one: bytes, other: bytes, most: int, seed: int) -> bytes:
    random = Random(seed)
    texts = [data.decode("utf-8", "replace") for data in (one, other)]
    return written(spliced(*texts, random), most)


def main() -> None:
    folder = Path(sys.argv[1])
    corpus, found = folder / "corpus", folder / "found"
    for path in (corpus, found):
        path.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(seeds()):
        (corpus / f"seed-{number:04}").write_bytes(written(text, MOST_BYTES))
    options = [
        f"-max_len={MOST_BYTES}",
        f"-artifact_prefix={found}/",
        "-timeout=20",
        "-rss_limit_mb=1000",
        "-print_final_stats=1",
    ]
    fuzzer = Fuzzer(found)
    arguments = [sys.argv[0], str(corpus), *options, *sys.argv[2:]]
    atheris.Setup(arguments, fuzzer.look, custom_mutator=mutator, custom_crossover=crossed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
