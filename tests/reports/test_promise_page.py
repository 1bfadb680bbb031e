"""The page of a promise: whatever a ledger holds is text on it, and its plot lies within its box."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st

from qoa_platform.records import Bounds, Direction, Key, Severity, Status, Unit, Verdict, Window
from qoa_platform.reports import promise_report
from qoa_platform.reports.lines import HEIGHT, WIDTH, history_lines
from qoa_platform.verdicts.explanation import Explanation, Followed, Moment, Named, model_of
from qoa_platform.verdicts.remedies import remedies

NOW = datetime(2017, 11, 25, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"'&"
BAND = {"low": 5.0, "high": 9.0, "centre": 7.0, "spread": 0.5, "limit": 4.0, "model": EVIL, "scale": "linear", "n": 40,
        "why": {EVIL: 0.4, "plain": 1.0}}  # fmt: skip
VERDICT = Verdict(
    key=Key(contract="shop", subject="sales", promise="volume", group=EVIL), window=Window.of_partition("2017-11-24"),
    status=Status.VIOLATED, severity=Severity.CRITICAL, metric="data.row_count", value=3.0, n=3,
    bounds=Bounds(low=5.0, high=9.0), margin=-2.0, contract_version=1, contract_digest="d",
    evidence={"band": BAND, "column": EVIL, "columns": {EVIL: {"status": "violated"}}}, at=NOW, wall=NOW,
)  # fmt: skip


def moment(day: int, value: float | None, low: float | None = None, high: float | None = None) -> Moment:
    """One day."""
    end = NOW + timedelta(days=day)
    bad = value is not None and low is not None and not value >= low
    return Moment(window=f"{end:%Y-%m-%d}", end=end, status="violated" if bad else "satisfied", value=value, low=low,
                  high=high, n=1)  # fmt: skip


def explanation() -> Explanation:
    """Everything in it is hostile."""
    return Explanation(
        name=EVIL, contract=EVIL, contract_version=1, line=EVIL, wording=EVIL, severity="critical", gates=True,
        metric=EVIL, definition=EVIL, formula=EVIL, unit=Unit.ONE, direction=Direction.TARGET, reads=EVIL,
        reference=EVIL, digest=EVIL, verdict=VERDICT, remedies=remedies(VERDICT), last=((EVIL, EVIL, EVIL, EVIL),),
        history=(moment(0, 7.0, 5.0, 9.0), moment(1, 3.0, 5.0, 9.0)), model=model_of(VERDICT),
        followed=(Followed(kind=EVIL, what=EVIL, at=NOW, became=EVIL),),
        changes=(Named(window="2017-11-25", says=EVIL),),
    )  # fmt: skip


def test_what_comes_from_data_is_text_on_the_page() -> None:
    """No element and no attribute comes of a name, a cause or a column."""
    page = promise_report(explanation(), made=NOW)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_shows_model_and_back_test() -> None:
    """The best candidate first, the chosen one marked; nothing of either where nothing was learnt."""
    page = promise_report(explanation(), made=NOW)
    assert re.search(r"chosen</span></td><td class=\"n\">0\.4", page)
    bare = promise_report(replace(explanation(), model=None, verdict=None, history=(), remedies=()), made=NOW)
    assert "Back-test" not in bare
    assert "never judged" in bare


NUMBER = st.one_of(st.none(), st.sampled_from([nan, inf, -inf, 0.0, 1e300, -1e300]), st.floats(-1e3, 1e3))


@given(st.lists(st.tuples(NUMBER, NUMBER, NUMBER), max_size=40))
def test_a_plot_lies_within_its_box(parts: list[tuple[float | None, float | None, float | None]]) -> None:
    """Whatever a history holds: a mark a window, none outside, no NaN in a path."""
    history = [moment(k, *part) for k, part in enumerate(parts)]
    lines = history_lines(history, lambda v: f"{v:.4g}")
    if lines is None:
        assert all(v is None or v - v != 0 for v, *_ in parts)
        return
    assert len(lines.marks) == len(history)
    assert all(0 <= m.x <= WIDTH and 0 <= m.y <= HEIGHT for m in lines.marks)
    assert "nan" not in "".join((*lines.paths, *lines.areas))
    assert "inf" not in "".join((*lines.paths, *lines.areas))
