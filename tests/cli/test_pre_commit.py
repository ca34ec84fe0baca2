"""The hooks that others take from this repository with pre-commit."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cbdsl.cli.main import VERBS

pytest.importorskip("pre_commit")
yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
HOOKS = ROOT / ".pre-commit-hooks.yaml"

GOOD = "on epoch_end if loss > 3 stop\n"
MESSY = "on  epoch_end   if loss>3 then stop\n"
BAD = "on epoch_ned stop\n"


def pre_commit(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pre_commit", *args]
    # Not on the path: the hooks shall have nothing but what is installed for them.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["PRE_COMMIT_COLOR"] = "never"
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False
    )


def hooks() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text("utf-8"))
    return read


def test_the_hooks_are_valid(tmp_path: Path) -> None:
    done = pre_commit("validate-manifest", HOOKS, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_hooks_run_verbs_on_rule_files() -> None:
    assert {hook["id"]: hook["entry"] for hook in hooks()} == {
        "cbdsl-check": "cbdsl check",
        "cbdsl-fmt": "cbdsl fmt",
    }
    for hook in hooks():
        assert hook["entry"].split()[1] in VERBS
        assert hook["language"] == "python"
        assert re.search(hook["files"], "rules/early.cbr")
        assert not re.search(hook["files"], "early.cbr.txt")


# ---------------------------------------------------------------- in a repository


def git(*args: str | Path, cwd: Path) -> str:
    """Git without the settings of whoever runs the tests."""
    env = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    command = ["git", *who, *args]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """All files of a folder as a commit of a repository; returns its hash."""
    git("init", "--quiet", cwd=folder)
    git("add", "--all", "--force", cwd=folder)
    git("commit", "--quiet", "--message", "all", cwd=folder)
    return git("rev-parse", "HEAD", cwd=folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose pre-commit takes both hooks from a commit of this tree."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    ours = tmp_path / "cbdsl"
    caches = shutil.ignore_patterns(
        "__pycache__", "*_cache", ".git", ".venv", ".hypothesis", "runs"
    )
    # What it takes to install it, not the tests.
    for name in ("cbdsl", "grammars"):
        shutil.copytree(ROOT / name, ours / name, ignore=caches)
    for name in (HOOKS.name, "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, ours)
    project = tmp_path / "project"
    project.mkdir()
    ids = [{"id": "cbdsl-fmt"}, {"id": "cbdsl-check"}]
    repo = {"repo": str(ours), "rev": committed(ours), "hooks": ids}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": [repo]}), "utf-8")
    (project / "notes.txt").write_text("these are no rules\n")
    (project / "good.cbr").write_text(GOOD)
    committed(project)
    return project


@pytest.mark.slow  # it installs cbdsl, and for that fetches hatchling, Lark and Click
@pytest.mark.timeout(300)
@pytest.mark.skipif(shutil.which("git") is None, reason="pre-commit needs git")
def test_the_hooks_stop_what_is_wrong(project: Path) -> None:
    def run(*args: str) -> tuple[int, str]:
        git("add", "--all", cwd=project)
        done = pre_commit("run", *args, cwd=project)
        return done.returncode, done.stdout + done.stderr

    status, said = run("--all-files")
    assert status == 0, said
    assert said.count("Passed") == 2

    (project / "two words.cbr").write_text(MESSY)
    status, said = run()
    assert status == 1
    assert "files were modified by this hook" in said
    assert said.count("Passed") == 1
    assert (project / "two words.cbr").read_text() == GOOD
    assert run()[0] == 0

    (project / "bad.cbr").write_text(BAD)
    status, said = run()
    assert status == 1
    assert "bad.cbr:1:4: error[CBR201]" in said
    assert "1 error\n" in said
    assert said.count("Passed") == 1
