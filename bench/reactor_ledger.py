"""Owns the ledger of the reactor's benchmark: a shop with 300 days of history, as a running project leaves it."""

from datetime import UTC, datetime, timedelta

from qoa_platform.contracts import read_text
from qoa_platform.ledger import Store
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import (
    Ask,
    Batch,
    Bounds,
    Contract,
    Direction,
    Edge,
    Graph,
    Key,
    Measurement,
    ModelVersion,
    Move,
    Node,
    PointerKind,
    Read,
    Reading,
    Severity,
    Status,
    StoredState,
    Subject,
    Trial,
    TrialState,
    Unit,
    Usage,
    Verdict,
    Window,
    digest,
)

DAYS = 300
CONTRACT = """
apiVersion: qoa/v1
kind: QualityContract
name: shop
version: 1
owner: team
runbook: docs/runbook.md
stakeholders:
  - {name: team, role: ml_consumer}
subjects:
  sales:
    asset: shop/sales_day
    partition: day
    event_time: when
    expected: daily
    delay: 1 h
    promises:
      - {id: complete, metric: data.completeness, column: quantity, must: ">= 99 %", severity: critical}
      - {id: unique,   metric: data.uniqueness, columns: [basket, product], must: "= 100 %", severity: critical}
      - {id: volume,   metric: data.row_count, must: ">= 10 rows", severity: critical}
      - {id: fresh,    metric: data.timeliness, must: "<= 26 h"}
      - {id: sane,     metric: data.pass_rate, expr: "col('value') >= 0", must: ">= 99.9 %", severity: critical}
      - {id: mean,     metric: data.mean, column: value, must: "between 1 and 9"}
      - {id: nulls,    metric: data.missing_count, column: value, must: "<= 10"}
  stock:
    asset: shop/stock_day
    partition: day
    expected: daily
    delay: 1 h
    promises:
      - {id: complete, metric: data.completeness, column: quantity, must: ">= 99 %"}
      - {id: volume,   metric: data.row_count, must: ">= 10 rows"}
  prices:
    asset: shop/prices_day
    partition: day
    expected: daily
    delay: 1 h
    promises:
      - {id: complete, metric: data.completeness, column: price, must: ">= 99 %"}
      - {id: volume,   metric: data.row_count, must: ">= 10 rows"}
  demand:
    model: demand
    asset: shop/demand_model
    promises:
      - {id: live, metric: model.wape, over: shop/scorecard, must: "<= 30 %", severity: critical}
policy:
  - {name: stop-bad-data, when: sales.* blocked,        do: [quarantine]}
  - {name: keep-back,     when: stock.* violated,       do: [hold], on_recovery: release}
  - {name: tell,          when: prices.* violated,      do: [alert]}
  - {name: back-out,      when: demand.live violated,   do: [{rollback: demand}]}
  - {name: blind,         when: any unknown(no_data|stale|error) for 2 d, do: [alert]}
"""
GRAPH = Graph(nodes=(
    Node(asset="shop/raw_day", partitioned=True),
    *(Node(asset=f"shop/{n}_day", upstream=("shop/raw_day",), partitioned=True) for n in ("sales", "stock", "prices")),
    Node(asset="shop/demand_model", upstream=("shop/sales_day",), model="demand"),
    Node(asset="shop/scorecard", upstream=("shop/demand_model",)),
))  # fmt: skip
KINDS = {"quarantine": ("sales", "volume"), "hold": ("stock", "volume"), "alert": ("prices", "volume"),
         "rollback": ("demand", "live")}  # fmt: skip
"""Kind of reaction → the promise whose violation leads to it, and to nothing else."""


def now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def build(ledger: Store) -> int:
    """Fill *ledger* with the history of ``DAYS`` days; how many records that are."""
    contract = read_text(CONTRACT)
    at = now()
    enact(ledger, contract, at=at, wall=at, actor="bench")
    for version in ("v1", "v2"):
        promote(ledger, version)
    yesterday = at.date() - timedelta(days=1)
    count = 0
    for back in reversed(range(DAYS)):
        window = Window.of_day(yesterday - timedelta(days=back))
        batches = [day_of(contract, s, window) for s in contract.subjects if s.model is None]
        records = tuple(r for b in batches for r in b.records)
        moves = tuple(m for b in batches for m in b.moves)
        ledger.commit(Batch(records=records, moves=moves, edges=tuple(e for b in batches for e in b.edges)))
        count += len(records)
    return count


def day_of(contract: Contract, subject: Subject, window: Window) -> Batch:
    """What one published day leaves: a trial, measurements, states, verdicts, lineage, the moved pointer."""
    at = min(window.end + timedelta(minutes=30), now())
    asset, day = subject.asset or "", window.partition
    data, trial = digest(asset, day), digest("trial", asset, day)[:32]
    records = [
        Trial(
            id=trial, experiment="daily", asset=asset, partition=day, window=window, run=f"run-{day}", code="1",
            environment="e" * 64, reads=(Read(asset="shop/raw_day", partition=day, digest=data),), output=data,
            state=TrialState.PUBLISHED, usage=Usage(seconds=1.0, usd=0.001), rows=4000, at=at, wall=at, ended=at,
        )
    ]  # fmt: skip
    for promise in subject.promises:
        measurement = Measurement(
            metric=promise.metric, subject=asset, window=window, reading=Reading(value=1.0, n=4000), unit=Unit.RATIO,
            direction=Direction.HIGHER, data=data, at=at, wall=at, params=(("promise", promise.id),),
        )  # fmt: skip
        state = StoredState(
            ask=Ask(state="tally", columns=(promise.id,)), asset=asset, partition=day, window=window, data=data,
            content=b"x" * 64, at=at, wall=at,
        )  # fmt: skip
        verdict = verdict_of(contract, subject.id, promise.id, window, good=True, at=at)
        records += [measurement, state, verdict]  # type: ignore[list-item]
    move = Move(
        kind=PointerKind.PUBLISHED, key=f"{asset}|{day}", value=data, expected=0, verb="publish", actor="bench",
        reason="judged", at=at, wall=at,
    )  # fmt: skip
    edges = (
        Edge(source=data, destination=trial, kind="read"),
        Edge(source=trial, destination=f"o{data}", kind="wrote"),
    )
    return Batch(records=tuple(records), moves=(move,), edges=edges)


def verdict_of(
    contract: Contract, subject: str, promise: str, window: Window, *, good: bool, at: datetime,
    version: str | None = None,
) -> Verdict:  # fmt: skip
    """A verdict on one promise and window."""
    found = contract.subject(subject)
    named = found.promise(promise) if found else None
    if named is None:
        message = f"{subject}.{promise} is not promised"
        raise KeyError(message)
    status = Status.SATISFIED if good else Status.VIOLATED
    blocks = not good and version is None and named.severity is Severity.CRITICAL
    return Verdict(
        key=Key(contract=contract.name, subject=subject, promise=promise, version=version), window=window,
        status=status, severity=named.severity, blocks=blocks, metric=named.metric, value=1.0 if good else 0.0, n=4000,
        bounds=Bounds(low=0.5), margin=0.5 if good else -0.5, contract_version=1, contract_digest=contract.digest,
        data=digest(subject, str(window), str(at)), at=at, wall=at,
    )  # fmt: skip


def promote(ledger: Store, version: str) -> None:
    """A version of the model becomes champion."""
    at = now()
    head = ledger.pointer(PointerKind.ALIAS, "demand|champion")
    record = ModelVersion(model="demand", version=version, artifact="0" * 64, trial="t", at=at, wall=at)
    move = Move(
        kind=PointerKind.ALIAS, key="demand|champion", value=version, expected=head.generation if head else 0,
        verb="promote", actor="bench", reason="because", at=at, wall=at,
    )  # fmt: skip
    ledger.commit(Batch(records=(record,), moves=(move,)))
