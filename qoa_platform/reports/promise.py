"""Owns the page of a promise: its verdict, why it is what it is, what would change it, and its history."""

from datetime import datetime

from qoa_platform.records import show
from qoa_platform.reports.lines import history_lines
from qoa_platform.reports.page import page
from qoa_platform.verdicts.explanation import Explanation, facts, headline, spent_facts
from qoa_platform.verdicts.remedies import between


def promise_report(found: Explanation, *, made: datetime) -> str:
    """The page of an Explanation: a rendering, nothing is worked out here. *made* is the time that is shown (UTC)."""
    verdict = found.verdict
    lines = history_lines(
        found.history, lambda value: show(value, found.unit), changes=[(c.window, c.says) for c in found.changes]
    )
    tiles = [] if verdict is None else [
        (show(verdict.value, verdict.unit), f"found in {verdict.window}"),
        (between(verdict.bounds, verdict.unit), "allowed"),
        ("–" if verdict.margin is None else show(verdict.margin, verdict.unit), "margin (positive: on the good side)"),
        (f"{verdict.n:,}", "rows it was read from"),
    ]  # fmt: skip
    return page(
        "promise", title=found.name, made=made, found=found, tiles=tiles, lines=lines, facts=facts(found),
        headline=headline(found), spent=spent_facts(found.spend) if found.spend is not None else [],
        status="never judged" if verdict is None else str(verdict),
        word={"satisfied": "good", "violated": "bad"}.get("" if verdict is None else str(verdict.status), "open"),
        changing="What would break it" if verdict is not None and verdict.satisfied else "What would change it",
    )  # fmt: skip
