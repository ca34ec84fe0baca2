"""docs/training.md shows what there is; its commands and its Python are looked at by tests/docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from doc_pages import ROOT, blocks

PAGE = ROOT / "docs" / "training.md"


def test_the_model_of_the_page_can_be_built() -> None:
    pytest.importorskip("keras")
    (text,) = (one.text for one in blocks(PAGE, "python") if "def build" in one.text)
    scope: dict[str, Any] = {}
    exec(compile(text, "network.py", "exec"), scope)
    assert scope["build"]((28, 28, 1), 10).output_shape == (None, 10)


def test_data_that_will_not_do_are_refused_in_these_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tensorflow_datasets")
    from cbdsl.train import data
    from cbdsl.train.errors import TrainError

    monkeypatch.chdir(tmp_path)
    (text,) = (one.text for one in blocks(PAGE) if "--dataset cifr10" in one.text)
    shown = re.findall(r"^\$ cbdsl train rules\.cbr --dataset (\w+)\ncbdsl: (.*)", text, re.M)
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
