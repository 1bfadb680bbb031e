"""Owns the data of the tests of reports: a frame with everything that a page must be able to show."""

from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import numpy as np
import polars as pl

MADE = datetime(2026, 11, 25, 3, tzinfo=UTC)
TAG = "<script>alert('x')</script>"
EVIL = '"><img src=x onerror=alert(1)>'


def table(rows: int = 400, seed: int = 1, shift: float = 0.0) -> pl.DataFrame:
    """Numbers, times, texts, truth values, lists, columns that are empty, constant, sensitive or named like a tag."""
    draw = np.random.default_rng(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return pl.DataFrame({
        "id": np.arange(rows), "price": np.round(np.exp(draw.normal(1 + shift, 1, rows)), 2),
        "infinite": [float("inf") if n == 3 else float(n % 9) for n in range(rows)],
        "department": draw.choice(["ale", "bun", "cod" if shift < 1 else "eel", EVIL], rows),
        "day": [date(2026, 1, 1) + timedelta(days=int(n)) for n in draw.integers(0, 60, rows)],
        "at": [start + timedelta(seconds=int(n)) for n in draw.integers(0, 10**6, rows)],
        "member": draw.choice([True, False], rows), "empty": [None] * rows, "constant": ["one"] * rows,
        "tags": [[1, n % 3] for n in range(rows)], TAG: [(TAG, "b", None)[int(n)] for n in draw.integers(0, 3, rows)],
        "secret": [f"secret {n % 7}" for n in range(rows)],
    }, strict=False)  # fmt: skip


class Page(HTMLParser):
    """What a page is made of: its tags, their attributes, and its visible text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)
