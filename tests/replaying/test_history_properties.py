"""Whatever was written is read back, and whatever is not a history is refused."""

import contextlib
import csv
import io
import json
import string
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from cbdsl.replaying import Run, Unreadable, read

# Names as Keras and people make them. None that is a number, says "missing" or counts epochs.
names = (
    st.text(string.ascii_letters + "_-/ ()", min_size=1, max_size=12)
    .map(lambda name: f"m{name}".strip())
    .filter(lambda name: "loss" not in name)
)
values = st.floats() | st.none()


@st.composite
def histories(draw: st.DrawFn) -> dict[str, list[float | None]]:
    """One epoch at least, and the loss first, of which the first value is there."""
    epochs = draw(st.integers(1, 8))
    others = draw(st.lists(names, unique=True, max_size=4))
    series = {
        name: draw(st.lists(values, min_size=epochs, max_size=epochs)) for name in ["loss", *others]
    }
    series["loss"][0] = draw(st.floats())
    return series


dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r", "\r\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    }
)


def same(one: object, other: object) -> bool:
    return repr(one) == repr(other)  # where nan is nan, and -0.0 is not 0.0


def runs_of(content: str | bytes) -> list[Run]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read(path)


@given(
    histories(),
    dialects,
    st.sampled_from([None, 0, 1]),
    st.sampled_from(["", "NA", "None"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@settings(deadline=None)
def test_tables_of_every_dialect(history, dialect, base, missing, encoding):
    text = io.StringIO()
    writer = csv.writer(text, **dialect)
    writer.writerow([*([] if base is None else ["epoch"]), *history])
    for epoch, row in enumerate(zip(*history.values(), strict=True)):
        cells = [missing if value is None else value for value in row]
        writer.writerow([*([] if base is None else [base + epoch]), *cells])
    if missing == "" and base is None:
        # A row of nothing is a blank line.
        rows = zip(*history.values(), strict=True)
        kept = [row for row in rows if any(value is not None for value in row)]
        history = {name: [row[at] for row in kept] for at, name in enumerate(history)}
    (run,) = runs_of(text.getvalue().encode(encoding))
    assert same(run.series, history)
    assert run.first_epoch == 1


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.sampled_from([0, 1]))
@settings(deadline=None)
def test_runs_behind_one_another(lengths, base):
    epochs = [epoch for length in lengths for epoch in range(length)]
    rows = "".join(f"{base + epoch},{row}\n" for row, epoch in enumerate(epochs))
    runs = runs_of(f"epoch,loss\n{rows}")
    assert [run.epochs for run in runs] == lengths
    assert [value for run in runs for value in run.series["loss"]] == list(range(len(epochs)))


@given(histories(), st.integers(0, 5))
@settings(deadline=None)
def test_json_of_every_shape(history, shape):
    rows = [dict(zip(history, row, strict=True)) for row in zip(*history.values(), strict=True)]
    text = (
        json.dumps(history),
        json.dumps(history, indent=2),
        json.dumps(json.dumps(history)),
        json.dumps(rows),
        "\n".join(json.dumps(row) for row in rows) if len(rows) > 1 else json.dumps(rows),
        str(history),
    )[shape]
    (run,) = runs_of(text)
    assert same(run.series, history)


words = 'epoch loss step nan NA 0 1 0.5 , ; [ ] { } ( ) : # % - \\ " \' tf.Tensor( "loss":['
pieces = st.sampled_from([*words.split(), " ", "\t", "\n", "\r", "\0", "é"])


@given(st.binary(max_size=60) | st.lists(pieces, max_size=40).map("".join))
@settings(deadline=None, max_examples=400)
def test_anything_is_read_or_refused(content):
    with contextlib.suppress(Unreadable):
        for run in runs_of(content):
            assert run.epochs > 0
            assert all(len(values) == run.epochs for values in run.series.values())
            for value in (value for values in run.series.values() for value in values):
                assert value is None or isinstance(value, float)
