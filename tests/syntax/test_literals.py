"""Numbers, texts, templates and names: what is read, and what is said of what cannot be."""

import pytest

from cbdsl import check
from cbdsl.source import SourceFile
from cbdsl.syntax import nodes as n
from cbdsl.syntax import parse_source


def rule(text: str) -> n.Rule:
    file, problems = parse_source(SourceFile("r.cbr", text))
    assert not problems, problems
    (found,) = file.rules
    return found


def number(text: str) -> n.Expr:
    condition = rule(f"on epoch_end if loss > {text} stop").condition
    assert condition
    assert isinstance(condition.test, n.Compare)
    return condition.test.operands[1]


def text(written: str) -> n.Text:
    (action,) = rule(f"on epoch_end print {written}").actions
    assert isinstance(action, n.Print)
    return action.text


# ------------------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("3", 3), ("0.5", 0.5), (".5", 0.5), ("5.", 5), ("1e-3", 0.001), ("1E+3", 1000),
        ("1.5e3", 1500), ("00", 0), ("90%", 0.9), ("0.1%", 0.001), (".5%", 0.005), ("29%", 0.29),
        ("100%", 1), ("1e308", 1e308), ("1e-999", 0),
        # The nearest number to what is written, not the product of two roundings:
        ("14.3%", 0.143), ("57.1%", 0.571),
    ],
)  # fmt: skip
def test_numbers(written: str, value: float) -> None:
    found = number(written)
    assert isinstance(found, n.Number)
    assert (found.value, found.text) == (value, written)


@pytest.mark.parametrize("written", ["a % b", "a %b", "a%b", "5 % a", "5 %3", "a % 3", "a % .5"])
def test_remainders(written: str) -> None:
    found = number(written)
    assert isinstance(found, n.Binary)
    assert found.op == "%"


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("10k", "write `10000`"), ("2M", "write `2000000`"), ("1_000", "write `1000`"),
        ("1_0_0", "write `100`"), ("30minutes", "write `30 minutes`"),
        ("2h", "write `2 hours`"), ("1h", "write `1 hour`"), ("2hrs", "write `2 hours`"),
        ("90min", "write `90 minutes`"), ("30s", "write `30 seconds`"),
        ("500ms", "write `0.5 seconds`"), ("3d", "write `72 hours`"),
        ("1.5days", "write `36 hours`"), ("100steps", "write `100 batches`"),
        ("10m", "write `10 minutes`, or `10000000`"), ("10M", "write `10000000`"),
        ("1h30m", "write `1 hour 30 minutes`"), ("1h30", "write `1 hour 30 minutes`"),
        ("2hours30minutes", "write `2 hours 30 minutes`"), ("3rd", "write `3`"),
        ("90%accuracy", "write `90%` and a space, or `90 % accuracy` for the remainder"),
        ("5%x", "write `5%` and a space, or `5 % x` for the remainder"),
        ("1.2.3", "write digits"), ("1e", "as in `1e-3`"), ("1..2", "write digits"),
        ("0x1F", "write digits"), ("1e999", "the largest number"),
        ("9" * 400, "the largest number"), ("9" * 400 + "%", "the largest number"),
    ],
)  # fmt: skip
def test_no_numbers(written: str, help: str) -> None:
    (found,) = check(f"on epoch_end if loss > {written} stop")
    assert found.code == "CBR111"
    assert found.source.slice(found.span or (0, 0)) == written  # type: ignore[arg-type]
    assert help in found.help


@pytest.mark.parametrize("written", ["90 %", "90  %"])
@pytest.mark.parametrize(
    "rule",
    [
        "on epoch_end if accuracy > {} stop",
        "on epoch_end if accuracy > {}",
        "at {} stop",
        "on epoch_end after {} stop",
        "param x = {}",
    ],
)
def test_the_sign_of_a_percent_touches_its_number(rule: str, written: str) -> None:
    (found,) = check(rule.format(written))
    assert found.code == "CBR109"
    assert found.help.startswith("write `90%`")


@pytest.mark.parametrize("digit", "٣३３²½")
def test_digits_are_those_of_ascii(digit: str) -> None:
    assert [d.code for d in check(f"on epoch_end if loss > {digit} stop")] == ["CBR110"]


# ------------------------------------------------------------------------------ spans


def seconds(found: n.Expr) -> list[tuple[float, str | None]]:
    assert isinstance(found, n.Duration)
    parts = [(part.count, part.unit) for part in (found, *found.more)]
    return [(count.value, unit) for count, unit in parts if isinstance(count, n.Number)]


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("1 hour", [(1, "hour")]), ("1 hours", [(1, "hour")]), ("2 hour", [(2, "hour")]),
        ("0.5 minutes", [(0.5, "minute")]), ("90  seconds", [(90, "second")]),
        ("1 hour 30 minutes", [(1, "hour"), (30, "minute")]),
        ("1 hour 0 minutes 2 seconds", [(1, "hour"), (0, "minute"), (2, "second")]),
        ("3 epochs", [(3, "epoch")]), ("1 batch", [(1, "batch")]),
    ],
)  # fmt: skip
def test_spans(written: str, parts: list[tuple[float, str]]) -> None:
    assert seconds(number(written)) == parts
    (param,) = parse_source(SourceFile("r.cbr", f"param x = {written}"))[0].params
    assert seconds(param.value) == parts


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("1 epoch 2 batches", "CBR303"), ("1 hour 2 epochs", "CBR303"),
        ("1 hour 30", "CBR109"), ("2 days", "CBR109"), ("2 h", "CBR109"), ("1h", "CBR111"),
        ("1:30", "CBR109"), ("-1 hour", "CBR109"), ("1 hour, 30 minutes", "CBR109"),
    ],
)  # fmt: skip
def test_no_spans(written: str, code: str) -> None:
    for text in (f"param x = {written}", f"on epoch_end wait {written}", f"every {written} stop"):
        problems = parse_source(SourceFile("r.cbr", text))[1]
        assert [problem.code for problem in problems] == [code], text


# ------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ('""', ()),
        ('"a b"', ("a b",)),
        (r'"\n\t\"\\\{\}"', ('\n\t"\\{}',)),
        (r'"\\n"', ("\\n",)),
        (r'"# no comment"', ("# no comment",)),
        ('"`"', ("`",)),
        ('"( and ["', ("( and [",)),
        ('"é漢🎉"', ("é漢🎉",)),
    ],
)
def test_texts(written: str, parts: tuple[str, ...]) -> None:
    assert text(written).parts == parts


@pytest.mark.parametrize(
    ("written", "name", "spec"),
    [
        ("{loss}", "loss", ""), ("{loss:}", "loss", ""), ("{loss:.3f}", "loss", ".3f"),
        ("{ loss }", "loss", ""), ("{ loss :.3f}", "loss", ".3f"), ("{loss: }", "loss", " "),
        ("{loss::>9}", "loss", ":>9"), ("{`a:b`:.3f}", "a:b", ".3f"), ("{`a}b`}", "a}b", ""),
        ("{`a{b`:.1%}", "a{b", ".1%"), ("{`metrics`}", "metrics", ""),
        ("{loss:`>9}", "loss", "`>9"),
    ],
)  # fmt: skip
def test_placeholders(written: str, name: str, spec: str) -> None:
    before, found, after = text(f'"a {written} b"').parts
    assert (before, after) == ("a ", " b")
    assert isinstance(found, n.Placeholder)
    assert isinstance(found.value, n.Name)
    assert (found.value.name, found.spec) == (name, spec)


@pytest.mark.parametrize("written", ["{metrics}", "{ logs }"])
def test_lists(written: str) -> None:
    (found,) = text(f'"{written}"').parts
    assert isinstance(found, n.Placeholder)
    assert found.value == written.strip("{ }")


@pytest.mark.parametrize(
    ("written", "code", "place"),
    [
        ("{loss", "CBR112", "{"), ("loss}", "CBR112", "}"), ("{}", "CBR112", "{}"),
        ("{ }", "CBR112", "{ }"), ("{:.3f}", "CBR112", "{:.3f}"), ("{{loss}}", "CBR112", "{"),
        ("{loss:{w}}", "CBR112", "{"), ("{loss:.3f", "CBR112", "{"), ("{`loss}", "CBR112", "{"),
        (r"\q", "CBR112", r"\q"), (r"\x41", "CBR112", r"\x"), (r"{loss:\n}", "CBR112", "{"),
        ("{logs:.3f}", "CBR112", "{logs:.3f}"), ("{metrics:9}", "CBR112", "{metrics:9}"),
        ("{loss.a}", "CBR110", "."), ("{loss[0]}", "CBR110", "["), ("{loss!r}", "CBR110", "!"),
        ("{loss accuracy}", "CBR109", "accuracy"), ("{loss +}", "CBR109", "+"),
        ("{stop}", "CBR109", "stop"), ("{1.2.3}", "CBR111", "1.2.3"), ("{(loss}", "CBR109", "s"),
        ("{abs loss}", "CBR109", "abs"), ("{abs(loss, )}", "CBR109", ")"),
        ("{mean(loss 3)}", "CBR109", "3"), ("{mean(loss, n=3)}", "CBR109", "n="),
        ("{loss.mean(3)}", "CBR109", "."), ("{optimizer}", "CBR109", "optimizer"),
        ("{elapsed / 2 h}", "CBR109", "h"), ("{elapsed / 2h}", "CBR111", "2h"),
        ("{elapsed / 1 hour 30}", "CBR109", "30"), ("{loss=}", "CBR109", "="),
        ("{``}", "CBR109", "``"), ("{'a'}", "CBR110", "'"),
    ],
)  # fmt: skip
def test_bad_templates(written: str, code: str, place: str) -> None:
    (found,) = check(f'on epoch_end print "a {written} b"')
    assert found.code == code
    assert found.source.slice(found.span or (0, 0)) == place  # type: ignore[arg-type]


def test_each_bad_text_is_reported() -> None:
    assert len(check('on epoch_end print "{a", warn "}", stop "{}", save "\\q"')) == 4


FORMATS = """
    .3f .0f f e .2e E .1% % g .3g G n 8 08 8.2f +.1f -.1f <9 >9 ^9 =+9.2f *^12 #.3g , ,.2f _ _.1f
    z.1f +z.2f F é>9 1 01 >01 100 .100f
""".split()


@pytest.mark.parametrize("spec", FORMATS)
def test_formats_of_numbers(spec: str) -> None:
    assert check(f'on epoch_end print "{{loss:{spec}}}"') == []


@pytest.mark.parametrize("spec", ["d", "03d", "x", "#b", "o", "X", "<4d", ",", ",d", "+d", ".2f"])
def test_formats_of_counts(spec: str) -> None:
    assert check(f'on epoch_end print "{{epoch:{spec}}}"') == []


@pytest.mark.parametrize("spec", [">10", "s", "^9s", ".3", "*<8", "10"])
def test_formats_of_texts(spec: str) -> None:
    assert check(f'param who = "x"\non epoch_end print "{{who:{spec}}}"') == []


@pytest.mark.parametrize(
    ("value", "spec"),
    [
        ("loss", spec)
        for spec in ("q", "d", "x", "s", ".f", "f3", "101", ".101f", "c", "3 f", "!r")
    ] + [
        ("epoch", spec) for spec in ("c", "s", ".3d", "q", "99999999999999999999999")
    ] + [
        ("who", spec) for spec in ("d", ".3f", "+9", ",", "=9", "%", "101")
    ],
)  # fmt: skip
def test_formats_that_do_not_fit(value: str, spec: str) -> None:
    param = 'param who = "x"\n' if value == "who" else ""
    assert [d.code for d in check(f'{param}on epoch_end print "{{{value}:{spec}}}"')] == ["CBR304"]


# ------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "name",
    ["a", "_", "_a1", "A", "epochs_done", "nano", "is_on", "lr2", "mean", "sqrt", "value", "days"],
)
def test_names(name: str) -> None:
    assert number(name) == n.Name(name, span=(0, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["top-5 accuracy", "step", "a:b", "{}", "漢", '"', "#", "(", " "])
def test_names_in_backticks(name: str) -> None:
    assert number(f"`{name}`") == n.Name(name, quoted=True, span=(0, 0))  # type: ignore[arg-type]


@pytest.mark.parametrize("written", ["``", "`a", "`a\nb`"])
def test_no_names_in_backticks(written: str) -> None:
    assert check(f"on epoch_end if {written} > 3 stop")[0].code in ("CBR106", "CBR109")


@pytest.mark.parametrize("name", ["précision", "漢", "ünit", "a漢", "x²"])
def test_plain_names_are_ascii(name: str) -> None:
    (found,) = check(f"on epoch_end if {name} > 3 stop")
    assert found.code == "CBR110"
    assert found.source.slice(found.span or (0, 0)) == name  # type: ignore[arg-type]
