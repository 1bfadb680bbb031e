"""Rules of the environment that a trial names."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from qoa_platform.metering import environment
from qoa_platform.metering.environment import Environment, installed


def _git(folder: Path, *arguments: str) -> None:
    names = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout with one committed file and a lock."""
    _git(tmp_path, "init", "-q")
    (tmp_path / "code.py").write_text("x = 1\n")
    (tmp_path / "requirements.lock").write_text("a==1\n")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def _fresh(folder: Path) -> Environment:
    environment.cache_clear()
    return environment(folder)


def test_a_clean_checkout_says_its_commit(checkout: Path) -> None:
    """Commit, lock and cleanness are known, so nothing is listed as unknown."""
    found = _fresh(checkout)
    assert found.commit is not None
    assert len(found.commit) == 40
    assert found.dirty is False
    assert found.lock is not None
    assert found.unknown == ()


def test_a_changed_file_makes_it_dirty(checkout: Path) -> None:
    """A tracked file that differs is dirty; an untracked one is not."""
    (checkout / "notes.txt").write_text("untracked")
    assert _fresh(checkout).dirty is False
    (checkout / "code.py").write_text("x = 2\n")
    assert _fresh(checkout).dirty is True


def test_outside_a_checkout_the_commit_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown is ``None`` with its reason, for commit, cleanness and lock."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = _fresh(tmp_path)
    assert (found.commit, found.dirty, found.lock) == (None, None, None)
    assert set(dict(found.unknown)) == {"commit", "dirty", "lock"}
    assert "not a git repository" in dict(found.unknown)["commit"]


def test_without_git_the_commit_is_unknown(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without git gets a reason, no error."""
    monkeypatch.setenv("PATH", "")
    found = _fresh(checkout)
    assert found.commit is None
    assert dict(found.unknown)["commit"] == "git is not installed"


def test_the_digest_is_of_interpreter_and_packages_only(checkout: Path) -> None:
    """Host and commit do not change it; a package, the lock or the interpreter does."""
    found = _fresh(checkout)
    assert replace(found, host="other", commit=None, dirty=True).digest == found.digest
    for changed in (replace(found, packages="x"), replace(found, lock=None), replace(found, python="CPython 2")):
        assert changed.digest != found.digest


def test_packages_are_named_with_versions() -> None:
    """Installed distributions come sorted, once each, with a version."""
    names = installed()
    assert list(names) == sorted(set(names))
    assert any(n.startswith("hypothesis==") for n in names)


def test_it_is_read_once_per_process(checkout: Path) -> None:
    """The second call answers from memory."""
    assert _fresh(checkout) is environment(checkout)
