"""The endpoint answers scrapes on this machine, while others write."""

import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from qoa_platform.ledger import Store
from qoa_platform.records import Batch, Status, Verdict
from qoa_platform.telemetry import render, serve


def test_it_serves_what_it_renders(ledger: Store, clock: Any) -> None:
    """Text format, on the loopback, on a free port; nothing after it was closed."""
    with serve(ledger, clock=clock, port=0, sinks=("log",)) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/metrics"
        with urlopen(server.url) as answer:
            assert answer.status == 200
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert answer.read() == render(ledger, clock=clock, sinks=("log",))
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


def test_it_is_not_reachable_from_elsewhere(ledger: Store, clock: Any) -> None:
    """Bound to 127.0.0.1 unless told otherwise."""
    with serve(ledger, clock=clock, port=0) as server, pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.2", server.port), timeout=1)


def test_a_port_that_is_taken_is_an_error(ledger: Store, clock: Any) -> None:
    """OSError, for the command to say."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(ledger, clock=clock, port=taken.getsockname()[1])


def test_scrapes_at_once_while_others_write(
    ledger: Store, clock: Any, make_verdict: Callable[..., Verdict], parse: Callable[[bytes], dict[Any, float]]
) -> None:
    """4 scrapers, 1 writer: every answer is whole, and the last one is up to date."""
    answers: list[bytes] = []

    def scrape(url: str) -> None:
        for _ in range(10):
            with urlopen(url) as answer:
                answers.append(answer.read())

    with serve(ledger, clock=clock, port=0) as server:
        threads = [threading.Thread(target=scrape, args=(server.url,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for number in range(20):
            fresh = make_verdict("volume", "2017-10-03", Status.SATISFIED, value=float(number))
            ledger.commit(Batch(records=(fresh,)))
        for thread in threads:
            thread.join()
        scrape(server.url)
    values = [parse(answer)["qoa_verdict_value", "shop", "sales", "volume"] for answer in answers]
    assert len(values) == 50
    assert values[-1] == 19
    assert set(values) <= {4.0, *map(float, range(20))}


@pytest.mark.services
def test_promtool_finds_nothing_to_say(ledger: Store, clock: Any) -> None:
    """Prometheus' own linter: names, units, help, counters."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    text = render(ledger, clock=clock, sinks=("log",))
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode()) == (0, "")


@pytest.mark.services
def test_the_documented_rules_are_rules(tmp_path: Path) -> None:
    """What docs/telemetry.md recommends is accepted by Prometheus, and names only metrics that there are."""
    page = (Path(__file__).parents[2] / "docs" / "telemetry.md").read_text("utf-8")
    rules = page.partition("```yaml\n")[2].partition("```")[0]
    used = set(re.findall(r"qoa_\w+", rules))
    assert used
    assert used <= set(re.findall(r"^\| `(qoa_\w+)`", page, re.MULTILINE))
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    (tmp_path / "rules.yml").write_text(rules)
    done = subprocess.run([promtool, "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
