"""Tests of the reports in a real browser: they are drawn, say nothing in the console, and fit a phone."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from tests.reports.pages import table
from tests.reports.test_reports import drifted, profiled

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
HARNESS = """<!doctype html><title>-</title><iframe id=f src="{page}" style="width:{width}px;height:900px"></iframe>
<script>document.getElementById('f').onload = e => {{
  const d = e.target.contentDocument, w = e.target.contentWindow, box = q => d.querySelector(q).getBoundingClientRect();
  document.title = JSON.stringify({{
    wide: d.documentElement.scrollWidth, rects: d.querySelectorAll('svg rect').length, h1: box('h1').height,
    plot: box('svg.plot').width, ground: w.getComputedStyle(d.body).backgroundColor,
    text: parseFloat(w.getComputedStyle(d.querySelector('dd,td')).fontSize)
  }});
}};</script>"""
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-background-networking",
    "--disable-component-update", "--no-first-run", "--enable-logging=stderr", "--allow-file-access-from-files",
)  # fmt: skip
PHONE, DESK = 390, 1200


def browse(tmp_path: Path, html: str, *more: str, width: int = DESK) -> tuple[dict[str, object], str]:
    """What a browser measures of the page at that width, and what it said in its console."""
    assert CHROMIUM is not None
    (tmp_path / "page.html").write_text(html, encoding="utf-8")
    (tmp_path / "harness.html").write_text(HARNESS.format(page="page.html", width=width), encoding="utf-8")
    done = subprocess.run(
        [CHROMIUM, *QUIET, *more, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=4000", "--dump-dom",
         (tmp_path / "harness.html").as_uri()],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    found = re.search(r"<title>(.*?)</title>", done.stdout, re.DOTALL)
    assert found is not None
    measured: dict[str, object] = json.loads(found[1].replace("&quot;", '"'))
    return measured, "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """A page of each kind."""
    return {
        "profile": profiled(table(), sensitive=("secret",), rows=5), "drift": drifted(table(), table(300, 2, 1.0)),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["profile", "drift"])
def test_a_browser_draws_it_and_has_nothing_to_say(kind: str, pages: dict[str, str], tmp_path: Path) -> None:
    """Every bar is drawn, the console is empty: whatever was asked for outside would be refused there by the policy."""
    measured, console = browse(tmp_path, pages[kind])
    assert console == ""
    assert measured["rects"] == pages[kind].count("<rect")
    assert int(str(measured["wide"])) <= DESK


@pytest.mark.parametrize("kind", ["profile", "drift"])
def test_it_fits_a_phone(kind: str, pages: dict[str, str], tmp_path: Path) -> None:
    """At 390 pixels nothing reaches out of the page, and text is large enough to be read."""
    measured, _ = browse(tmp_path, pages[kind], width=PHONE)
    assert int(str(measured["wide"])) <= PHONE
    assert float(str(measured["text"])) >= 13
    assert 250 <= float(str(measured["plot"])) <= PHONE


def test_the_policy_of_a_page_holds(tmp_path: Path) -> None:
    """Were there a request to somewhere, the console would say that it was refused: what finds nothing can find it."""
    page = profiled(pl.DataFrame({"x": [1, 2]})).replace("</main>", '<img src="https://127.0.0.1:9/x.png"></main>')
    _, console = browse(tmp_path, page)
    assert "127.0.0.1:9" in console


def test_dark_is_dark(pages: dict[str, str], tmp_path: Path) -> None:
    """Whoever prefers a dark page gets one."""
    light, _ = browse(tmp_path, pages["profile"], "--blink-settings=preferredColorScheme=1")
    dark, _ = browse(tmp_path, pages["profile"], "--blink-settings=preferredColorScheme=0")
    shades = [sum(map(int, re.findall(r"\d+", str(found["ground"]))[:3])) for found in (light, dark)]
    assert shades[0] > 600
    assert shades[1] < 150
