"""Owns the fixtures of the telemetry's tests: a real ledger with a known story in it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store, open_ledger
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import (
    Batch,
    Closing,
    Committed,
    Envelope,
    Episode,
    Key,
    Message,
    ModelVersion,
    Move,
    Outcome,
    OutcomeState,
    PointerKind,
    Reaction,
    ReactionKind,
    Reason,
    Severity,
    Status,
    Target,
    Verdict,
    Window,
)

T = datetime(2017, 10, 4, 12, tzinfo=UTC)
CONTRACT = """
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
subjects:
  sales:
    asset: shop/sales
    event_time: when
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: ">= 10 rows", severity: critical}
      - {id: complete, metric: data.completeness, column: x, must: ">= 99 %", by: store}
      - {id: fresh, metric: data.timeliness, must: "<= 26 h"}
  demand:
    model: demand
    asset: shop/model
    promises:
      - {id: live, metric: model.wape, over: shop/scorecard, must: "<= 30 %"}
"""


class Stopped:
    """A clock that stands still: at in 2017, wall now."""

    def at(self) -> datetime:
        return T

    def wall(self) -> datetime:
        return T


def verdict(promise: str, day: str, status: Status, **more: Any) -> Verdict:
    """What was judged of one day."""
    key = Key(contract="shop", subject=more.pop("subject", "sales"), promise=promise, group=more.pop("group", None),
              version=more.pop("version", None))  # fmt: skip
    facts: dict[str, Any] = {
        "key": key, "window": Window.of_partition(day), "status": status, "severity": Severity.WARNING, "metric": "m",
        "contract_version": 1, "contract_digest": "d", "at": T, "wall": T, **more,
    }  # fmt: skip
    return Verdict(**facts)


def story(ledger: Store) -> None:
    """Two days; one broken promise, one unknown, one never judged; an episode, reactions, a hold, a promotion."""
    enact(ledger, read_text(CONTRACT), at=T, wall=T, actor="test")
    episode = Episode(
        key=Key(contract="shop", subject="sales", promise="volume"), opening="o", severity=Severity.CRITICAL,
        status=Status.VIOLATED, windows=(Window.of_partition("2017-10-02"),), opened_at=T, opened_wall=T, changed_at=T,
    )  # fmt: skip
    ended = replace(episode, opening="p")
    over = replace(ended, closed_at=T, closed_wall=T, closing=Closing.REPAIRED, revision=1)
    rerun = Reaction(
        contract="shop", contract_digest="d", subject="sales", rule="r", step=0, kind=ReactionKind.RERUN,
        target=Target(asset="shop/raw", partition="2017-10-02"), cause=episode.id, reason="x", at=T, wall=T,
    )  # fmt: skip
    alert = replace(rerun, kind=ReactionKind.ALERT)
    waiting = replace(rerun, kind=ReactionKind.QUARANTINE)
    records = (
        verdict("volume", "2017-10-01", Status.SATISFIED, value=100.0, margin=90.0, n=1),
        verdict("volume", "2017-10-02", Status.VIOLATED, value=4.0, margin=-6.0, n=1, wall=T + timedelta(minutes=1)),
        verdict("complete", "2017-10-02", Status.UNKNOWN, reason=Reason.NO_DATA),
        verdict("complete", "2017-10-02", Status.SATISFIED, value=1.0, n=3, group="a"),
        verdict("complete", "2017-10-02", Status.VIOLATED, value=0.5, n=4, group="b"),
        verdict("complete", "2017-10-01", Status.VIOLATED, value=0.5, n=4, group="gone"),
        verdict("live", "2017-10-02", Status.SATISFIED, value=0.1, n=7, subject="demand", version="v2"),
        verdict("live", "2017-10-03", Status.VIOLATED, value=0.9, n=7, subject="demand", version="v3"),
        ModelVersion(model="demand", version="v2", artifact="0" * 64, trial="t", at=T, wall=T),
        episode, ended, rerun, alert, waiting,
        Outcome(reaction=rerun.id, state=OutcomeState.RETRY, attempt=1, at=T, wall=T),
        Outcome(reaction=rerun.id, state=OutcomeState.REQUESTED, attempt=2, at=T, wall=T, revision=1),
        Outcome(reaction=alert.id, state=OutcomeState.APPLIED, at=T, wall=T),
    )  # fmt: skip
    facts: dict[str, Any] = {"verb": "v", "actor": "me", "reason": "r", "at": T, "wall": T}
    moves = [
        Move(kind=PointerKind.ALIAS, key="demand|champion", value="v1", expected=0, **facts),
        Move(kind=PointerKind.ALIAS, key="demand|champion", value="v2", expected=1, **facts),
        Move(kind=PointerKind.HOLD, key="asset:shop/sales", value="because", expected=0, **facts),
        Move(kind=PointerKind.HOLD, key="asset:shop/other", value="because", expected=0, **facts),
        Move(kind=PointerKind.HOLD, key="asset:shop/other", value=None, expected=1, **facts),
    ]
    envelope = Envelope(source="qoa/shop", type="qoa.alert", subject="s", key="k", time=T)
    told = Batch(messages=(Message(sink="log", envelope=envelope),))
    for batch in (Batch(records=records), *(Batch(moves=(m,)) for m in moves), Batch(records=(over,)), told):
        assert isinstance(ledger.commit(batch), Committed)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Store]:
    """The ledger with the story."""
    with open_ledger(tmp_path / "ledger.db") as opened:
        story(opened)
        yield opened


@pytest.fixture
def clock() -> Stopped:
    """A clock that stands still."""
    return Stopped()


@pytest.fixture
def make_verdict() -> Callable[..., Verdict]:
    """Makes verdicts."""
    return verdict


class Samples(dict[tuple[str, ...], float]):
    """(name, label values in any order …) → value."""

    def __getitem__(self, key: tuple[str, ...]) -> float:
        return super().__getitem__((key[0], *sorted(key[1:])))


def parsed(text: bytes) -> Samples:
    """The samples of an exposition, by the reference parser."""
    return Samples({
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text.decode("utf-8"))
        for sample in family.samples
    })  # fmt: skip


@pytest.fixture
def parse() -> Callable[[bytes], Samples]:
    """Reads an exposition."""
    return parsed
