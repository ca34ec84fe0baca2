"""What is on the screen when TensorFlow starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOISE = (
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n"
    "I0000 00:00:1795355217.567055    3403 port.cc:153] oneDNN custom operations are on.\n"
    "W0000 00:00:1795355217.567861    3403 gpu_device.cc:2] Cannot dlopen some GPU libraries.\n"
    "E0000 00:00:1795355234.880105    3808 cuda_platform.cc:52] failed call to cuInit: "
    "INTERNAL: CUDA error: Failed call to cuInit: UNKNOWN ERROR (303)\n"
)
TROUBLE = (
    "E0000 00:00:1795355234.880105    3808 cuda_platform.cc:52] failed call to cuInit: "
    "INTERNAL: CUDA error: Failed call to cuInit: NO_DEVICE: no device is detected (100)\n"
    "F0000 00:00:1795355234.880105    3808 cpu.cc:7] The CPU has no AVX.\n"
    "<string>:1: UserWarning: something\n"
)


def python(program: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in a process of its own, without the settings of tests/conftest.py."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    environment = kept | {"PYTHONPATH": os.pathsep.join(sys.path)} | variables
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_imported_before_it_is_needed() -> None:
    done = python(
        "import sys, cbdsl.train.data, cbdsl.train.model\n"
        "heavy = {'tensorflow', 'tensorflow_datasets', 'keras', 'numpy', 'mlxtend'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_tensorflow_starts_without_a_word() -> None:
    done = python(
        "import os, sys\n"
        "from cbdsl.train.quiet import quiet\n"
        "quiet()\n"
        "import keras, tensorflow as tf\n"
        "list(tf.data.Dataset.range(3))\n"
        "print([name for name in os.environ if name.startswith('TF_')])\n"
        "sys.stderr.write('visible')"
    )
    assert (done.stdout, done.stderr, done.returncode) == (
        "['TF_CPP_MIN_LOG_LEVEL']\n",
        "visible",
        0,
    )


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """Puts a package in TensorFlow's place that writes noise and is quicker to import."""
    package = tmp_path / "tensorflow"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import os\n"
        f"os.write(2, {NOISE.encode()!r})\n"
        "class config:\n"
        "    list_physical_devices = staticmethod(list)\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}


@pytest.mark.parametrize(
    ("variables", "expected", "level"),
    [
        ({}, "", "2"),
        ({"TF_CPP_MIN_LOG_LEVEL": "1"}, "", "1"),
        ({"TF_CPP_MIN_LOG_LEVEL": "0"}, NOISE, "0"),
    ],
)
def test_what_the_user_has_set_stays(
    stand_in: dict[str, str], variables: dict[str, str], expected: str, level: str
) -> None:
    done = python(
        "import os\n"
        "from cbdsl.train.quiet import quiet\n"
        "quiet()\n"
        "print(os.environ['TF_CPP_MIN_LOG_LEVEL'])",
        **stand_in,
        **variables,
    )
    assert (done.stdout, done.stderr) == (f"{level}\n", expected)


@pytest.mark.parametrize(
    ("package", "call"),
    [
        ("tensorflow", "from cbdsl.train.quiet import quiet; quiet()"),
        (
            "tensorflow_datasets",
            "from cbdsl.train.prepare import locate; locate('mnist', None)",
        ),
    ],
)
def test_without_a_package_the_extra_is_named(package: str, call: str) -> None:
    done = python(
        "import importlib.abc, sys\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        f"        if name == {package!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from cbdsl.train.errors import TrainError\n"
        f"try:\n    {call}\n"
        "except TrainError as error:\n    print(error)\n"
    )
    what = "TensorFlow" if package == "tensorflow" else "TensorFlow Datasets"
    why = f"No module named {package!r}"
    assert done.stdout == f'cannot train without {what} ({why}): pip install "cbdsl[train]"\n'
    assert done.stderr == ""


def test_only_noise_is_held_back() -> None:
    done = python(
        "import os\n"
        "from cbdsl.train.quiet import without_noise\n"
        "with without_noise():\n"
        f"    os.write(2, {(NOISE + TROUBLE).encode()!r})\n"
    )
    assert done.stderr == TROUBLE


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("os.abort()", "Fatal Python error: Aborted"),
        ("raise ValueError('the reason')", "before\nTraceback"),
        ("raise KeyboardInterrupt", "before\nTraceback"),
    ],
)
def test_what_ends_the_import_is_seen(end: str, expected: str) -> None:
    done = python(
        "import os\n"
        "from cbdsl.train.quiet import without_noise\n"
        "with without_noise():\n"
        "    os.write(2, b'before\\n')\n"
        f"    {end}\n"
    )
    assert expected in done.stderr
    assert done.returncode != 0


def test_a_closed_standard_error_is_no_obstacle() -> None:
    done = python(
        "import os\n"
        "os.close(2)\n"
        "from cbdsl.train.quiet import without_noise\n"
        "with without_noise():\n"
        "    print('in')\n"
    )
    assert (done.stdout, done.returncode) == ("in\n", 0)
