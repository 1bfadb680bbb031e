"""The rule of tests/conftest.py: in CI a skip that nobody allowed fails the run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = "import pytest\n@pytest.mark.skip(reason='needs root, to become somebody else')\ndef test_it(): ...\n"
FORBIDDEN = "import pytest\n@pytest.mark.skip(reason='felt like it')\ndef test_it(): ...\n"
MODULE = "import pytest\npytest.skip('no server here', allow_module_level=True)\n"
XFAILED = "import pytest\n@pytest.mark.xfail(reason='known')\ndef test_it(): assert False\n"
FINE = "def test_it(): ...\n"


def run(folder: Path, *contents: str, options: tuple[str, ...] = (), ci: str = "true") -> tuple[int, str]:
    """Pytest with our conftest as a plug-in over files with *contents*; its exit code and what it said."""
    for number, content in enumerate((FINE, *contents)):
        (folder / f"test_{number}.py").write_text(content, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_allowed_passes(tmp_path: Path) -> None:
    """A skip for a reason that is listed is fine in CI, and an expected failure is no skip."""
    code, said = run(tmp_path, ALLOWED, XFAILED)
    assert code == 0, said
    assert "unexpected skips" not in said


@pytest.mark.parametrize("content", [FORBIDDEN, MODULE], ids=["test", "module"])
def test_an_unexpected_skip_fails_the_run_in_ci(tmp_path: Path, content: str) -> None:
    """A skip for any other reason, of a test or of a whole module, fails the run, which names it."""
    code, said = run(tmp_path, content)
    assert code == 1, said
    assert ("felt like it" if content == FORBIDDEN else "no server here") in said.partition("unexpected skips")[2]


def test_skips_of_xdist_workers_count(tmp_path: Path) -> None:
    """What is skipped in worker processes fails the run just so."""
    code, said = run(tmp_path, FORBIDDEN, MODULE, options=("-n", "1"))
    assert code == 1, said
    assert "felt like it" in said
    assert "no server here" in said


def test_at_home_a_skip_is_only_listed(tmp_path: Path) -> None:
    """Without ``CI=true`` the run passes and says what would fail it there."""
    code, said = run(tmp_path, FORBIDDEN, MODULE, ci="")
    assert code == 0, said
    assert "unexpected skips (they fail the run where CI=true)" in said
