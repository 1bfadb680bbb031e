"""Owns what holds for every test: the profiles of Hypothesis, and that nothing is skipped unseen in CI."""

import os
import re
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))

ALLOWED_SKIPS: Final[dict[str, str]] = {
    r"needs root, to become somebody": "some machines run the tests as an ordinary user",
    r"QOA_DATA": "real data for tests is not part of the project: its folder is named by the environment",
    r"(ray|pyspark) is not installed: make scale": "extras that the lock leaves out: make scale runs them for real",
    r"the peer \w+ is not installed": "peers live in environments of their own, which no lock of ours holds",
    r"(promtool|openssl|chromium) is not installed": "tools of the system that a check uses where they are at hand",
}
"""Reasons (patterns) for which a test may be skipped in CI, and why that is fine."""

_unexpected: list[tuple[str, str]] = []


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Remember a skip that no entry of ``ALLOWED_SKIPS`` allows. An expected failure is no skip."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(re.search(allowed, reason) for allowed in ALLOWED_SKIPS):
        _unexpected.append((report.nodeid, reason))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Look at every test's report; under xdist the workers' reports come by here too."""
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Look at modules that skip themselves as a whole."""
    _note(report)


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Fail the run in CI when something was skipped that no reason allows: silence is never compliance."""
    if os.environ.get("CI") == "true" and _unexpected and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the unexpected skips, and what to do about them."""
    if not _unexpected:
        return
    terminalreporter.section("unexpected skips (they fail the run where CI=true)")
    for node, reason in _unexpected:
        terminalreporter.write_line(f"{node}: {reason}")
    terminalreporter.write_line("Make them run, or add the reason to ALLOWED_SKIPS in tests/conftest.py and say why.")
