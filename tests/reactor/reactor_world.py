"""Owns the small world of the reactor's tests: a contract with every reaction that needs no run, verdicts, runs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store
from qoa_platform.ledger.clock import LedgerClock
from qoa_platform.loop import Ports
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import (
    Alias,
    Batch,
    Bounds,
    Contract,
    Graph,
    Key,
    ModelVersion,
    Move,
    Node,
    PointerKind,
    RunRequest,
    RunView,
    Severity,
    Status,
    Verdict,
    Window,
)  # fmt: skip

CONTRACT = """
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: me
subjects:
  sales:
    asset: shop/sales
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: ">= 10 rows", severity: critical}
  stock:
    asset: shop/stock
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: ">= 10 rows"}
  prices:
    asset: shop/prices
    partition: day
    promises:
      - {id: volume, metric: data.row_count, must: ">= 10 rows"}
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: live, metric: model.wape, over: shop/scorecard, must: "<= 30 %", severity: critical}
policy:
  - {name: stop-bad-data, when: sales.* blocked, do: [quarantine, alert]}
  - {name: refetch, when: sales.* blocked, do: [{rerun: shop/raw, attempts: 3, backoff: 5 min}]}
  - {name: hold, when: stock.* violated, do: [hold], on_recovery: release}
  - {name: tell, when: prices.* violated, do: [alert]}
  - {name: back-out, when: demand.live violated, do: [{rollback: demand}]}
"""

GRAPH = Graph(nodes=(
    Node(asset="shop/raw", partitioned=True),
    Node(asset="shop/sales", upstream=("shop/raw",), partitioned=True),
    Node(asset="shop/stock", partitioned=True),
    Node(asset="shop/prices", partitioned=True),
    Node(asset="shop/demand_model", upstream=("shop/sales",), model="demand"),
    Node(asset="shop/scorecard", upstream=("shop/demand_model",)),
))  # fmt: skip


class NoRuns:
    """An orchestrator in which nothing runs. It keeps what was asked of it."""

    def __init__(self) -> None:
        self.requested: list[RunRequest] = []

    def request(self, request: RunRequest, /) -> str | None:
        self.requested.append(request)
        return request.key

    def by_key(self, _key: str, /) -> RunView | None:
        return None

    def active(self) -> Sequence[RunView]:
        return ()

    def terminate(self, _run: str, /) -> bool:
        return False


def contract() -> Contract:
    """The contract of the shop."""
    return read_text(CONTRACT)


def ports(ledger: Store, runs: NoRuns | None = None, sinks: tuple[str, ...] = ("log",)) -> Ports:
    """The ports of a lane over *ledger*."""
    return Ports(ledger=ledger, clock=LedgerClock(ledger), runs=runs or NoRuns(), graph=GRAPH, sinks=sinks)


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def open_shop(ledger: Store, versions: int = 2) -> None:
    """The contract comes into force; *versions* of the model were promoted one after the other."""
    at = now()
    enact(ledger, contract(), at=at, wall=at, actor="test")
    for number in range(1, versions + 1):
        promote(ledger, f"v{number}")


def promote(ledger: Store, version: str) -> None:
    """A version of the model becomes champion."""
    at = now()
    head = ledger.pointer(PointerKind.ALIAS, f"demand|{Alias.CHAMPION}")
    record = ModelVersion(model="demand", version=version, artifact="0" * 64, trial="t", at=at, wall=at)
    move = Move(
        kind=PointerKind.ALIAS, key=f"demand|{Alias.CHAMPION}", value=version, verb="promote", actor="test",
        expected=head.generation if head else 0, reason="because", at=at, wall=at,
    )  # fmt: skip
    ledger.commit(Batch(records=(record,), moves=(move,)))


def verdict(subject: str, days_ago: int = 1, *, good: bool = False, version: str = "v2") -> Verdict:
    """What was judged of one day; of the champion's *version* where the subject is the model."""
    at = now()
    model = subject == "demand"
    promise, metric = ("live", "model.wape") if model else ("volume", "data.row_count")
    return Verdict(
        key=Key(contract="shop", subject=subject, promise=promise, version=version if model else None),
        window=Window.of_day((at - timedelta(days=days_ago)).date()),
        status=Status.SATISFIED if good else Status.VIOLATED,
        severity=Severity.CRITICAL if subject in ("sales", "demand") else Severity.WARNING,
        blocks=subject == "sales" and not good,
        metric=metric, value=100.0 if good else 1.0, n=1, bounds=Bounds(low=10.0), contract_version=1,
        contract_digest=contract().digest, data="a" * 64, at=at, wall=at,
    )  # fmt: skip
