"""Owns the benchmark of an idle reconcile: many contracts in force, nothing to do. ``python -m bench.reconcile``."""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from qoa_platform.ledger import Store, open_ledger
from qoa_platform.loop import Ports, reconcile
from qoa_platform.reactions.enacting import enact
from qoa_platform.records import (
    Batch,
    Contract,
    Fixed,
    Graph,
    Key,
    Move,
    Node,
    Operator,
    PointerKind,
    Promise,
    ReactionKind,
    Role,
    Rule,
    RunRequest,
    RunView,
    Severity,
    Stakeholder,
    Status,
    Step,
    Subject,
    SubjectKind,
    Verdict,
    When,
    WhenStatus,
    Window,
    digest,
)

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
MUST = Fixed(operator=Operator.GE, bound=0.99, text=">= 99 %")


@dataclass(frozen=True, slots=True)
class Still:
    """A clock that stands."""

    def at(self) -> datetime:
        """Now."""
        return NOW

    def wall(self) -> datetime:
        """Now."""
        return NOW


@dataclass(frozen=True, slots=True)
class NoRuns:
    """An orchestrator in which nothing runs."""

    def request(self, request: RunRequest, /) -> str | None:
        """Nothing is ever wanted here."""
        raise AssertionError(request)

    def by_key(self, key: str, /) -> RunView | None:
        """No run has that key."""
        del key
        return None

    def active(self) -> Sequence[RunView]:
        """No run is active."""
        return ()

    def terminate(self, run: str, /) -> bool:
        """Nothing is ever ended here."""
        raise AssertionError(run)


def contract_of(number: int, promises: int) -> Contract:
    """Contract *number*: one daily subject with that many promises, and a policy of two rules."""
    subject = Subject(
        id="sales", kind=SubjectKind.ASSET, asset=f"shop{number}/sales_day", partition="day", expected="daily",
        promises=tuple(
            Promise(id=f"p{i}", metric="data.completeness", columns=(f"c{i}",), must=MUST, severity=Severity.CRITICAL)
            for i in range(promises)
        ),
    )  # fmt: skip
    blocked = When(subject="sales", promise=None, status=WhenStatus.BLOCKED, text="sales.* blocked")
    policy = (
        Rule(name="stop", when=blocked, steps=(Step(kind=ReactionKind.QUARANTINE), Step(kind=ReactionKind.ALERT))),
        Rule(name="refetch", when=blocked, steps=(Step(kind=ReactionKind.RERUN, target=f"shop{number}/raw_day"),)),
    )
    made = Contract(
        name=f"shop-{number}", version=1, owner="team", runbook="docs/runbook.md", subjects=(subject,), policy=policy,
        stakeholders=(Stakeholder(name="team", role=Role.DATA_PROVIDER),),
    )  # fmt: skip
    return replace(made, digest=digest(made))


def judged(contract: Contract, window: Window) -> Batch:
    """One published day: its pointer, and a satisfied verdict on every promise."""
    (subject,) = contract.subjects
    at = window.end + timedelta(hours=2)
    data = digest(contract.name, str(window))
    verdicts = tuple(
        Verdict(
            key=Key(contract=contract.name, subject=subject.id, promise=p.id), window=window, status=Status.SATISFIED,
            severity=p.severity, metric=p.metric, value=1.0, n=4000, contract_version=1,
            contract_digest=contract.digest, data=data, at=at, wall=at,
        )
        for p in subject.promises
    )  # fmt: skip
    move = Move(
        kind=PointerKind.PUBLISHED, key=f"{subject.asset}|{window.partition}", value=data, expected=0, verb="publish",
        actor="bench", reason="judged", at=at, wall=at,
    )  # fmt: skip
    return Batch(records=verdicts, moves=(move,))


def build(path: Path, contracts: int, promises: int, days: int) -> Graph:
    """A ledger of that size; the graph of its assets."""
    nodes: list[Node] = []
    with open_ledger(path) as ledger:
        for number in range(contracts):
            contract = contract_of(number, promises)
            enact(ledger, contract, at=NOW, wall=NOW, actor="bench")
            parts = [judged(contract, Window.of_day((NOW - timedelta(days=d)).date())) for d in range(1, days + 1)]
            records, moves = [r for p in parts for r in p.records], [m for p in parts for m in p.moves]
            ledger.commit(Batch(records=tuple(records), moves=tuple(moves)))
            raw = f"shop{number}/raw_day"
            nodes += [
                Node(asset=raw, partitioned=True),
                Node(asset=f"shop{number}/sales_day", upstream=(raw,), partitioned=True),
            ]
    return Graph(nodes=tuple(nodes))


def ports_of(ledger: Store, graph: Graph) -> Ports:
    """The ports of a lane."""
    return Ports(ledger=ledger, clock=Still(), runs=NoRuns(), graph=graph)


def timed(ports: Ports) -> float:
    """Seconds of one reconcile that finds nothing to do."""
    begin = perf_counter()
    done = reconcile(ports)
    seconds = perf_counter() - begin
    if not done.idle or done.requests:
        message = f"there was something to do: {done}"
        raise AssertionError(message)
    return seconds


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the ledger, reconcile it cold (a fresh process' first) and warm, and print the times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=1000)
    parser.add_argument("--promises", type=int, default=5)
    parser.add_argument("--days", type=int, default=7, help="days of verdicts per promise (react_within is 7 d)")
    parser.add_argument("--repeat", type=int, default=5)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        graph = build(path, chosen.contracts, chosen.promises, chosen.days)
        with open_ledger(path) as ledger:
            ports = ports_of(ledger, graph)
            first = timed(ports)
            again = [timed(ports) for _ in range(chosen.repeat)]
    size = f"{chosen.contracts} contracts × {chosen.promises} promises × {chosen.days} days"
    later = statistics.median(again)
    print(f"idle reconcile, {size}: first {first:.3f} s, then {later:.3f} s (median of {chosen.repeat})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
