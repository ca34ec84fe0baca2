"""docs/training.md shows what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import cbdsl
from cbdsl.cli import main

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "training.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_rules_and_python_compile() -> None:
    kinds = [kind for kind, _ in BLOCKS]
    assert kinds.count("") == 1
    assert kinds.count("python") == 2
    for kind, text in BLOCKS:
        if kind == "":
            assert len(cbdsl.compile(text).rules) == 3
        elif kind == "python":
            compile(text, "training.md", "exec")


def test_init_says_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = next(text for _, text in BLOCKS if text.startswith("$ cbdsl init\n"))
    assert CliRunner().invoke(main, ["init"]).stderr == shown.split("\n", 1)[1]


def test_data_that_will_not_do_are_refused_in_these_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorflow_datasets")
    from cbdsl.train import data
    from cbdsl.train.errors import TrainError

    monkeypatch.chdir(tmp_path)
    (block,) = (text for _, text in BLOCKS if "--dataset cifr10" in text)
    shown = re.findall(r"^\$ cbdsl train rules\.cbr --dataset (\w+)\ncbdsl: (.*)", block, re.M)
    assert len(shown) == 4
    for name, message in shown:
        with pytest.raises(TrainError) as caught:
            data.load_data(
                dataset=name,
                data_dir=tmp_path,
                batch_size=1,
                seed=0,
                epochs=1,
                reachable=lambda host: False,
            )
        assert str(caught.value).replace(str(tmp_path), "~/tensorflow_datasets") == message
