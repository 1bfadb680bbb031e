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


def run(folder: Path, content: str, *options: str, ci: str) -> subprocess.CompletedProcess[str]:
    """Pytest with our conftest as a plug-in over one file with *content*, beside one that passes."""
    (folder / "test_one.py").write_text(content, "utf-8")
    (folder / "test_two.py").write_text(FINE, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize(
    ("content", "ci", "code"),
    [
        (FINE, "true", 0), (ALLOWED, "true", 0), (XFAILED, "true", 0), (FORBIDDEN, "true", 1), (MODULE, "true", 1),
        (FORBIDDEN, "", 0), (MODULE, "", 0),
    ],
    ids=["fine", "allowed", "xfailed", "forbidden", "module", "forbidden at home", "module at home"],
)  # fmt: skip
def test_an_unexpected_skip_fails_the_run_in_ci(tmp_path: Path, content: str, ci: str, code: int) -> None:
    """A skip is fine at home, and in CI only for a reason that is listed; the run says which one it was."""
    done = run(tmp_path, content, ci=ci)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("felt like it" in done.stdout) == (content == FORBIDDEN)


def test_skips_of_xdist_workers_count(tmp_path: Path) -> None:
    """A skip in a worker process fails the run just so, of a test and of a module."""
    for content in (FORBIDDEN, MODULE):
        done = run(tmp_path, content, "-n", "1", ci="true")
        assert done.returncode == 1, done.stdout + done.stderr
