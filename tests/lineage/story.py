"""Owns the story of the lineage tests: a bad day, fetched again, then trained on, promoted and forecast from."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from qoa_platform.lineage import batch_of
from qoa_platform.records import (
    Batch,
    Bounds,
    Closing,
    Episode,
    Key,
    ModelVersion,
    Move,
    Outcome,
    OutcomeState,
    PointerKind,
    Reaction,
    ReactionKind,
    Read,
    Record,
    Severity,
    Status,
    Target,
    Trial,
    TrialState,
    Unit,
    Usage,
    Verdict,
    Window,
)  # fmt: skip

NOON = datetime(2017, 10, 5, 12, tzinfo=UTC)
DAY = "2017-10-04"
BAD, GOOD, SALES, MODEL, FORECAST = ("b" * 64, "c" * 64, "d" * 64, "e" * 64, "f" * 64)
VOLUME = Key(contract="retail-demand", subject="sales", promise="volume")


def trial(id_: str, asset: str, partition: str = DAY, **given: object) -> Trial:
    """A published trial of *asset*."""
    values: dict[str, object] = {
        "id": id_, "experiment": "retail", "asset": asset, "partition": partition, "run": f"run-{id_}", "code": "v1",
        "environment": "0" * 64, "state": TrialState.PUBLISHED, "at": NOON, "wall": NOON,
        "usage": Usage(seconds=1.5, usd=0.01), "commit": "a" * 40,
    }  # fmt: skip
    return Trial(**{**values, **given})  # type: ignore[arg-type]


def volume(trial_id: str | None, digest: str | None, *, bad: bool, hours: int = 0) -> Verdict:
    """A verdict on the day's volume."""
    return Verdict(
        key=VOLUME, window=Window.of_partition(DAY), status=Status.VIOLATED if bad else Status.SATISFIED,
        severity=Severity.CRITICAL, blocks=bad, metric="data.row_count", unit=Unit.ROWS,
        value=2000.0 if bad else 4000.0, n=2000, bounds=Bounds(low=3000.0), contract_version=1,
        contract_digest="1" * 64, data=digest, trial=trial_id, at=NOON + timedelta(hours=hours), wall=NOON,
    )  # fmt: skip


def publish(asset: str, partition: str, digest: str, expected: int = 0) -> Move:
    """The move that publishes *digest*."""
    return Move(
        kind=PointerKind.PUBLISHED, key=f"{asset}|{partition}", value=digest, expected=expected, verb="publish",
        actor="qoa", reason="judged", at=NOON, wall=NOON,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Names of what happened."""

    verdict: str
    episode: str
    quarantine: str
    rerun: str
    promote: str


Write = Callable[[Batch], None]


def _reaction(kind: ReactionKind, target: Target, cause: str, serves: tuple[str, ...]) -> Reaction:
    return Reaction(
        contract="retail-demand", contract_digest="1" * 64, subject="sales", rule=f"rule-{kind}", step=0, kind=kind,
        target=target, cause=cause, serves=serves, attempts=3, reason="volume violated", at=NOON, wall=NOON,
    )  # fmt: skip


def _outcome(reaction: Reaction, run: str | None = None) -> Outcome:
    return Outcome(reaction=reaction.id, state=OutcomeState.APPLIED, run=run, at=NOON, wall=NOON)


def _bad_day(write: Write) -> tuple[Verdict, Episode, Reaction, Reaction]:
    bad = volume("t1", BAD, bad=True)
    episode = Episode(
        key=VOLUME, opening=bad.id, severity=Severity.CRITICAL, status=Status.VIOLATED, windows=(bad.window,),
        opened_at=NOON, opened_wall=NOON, changed_at=NOON, closed_at=NOON + timedelta(hours=1), closed_wall=NOON,
        closing=Closing.REPAIRED,
    )  # fmt: skip
    marked = Target(asset="retail/sales_day", partition=DAY, digest=BAD)
    quarantine = _reaction(ReactionKind.QUARANTINE, marked, episode.id, (episode.id,))
    again = Target(asset="retail/raw_day", partition=DAY)
    rerun = _reaction(ReactionKind.RERUN, again, episode.id, (episode.id,))
    blocked = trial("t1", "retail/sales_day", state=TrialState.BLOCKED, output=BAD, verdicts=(bad.id,))
    write(batch_of(blocked, bad))
    records: tuple[Record, ...] = (episode, quarantine, rerun, _outcome(quarantine), _outcome(rerun, "run-t2"))
    mark = Move(
        kind=PointerKind.QUARANTINE, key=f"retail/sales_day|{DAY}|{BAD}", value="bad", expected=0, verb="quarantine",
        actor="qoa", reason="volume violated", reaction=quarantine.id, at=NOON, wall=NOON,
    )  # fmt: skip
    write(Batch(records=records, moves=(mark,)))
    return bad, episode, quarantine, rerun


def tell(write: Write) -> Story:
    """A day is blocked, quarantined, fetched again; v1 is trained on it, promoted, and forecasts."""
    bad, episode, quarantine, rerun = _bad_day(write)
    fetched = trial("t2", "retail/raw_day", output=GOOD, cause=rerun.id, attempt=1)
    write(batch_of(fetched))
    good = volume("t3", SALES, bad=False, hours=1)
    read = Read(asset="retail/raw_day", partition=DAY, digest=GOOD)
    sales = trial("t3", "retail/sales_day", output=SALES, reads=(read,), verdicts=(good.id,), cause=rerun.id)
    write(batch_of(sales, good))
    on = Read(asset="retail/sales_day", partition=DAY, digest=SALES)
    trained = trial(
        "t4", "retail/demand_model", "all", output=MODEL, reads=(on,), model="demand", version="v1", seed=7,
        parameters={"preset": "high"},
    )  # fmt: skip
    version = ModelVersion(model="demand", version="v1", artifact=MODEL, trial="t4", at=NOON, wall=NOON)
    write(batch_of(trained, version))
    promote = _reaction(ReactionKind.PROMOTE, Target(model="demand", version="v1"), "release:v1", ())
    alias = Move(
        kind=PointerKind.ALIAS, key="demand|champion", value="v1", expected=0, verb="promote", actor="qoa",
        reason="better", reaction=promote.id, at=NOON, wall=NOON,
    )  # fmt: skip
    moves = (alias, publish("retail/raw_day", DAY, GOOD), publish("retail/sales_day", DAY, SALES),
             publish("retail/demand_model", "all", MODEL), publish("retail/forecast", "all", FORECAST))  # fmt: skip
    write(Batch(records=(promote, _outcome(promote)), moves=moves))
    used = Read(asset="retail/demand_model", partition="all", digest=MODEL)
    write(batch_of(trial("t5", "retail/forecast", "all", output=FORECAST, reads=(used,))))
    return Story(verdict=bad.id, episode=episode.id, quarantine=quarantine.id, rerun=rerun.id, promote=promote.id)
