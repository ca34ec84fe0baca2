"""What people install: the sdist, the wheel built from it, and the command in an empty venv."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

GOOD = 'good_enough: on epoch_end if accuracy > 90% print "enough", stop\n'
BAD = "on epoch_ned if accuracy > 90% stop\n"

# Fetching lark and click may be slow.
pytestmark = pytest.mark.timeout(300)


class Build(NamedTuple):
    source: Path  # the copy of the tree that was built
    sdist: Path
    wheel: Path


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command away from this checkout: nothing of it can be imported by accident."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False
    )


def succeed(*command: str | Path, cwd: Path) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _left_out(folder: str, names: list[str]) -> set[str]:
    """What of a checkout is no source: environments, caches, builds, runs."""
    left_out = {name for name in names if name == "__pycache__" or name.endswith("_cache")}
    if Path(folder) == ROOT:
        left_out |= {".git", ".venv", ".hypothesis", "build", "dist", "runs"}.intersection(names)
    return left_out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds a copy of the tree, so that the build leaves nothing in it."""
    tmp = tmp_path_factory.mktemp("packaging")
    source = shutil.copytree(ROOT, tmp / "source", ignore=_left_out)
    out = tmp / "dist"
    # Without --sdist or --wheel it makes the sdist and, from that, the wheel.
    succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, source, cwd=tmp)
    (sdist,) = out.glob("*.tar.gz")
    (wheel,) = out.glob("*.whl")
    return Build(source, sdist, wheel)


@pytest.fixture(scope="module")
def installed(built: Build) -> Path:
    """The folder of commands of a venv that holds the wheel and its dependencies only."""
    venv = built.source.parent / "venv"
    succeed(sys.executable, "-m", "venv", venv, cwd=built.source.parent)
    commands = venv / ("Scripts" if os.name == "nt" else "bin")
    succeed(
        commands / "python", "-m", "pip", "install", "--quiet", built.wheel, cwd=built.source.parent
    )
    return commands


def wheel_names(built: Build) -> set[str]:
    with zipfile.ZipFile(built.wheel) as archive:
        return set(archive.namelist())


def metadata(built: Build) -> Message:
    with zipfile.ZipFile(built.wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_wheel_holds_the_package_the_grammar_and_nothing_else(built: Build) -> None:
    names = {name for name in wheel_names(built) if ".dist-info/" not in name}
    package = {
        path.relative_to(built.source).as_posix()
        for path in (built.source / "cbdsl").rglob("*")
        if path.is_file()
    }
    assert {"cbdsl/__init__.py", "cbdsl/py.typed"} <= package
    assert names - package == {"cbdsl/grammars/cbr.lark"}
    assert package - names == set()


def test_wheel_carries_the_licenses(built: Build) -> None:
    names = {name.partition(".dist-info/")[2] for name in wheel_names(built)}
    assert {"licenses/LICENSE", "licenses/NOTICE"} <= names
    assert metadata(built)["License-Expression"] == "Apache-2.0"


def test_base_install_is_lark_and_click(built: Build) -> None:
    needed = [
        requirement
        for requirement in metadata(built).get_all("Requires-Dist", [])
        if "extra ==" not in requirement
    ]
    assert sorted(needed) == ["click>=8.1", "lark>=1.3"]


def test_sdist_holds_what_it_takes_to_build_test_and_read(built: Build) -> None:
    with tarfile.open(built.sdist) as archive:
        paths = [name.partition("/")[2] for name in archive.getnames()]
    tops = {path.partition("/")[0] for path in paths}
    files = {"CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "pyproject.toml"}
    assert files | {"cbdsl", "grammars", "tests", "examples", "docs"} <= tops
    assert {"grammars/cbr.lark", "tests/conftest.py"} <= set(paths)


def test_installed_command_checks_a_file(installed: Path, built: Build, tmp_path: Path) -> None:
    (tmp_path / "good.cbr").write_text(GOOD, "utf-8")
    (tmp_path / "bad.cbr").write_text(BAD, "utf-8")

    assert metadata(built)["Version"] in succeed(installed / "cbdsl", "--version", cwd=tmp_path)

    good = run(installed / "cbdsl", "check", "good.cbr", cwd=tmp_path)
    assert good.returncode == 0, good.stdout + good.stderr

    bad = run(installed / "cbdsl", "check", "bad.cbr", cwd=tmp_path)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "epoch_end" in bad.stdout + bad.stderr  # did you mean
    assert "Traceback" not in bad.stderr
